//! OpenID Connect, the part that needs no network: what an issuer says of itself, a login under way, and whether an id-token is good.
//!
//! Authorization code flow with PKCE (RFC 7636), `state` and `nonce`; the issuer's name in the answer (RFC 9207) is checked where it
//! is there.

mod id_token;
mod pending;
mod provider;

pub use id_token::{Expected, IdToken, verify_id_token};
pub use jsonwebtoken::jwk::JwkSet;
pub use pending::{PENDING_LIFETIME, PendingLogin};
pub use provider::Provider;

/// Why nobody is signed in through an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// What the issuer says of itself cannot be used.
    #[error("the issuer's configuration cannot be used: {0}")]
    Configuration(String),
    /// The answer belongs to no login of this browser.
    #[error("this login was not begun here, or too long ago; begin again")]
    NotBegun,
    /// Another issuer answers than was asked.
    #[error("the answer comes from another issuer than was asked")]
    OtherIssuer,
    /// The token is not good.
    #[error("the issuer's id-token is refused: {0}")]
    Token(String),
    /// No randomness.
    #[error("no randomness for a login")]
    Random,
}
