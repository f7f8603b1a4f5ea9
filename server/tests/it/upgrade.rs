//! Data folders and backups of earlier releases: they open in this one with everything in them.
//!
//! `fixtures/RELEASE` has what that release left: `data.tar.zst`, a data folder without its keys and certificates, and
//! `backup.tar.zst`, its backup. The one of a release is made by that release, once:
//!
//! ```text
//! CROWSNEST_FIXTURE=server/tests/it/fixtures/0.2.0 cargo test -p crowsnest --test it upgrade:: -- --ignored
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::server::{ADMIN, PUSHER, json as status_and_body};
use crate::support::{Server, now_ms, series, wait_for};

const RELEASES: &[&str] = &["0.1.0"];

/// Whole days, so that what a fixture has does not depend on when it was made: 2026-11-20.
const START: i64 = 1_795_132_800_000;
const MINUTE: i64 = 60_000;
/// Twelve hours of samples, a minute apart.
const SAMPLES: i64 = 12 * 60;
/// However long ago a fixture was made, nothing of it is past retention.
const FOR_EVER: [&str; 4] = ["--retention", "50y", "--retention-5m", "60y"];

fn value(index: i64) -> f64 {
    (index * 7) as f64 + 0.5
}

fn fixture(release: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(release).join(file)
}

fn unpack(archive: &Path, folder: &Path) {
    tar::Archive::new(zstd::Decoder::new(File::open(archive).unwrap()).unwrap()).unpack(folder).unwrap();
}

/// A server on a folder that another release left.
fn upgraded(release: &str) -> Server {
    let mut server = Server::start();
    assert!(server.terminate());
    fs::remove_dir_all(server.data_dir()).unwrap();
    fs::create_dir(server.data_dir()).unwrap();
    unpack(&fixture(release, "data.tar.zst"), &server.data_dir());
    server.set_arguments(&FOR_EVER);
    server.restart();
    server
}

fn get(server: &Server, path: &str) -> Value {
    let (status, body) = status_and_body(server.get(path).bearer_auth(ADMIN).send().unwrap());
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[track_caller]
fn send(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = server.request(method, path).bearer_auth(ADMIN).json(body);
    let (status, answer) = status_and_body(request.send().unwrap());
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
    answer
}

/// The value of an expression when the samples ended.
fn at_end(server: &Server, expression: &str) -> Value {
    let time = ((START + (SAMPLES - 1) * MINUTE) / 1000).to_string();
    let query = [("query", expression), ("time", &time)];
    let (_, body) =
        status_and_body(server.get("api/v1/query").query(&query).bearer_auth(ADMIN).send().unwrap());
    body["data"]["result"][0]["value"][1].clone()
}

/// What the newest hours have, of blocks and of the log, raw as they were pushed.
fn assert_samples(server: &Server) {
    let last = value(SAMPLES - 1).to_string();
    assert_eq!(at_end(server, "kept"), json!(last));
    assert_eq!(at_end(server, "count_over_time(kept[1h])"), json!("60"));
    // Over whole buckets of what was down-sampled, growth is exact.
    assert_eq!(at_end(server, "kept - kept offset 10h"), json!("4200"));
}

#[test]
fn a_data_folder_of_each_release_opens_with_everything_in_it() {
    for release in RELEASES {
        let mut server = upgraded(release);
        assert_samples(&server);
        let ready = server.get("readyz").send().unwrap().text().unwrap();
        assert_eq!(ready, "crowsnest is ready\n", "{release}: nothing is damaged");

        let board = get(&server, "api/crowsnest/v1/dashboards/kept?version=1");
        assert_eq!(board["dashboard"]["title"], "First", "{release}");
        let board = get(&server, "api/crowsnest/v1/dashboards/kept");
        assert_eq!((&board["dashboard"]["title"], &board["version"]), (&json!("Second"), &json!(2)));
        let rules = get(&server, "api/crowsnest/v1/rules");
        assert_eq!(rules["rules"][0]["rule"]["alert"], "Kept", "{release}");
        let silences = get(&server, "alertmanager/api/v2/silences");
        assert_eq!(silences[0]["comment"], "kept", "{release}");
        let sources = get(&server, "api/crowsnest/v1/sources");
        let jobs: Vec<&Value> =
            sources["sources"].as_array().unwrap().iter().map(|one| &one["job"]).collect();
        assert!(jobs.contains(&&json!("test")), "{release}: {sources}");
        assert_eq!(server.query("nightly_kept{job=\"nightly\"}")[0]["value"][1], "1", "{release}");

        // It goes on from there, and opens once more in the form that this release writes.
        server.push(vec![series("kept", &[(START + SAMPLES * MINUTE, value(SAMPLES))])]);
        server.crash_and_restart();
        assert_samples(&server);
    }
}

#[test]
fn a_backup_of_each_release_restores() {
    for release in RELEASES {
        let mut server = Server::start();
        assert!(server.terminate());
        fs::remove_dir_all(server.data_dir().join("tsdb")).unwrap();
        let restored = Command::new(env!("CARGO_BIN_EXE_crowsnest"))
            .arg("restore")
            .arg(fixture(release, "backup.tar.zst"))
            .arg("--data-dir")
            .arg(server.data_dir())
            .output()
            .unwrap();
        assert!(restored.status.success(), "{release}: {}", String::from_utf8_lossy(&restored.stderr));
        server.set_arguments(&FOR_EVER);
        server.restart();
        assert_samples(&server);
    }
}

#[test]
fn this_release_has_a_fixture() {
    assert_eq!(RELEASES.last(), Some(&env!("CARGO_PKG_VERSION")), "make one before the release; see above");
}

/// Something of each kind that is kept.
fn fill(server: &Server) {
    for hour in 0..SAMPLES / 60 {
        let minutes = hour * 60..(hour + 1) * 60;
        let samples: Vec<(i64, f64)> = minutes.map(|index| (START + index * MINUTE, value(index))).collect();
        server.push(vec![series("kept", &samples), series("constant", &samples[..1])]);
    }
    let board = |title: &str| json!({"uid": "kept", "title": title, "panels": []});
    send(server, "POST", "api/crowsnest/v1/dashboards", &json!({"text": board("First").to_string()}));
    let second = json!({"dashboard": board("Second"), "version": 1, "message": "changed"});
    send(server, "PUT", "api/crowsnest/v1/dashboards/kept", &second);
    send(server, "PUT", "api/crowsnest/v1/dashboards/kept/star", &Value::Null);
    let rule = json!({"alert": "Kept", "expr": "kept > 1e9", "labels": {}, "annotations": {}});
    send(
        server,
        "POST",
        "api/crowsnest/v1/rules",
        &json!({"folder": "crowsnest", "version": 0, "rule": rule}),
    );
    let matcher = json!({"name": "alertname", "value": "Kept", "isRegex": false, "isEqual": true});
    let silence = json!({
        "matchers": [matcher], "startsAt": "2026-11-20T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "ann", "comment": "kept",
    });
    send(server, "POST", "alertmanager/api/v2/silences", &silence);
    let put = server.client().put(format!("{}metrics/job/nightly", server.url)).bearer_auth(PUSHER);
    assert!(put.body("nightly_kept 1\n").send().unwrap().status().is_success());
    server.sign_in(ADMIN);
}

#[test]
#[ignore = "makes the fixture of this release in the folder that CROWSNEST_FIXTURE names"]
fn make_the_fixture_of_this_release() {
    let out = PathBuf::from(std::env::var_os("CROWSNEST_FIXTURE").unwrap());
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(out);
    fs::create_dir_all(&out).unwrap();
    let mut server = Server::start_with(&FOR_EVER);
    fill(&server);
    // Then the older half is past retention, and down-sampled.
    assert!(server.terminate());
    let raw = format!("{}h", (now_ms() - START) / (60 * MINUTE) - SAMPLES / 120);
    server.set_arguments(&["--retention", &raw, "--retention-5m", "60y"]);
    server.restart();
    wait_for("blocks, some of them down-sampled", || {
        let files = fs::read_dir(server.data_dir().join("tsdb/blocks")).unwrap();
        let formats: Vec<u8> = files.map(|file| fs::read(file.unwrap().path()).unwrap()[8]).collect();
        (formats.contains(&2) && formats.contains(&3)).then_some(())
    });
    let token = server.data_dir().join("token");
    fs::write(&token, ADMIN).unwrap();
    let backup = out.join("backup.tar.zst");
    fs::remove_file(&backup).ok();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.arg("backup").arg(&backup).args(["--url", &server.url, "--token-file"]).arg(token);
    assert!(command.arg("--ca").arg(server.ca()).status().unwrap().success());
    assert!(server.terminate());
    let archive = File::create(out.join("data.tar.zst")).unwrap();
    let mut archive = tar::Builder::new(zstd::Encoder::new(archive, 19).unwrap());
    for part in ["tsdb", "control"] {
        archive.append_dir_all(part, server.data_dir().join(part)).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}
