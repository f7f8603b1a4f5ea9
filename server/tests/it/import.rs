//! `crowsnest import prometheus`: the folder of a real Prometheus, blocks by promtool and a log that ended by `kill -9`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::tools::{self, Peer};
use crate::support::{Server, now_ms, wait_for};

fn import(from: &Path, data_dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crowsnest"))
        .args(["import", "prometheus"])
        .arg(from)
        .arg("--data-dir")
        .arg(data_dir)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The samples of a matrix of one series.
fn samples(body: &Value) -> Vec<(i64, String)> {
    let result = body["data"]["result"].as_array().unwrap();
    let points = result.first().map_or(&Value::Null, |series| &series["values"]);
    let point = |point: &Value| {
        ((point[0].as_f64().unwrap() * 1000.0).round() as i64, point[1].as_str().unwrap().to_owned())
    };
    points.as_array().into_iter().flatten().map(point).collect()
}

/// Two days by the hour, as promtool reads them.
fn open_metrics(newest_ms: i64) -> (String, Vec<(i64, String)>) {
    let mut text = String::from("# TYPE imported gauge\n");
    let mut expected = Vec::new();
    for hour in (0..48).rev() {
        let at = newest_ms / 1000 - hour * 3600;
        writeln!(text, "imported{{site=\"a\"}} {}.5 {at}", 48 - hour).unwrap();
        expected.push((at * 1000, format!("{}.5", 48 - hour)));
    }
    (text + "# EOF\n", expected)
}

#[test]
fn blocks_and_log_of_a_killed_prometheus_are_answered_as_it_answered() {
    if !tools::is_there("prometheus") || !tools::is_there("promtool") {
        return;
    }
    let config = |port| {
        format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n\
             scrape_configs:\n  - {{job_name: p, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
        )
    };
    let mut peer = Peer::start(config);
    let asked =
        |peer: &Peer| samples(&peer.ask("api/v1/query", &[("query", "go_goroutines[1h]".to_owned())]));
    let scraped = wait_for("scrapes", || Some(asked(&peer)).filter(|samples| samples.len() >= 4));
    peer.kill();
    let (written, expected) = open_metrics(now_ms() - 6 * 3_600_000);
    let file = peer.data().join("../imported.txt");
    std::fs::write(&file, written).unwrap();
    let made = tools::command("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &peer.data()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");

    let mut server = Server::start();
    let refused = import(&peer.data(), &server.data_dir());
    assert!(text(&refused.stderr).contains("another crowsnest uses the data folder"), "{refused:?}");
    assert!(server.terminate());
    for _ in 0..2 {
        let imported = import(&peer.data(), &server.data_dir());
        assert!(imported.status.success(), "{imported:?}");
        let said = text(&imported.stdout);
        assert!(said.contains(" samples imported from "), "{said}");
        assert!(!said.contains("left out"), "{said}");
    }
    server.restart();
    assert_eq!(server.samples_of("imported[4d]"), expected);
    let ours = server.samples_of("go_goroutines[1h]");
    assert_eq!(ours.get(..scraped.len()), Some(scraped.as_slice()));
}

#[test]
fn a_folder_that_is_none_of_prometheus_is_refused_and_damage_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (from, data_dir) = (folder.path().join("from"), folder.path().join("data"));
    std::fs::create_dir(&from).unwrap();
    let refused = import(&from, &data_dir);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("holds neither blocks nor a log"), "{refused:?}");

    let block = from.join("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    std::fs::create_dir_all(block.join("chunks")).unwrap();
    let now = now_ms();
    let meta = format!(
        r#"{{"ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "minTime": {}, "maxTime": {now}, "version": 1}}"#,
        now - 7_200_000
    );
    std::fs::write(block.join("meta.json"), meta).unwrap();
    std::fs::write(block.join("index"), [0; 100]).unwrap();
    let failed = import(&from, &data_dir);
    assert!(!failed.status.success());
    let said = text(&failed.stderr);
    assert!(said.contains("index is damaged at byte 0: the first bytes of an index"), "{said}");
}
