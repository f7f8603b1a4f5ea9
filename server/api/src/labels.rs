//! Label sets: the identity of a series.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";
/// The label that names what kind of target a series comes from.
pub const JOB: &str = "job";
/// The label that names the target a series comes from.
pub const INSTANCE: &str = "instance";

/// One name and value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The label's name; unique within a [`Labels`].
    pub name: SmolStr,
    /// Its value; never empty within a [`Labels`], for an empty value means that the label is absent.
    pub value: SmolStr,
}

/// A label set: sorted by name, names unique, no empty values. Cheap to clone.
///
/// The order of two sets is Prometheus's: label by label, name before value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[Label]>);

impl Labels {
    /// The set without labels.
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// The set of the given pairs. Pairs with an empty value are left out; of pairs with one name the last counts.
    pub fn from_pairs<N: Into<SmolStr>, V: Into<SmolStr>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name, value);
        }
        builder.build()
    }

    /// The set of labels that are sorted by name already, with unique names and no empty values; `None` when they are not.
    pub fn from_sorted(labels: Vec<Label>) -> Option<Self> {
        let sorted = labels.windows(2).all(|pair| matches!(pair, [a, b] if a.name < b.name));
        let full = labels.iter().all(|label| !label.value.is_empty());
        (sorted && full).then(|| Self(labels.into()))
    }

    /// The value of the label `name`, or `None` where it is absent.
    pub fn get(&self, name: &str) -> Option<&SmolStr> {
        let at = self.0.binary_search_by(|label| label.name.as_str().cmp(name)).ok()?;
        self.0.get(at).map(|label| &label.value)
    }

    /// The metric's name, or `""`.
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME).map_or("", SmolStr::as_str)
    }

    /// The labels in order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.0.iter()
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set of those labels that `keep` holds for.
    pub fn filtered(&self, keep: impl Fn(&Label) -> bool) -> Self {
        if self.0.iter().all(&keep) {
            return self.clone();
        }
        Self(self.0.iter().filter(|label| keep(label)).cloned().collect())
    }

    /// A builder that starts from this set.
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder { labels: self.0.to_vec() }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a Label;
    type IntoIter = std::slice::Iter<'a, Label>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// `name{a="b", c="d"}`, as Prometheus prints a series; values escaped like Go's `%q`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        f.write_str(name)?;
        let rest = self.iter().filter(|label| label.name != METRIC_NAME);
        let mut separator = "{";
        for Label { name, value } in rest {
            write!(f, "{separator}{name}={value:?}")?;
            separator = ", ";
        }
        match (separator, name.is_empty()) {
            ("{", false) => Ok(()),
            ("{", true) => f.write_str("{}"),
            _ => f.write_str("}"),
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for label in self {
            map.serialize_entry(label.name.as_str(), label.value.as_str())?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<SmolStr, SmolStr>::deserialize(deserializer)?;
        Ok(Self::from_pairs(map))
    }
}

/// Changes to a label set, kept sorted.
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    labels: Vec<Label>,
}

impl LabelsBuilder {
    /// Sets `name` to `value`; an empty value removes it.
    pub fn set(&mut self, name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.labels.binary_search_by(|label| label.name.cmp(&name)) {
            Ok(at) if value.is_empty() => {
                self.labels.remove(at);
            }
            Ok(at) => {
                if let Some(label) = self.labels.get_mut(at) {
                    label.value = value;
                }
            }
            Err(_) if value.is_empty() => {}
            Err(at) => self.labels.insert(at, Label { name, value }),
        }
        self
    }

    /// The value of the label `name`, or `None` where it is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|label| label.name.as_str().cmp(name)).ok()?;
        self.labels.get(at).map(|label| label.value.as_str())
    }

    /// The labels in order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.labels.iter()
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.labels.retain(|label| label.name != name);
        self
    }

    /// Keeps only the labels for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&Label) -> bool) -> &mut Self {
        self.labels.retain(|label| keep(label));
        self
    }

    /// The finished set.
    pub fn build(self) -> Labels {
        Labels(self.labels.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_sorted_unique_and_without_empty_values() {
        let labels = Labels::from_pairs([("job", "b"), ("a", ""), ("__name__", "up"), ("job", "c")]);
        assert_eq!(labels.to_string(), r#"up{job="c"}"#);
        assert_eq!(labels.get("a"), None);
    }

    #[test]
    fn unsorted_labels_are_not_taken_for_sorted_ones() {
        let label = |name: &str| Label { name: name.into(), value: "v".into() };
        assert!(Labels::from_sorted(vec![label("b"), label("a")]).is_none());
        assert!(Labels::from_sorted(vec![label("a"), label("a")]).is_none());
        assert!(Labels::from_sorted(vec![label("a"), label("b")]).is_some());
    }

    #[test]
    fn json_is_an_object_of_names_and_values() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "x")]);
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(json, r#"{"__name__":"up","job":"x"}"#);
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
    }
}
