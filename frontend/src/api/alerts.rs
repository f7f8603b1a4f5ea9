//! `api/v1/alerts`: what the server's rules find wrong, and which object an alert is about.

use std::collections::BTreeMap;

use crowsnest_api::Labels;
use crowsnest_api::alerts::is_critical;
use crowsnest_api::prometheus::Response;
use serde::Deserialize;
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::alerts::{label, said};
use crate::components::Tone;

/// An alert that is pending or firing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    labels: Labels,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    state: String,
    /// Since when, in RFC 3339.
    pub(crate) active_at: String,
}

#[derive(Deserialize)]
struct Active {
    alerts: Vec<Alert>,
}

/// Those that the user may see.
pub(crate) async fn fetch_alerts(client: Client, abort: AbortSignal) -> Result<Vec<Alert>, ApiError> {
    match client.get::<Response<Active>>("api/v1/alerts", "", Some(&abort)).await? {
        Response::Success { data, .. } => Ok(data.alerts),
        Response::Error { error, .. } => Err(ApiError::Query(error)),
    }
}

impl Alert {
    /// What it is about.
    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Whether it fires; otherwise it waits until it may.
    pub(crate) fn is_firing(&self) -> bool {
        self.state == "firing"
    }

    fn label(&self, name: &str) -> &str {
        label(&self.labels, name)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.label("alertname")
    }

    /// What it says of itself.
    pub(crate) fn words(&self) -> &str {
        said(&self.annotations).unwrap_or_default()
    }

    pub(crate) fn tone(&self) -> Tone {
        match self.state.as_str() {
            "pending" => Tone::Progress,
            _ if is_critical(&self.labels) => Tone::Critical,
            _ => Tone::Warning,
        }
    }

    /// Whether it is about an object of a kind (`Pod`), or about one of its pods. Labels name kinds in lower case, and Jobs as
    /// `job_name`, for `job` says who was scraped. Everything in a namespace is about the namespace.
    pub(crate) fn is_about(
        &self,
        api_kind: &str,
        (namespace, name): (&str, &str),
        is_own_pod: impl Fn(&str) -> bool,
    ) -> bool {
        let label = match api_kind {
            "Job" => "job_name".to_owned(),
            kind => kind.to_ascii_lowercase(),
        };
        let (pod, place) = (self.label("pod"), self.label("namespace"));
        match api_kind {
            "Namespace" => place == name,
            "Node" => [self.label("node"), self.label("instance")].contains(&name),
            _ => place == namespace && (self.label(&label) == name || (!pod.is_empty() && is_own_pod(pod))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(labels: &[(&str, &str)]) -> Alert {
        Alert {
            labels: Labels::from_pairs(labels.iter().copied()),
            annotations: BTreeMap::from([("description".to_owned(), "too often".to_owned())]),
            state: "firing".to_owned(),
            active_at: String::new(),
        }
    }

    #[track_caller]
    fn check(labels: &[(&str, &str)], api_kind: &str, key: (&str, &str), expected: bool) {
        assert_eq!(alert(labels).is_about(api_kind, key, |pod| pod == "web-1"), expected, "{labels:?}");
    }

    #[test]
    fn an_alert_is_about_the_object_that_its_labels_name() {
        let pod = &[("namespace", "shop"), ("pod", "web-1")];
        check(pod, "Pod", ("shop", "web-1"), true);
        check(pod, "Pod", ("data", "web-1"), false);
        check(pod, "Deployment", ("shop", "web"), true);
        check(pod, "Namespace", ("", "shop"), true);
        check(&[("namespace", "shop"), ("deployment", "web")], "Deployment", ("shop", "web"), true);
        check(&[("namespace", "shop"), ("job", "import")], "Job", ("shop", "import"), false);
        check(&[("namespace", "shop"), ("job_name", "import")], "Job", ("shop", "import"), true);
        check(&[("node", "demo-1")], "Node", ("", "demo-1"), true);
        check(&[], "ConfigMap", ("shop", ""), false);
    }

    #[test]
    fn an_alert_says_what_its_annotations_say() {
        let alert = alert(&[("alertname", "Restarts"), ("severity", "critical")]);
        assert_eq!((alert.name(), alert.words(), alert.tone()), ("Restarts", "too often", Tone::Critical));
    }
}
