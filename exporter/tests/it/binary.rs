//! The program itself: flags, log, signals, and what survives `kill -9`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Lines, channel};
use std::thread;
use std::time::{Duration, Instant};

use crowsnest_scrape::text::{Limits, parse};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::receiver::{Receiver, Reply, tls_for, write};

const TOKEN: &str = "a-very-secret-token";

/// A running agent and its log.
pub(crate) struct Agent {
    child: Child,
    lines: Lines<String>,
    seen: Vec<String>,
}

impl Agent {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crowsnest-agent"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (give, lines) = channel();
        thread::spawn(move || log.lines().map_while(Result::ok).for_each(|line| drop(give.send(line))));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a log line that holds `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("no {text:?} in the log: {:?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The port of `/metrics`, from the log.
    fn port(&mut self) -> u16 {
        let line = self.wait_for("/metrics");
        let (_, rest) = line.split_once("127.0.0.1:").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Sends SIGTERM and gives the time until the end; the exit must be clean.
    pub(crate) fn stop(mut self) -> (Duration, Vec<String>) {
        let started = Instant::now();
        self.signal(Signal::SIGTERM);
        assert!(self.child.wait().unwrap().success());
        self.seen.extend(self.lines.iter());
        (started.elapsed(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Flags for pushing to `url` every 100 ms with the queue in `folder`.
pub(crate) fn push_flags<'a>(url: &'a str, queue: &'a str) -> Vec<&'a str> {
    vec!["--server", url, "--queue-dir", queue, "--interval", "100ms", "--node-name", "n1"]
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn metrics_are_served_with_nothing_pushed() {
    let mut agent = Agent::start(&["--no-push"]);
    let port = agent.port();
    let answer = get(port, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let families = parse(body.as_bytes(), Limits::default()).unwrap();
    let has = |name: &str| families.iter().any(|family| family.name == name);
    assert!(
        has("node_cpu_seconds_total")
            && has("crowsnest_agent_build_info")
            && has("process_resident_memory_bytes")
    );
    let some = get(port, "/metrics?collect[]=loadavg&collect%5B%5D=uname");
    assert!(some.contains("\nnode_load1 ") && some.contains("\nnode_uname_info{"), "{some}");
    assert!(!some.contains("node_cpu_seconds_total") && !some.contains("collector=\"cpu\""), "{some}");
    let most = get(port, "/metrics?exclude[]=cpu");
    assert!(most.contains("\nnode_load1 ") && !most.contains("node_cpu_seconds_total"), "{most}");
    let unknown = get(port, "/metrics?collect[]=quantum");
    assert!(unknown.starts_with("HTTP/1.1 400") && unknown.contains("\"quantum\""), "{unknown}");
    assert!(get(port, "/nothing").starts_with("HTTP/1.1 404"));
    assert!(get(port, "/healthz").starts_with("HTTP/1.1 200"));
    agent.stop();
}

#[test]
fn samples_arrive_over_tls_on_the_grid_with_the_token_and_no_log_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, acceptor) = tls_for("127.0.0.1");
    let receiver = Receiver::start_tls([], acceptor);
    let (ca, token) = (write(folder.path(), "ca.pem", &ca), write(folder.path(), "token", TOKEN.as_bytes()));
    let (url, queue) = (format!("https://{}", receiver.address), folder.path().join("queue"));
    let mut flags = push_flags(&url, text(&queue));
    flags.extend([
        "--ca",
        text(&ca),
        "--token-file",
        text(&token),
        "--log-format",
        "json",
        "--log-level",
        "trace",
    ]);
    let mut agent = Agent::start(&flags);
    agent.wait_for("pushing");
    let mut last = 0;
    for n in 0..3 {
        let request = receiver.next();
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert!(request.at() % 100 == 0 && request.at() > last);
        last = request.at();
        let identity = |labels: &[crowsnest_api::remote_write::LabelPair]| {
            let value =
                |name: &str| labels.iter().find(|label| label.name == name).map(|label| label.value.clone());
            (value("job"), value("instance"), value("node"))
        };
        let n1 = Some("n1".to_owned());
        for series in &request.body.timeseries {
            assert_eq!(identity(&series.labels), (Some("node-exporter".to_owned()), n1.clone(), n1.clone()));
            assert!(series.labels.is_sorted_by(|a, b| a.name < b.name));
            assert_eq!(series.samples.len(), 1);
            assert_eq!(series.samples[0].timestamp, request.at());
        }
        assert!(request.body.timeseries.len() > 100);
        assert_eq!(request.body.metadata.is_empty(), n > 0);
    }
    let (_, log) = agent.stop();
    assert!(log.iter().all(|line| line.starts_with('{')), "{log:?}");
    assert!(!log.iter().any(|line| line.contains(TOKEN)));
}

#[test]
fn a_second_server_gets_the_same_and_waits_for_the_first_no_more_than_the_first_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    let busy = Receiver::start(std::iter::repeat_n(Reply::Status(503, "", ""), 1000));
    let second = Receiver::start([]);
    let (first_url, second_url) = (format!("http://{}", busy.address), format!("http://{}", second.address));
    let mut flags = push_flags(&first_url, text(&queue));
    flags.extend(["--also-server", &second_url]);
    let mut agent = Agent::start(&flags);
    let port = agent.port();
    let times: Vec<i64> = (0..4).map(|_| second.next().at()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    assert_eq!(busy.next().at(), times[0]);
    let page = get(port, "/metrics");
    let sent = format!("crowsnest_agent_samples_sent_total{{destination=\"{}\"}} ", second.address);
    assert!(page.contains("crowsnest_agent_samples_sent_total 0\n") && page.contains(&sent), "{page}");
    agent.stop();

    // What the first did not take is still there for it.
    let first = Receiver::start([]);
    let first_url = format!("http://{}", first.address);
    let agent = Agent::start(&push_flags(&first_url, text(&queue)));
    let again: Vec<i64> = (0..4).map(|_| first.next().at()).collect();
    assert_eq!(again, times);
    agent.stop();
}

#[test]
fn what_was_collected_before_kill_9_is_sent_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    // A receiver that never accepts: everything stays in the queue.
    let busy = Receiver::start(std::iter::repeat_n(Reply::Status(503, "", ""), 1000));
    let url = format!("http://{}", busy.address);
    let mut agent = Agent::start(&push_flags(&url, text(&queue)));
    let port = agent.port();
    let waiting = |page: &str| -> u64 {
        page.lines()
            .find_map(|line| line.strip_prefix("crowsnest_agent_queue_records "))
            .unwrap()
            .parse()
            .unwrap()
    };
    while waiting(&get(port, "/metrics")) < 5 {
        thread::sleep(Duration::from_millis(50));
    }
    let first = busy.next().at();
    agent.signal(Signal::SIGKILL);
    agent.child.wait().unwrap();

    let receiver = Receiver::start([]);
    let url = format!("http://{}", receiver.address);
    let mut agent = Agent::start(&push_flags(&url, text(&queue)));
    agent.wait_for("pushing");
    let times: Vec<i64> = (0..6).map(|_| receiver.next().at()).collect();
    assert_eq!(times[0], first);
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    let (_, log) = agent.stop();
    assert!(!log.iter().any(|line| line.contains("lost")), "{log:?}");
}

#[test]
fn a_stopping_agent_sends_what_waits_and_gives_up_after_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("queue");
    let receiver = Receiver::start(std::iter::repeat_n(Reply::Slow(Duration::from_secs(30)), 2));
    let url = format!("http://{}", receiver.address);
    let mut agent = Agent::start(&push_flags(&url, text(&queue)));
    agent.wait_for("pushing");
    receiver.next();
    let (took, log) = agent.stop();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(log.iter().any(|line| line.contains("stopping with records in the queue")), "{log:?}");
}

#[test]
fn wrong_flags_end_with_a_message_that_says_what_to_do() {
    let refused = |flags: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_crowsnest-agent")).args(flags).env_clear().output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&[]).contains("--server"));
    assert!(refused(&["--server", "http://192.0.2.1"]).contains("--allow-plain-http"));
    let missing = refused(&["--server", "https://192.0.2.1", "--ca", "/does/not/exist"]);
    assert!(missing.contains("cannot read the CA file /does/not/exist"), "{missing}");
    let flags = ["--listen", "127.0.0.1:0", "--queue-dir", "/proc/nowhere", "--server", "http://127.0.0.1:1"];
    assert!(refused(&flags).contains("cannot use the queue folder /proc/nowhere"));
}

#[test]
fn an_agent_that_shall_not_outlive_its_parent_ends_with_it() {
    // A shell starts the agent, says its number and waits.
    let mut shell = Command::new("/bin/sh")
        .args(["-c", r#""$0" "$@" & echo $!; wait"#, env!("CARGO_BIN_EXE_crowsnest-agent")])
        .args(["--no-push", "--exit-with-parent", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut number = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut number).unwrap();
    let mut log = BufReader::new(shell.stderr.take().unwrap());
    log.read_line(&mut String::new()).unwrap();
    shell.kill().unwrap();
    shell.wait().unwrap();
    let stat = format!("/proc/{}/stat", number.trim());
    let is_gone = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    let gone = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        is_gone()
    });
    assert!(gone, "agent {number} is still there");
}
