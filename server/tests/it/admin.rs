//! Deleting samples, snapshots and restoring them, through the real binary and across `kill -9`.

use std::process::Command;

use serde_json::Value;

use crate::support::server::{ADMIN, VIEWER};
use crate::support::{Server, now_ms, series};

/// Status and body of a request of the administrator's.
fn ask(server: &Server, path: &str) -> (u16, Value) {
    let answer = server.post(&format!("api/v1/admin/tsdb/{path}")).bearer_auth(ADMIN).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap_or_default())
}

fn times(server: &Server, name: &str) -> Vec<i64> {
    server.samples(name).into_iter().map(|(at, _)| at).collect()
}

/// A server with four samples each of two series, and the time of the first.
fn filled() -> (Server, i64) {
    let server = Server::start_with(&["--web-enable-admin-api"]);
    let start = now_ms() - 60_000;
    let samples: Vec<(i64, f64)> = (0..4).map(|n| (start + n * 1000, 1.0)).collect();
    server.push(vec![series("gone", &samples), series("kept", &samples)]);
    (server, start)
}

#[test]
fn deleted_samples_are_gone_and_stay_gone_after_kill_9() {
    let (mut server, start) = filled();
    let (from, to) = (start as f64 / 1000.0 + 1.0, start as f64 / 1000.0 + 2.0);
    let path = format!("delete_series?match[]=gone&start={from:.3}&end={to:.3}");
    assert_eq!(ask(&server, &path), (204, Value::Null));
    assert_eq!(ask(&server, "clean_tombstones"), (204, Value::Null));
    for _ in 0..2 {
        assert_eq!(times(&server, "gone"), [start, start + 3000]);
        assert_eq!(times(&server, "kept").len(), 4);
        server.crash_and_restart();
    }
    // Samples go on coming.
    server.push(vec![series("gone", &[(start + 5000, 2.0)])]);
    assert_eq!(times(&server, "gone"), [start, start + 3000, start + 5000]);
    assert_eq!(ask(&server, "delete_series?match[]=gone&match[]=kept"), (204, Value::Null));
    server.crash_and_restart();
    assert_eq!((times(&server, "gone"), times(&server, "kept")), (Vec::<i64>::new(), Vec::<i64>::new()));
}

#[test]
fn what_is_not_a_deletion_is_refused_and_so_are_those_who_may_not() {
    let (server, _) = filled();
    for (path, what) in [
        ("delete_series", "no match[] parameter provided"),
        ("delete_series?match[]=gone{", "invalid parameter \"match[]\""),
        ("delete_series?match[]={}", "non-empty matcher"),
        ("delete_series?match[]=gone&start=x", "invalid parameter \"start\""),
        ("snapshot?skip_head=x", "skip_head"),
    ] {
        let (status, body) = ask(&server, path);
        assert_eq!(status, 400, "{path}");
        assert!(body["error"].as_str().unwrap().contains(what), "{path}: {body}");
    }
    let viewer =
        server.post("api/v1/admin/tsdb/delete_series?match[]=gone").bearer_auth(VIEWER).send().unwrap();
    assert_eq!(viewer.status().as_u16(), 403);
    assert_eq!(times(&server, "gone").len(), 4);
}

#[test]
fn a_snapshot_taken_while_samples_come_is_restored_by_a_command() {
    let (server, start) = filled();
    let (status, body) = ask(&server, "snapshot");
    assert_eq!((status, &body["status"]), (200, &"success".into()));
    let snapshot = server.data_dir().join("tsdb/snapshots").join(body["data"]["name"].as_str().unwrap());
    server.push(vec![series("kept", &[(start + 9000, 9.0)])]);
    assert_eq!(ask(&server, "delete_series?match[]=gone"), (204, Value::Null));

    let mut restored = Server::start();
    restored.kill();
    let restore = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
        command.arg("restore").arg(&snapshot).arg("--data-dir").arg(restored.data_dir());
        command.output().unwrap()
    };
    std::fs::remove_dir_all(restored.data_dir().join("tsdb")).unwrap();
    let done = restore();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8(done.stdout).unwrap().ends_with("in 0 blocks\n"));
    let again = String::from_utf8(restore().stderr).unwrap();
    assert!(again.contains("blocks is not empty") || again.contains("wal is not empty"), "{again}");
    restored.restart();
    let expected: Vec<i64> = (0..4).map(|n| start + n * 1000).collect();
    assert_eq!((times(&restored, "gone"), times(&restored, "kept")), (expected.clone(), expected));
}
