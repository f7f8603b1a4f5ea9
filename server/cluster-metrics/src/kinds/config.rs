//! ConfigMaps and Secrets, of which nothing but the metadata is ever read, and of Secrets their type, which a table shows.

use serde::Deserialize;
use serde_json::Value;

use super::kept_as_read;
use crate::family::Family;
use crate::object::{Body, Identity, Projector};
use crate::pool::Word;

#[derive(Default, Deserialize)]
pub(crate) struct ConfigMap {}

kept_as_read!(
    ConfigMap,
    Identity::Namespaced("configmap"),
    &[
        Family::annotations("kube_configmap_annotations"),
        Family::created("kube_configmap_created"),
        Family::gauge("kube_configmap_info", "[STABLE] Information about configmap.", |_, _, rows| rows
            .one(1.0)),
        Family::labels("kube_configmap_labels"),
        Family::resource_version(
            "kube_configmap_metadata_resource_version",
            "Resource version representing a specific version of the configmap.",
        ),
    ]
);

/// A Secret as the API server's table shows it: name, type, how many keys it has, and how old it is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SecretRow {
    cells: Vec<Value>,
}

pub(crate) struct Secret {
    kind: Word,
}

/// Where a row has the type.
const TYPE: usize = 1;

impl Body for Secret {
    type Raw = SecretRow;
    const IDENTITY: Identity = Identity::Namespaced("secret");
    const FAMILIES: &'static [Family<Self>] = SECRET;

    fn keep(row: SecretRow, projector: &mut Projector) -> Self {
        let kind = row.cells.get(TYPE).and_then(Value::as_str).unwrap_or_default();
        Self { kind: projector.words.word(kind) }
    }
}

const SECRET: &[Family<Secret>] = &[
    Family::annotations("kube_secret_annotations"),
    Family::created("kube_secret_created"),
    Family::gauge("kube_secret_info", "[STABLE] Information about secret.", |_, _, rows| rows.one(1.0)),
    Family::labels("kube_secret_labels"),
    Family::resource_version(
        "kube_secret_metadata_resource_version",
        "Resource version representing a specific version of secret.",
    ),
    Family::owner("kube_secret_owner", "Information about the Secret's owner."),
    Family::gauge("kube_secret_type", "[STABLE] Type about secret.", |_, secret, rows| {
        rows.info(&[("type", &secret.kind)]);
    }),
];
