//! The Helm chart, rendered by Helm.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{manifests, tools};

/// One object as Helm renders it.
pub(crate) struct Document {
    /// With its comments, but for the one that names its template.
    pub(crate) text: String,
    pub(crate) object: Value,
}

/// The chart.
pub(crate) fn chart() -> PathBuf {
    manifests::file("helm/crowsnest")
}

/// Helm with folders of its own, where it is here.
pub(crate) fn helm() -> Option<Command> {
    if !tools::is_there("helm") {
        return None;
    }
    let mut helm = tools::command("helm");
    for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        helm.env(folder, std::env::temp_dir().join("crowsnest-test-helm"));
    }
    helm.env_remove("KUBECONFIG");
    Some(helm)
}

/// What the chart renders with these values, or what Helm says is wrong with them; nothing where there is no Helm.
pub(crate) fn render(values: &str) -> Option<Result<Vec<Document>, String>> {
    let mut helm = helm()?;
    helm.args(["template", "crowsnest", "--namespace=crowsnest", "--values=-"]).arg(chart());
    helm.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = helm.spawn().unwrap();
    child.stdin.take().unwrap().write_all(values.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8(output.stdout).unwrap();
    // Each begins with a line of three dashes and one that names the template.
    Some(Ok(text.split("---\n# Source: ").skip(1).map(document).collect()))
}

fn document(with_source: &str) -> Document {
    let (_, text) = with_source.split_once('\n').unwrap();
    let text = text.trim().to_owned();
    let object = serde_saphyr::from_str(&text).unwrap();
    Document { text, object }
}

/// Objects alone of what good values render.
#[track_caller]
pub(crate) fn objects(values: &str) -> Option<Vec<Value>> {
    let rendered = render(values)?.unwrap();
    Some(rendered.into_iter().map(|document| document.object).collect())
}

/// What tells an object from others.
pub(crate) fn key(object: &Value) -> [String; 3] {
    let field = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    [field("/kind"), field("/metadata/namespace"), field("/metadata/name")]
}
