//! HTTP bodies and error codes of the gateway; the OpenAPI document derives from them.
