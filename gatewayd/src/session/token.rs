//! Tokens of sessions: `wai_sess_` and a JWT (RFC 7519) with HS256.
//!
//! A token that verifies says only which session it was made for. The session's row says whether it
//! is the session's one valid token: its hash is stored, so an old token dies at renewal, rotation
//! and revocation.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use primitives::encode_hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hs256;
use crate::clock::UnixSeconds;
use crate::store::SessionId;

/// What every token begins with, so that a leaked one is recognised.
const PREFIX: &str = "wai_sess_";
/// No token that was made here is longer.
const MAX_LENGTH: usize = 1024;
/// No token that was made here is valid for longer.
pub const MAX_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// The secret that tokens are made with.
pub struct TokenKey {
    key: RwLock<Key>,
    validation: Validation,
}

/// One secret, for both directions.
struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// A new token, told once, and what is kept of it.
pub struct IssuedToken {
    /// For the client.
    pub text: String,
    /// For the session's row.
    pub hash: TokenHash,
}

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours: another form, algorithm or key, or it was changed.
    #[error("the session token is not valid")]
    Invalid,
    /// It was one of ours once.
    #[error("the session token has expired")]
    Expired,
}

/// Clients read the session's id from either name.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    sub: String,
    session_id: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Makes two tokens of the same second differ.
    jti: String,
}

impl Key {
    fn new(secret: &[u8; 32]) -> Self {
        let (encoding, decoding) =
            (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { encoding, decoding }
    }
}

impl TokenKey {
    /// The key with these secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // The times are compared below, by this program's clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self { key: RwLock::new(Key::new(secret)), validation }
    }

    /// Takes over another secret; tokens made with the old one are nothing from now on.
    pub fn replace(&self, secret: &[u8; 32]) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = Key::new(secret);
    }

    fn key(&self) -> RwLockReadGuard<'_, Key> {
        self.key.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a token for `session`. Without `expires_at` it has no end of its own.
    pub fn issue(
        &self,
        session: SessionId,
        now: UnixSeconds,
        expires_at: Option<UnixSeconds>,
    ) -> IssuedToken {
        let claims = Claims {
            sub: session.to_string(),
            session_id: session.to_string(),
            iat: now.get(),
            exp: expires_at.map(UnixSeconds::get),
            jti: encode_hex(&super::random_bytes::<16>()),
        };
        let text = format!("{PREFIX}{}", self.sign(&claims));
        let hash = digest(&text);
        IssuedToken { text, hash }
    }

    fn sign(&self, claims: &Claims) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.key().encoding)
            .expect("the claims are JSON and the key is for this algorithm")
    }

    /// Which session the token was made for.
    ///
    /// # Errors
    /// When it was not made with this key, was changed, or has expired.
    pub fn verify(&self, text: &str, now: UnixSeconds) -> Result<SessionId, TokenError> {
        let jwt = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_LENGTH);
        let jwt = jwt.ok_or(TokenError::Invalid)?;
        let claims: Claims = jsonwebtoken::decode(jwt, &self.key().decoding, &self.validation)
            .map_err(|_reason| TokenError::Invalid)?
            .claims;
        let session = claims.sub.parse().map_err(|_not_an_id| TokenError::Invalid)?;
        if claims.session_id != claims.sub {
            return Err(TokenError::Invalid);
        }
        match claims.exp.map(UnixSeconds::new) {
            Some(end) if end <= now => Err(TokenError::Expired),
            Some(end) if end > now.plus(MAX_LIFETIME) => Err(TokenError::Invalid),
            Some(_) | None => Ok(session),
        }
    }
}

/// SHA-256 of a token's text; `None` for what is too long to be one.
pub fn hash(text: &str) -> Option<TokenHash> {
    (text.len() <= MAX_LENGTH).then(|| digest(text))
}

fn digest(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey")
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IssuedToken")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

    use super::*;
    use crate::clock::Clock;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

    fn key() -> TokenKey {
        TokenKey::new(&[7; 32])
    }

    fn session() -> SessionId {
        SessionId::new(&Clock::system())
    }

    fn after(seconds: u64) -> UnixSeconds {
        NOW.plus(Duration::from_secs(seconds))
    }

    /// A token with this header and these claims, signed with `key`.
    fn forge(header: &str, claims: &str, key: &[u8]) -> String {
        use hmac::{Hmac, KeyInit, Mac};
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(&signed);
        format!("{PREFIX}{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
    }

    fn claims(session: SessionId, rest: &str) -> String {
        format!(r#"{{"sub":"{session}","sessionId":"{session}","iat":1,"jti":"a"{rest}}}"#)
    }

    #[test]
    fn a_token_names_its_session_until_it_expires() {
        let session = session();
        let token = key().issue(session, NOW, Some(after(300))).text;
        assert_eq!(key().verify(&token, NOW), Ok(session));
        assert_eq!(key().verify(&token, after(299)), Ok(session));
        assert_eq!(key().verify(&token, after(300)), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_without_end_does_not_expire() {
        let session = session();
        let token = key().issue(session, NOW, None).text;
        assert_eq!(key().verify(&token, after(u64::MAX)), Ok(session));
    }

    #[test]
    fn clients_find_the_session_in_the_second_part() {
        let session = session();
        let token = key().issue(session, NOW, Some(after(300))).text;
        let part = token.strip_prefix("wai_sess_").unwrap().split('.').nth(1).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap();
        assert_eq!(claims["sub"], session.to_string());
        assert_eq!(claims["sessionId"], session.to_string());
        assert_eq!(claims["exp"], after(300).get());
    }

    #[test]
    fn two_tokens_of_one_second_differ() {
        let session = session();
        let (one, other) = (key().issue(session, NOW, None), key().issue(session, NOW, None));
        assert_ne!(one.text, other.text);
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let session = session();
        let hs256 = r#"{"typ":"JWT","alg":"HS256"}"#;
        let ok = forge(hs256, &claims(session, ""), &[7; 32]);
        assert_eq!(key().verify(&ok, NOW), Ok(session), "the forger knows its trade");
        let unsigned = |header: &str| {
            let parts = (BASE64.encode(header), BASE64.encode(claims(session, "")));
            format!("{PREFIX}{}.{}.", parts.0, parts.1)
        };
        let tomorrow_next_year = after(366 * 24 * 60 * 60).get();
        for (what, token) in [
            ("no algorithm", unsigned(r#"{"typ":"JWT","alg":"none"}"#)),
            ("no algorithm, shouted", unsigned(r#"{"typ":"JWT","alg":"NONE"}"#)),
            ("no signature", unsigned(hs256)),
            ("another algorithm", forge(r#"{"alg":"HS512"}"#, &claims(session, ""), &[7; 32])),
            ("an asymmetric one", forge(r#"{"alg":"RS256"}"#, &claims(session, ""), &[7; 32])),
            ("no algorithm named", forge(r#"{"typ":"JWT"}"#, &claims(session, ""), &[7; 32])),
            ("another key", forge(hs256, &claims(session, ""), &[8; 32])),
            ("an empty key", forge(hs256, &claims(session, ""), &[])),
            (
                "an end after more than a year",
                forge(
                    hs256,
                    &claims(session, &format!(r#","exp":{tomorrow_next_year}"#)),
                    &[7; 32],
                ),
            ),
            ("an end in words", forge(hs256, &claims(session, r#","exp":"never""#), &[7; 32])),
            ("a fractional end", forge(hs256, &claims(session, r#","exp":1e99"#), &[7; 32])),
            ("two sessions", forge(hs256, &claims(session, "").replacen("sub", "x", 1), &[7; 32])),
            ("no session", forge(hs256, "{}", &[7; 32])),
            ("no prefix", ok.strip_prefix(PREFIX).unwrap().to_owned()),
            ("another prefix", ok.replace("wai_sess_", "wai_test_")),
            ("four parts", format!("{ok}.{}", BASE64.encode("x"))),
            ("nothing", String::new()),
            ("too much", format!("{PREFIX}{}", "a".repeat(100_000))),
        ] {
            assert_eq!(key().verify(&token, NOW), Err(TokenError::Invalid), "{what}");
        }
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused() {
        let token = key().issue(session(), NOW, Some(after(300))).text;
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(key().verify(&changed, NOW), Err(TokenError::Invalid), "{position}");
        }
    }
}
