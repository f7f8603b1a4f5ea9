//! The agent as a child process, started again when it ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, warn};

/// What this machine is called in the demo.
pub(super) const NODE: &str = "demo-1";
const INTERVAL: &str = "5s";
/// Waits between restarts: doubled each time, from the first to the second of these.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long the agent may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// A supervised agent.
pub(super) struct Agent {
    stop: watch::Sender<bool>,
    supervisor: JoinHandle<()>,
}

impl Agent {
    /// Starts the agent, which pushes to the server at `url`, with flags for what it scrapes.
    pub(super) fn start(
        url: &str,
        token_file: &Path,
        ca: Option<&Path>,
        queue: &Path,
        scraping: Vec<PathBuf>,
    ) -> anyhow::Result<Self> {
        let program = sibling()?;
        let mut arguments: Vec<PathBuf> = ["--server", url, "--node-name", NODE, "--interval", INTERVAL]
            .iter()
            .chain(&["--listen", "127.0.0.1:0", "--exit-with-parent", "--log-level", "warn", "--token-file"])
            .map(PathBuf::from)
            .collect();
        arguments.extend([token_file.to_owned(), PathBuf::from("--queue-dir"), queue.to_owned()]);
        if let Some(ca) = ca {
            arguments.extend([PathBuf::from("--ca"), ca.to_owned()]);
        }
        arguments.extend(scraping);
        let (stop, stopped) = watch::channel(false);
        let first = spawn(&program, &arguments)?;
        let supervisor = tokio::spawn(supervise(first, program, arguments, stopped));
        Ok(Self { stop, supervisor })
    }

    /// Ends the agent and waits until it has ended.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.supervisor.await {
            warn!(err = &error as &dyn std::error::Error, "the agent's supervisor panicked");
        }
    }
}

/// The agent's program, which is installed beside ours.
fn sibling() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let agent = own.with_file_name("crowsnest-agent");
    anyhow::ensure!(agent.is_file(), "there is no {}; `make build` builds both programs", agent.display());
    Ok(agent)
}

fn spawn(program: &Path, arguments: &[PathBuf]) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    // Our own settings are not the agent's, though some have the same name.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CROWSNEST_"))
    {
        command.env_remove(name);
    }
    command.spawn().with_context(|| format!("cannot run {}", program.display()))
}

async fn supervise(
    mut child: Child,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    mut stopped: watch::Receiver<bool>,
) {
    let (mut wait, longest) = BACKOFF;
    loop {
        let ended = tokio::select! {
            ended = child.wait() => Some(ended),
            _ = stopped.wait_for(|stop| *stop) => None,
        };
        match ended {
            None => return end(child).await,
            Some(Ok(status)) => {
                warn!(%status, seconds = wait.as_secs(), "the agent has ended; it will be started again");
            }
            Some(Err(error)) => error!(err = &error as &dyn std::error::Error, "cannot wait for the agent"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        wait = (wait * 2).min(longest);
        match spawn(&program, &arguments) {
            Ok(next) => child = next,
            Err(error) => error!(err = &*error as &dyn std::error::Error, "cannot start the agent again"),
        }
    }
}

/// Asks the agent to end, and after a while makes it.
async fn end(mut child: Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        // An error means that it has ended already.
        kill(Pid::from_raw(pid), Signal::SIGTERM).ok();
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        warn!("the agent did not end in time and is killed");
        child.kill().await.ok();
    }
}
