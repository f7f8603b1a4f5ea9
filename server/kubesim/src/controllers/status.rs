//! What is counted: disruption budgets, quotas, and autoscalers that have nothing to go by.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Step, pods};
use crate::{limits, object, selector::LabelSelector};

const BUDGETS: &str = "poddisruptionbudgets.policy";
const QUOTAS: &str = "resourcequotas";

pub(super) fn run(step: &mut Step<'_>) {
    for (key, budget) in step.all(BUDGETS) {
        let Some(selector) = object::at(&budget, &["spec", "selector"]).map(LabelSelector::of_object) else {
            continue;
        };
        let chosen: Vec<_> = step
            .within(pods::TABLE, object::namespace(&budget))
            .into_iter()
            .filter(|(_, pod)| pods::is_active(pod) && selector.matches(&object::labels(pod)))
            .collect();
        let expected = i64::try_from(chosen.len()).unwrap_or(0);
        let healthy =
            i64::try_from(chosen.iter().filter(|(_, pod)| pods::is_ready(pod)).count()).unwrap_or(0);
        let desired =
            match (amount(&budget, "minAvailable", expected), amount(&budget, "maxUnavailable", expected)) {
                (Some(least), _) => least,
                (None, Some(most)) => (expected - most).max(0),
                (None, None) => 0,
            };
        let allowed = (healthy - desired).max(0);
        let mut object = budget.as_ref().clone();
        for (field, value) in [
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("disruptionsAllowed", allowed),
            ("expectedPods", expected),
            ("observedGeneration", object::integer(&budget, &["metadata", "generation"]).unwrap_or(1)),
        ] {
            object::set(&mut object, &["status", field], value);
        }
        let (status, reason) =
            if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        pods::set_condition(&mut object, "DisruptionAllowed", status, reason, "", &step.now_text());
        step.write(BUDGETS, &key, object);
    }
    for (key, quota) in step.all(QUOTAS) {
        let hard: BTreeMap<String, String> = object::string_map(&quota, &["spec", "hard"]);
        let used = limits::used_texts(&step.state.store, object::namespace(&quota), &hard);
        step.write_status(QUOTAS, &key, &quota, json!({"hard": hard, "used": used}));
    }
}

/// A count or a percentage of the expected pods, rounded up.
fn amount(budget: &Value, field: &str, expected: i64) -> Option<i64> {
    match object::at(budget, &["spec", field])? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().ok()?;
            Some((expected * percent + 99) / 100)
        }
        _ => None,
    }
}
