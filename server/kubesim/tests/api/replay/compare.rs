//! Comparing answers: equal but for what no two runs have in common.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use super::corpus::Exchange;

/// Texts that differ from run to run, and what they look like.
static FRESH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Times, uids, revisions and fingerprints.
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
        r"^(JTI=)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        r"^\d+$",
        r"^X509SHA256=[0-9a-f]{64}$",
        // Ages, and restarts with the age of the last one.
        r"^((\d+[smhdy])+|\d+ \((\d+[smhdy])+ ago\))$",
        r"^Timeout: Too large resource version: \d+, current: \d+$",
        // Generated names, continue tokens, cluster addresses.
        r"^(gen-)[a-z0-9]{5}$",
        r"^eyJ[A-Za-z0-9_-]+$",
        r"^(127\.0\.0\.1:\d+|apiserver\.example:6443)$",
        // A connection that a backend resets.
        r"^error trying to reach service: read tcp [\d.]+:\d+->10\.200\.0\.2:8443: read: connection reset by peer$",
        // A node that its name server does not know.
        r"^Get .* dial tcp: lookup node-2 on [\d.]+:53: no such host$",
        // Tokens.
        r"^(<token( of viewer)?>|eyJ[\w-]+\.[\w-]+\.[\w-]+)$",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// Fields whose value is the server's own business; only the type is compared.
const OWN_VALUES: &[&str] = &[
    // What a build of Kubernetes says about itself.
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
    // Descriptions of columns are prose.
    "description",
    // How many bootstrap roles and the like there are, and what a status has counted.
    "remainingItemCount",
    "replicas",
    // Signed anew in every run.
    "certificate",
];

/// Compares the bodies of two answers and says where they differ first.
pub(crate) fn bodies(recorded: &Value, got: &Value) -> Result<(), String> {
    let is_status = recorded.get("kind").and_then(Value::as_str) == Some("Status");
    match (recorded, got) {
        // Health checks list what the server is made of.
        (Value::String(recorded), Value::String(got)) if recorded.contains("check passed") => {
            if got.contains("check passed") { Ok(()) } else { Err(format!("{got:?}")) }
        }
        _ => compare("", recorded, got, is_status),
    }
}

fn compare(path: &str, recorded: &Value, got: &Value, exact: bool) -> Result<(), String> {
    let differ = || Err(format!("{path}: {} instead of {}", short(got), short(recorded)));
    match (recorded, got) {
        (Value::Object(recorded), Value::Object(got)) => {
            for name in recorded.keys() {
                if !got.contains_key(name) {
                    return Err(format!("{path}.{name} is missing; it was {}", short(&recorded[name])));
                }
            }
            for (name, value) in got {
                let Some(recorded) = recorded.get(name) else {
                    return Err(format!("{path}.{name} should not be there; it is {}", short(value)));
                };
                if !exact && OWN_VALUES.contains(&name.as_str()) && same_type(recorded, value) {
                    continue;
                }
                compare(&format!("{path}.{name}"), recorded, value, exact)?;
            }
            Ok(())
        }
        (Value::Array(recorded), Value::Array(got)) => {
            if recorded.len() != got.len() {
                return Err(format!(
                    "{path} has {} items instead of {}: {}",
                    got.len(),
                    recorded.len(),
                    short(&Value::Array(got.clone()))
                ));
            }
            recorded.iter().zip(got).enumerate().try_for_each(|(index, (recorded, got))| {
                compare(&format!("{path}[{index}]"), recorded, got, exact)
            })
        }
        (Value::String(recorded), Value::String(got)) => {
            let fresh = || FRESH.iter().any(|pattern| pattern.is_match(recorded) && pattern.is_match(got));
            if recorded == got || fresh() { Ok(()) } else { differ() }
        }
        _ if recorded == got => Ok(()),
        _ => differ(),
    }
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

/// What the recorded run called something, and what this run calls it.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<String, String>);

impl Memory {
    /// Remembers the fresh texts of an answer.
    pub(crate) fn learn(&mut self, recorded: &Value, got: &Value) {
        match (recorded, got) {
            (Value::Object(recorded), Value::Object(got)) => {
                for (name, value) in recorded {
                    if let Some(got) = got.get(name) {
                        self.learn(value, got);
                    }
                }
            }
            (Value::Array(recorded), Value::Array(got)) => {
                recorded.iter().zip(got).for_each(|(recorded, got)| self.learn(recorded, got));
            }
            (Value::String(recorded), Value::String(got))
                if recorded != got
                    && FRESH.iter().any(|pattern| pattern.is_match(recorded) && pattern.is_match(got)) =>
            {
                self.0.insert(recorded.clone(), got.clone());
            }
            _ => {}
        }
    }

    /// A recorded request in the words of this run.
    pub(crate) fn substituted(&self, exchange: &Exchange) -> Exchange {
        let mut exchange = exchange.clone();
        self.substitute(&mut exchange.request_body);
        exchange
    }

    /// A recorded answer in the words of this run: texts that hold a uid hold this run's.
    pub(crate) fn rewritten(&self, recorded: &Value) -> Value {
        match recorded {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.rewritten(value))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.rewritten(item)).collect(),
            Value::String(text) => {
                let uids = self.0.iter().filter(|(recorded, _)| recorded.len() == 36);
                uids.fold(text.clone(), |text, (recorded, now)| text.replace(recorded.as_str(), now)).into()
            }
            other => other.clone(),
        }
    }

    fn substitute(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| self.substitute(value)),
            Value::Array(items) => items.iter_mut().for_each(|value| self.substitute(value)),
            Value::String(text) => {
                if let Some(now) = self.0.get(text) {
                    text.clone_from(now);
                }
            }
            _ => {}
        }
    }
}
