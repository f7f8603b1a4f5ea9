//! One server process, and what the kernel says about it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::peer::Peer;
use crate::syncs::Syncs;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A server that has become ready. Killed when dropped.
pub(crate) struct Process<'a> {
    peer: &'a Peer,
    child: Child,
    address: SocketAddr,
    pub(crate) client: reqwest::blocking::Client,
    peak_own: Arc<AtomicU64>,
}

/// What a process has used.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Bytes that it caused to be written to the disk.
    pub(crate) written: u64,
    /// Highest anonymous and shared memory that was seen, bytes.
    pub(crate) peak_own: u64,
    /// Highest resident memory, mapped files included, bytes.
    pub(crate) peak_all: u64,
}

impl Usage {
    pub(crate) fn since(self, before: &Self) -> Self {
        Self { cpu: self.cpu - before.cpu, written: self.written - before.written, ..self }
    }
}

impl<'a> Process<'a> {
    /// Starts a server on a free port and returns as soon as it is ready.
    pub(crate) fn start(peer: &'a Peer, dir: &Path, syncs: Option<&Syncs>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let fill = |argument: &&str| {
            argument.replace("PORT", &address.port().to_string()).replace("DIR", &dir.display().to_string())
        };
        let mut command = Command::new(&peer.program);
        if let Some(syncs) = syncs {
            syncs.preload(&mut command);
        }
        let child = command
            .args(peer.arguments.iter().map(fill))
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("stderr.log")).unwrap())
            .spawn()
            .unwrap();
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(None).build().unwrap();
        let process = Self { peer, child, address, client, peak_own: Arc::default() };
        process.watch_memory();
        let (url, started) = (process.url(peer.ready_path), Instant::now());
        while !process.client.get(&url).send().is_ok_and(|answer| answer.status().is_success()) {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "{} does not become ready",
                peer.program.display()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        process
    }

    pub(crate) fn peer(&self) -> &Peer {
        self.peer
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn usage(&self) -> Usage {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        let (_, after_name) = stat.rsplit_once(')').unwrap();
        // The kernel counts in hundredths of a second.
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
        Usage {
            cpu: Duration::from_millis(ticks.sum::<u64>() * 10),
            written: number(&self.proc("io"), "write_bytes"),
            peak_own: self.peak_own.load(Ordering::Relaxed),
            peak_all: number(&self.proc("status"), "VmHWM") * 1024,
        }
    }

    /// Returns when the process has used hardly any processor time for three seconds, or after two minutes.
    pub(crate) fn wait_until_idle(&self) {
        let started = Instant::now();
        let (mut cpu, mut quiet) = (self.usage().cpu, 0);
        while quiet < 3 && started.elapsed() < Duration::from_secs(120) {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.usage().cpu;
            quiet = if now - cpu > Duration::from_millis(30) { 0 } else { quiet + 1 };
            cpu = now;
        }
    }

    /// SIGKILL; returns when the process is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn watch_memory(&self) {
        let (status, peak) = (self.proc("status"), Arc::downgrade(&self.peak_own));
        std::thread::spawn(move || {
            while let Some(peak) = peak.upgrade().filter(|_| Path::new(&status).exists()) {
                let own = number(&status, "RssAnon") + number(&status, "RssShmem");
                peak.fetch_max(own * 1024, Ordering::Relaxed);
                drop(peak);
                std::thread::sleep(LOOK);
            }
        });
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The number after `name:` in a file of `/proc`; zero when there is none.
fn number(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
