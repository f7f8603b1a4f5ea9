//! `PrometheusRule` objects of the cluster, listed again and again with the server's own account: their groups are evaluated, too.
//!
//! What an object says is about its namespace alone: its rules see no other's series, and what they give is labelled with it. Objects of
//! `crowsnest` and of the namespaces that `--rules-from` names see everything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_alerting::rules::RuleFile;
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_promql::{Confinement, Matcher};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tracing::{info, warn};

use super::given::{Given, Groups, Origin};
use super::sight::NAMESPACE;
use super::{GroupKey, Rules};
use crate::cluster::{Cluster, ClusterError, Path};
use crate::dashboards::OWN_FOLDER;
use crate::scraping::{ListError, PAGE, list_pages};

const RESOURCE: &str = "prometheusrules";
/// Objects that are looked at.
const MOST: usize = 2_000;
/// How often they are listed.
const EVERY: Duration = Duration::from_secs(30);

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
struct Object {
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
}

#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
}

/// The objects that were there when they were last listed, by namespace and name: what each says, and the groups of the last one of it that was right.
#[derive(Default)]
struct Known(BTreeMap<(String, String), (Value, Groups)>);

/// Evaluates what objects say until the server stops. What cannot be listed stays as it was, and why is told once.
pub(crate) async fn follow(
    rules: Arc<Rules>,
    cluster: Arc<Cluster>,
    rules_from: Vec<String>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut known = Known::default();
    let mut trouble = None::<String>;
    loop {
        let look = async {
            match list(&cluster).await {
                Ok(objects) => {
                    if trouble.take().is_some() {
                        info!("PrometheusRules are listed again");
                    }
                    known = read(&rules, std::mem::take(&mut known), objects, &rules_from).await;
                }
                Err(error) => {
                    let why = format!("{:#}", anyhow::Error::new(error));
                    if trouble.as_ref() != Some(&why) {
                        warn!(why, "cannot list PrometheusRules; those of before stay");
                    }
                    trouble = Some(why);
                }
            }
            tokio::time::sleep(EVERY).await;
        };
        tokio::select! {
            () = look => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn list(cluster: &Cluster) -> Result<Vec<Object>, ListError> {
    let everywhere: Scope = "-".parse().map_err(|_| ListError::Namespace("-".to_owned()))?;
    let of = Kind::new("monitoring.coreos.com", "v1", RESOURCE)
        .map_err(|_| ListError::Namespace(RESOURCE.to_owned()))?;
    let path = Path::list(&of, &everywhere).with("limit", PAGE);
    match list_pages::<Object>(cluster, &path, RESOURCE, MOST + 1).await {
        // Not every cluster has the kind.
        Err(ListError::Cluster { source: ClusterError::Refused(status), .. }) if status.code == 404 => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// Reads the objects, and has their groups evaluated. Megabytes of rules take their time.
async fn read(rules: &Arc<Rules>, known: Known, objects: Vec<Object>, rules_from: &[String]) -> Known {
    let (rules, rules_from) = (Arc::clone(rules), rules_from.to_vec());
    let read = tokio::task::spawn_blocking(move || {
        let (known, faults) = known.with(objects, &rules_from, &|text| RuleFile::parse(text, &rules.engine));
        let groups = known.0.values().flat_map(|(_, groups)| groups.clone()).collect();
        let before = std::mem::replace(&mut *rules.faults.lock(), faults.clone());
        for fault in faults.iter().filter(|fault| !before.contains(fault)) {
            warn!(place = fault.place, why = fault.message, "what this says about rules is not evaluated");
        }
        rules.set(Origin::Object, groups);
        known
    });
    read.await.unwrap_or_default()
}

/// Reads a rule file.
type Parse<'a> = &'a dyn Fn(&str) -> Result<RuleFile, Vec<crowsnest_alerting::yaml::Fault>>;

impl Known {
    /// What is known with these objects. One with a fault leaves what it gave before; one that is as it was is not read again.
    fn with(self, objects: Vec<Object>, rules_from: &[String], parse: Parse<'_>) -> (Self, Vec<Fault>) {
        let (mut now, mut faults) = (Self::default(), Vec::new());
        let is_full = objects.len() > MOST;
        let Self(mut before) = self;
        for Object { metadata: Metadata { namespace, name }, spec } in objects.into_iter().take(MOST) {
            let id = (namespace.clone(), name.clone());
            let last = before.remove(&id).unwrap_or_default();
            let place = format!("PrometheusRule {namespace}/{name}");
            let (is_same, groups) = (last.0 == spec, last.1);
            let entry = if is_same && !groups.is_empty() {
                (spec, groups)
            } else {
                match groups_of(&namespace, &name, &spec, rules_from, parse) {
                    Ok(groups) => (spec, groups),
                    Err(message) => {
                        faults.push(Fault { namespace, place, message });
                        // It is read again each time, so that its fault is not forgotten.
                        (Value::Null, groups)
                    }
                }
            };
            now.0.insert(id, entry);
        }
        if is_full {
            let message = format!("there are more than {MOST}; the last ones are left out");
            faults.push(Fault { namespace: String::new(), place: "PrometheusRules".to_owned(), message });
        }
        (now, faults)
    }
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

    fn with(known: Known, objects: Vec<Object>) -> (Known, Vec<Fault>) {
        let engine = Engine::default();
        known.with(objects, &["platform".to_owned()], &|text| RuleFile::parse(text, &engine))
    }

    fn given<'k>(known: &'k Known, namespace: &str, name: &str) -> &'k Given {
        known.0[&(namespace.to_owned(), name.to_owned())].1.values().next().unwrap()
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
        assert_eq!((faults.len(), known.0.len()), (1, 1));
        let (known, faults) = with(known, Vec::new());
        assert!(faults.is_empty() && known.0.is_empty());
    }
}
