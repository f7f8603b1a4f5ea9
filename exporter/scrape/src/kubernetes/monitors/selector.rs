//! Selectors: which namespaces are looked into, and which labels an object has.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::MonitorFault;
use super::rules::Rules;
use crate::kubernetes::sanitised;

/// `namespaceSelector`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NamespaceSelector {
    any: bool,
    match_names: Vec<String>,
}

impl NamespaceSelector {
    /// The namespaces that an object of the namespace `own` means; none are all.
    pub(super) fn namespaces(&self, own: &str) -> Vec<String> {
        match (self.any, self.match_names.as_slice()) {
            (true, _) => Vec::new(),
            (false, []) => vec![own.to_owned()],
            (false, names) => names.to_vec(),
        }
    }
}

/// `selector`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Requirement {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl LabelSelector {
    /// Keeps what has these labels, of the objects of this role.
    pub(super) fn add(&self, role: &str, rules: &mut Rules) -> Result<(), MonitorFault> {
        let both = |key: &str| {
            let key = sanitised(key);
            [
                format!("__meta_kubernetes_{role}_label_{key}"),
                format!("__meta_kubernetes_{role}_labelpresent_{key}"),
            ]
        };
        for (key, value) in &self.match_labels {
            rules.keep(&both(key), &format!("{};true", one_of(std::slice::from_ref(value))))?;
        }
        for Requirement { key, operator, values } in &self.match_expressions {
            let [_, present] = both(key);
            match operator.as_str() {
                "In" => rules.keep(&both(key), &format!("{};true", one_of(values)))?,
                "NotIn" => rules.drop(&both(key), &format!("{};true", one_of(values)))?,
                "Exists" => rules.keep(&[present], "true")?,
                "DoesNotExist" => rules.drop(&[present], "true")?,
                other => {
                    let why = format!("{other:?} is none of In, NotIn, Exists and DoesNotExist");
                    return Err(MonitorFault::new("matchExpressions", why));
                }
            }
        }
        Ok(())
    }
}

/// An expression for one of these values.
fn one_of(values: &[String]) -> String {
    let escaped: Vec<String> = values.iter().map(|value| regex_lite::escape(value)).collect();
    format!("({})", escaped.join("|"))
}
