//! Alerting rules that users make here, kept in control state. What a rule sees is what its folder says: a namespace's series, or with
//! `crowsnest` all of them. Its author must see as much, when it is saved and from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_alerting::rules::{Group, RuleFile};
use crowsnest_api::Timestamp;
use crowsnest_api::rules::{RuleText, Written as Shown};
use crowsnest_promql::{Confinement, Engine, Matcher};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::warn;

use super::GroupKey;
use super::given::{Given, Groups};
use super::sight::NAMESPACE;
use crate::control::{Collection, ControlError, ControlStore};
use crate::dashboards::OWN_FOLDER;

/// Rules that are kept, and the bytes of one.
const MOST: usize = 2_000;
const MAX_BYTES: usize = 32 << 10;
/// The longest name of an alert.
const MAX_NAME: usize = 200;
/// What the files of their groups are called before the folder.
const FILE: &str = "written";

/// A rule and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) folder: String,
    pub(crate) rule: RuleText,
    pub(crate) version: u64,
    pub(crate) author: Author,
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    /// Why it is not evaluated.
    #[serde(default)]
    pub(crate) stopped: Option<String>,
}

/// Who made a rule, or changed it last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
}

/// Why a rule was not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// It is wrong.
    #[error("{0}")]
    Wrong(String),
    /// There is one.
    #[error("there is a rule {name} in folder {folder} already")]
    Taken { name: String, folder: String },
    /// There is none.
    #[error("there is no such rule; it may have been deleted meanwhile")]
    NotThere,
    /// Somebody else was faster.
    #[error("{by} saved version {version} meanwhile")]
    Changed { by: String, version: u64 },
    /// Too many.
    #[error("there are {MOST} rules, which is the most; delete some that nobody uses")]
    Full,
    /// Ours.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// All of them, by id.
pub(crate) struct Written {
    control: Arc<dyn ControlStore>,
    records: Mutex<BTreeMap<String, Record>>,
}

impl Written {
    pub(super) fn open(control: Arc<dyn ControlStore>) -> Result<Self, ControlError> {
        let mut records = BTreeMap::new();
        for (id, json) in control.list(Collection::Rules)? {
            match serde_json::from_slice::<Record>(&json) {
                Ok(record) => drop(records.insert(id, record)),
                Err(error) => {
                    warn!(id, err = &error as &dyn std::error::Error, "the record of a rule is damaged");
                }
            }
        }
        Ok(Self { control, records: Mutex::new(records) })
    }

    /// Every rule, by id.
    pub(crate) fn all(&self) -> BTreeMap<String, Record> {
        self.records.lock().clone()
    }

    pub(crate) fn find(&self, id: &str) -> Option<Record> {
        self.records.lock().get(id).cloned()
    }

    /// Keeps a new rule under `id`, or a new version of the one that is there. `base` is the version that is changed, 0 for a new one.
    pub(super) fn save(&self, id: &str, base: u64, record: Record) -> Result<u64, SaveError> {
        let mut records = self.records.lock();
        let before = records.get(id);
        match (before, base) {
            (None, 0) if records.len() >= MOST => return Err(SaveError::Full),
            (None, 0) => {}
            (None, _) => return Err(SaveError::NotThere),
            (Some(before), base) if before.version != base => {
                return Err(SaveError::Changed { by: before.author.user.clone(), version: before.version });
            }
            (Some(_), _) => {}
        }
        let is_twin = |(other, kept): (&String, &Record)| {
            other != id && kept.folder == record.folder && kept.rule.alert == record.rule.alert
        };
        if records.iter().any(is_twin) {
            return Err(SaveError::Taken { name: record.rule.alert, folder: record.folder });
        }
        let version = base + 1;
        self.put(&mut records, id, Record { version, ..record })?;
        Ok(version)
    }

    /// Notes why a rule is evaluated no more, or that it is again.
    pub(super) fn set_stopped(&self, id: &str, stopped: Option<String>) -> Result<(), ControlError> {
        let mut records = self.records.lock();
        match records.get(id).cloned() {
            Some(record) if record.stopped != stopped => {
                self.put(&mut records, id, Record { stopped, ..record })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn delete(&self, id: &str) -> Result<(), ControlError> {
        let mut records = self.records.lock();
        self.control.delete(Collection::Rules, id)?;
        records.remove(id);
        Ok(())
    }

    fn put(
        &self,
        records: &mut BTreeMap<String, Record>,
        id: &str,
        record: Record,
    ) -> Result<(), ControlError> {
        let json = json!(record).to_string();
        self.control.put(Collection::Rules, id, json.as_bytes())?;
        records.insert(id.to_owned(), record);
        Ok(())
    }

    /// The groups of those that are evaluated, one a rule.
    pub(super) fn groups(&self, engine: &Engine) -> Groups {
        let mut groups = Groups::new();
        for (id, record) in self.records.lock().iter().filter(|(_, record)| record.stopped.is_none()) {
            match group(&record.rule, &record.folder, engine) {
                Ok(group) => {
                    let key = GroupKey { file: file(&record.folder), name: group.name.to_string() };
                    groups.insert(key, given(group, &record.folder));
                }
                Err(why) => warn!(id, why, "a rule that was right when it was saved is so no more"),
            }
        }
        groups
    }
}

impl Record {
    /// As somebody is told of it.
    pub(crate) fn shown(&self, id: &str, may_change: bool) -> Shown {
        Shown {
            id: id.to_owned(),
            folder: self.folder.clone(),
            rule: self.rule.clone(),
            version: self.version,
            by: self.author.user.clone(),
            at: Timestamp::from_millis(self.at).millis().div_euclid(1000),
            may_change,
            stopped: self.stopped.clone(),
        }
    }
}

/// Whether rules of a folder are about the whole cluster.
pub(crate) fn is_of_all(folder: &str) -> bool {
    folder == OWN_FOLDER
}

/// What the rules of a folder see.
pub(crate) fn confinement(folder: &str) -> Confinement {
    if is_of_all(folder) {
        Confinement::none()
    } else {
        Confinement::to(vec![Matcher::equal(NAMESPACE, folder)])
    }
}

/// What the file of a folder's groups is called.
pub(super) fn file(folder: &str) -> String {
    format!("{FILE}/{folder}")
}

fn given(group: Group, folder: &str) -> Given {
    Given { group: Arc::new(group), confinement: confinement(folder) }
}

/// The group that consists of one rule, about its folder.
///
/// # Errors
/// What is wrong with the rule, a line each.
pub(crate) fn group(rule: &RuleText, folder: &str, engine: &Engine) -> Result<Group, String> {
    let name = rule.alert.trim();
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(format!("the alert needs a name of 1 to {MAX_NAME} bytes"));
    }
    let mut json =
        json!({"alert": name, "expr": rule.expr, "labels": rule.labels, "annotations": rule.annotations});
    for (field, text) in [("for", &rule.hold), ("keep_firing_for", &rule.keep_firing_for)] {
        if !text.trim().is_empty() {
            json[field] = text.trim().into();
        }
    }
    let text = json!({"groups": [{"name": name, "rules": [json]}]}).to_string();
    if text.len() > MAX_BYTES {
        return Err(format!("a rule may have {} KiB", MAX_BYTES >> 10));
    }
    // JSON is YAML, too, but what was typed has no places in it.
    let file = RuleFile::parse(&text, engine).map_err(|faults| {
        let prefix = format!("group \"{name}\", rule 1, \"{name}\": ");
        let told = faults.iter().take(5).map(|fault| fault.message.replace(&prefix, ""));
        told.collect::<Vec<_>>().join("\n")
    })?;
    let group = file.groups.into_iter().next().filter(|group| group.rules.len() == 1);
    let group = group.ok_or_else(|| "there is no rule in it".to_owned())?;
    Ok(if is_of_all(folder) { group } else { group.within(folder) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::MemoryStore;

    fn rule(alert: &str, expr: &str) -> RuleText {
        RuleText {
            alert: alert.to_owned(),
            expr: expr.to_owned(),
            hold: "5m".to_owned(),
            ..RuleText::default()
        }
    }

    fn record(folder: &str, rule: RuleText) -> Record {
        let author = Author { user: "anna".to_owned(), groups: Vec::new() };
        Record { folder: folder.to_owned(), rule, version: 0, author, at: 0, stopped: None }
    }

    #[test]
    fn of_two_who_change_a_rule_the_slower_is_told_and_a_name_is_there_once() {
        let control: Arc<dyn ControlStore> = Arc::new(MemoryStore::default());
        let written = Written::open(Arc::clone(&control)).unwrap();
        assert_eq!(written.save("1", 0, record("shop", rule("A", "up == 0"))).unwrap(), 1);
        assert_eq!(written.save("1", 1, record("shop", rule("A", "up == 1"))).unwrap(), 2);
        let changed = written.save("1", 1, record("shop", rule("A", "up"))).unwrap_err();
        assert_eq!(changed.to_string(), "anna saved version 2 meanwhile");
        assert!(matches!(
            written.save("2", 0, record("shop", rule("A", "up"))),
            Err(SaveError::Taken { .. })
        ));
        assert!(matches!(written.save("2", 3, record("shop", rule("B", "up"))), Err(SaveError::NotThere)));
        written.save("2", 0, record("data", rule("A", "up"))).unwrap();
        // They are there after a restart, and gone when they are deleted.
        let again = Written::open(Arc::clone(&control)).unwrap();
        assert_eq!(again.find("1").unwrap().rule.expr, "up == 1");
        again.delete("1").unwrap();
        assert_eq!(Written::open(control).unwrap().all().len(), 1);
    }

    #[test]
    fn a_rule_is_about_its_folder_and_one_that_is_stopped_is_not_evaluated() {
        let written = Written::open(Arc::new(MemoryStore::default())).unwrap();
        written.save("1", 0, record("shop", rule("A", "up == 0"))).unwrap();
        written.save("2", 0, record(OWN_FOLDER, rule("A", "up == 0"))).unwrap();
        let groups = written.groups(&Engine::default());
        let of = |file: &str| {
            let key = GroupKey { file: file.to_owned(), name: "A".to_owned() };
            let given = &groups[&key];
            let matchers: Vec<_> = given.confinement.matchers().iter().map(ToString::to_string).collect();
            (matchers, given.group.rules[0].labels.len())
        };
        assert_eq!(of("written/shop"), (vec!["namespace=\"shop\"".to_owned()], 1));
        assert_eq!(of("written/crowsnest"), (Vec::new(), 0));
        written.set_stopped("1", Some("gone".to_owned())).unwrap();
        assert_eq!(written.groups(&Engine::default()).len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_told_without_places_that_nobody_typed() {
        let wrong = |text: &RuleText| group(text, "shop", &Engine::default()).unwrap_err();
        assert_eq!(wrong(&rule(" ", "up")), "the alert needs a name of 1 to 200 bytes");
        assert!(wrong(&rule("A", "rate(")).starts_with("could not parse expression: 1:6"));
        assert!(
            wrong(&RuleText { hold: "soon".to_owned(), ..rule("A", "up") })
                .starts_with("for: not a valid duration")
        );
        let labels = [("a".to_owned(), "{{ $x }}".to_owned())].into();
        assert!(wrong(&RuleText { labels, ..rule("A", "up") }).contains("undefined variable"));
        assert!(wrong(&rule("A", &"x".repeat(MAX_BYTES))).contains("KiB"));
    }
}
