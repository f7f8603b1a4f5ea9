//! What `kubectl kustomize` builds of `deploy/kustomize`.

use std::process::Command;

use serde_json::Value;

use super::made;
use crate::support::helm::key;
use crate::support::manifests::{self, Schemas};
use crate::support::tools;

/// A kubectl whose kustomize knows folders among `resources`: that of 1.21 does.
fn kubectl() -> Option<Command> {
    if !tools::is_there("kubectl") {
        return None;
    }
    let mut kubectl = tools::command("kubectl");
    let output = tools::command("kubectl").args(["version", "--client", "--output=json"]).output().unwrap();
    let version: Value = serde_json::from_slice(&output.stdout).unwrap();
    let minor = version["clientVersion"]["minor"].as_str().unwrap().trim_end_matches('+').to_owned();
    if minor.parse::<u32>().unwrap() < 21 {
        println!("skipped: the kustomize of kubectl 1.{minor} is too old");
        return None;
    }
    kubectl.arg("kustomize");
    Some(kubectl)
}

/// The objects that a folder of `deploy/kustomize` builds, by name.
#[track_caller]
fn build(folder: &str) -> Option<Vec<Value>> {
    let output = kubectl()?.arg(manifests::file("kustomize").join(folder)).output().unwrap();
    let (text, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.is_empty(), "{folder}: {told}");
    let objects = text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap());
    let mut objects: Vec<Value> = objects.collect();
    objects.sort_by_key(key);
    Some(objects)
}

fn flat(name: &str) -> Vec<Value> {
    let mut objects = manifests::objects(name);
    objects.sort_by_key(key);
    objects
}

#[test]
fn base_and_options_are_the_manifests() {
    for name in made::names().into_iter().filter(|name| name != "crowsnest-emptydir.yaml") {
        let folder = match name.as_str() {
            "crowsnest.yaml" => "base".to_owned(),
            option => format!("options/{}", option.trim_end_matches(".yaml")),
        };
        let Some(built) = build(&folder) else { return };
        assert_eq!(built, flat(&name), "{folder}");
    }
}

#[test]
fn the_overlay_without_a_volume_is_the_manifest_without_one() {
    let Some(built) = build("overlays/emptydir") else { return };
    assert_eq!(built, flat("crowsnest-emptydir.yaml"));
}

#[test]
fn the_example_overlay_is_taken_by_an_api_server_and_changes_what_it_says() {
    let Some(built) = build("overlays/example") else { return };
    let server = built.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
    let arguments = manifests::arguments(&server["spec"]["template"]["spec"]);
    assert!(arguments.contains(&"--retention=30d".to_owned()), "{arguments:?}");
    let claim = &server["spec"]["volumeClaimTemplates"][0]["spec"];
    assert_eq!(claim["storageClassName"], "fast");
    assert_eq!(claim["resources"]["requests"]["storage"], "50Gi");
    let names: Vec<[String; 3]> = built.iter().map(key).collect();
    for role in ["crowsnest-metrics-api", "crowsnest-control-plane"] {
        assert!(names.iter().any(|[kind, _, name]| kind == "ClusterRole" && name == role), "{role}");
    }
    let Some(schemas) = Schemas::recorded() else { return };
    for object in &built {
        assert_eq!(schemas.faults(object), [] as [String; 0], "{:?}", key(object));
    }
}
