//! The user in a kubeconfig file (`kubectl config view --raw --minify --flatten`).
//!
//! Only credentials that stand in the file itself are of use here: files that it names are on another machine, and a
//! program that it names is never run. Which cluster it is for is not looked at: there is one here.

mod write;

pub use write::{kubeconfig_authority, kubeconfig_server, write_kubeconfig};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::{CertificateError, ClientCertificate, Credential, MAX_BEARER_BYTES, Secret};

/// The largest kubeconfig that is read.
pub const MAX_KUBECONFIG_BYTES: usize = 256 << 10;

/// A kubeconfig has no user that could sign in here.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// More than [`MAX_KUBECONFIG_BYTES`].
    #[error(
        "the kubeconfig has more than {MAX_KUBECONFIG_BYTES} bytes; kubectl config view --raw --minify --flatten makes it small"
    )]
    TooLarge,
    /// Not what a kubeconfig looks like.
    #[error("the kubeconfig cannot be read: {line}:{column}: {message}")]
    Yaml {
        /// Counted from 1.
        line: u64,
        /// Counted from 1.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// It does not say whom to be.
    #[error("the kubeconfig {0}")]
    Nobody(String),
    /// The credential is not in it.
    #[error("user {user} of the kubeconfig {problem}")]
    Elsewhere {
        /// The entry's name.
        user: String,
        /// Where the credential is, and what to do.
        problem: String,
    },
    /// The certificate is in it, and is no good.
    #[error("user {user} of the kubeconfig: {error}")]
    Certificate {
        /// The entry's name.
        user: String,
        /// What is wrong with it.
        error: CertificateError,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    username: Option<String>,
    auth_provider: Option<serde::de::IgnoredAny>,
    exec: Option<Exec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Exec {
    command: String,
    args: Option<Vec<String>>,
}

/// The credential of the user of the current context.
///
/// # Errors
/// When there is none in the file, with what to do about it.
pub fn kubeconfig_user(yaml: &str) -> Result<Credential, KubeconfigError> {
    if yaml.len() > MAX_KUBECONFIG_BYTES {
        return Err(KubeconfigError::TooLarge);
    }
    let kubeconfig: Kubeconfig = serde_saphyr::from_str(yaml).map_err(|error| {
        let error = error.without_snippet();
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        let message = error.to_string().lines().next().unwrap_or_default().to_owned();
        KubeconfigError::Yaml { line, column, message }
    })?;
    let NamedUser { name, user } = kubeconfig.current_user()?;
    credential_of(&name, user.unwrap_or_default())
}

impl Kubeconfig {
    fn current_user(self) -> Result<NamedUser, KubeconfigError> {
        let nobody = |problem: String| Err(KubeconfigError::Nobody(problem));
        if self.current_context.is_empty() {
            return nobody("has no current-context; choose one with kubectl config use-context".to_owned());
        }
        let current = self.contexts.into_iter().find(|context| context.name == self.current_context);
        let Some(NamedContext { context, .. }) = current else {
            return nobody(format!(
                "has no context {:?}, which is its current-context",
                self.current_context
            ));
        };
        if context.user.is_empty() {
            return nobody(format!("has no user in its current context {:?}", self.current_context));
        }
        match self.users.into_iter().find(|user| user.name == context.user) {
            Some(user) => Ok(user),
            None => nobody(format!("has no user {:?}, which its current context names", context.user)),
        }
    }
}

/// In the order in which kubectl looks: a certificate goes with the connection, a token with the request.
fn credential_of(name: &str, user: User) -> Result<Credential, KubeconfigError> {
    let elsewhere = |problem: String| Err(KubeconfigError::Elsewhere { user: name.to_owned(), problem });
    if let Some(token) = user.token.filter(|token| !token.is_empty()) {
        if token.len() > MAX_BEARER_BYTES {
            return elsewhere(format!("has a token of more than {MAX_BEARER_BYTES} bytes"));
        }
        return Ok(Credential::Token(Secret::new(token.trim().to_owned())));
    }
    if let (Some(chain), Some(key)) = (&user.client_certificate_data, &user.client_key_data) {
        let (Ok(chain), Ok(key)) = (decode(chain), decode(key)) else {
            return elsewhere(
                "has a client-certificate-data or client-key-data that is not base64".to_owned(),
            );
        };
        return ClientCertificate::from_pem(&chain, &key)
            .map(Credential::Certificate)
            .map_err(|error| KubeconfigError::Certificate { user: name.to_owned(), error });
    }
    if user.client_certificate.is_some() || user.client_key.is_some() || user.token_file.is_some() {
        return elsewhere(
            "names files on the machine it comes from; kubectl config view --raw --minify --flatten puts certificates \
             into it, and a token can be pasted as it is"
                .to_owned(),
        );
    }
    if let Some(exec) = user.exec {
        return elsewhere(format!(
            "gets its token from a program, which is never run here; run it yourself and sign in with the token it \
             prints: {}",
            token_command(&exec)
        ));
    }
    if user.auth_provider.is_some() {
        return elsewhere(
            "has an auth-provider, which Kubernetes itself has given up; sign in with a token".to_owned(),
        );
    }
    if user.username.is_some() {
        return elsewhere(
            "has a password, which no API server takes any more; sign in with a token".to_owned(),
        );
    }
    elsewhere("has neither a token nor a client certificate with its key".to_owned())
}

fn decode(base64: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(base64.split_ascii_whitespace().collect::<String>())
}

/// What prints the token that an exec plug-in would hand to kubectl. Shown, not run.
fn token_command(exec: &Exec) -> String {
    let program = exec.command.rsplit(['/', '\\']).next().unwrap_or_default();
    let args = exec.args.iter().flatten().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" ");
    let command = format!("{} {args}", quoted(&exec.command));
    let command = command.trim();
    match program.trim_end_matches(".exe") {
        // Amazon EKS.
        "aws" => format!("{command} --query status.token --output text"),
        // Google GKE.
        "gke-gcloud-auth-plugin" | "gcloud" => "gcloud auth print-access-token".to_owned(),
        // Azure AKS (kubelogin), and whatever else prints an ExecCredential.
        _ => format!("{command} | jq -r .status.token"),
    }
}

/// As a shell would have to be given it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.chars().filter(|c| !c.is_control()).collect::<String>().replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::made;

    fn kubeconfig(user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\npreferences: {{}}\nclusters: []\n\
             contexts:\n- name: c\n  context: {{cluster: k, user: ann}}\nusers:\n- name: ann\n  user: {user}\n"
        )
    }

    #[track_caller]
    fn refused(yaml: &str, why: &str) {
        let said = kubeconfig_user(yaml).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn a_token_is_used_as_it_is() {
        let credential = kubeconfig_user(&kubeconfig("{token: abc}")).unwrap();
        assert_eq!(credential, Credential::Token(Secret::new("abc".into())));
    }

    #[test]
    fn a_certificate_with_its_key_is_used() {
        let (certificate, key) = made(&[(openssl::nid::Nid::COMMONNAME, "ann")], None, 0);
        let (pem, key) = (certificate.to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap());
        let user = format!(
            "{{client-certificate-data: {}, client-key-data: {}}}",
            STANDARD.encode(&pem),
            STANDARD.encode(&key)
        );
        let Credential::Certificate(read) = kubeconfig_user(&kubeconfig(&user)).unwrap() else { panic!() };
        assert_eq!(read.chain.as_bytes(), pem);
        let bad = "{client-certificate-data: '!', client-key-data: '!'}";
        refused(&kubeconfig(bad), "not base64");
    }

    #[test]
    fn credentials_that_are_elsewhere_are_refused_with_what_to_do() {
        for (user, why) in [
            ("{client-certificate: /home/ann/ann.crt, client-key: /home/ann/ann.key}", "--flatten"),
            ("{tokenFile: /t}", "names files"),
            ("{username: ann, password: x}", "password"),
            ("{auth-provider: {name: gcp}}", "auth-provider"),
            ("{}", "neither a token nor"),
        ] {
            refused(&kubeconfig(user), why);
        }
    }

    #[test]
    fn a_program_is_not_run_but_the_command_that_prints_a_token_is_told() {
        for (exec, command) in [
            (
                "{command: aws, args: [--region, eu-1, eks, get-token, --cluster-name, c]}",
                "aws --region eu-1 eks get-token --cluster-name c --query status.token --output text",
            ),
            ("{command: gke-gcloud-auth-plugin}", "gcloud auth print-access-token"),
            (
                "{command: kubelogin, args: [get-token, --server-id, x]}",
                "kubelogin get-token --server-id x | jq -r .status.token",
            ),
            ("{command: ./x, args: [\"a'; reboot\"]}", r"./x 'a'\''; reboot' | jq"),
        ] {
            refused(&kubeconfig(&format!("{{exec: {exec}}}")), command);
        }
    }

    #[test]
    fn a_file_that_says_nobody_is_told_what_it_lacks() {
        refused("{}", "no current-context");
        refused("current-context: c", "no context \"c\"");
        refused(&kubeconfig("{}").replace("user: ann", "user: bob"), "no user \"bob\"");
        refused("users: 7", "1:");
        refused(&" ".repeat(MAX_KUBECONFIG_BYTES + 1), "bytes");
    }
}
