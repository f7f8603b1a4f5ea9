//! Rules and targets of the running server that fail.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::finding::{Finding, many};
use super::patient::Patient;
use super::server::ask;

pub(super) const SUBJECT: &str = "rules and targets";

/// Names that are told of many.
const MAX_TOLD: usize = 5;

#[derive(Default, Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Default, Deserialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    name: String,
    health: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<Target>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Target {
    scrape_pool: String,
    health: String,
}

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let Some(server) = patient.confided_server() else { return Vec::new() };
    let mut findings = Vec::new();
    if let Some(Groups { groups }) = ask(server, "api/v1/rules").await {
        findings.push(judge_rules(&groups));
    }
    if let Some(Targets { active_targets }) = ask(server, "api/v1/targets?state=active").await {
        findings.extend(judge_targets(&active_targets));
    }
    findings
}

fn judge_rules(groups: &[Group]) -> Finding {
    let all = groups.iter().flat_map(|group| group.rules.iter().map(|rule| (&group.name, rule)));
    let (bad, good): (Vec<_>, Vec<_>) = all.partition(|(_, rule)| rule.health == "err");
    if bad.is_empty() {
        return Finding::ok(SUBJECT, format!("{}, none of which fails", many(good.len(), "rule")));
    }
    let named = some(bad.iter().map(|(group, rule)| format!("{group}/{}", rule.name)).collect());
    Finding::warn(SUBJECT, format!("{} rules fail: {named}", bad.len()), "the page Alerts, Rules says why")
}

fn judge_targets(targets: &[Target]) -> Option<Finding> {
    let mut down: BTreeMap<&str, usize> = BTreeMap::new();
    for target in targets.iter().filter(|target| target.health == "down") {
        *down.entry(&target.scrape_pool).or_default() += 1;
    }
    if targets.is_empty() {
        return None;
    }
    if down.is_empty() {
        return Some(Finding::ok(
            SUBJECT,
            format!("{}, none of which is down", many(targets.len(), "target")),
        ));
    }
    let pools = some(down.iter().map(|(pool, count)| format!("{count} of {pool}")).collect());
    let remedy = "/api/v1/targets says why";
    Some(Finding::warn(SUBJECT, format!("targets are down: {pools}"), remedy))
}

/// The first of many names.
fn some(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MAX_TOLD);
    names.truncate(MAX_TOLD);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn rules_that_fail_and_targets_that_are_down_are_named() {
        let rule = |name: &str, health: &str| Rule { name: name.into(), health: health.into() };
        let rules: Vec<Rule> =
            (0..7).map(|n| rule(&format!("r{n}"), "err")).chain([rule("good", "ok")]).collect();
        let found = judge_rules(&[Group { name: "g".into(), rules }]);
        assert_eq!(found.what, "7 rules fail: g/r0, g/r1, g/r2, g/r3, g/r4 and 2 more");
        assert_eq!(judge_rules(&[]).level, Level::Ok);
        let target = |health: &str| Target { scrape_pool: "web".into(), health: health.into() };
        assert_eq!(
            judge_targets(&[target("up"), target("down")]).unwrap().what,
            "targets are down: 1 of web"
        );
        assert_eq!(judge_targets(&[target("up")]).unwrap().level, Level::Ok);
    }
}
