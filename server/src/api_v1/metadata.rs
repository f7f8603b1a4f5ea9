//! `metadata`: what senders have said about metric families.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use crowsnest_api::prometheus::Metadata;
use crowsnest_api::{METRIC_NAME, Timestamp};
use crowsnest_promql::{Queryable as _, Scope};

use super::answer::{Found, answer};
use super::families::MetricNames;
use super::params::Params;
use super::seen::Seen;
use crate::http::{ApiError, AppState};

/// Families by name, each with a list, since senders may disagree; ours has one entry, the newest. Who may not see every
/// series learns of the families whose series they see.
pub(crate) async fn metadata(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let metric = params.get("metric").map(str::to_owned);
    // Zero and below have meanings of their own in Prometheus: no families, and all of them.
    let limit = params.number("limit")?.and_then(|limit| usize::try_from(limit).ok());
    params.number("limit_per_metric")?;
    let store = Arc::clone(&app.storage.local);
    answer(&app, None, move |_| {
        let everything = Scope { matcher_sets: &[], start: Timestamp::MIN, end: Timestamp::MAX };
        let visible = match seen.is_confined() {
            true => Some(MetricNames::of(seen.store().label_values(METRIC_NAME, &everything)?)),
            false => None,
        };
        let wanted = |family: &str| {
            metric.as_deref().is_none_or(|metric| metric == family)
                && visible.as_ref().is_none_or(|names| names.have(family))
        };
        let families = store.metadata().into_iter().filter(|metadata| wanted(&metadata.family));
        let found = families.take(limit.unwrap_or(usize::MAX)).map(|metadata| {
            let entry = Metadata {
                r#type: metadata.kind.to_string(),
                help: metadata.help,
                unit: metadata.unit.to_string(),
            };
            (metadata.family.to_string(), vec![entry])
        });
        Ok(Found::plain(found.collect::<BTreeMap<_, _>>()))
    })
    .await
}
