//! `crowsnest doctor` beside a running server, on the folder of one that has ended, and in a cluster.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use crowsnest_kubesim::Options;
use serde_json::Value;

use crate::support::cluster::Sim;
use crate::support::installed::{MAIN, cluster};
use crate::support::manifests::{apply, arguments, pods};
use crate::support::push::labelled;
use crate::support::server::{ADMIN, PUSHER};
use crate::support::{Server, now_ms, series};

fn doctor(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.arg("doctor").args(flags);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The flags of a server, and the token of its administrator.
fn of(server: &Server, command: &mut Command) -> Output {
    let token = server.data_dir().join("../admin-token");
    fs::write(&token, ADMIN).unwrap();
    command.arg("--data-dir").arg(server.data_dir());
    command.arg("--static-token-file").arg(server.users_file());
    command.arg("--ingest-token-file").arg(server.ingest_file());
    command.arg("--token-file").arg(token).output().unwrap()
}

/// Files that tests write are for everybody; that is told and is not what these are about.
fn make_private(server: &Server) {
    use std::os::unix::fs::PermissionsExt as _;
    for file in [server.users_file(), server.ingest_file()] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn beside_a_running_server_all_is_well_and_each_check_says_so() {
    let server = Server::start();
    make_private(&server);
    server.push(vec![series("up", &[(now_ms(), 1.0)])]);
    let output = of(&server, &mut doctor(&[]));
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}{}", text(&output.stderr));
    for line in [
        "ok    settings: a server would start with them",
        "ok    files: --static-token-file",
        "ok    control state: a running server has it open",
        "ok    server: it is ready",
        "ok    server: it is of version",
        "ok    agents: 1 source, none silent",
        "ok    clocks: the running server's clock agrees",
        "ok    certificates: that of the running server",
    ] {
        assert!(told.contains(line), "no {line:?} in {told}");
    }
    assert!(!told.contains("\nfail"), "{told}");
}

#[test]
fn an_old_agent_whose_queue_is_long_is_told_by_what_it_has_pushed() {
    let server = Server::start();
    make_private(&server);
    let own = |name: &str, value: f64, version: &[(&str, &str)]| {
        let labels =
            [("__name__", name), ("instance", "node-7"), ("job", "node-exporter"), ("node", "node-7")];
        labelled(&[&labels[..], version].concat(), &[(now_ms(), value)])
    };
    server.push(vec![
        own("crowsnest_agent_build_info", 1.0, &[("version", "0.0.1")]),
        own("crowsnest_agent_queue_samples", 2e6, &[]),
    ]);
    let output = of(&server, &mut doctor(&[]));
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("warn  agents: the agent of node-7 is of version 0.0.1"), "{told}");
    assert!(told.contains("warn  agents: 2000000 samples wait in the queue of node-7"), "{told}");
}

#[test]
fn damage_is_found_with_the_server_stopped_and_the_exit_status_says_so() {
    let mut server = Server::start();
    make_private(&server);
    server.push(vec![series("up", &[(now_ms(), 1.0)])]);
    server.crash_and_restart();
    server.push(vec![series("up", &[(now_ms(), 1.0)])]);
    assert!(server.terminate());
    let output = doctor(&["--data-dir"]).arg(server.data_dir()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains(", all readable"), "{}", text(&output.stdout));

    let segment = server.data_dir().join("tsdb/wal/0000000001.wal");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[28 + 8 + 3] ^= 4;
    fs::write(segment, bytes).unwrap();
    let output = doctor(&["--json", "--data-dir"]).arg(server.data_dir()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["count"]["fail"], 1, "{report}");
    let findings = report["findings"].as_array().unwrap();
    let store = findings.iter().find(|finding| finding["subject"] == "store").unwrap();
    assert!(store["what"].as_str().unwrap().starts_with("wal/0000000001.wal at byte 28"), "{store}");
}

#[test]
fn a_server_that_does_not_answer_and_settings_that_make_no_sense_fail() {
    let output = doctor(&["--url", "https://127.0.0.1:1/", "--auth", "static"]).output().unwrap();
    let told = text(&output.stdout);
    assert!(!output.status.success());
    assert!(told.contains("fail  settings: a server would not start: --auth static needs"), "{told}");
    assert!(told.contains("fail  server: cannot connect to 127.0.0.1:1"), "{told}");
}

/// The account of the main manifest, as the server's pod has it.
fn in_cluster(sim: &Sim, more: &[&str]) -> String {
    let (_, pod) = pods(MAIN).into_iter().find(|(name, _)| name == "crowsnest").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    fs::write(&kubeconfig, sim.running.kubeconfig("crowsnest", "crowsnest", 3600).unwrap()).unwrap();
    let mut command = doctor(&[]);
    let flags = arguments(&pod).into_iter().skip(1);
    command.args(flags.filter(|flag| !flag.starts_with("--data-dir") && !flag.starts_with("--provisioning")));
    command.arg("--data-dir").arg(folder.path()).arg("--kubeconfig").arg(kubeconfig).args(more);
    text(&command.output().unwrap().stdout)
}

#[test]
fn in_a_cluster_each_right_is_asked_for_and_a_lacking_one_is_told_with_its_manifest() {
    let sim = cluster(&[], Options::default());
    let told = in_cluster(&sim, &["--keep-last-logs"]);
    assert!(told.contains("ok    API server: it answers, version v1."), "{told}");
    assert!(told.contains("ok    clocks: the API server's clock agrees"), "{told}");
    assert!(told.contains("ok    rights: --cluster-metrics: all "), "{told}");
    assert!(told.contains("ok    rights: --publish-ca: all 1 that it needs"), "{told}");
    let lacking = "fail  rights: --keep-last-logs: the server's account may not get pods/log; kubectl apply -f deploy/last-logs.yaml";
    assert!(told.contains(lacking), "{told}");
    apply(&sim, "last-logs.yaml");
    let told = in_cluster(&sim, &["--keep-last-logs"]);
    assert!(told.contains("ok    rights: --keep-last-logs: all 1"), "{told}");
    assert!(!told.contains("\nfail"), "{told}");

    sim.cut(true);
    let told = in_cluster(&sim, &[]);
    assert!(told.contains("fail  API server: "), "{told}");
}

/// Every file of a bundle, as name and text.
fn unpacked(bundle: &Path) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(fs::File::open(bundle).unwrap()).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    entries.collect()
}

/// A secret for each place that may hold one.
const PLANTED: &[(&str, &str)] = &[
    ("rules of alertmanager.yml", "https://hooks.chat.example/services/T00/B00/planted-hook"),
    ("a password there", "planted-smtp-password"),
    ("a file that it names", "planted-in-a-file-behind"),
    ("a scrape file", "planted-scrape-password"),
    ("a value that a parser quotes", "planted-quoted-value"),
    ("an address among the settings", "planted-url-password"),
    ("the client secret", "planted-oidc-secret"),
    ("a variable", "planted-in-a-variable"),
    ("the log", "planted.in-the-log"),
    ("a header in the log", "cGxhbnRlZDppbi1hLWhlYWRlcg=="),
];

fn plant(server: &Server, folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("behind", "planted-in-a-file-behind\n");
    let alertmanager = "\
global:
  smtp_smarthost: mail.example:587
  smtp_from: a@example
  smtp_auth_username: a
  smtp_auth_password: planted-smtp-password
  opsgenie_api_key_file: behind
route: {receiver: a, group_wait: planted-quoted-value}
receivers:
  - name: a
    slack_configs: [{api_url: 'https://hooks.chat.example/services/T00/B00/planted-hook', channel: c}]
";
    write("alertmanager.yml", alertmanager);
    let scrape = "scrape_configs:\n  - job_name: a\n    basic_auth: {username: u, password: planted-scrape-password}\n    static_configs: [{targets: ['127.0.0.1:1']}]\n";
    write("scrape/a.yml", scrape);
    write("oidc-secret", "planted-oidc-secret\n");
    let log = format!(
        "INFO pushed by token={PUSHER}\nWARN password: planted.in-the-log\nDEBUG Authorization: Basic cGxhbnRlZDppbi1hLWhlYWRlcg==\nINFO {ADMIN} and planted-in-a-file-behind\nGET https://ann:planted-url-password@nest.example/x\n"
    );
    write("log", &log);
    server.push(vec![series("up", &[(now_ms(), 1.0)])]);
    server.sign_in(ADMIN);
}

#[test]
fn the_bundle_has_what_is_needed_and_none_of_the_secrets_that_were_planted() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    plant(&server, folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let bundle = folder.path().join("doctor.tar.zst");
    let mut command = doctor(&["--provisioning", &path(""), "--log", &path("log"), "--bundle"]);
    command.arg(&bundle).args(["--external-url", "https://ann:planted-url-password@nest.example/"]);
    command.env("MAIL_PASSWORD", "planted-in-a-variable").env("CROWSNEST_MAX_SERIES", "1000");
    let output = of(&server, &mut command);
    assert_eq!(output.status.code(), Some(1), "alertmanager.yml has a fault");
    assert!(text(&output.stdout).contains("alertmanager.yml:7:"), "{}", text(&output.stdout));

    let files = unpacked(&bundle);
    let names: Vec<&str> =
        files.iter().map(|(name, _)| name.strip_prefix("crowsnest-doctor/").unwrap()).collect();
    for name in [
        "report.json",
        "version.txt",
        "settings.json",
        "data-folder.txt",
        "server/metrics.txt",
        "server/tsdb.json",
        "audit.txt",
        "log.txt",
    ] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    let find = |name: &str| &files.iter().find(|(found, _)| found.ends_with(name)).unwrap().1;
    assert!(find("server/metrics.txt").contains("crowsnest_build_info"));
    assert!(find("data-folder.txt").contains("tls/ca.crt"));
    assert!(find("settings.json").contains("\"max-series\": \"1000\""), "{}", find("settings.json"));
    assert!(find("report.json").contains("alertmanager.yml:7:"));
    assert_eq!(find("variables.txt"), "CROWSNEST_MAX_SERIES");
    assert!(find("audit.txt").contains("ann"));

    let keys = ["keys/session.key", "tls/ca.key", "tls/server.key"].map(|key| server.data_dir().join(key));
    let pem = fs::read_to_string(&keys[1]).unwrap();
    let body = pem.lines().nth(1).unwrap();
    let secrets = PLANTED.iter().map(|(place, secret)| (*place, *secret));
    let tokens = [("the administrator's token", ADMIN), ("a sender's token", PUSHER), ("a key", body)];
    for (place, secret) in secrets.chain(tokens) {
        for (name, text) in &files {
            assert!(!text.contains(secret), "the secret of {place} is in {name}: {text}");
        }
    }
    let users = fs::read_to_string(server.users_file()).unwrap();
    let digest = users.lines().find_map(|line| line.trim().strip_prefix("token_sha256: ")).unwrap();
    assert!(files.iter().all(|(_, text)| !text.contains(digest)), "digests of tokens are for nobody either");
}

#[test]
fn a_bundle_never_takes_the_place_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("there");
    fs::write(&bundle, "mine").unwrap();
    let output = doctor(&["--data-dir"]).arg(folder.path()).arg("--bundle").arg(&bundle).output().unwrap();
    assert!(!output.status.success() && text(&output.stderr).contains("is there already"));
    assert_eq!(fs::read_to_string(bundle).unwrap(), "mine");
}
