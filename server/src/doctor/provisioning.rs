//! What is configured by files in `--provisioning`, read with the parsers that the server reads it with.

use std::fs;
use std::path::{Path, PathBuf};

use crowsnest_alerting::alertmanager;
use crowsnest_alerting::rules::RuleFile;
use crowsnest_promql::Engine;
use crowsnest_scrape::config::ScrapeFile;

use super::finding::{Finding, many};
use super::patient::Patient;
use crate::config_folder::{JSON, YAML, paths};
use crate::{dashboards, incidents};

pub(super) const SUBJECT: &str = "provisioning";
/// Faults of one kind of files that are told.
const MAX_TOLD: usize = 20;

/// A kind of files below `--provisioning`.
struct Part {
    /// A file or a folder.
    name: &'static str,
    /// How names end of the files in it; of a single file none.
    ends: &'static [&'static str],
    /// What is wrong with one: `LINE:COLUMN: message`, or a message.
    faults: fn(&Path, &str) -> Vec<String>,
}

const PARTS: &[Part] = &[
    Part {
        name: "rules",
        ends: YAML,
        faults: |_, text| told(RuleFile::parse(text, &Engine::default()).map(drop)),
    },
    Part {
        name: "alertmanager.yml",
        ends: &[],
        faults: |_, text| told(alertmanager::Config::parse(text).map(drop)),
    },
    Part {
        name: "scrape",
        ends: YAML,
        faults: |path, text| told(ScrapeFile::parse(text, path.parent().unwrap_or(Path::new("."))).map(drop)),
    },
    Part {
        name: "dashboards",
        ends: JSON,
        faults: |_, text| dashboards::fault_of(text).into_iter().collect(),
    },
    Part { name: incidents::FILE, ends: &[], faults: |_, text| incidents::faults_of(text) },
];

fn told<T: ToString>(read: Result<(), Vec<T>>) -> Vec<String> {
    read.err().unwrap_or_default().iter().map(T::to_string).collect()
}

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let Some(folder) = patient.known.config().and_then(|config| config.provisioning.as_deref()) else {
        return Vec::new();
    };
    if !folder.is_dir() {
        let what = format!("--provisioning {} is not a folder", folder.display());
        return vec![Finding::fail(SUBJECT, what, "make it, or leave the flag out")];
    }
    PARTS.iter().flat_map(|part| examine(part, folder)).collect()
}

fn examine(part: &Part, folder: &Path) -> Vec<Finding> {
    let place = folder.join(part.name);
    if !place.exists() {
        return Vec::new();
    }
    let files = match files(part, &place) {
        Ok(files) => files,
        Err(error) => {
            return vec![Finding::fail(SUBJECT, format!("{error:#}"), "let the server's user read it")];
        }
    };
    let mut findings = Vec::new();
    for path in &files {
        let shown = path.display();
        match fs::read_to_string(path) {
            Ok(text) => {
                let faults = (part.faults)(path, &text);
                findings.extend(faults.into_iter().map(|fault| fault_in(&shown.to_string(), fault)));
            }
            Err(error) => {
                let remedy = "let the server's user read it";
                findings.push(Finding::fail(SUBJECT, format!("{shown}: {error}"), remedy));
            }
        }
    }
    let more = findings.len().saturating_sub(MAX_TOLD);
    findings.truncate(MAX_TOLD);
    match findings.last_mut() {
        None => {
            let what = format!("{}: {} read, all right", place.display(), many(files.len(), "file"));
            findings.push(Finding::ok(SUBJECT, what));
        }
        Some(last) if more > 0 => last.remedy.push_str(&format!("; and {more} more faults")),
        Some(_) => {}
    }
    findings
}

fn files(part: &Part, place: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if part.ends.is_empty() { Ok(vec![place.to_owned()]) } else { paths(place, part.ends) }
}

/// The place stands by itself: what follows may quote the file, and alertmanager.yml has passwords in it.
fn fault_in(path: &str, fault: String) -> Finding {
    let remedy = "correct it; until then the server goes on with what it read before, or does not start";
    let mut parts = fault.splitn(3, ':');
    let place = match (parts.next(), parts.next(), parts.next()) {
        (Some(line), Some(column), Some(message))
            if line.parse::<u32>().is_ok() && column.trim().parse::<u32>().is_ok() =>
        {
            Some((format!("{path}:{line}:{column}"), message.trim().to_owned()))
        }
        _ => None,
    };
    let (what, words) = place.unwrap_or((path.to_owned(), fault));
    Finding::fail(SUBJECT, what, remedy).quoting(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[track_caller]
    fn check_part(file: &str, text: &str, level: Level, words: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let found: Vec<Finding> = PARTS.iter().flat_map(|part| examine(part, dir.path())).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].level == level && found[0].to_string().contains(words), "{}", found[0]);
    }

    #[test]
    fn files_that_are_right_are_counted() {
        let rules = "groups: [{name: g, rules: [{record: a, expr: b}]}]\n";
        check_part("rules/a.yml", rules, Level::Ok, "rules: 1 file read, all right");
        check_part("alertmanager.yml", "route: {receiver: a}\nreceivers: [{name: a}]\n", Level::Ok, "1 file");
    }

    #[test]
    fn a_fault_in_any_kind_of_file_fails_with_its_place() {
        check_part(
            "rules/team/a.yml",
            "groups: [{name: g, rules: [{record: a}]}]\n",
            Level::Fail,
            "a.yml:1:28: ",
        );
        check_part(
            "alertmanager.yml",
            "route: {receiver: b}\nreceivers: [{name: a}]\n",
            Level::Fail,
            ".yml:",
        );
        check_part("scrape/a.yaml", "scrape_configs: [{job_name: 1, x: 2}]\n", Level::Fail, "a.yaml:1:");
        check_part("dashboards/shop/a.json", "{", Level::Fail, "a.json");
        check_part("events.yml", "events: [{alert: a, alrt: b}]\n", Level::Fail, "events.yml:1:");
    }

    #[test]
    fn what_a_parser_quotes_stands_apart_from_the_place() {
        let fault = fault_in("a.yml", "3:5: \"hunter2\" is no duration".to_owned());
        assert_eq!((fault.what.as_str(), fault.quoted.as_str()), ("a.yml:3:5", "\"hunter2\" is no duration"));
    }
}
