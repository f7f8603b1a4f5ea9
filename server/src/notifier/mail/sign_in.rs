//! Who sends an e-mail: the ways to say so that Alertmanager knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_alerting::alertmanager::Integration;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::{Failure, failure, secret};

/// A name, and the secrets that go with it.
pub(super) struct SignIn {
    name: String,
    identity: String,
    /// For `PLAIN` and `LOGIN`.
    password: Option<String>,
    /// For `CRAM-MD5`.
    shared: Option<String>,
}

impl SignIn {
    /// What the configuration says; nothing where it has no name.
    pub(super) fn of(integration: &Integration) -> Result<Option<Self>, Failure> {
        let Some(name) = integration.text("auth_username").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let some = |name: &str| -> Result<Option<String>, Failure> {
            let is_there =
                integration.text(name).or_else(|| integration.text(&format!("{name}_file"))).is_some();
            if is_there { secret(integration, name).map(Some) } else { Ok(None) }
        };
        Ok(Some(Self {
            name: name.to_owned(),
            identity: integration.text("auth_identity").unwrap_or_default().to_owned(),
            password: some("auth_password")?,
            shared: some("auth_secret")?,
        }))
    }

    /// What nobody may see, also as it travels.
    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        let plain = [&self.password, &self.shared].into_iter().flatten();
        plain.flat_map(|secret| [secret.clone(), STANDARD.encode(secret)])
    }

    /// Signs in the first way that the server offers and that there is a secret for. A server that offers none is written to all the same.
    pub(super) async fn with(
        &self,
        server: &mut AsyncSmtpConnection,
        hello: &ClientId,
        host: &str,
    ) -> Result<(), Failure> {
        let greeted = server.command(Ehlo::new(hello.clone())).await.map_err(failure)?;
        let Some(offered) = offered(&greeted) else { return Ok(()) };
        for way in offered.split_ascii_whitespace() {
            match (way.to_ascii_uppercase().as_str(), &self.password, &self.shared) {
                ("CRAM-MD5", _, Some(shared)) => return self.cram_md5(server, shared).await,
                ("PLAIN", Some(password), _) => {
                    // As Go's client has it: a password is for no wire on which others listen.
                    if !server.is_encrypted() && !is_here(host) {
                        return Err(Failure::Final("unencrypted connection".to_owned()));
                    }
                    let credentials = format!("{}\0{}\0{password}", self.identity, self.name);
                    let line = format!("AUTH PLAIN {}\r\n", STANDARD.encode(credentials));
                    return server.command(line).await.map(drop).map_err(failure);
                }
                ("LOGIN", Some(password), _) => {
                    server.command("AUTH LOGIN\r\n").await.map_err(failure)?;
                    for line in [&self.name, password] {
                        server.command(format!("{}\r\n", STANDARD.encode(line))).await.map_err(failure)?;
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(Failure::Final(format!("no way to sign in has a secret for it; the server offers {offered}")))
    }

    /// RFC 2195.
    async fn cram_md5(&self, server: &mut AsyncSmtpConnection, shared: &str) -> Result<(), Failure> {
        let challenge = server.command("AUTH CRAM-MD5\r\n").await.map_err(failure)?;
        let challenge = challenge.first_line().and_then(|text| STANDARD.decode(text).ok());
        let challenge =
            challenge.ok_or_else(|| Failure::Passing("the challenge is not base64".to_owned()))?;
        let signed = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
            let key = PKey::hmac(shared.as_bytes())?;
            Signer::new(MessageDigest::md5(), &key)?.sign_oneshot_to_vec(&challenge)
        };
        let digest = signed().map_err(|error| Failure::Final(format!("cannot sign: {error}")))?;
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("{}\r\n", STANDARD.encode(format!("{} {digits}", self.name)));
        server.command(line).await.map(drop).map_err(|error: SmtpError| failure(error))
    }
}

/// The ways to sign in, as the server's greeting lists them.
fn offered(greeted: &Response) -> Option<String> {
    let mut lines = greeted.message();
    let found = lines.find_map(|line| line.strip_prefix("AUTH ").or_else(|| line.strip_prefix("AUTH=")));
    found.map(str::to_owned)
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}
