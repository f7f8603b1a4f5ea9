//! How targets, and those that tell of targets, are asked: credentials and TLS.

use std::fmt;
use std::path::{Path, PathBuf};

use crowsnest_yaml::{Faults, Fields};

use super::within;

/// The fields that are read here.
pub(super) const FIELDS: &[&str] =
    &["basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config", "follow_redirects"];

/// How something is asked over HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpConfig {
    /// Who asks.
    pub authorization: Authorization,
    /// Whom we trust and who we are by TLS.
    pub tls: TlsFiles,
    /// What becomes of an answer that leads elsewhere.
    pub redirects: Redirects,
}

/// What becomes of an answer that leads elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// It is asked there.
    #[default]
    Follow,
    /// It counts as a failure.
    Refuse,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Authorization {
    /// Nobody.
    #[default]
    None,
    /// A user with a password.
    Basic(String, Secret),
    /// Whoever has something, of a kind: `Bearer`.
    Token(String, Secret),
}

/// Something that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// It stands in the configuration.
    Inline(String),
    /// It is in a file, which is read again when it changes.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("<secret>"),
            Self::File(path) => write!(f, "{path:?}"),
        }
    }
}

/// `tls_config`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The only certificate authorities that are trusted; the system's without it.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether the other's certificate is not checked.
    pub insecure_skip_verify: bool,
}

impl HttpConfig {
    pub(super) fn read(fields: Fields<'_>, folder: &Path, faults: &mut Faults) -> Self {
        let given = ["basic_auth", "authorization", "bearer_token", "bearer_token_file"];
        let mut given = given.into_iter().filter(|name| fields.node(name).is_some());
        if let (Some(first), Some(_)) = (given.next(), given.next()) {
            let all = "basic_auth, authorization, bearer_token and bearer_token_file";
            faults.add(fields.place(first), format!("at most one of {all} must be configured"));
        }
        Self {
            authorization: read_authorization(fields, folder, faults),
            tls: read_tls(fields, folder, faults),
            redirects: match fields.flag("follow_redirects", faults) {
                Some(false) => Redirects::Refuse,
                _ => Redirects::Follow,
            },
        }
    }
}

fn read_authorization(fields: Fields<'_>, folder: &Path, faults: &mut Faults) -> Authorization {
    if let Some(node) = fields.node("basic_auth") {
        let known = ["username", "password", "password_file", "username_file"];
        let basic = Fields::of(node, "basic_auth", &known, faults);
        if basic.node("username_file").is_some() {
            faults.add(basic.place("username_file"), "username_file is not supported: use `username`");
        }
        let user = basic.text("username", faults).unwrap_or_default().to_owned();
        let secret = secret(basic, "password", "password_file", folder, faults);
        return Authorization::Basic(user, secret.unwrap_or(Secret::Inline(String::new())));
    }
    if let Some(node) = fields.node("authorization") {
        let known = ["type", "credentials", "credentials_file"];
        let given = Fields::of(node, "authorization", &known, faults);
        let kind = given.text("type", faults).unwrap_or("Bearer").trim();
        if kind.is_empty() || kind.eq_ignore_ascii_case("basic") {
            faults.add(
                given.place("type"),
                "authorization type cannot be \"basic\", use \"basic_auth\" instead",
            );
        }
        let secret = secret(given, "credentials", "credentials_file", folder, faults);
        return secret.map_or(Authorization::None, |secret| Authorization::Token(kind.to_owned(), secret));
    }
    let secret = secret(fields, "bearer_token", "bearer_token_file", folder, faults);
    secret.map_or(Authorization::None, |secret| Authorization::Token("Bearer".to_owned(), secret))
}

fn secret(
    fields: Fields<'_>,
    inline: &str,
    file: &str,
    folder: &Path,
    faults: &mut Faults,
) -> Option<Secret> {
    let (text, path) = (fields.text(inline, faults), fields.text(file, faults));
    if text.is_some() && path.is_some() {
        faults.add(fields.place(file), format!("at most one of {inline} and {file} must be configured"));
    }
    match (text, path) {
        (Some(text), _) => Some(Secret::Inline(text.to_owned())),
        (None, Some(path)) => Some(Secret::File(within(folder, path))),
        (None, None) => None,
    }
}

fn read_tls(fields: Fields<'_>, folder: &Path, faults: &mut Faults) -> TlsFiles {
    let Some(node) = fields.node("tls_config") else { return TlsFiles::default() };
    let known = ["ca_file", "cert_file", "key_file", "insecure_skip_verify", "min_version", "max_version"];
    let unsupported = [
        ("ca", "use ca_file"),
        ("cert", "use cert_file"),
        ("key", "use key_file"),
        ("server_name", "write the name into the target, or trust it with insecure_skip_verify"),
    ];
    let all: Vec<&str> = known.into_iter().chain(unsupported.map(|(name, _)| name)).collect();
    let fields = Fields::of(node, "tls_config", &all, faults);
    for (name, instead) in unsupported {
        if fields.node(name).is_some() {
            faults.add(fields.place(name), format!("{name} is not supported: {instead}"));
        }
    }
    let mut path = |name: &str| fields.text(name, faults).map(|path| within(folder, path));
    let (ca, cert, key) = (path("ca_file"), path("cert_file"), path("key_file"));
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => {
            faults.add(node.at, "exactly one of cert_file and key_file is given; both are needed");
            None
        }
    };
    TlsFiles {
        ca,
        identity,
        insecure_skip_verify: fields.flag("insecure_skip_verify", faults).unwrap_or(false),
    }
}
