//! What recording rules give.

use std::collections::BTreeSet;

use crowsnest_api::{Labels, METRIC_NAME};
use crowsnest_promql::{SampleValue, VectorElement};
use smol_str::SmolStr;

use crate::template::RuleTemplate;

/// The answer of the expression under the rule's name, with the rule's labels.
pub(super) fn series(
    name: &SmolStr,
    labels: &[(SmolStr, RuleTemplate)],
    vector: Vec<VectorElement>,
    limit: usize,
) -> Result<Vec<(Labels, SampleValue)>, String> {
    let mut seen = BTreeSet::new();
    let mut series = Vec::with_capacity(vector.len());
    for element in vector {
        let mut builder = element.labels.to_builder();
        builder.set(METRIC_NAME, name.clone());
        for (label, text) in labels {
            builder.set(label.clone(), text.text());
        }
        let labels = builder.build();
        if !seen.insert(labels.clone()) {
            let what = "vector contains metrics with the same labelset after applying rule labels";
            return Err(what.to_owned());
        }
        series.push((labels, element.value));
    }
    if limit > 0 && series.len() > limit {
        return Err(format!("exceeded limit of {limit} with {} series", series.len()));
    }
    Ok(series)
}
