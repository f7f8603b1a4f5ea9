//! The servers that are compared, and how each is started.

use std::path::{Path, PathBuf};

/// A server that takes remote write and answers PromQL over HTTP.
pub(crate) struct Peer {
    pub(crate) program: PathBuf,
    pub(crate) write_path: &'static str,
    /// Answers 200 once the server takes samples and queries.
    pub(crate) ready_path: &'static str,
    /// Its arguments, `PORT` and `DIR` yet to be filled in.
    pub(crate) arguments: &'static [&'static str],
}

/// A server by name, when it is installed.
pub(crate) fn find(name: &str) -> Option<Peer> {
    let (write_path, ready_path, arguments): (_, _, &[_]) = match name {
        "crowsnest" => (
            "/api/v1/write",
            "/readyz",
            &[
                "serve",
                "--listen=127.0.0.1:0",
                "--http-listen=127.0.0.1:PORT",
                "--auth=none",
                "--data-dir=DIR",
            ],
        ),
        "prometheus" => (
            "/api/v1/write",
            "/-/ready",
            &[
                "--config.file=/dev/null",
                "--web.listen-address=127.0.0.1:PORT",
                "--web.enable-remote-write-receiver",
                // What an hour of replay takes seconds for must not count as out of order.
                "--storage.tsdb.retention.time=15d",
                "--storage.tsdb.path=DIR/data",
                "--log.level=error",
            ],
        ),
        "victoria-metrics" => (
            "/api/v1/write",
            "/health",
            &[
                "-httpListenAddr=127.0.0.1:PORT",
                "-storageDataPath=DIR",
                "-retentionPeriod=1",
                "-search.latencyOffset=0s",
                "-search.disableCache",
                "-loggerLevel=ERROR",
            ],
        ),
        _ => return None,
    };
    let program = match name {
        "crowsnest" => PathBuf::from(env!("CARGO_BIN_EXE_crowsnest")),
        _ => installed(name)?,
    };
    Some(Peer { program, write_path, ready_path, arguments })
}

/// A program on the search path, or unpacked by `deploy/setup.sh`.
fn installed(name: &str) -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([unpacked])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
