//! Counts the syncs of a server, and makes them slower, by a library that is loaded into it. Programs that call the kernel by
//! themselves, as Go's do, do not notice.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// The library, and where it counts.
pub(crate) struct Syncs {
    folder: TempDir,
    delay: Duration,
}

impl Syncs {
    /// Compiles the library; `None` where there is no C compiler.
    pub(crate) fn new(delay: Duration) -> Option<Self> {
        let syncs = Self { folder: tempfile::tempdir().unwrap(), delay };
        let source = syncs.folder.path().join("syncs.c");
        fs::write(&source, include_str!("syncs.c")).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(syncs.library()).arg(source).arg("-ldl");
        compiler.status().ok()?.success().then_some(syncs)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("syncs.so")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("count")
    }

    /// Lets a program load it.
    pub(crate) fn preload(&self, program: &mut Command) {
        program.env("LD_PRELOAD", self.library()).env("SYNCS_FILE", self.file());
        program.env("SYNCS_DELAY_US", self.delay.as_micros().to_string());
    }

    /// How many there were; zero of a program that does not load libraries.
    pub(crate) fn count(&self) -> u64 {
        let bytes = fs::read(self.file()).unwrap_or_default();
        bytes.try_into().map(u64::from_ne_bytes).unwrap_or(0)
    }
}
