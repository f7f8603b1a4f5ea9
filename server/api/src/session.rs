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
    /// A client certificate with its key, in a PKCS #12 file.
    Pkcs12 {
        /// The file, base64.
        p12: String,
        /// The file's password; some have none.
        #[serde(default)]
        password: String,
    },
    /// The user of a kubeconfig file's current context.
    Kubeconfig {
        /// The file's text.
        kubeconfig: String,
    },
    /// What the connection shows: the client certificate of a browser, or, below the API server, the user that it names.
    Certificate {
        /// True.
        certificate: bool,
    },
    /// What an OpenID Connect issuer sent the browser back with.
    Oidc {
        /// The parameters of the page's address.
        oidc: OidcAnswer,
    },
    /// A static user with a password.
    Password {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
}

/// What an issuer's answer says, as the browser brings it.
#[derive(Clone, Serialize, Deserialize)]
pub struct OidcAnswer {
    /// What tokens are had for, once.
    pub code: String,
    /// Which login it belongs to.
    pub state: String,
    /// Who answers, where the issuer says so (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
}

/// The answer of `POST session/oidc`: where the browser goes to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginAt {
    /// At the issuer.
    pub url: String,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// [`SignIn::Token`].
    Token,
    /// [`SignIn::Pkcs12`].
    P12,
    /// [`SignIn::Kubeconfig`].
    Kubeconfig,
    /// [`SignIn::Password`].
    Password,
    /// [`SignIn::Certificate`].
    Certificate,
    /// [`SignIn::Oidc`], begun with `POST session/oidc`.
    Oidc,
}

/// The ways in here; what a stranger may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// The best one first; none where nobody signs in.
    pub ways: Vec<Way>,
    /// With [`Way::Certificate`]: whom the connection of this very request shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Shown>,
    /// With [`Way::Oidc`]: what people know the issuer by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// Whom a connection shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The user's name.
    pub user: String,
    /// Whether the API server says so: then nobody needs to be asked whether they want to sign in.
    pub sign_on: bool,
}

/// A session of one's own, as others of one's sessions see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSession {
    /// What it is ended by.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began, RFC 3339, UTC.
    pub created: String,
    /// When it was last used, to the minute.
    pub last_seen: String,
    /// When it ends if nobody uses it any more.
    pub expires: String,
    /// The `Origin` of its sign-in; none of a program's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
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
    /// Whether what this server keeps is lost with its pod; the interface says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
}
