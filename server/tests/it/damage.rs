//! Damaged files: the server starts, serves the rest, and says so where one looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::server::VIEWER;
use crate::support::{Server, now_ms, series, wait_for};

fn inspect(dir: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crowsnest")).arg("blocks").arg(dir).args(flags).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn segment(server: &Server, number: u32) -> PathBuf {
    server.data_dir().join(format!("tsdb/wal/{number:010}.wal"))
}

fn flip(file: &Path, at: usize) {
    let mut content = fs::read(file).unwrap();
    content[at] ^= 4;
    fs::write(file, content).unwrap();
}

fn ready(server: &Server) -> String {
    server.get("readyz").send().unwrap().error_for_status().unwrap().text().unwrap()
}

fn metric(server: &Server, name: &str) -> String {
    let page = server.get("metrics").bearer_auth(VIEWER).send().unwrap().text().unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).to_owned()
}

/// Pushes a sample of each of two series, each in a push of its own.
fn push_two(server: &Server, at: i64) {
    server.push(vec![series("first", &[(at, 1.0)])]);
    server.push(vec![series("second", &[(at, 2.0)])]);
}

#[test]
fn a_damaged_log_is_told_by_readyz_metrics_notices_and_the_inspection_that_names_the_place() {
    let mut server = Server::start();
    let at = now_ms();
    push_two(&server, at);
    assert_eq!(ready(&server), "crowsnest is ready\n");
    server.crash_and_restart();
    push_two(&server, at + 1);
    assert!(server.terminate());
    flip(&segment(&server, 1), 28 + 8 + 3);

    let found = inspect(&server.data_dir(), &["--verify"]);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let said = text(&found.stderr);
    assert!(said.starts_with("wal/0000000001.wal at byte 28: wrong checksum; "), "{said}");

    server.restart();
    assert_eq!(ready(&server), "crowsnest is ready\ndamaged: 1 place in the log\n");
    assert_eq!(metric(&server, "crowsnest_tsdb_wal_faults"), "1");
    assert_eq!(server.samples("second").last(), Some(&(at + 1, "2".to_owned())));
    server.push(vec![series("third", &[(at + 2, 3.0)])]);
    wait_for("a notice", || {
        let (_, notices) = server.ask("api/v1/notifications", &[]);
        notices.to_string().contains("crowsnest blocks --verify").then_some(())
    });
}

#[test]
fn damaged_control_state_is_set_aside_and_the_server_starts_with_all_its_samples() {
    let mut server = Server::start();
    let at = now_ms();
    push_two(&server, at);
    assert!(server.terminate());
    for file in ["conf", "db"] {
        let path = server.data_dir().join("control").join(file);
        let length = fs::metadata(&path).unwrap().len();
        fs::write(&path, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    }
    server.restart();
    assert_eq!(ready(&server), "crowsnest is ready\ndamaged: 1 control state\n");
    assert_eq!(metric(&server, "crowsnest_control_damaged"), "1");
    assert_eq!(server.samples("first"), [(at, "1".to_owned())]);
    assert!(server.data_dir().join("control.damaged-1/db").exists());
    server.sign_in(crate::support::server::ADMIN);
    assert!(server.terminate());
    server.restart();
    assert_eq!(ready(&server), "crowsnest is ready\n");
}

#[test]
fn an_inspection_beside_the_running_server_lists_what_there_is_and_changes_nothing() {
    let server = Server::start();
    let at = now_ms();
    push_two(&server, at);
    let summary = inspect(&server.data_dir(), &[]);
    assert!(summary.status.success(), "{summary:?}");
    let said = text(&summary.stdout);
    assert!(said.contains("LOG") && said.contains("wal/0000000001.wal"), "{said}");
    assert!(said.contains("a server has it open"), "{said}");
    let verified = inspect(&server.data_dir(), &["--verify"]);
    assert!(text(&verified.stdout).ends_with("1 log segment read, 0 faults found\n"), "{verified:?}");

    let dumped = inspect(&server.data_dir(), &["--dump", "--match", "second", "--json"]);
    let lines: Vec<serde_json::Value> =
        text(&dumped.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["timestamps"][0], &lines[0]["values"][0]), (&at.into(), &"2".into()));
    assert!(inspect(&server.data_dir(), &["--top"]).status.success());
    push_two(&server, at + 1);
    assert_eq!(server.samples("first").len(), 2);
}

#[test]
fn a_folder_without_a_store_and_a_selector_that_is_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = text(&inspect(dir.path(), &[]).stderr);
    assert!(refused.contains("no store in"), "{refused}");
    let refused = text(&inspect(dir.path(), &["--dump", "--match", "{"]).stderr);
    assert!(refused.contains("--match"), "{refused}");
}
