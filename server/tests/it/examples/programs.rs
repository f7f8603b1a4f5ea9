//! Programs that ask us, and files that we read: Grafana, Alertmanager's configuration.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{Access, path, text, yaml};
use crate::notifications::webhook;
use crate::support::server::{VIEWER, json as status_and_body};
use crate::support::{Server, now_ms, series, tools};

/// Grafana is not here. Its file is read as it reads it, and what its data sources ask first is asked.
#[test]
fn grafanas_data_sources_get_answers_with_what_their_file_says() {
    let server = Server::start();
    server.push(vec![series("temperature", &[(now_ms(), 21.5)])]);
    let access = Access::new(&server, VIEWER);
    let file: Value =
        serde_saphyr::from_str(&access.here(&text("grafana-datasource.yaml"), &server)).unwrap();
    assert_eq!(file["apiVersion"], 1);
    let [metrics, alerts] = file["datasources"].as_array().unwrap().as_slice() else { panic!("{file}") };
    for source in [metrics, alerts] {
        assert_eq!(
            (&source["access"], &source["jsonData"]["tlsAuthWithCACert"]),
            (&"proxy".into(), &true.into())
        );
        let ca = in_file(source["secureJsonData"]["tlsCACert"].as_str().unwrap());
        assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));
        let path =
            if source["type"] == "prometheus" { "api/v1/query?query=temperature" } else { "api/v2/alerts" };
        let url = format!("{}/{path}", source["url"].as_str().unwrap());
        let header = source["jsonData"]["httpHeaderName1"].as_str().unwrap();
        let value = in_file(source["secureJsonData"]["httpHeaderValue1"].as_str().unwrap());
        let (status, answer) = status_and_body(server.http.get(&url).header(header, value).send().unwrap());
        assert_eq!(status, 200, "{url}: {answer}");
    }
    assert_eq!((&metrics["type"], &alerts["type"]), (&"prometheus".into(), &"alertmanager".into()));
}

/// A setting with `$__file{PATH}` in it replaced by what is in the file.
fn in_file(setting: &str) -> String {
    let (before, rest) = setting.split_once("$__file{").unwrap();
    let (path, after) = rest.split_once('}').unwrap();
    format!("{before}{}{after}", std::fs::read_to_string(path).unwrap().trim())
}

#[test]
fn alertmanager_and_we_read_the_same_configuration() {
    let ours = Command::new(env!("CARGO_BIN_EXE_crowsnest"))
        .args(["check", "alertmanager"])
        .arg(path("alertmanager.yml"))
        .output()
        .unwrap();
    assert!(ours.status.success(), "{}", String::from_utf8_lossy(&ours.stdout));
    if !tools::is_there("amtool") {
        return;
    }
    let theirs = tools::command("amtool").arg("check-config").arg(path("alertmanager.yml")).output().unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
}

/// Debian's Alertmanager does not start without its templates in `/usr/share`, so somebody else takes what it would be sent.
#[test]
fn an_existing_alertmanager_is_sent_what_our_rules_find() {
    let (port, posted) = webhook(&[]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let rule = "groups: [{name: g, interval: 1s, rules: [{alert: FromUs, expr: vector(1)}]}]";
    std::fs::write(folder.path().join("rules/r.yml"), rule).unwrap();
    let flag = yaml("forward-alerts-values.yaml")["extraArgs"][0].as_str().unwrap().to_owned();
    let flag = flag.replace("alertmanager-operated.monitoring.svc:9093", &format!("127.0.0.1:{port}"));
    let _server = Server::start_with(&["--provisioning", folder.path().to_str().unwrap(), &flag]);
    let alerts = posted.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(alerts[0]["labels"]["alertname"], "FromUs", "{alerts}");
}
