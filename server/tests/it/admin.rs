//! Deleting samples, snapshots and restoring them, through the real binary and across `kill -9`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

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
    std::fs::remove_dir_all(restored.data_dir().join("tsdb")).unwrap();
    let done = restore(&snapshot, &restored);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8(done.stdout).unwrap().ends_with("in 0 blocks\n"));
    let again = String::from_utf8(restore(&snapshot, &restored).stderr).unwrap();
    assert!(again.contains("blocks is not empty") || again.contains("wal is not empty"), "{again}");
    restored.restart();
    let expected: Vec<i64> = (0..4).map(|n| start + n * 1000).collect();
    assert_eq!((times(&restored, "gone"), times(&restored, "kept")), (expected.clone(), expected));
}

fn restore(from: &Path, to: &Server) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.arg("restore").arg(from).arg("--data-dir").arg(to.data_dir()).output().unwrap()
}

fn backup(server: &Server, token: &str, file: &Path) -> Output {
    let token_file = server.data_dir().join("token-for-backup");
    std::fs::write(&token_file, token).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command
        .arg("backup")
        .args(["--url", &server.url, "--token-file"])
        .arg(token_file)
        .arg("--ca")
        .arg(server.ca());
    command.arg(file).output().unwrap()
}

#[test]
fn a_backup_taken_while_samples_come_is_restored_by_a_command() {
    let server = Server::start();
    let start = now_ms() - 60_000;
    let stop = AtomicBool::new(false);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("samples.tar.zst");
    let before = std::thread::scope(|scope| {
        let pushing = scope.spawn(|| {
            let mut pushed = 0;
            while !stop.load(Ordering::Relaxed) {
                server.push(vec![series("kept", &[(start + pushed, pushed as f64)])]);
                pushed += 1;
            }
            pushed
        });
        while times(&server, "kept").len() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let before = times(&server, "kept").len();
        let done = backup(&server, ADMIN, &file);
        stop.store(true, Ordering::Relaxed);
        assert!(pushing.join().unwrap() >= before as i64);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        before
    });
    let snapshots = server.data_dir().join("tsdb/snapshots");
    assert_eq!(std::fs::read_dir(snapshots).unwrap().count(), 0, "nothing stays behind");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);

    let mut restored = Server::start();
    restored.kill();
    std::fs::remove_dir_all(restored.data_dir().join("tsdb")).unwrap();
    let done = restore(&file, &restored);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains(" records of control state\n"));
    assert!(!restored.data_dir().join("restore.tmp").exists());
    restored.restart();
    let kept = times(&restored, "kept");
    assert!(kept.len() >= before, "{} of {before}", kept.len());
    assert_eq!(kept, (0..kept.len() as i64).map(|n| start + n).collect::<Vec<_>>());
}

#[test]
fn dashboards_and_silences_come_back_with_a_backup_unless_there_are_others_already() {
    let server = Server::start();
    let save = |server: &Server, title: &str| {
        let board = json!({"title": title, "panels": []}).to_string();
        let body = json!({"text": board, "folder": ""});
        let saved = server.post("api/crowsnest/v1/dashboards").bearer_auth(ADMIN).json(&body).send().unwrap();
        assert!(saved.status().is_success(), "{}", saved.text().unwrap());
    };
    let titles = |server: &Server| {
        let all: Value =
            server.get("api/crowsnest/v1/dashboards").bearer_auth(ADMIN).send().unwrap().json().unwrap();
        let titles = all["dashboards"].as_array().unwrap().iter();
        let mut titles: Vec<_> = titles.map(|board| board["title"].as_str().unwrap().to_owned()).collect();
        titles.retain(|title| title.starts_with("Mine"));
        titles
    };
    save(&server, "Mine before");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crowsnest.tar.zst");
    assert!(backup(&server, ADMIN, &file).status.success());

    let mut restored = Server::start();
    restored.kill();
    for part in ["tsdb", "control"] {
        std::fs::remove_dir_all(restored.data_dir().join(part)).unwrap();
    }
    assert!(restore(&file, &restored).status.success());
    restored.restart();
    assert_eq!(titles(&restored), ["Mine before"]);

    save(&restored, "Mine after");
    restored.kill();
    let (stopped, other) = (dir.path().join("stopped.tar.zst"), dir.path().join("other"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.arg("backup").arg(&stopped).arg("--data-dir").arg(restored.data_dir());
    assert!(command.output().unwrap().status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.args(["restore", "-", "--data-dir"]).arg(&other).stdin(std::fs::File::open(&stopped).unwrap());
    let done = command.output().unwrap();
    assert!(String::from_utf8_lossy(&done.stdout).contains(" records of control state"), "{done:?}");
    std::fs::remove_dir_all(restored.data_dir().join("tsdb")).unwrap();
    let done = restore(&file, &restored);
    assert!(String::from_utf8_lossy(&done.stdout).contains("were left as they are"), "{done:?}");
    restored.restart();
    assert_eq!(titles(&restored), ["Mine after", "Mine before"]);
}

#[test]
fn a_backup_that_fails_leaves_no_file_and_an_archive_that_was_cut_short_restores_nothing() {
    let server = Server::start();
    server.push(vec![series("kept", &[(now_ms(), 1.0)])]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("samples.tar.zst");
    let refused = String::from_utf8(backup(&server, VIEWER, &file).stderr).unwrap();
    assert!(refused.contains("403"), "{refused}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

    assert!(backup(&server, ADMIN, &file).status.success());
    let again = String::from_utf8(backup(&server, ADMIN, &file).stderr).unwrap();
    assert!(again.contains("is there already"), "{again}");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let mut other = Server::start();
    other.kill();
    std::fs::remove_dir_all(other.data_dir().join("tsdb")).unwrap();
    let refused = restore(&file, &other);
    assert!(!refused.status.success());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("cannot unpack"));
    assert!(!other.data_dir().join("tsdb").exists());
}
