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
/// How long tokens of a secret that was replaced are still taken, and until when no other is replaced.
pub const GRACE: Duration = Duration::from_mins(5);

/// Whether tokens of a secret that was replaced then are taken now: not [`GRACE`] after it, nor where the
/// clock was ahead then and that time has not come yet.
pub fn is_graced(replaced_at: UnixSeconds, now: UnixSeconds) -> bool {
    (replaced_at..replaced_at.plus(GRACE)).contains(&now)
}

/// The secret that tokens are made with, and the one before it while its tokens are taken.
pub struct TokenKey {
    keys: RwLock<Keys>,
    validation: Validation,
}

/// Bytes of a secret.
pub type Secret = [u8; 32];

/// The secrets of tokens as they are kept.
pub struct Secrets {
    /// What tokens are made with.
    pub current: Secret,
    /// What they were made with before, and when it was replaced.
    pub old: Option<(Secret, UnixSeconds)>,
}

/// Which of the secrets of this run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretNumber(u64);

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which session it was made for.
    pub session: SessionId,
    /// What it was made with.
    pub secret: SecretNumber,
}

struct Keys {
    current: Key,
    old: Option<(Key, UnixSeconds)>,
}

/// One secret, for both directions.
struct Key {
    number: SecretNumber,
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
    fn new(number: u64, secret: &Secret) -> Self {
        let (encoding, decoding) =
            (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { number: SecretNumber(number), encoding, decoding }
    }
}

impl Keys {
    /// These secrets, with numbers from `first` on.
    fn new(first: u64, secrets: &Secrets) -> Self {
        let old = secrets.old.as_ref();
        Self {
            current: Key::new(first.saturating_add(1), &secrets.current),
            old: old.map(|(secret, replaced_at)| (Key::new(first, secret), *replaced_at)),
        }
    }

    fn next_number(&self) -> u64 {
        self.current.number.0.saturating_add(1)
    }

    /// The keys whose tokens are taken.
    fn taken(&self, now: UnixSeconds) -> impl Iterator<Item = &Key> {
        let old = self.old.as_ref().filter(move |(_, replaced_at)| is_graced(*replaced_at, now));
        std::iter::once(&self.current).chain(old.map(|(key, _)| key))
    }
}

impl TokenKey {
    /// The keys with these secret bytes.
    pub fn new(secrets: &Secrets) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // The times are compared below, by this program's clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self { keys: RwLock::new(Keys::new(0, secrets)), validation }
    }

    /// Takes over other secrets; tokens made with none of them are nothing from now on.
    pub fn replace(&self, secrets: &Secrets) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *keys = Keys::new(keys.next_number(), secrets);
    }

    /// Makes tokens with another secret from now on. Those made with the one until now are taken for
    /// [`GRACE`] after `now`; those of the one before it are not any more.
    pub fn rotate(&self, secret: &Secret, now: UnixSeconds) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let next = Key::new(keys.next_number(), secret);
        let old = std::mem::replace(&mut keys.current, next);
        keys.old = Some((old, now));
    }

    /// Whether tokens made with that secret are still taken.
    pub fn takes(&self, secret: SecretNumber, now: UnixSeconds) -> bool {
        self.keys().taken(now).any(|key| key.number == secret)
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
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
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.keys().current.encoding)
            .expect("the claims are JSON and the key is for this algorithm")
    }

    /// Which session the token was made for, and with which secret.
    ///
    /// # Errors
    /// When it was made with no secret that is taken, was changed, or has expired.
    pub fn verify(&self, text: &str, now: UnixSeconds) -> Result<Verified, TokenError> {
        let jwt = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_LENGTH);
        let jwt = jwt.ok_or(TokenError::Invalid)?;
        let read = |key: &Key| {
            let token = jsonwebtoken::decode::<Claims>(jwt, &key.decoding, &self.validation);
            token.ok().map(|token| (token.claims, key.number))
        };
        let found = self.keys().taken(now).find_map(read);
        let (claims, secret) = found.ok_or(TokenError::Invalid)?;
        let session = claims.sub.parse().map_err(|_not_an_id| TokenError::Invalid)?;
        if claims.session_id != claims.sub {
            return Err(TokenError::Invalid);
        }
        match claims.exp.map(UnixSeconds::new) {
            Some(end) if end <= now => Err(TokenError::Expired),
            Some(end) if end > now.plus(MAX_LIFETIME) => Err(TokenError::Invalid),
            Some(_) | None => Ok(Verified { session, secret }),
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

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets")
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
        TokenKey::new(&Secrets { current: [7; 32], old: None })
    }

    fn session() -> SessionId {
        SessionId::new(&Clock::system())
    }

    fn after(seconds: u64) -> UnixSeconds {
        NOW.plus(Duration::from_secs(seconds))
    }

    /// Which session a key says that the token is for.
    fn named(key: &TokenKey, token: &str, now: UnixSeconds) -> Result<SessionId, TokenError> {
        key.verify(token, now).map(|verified| verified.session)
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
        assert_eq!(named(&key(), &token, NOW), Ok(session));
        assert_eq!(named(&key(), &token, after(299)), Ok(session));
        assert_eq!(key().verify(&token, after(300)), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_without_end_does_not_expire() {
        let session = session();
        let token = key().issue(session, NOW, None).text;
        assert_eq!(named(&key(), &token, after(u64::MAX)), Ok(session));
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
        assert_eq!(named(&key(), &ok, NOW), Ok(session), "the forger knows its trade");
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

    #[test]
    fn a_secret_that_was_replaced_counts_for_five_minutes_and_one_alone() {
        let (session, key) = (session(), key());
        let first = key.issue(session, NOW, None).text;
        key.rotate(&[8; 32], NOW);
        let second = key.issue(session, NOW, None).text;
        let secret = key.verify(&first, NOW).unwrap().secret;
        for (seconds, taken) in [(0, true), (299, true), (300, false), (301, false)] {
            let old = named(&key, &first, after(seconds)).is_ok();
            assert_eq!((old, key.takes(secret, after(seconds))), (taken, taken), "{seconds}");
            assert_eq!(named(&key, &second, after(seconds)), Ok(session), "{seconds}");
        }
        let before = NOW.minus(Duration::from_secs(1));
        assert!(!key.takes(secret, before), "the clock was set back");
        key.rotate(&[9; 32], after(1));
        assert_eq!(named(&key, &first, after(1)), Err(TokenError::Invalid), "one old at a time");
        assert_eq!(named(&key, &second, after(300)), Ok(session));
        assert_eq!(named(&key, &second, after(301)), Err(TokenError::Invalid));
    }

    #[test]
    fn secrets_that_were_kept_count_as_long_as_before_a_restart_and_numbers_are_not_used_again() {
        let (session, first) = (session(), key());
        let token = first.issue(session, NOW, None).text;
        let secret = first.verify(&token, NOW).unwrap().secret;
        let kept = Secrets { current: [8; 32], old: Some(([7; 32], NOW)) };
        let again = TokenKey::new(&kept);
        assert_eq!(named(&again, &token, after(299)), Ok(session));
        assert_eq!(named(&again, &token, after(300)), Err(TokenError::Invalid));
        first.replace(&kept);
        assert_eq!(named(&first, &token, after(299)), Ok(session));
        let newer = first.verify(&token, NOW).unwrap().secret;
        first.replace(&Secrets { current: [7; 32], old: None });
        assert!(!first.takes(secret, NOW) && !first.takes(newer, NOW), "the bytes are the same");
    }
}
