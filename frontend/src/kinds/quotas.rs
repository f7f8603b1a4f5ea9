//! Limits: what a namespace may have, what containers get where they ask for nothing, whose pods go first.

use super::{Amount, Cell, Column, Group, KindRow, KindScope, Listing, Part, cells};
use crate::cluster::object::{at, list, pairs, text};
use crate::cluster::quantity;
use crate::components::IconName;
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static QUOTAS: KindRow = KindRow {
    icon: IconName::Gauge,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::figure("share", Msg::ColumnFullest, |quota| {
            fullest(quota).map_or(Cell::None, |(_, share)| Cell::Amount(Amount::Share, share))
        }),
        Column::words("which", Msg::ColumnResource, |quota| {
            fullest(quota).map_or(Cell::None, |(name, _)| Cell::Text(name.to_owned()))
        }),
        Column::words("used", Msg::ColumnUsed, |quota| {
            let used = held(quota).map(|(name, hard, used)| format!("{name} {used}/{hard}"));
            Cell::dim(&used.collect::<Vec<_>>().join(", "))
        })
        .wide(),
        Column::AGE,
    ],
    order: "-share",
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&HELD), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Configuration,
        ("", "v1", "resourcequotas"),
        "ResourceQuota",
        KindScope::Namespaced,
        Msg::Quotas,
    )
};

/// Each resource with what there may be and what there is.
fn held(quota: &Value) -> impl Iterator<Item = (&str, &str, &str)> {
    let used = |name: &str| Some(text(quota, &["status", "used", name])).filter(|used| !used.is_empty());
    pairs(quota, &["spec", "hard"]).map(move |(name, hard)| (name, hard, used(name).unwrap_or("0")))
}

fn share_of(hard: &str, used: &str) -> Option<f64> {
    let (hard, used) = (quantity::parse(hard)?, quantity::parse(used)?);
    (hard > 0.0).then(|| used / hard)
}

/// The resource of which the largest share is used.
fn fullest(quota: &Value) -> Option<(&str, f64)> {
    let shares = held(quota).filter_map(|(name, hard, used)| Some((name, share_of(hard, used)?)));
    shares.max_by(|a, b| a.1.total_cmp(&b.1))
}

static HELD: Listing = Listing {
    title: Msg::ColumnUsed,
    heads: &[Msg::ColumnResource, Msg::ColumnUsed, Msg::ColumnHard, Msg::ColumnShare],
    read: |quota| {
        let line = |(name, hard, used): (&str, &str, &str)| {
            let share = share_of(hard, used).map_or(Cell::None, |share| Cell::Amount(Amount::Share, share));
            vec![Cell::Text(name.to_owned()), Cell::Text(used.to_owned()), Cell::Text(hard.to_owned()), share]
        };
        held(quota).map(line).collect()
    },
};

pub(super) static LIMIT_RANGES: KindRow = KindRow {
    icon: IconName::Gauge,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("limits", Msg::ColumnLimitsOf, |range| {
            let of = list(range, &["spec", "limits"]).iter().map(|one| text(one, &["type"]));
            Cell::text(&of.collect::<Vec<_>>().join(", "))
        }),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&LIMITS), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Configuration,
        ("", "v1", "limitranges"),
        "LimitRange",
        KindScope::Namespaced,
        Msg::LimitRanges,
    )
};

static LIMITS: Listing = Listing {
    title: Msg::LimitsTitle,
    heads: &[
        Msg::MetricType,
        Msg::ColumnMin,
        Msg::ColumnMax,
        Msg::LimitDefaultRequest,
        Msg::LimitDefault,
        Msg::LimitRatio,
    ],
    read: |range| {
        let line = |one: &Value| {
            let of = |field: &str| Cell::text(&cells::pairs_text(one, &[field]));
            vec![
                Cell::text(text(one, &["type"])),
                of("min"),
                of("max"),
                of("defaultRequest"),
                of("default"),
                of("maxLimitRequestRatio"),
            ]
        };
        list(range, &["spec", "limits"]).iter().map(line).collect()
    },
};

pub(super) static PRIORITY_CLASSES: KindRow = KindRow {
    icon: IconName::Gauge,
    columns: &[
        Column::NAME,
        Column::figure("value", Msg::ColumnValue, |class| {
            cells::count(at(class, &["value"]).and_then(Value::as_i64))
        }),
        Column::words("default", Msg::ColumnDefault, |class| cells::scalar(class, &["globalDefault"])).wide(),
        Column::words("preemption", Msg::ColumnPreemption, |class| {
            Cell::dim(text(class, &["preemptionPolicy"]))
        })
        .wide(),
        Column::words("description", Msg::ColumnDescription, |class| {
            Cell::dim(text(class, &["description"]))
        })
        .widest(),
        Column::AGE,
    ],
    order: "-value",
    parts: &[Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Configuration,
        ("scheduling.k8s.io", "v1", "priorityclasses"),
        "PriorityClass",
        KindScope::Cluster,
        Msg::PriorityClasses,
    )
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_quota_tells_what_is_fullest() {
        let quota = json!({"spec": {"hard": {"requests.cpu": "10", "requests.memory": "10Gi", "pods": "0"}},
            "status": {"used": {"requests.cpu": "2500m", "requests.memory": "9Gi"}}});
        assert_eq!(fullest(&quota), Some(("requests.memory", 0.9)));
        assert_eq!((HELD.read)(&quota).len(), 3);
    }
}
