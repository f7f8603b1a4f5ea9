//! What a user's own requests to the Kubernetes API server are made with.

use std::fmt;

use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bearer::BearerClaims;
use crate::certificate::ClientCertificate;
use crate::secret::{Digest, equal_in_constant_time};

/// Text that is never printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being printed.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        equal_in_constant_time(&self.0, &other.0)
    }
}

impl Eq for Secret {}

/// How a user shows the API server who they are. It is used as it is, for this user's requests and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Credential {
    /// A bearer token.
    Token(Secret),
    /// A client certificate: the TLS identity of the user's own connections.
    Certificate(ClientCertificate),
    /// Nothing that the API server could check: we have. The request is made with our own credential, which must have the right
    /// to impersonate exactly this user and these groups.
    Impersonated(Impersonation),
}

/// A user whom the server may act as. Made by [`Impersonation::new`] alone, which refuses names that headers change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impersonation {
    /// The user's name.
    pub user: String,
    /// The user's groups.
    pub groups: Vec<String>,
    /// When what showed it ends.
    pub ends: Option<Timestamp>,
    /// SHA-256 of the client certificate that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

impl Credential {
    /// Tells credentials apart, and tells nothing about them.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Token(token) => Digest::of(token.reveal().as_bytes()).to_hex(),
            Self::Certificate(certificate) => certificate.fingerprint(),
            Self::Impersonated(user) => {
                // In quotes, names do not run into each other.
                let names = format!("impersonated {:?}", (&user.user, &user.groups, &user.certificate));
                Digest::of(names.as_bytes()).to_hex()
            }
        }
    }

    /// When it ends, as far as it says so itself.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Token(token) => BearerClaims::peek(token.reveal()).and_then(|claims| claims.expires),
            Self::Certificate(certificate) => certificate.ends(),
            Self::Impersonated(user) => user.ends,
        }
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Certificate(_) | Self::Impersonated(_) => "certificate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Credential {
        Credential::Token(Secret::new(text.to_owned()))
    }

    #[test]
    fn users_whom_we_act_as_are_told_apart_by_all_their_names() {
        let user = |user: &str, groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            Credential::Impersonated(Impersonation::new(user.to_owned(), groups, None, None).unwrap())
        };
        let all = [user("a", &["b", "c"]), user("a", &["b, c"]), user("a", &["b\", \"c"]), user("a", &[])];
        let fingerprints: std::collections::BTreeSet<_> = all.iter().map(Credential::fingerprint).collect();
        assert_eq!(fingerprints.len(), all.len());
    }

    #[test]
    fn a_credential_is_not_printed_and_its_fingerprint_does_not_show_it() {
        let credential = token("hunter2");
        assert_eq!(format!("{credential:?}"), "Token(Secret(…))");
        assert!(!credential.fingerprint().contains("hunter2"));
        assert_ne!(credential.fingerprint(), token("hunter3").fingerprint());
        assert_ne!(credential, token("hunter3"));
    }
}
