//! The `eviction` subresource: deleting a pod as far as its disruption budget allows.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, Reply, delete};
use crate::{cluster::State, object, selector::LabelSelector, status::ApiError};

const BUDGETS: &str = "poddisruptionbudgets.policy";

pub(super) fn evict(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    if !may_ignore_budgets(&pod) {
        spend_budget(call, state, &pod)?;
    }
    if !call.request.dry_run() {
        delete::evict(call, state, &pod)?;
    }
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Reply::json(StatusCode::CREATED, status))
}

/// Pods that do no work yet, or no longer.
fn may_ignore_budgets(pod: &Value) -> bool {
    object::is_terminating(pod)
        || matches!(object::text(pod, &["status", "phase"]), "Pending" | "Succeeded" | "Failed")
}

fn spend_budget(call: &Call<'_>, state: &mut State, pod: &Value) -> Result<(), ApiError> {
    let prefix = format!("{}/", object::namespace(pod));
    let labels = object::labels(pod);
    let budgets: Vec<(String, Arc<Value>)> = state
        .store
        .list(BUDGETS, &prefix)
        .filter(|(_, budget)| {
            object::at(budget, &["spec", "selector"])
                .is_some_and(|selector| LabelSelector::of_object(selector).matches(&labels))
        })
        .map(|(key, budget)| (key.to_owned(), Arc::clone(budget)))
        .collect();
    let (key, budget) = match budgets.as_slice() {
        [] => return Ok(()),
        [only] => only,
        _ => {
            return Err(ApiError::unexpected(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    };
    let count = |field: &str| object::integer(budget, &["status", field]).unwrap_or(0);
    let (healthy, wanted) = (count("currentHealthy"), count("desiredHealthy"));
    // A pod that is not ready is no loss while enough others are.
    if object::condition(pod, "Ready") != "True" && wanted > 0 && healthy >= wanted {
        return Ok(());
    }
    let allowed = count("disruptionsAllowed");
    if allowed <= 0 {
        let detail = format!(
            "The disruption budget {} needs {wanted} healthy pods and has {healthy} currently",
            object::name(budget)
        );
        return Err(ApiError::disruption_budget(&detail));
    }
    if !call.request.dry_run() {
        let mut spent = budget.as_ref().clone();
        object::set(&mut spent, &["status", "disruptionsAllowed"], allowed - 1);
        object::set(&mut spent, &["status", "disruptedPods", object::name(pod)], call.cluster.now_text());
        state.store.put(BUDGETS, key, spent);
    }
    Ok(())
}
