//! Programs of others that the tests run against us. Where one is missing, the test says so and passes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::wait_for;

/// Whether a program is on the search path or among the unpacked tools; says so when it is not.
pub(crate) fn is_there(program: &str) -> bool {
    let there = find(program).is_some();
    if !there {
        println!("skipped: the program `{program}` is not here; deploy/setup.sh test unpacks it");
    }
    there
}

/// A command that runs a program which is there.
pub(crate) fn command(program: &str) -> Command {
    Command::new(find(program).unwrap_or_else(|| program.into()))
}

/// Python with the client libraries that deploy/setup.sh gets; says so when they are not there.
pub(crate) fn python() -> Option<Command> {
    let libraries = target().join("tools/clients");
    if !libraries.join("installed.txt").exists() {
        println!("skipped: no client libraries in target/tools/clients; deploy/setup.sh test gets them");
        return None;
    }
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", libraries);
    Some(python)
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = target().join("tools/bin");
    std::env::split_paths(&path)
        .chain([unpacked])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program that runs until it is killed or the value is dropped.
pub(crate) struct Program(Child);

impl Program {
    /// Starts it without a place to write to.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of the loopback interface that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A Prometheus in a folder of its own. Ends with the value.
pub(crate) struct Peer {
    program: Program,
    url: String,
    folder: tempfile::TempDir,
}

impl Peer {
    /// One with the configuration that is made for its port.
    pub(crate) fn start(config: impl FnOnce(u16) -> String) -> Self {
        Self::start_with(&[], config)
    }

    /// The same with further arguments.
    pub(crate) fn start_with(arguments: &[&str], config: impl FnOnce(u16) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config(port)).unwrap();
        let mut command = command("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(arguments);
        let program = Program::start(&mut command);
        let peer = Self { program, url: format!("http://127.0.0.1:{port}"), folder };
        wait_for("prometheus to be ready", || {
            let ready = reqwest::blocking::get(format!("{}/-/ready", peer.url)).ok()?;
            ready.status().is_success().then_some(())
        });
        peer
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.program.kill();
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The body of an answer.
    pub(crate) fn ask(&self, path: &str, params: &[(&str, String)]) -> Value {
        let url = reqwest::Url::parse_with_params(&format!("{}/{path}", self.url), params);
        reqwest::blocking::get(url.unwrap()).unwrap().json().unwrap()
    }
}
