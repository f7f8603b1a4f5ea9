//! Who you are and what you may do: sign-in, sessions, authorisation.
//!
//! Knows users, tokens, roles and what a request needs; knows nothing of HTTP, axum, tokio, files or the store.
//! Time, file contents and addresses come in as values. Cryptography is OpenSSL's, but for argon2.

mod access;
mod bearer;
mod certificate;
mod credential;
mod holders;
mod identity;
mod ingest;
mod kubeconfig;
pub mod oidc;
mod password;
mod seal;
mod secret;
mod session;
mod throttle;
mod token;
mod trust;
mod users;

pub use access::{Access, Authoriser, Effect, Refusal, RoleAuthoriser, Verdict};
pub use bearer::{BearerClaims, MAX_BEARER_BYTES, service_account};
pub use certificate::{
    CertificateClaims, CertificateError, ClientCertificate, MAX_PKCS12_BYTES, load_legacy_ciphers,
    signing_request,
};
pub use credential::{Credential, Impersonation, Secret};
pub use holders::{BindingObject, RoleObject, holders, rule_allows};
pub use identity::{Caller, Identity, Rights, Role, Via};
pub use ingest::{IngestTokens, IngestTokensError};
pub use kubeconfig::{
    KubeconfigError, MAX_KUBECONFIG_BYTES, kubeconfig_authority, kubeconfig_server, kubeconfig_user,
    write_kubeconfig,
};
pub use password::PasswordHash;
pub use seal::{SealError, SealingKey};
pub use secret::{Digest, equal_in_constant_time, random_token};
pub use session::{ClusterAccess, CsrfRefusal, Provenance, SESSION_IDLE, SESSION_LIFETIME, SessionRecord};
pub use throttle::Throttle;
pub use token::{Claims, SessionTokens, TokenError};
pub use trust::{Authorities, DeniedCertificates, FrontProxy, certificate_fingerprint, user_of_certificate};
pub use users::{SignInError, StaticUser, StaticUsers, UsersError};

/// Chooses OpenSSL for `jsonwebtoken`. The first thing a process does; calling it again changes nothing.
pub fn install_crypto_provider() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    // An error means that a provider is there already, which only a second copy of this call could have done.
    ONCE.call_once(|| {
        jsonwebtoken_openssl::install_default().ok();
    });
}
