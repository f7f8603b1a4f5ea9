//! `series`, `labels` and `label/<name>/values`.

use axum::extract::{Path, State};
use axum::response::Response;
use crowsnest_api::Timestamp;
use crowsnest_promql::{Matcher, QueryError, Queryable as _, Scope};

use super::answer::{Found, answer};
use super::params::{Params, invalid};
use super::seen::Seen;
use crate::http::{ApiError, AppState};

/// What all three ask about.
struct Question {
    matcher_sets: Vec<Vec<Matcher>>,
    start: Timestamp,
    end: Timestamp,
    limit: Option<usize>,
}

impl Question {
    /// Reads it; `refused` says what is told of a bad `match[]`.
    fn read(params: &Params, refused: impl FnOnce(String) -> ApiError) -> Result<Self, ApiError> {
        let limit = params.limit("limit")?;
        let start = params.time("start")?.unwrap_or(Timestamp::MIN);
        let end = params.time("end")?.unwrap_or(Timestamp::MAX);
        if end < start {
            return Err(invalid("end", "end timestamp must not be before start time"));
        }
        Ok(Self { matcher_sets: params.matcher_sets().map_err(refused)?, start, end, limit })
    }

    fn scope(&self) -> Scope<'_> {
        Scope { matcher_sets: &self.matcher_sets, start: self.start, end: self.end }
    }
}

/// `series`: the label sets of matching series.
pub(crate) async fn series(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    if params.all("match[]").next().is_none() {
        return Err(ApiError::bad_request("no match[] parameter provided"));
    }
    let question = Question::read(&params, |what| invalid("match[]", &what))?;
    answer(&app, None, move |_| {
        let series = seen.store().series(&question.scope()).map_err(QueryError::from)?;
        Ok(Found::cut(series, question.limit))
    })
    .await
}

/// `labels`: the names of labels.
pub(crate) async fn names(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let question = Question::read(&params, ApiError::bad_request)?;
    answer(&app, None, move |_| {
        let names = seen.store().label_names(&question.scope()).map_err(QueryError::from)?;
        Ok(Found::cut(names, question.limit))
    })
    .await
}

/// `label/<name>/values`: the values of one label.
pub(crate) async fn values(
    State(app): State<AppState>,
    Path(name): Path<String>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let name = unescape_name(&name);
    if name.is_empty() {
        return Err(ApiError::bad_request("invalid label name: \"\""));
    }
    let question = Question::read(&params, ApiError::bad_request)?;
    answer(&app, None, move |_| {
        let values = seen.store().label_values(&name, &question.scope()).map_err(QueryError::from)?;
        Ok(Found::cut(values, question.limit))
    })
    .await
}

/// Undoes the escaping that clients use for names outside the classic character set: after `U__`, `__` is an
/// underscore and `_2e_` the character U+002E. A name that is not escaped properly means itself.
fn unescape_name(name: &str) -> String {
    fn unescape(escaped: &str) -> Option<String> {
        let mut plain = String::new();
        let mut rest = escaped;
        while let Some((before, after)) = rest.split_once('_') {
            plain.push_str(before);
            let (code, after) = after.split_once('_')?;
            match code {
                "" => plain.push('_'),
                hex if hex.len() <= 6 => plain.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?),
                _ => return None,
            }
            rest = after;
        }
        plain.push_str(rest);
        Some(plain)
    }
    name.strip_prefix("U__").and_then(unescape).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_unescaped_and_others_left_alone() {
        for (name, plain) in [
            ("job", "job"),
            ("__name__", "__name__"),
            ("U__http_2e_status", "http.status"),
            ("U__a__b", "a_b"),
            ("U____name__", "_name_"),
            ("U___1f600_", "😀"),
            ("U__bad_zz_", "U__bad_zz_"),
            ("U__open_2e", "U__open_2e"),
            ("U___d800_", "U___d800_"),
        ] {
            assert_eq!(unescape_name(name), plain, "{name}");
        }
    }
}
