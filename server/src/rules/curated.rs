//! Rules that come with the server, on as long as nobody switches them off.

use anyhow::{Context as _, bail};
use crowsnest_alerting::rules::RuleFile;
use crowsnest_promql::Engine;

use super::GroupKey;
use super::given::{Given, Groups};

/// A file of them.
struct Curated {
    /// What `--curated-rules` calls it.
    name: &'static str,
    text: &'static str,
}

const FILES: &[Curated] = &[
    Curated { name: "certificates", text: include_str!("curated/certificates.yml") },
    Curated { name: "kubernetes", text: include_str!("curated/kubernetes.yml") },
    Curated { name: "nodes", text: include_str!("curated/nodes.yml") },
    Curated { name: "stack", text: include_str!("curated/stack.yml") },
    Curated { name: "storage", text: include_str!("curated/storage.yml") },
];

/// What the files are called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.name)
}

/// The files that somebody names; all of them when nobody says anything, and none for `none`.
///
/// # Errors
/// When there is no file of a name.
pub(crate) fn named(names: Option<&[String]>) -> anyhow::Result<Vec<&'static str>> {
    let find = |name: &String| match FILES.iter().find(|file| file.name == name.trim()) {
        Some(file) => Ok(file.name),
        None => {
            let all: Vec<&str> = self::names().collect();
            bail!("--curated-rules: there are none called {name:?}; there are {}, and `none`", all.join(", "))
        }
    };
    match names {
        None => Ok(self::names().collect()),
        Some([one]) if one == "none" => Ok(Vec::new()),
        Some(names) => names.iter().map(find).collect(),
    }
}

/// The groups of these files.
pub(super) fn groups(names: &[&str], engine: &Engine) -> anyhow::Result<Groups> {
    let mut groups = Groups::new();
    for Curated { name, text } in FILES.iter().filter(|file| names.contains(&file.name)) {
        let read = RuleFile::parse(text, engine).map_err(|faults| {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            anyhow::anyhow!("curated/{name}.yml:{first}")
        });
        for group in read.context("cannot read the rules that came with the server")?.groups {
            let key = GroupKey { file: format!("curated/{name}.yml"), name: group.name.to_string() };
            groups.insert(key, Given::unconfined(group));
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crowsnest_alerting::rules::{RuleKind, duplicates};
    use crowsnest_alerting::unit_test::{self, RuleText};

    use super::*;

    const TESTS: &str = include_str!("curated/tests.yml");

    fn all() -> Groups {
        groups(&named(None).unwrap(), &Engine::default()).unwrap()
    }

    #[test]
    fn they_are_chosen_by_name() {
        let named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            super::named(Some(&names)).map_err(|error| error.to_string())
        };
        assert_eq!(named(&["none"]).unwrap(), [""; 0]);
        assert_eq!(named(&["nodes", " stack"]).unwrap(), ["nodes", "stack"]);
        assert!(named(&["node"]).unwrap_err().contains("there are certificates, kubernetes, nodes"));
        assert_eq!(super::named(None).unwrap().len(), FILES.len());
    }

    #[test]
    fn each_says_what_is_so_what_that_means_and_what_to_do() {
        let mut seen = BTreeMap::new();
        for (key, given) in all() {
            assert!(duplicates([&*given.group]).is_empty(), "{key:?}");
            for rule in &given.group.rules {
                let RuleKind::Alert(alert) = &rule.kind else { panic!("{} is no alert", rule.name()) };
                let names: Vec<&str> = alert.annotations.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["action", "description", "summary"], "{}", alert.name);
                let severity = rule.labels.iter().find(|(name, _)| name == "severity").unwrap().1.text();
                assert!(["critical", "warning", "info", "none"].contains(&severity), "{}", alert.name);
                assert_eq!(
                    seen.insert(alert.name.clone(), key.clone()),
                    None,
                    "{} is there twice",
                    alert.name
                );
            }
        }
    }

    #[test]
    fn they_are_silent_on_what_is_healthy_and_each_fires_on_what_is_broken() {
        let mut files = |pattern: &str| {
            let name = pattern.trim_end_matches(".yml");
            let file = FILES.iter().find(|file| file.name == name).ok_or("no such file")?;
            Ok(vec![RuleText { file: pattern.to_owned(), text: file.text.to_owned() }])
        };
        let outcomes = unit_test::run(TESTS, &Engine::default(), &mut files).unwrap();
        for test in &outcomes.tests {
            assert!(test.faults.is_empty(), "{}: {:?}", test.name, test.faults);
        }
        let tested: BTreeSet<&str> = outcomes.tests.iter().map(|test| test.name.as_str()).collect();
        for given in all().values() {
            for rule in &given.group.rules {
                assert!(tested.contains(rule.name()), "{} has no test of that name", rule.name());
            }
        }
    }
}
