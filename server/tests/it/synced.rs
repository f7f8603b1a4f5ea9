//! strace watches: between a push and its acknowledgement the log is synced.

use std::collections::HashMap;
use std::process::{Child, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Server, now_ms, series, tools, wait_for};

const PUSHES: usize = 50;

/// A system call, by the seconds of its beginning and its end.
#[derive(Debug)]
struct Sync {
    began: f64,
    ended: f64,
}

/// The completed syncs of log segments in strace's report. A call that another thread's interrupts takes two lines:
///
/// ```text
/// 17 1795899272.880524 fdatasync(3</data/tsdb/wal/0000000001.wal>) = 0 <0.001810>
/// 17 1795899273.1 fdatasync(3</data/tsdb/wal/0000000001.wal> <unfinished ...>
/// 17 1795899273.2 <... fdatasync resumed>) = 0 <0.1>
/// ```
fn syncs(report: &str) -> Vec<Sync> {
    let mut begun: HashMap<&str, f64> = HashMap::new();
    let mut syncs = Vec::new();
    for line in report.lines() {
        let mut words = line.split_whitespace();
        let (Some(thread), Some(Ok(at))) = (words.next(), words.next().map(str::parse::<f64>)) else {
            continue;
        };
        let took =
            || line.rsplit_once('<').and_then(|(_, took)| took.trim_end_matches('>').parse::<f64>().ok());
        if line.contains("fdatasync(") && line.contains("/wal/") {
            match took() {
                Some(took) if line.contains(" = 0 ") => syncs.push(Sync { began: at, ended: at + took }),
                _ => drop(begun.insert(thread, at)),
            }
        } else if line.contains("fdatasync resumed>) = 0 ")
            && let Some(began) = begun.remove(thread)
        {
            syncs.push(Sync { began, ended: at });
        }
    }
    syncs
}

/// strace on every thread of the server; `None` where this machine does not let it.
fn watch(server: &Server, report: &std::path::Path) -> Option<Child> {
    let mut strace = tools::command("strace")
        .args(["-f", "-ttt", "-T", "-y", "-e", "trace=fdatasync", "-o"])
        .arg(report)
        .args(["-p", &server.pid().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(strace.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    if !line.contains("attached") {
        println!("skipped: {line}");
        strace.wait().unwrap();
        return None;
    }
    // What else it says must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    Some(strace)
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn an_fdatasync_of_the_log_lies_between_each_push_and_its_acknowledgement() {
    if !tools::is_there("strace") {
        return;
    }
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("strace");
    let Some(mut strace) = watch(&server, &report) else { return };
    let start = now_ms();
    let pushes: Vec<(f64, f64)> = (0..PUSHES)
        .map(|n| {
            let sent = seconds();
            server.push(vec![series("synced", &[(start + n as i64, n as f64)])]);
            (sent, seconds())
        })
        .collect();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(strace.id()).unwrap()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    strace.wait().unwrap();
    let report = wait_for("strace's report", || std::fs::read_to_string(&report).ok());
    let syncs = syncs(&report);
    for (n, (sent, acknowledged)) in pushes.iter().enumerate() {
        let within = |sync: &&Sync| sync.began >= *sent && sync.ended <= *acknowledged;
        assert!(
            syncs.iter().any(|sync| within(&sync)),
            "push {n}, sent at {sent} and acknowledged at {acknowledged}: no sync between, of {syncs:?}"
        );
    }
}

#[test]
fn calls_are_found_in_one_line_and_in_two() {
    let report = "\
17 10.5 fdatasync(3</d/tsdb/wal/0000000001.wal>) = 0 <0.25>
17 11.0 fdatasync(3</d/control/db>) = 0 <0.25>
17 12.0 fdatasync(3</d/tsdb/wal/0000000001.wal> <unfinished ...>
18 12.5 fdatasync(3</d/tsdb/wal/0000000001.wal>) = -1 EIO (Input/output error) <0.1>
17 13.0 <... fdatasync resumed>) = 0 <1.0>
";
    let found: Vec<(f64, f64)> = syncs(report).iter().map(|sync| (sync.began, sync.ended)).collect();
    assert_eq!(found, [(10.5, 10.75), (12.0, 13.0)]);
}
