//! `rules`, `alerts` and `alertmanagers`: well-formed and empty as long as nothing evaluates rules here.

use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::Value;

use super::answer::plain;
use super::params::{Params, invalid};
use crate::http::ApiError;

/// `data` of `rules`.
#[derive(Debug, Default, Serialize)]
struct Rules {
    groups: Vec<Value>,
}

/// `data` of `alerts`.
#[derive(Debug, Default, Serialize)]
struct Alerts {
    alerts: Vec<Value>,
}

/// `data` of `alertmanagers`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alertmanagers {
    active_alertmanagers: Vec<Value>,
    dropped_alertmanagers: Vec<Value>,
}

/// `rules`: the groups with their rules.
pub(crate) async fn rules(params: Params) -> Result<Response, ApiError> {
    params.matcher_sets().map_err(ApiError::bad_request)?;
    let kind = params.get("type").unwrap_or_default().to_lowercase();
    if !["", "alert", "record"].contains(&kind.as_str()) {
        return Err(invalid("type", &format!("not supported value {kind:?}")));
    }
    params.flag("exclude_alerts")?;
    check_page(&params)?;
    Ok(plain(Rules::default()).into_response())
}

/// Which groups to begin with, and how many. Without groups, no token names one.
fn check_page(params: &Params) -> Result<(), ApiError> {
    let limit = params.get("group_limit");
    let token = params.get("group_next_token");
    if token.is_some() && limit.is_none() {
        let what = "group_limit needs to be present in order to paginate over the groups";
        return Err(invalid("group_next_token", what));
    }
    if let Some(limit) = limit {
        match limit.parse::<i32>() {
            Ok(limit) if limit > 0 => {}
            Ok(_) => return Err(invalid("group_limit", "group_limit needs to be greater than 0")),
            Err(_) => {
                let what = format!("group_limit needs to be a valid number, not {limit:?}");
                return Err(invalid("group_limit", &what));
            }
        }
    }
    match token {
        Some(token) => {
            let what = format!("invalid group_next_token '{token}'. were rule groups changed?");
            Err(invalid("group_next_token", &what))
        }
        None => Ok(()),
    }
}

/// `alerts`: those that are pending or firing.
pub(crate) async fn alerts() -> Response {
    plain(Alerts::default()).into_response()
}

/// `alertmanagers`: where alerts are sent to.
pub(crate) async fn alertmanagers() -> Response {
    plain(Alertmanagers::default()).into_response()
}
