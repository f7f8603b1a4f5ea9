//! What is known of `PrometheusRule` objects: what each says, and the groups of the last state of it that was right.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_alerting::rules::RuleFile;
use crowsnest_promql::{Confinement, Matcher};
use serde::Deserialize;
use serde_json::Value;

use super::RESOURCE;
use crate::dashboards::OWN_FOLDER;
use crate::rules::GroupKey;
use crate::rules::given::{Given, Groups};
use crate::rules::sight::NAMESPACE;

/// Objects that are looked at.
pub(super) const MOST: usize = 2_000;

/// Something wrong with rules that are not in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The namespace of what is wrong; nothing where it is about all of them.
    pub(crate) namespace: String,
    /// What it is: `PrometheusRule shop/web`.
    pub(crate) place: String,
    /// What is wrong, a line each.
    pub(crate) message: String,
}

/// An object, as far as it is read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Object {
    pub(super) metadata: Metadata,
    #[serde(default)]
    spec: Value,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
}

/// Reads a rule file.
pub(super) type Parse<'a> = &'a dyn Fn(&str) -> Result<RuleFile, Vec<crowsnest_alerting::yaml::Fault>>;

/// The objects that there are, by namespace and name.
#[derive(Default)]
pub(super) struct Known {
    rules_from: Vec<String>,
    objects: BTreeMap<(String, String), Read>,
    /// Whether there are more than are looked at.
    is_full: bool,
}

/// What was read of an object.
#[derive(Default)]
struct Read {
    spec: Value,
    /// Those of the last state of it that was right.
    groups: Groups,
    /// What is wrong with it as it is now.
    fault: Option<String>,
}

impl Known {
    /// Nothing yet. Objects in the namespaces of `rules_from` will be about the whole cluster.
    pub(super) fn new(rules_from: Vec<String>) -> Self {
        Self { rules_from, ..Self::default() }
    }

    /// Forgets all objects; false when there were none.
    pub(super) fn forget(&mut self) -> bool {
        self.is_full = false;
        !std::mem::take(&mut self.objects).is_empty()
    }

    /// Takes in all objects that there are; what is not among them is no more.
    pub(super) fn become_these(&mut self, objects: Vec<Object>, parse: Parse<'_>) {
        let mut before = std::mem::take(&mut self.objects);
        self.is_full = false;
        for object in objects {
            let id = id(&object.metadata);
            if let Some(last) = before.remove(&id) {
                self.objects.insert(id, last);
            }
            self.put(object, parse);
        }
    }

    /// Takes in an object. One with a fault leaves what it gave before; one that is as it was is not read again.
    pub(super) fn put(&mut self, object: Object, parse: Parse<'_>) {
        let id = id(&object.metadata);
        if self.objects.len() >= MOST && !self.objects.contains_key(&id) {
            self.is_full = true;
            return;
        }
        let read = self.objects.entry(id.clone()).or_default();
        if read.spec == object.spec && !object.spec.is_null() {
            return;
        }
        match groups_of(&id.0, &id.1, &object.spec, &self.rules_from, parse) {
            Ok(groups) => *read = Read { spec: object.spec, groups, fault: None },
            Err(fault) => (read.spec, read.fault) = (object.spec, Some(fault)),
        }
    }

    pub(super) fn remove(&mut self, metadata: &Metadata) {
        self.objects.remove(&id(metadata));
    }

    pub(super) fn groups(&self) -> Groups {
        self.objects.values().flat_map(|read| read.groups.clone()).collect()
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        let of_objects = self.objects.iter().filter_map(|((namespace, name), read)| {
            let place = format!("PrometheusRule {namespace}/{name}");
            Some(Fault { namespace: namespace.clone(), place, message: read.fault.clone()? })
        });
        let of_all = self.is_full.then(|| Fault {
            namespace: String::new(),
            place: "PrometheusRules".to_owned(),
            message: format!("there are more than {MOST}; the last ones are left out"),
        });
        of_objects.chain(of_all).collect()
    }
}

fn id(metadata: &Metadata) -> (String, String) {
    (metadata.namespace.clone(), metadata.name.clone())
}

/// The groups of one object.
fn groups_of(
    namespace: &str,
    name: &str,
    spec: &Value,
    rules_from: &[String],
    parse: Parse<'_>,
) -> Result<Groups, String> {
    // JSON is YAML, too.
    let file = parse(&spec.to_string()).map_err(|faults| {
        // Places in what the API server has printed say nothing to anybody.
        let told: Vec<&str> = faults.iter().take(5).map(|fault| fault.message.as_str()).collect();
        told.join("\n")
    })?;
    let sees_all = namespace == OWN_FOLDER || rules_from.iter().any(|from| from == namespace);
    let groups = file.groups.into_iter().map(|group| {
        let key = GroupKey { file: format!("{RESOURCE}/{namespace}/{name}"), name: group.name.to_string() };
        let given = if sees_all {
            Given::unconfined(group)
        } else {
            Given {
                group: Arc::new(group.within(namespace)),
                confinement: Confinement::to(vec![Matcher::equal(NAMESPACE, namespace)]),
            }
        };
        (key, given)
    });
    Ok(groups.collect())
}

#[cfg(test)]
mod tests {
    use crowsnest_promql::Engine;
    use serde_json::json;

    use super::*;

    fn object(namespace: &str, name: &str, expr: &str) -> Object {
        let spec = json!({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expr, "labels": {"namespace": "other"}}]}]});
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec}))
            .unwrap()
    }

    fn with(mut known: Known, objects: Vec<Object>) -> (Known, Vec<Fault>) {
        let engine = Engine::default();
        known.rules_from = vec!["platform".to_owned()];
        known.become_these(objects, &|text| RuleFile::parse(text, &engine));
        let faults = known.faults();
        (known, faults)
    }

    fn given<'k>(known: &'k Known, namespace: &str, name: &str) -> &'k Given {
        known.objects[&(namespace.to_owned(), name.to_owned())].groups.values().next().unwrap()
    }

    #[test]
    fn an_object_is_about_its_own_namespace_unless_it_is_one_that_is_trusted() {
        let (known, faults) = with(
            Known::default(),
            vec![
                object("shop", "a", "up == 0"),
                object("platform", "b", "up"),
                object(OWN_FOLDER, "c", "up"),
            ],
        );
        assert_eq!(faults, []);
        let shop = given(&known, "shop", "a");
        assert_eq!(shop.confinement.matchers()[0].to_string(), "namespace=\"shop\"");
        let labels = &shop.group.rules[0].labels;
        assert_eq!((labels.len(), labels[0].1.text()), (1, "shop"), "no object labels alerts as another's");
        for (namespace, name) in [("platform", "b"), (OWN_FOLDER, "c")] {
            assert!(given(&known, namespace, name).confinement.is_none(), "{namespace}");
        }
    }

    #[test]
    fn a_bad_object_is_told_of_leaves_what_it_gave_before_and_changes_nothing_else() {
        let (known, _) =
            with(Known::default(), vec![object("shop", "a", "up == 0"), object("shop", "b", "up")]);
        let (known, faults) = with(known, vec![object("shop", "a", "rate("), object("shop", "b", "up > 1")]);
        assert_eq!(faults[0].place, "PrometheusRule shop/a");
        assert!(faults[0].message.contains("could not parse expression"), "{faults:?}");
        assert_eq!(given(&known, "shop", "a").group.rules[0].query(), "up == 0");
        assert_eq!(given(&known, "shop", "b").group.rules[0].query(), "up > 1");
        // It is told of as long as it is wrong, and forgotten with the object.
        let (known, faults) = with(known, vec![object("shop", "a", "rate(")]);
        assert_eq!((faults.len(), known.objects.len()), (1, 1));
        let (known, faults) = with(known, Vec::new());
        assert!(faults.is_empty() && known.objects.is_empty());
    }

    #[test]
    fn objects_come_change_and_go_one_by_one() {
        let engine = Engine::default();
        let parse: Parse<'_> = &|text| RuleFile::parse(text, &engine);
        let mut known = Known::default();
        known.put(object("shop", "a", "up == 0"), parse);
        known.put(object("shop", "a", "rate("), parse);
        known.put(object("shop", "a", "rate("), parse);
        assert_eq!((known.groups().len(), known.faults().len()), (1, 1), "the last one that was right stays");
        known.put(object("shop", "a", "up == 0"), parse);
        assert!(known.faults().is_empty(), "it is right again");
        known.remove(&object("shop", "a", "").metadata);
        assert!(known.groups().is_empty());
    }
}
