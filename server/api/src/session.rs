//! Bodies of `/api/crowsnest/v1/session`.

use serde::{Deserialize, Serialize};

/// Name of the header that carries [`Session::csrf`] on mutations of a cookie session.
pub const CSRF_HEADER: &str = "x-crowsnest-csrf";
/// Name of the session cookie.
pub const COOKIE: &str = "crowsnest_session";

/// How somebody signs in. Exactly one of the ways.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignIn {
    /// A bearer token.
    Token {
        /// The token as it was handed out.
        token: String,
    },
    /// A static user with a password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The user's name.
    pub user: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// When the session ends, RFC 3339, UTC.
    pub expires: String,
    /// What mutations must carry in [`CSRF_HEADER`].
    pub csrf: String,
    /// Whether there is a cluster to look at with this user's credential.
    #[serde(default)]
    pub cluster: bool,
}
