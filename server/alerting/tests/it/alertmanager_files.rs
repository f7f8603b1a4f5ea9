//! Alertmanager's configurations: those that it loads are read, those that it refuses are refused with a place.

use crowsnest_alerting::alertmanager::Config;

use crate::corpus;

/// Files that get another verdict here than from amtool 0.25, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("alertmanager/config.testdata.conf.mattermost-default-webhook-url-file.yml", "Mattermost is newer"),
    ("alertmanager/config.testdata.conf.mattermost-default-webhook-url.yml", "Mattermost is newer"),
    ("alertmanager/config.testdata.conf.rocketchat-default-token.yml", "Rocket.Chat is newer"),
    ("alertmanager/config.testdata.conf.slack-default-app-token.yml", "Slack's app tokens are newer"),
    ("alertmanager/config.testdata.conf.wechat-default-api-secret-file.yml", "the secret's file is newer"),
    ("alertmanager/doc.examples.route_labels.yml", "labels of routes are newer"),
    ("other/cmo.secret.yaml.alertmanager.yaml", "proxy_from_environment is newer"),
];

#[test]
fn configurations_are_judged_as_alertmanager_judges_them() {
    let Some(table) = corpus::read("alertmanager/AMTOOL_0.25.tsv") else { return };
    let mut wrong = Vec::new();
    for row in table.lines().skip(1) {
        let [name, code, detail] = row.split('\t').collect::<Vec<_>>()[..] else { continue };
        let Some(text) = corpus::read(&format!("alertmanager/{name}")) else { continue };
        let accepted = (code == "0") != OTHERWISE.iter().any(|(file, _)| *file == name);
        match (Config::parse(&text), accepted) {
            (Ok(config), true) if detail.contains("receivers") => {
                let counted = format!(
                    "{} inhibit rules - {} receivers",
                    config.inhibit_rules.len(),
                    config.receivers.len()
                );
                if !detail.contains(&counted) {
                    wrong.push(format!("{name}: {counted}, amtool: {detail}"));
                }
            }
            (Ok(_), true) => {}
            (Ok(_), false) => wrong.push(format!("{name}: accepted, amtool: {detail}")),
            (Err(faults), true) => wrong.push(format!("{name}:{}", faults[0])),
            (Err(faults), false) => println!("{name}:{}", faults[0]),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
