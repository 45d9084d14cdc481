//! `GET /doc`: the OpenAPI document, derived from the list of routes and the types of their bodies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use api::ErrorBody;
use axum::Json;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use super::routes::{Credential, ROUTES, Route};

/// What an owner sends, by the names that the document gives it.
const OWNER_HEADERS: [(&str, &str); 3] = [
    ("ownerAddress", "X-Owner-Address"),
    ("ownerMessage", "X-Owner-Message"),
    ("ownerSignature", "X-Owner-Signature"),
];

/// A type's name in the document, its schema, and those that it refers to.
pub(super) type Described = fn() -> Description;

/// What [`Described`] gives.
pub(super) struct Description {
    name: String,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// Describes the type `T`.
pub(super) fn describe<T: ToSchema>() -> Description {
    let name = T::name().into_owned();
    let mut schemas = vec![(name.clone(), <T as PartialSchema>::schema())];
    T::schemas(&mut schemas);
    Description { name, schemas }
}

/// Serves the document.
pub(super) async fn doc() -> Json<&'static OpenApi> {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
    Json(&DOCUMENT)
}

fn document() -> OpenApi {
    let mut schemas = BTreeMap::new();
    let mut paths = PathsBuilder::new();
    for route in ROUTES {
        let operation = operation(route, &mut schemas);
        paths = paths.path(route.path, PathItem::new(method(route), operation));
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    components.add_security_scheme("session", session_scheme());
    components.add_security_scheme("master", header_scheme("X-Master-Password"));
    for (name, header) in OWNER_HEADERS {
        components.add_security_scheme(name, header_scheme(header));
    }
    components.add_security_scheme("link", header_scheme("X-Link-Right"));
    let info = InfoBuilder::new()
        .title("WAIaaS gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A self-hosted wallet for AI agents: the interface of its gateway."));
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn operation(
    route: &Route,
    schemas: &mut BTreeMap<String, RefOr<Schema>>,
) -> utoipa::openapi::path::Operation {
    let mut refer = |described: Described| {
        let description = described();
        schemas.extend(description.schemas);
        let schema = Ref::from_schema_name(description.name);
        ContentBuilder::new().schema(Some(schema)).build()
    };
    let error = refer(describe::<ErrorBody>);
    let error = ResponseBuilder::new().description("Refused").content("application/json", error);
    let mut answer = ResponseBuilder::new().description("Done");
    if let Some(described) = route.answer {
        answer = answer.content("application/json", refer(described));
    }
    let mut operation = OperationBuilder::new()
        .operation_id(Some(route.name.replace("::", "_")))
        .tag(route.name.split("::").next().unwrap_or_default())
        .response(route.status.to_string(), answer)
        .response("default", error);
    for parameter in parameters(route) {
        operation = operation.parameter(parameter);
    }
    if let Some(described) = route.body {
        let body = RequestBodyBuilder::new()
            .content("application/json", refer(described))
            .required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    let schemes: &[&str] = match route.credential {
        Credential::Public | Credential::Signature | Credential::Operator => &[],
        Credential::Link => &["link"],
        Credential::Agent => &["session"],
        Credential::Master => &["master"],
        Credential::MasterOrAgent | Credential::MasterOrAuditor => &["session", "master"],
        Credential::Owner => &["owner"],
        Credential::MasterOrOwner => &["master", "owner"],
        Credential::AgentOrOwner => &["session", "owner"],
    };
    for scheme in schemes {
        operation = operation.security(requirement(scheme));
    }
    operation.build()
}

fn parameters(route: &Route) -> impl Iterator<Item = ParameterBuilder> {
    let text = || Some(String::schema());
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2).map(move |name| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameter.required(Required::True).schema(text())
    });
    let in_query = route.query.iter().map(move |name| {
        let parameter = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Query);
        parameter.required(Required::False).schema(text())
    });
    in_path.chain(in_query)
}

fn method(route: &Route) -> HttpMethod {
    match route.method {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        _ => HttpMethod::Delete,
    }
}

/// An owner sends three headers together.
fn requirement(scheme: &str) -> SecurityRequirement {
    let mut requirement = SecurityRequirement::default();
    match scheme {
        "owner" => {
            for (name, _header) in OWNER_HEADERS {
                requirement = requirement.add(name, [""; 0]);
            }
            requirement
        }
        other => requirement.add(other, [""; 0]),
    }
}

fn session_scheme() -> SecurityScheme {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(bearer.build())
}

fn header_scheme(header: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_openapi_3_1_and_has_every_route_and_every_schema() {
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert!(operation.is_object(), "{} {}", route.method, route.path);
        }
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
