//! Objects from a form: what is asked, and what comes of the answers, as objects that the API server takes.
//!
//! A row is a form; the page draws it. What is not said is left out, so that the API server's own defaults hold.

use serde_json::{Value, json};

use crate::actions::{Field, Given, Takes};
use crate::cluster::quantity;
use crate::i18n::Msg;
use crate::json::Value as Kept;

/// A form, and what it makes.
pub(crate) struct Template {
    /// Its name in the address.
    pub(crate) id: &'static str,
    pub(crate) title: Msg,
    pub(crate) what: Msg,
    /// The first is what must be said, and has no title; the others are folded.
    pub(crate) sections: &'static [(Option<Msg>, &'static [Field])],
    /// The objects, or what is wrong. Values come in the order of the fields.
    pub(crate) make: fn(&Given<'_>) -> Result<Vec<Value>, Msg>,
}

/// All forms, in the order of the page.
pub(crate) static TEMPLATES: &[Template] = &[
    Template {
        id: "app",
        title: Msg::FormApp,
        what: Msg::FormAppWhat,
        sections: &[
            (
                None,
                &[
                    text(Msg::ColumnName, Some(Msg::FormNameHint)),
                    text(Msg::FormImage, Some(Msg::FormImageHint)),
                    number(Msg::ColumnReplicas, |_| "1".to_owned()),
                    number(Msg::FormPort, nothing),
                ],
            ),
            (
                Some(Msg::FormService),
                &[
                    choice(Msg::ServiceType, |_| words(&["ClusterIP", "NodePort", "LoadBalancer", NONE])),
                    number(Msg::ServicePort, nothing),
                ],
            ),
            (
                Some(Msg::FormIngress),
                &[
                    text(Msg::FormHost, Some(Msg::FormHostHint)),
                    text(Msg::FormIngressClass, Some(Msg::FormDefaultHint)),
                    text(Msg::TlsSecret, Some(Msg::FormTlsHint)),
                ],
            ),
            (
                Some(Msg::FormContainer),
                &[
                    Field {
                        label: Msg::EnvironmentTitle,
                        hint: Some(Msg::FormEnvHint),
                        takes: Takes::Lines,
                        initial: nothing,
                    },
                    text(Msg::FormCommand, Some(Msg::FormCommandHint)),
                    text(Msg::FormCpuRequest, Some(Msg::FormCpuHint)),
                    text(Msg::FormMemoryRequest, Some(Msg::FormMemoryHint)),
                    text(Msg::FormCpuLimit, None),
                    text(Msg::FormMemoryLimit, None),
                ],
            ),
        ],
        make: application,
    },
    Template {
        id: "claim",
        title: Msg::ClaimLabel,
        what: Msg::FormClaimWhat,
        sections: &[
            (
                None,
                &[
                    text(Msg::ColumnName, Some(Msg::FormNameHint)),
                    text(Msg::ColumnCapacity, Some(Msg::FormSizeHint)),
                    choice(Msg::ColumnAccessModes, |_| words(MODES)),
                    text(Msg::StorageClassLabel, Some(Msg::FormDefaultHint)),
                ],
            ),
            (
                Some(Msg::FormMore),
                &[
                    text(Msg::VolumeLabel, Some(Msg::FormVolumeHint)),
                    choice(Msg::ColumnVolumeMode, |_| words(&["Filesystem", "Block"])),
                ],
            ),
        ],
        make: claim,
    },
    Template {
        id: "volume",
        title: Msg::VolumeLabel,
        what: Msg::FormVolumeWhat,
        sections: &[
            (
                None,
                &[
                    text(Msg::ColumnName, Some(Msg::FormNameHint)),
                    text(Msg::ColumnCapacity, Some(Msg::FormSizeHint)),
                    choice(Msg::ColumnAccessModes, |_| words(MODES)),
                    text(Msg::StorageClassLabel, None),
                    choice(Msg::ColumnSource, |_| words(&["nfs", "csi", "local", "hostPath"])),
                    text(Msg::FormPath, Some(Msg::FormPathHint)),
                    text(Msg::FormServer, Some(Msg::FormServerHint)),
                ],
            ),
            (Some(Msg::FormMore), &[choice(Msg::ColumnReclaim, |_| words(&["Retain", "Delete"]))]),
        ],
        make: volume,
    },
];

const MODES: &[&str] = &["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"];
/// The choice of none.
const NONE: &str = "–";

const fn text(label: Msg, hint: Option<Msg>) -> Field {
    Field { label, hint, takes: Takes::Text, initial: nothing }
}

const fn number(label: Msg, initial: fn(&Kept) -> String) -> Field {
    Field { label, hint: None, takes: Takes::Number, initial }
}

/// One of several; the first is chosen.
const fn choice(label: Msg, choices: fn(&Kept) -> Vec<String>) -> Field {
    Field { label, hint: None, takes: Takes::Choice(choices), initial: nothing }
}

fn nothing(_: &Kept) -> String {
    String::new()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Template {
    /// The fields of all sections.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.sections.iter().flat_map(|(_, fields)| *fields)
    }

    /// What stands in the fields at first.
    pub(crate) fn initial(&self) -> Vec<String> {
        let of = |field: &'static Field| match field.takes {
            Takes::Choice(choices) => choices(&Kept::Null).into_iter().next().unwrap_or_default(),
            _ => (field.initial)(&Kept::Null),
        };
        self.fields().map(of).collect()
    }
}

/// A name that the API server takes for any kind: a label of DNS.
fn good_name(name: &str) -> Result<&str, Msg> {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = !name.is_empty() && name.len() <= 63 && name.chars().all(is_good);
    if is_name && !name.starts_with('-') && !name.ends_with('-') { Ok(name) } else { Err(Msg::WrongName) }
}

/// A port; `None` where none is given.
fn good_port(text: &str) -> Result<Option<u16>, Msg> {
    match text {
        "" => Ok(None),
        text => text.parse().ok().filter(|port| *port > 0).map(Some).ok_or(Msg::WrongPort),
    }
}

/// Quantities by name, without those that are not given.
fn quantities(given: &[(&str, &str)]) -> Result<Value, Msg> {
    let mut all = serde_json::Map::new();
    for (name, text) in given.iter().filter(|(_, text)| !text.is_empty()) {
        quantity::parse(text).filter(|value| *value >= 0.0).ok_or(Msg::WrongQuantity)?;
        all.insert((*name).to_owned(), Value::from(*text));
    }
    Ok(all.into())
}

/// `object` without fields that say nothing.
fn tidy(mut object: Value) -> Value {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match &mut object {
        Value::Object(fields) => {
            for value in fields.values_mut() {
                *value = tidy(value.take());
            }
            fields.retain(|_, value| !is_nothing(value));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = tidy(value.take())),
        _ => {}
    }
    object
}

fn application(given: &Given<'_>) -> Result<Vec<Value>, Msg> {
    let [name, image, replicas, port, kind, service_port, host, class, secret] =
        std::array::from_fn(|at| given.text(at));
    let [environment, command, cpu, memory, most_cpu, most_memory] =
        std::array::from_fn(|at| given.text(9 + at));
    let name = good_name(name)?;
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(Msg::WrongImage);
    }
    let replicas: u32 = replicas.parse().map_err(|_| Msg::WrongReplicas)?;
    let (port, service_port) = (good_port(port)?, good_port(service_port)?);
    let labels = json!({"app": name});
    let container = json!({
        "name": name,
        "image": image,
        "command": command.split_whitespace().collect::<Vec<_>>(),
        "ports": port.map(|port| json!([{"containerPort": port}])),
        "env": variables(environment)?,
        "resources": {
            "requests": quantities(&[("cpu", cpu), ("memory", memory)])?,
            "limits": quantities(&[("cpu", most_cpu), ("memory", most_memory)])?,
        },
    });
    let mut objects = vec![tidy(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }))];
    let outer = service_port.or(port).filter(|_| kind != NONE);
    if let Some(outer) = outer {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels},
            "spec": {"type": kind, "selector": labels, "ports": [{"port": outer, "targetPort": port.unwrap_or(outer)}]},
        }));
    }
    if !host.is_empty() {
        let outer = outer.ok_or(Msg::WrongIngress)?;
        let tls =
            if secret.is_empty() { Value::Null } else { json!([{"hosts": [host], "secretName": secret}]) };
        objects.push(tidy(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "labels": labels},
            "spec": {
                "ingressClassName": class,
                "tls": tls,
                "rules": [{"host": host, "http": {"paths": [{
                    "path": "/", "pathType": "Prefix",
                    "backend": {"service": {"name": name, "port": {"number": outer}}}}]}}],
            },
        })));
    }
    Ok(objects)
}

/// `KEY=value` lines as variables.
fn variables(text: &str) -> Result<Vec<Value>, Msg> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((key, value)) if !key.is_empty() && !key.contains(char::is_whitespace) => {
                // A variable that is empty is another thing than none.
                Ok(if value.is_empty() { json!({"name": key}) } else { json!({"name": key, "value": value}) })
            }
            _ => Err(Msg::WrongPairs),
        })
        .collect()
}

fn claim(given: &Given<'_>) -> Result<Vec<Value>, Msg> {
    let [name, size, mode, class, volume, form] = std::array::from_fn(|at| given.text(at));
    Ok(vec![tidy(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": good_name(name)?},
        "spec": {
            "accessModes": [mode],
            "storageClassName": class,
            "volumeMode": if form == "Block" { form } else { "" },
            "volumeName": volume,
            "resources": {"requests": storage(size)?},
        },
    }))])
}

/// How large something is to be; it must be said.
fn storage(size: &str) -> Result<Value, Msg> {
    if size.is_empty() { Err(Msg::WrongQuantity) } else { quantities(&[("storage", size)]) }
}

fn volume(given: &Given<'_>) -> Result<Vec<Value>, Msg> {
    let [name, size, mode, class, source, path, server, reclaim] = std::array::from_fn(|at| given.text(at));
    if path.is_empty() || (source != "hostPath" && server.is_empty()) {
        return Err(Msg::WrongSource);
    }
    let node = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": [server]}]}]}});
    let (place, affinity) = match source {
        "nfs" => (json!({"server": server, "path": path}), Value::Null),
        "csi" => (json!({"driver": server, "volumeHandle": path}), Value::Null),
        "local" => (json!({"path": path}), node),
        _ => (json!({"path": path}), Value::Null),
    };
    let mut object = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": good_name(name)?},
        "spec": {
            "capacity": storage(size)?,
            "accessModes": [mode],
            "storageClassName": class,
            "persistentVolumeReclaimPolicy": reclaim,
            "nodeAffinity": affinity,
        },
    });
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert(source.to_owned(), place);
    }
    Ok(vec![tidy(object)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn template(id: &str) -> &'static Template {
        TEMPLATES.iter().find(|one| one.id == id).unwrap()
    }

    /// What a form makes of answers at some places.
    fn made(id: &str, answers: &[(usize, &str)]) -> Result<Vec<Value>, Msg> {
        let mut values = template(id).initial();
        for (at, answer) in answers {
            values[*at] = (*answer).to_owned();
        }
        (template(id).make)(&Given { values: &values, now: "" })
    }

    #[test]
    fn forms_have_names_of_their_own_and_begin_with_what_must_be_said() {
        let ids: BTreeSet<_> = TEMPLATES.iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), TEMPLATES.len());
        for one in TEMPLATES {
            assert!(one.sections.iter().enumerate().all(|(at, (title, _))| title.is_none() == (at == 0)));
            assert_eq!(
                made(one.id, &[]),
                Err(if one.id == "volume" { Msg::WrongSource } else { Msg::WrongName })
            );
        }
    }

    #[test]
    fn a_name_and_an_image_are_enough_for_a_deployment() {
        let objects = made("app", &[(0, "web"), (1, "nginx:1.27")]).unwrap();
        assert_eq!(
            objects,
            [
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}}})
            ]
        );
    }

    #[test]
    fn a_port_makes_a_service_and_a_host_an_ingress() {
        let answers =
            [(0, "web"), (1, "nginx"), (3, "8080"), (5, "80"), (6, "web.example.org"), (8, "web-tls")];
        let objects = made("app", &answers).unwrap();
        let kinds: Vec<&str> = objects.iter().filter_map(|one| one["kind"].as_str()).collect();
        assert_eq!(kinds, ["Deployment", "Service", "Ingress"]);
        assert_eq!(objects[1]["spec"]["ports"], json!([{"port": 80, "targetPort": 8080}]));
        let backend = &objects[2]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        assert_eq!(*backend, json!({"name": "web", "port": {"number": 80}}));
        assert_eq!(
            objects[2]["spec"]["tls"],
            json!([{"hosts": ["web.example.org"], "secretName": "web-tls"}])
        );
        assert_eq!(objects[2]["spec"].get("ingressClassName"), None);
        // Nobody listens behind it.
        assert_eq!(made("app", &[(0, "web"), (1, "nginx"), (6, "web.example.org")]), Err(Msg::WrongIngress));
        assert_eq!(made("app", &[(0, "web"), (1, "nginx"), (3, "80"), (4, NONE)]).unwrap().len(), 1);
    }

    #[test]
    fn variables_and_resources_are_as_they_are_given() {
        let answers =
            [(0, "web"), (1, "nginx"), (9, "MODE=a=b\nEMPTY=\n"), (10, "sleep 9"), (11, "100m"), (14, "1Gi")];
        let container =
            made("app", &answers).unwrap()[0]["spec"]["template"]["spec"]["containers"][0].clone();
        assert_eq!(container["env"], json!([{"name": "MODE", "value": "a=b"}, {"name": "EMPTY"}]));
        assert_eq!(container["resources"], json!({"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}));
        assert_eq!(container["command"], json!(["sleep", "9"]));
        for (at, wrong, msg) in [
            (9, "MODE", Msg::WrongPairs),
            (11, "much", Msg::WrongQuantity),
            (3, "0", Msg::WrongPort),
            (2, "x", Msg::WrongReplicas),
        ] {
            assert_eq!(made("app", &[(0, "web"), (1, "nginx"), (at, wrong)]), Err(msg));
        }
    }

    #[test]
    fn volumes_and_claims_are_made_as_they_are_asked_for() {
        let claim = made("claim", &[(0, "data"), (1, "8Gi")]).unwrap();
        assert_eq!(
            claim[0]["spec"],
            json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}})
        );
        let answers = [(0, "archive"), (1, "1Ti"), (5, "/exports"), (6, "nfs.example.org")];
        let volume = made("volume", &answers).unwrap();
        assert_eq!(volume[0]["spec"]["nfs"], json!({"server": "nfs.example.org", "path": "/exports"}));
        let local =
            made("volume", &[(0, "a"), (1, "1Gi"), (4, "local"), (5, "/mnt"), (6, "demo-1")]).unwrap();
        assert!(local[0]["spec"]["nodeAffinity"].is_object() && local[0]["spec"]["local"].is_object());
        assert_eq!(made("claim", &[(0, "data")]), Err(Msg::WrongQuantity));
    }
}
