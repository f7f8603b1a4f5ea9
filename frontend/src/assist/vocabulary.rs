//! The metrics of a server: their names, and what their senders say about them.

use crate::arrange::Arrange as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::prometheus::Metadata;

use super::LabelQuestion;

/// Endings that make names of series out of the name of their family.
const ENDINGS: &[&str] = &["_bucket", "_count", "_sum", "_total", "_created", "_info"];

/// A metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    /// `counter`, `gauge`, …; empty where nobody said.
    pub(crate) kind: String,
    /// The unit, often empty.
    pub(crate) unit: String,
    /// A sentence, or nothing.
    pub(crate) help: String,
}

/// Every metric of a server, by name. Cheap to copy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Vocabulary {
    metrics: Arc<[Metric]>,
}

impl Vocabulary {
    /// Joins the names there are with what is said about their families.
    pub(crate) fn new(mut names: Vec<String>, families: &BTreeMap<String, Vec<Metadata>>) -> Self {
        names.arrange();
        names.dedup();
        let said = |name: &str| {
            let of = |family: &str| families.get(family).and_then(|said| said.first());
            of(name).or_else(|| ENDINGS.iter().find_map(|ending| of(name.strip_suffix(ending)?)))
        };
        let metric = |name: String| match said(&name) {
            Some(Metadata { r#type, help, unit }) => {
                let kind = if r#type == "unknown" { String::new() } else { r#type.clone() };
                Metric { kind, unit: unit.clone(), help: help.clone(), name }
            }
            None => Metric { name, ..Metric::default() },
        };
        Self { metrics: names.into_iter().map(metric).collect() }
    }

    /// The metrics, by name.
    pub(crate) fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The metric of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Metric> {
        let at = self.metrics.binary_search_by(|metric| metric.name.as_str().cmp(name)).ok()?;
        self.metrics.get(at)
    }
}

/// Names or values of labels, and what they answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelNames {
    pub(crate) question: LabelQuestion,
    pub(crate) names: Arc<[String]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_family_have_its_type_and_help() {
        let said = |kind: &str, help: &str| {
            vec![Metadata { r#type: kind.to_owned(), help: help.to_owned(), unit: String::new() }]
        };
        let families = BTreeMap::from([
            ("latency".to_owned(), said("histogram", "How long.")),
            ("up_total".to_owned(), said("counter", "How often.")),
            ("odd".to_owned(), said("unknown", "")),
        ]);
        let names = ["up_total", "latency_bucket", "odd", "bare"].map(str::to_owned).to_vec();
        let vocabulary = Vocabulary::new(names, &families);
        let kind = |name: &str| vocabulary.get(name).map(|metric| metric.kind.as_str());
        assert_eq!(kind("latency_bucket"), Some("histogram"));
        assert_eq!(kind("up_total"), Some("counter"));
        assert_eq!((kind("odd"), kind("bare"), kind("none")), (Some(""), Some(""), None));
        assert!(vocabulary.metrics().is_sorted_by(|a, b| a.name < b.name));
    }
}
