//! CertificateSigningRequests.

use serde::Deserialize;

use super::kept_as_read;
use super::node::Condition;
use crate::family::Family;
use crate::object::Identity;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SigningRequest {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    signer_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Condition>,
    certificate: Length,
}

/// How many bytes are behind base64 text; of the certificate nothing else is wanted.
#[derive(Default, Deserialize)]
#[serde(from = "Option<String>")]
struct Length(usize);

impl From<Option<String>> for Length {
    fn from(text: Option<String>) -> Self {
        let text = text.unwrap_or_default();
        let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
        Self(text.len() / 4 * 3 - padding.min(text.len() / 4 * 3))
    }
}

impl SigningRequest {
    fn signer(&self) -> (&'static str, &str) {
        ("signer_name", &self.spec.signer_name)
    }

    fn count(&self, kind: &str) -> f64 {
        self.status.conditions.iter().filter(|condition| &*condition.r#type == kind).count() as f64
    }
}

kept_as_read!(
    SigningRequest,
    Identity::Cluster("certificatesigningrequest"),
    &[
        Family::gauge(
            "kube_certificatesigningrequest_annotations",
            "Kubernetes annotations converted to Prometheus labels.",
            |meta, request, rows| meta.annotation_rows(&[request.signer()], rows),
        ),
        Family::gauge(
            "kube_certificatesigningrequest_cert_length",
            "[STABLE] Length of the issued cert",
            |_, request, rows| rows.with(&[request.signer()], request.status.certificate.0 as f64),
        ),
        Family::gauge(
            "kube_certificatesigningrequest_condition",
            "[STABLE] The number of each certificatesigningrequest condition",
            |_, request, rows| {
                rows.with(&[request.signer(), ("condition", "approved")], request.count("Approved"));
                rows.with(&[request.signer(), ("condition", "denied")], request.count("Denied"));
            },
        ),
        Family::gauge(
            "kube_certificatesigningrequest_created",
            "[STABLE] Unix creation timestamp",
            |meta, request, rows| {
                if let Some(created) = meta.created.seconds() {
                    rows.with(&[request.signer()], created);
                }
            },
        ),
        Family::gauge(
            "kube_certificatesigningrequest_labels",
            "[STABLE] Kubernetes labels converted to Prometheus labels.",
            |meta, request, rows| meta.label_rows(&[request.signer()], rows),
        ),
    ]
);
