//! What was expected, beside what came.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, format_value};
use crowsnest_promql::{QueryError, SampleValue, Value, promqltest};
use smol_str::SmolStr;

use super::read::{AlertCase, Expected, QueryCase};
use crate::duration;
use crate::evaluation::{AlertState, GroupState};
use crate::rules::RuleKind;
use crate::yaml::Fault;

type ShownAlert = (Labels, BTreeMap<SmolStr, String>);

/// Compares the alerts of one name that fire.
pub(super) fn alerts(case: &AlertCase, groups: &[GroupState]) -> Option<Fault> {
    let mut found: Vec<ShownAlert> = Vec::new();
    for group in groups {
        for (rule, state) in group.group().rules.iter().zip(group.rules()) {
            if matches!(rule.kind, RuleKind::Alert(_)) && rule.name() == case.alert {
                let firing = state.alerts().filter(|alert| alert.state == AlertState::Firing);
                found.extend(firing.map(|alert| (alert.labels.clone(), alert.annotations.clone())));
            }
        }
    }
    let mut expected = case.expected.clone();
    found.sort();
    expected.sort();
    (found != expected).then(|| {
        let time = duration::show(case.time);
        let what = format!("{} at {time}: expected {}, got {}", case.alert, shown(&expected), shown(&found));
        Fault::new(case.at, what)
    })
}

fn shown(alerts: &[ShownAlert]) -> String {
    if alerts.is_empty() {
        return "no alerts".to_owned();
    }
    let one = |(labels, annotations): &ShownAlert| {
        let mut labels = labels.to_builder();
        labels.remove("alertname");
        let annotations: Vec<_> = annotations.iter().map(|(name, text)| format!("{name}={text:?}")).collect();
        format!("{} {{{}}}", labels.build(), annotations.join(", "))
    };
    alerts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Compares the answer to a query.
pub(super) fn query(case: &QueryCase, answer: Result<Value, QueryError>, is_fuzzy: bool) -> Option<Fault> {
    let fault = |what: String| {
        Some(Fault::new(case.at, format!("{} at {}: {what}", case.query, duration::show(case.time))))
    };
    let mut found: Vec<(Labels, SampleValue)> = match answer {
        Err(error) => return fault(error.to_string()),
        Ok(Value::Vector(elements)) => elements.into_iter().map(|one| (one.labels, one.value)).collect(),
        Ok(Value::Scalar(sample)) => vec![(Labels::empty(), SampleValue::Float(sample.value))],
        Ok(Value::String(..) | Value::Matrix(_)) => {
            return fault("the answer is not a vector or scalar".to_owned());
        }
    };
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut expected: Vec<&(Labels, Expected)> = case.expected.iter().collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let is_same = found.len() == expected.len()
        && expected
            .iter()
            .zip(&found)
            .all(|(expected, found)| expected.0 == found.0 && is_value(&expected.1, &found.1, is_fuzzy));
    if is_same {
        return None;
    }
    let list = |texts: Vec<String>| if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") };
    let wanted = expected.iter().map(|(labels, value)| match value {
        Expected::Float(value) => format!("{labels} {}", format_value(*value)),
        Expected::Histogram(histogram) => format!("{labels} {histogram}"),
    });
    let got = found.iter().map(|(labels, value)| match value {
        SampleValue::Float(value) => format!("{labels} {}", format_value(*value)),
        SampleValue::Histogram(histogram) => format!("{labels} {histogram:?}"),
    });
    fault(format!("expected {}, got {}", list(wanted.collect()), list(got.collect())))
}

fn is_value(expected: &Expected, found: &SampleValue, is_fuzzy: bool) -> bool {
    match (expected, found) {
        (Expected::Float(expected), SampleValue::Float(found)) => {
            let is_next = || is_fuzzy && (expected.next_up() == *found || expected.next_down() == *found);
            expected == found || (expected.is_nan() && found.is_nan()) || is_next()
        }
        (Expected::Histogram(expected), found) => promqltest::is_histogram(expected, found).unwrap_or(false),
        (Expected::Float(_), SampleValue::Histogram(_)) => false,
    }
}
