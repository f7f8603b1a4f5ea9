//! The rights of the server's account: each that a feature needs which is on, by SelfSubjectAccessReview.
//!
//! [`FEATURES`] says what the manifests under `deploy/` give; a test holds the two against each other.

use std::path::Path;

use crowsnest_api::access::Right;

use super::finding::Finding;
use super::patient::Patient;
use crate::cluster::{As, Cluster, ClusterError};
use crate::config::Config;
use crate::incidents;
use crate::settings::AuthMode;

pub(super) const SUBJECT: &str = "rights";

/// Something that the server does with its own account.
struct Feature {
    /// The flag or file that switches it on.
    called: &'static str,
    /// The file of `deploy/` that gives the rights.
    manifest: &'static str,
    is_on: fn(&Config) -> bool,
    needs: fn(&Config) -> Vec<Need>,
}

/// A right, in the forms that access rules have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Object(Right),
    /// To get what is at a path.
    Path(&'static str),
    /// To act for somebody; for whom is for the manifest to say.
    Impersonation,
}

const FEATURES: &[Feature] = &[
    Feature {
        called: "--cluster-metrics",
        manifest: "crowsnest.yaml",
        is_on: |config| config.cluster.is_some() && !config.cluster_metrics.is_off(),
        needs: |config| {
            let kinds = config.cluster_metrics.kinds.iter().filter(|kind| kind.resource != "secrets");
            kinds
                .flat_map(|kind| ["list", "watch"].map(|verb| all(verb, &kind.group, &kind.resource)))
                .collect()
        },
    },
    Feature {
        called: "--cluster-metrics with secrets",
        manifest: "cluster-metrics-secrets.yaml",
        is_on: |config| config.cluster_metrics.kinds.iter().any(|kind| kind.resource == "secrets"),
        needs: |_| ["list", "watch"].map(|verb| all(verb, "", "secrets")).into(),
    },
    Feature {
        called: "--cluster-metrics-lease",
        manifest: "crowsnest.yaml",
        is_on: |config| config.cluster_metrics.lease.is_some(),
        needs: |config| {
            let Some((scope, name)) = &config.cluster_metrics.lease else { return Vec::new() };
            let there =
                |verb| Right::to(verb, "coordination.k8s.io", "leases", "").within(owned(scope.namespace()));
            let named =
                ["get", "update"].map(|verb| Need::Object(there(verb).named(name.as_str().to_owned())));
            named.into_iter().chain([Need::Object(there("create"))]).collect()
        },
    },
    Feature {
        called: "--publish-ca",
        manifest: "crowsnest.yaml",
        is_on: |config| config.publish_ca.is_some(),
        needs: |config| {
            let Some((scope, name)) = &config.publish_ca else { return Vec::new() };
            let right = Right::to("patch", "", "configmaps", "").within(owned(scope.namespace()));
            vec![Need::Object(right.named(name.as_str().to_owned()))]
        },
    },
    Feature {
        called: "--tls-node-names",
        manifest: "crowsnest.yaml",
        is_on: |config| config.tls_node_names,
        needs: |_| vec![all("list", "", "nodes")],
    },
    Feature {
        called: "rules made in the interface",
        manifest: "crowsnest.yaml",
        is_on: |config| config.auth == AuthMode::Kube,
        needs: |_| vec![all("create", "authorization.k8s.io", "subjectaccessreviews")],
    },
    Feature {
        called: "--certificate-sign-in",
        manifest: "certificate-signin.yaml",
        is_on: |config| config.opened.certificates,
        needs: |config| {
            // With --client-ca the cluster is not asked whose certificates count.
            let asks = config.client_ca.is_none().then(extension_authentication);
            asks.into_iter().chain([Need::Impersonation]).collect()
        },
    },
    Feature {
        called: "--apiserver-sign-on",
        manifest: "apiserver-signon.yaml",
        is_on: |config| config.opened.sign_on,
        needs: |_| vec![Need::Impersonation, extension_authentication(), api_service("v1.ui.crowsnest.dev")],
    },
    Feature {
        called: "--metrics-api",
        manifest: "metrics-api.yaml",
        is_on: |config| config.opened.metrics_api,
        needs: |_| vec![extension_authentication(), api_service("v1beta1.metrics.k8s.io")],
    },
    Feature {
        called: "events.yml",
        manifest: "cluster-events.yaml",
        is_on: |config| {
            config.provisioning.as_ref().is_some_and(|folder| folder.join(incidents::FILE).exists())
        },
        needs: |_| ["list", "watch"].map(|verb| all(verb, "", "events")).into(),
    },
    Feature {
        called: "scraping with the pod's token",
        manifest: "control-plane.yaml",
        is_on: |config| {
            config.provisioning.as_ref().is_some_and(|folder| shows_token(&folder.join("scrape")))
        },
        needs: |_| vec![Need::Path("/metrics")],
    },
    Feature {
        called: "--dashboard-config-maps",
        manifest: "dashboard-config-maps.yaml",
        is_on: |config| config.dashboard_config_maps,
        needs: |_| vec![all("list", "", "configmaps")],
    },
    Feature {
        called: "--keep-last-logs",
        manifest: "last-logs.yaml",
        is_on: |config| config.keep_last_logs,
        needs: |_| vec![Need::Object(Right::to("get", "", "pods", "").below("log"))],
    },
    Feature {
        called: "--rule-objects",
        manifest: "rule-objects.yaml",
        is_on: |config| config.rule_objects,
        needs: |_| ["list", "watch"].map(|verb| all(verb, "monitoring.coreos.com", "prometheusrules")).into(),
    },
    Feature {
        called: "--scrape-monitors",
        manifest: "scrape-monitors.yaml",
        is_on: |config| config.scrape_monitors,
        needs: |_| {
            let kinds = ["podmonitors", "probes", "servicemonitors"];
            kinds.map(|kind| all("list", "monitoring.coreos.com", kind)).into()
        },
    },
];

/// A right to all objects of a kind.
fn all(verb: &'static str, group: &str, resource: &str) -> Need {
    let right = Right {
        group: group.to_owned().into(),
        resource: resource.to_owned().into(),
        ..Right::to(verb, "", "", "")
    };
    Need::Object(right)
}

/// Whom the API server believes; a Role of Kubernetes' own gives it.
fn extension_authentication() -> Need {
    let right = Right::to("get", "", "configmaps", "kube-system");
    Need::Object(right.named("extension-apiserver-authentication"))
}

fn api_service(name: &'static str) -> Need {
    Need::Object(Right::to("patch", "apiregistration.k8s.io", "apiservices", "").named(name))
}

fn owned(namespace: Option<&str>) -> String {
    namespace.unwrap_or_default().to_owned()
}

/// Whether a scrape file shows targets the token of the server's own account.
fn shows_token(folder: &Path) -> bool {
    const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let paths = crate::config_folder::paths(folder, crate::config_folder::YAML).unwrap_or_default();
    paths.iter().any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(TOKEN)))
}

impl Need {
    async fn is_met(&self, cluster: &Cluster) -> Result<bool, ClusterError> {
        match self {
            Self::Object(right) => cluster.may_as(As::Server, right).await,
            Self::Path(path) => cluster.may_get(As::Server, path).await,
            Self::Impersonation => {
                // A right that names users cannot be asked for without knowing them.
                let there = cluster.rules_of(As::Server, "default").await?;
                let acts = |words: &[String], word: &str| words.iter().any(|one| one == word || one == "*");
                Ok(there
                    .rules
                    .iter()
                    .any(|rule| acts(&rule.verbs, "impersonate") && acts(&rule.resources, "users")))
            }
        }
    }
}

/// As people say it: `list secrets`, `patch configmaps crowsnest-ca in crowsnest`.
impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let right = match self {
            Self::Object(right) => right,
            Self::Path(path) => return write!(f, "get {path}"),
            Self::Impersonation => return f.write_str("impersonate users"),
        };
        write!(f, "{} {}", right.verb, right.full_resource())?;
        if !right.group.is_empty() {
            write!(f, ".{}", right.group)?;
        }
        if !right.name.is_empty() {
            write!(f, " {}", right.name)?;
        }
        if !right.namespace.is_empty() {
            write!(f, " in {}", right.namespace)?;
        }
        Ok(())
    }
}

/// The answer about one right.
pub(super) struct Answered {
    pub(super) feature: &'static str,
    pub(super) right: String,
    /// The API server's answer, or why there is none.
    pub(super) allowed: Result<bool, String>,
}

/// Asks for each right of each feature that is on.
pub(super) async fn ask(patient: &Patient) -> Vec<Answered> {
    let (Some(cluster), Some(config)) = (patient.cluster(), patient.known.config()) else {
        return Vec::new();
    };
    let mut answers = Vec::new();
    for feature in FEATURES.iter().filter(|feature| (feature.is_on)(config)) {
        for need in (feature.needs)(config) {
            let allowed = need.is_met(cluster).await.map_err(|error| error.told());
            let broken = allowed.is_err();
            answers.push(Answered { feature: feature.called, right: need.to_string(), allowed });
            if broken {
                // The API server is gone, or knows nobody: a hundred further questions would say the same.
                return answers;
            }
        }
    }
    answers
}

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    judge(&ask(patient).await)
}

fn judge(answers: &[Answered]) -> Vec<Finding> {
    answers.chunk_by(|a, b| a.feature == b.feature).map(judge_feature).collect()
}

fn judge_feature(answers: &[Answered]) -> Finding {
    let feature = answers.first().map_or("", |answer| answer.feature);
    let manifest = FEATURES.iter().find(|row| row.called == feature).map_or("", |row| row.manifest);
    if let Some(why) = answers.iter().find_map(|answer| answer.allowed.as_ref().err()) {
        return Finding::fail(
            SUBJECT,
            format!("{feature}: cannot be asked: {why}"),
            "see the API server's findings",
        );
    }
    let lacking: Vec<&str> = answers
        .iter()
        .filter(|answer| answer.allowed == Ok(false))
        .map(|answer| answer.right.as_str())
        .collect();
    if lacking.is_empty() {
        return Finding::ok(SUBJECT, format!("{feature}: all {} that it needs", answers.len()));
    }
    let what = format!("{feature}: the server's account may not {}", lacking.join(", "));
    Finding::fail(SUBJECT, what, format!("kubectl apply -f deploy/{manifest}, or switch it off"))
}

#[cfg(test)]
mod tests;
