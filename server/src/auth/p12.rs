//! Opening PKCS #12 files that strangers send.
//!
//! Nobody has signed in yet, and such a file says itself how often its password is hashed: up to two thousand million
//! times. OpenSSL cannot be stopped in the middle of that, but a process can. So the file is opened by this program run
//! once more, which may use little CPU, writes no core, and alone knows the ciphers of the nineties that old files
//! want. File, password and key go through pipes.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_rbac::{ClientCertificate, MAX_PKCS12_BYTES, Secret, load_legacy_ciphers};
use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::SignInFailure;

/// The subcommand that opens the file on its standard input. Not for people.
pub(crate) const SUBCOMMAND: &str = "open-p12";

/// What opening one file may cost. A file of OpenSSL 3 costs a few milliseconds, one with ten million rounds a few seconds.
const CPU: u64 = 3;
/// How long it may take, others at work on this machine included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Files that are opened at once.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

#[derive(Serialize, Deserialize)]
struct Question {
    p12: Vec<u8>,
    password: Secret,
}

/// Opens a file in a process of its own.
pub(super) async fn open(p12: Vec<u8>, password: String) -> Result<ClientCertificate, SignInFailure> {
    if p12.len() > MAX_PKCS12_BYTES {
        return Err(SignInFailure::Refused(crowsnest_rbac::CertificateError::TooLarge.to_string()));
    }
    let _turn = AT_ONCE.acquire().await.map_err(anyhow::Error::from)?;
    let question = serde_json::to_vec(&Question { p12, password: Secret::new(password) });
    let question = question.map_err(anyhow::Error::from)?;
    let answer = tokio::time::timeout(PATIENCE, ask(&question)).await;
    let answer = answer.unwrap_or_else(|_| Ok(None))?;
    let Some(answer) = answer else {
        return Err(SignInFailure::Refused(
            "opening this file takes too long: its password is hashed too often; export it again with fewer iterations"
                .to_owned(),
        ));
    };
    let opened: Result<ClientCertificate, String> =
        serde_json::from_slice(&answer).context("the process that opens PKCS #12 files said nonsense")?;
    opened.map_err(SignInFailure::Refused)
}

/// What the process answers; nothing, if it was stopped.
async fn ask(question: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    // The file that we run from may have been replaced; what this leads to is what we run.
    let mut child = Command::new("/proc/self/exe")
        .arg(SUBCOMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start a process that opens the file")?;
    if let Some(mut stdin) = child.stdin.take() {
        // It reads everything before it does anything.
        stdin.write_all(question).await.context("cannot hand over the file")?;
    }
    let output = child.wait_with_output().await.context("cannot read what is in the file")?;
    Ok(output.status.success().then_some(output.stdout))
}

/// The process itself.
pub(crate) fn open_standard_input() -> anyhow::Result<()> {
    setrlimit(Resource::RLIMIT_CPU, CPU, CPU)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    load_legacy_ciphers();
    let mut question = Vec::new();
    std::io::stdin().lock().read_to_end(&mut question)?;
    let Question { p12, password } = serde_json::from_slice(&question)?;
    let opened = ClientCertificate::from_pkcs12(&p12, password.reveal()).map_err(|error| error.to_string());
    std::io::stdout().lock().write_all(&serde_json::to_vec(&opened)?)?;
    Ok(())
}
