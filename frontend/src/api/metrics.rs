//! What metrics and labels there are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crowsnest_api::METRIC_NAME;
use crowsnest_api::prometheus::{Metadata, Response};
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::assist::{LabelNames, LabelQuestion, Vocabulary};
use crate::router::encode;

/// The most values of a label that are asked for: an editor offers a hundred of them, and typing on does not ask again.
const MOST_VALUES: usize = 10_000;

/// Values of labels are not asked for by a form, and proxies cut long URLs.
const LONGEST_SELECTORS: usize = 2_000;

/// Every metric that the user may see, with what its senders say about it.
pub(crate) async fn fetch_vocabulary(client: Client, abort: AbortSignal) -> Result<Vocabulary, ApiError> {
    let names = fetch_data(client, &format!("api/v1/label/{METRIC_NAME}/values"), "", &abort).await?;
    let families = fetch_data::<BTreeMap<String, Vec<Metadata>>>(client, "api/v1/metadata", "", &abort).await;
    // Names alone are of use, too.
    Ok(Vocabulary::new(names, &families.unwrap_or_default()))
}

/// The answer to a question about labels.
pub(crate) async fn fetch_labels(
    client: Client,
    question: LabelQuestion,
    abort: AbortSignal,
) -> Result<LabelNames, ApiError> {
    let mut selectors: String =
        question.of.iter().map(|selector| format!("&match[]={}", encode(selector))).collect();
    // What is asked about all series says too much, which is better than nothing.
    if selectors.len() > LONGEST_SELECTORS {
        selectors.clear();
    }
    let query = format!("limit={MOST_VALUES}{selectors}");
    let path = match &question.label {
        Some(label) => format!("api/v1/label/{}/values", path_name(label)),
        None => "api/v1/labels".to_owned(),
    };
    let names: Vec<String> = fetch_data(client, &path, &query, &abort).await?;
    Ok(LabelNames { question, names: names.into() })
}

/// A label's name within a path, escaped as Prometheus escapes what is outside the classic set.
fn path_name(label: &str) -> String {
    if label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !label.starts_with("U__") {
        return label.to_owned();
    }
    let mut escaped = "U__".to_owned();
    for character in label.chars() {
        match character {
            '_' => escaped.push_str("__"),
            c if c.is_ascii_alphanumeric() => escaped.push(c),
            c => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "_{:x}_", u32::from(c));
            }
        }
    }
    escaped
}

/// What the Prometheus API says to a question about names, values or series.
pub(crate) async fn fetch_data<T: DeserializeOwned>(
    client: Client,
    path: &str,
    query: &str,
    abort: &AbortSignal,
) -> Result<T, ApiError> {
    match client.get::<Response<T>>(path, query, Some(abort)).await? {
        Response::Success { data, .. } => Ok(data),
        Response::Error { error, .. } => Err(ApiError::Query(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_classic_set_are_escaped_in_paths() {
        assert_eq!(path_name("job"), "job");
        assert_eq!(path_name("http.status_code"), "U__http_2e_status__code");
        assert_eq!(path_name("😀"), "U___1f600_");
    }
}
