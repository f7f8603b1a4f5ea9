//! Amounts of resources, LimitRanges and ResourceQuotas.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kept_as_read;
use crate::family::Family;
use crate::object::Identity;
use crate::quantity::Quantity;
use crate::rows::Rows;

/// Amounts by the resource's name.
pub(super) type Amounts = BTreeMap<Box<str>, Quantity>;

/// A row for each amount, with the resource's name and unit.
pub(super) fn resource_rows(amounts: &Amounts, labels: &[(&str, &str)], rows: &mut Rows<'_>) {
    for (resource, amount) in amounts {
        let Some(unit) = unit(resource) else { continue };
        let name: String =
            resource.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
        let mut all = labels.to_vec();
        all.extend([("resource", name.as_str()), ("unit", unit)]);
        rows.with(&all, amount.0);
    }
}

/// What amounts of a resource are counted in; nothing is told of others.
fn unit(resource: &str) -> Option<&'static str> {
    match resource {
        "cpu" => Some("core"),
        "memory" | "storage" | "ephemeral-storage" => Some("byte"),
        "pods" => Some("integer"),
        _ if resource.starts_with("hugepages-") || resource.starts_with("attachable-volumes-") => {
            Some("byte")
        }
        // Extended resources have the domain of whoever brings them.
        _ if resource.contains('/') => Some("integer"),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LimitRange {
    spec: LimitRangeSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LimitRangeSpec {
    limits: Vec<Limit>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Limit {
    r#type: Box<str>,
    min: Amounts,
    max: Amounts,
    default: Amounts,
    default_request: Amounts,
    max_limit_request_ratio: Amounts,
}

kept_as_read!(
    LimitRange,
    Identity::Namespaced("limitrange"),
    &[
        Family::gauge("kube_limitrange", "[STABLE] Information about limit range.", |_, range, rows| {
            for limit in &range.spec.limits {
                for (constraint, amounts) in [
                    ("min", &limit.min),
                    ("max", &limit.max),
                    ("default", &limit.default),
                    ("defaultRequest", &limit.default_request),
                    ("maxLimitRequestRatio", &limit.max_limit_request_ratio),
                ] {
                    for (resource, amount) in amounts {
                        let labels =
                            [("resource", &**resource), ("type", &*limit.r#type), ("constraint", constraint)];
                        rows.with(&labels, amount.0);
                    }
                }
            }
        }),
        Family::created("kube_limitrange_created"),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResourceQuota {
    status: QuotaStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QuotaStatus {
    hard: Amounts,
    used: Amounts,
}

kept_as_read!(
    ResourceQuota,
    Identity::Namespaced("resourcequota"),
    &[
        Family::gauge(
            "kube_resourcequota",
            "[STABLE] Information about resource quota.",
            |_, quota, rows| {
                for (kind, amounts) in [("hard", &quota.status.hard), ("used", &quota.status.used)] {
                    for (resource, amount) in amounts {
                        rows.with(&[("resource", resource), ("type", kind)], amount.0);
                    }
                }
            }
        ),
        Family::annotations("kube_resourcequota_annotations"),
        Family::created("kube_resourcequota_created"),
        Family::labels("kube_resourcequota_labels"),
    ]
);
