use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::doctor::finding::Level;
use crate::settings::Settings;

fn text(manifest: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(manifest);
    std::fs::read_to_string(path).unwrap()
}

fn objects(manifest: &str) -> Vec<Value> {
    let text = text(manifest);
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// What a manifest gives the server's account.
fn given(manifest: &str) -> BTreeSet<String> {
    let objects = objects(manifest);
    let bindings = objects.iter().filter(|object| {
        let subjects = object["subjects"].as_array();
        subjects
            .into_iter()
            .flatten()
            .any(|subject| subject["kind"] == "ServiceAccount" && subject["name"] == "crowsnest")
    });
    let mut given = BTreeSet::new();
    for binding in bindings {
        let namespace = binding["metadata"]["namespace"].as_str().unwrap_or_default();
        if binding["roleRef"]["name"] == "extension-apiserver-authentication-reader" {
            given.insert(extension_authentication().to_string());
            continue;
        }
        let role = objects.iter().find(|object| {
            object["kind"] == binding["roleRef"]["kind"]
                && object["metadata"]["name"] == binding["roleRef"]["name"]
        });
        for rule in role.unwrap()["rules"].as_array().unwrap() {
            given.extend(needs_of(rule, namespace).iter().map(ToString::to_string));
        }
    }
    given
}

fn needs_of(rule: &Value, namespace: &str) -> Vec<Need> {
    let words = |field: &str| -> Vec<String> {
        let words = rule[field].as_array();
        words.into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    if words("verbs") == ["impersonate"] {
        return vec![Need::Impersonation];
    }
    if !words("nonResourceURLs").is_empty() {
        assert_eq!(words("nonResourceURLs"), ["/metrics"]);
        return vec![Need::Path("/metrics")];
    }
    let mut names = words("resourceNames");
    if names.is_empty() {
        names.push(String::new());
    }
    let mut needs = Vec::new();
    for verb in words("verbs") {
        for group in words("apiGroups") {
            for resource in words("resources") {
                for name in &names {
                    let right = format!("{verb},{group},{resource},{namespace},{name}");
                    needs.push(Need::Object(right.parse().unwrap()));
                }
            }
        }
    }
    needs
}

/// The settings of the main manifest's server, with what `more` switches on, and every kind of files.
fn config(more: &str, provisioning: &Path) -> Config {
    let mut flags = BTreeMap::new();
    let server =
        objects("crowsnest.yaml").into_iter().find(|object| object["kind"] == "StatefulSet").unwrap();
    let arguments = server["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    for argument in arguments.as_array().unwrap().iter().skip(1) {
        let argument = argument.as_str().unwrap().strip_prefix("--").unwrap();
        let (name, value) = argument.split_once('=').unwrap_or((argument, "true"));
        flags.insert(name.to_owned(), value.to_owned());
    }
    for map in objects(more).into_iter().filter(|object| object["kind"] == "ConfigMap") {
        for (name, value) in map["data"].as_object().into_iter().flatten() {
            let Some(name) = name.strip_prefix("CROWSNEST_") else { continue };
            flags.insert(name.to_lowercase().replace('_', "-"), value.as_str().unwrap().to_owned());
        }
    }
    flags.insert("provisioning".to_owned(), provisioning.display().to_string());
    flags.insert("kubeconfig".to_owned(), "kubeconfig".to_owned());
    let toml: String = flags.iter().map(|(name, value)| line(name, value)).collect();
    let settings: Settings = toml::from_str(&toml).unwrap();
    Config::resolve(settings).unwrap()
}

/// A flag as a line of TOML; lists have commas.
fn line(name: &str, value: &str) -> String {
    match value {
        "true" => format!("{name} = true\n"),
        _ if ["tls-name", "cluster-metrics"].contains(&name) => {
            let values: Vec<String> = value.split(',').map(|one| format!("{one:?}")).collect();
            format!("{name} = [{}]\n", values.join(","))
        }
        _ => format!("{name} = {value:?}\n"),
    }
}

#[test]
fn each_manifest_gives_exactly_what_the_table_says_its_features_need() {
    for manifest in FEATURES.iter().map(|feature| feature.manifest).collect::<BTreeSet<_>>() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scrape")).unwrap();
        match manifest {
            "cluster-events.yaml" => std::fs::write(folder.path().join("events.yml"), "").unwrap(),
            "control-plane.yaml" => {
                std::fs::write(folder.path().join("scrape/a.yml"), text(manifest)).unwrap();
            }
            _ => {}
        }
        let config = config(manifest, folder.path());
        let features = FEATURES.iter().filter(|feature| feature.manifest == manifest);
        let mut needed = BTreeSet::new();
        for feature in features {
            assert!((feature.is_on)(&config), "{} is not on with {manifest}", feature.called);
            needed.extend((feature.needs)(&config).iter().map(ToString::to_string));
        }
        assert_eq!(needed, given(manifest), "{manifest}");
    }
}

#[test]
fn what_is_off_needs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = config("crowsnest.yaml", folder.path());
    let on: BTreeSet<&str> =
        FEATURES.iter().filter(|feature| (feature.is_on)(&config)).map(|feature| feature.manifest).collect();
    assert_eq!(on, BTreeSet::from(["crowsnest.yaml"]));
}

#[test]
fn a_right_that_is_lacking_fails_with_the_manifest_that_gives_it() {
    let answered =
        |right: &str, allowed| Answered { feature: "--keep-last-logs", right: right.to_owned(), allowed };
    let found = judge(&[answered("get pods/log", Ok(false))]);
    assert_eq!(found[0].level, Level::Fail);
    assert_eq!(
        found[0].to_string(),
        "fail  rights: --keep-last-logs: the server's account may not get pods/log; \
         kubectl apply -f deploy/last-logs.yaml, or switch it off"
    );
    assert_eq!(judge(&[answered("get pods/log", Ok(true))])[0].level, Level::Ok);
    assert_eq!(judge(&[answered("get pods/log", Err("gone".into()))])[0].level, Level::Fail);
}
