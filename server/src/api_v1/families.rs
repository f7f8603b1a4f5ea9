//! Which metric families a set of series belongs to: metadata is told of families, series have names.

use std::collections::BTreeSet;

use smol_str::SmolStr;

/// What a family's name may have behind it in the names of its series.
const SUFFIXES: &[&str] = &["", "_bucket", "_count", "_sum", "_total", "_created", "_info"];

/// Names of series.
pub(super) struct MetricNames(BTreeSet<SmolStr>);

impl MetricNames {
    pub(super) fn of(names: Vec<SmolStr>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether a series of the family is among them.
    pub(super) fn have(&self, family: &str) -> bool {
        let mut name = family.to_owned();
        SUFFIXES.iter().any(|suffix| {
            name.truncate(family.len());
            name.push_str(suffix);
            self.0.contains(name.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_series_of_its_own_name_and_of_its_parts() {
        let names = MetricNames::of(["up", "latency_bucket", "requests_total"].map(SmolStr::from).into());
        for family in ["up", "latency", "requests", "requests_total"] {
            assert!(names.have(family), "{family}");
        }
        assert!(!names.have("late") && !names.have("latency_bucket_x"));
    }
}
