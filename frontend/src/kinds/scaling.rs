//! How many pods there are to be, and how many may be missing: HorizontalPodAutoscalers and PodDisruptionBudgets.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells, selects};
use crate::cluster::object::{at, condition, holds, integer, list, namespace, text};
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static AUTOSCALERS: KindRow = KindRow {
    icon: IconName::Scale,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("status", Msg::ColumnStatus, scaler_status),
        Column::words("target", Msg::ColumnScales, |scaler| {
            at(scaler, &["spec", "scaleTargetRef"])
                .map_or(Cell::None, |one| cells::reference(one, namespace(scaler)))
        }),
        Column::words("metrics", Msg::ColumnMetrics, |scaler| {
            let metrics =
                metrics(scaler).into_iter().map(|one| format!("{} {}/{}", one.name, one.now, one.wanted));
            Cell::text(&metrics.collect::<Vec<_>>().join(", "))
        }),
        Column::figure("min", Msg::ColumnMin, |scaler| {
            cells::count(integer(scaler, &["spec", "minReplicas"]).or(Some(1)))
        })
        .wide(),
        Column::figure("max", Msg::ColumnMax, |scaler| {
            cells::count(integer(scaler, &["spec", "maxReplicas"]))
        })
        .wide(),
        Column::figure("replicas", Msg::ColumnReplicas, |scaler| {
            cells::count(integer(scaler, &["status", "currentReplicas"]))
        }),
        Column::words("scaled", Msg::ColumnLastScaled, |scaler| {
            Cell::age(crate::cluster::object::moment(text(scaler, &["status", "lastScaleTime"])))
        })
        .widest(),
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"]],
    tone: Some(|scaler| tone_of(&scaler_status(scaler))),
    parts: &[Part::Listing(&METRICS), Part::Conditions, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Workloads,
        ("autoscaling", "v2", "horizontalpodautoscalers"),
        "HorizontalPodAutoscaler",
        KindScope::Namespaced,
        Msg::Autoscalers,
    )
};

fn tone_of(cell: &Cell) -> Tone {
    match cell {
        Cell::Status(tone, ..) => *tone,
        _ => Tone::Unknown,
    }
}

/// The first condition that is not as it should be, by its reason.
fn scaler_status(scaler: &Value) -> Cell {
    let bad = |kind, tone| {
        let condition = condition(scaler, kind).filter(|one| text(one, &["status"]) == "False")?;
        Some(Cell::Status(tone, text(condition, &["reason"]).to_owned(), None))
    };
    let limited = || {
        let condition = condition(scaler, "ScalingLimited").filter(|_| holds(scaler, "ScalingLimited"))?;
        let reason = text(condition, &["reason"]);
        (reason == "TooManyReplicas")
            .then(|| Cell::Status(Tone::Warning, reason.to_owned(), Some(Msg::StatusAtMost)))
    };
    bad("AbleToScale", Tone::Critical)
        .or_else(|| match bad("ScalingActive", Tone::Critical) {
            Some(Cell::Status(_, word, _)) if word == "ScalingDisabled" => {
                Some(Cell::Status(Tone::Done, word, None))
            }
            found => found,
        })
        .or_else(limited)
        .unwrap_or_else(|| Cell::Status(Tone::Ok, "ScalingActive".to_owned(), None))
}

/// One figure that is held.
struct Held {
    name: String,
    now: String,
    wanted: String,
}

/// What the autoscaler looks at, with what it is and what it is to be.
fn metrics(scaler: &Value) -> Vec<Held> {
    let current = list(scaler, &["status", "currentMetrics"]);
    let held = |(place, metric): (usize, &Value)| {
        let kind = text(metric, &["type"]);
        let field = source_field(kind);
        let source = at(metric, &[field]).unwrap_or(&Value::Null);
        let name = [text(source, &["name"]), text(source, &["metric", "name"])]
            .into_iter()
            .find(|name| !name.is_empty());
        let now = current.get(place).and_then(|one| at(one, &[field, "current"]));
        Held {
            name: name.unwrap_or(kind).to_owned(),
            now: now.map_or_else(|| "?".to_owned(), |now| figure(now, text(source, &["target", "type"]))),
            wanted: at(source, &["target"])
                .map(|target| figure(target, text(target, &["type"])))
                .unwrap_or_default(),
        }
    };
    list(scaler, &["spec", "metrics"]).iter().enumerate().map(held).collect()
}

fn source_field(kind: &str) -> &'static str {
    match kind {
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        "ContainerResource" => "containerResource",
        _ => "resource",
    }
}

/// A figure of the sort that the target has.
fn figure(value: &Value, sort: &str) -> String {
    match (sort, integer(value, &["averageUtilization"])) {
        ("Utilization", Some(share)) => format!("{share}%"),
        ("Value", _) => text(value, &["value"]).to_owned(),
        _ => text(value, &["averageValue"]).to_owned(),
    }
}

static METRICS: Listing = Listing {
    title: Msg::ColumnMetrics,
    heads: &[Msg::ColumnName, Msg::ColumnNow, Msg::ColumnWanted],
    read: |scaler| {
        let line = |one: Held| vec![Cell::Text(one.name), Cell::Text(one.now), Cell::text(&one.wanted)];
        metrics(scaler).into_iter().map(line).collect()
    },
};

pub(super) static BUDGETS: KindRow = KindRow {
    icon: IconName::Shield,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("status", Msg::ColumnStatus, budget_status),
        Column::words("least", Msg::ColumnMinAvailable, |budget| {
            cells::scalar(budget, &["spec", "minAvailable"])
        }),
        Column::words("most", Msg::ColumnMaxUnavailable, |budget| {
            cells::scalar(budget, &["spec", "maxUnavailable"])
        }),
        Column::figure("allowed", Msg::ColumnDisruptionsAllowed, |budget| {
            cells::count(integer(budget, &["status", "disruptionsAllowed"]))
        }),
        Column::figure("healthy", Msg::ColumnHealthy, |budget| {
            let number =
                |field| usize::try_from(integer(budget, &["status", field]).unwrap_or(0)).unwrap_or(0);
            Cell::Ratio(number("currentHealthy"), number("desiredHealthy"))
        })
        .wide(),
        Column::words("selector", Msg::ColumnSelector, |budget| {
            Cell::dim(&selects::words(&selects::of_policy(budget, &["spec", "selector"])))
        })
        .widest(),
        Column::AGE,
    ],
    order: "status",
    search: &[&["metadata", "labels"]],
    tone: Some(|budget| tone_of(&budget_status(budget))),
    selects: Some(|budget| selects::of_policy(budget, &["spec", "selector"])),
    parts: &[Part::Pods, Part::Conditions, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Workloads,
        ("policy", "v1", "poddisruptionbudgets"),
        "PodDisruptionBudget",
        KindScope::Namespaced,
        Msg::Budgets,
    )
};

/// Whether pods may be evicted, with the reason of the condition that says so.
fn budget_status(budget: &Value) -> Cell {
    let number = |field| integer(budget, &["status", field]).unwrap_or(0);
    let reason = condition(budget, "DisruptionAllowed").map(|one| text(one, &["reason"])).unwrap_or_default();
    let word = |word: &str| if reason.is_empty() { word.to_owned() } else { reason.to_owned() };
    match () {
        () if number("expectedPods") == 0 => Cell::Status(Tone::Done, "NoPods".to_owned(), None),
        () if number("currentHealthy") < number("desiredHealthy") => {
            Cell::Status(Tone::Warning, word("InsufficientPods"), None)
        }
        () if number("disruptionsAllowed") == 0 => {
            Cell::Status(Tone::Warning, word("InsufficientPods"), Some(Msg::StatusNoEviction))
        }
        () => Cell::Status(Tone::Ok, word("SufficientPods"), None),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn an_autoscaler_tells_what_it_holds_and_what_keeps_it_from_that() {
        let scaler = json!({
            "metadata": {"namespace": "shop"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 9,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]},
            "status": {"currentReplicas": 3, "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 43}}}]},
        });
        let cells = AUTOSCALERS.cells(&scaler);
        let cell = |id| AUTOSCALERS.column(id).and_then(|at| cells.get(at)).unwrap();
        assert_eq!(cell("metrics"), &Cell::Text("cpu 43%/80%".into()));
        assert_eq!(tone_of(cell("status")), Tone::Ok);
        let blind = json!({"status": {"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]}});
        assert_eq!(
            scaler_status(&blind),
            Cell::Status(Tone::Critical, "FailedGetResourceMetric".into(), None)
        );
    }

    #[test]
    fn a_budget_that_lets_nothing_go_is_worth_a_look() {
        let budget = json!({"status": {"expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}});
        assert_eq!(
            budget_status(&budget),
            Cell::Status(Tone::Warning, "InsufficientPods".into(), Some(Msg::StatusNoEviction))
        );
        assert_eq!(tone_of(&budget_status(&json!({}))), Tone::Done);
    }
}
