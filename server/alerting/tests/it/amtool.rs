//! Routes beside those of amtool: the same file, the same labels, the same receivers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crowsnest_alerting::alertmanager::Config;
use crowsnest_api::Labels;

use crate::corpus;

/// Debian's amtool; `None`, after saying so, when it is not there.
fn amtool() -> Option<PathBuf> {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/amtool");
    let found = [unpacked, PathBuf::from("/usr/bin/amtool")].into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("amtool is not here: nothing to compare routes with");
    }
    found
}

/// What amtool says an alert is routed to.
fn receivers(amtool: &Path, config: &Path, labels: &[(String, String)]) -> String {
    let mut command = Command::new(amtool);
    command.args(["config", "routes", "test", "--config.file"]).arg(config);
    command.args(labels.iter().map(|(name, value)| format!("{name}={value}")));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const ROUTES: &str = "route:
  receiver: r0
  group_by: [alertname]
  routes:
  - {receiver: r1, match: {team: a}, continue: true, routes: [{receiver: r2, match_re: {severity: 'crit.*|warning'}}, {receiver: r3, matchers: ['severity!=\"info\"', 'zone=~\"x|\"']}]}
  - {receiver: r4, matchers: ['{team=~\"a|b\",zone!~\"y\"}']}
  - {matchers: [zone=y], routes: [{receiver: r5, matchers: [team=c], continue: true}, {receiver: r6, matchers: [team=~\".+\"]}]}
receivers: [{name: r0}, {name: r1}, {name: r2}, {name: r3}, {name: r4}, {name: r5}, {name: r6}]
";

fn check(amtool: &Path, path: &Path, labels: &[(String, String)]) {
    let config = Config::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let set = Labels::from_pairs(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let ours: Vec<_> = config.route.matching(&set).iter().map(|route| route.receiver.clone()).collect();
    assert_eq!(ours.join(","), receivers(amtool, path, labels), "{}: {set}", path.display());
}

#[test]
fn alerts_are_routed_as_amtool_routes_them() {
    let Some(amtool) = amtool() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alertmanager.yml");
    std::fs::write(&path, ROUTES).unwrap();
    for team in ["", "a", "b", "c"] {
        for severity in ["", "critical", "warning", "info"] {
            for zone in ["", "x", "y"] {
                let pairs = [("team", team), ("severity", severity), ("zone", zone), ("alertname", "A")];
                let set = pairs.iter().filter(|(_, value)| !value.is_empty());
                let set: Vec<_> =
                    set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                check(&amtool, &path, &set);
            }
        }
    }
}

#[test]
fn real_configurations_route_as_amtool_routes_them() {
    let Some(amtool) = amtool() else { return };
    for name in [
        "alertmanager/alertmanager/cli.testdata.conf.routing.yml",
        "alertmanager/alertmanager/config.testdata.conf.good.yml",
        "alertmanager/other/kube-prometheus-stack.config.yml",
        "alertmanager/other/karma.alertmanager.yaml",
        "alertmanager/other/perses.alertmanager.yaml",
    ] {
        let Some(path) = corpus::find(name) else { return };
        for (label, value) in [
            ("test", "1"),
            ("test", "2"),
            ("service", "foo1"),
            ("service", "files"),
            ("service", "database"),
            ("alertname", "Watchdog"),
            ("severity", "critical"),
        ] {
            check(&amtool, &path, &[(label.to_owned(), value.to_owned())]);
        }
    }
}
