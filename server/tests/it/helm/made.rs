//! `deploy/*.yaml`, and what kustomize has of them, are made from the chart: `make manifests` writes them, and without it they are compared.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::helm::{self, Document, key};
use crate::support::manifests;

/// Stands at the end of what a manifest says of itself.
const NOTE: &str = "#\n# Made from the chart in deploy/helm: `make manifests`.\n";
/// The manifest that the others add to.
const MAIN: &str = "crowsnest.yaml";

/// The manifests that are made, one a file of values.
pub(super) fn names() -> Vec<String> {
    let entries = std::fs::read_dir(manifests::file("helm/manifests")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The values that a manifest is rendered with; comments above them are what it says of itself.
pub(super) fn values(name: &str) -> String {
    std::fs::read_to_string(manifests::file("helm/manifests").join(name)).unwrap()
}

/// A manifest: all objects, or those that its values add to the main one.
fn manifest(name: &str) -> Option<String> {
    let values = values(name);
    let about: String =
        values.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let mut documents = helm::render(&values)?.unwrap();
    if !name.starts_with("crowsnest") {
        let main: BTreeSet<_> = helm::objects("").unwrap().iter().map(key).collect();
        documents.retain(|document| !main.contains(&key(&document.object)));
    }
    let texts: Vec<String> = documents.into_iter().map(|Document { text, .. }| text).collect();
    Some(format!("{about}{NOTE}{}\n", texts.join("\n---\n")))
}

/// What kustomize needs to add a file.
fn kustomization(name: &str) -> String {
    format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{name}]\n")
}

/// The files that are made of a manifest, below `deploy/`. kustomize takes no file from above the folder that it is pointed to.
fn files(name: &str, text: &str) -> Vec<(String, String)> {
    let mut files = vec![(name.to_owned(), text.to_owned())];
    let folder = match name {
        MAIN => "kustomize/base".to_owned(),
        // A patch of the base.
        "crowsnest-emptydir.yaml" => return files,
        option => format!("kustomize/options/{}", option.trim_end_matches(".yaml")),
    };
    files.push((format!("{folder}/{name}"), text.to_owned()));
    files.push((format!("{folder}/kustomization.yaml"), kustomization(name)));
    files
}

#[test]
fn the_manifests_are_what_the_chart_renders() {
    let writes = std::env::var_os("CROWSNEST_WRITE_MANIFESTS").is_some();
    for name in names() {
        let Some(text) = manifest(&name) else {
            assert!(!writes, "there is no helm here: deploy/setup.sh test gets it");
            return;
        };
        for (path, text) in files(&name, &text) {
            let file = manifests::file(&path);
            if writes {
                write(&file, &text);
            }
            let there = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(there == text, "deploy/{path} is not what the chart renders: run `make manifests`");
        }
    }
    assert_eq!(
        manifests::all(),
        names(),
        "every manifest of deploy/ has its values in deploy/helm/manifests"
    );
}

fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}
