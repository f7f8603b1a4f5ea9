//! The simulated API server as other people's programs see it: kubectl, and the Python client.
//!
//! `deploy/setup.sh test` unpacks both into the target folder. A test whose program is not here says so and passes.

mod kubectl;
mod python;

use std::{path::PathBuf, process::Stdio, time::Duration};

use crowsnest_kubesim::{DemoSize, KubeSim, Options, Running};
use tempfile::TempDir;
use tokio::process::Command;

/// Longer than any of these programs takes for one thing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster that runs, and a home folder with a kubeconfig for it.
struct Site {
    #[expect(dead_code, reason = "the cluster ends with it")]
    running: Running,
    home: TempDir,
}

/// Where `deploy/setup.sh` puts programs.
fn tools() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools")
}

impl Site {
    async fn start() -> Site {
        let running = KubeSim::start(Options::demo(DemoSize::default())).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("kubeconfig"), running.admin_kubeconfig().unwrap()).unwrap();
        std::fs::write(home.path().join("viewer"), running.kubeconfig("shop", "viewer", 3600).unwrap())
            .unwrap();
        Site { running, home }
    }

    /// A program that finds nothing but this cluster.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("kubeconfig"))
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// Runs a command to its end. Its output, or what went wrong.
async fn output(command: &mut Command) -> Result<String, String> {
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = ended.map_err(|_| "no end in sight".to_owned())?.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
