//! What the user may do, and who else may.

use std::collections::BTreeMap;

use crowsnest_api::access::{Answers, MAX_RIGHTS, Right, Rules, Subjects};
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::router::encode;

const ACCESS: &str = "api/crowsnest/v1/access";

/// Which of these rights the user has.
pub(crate) async fn fetch_allowed(
    client: Client,
    rights: Vec<Right>,
    abort: AbortSignal,
) -> Result<BTreeMap<Right, bool>, ApiError> {
    let mut known = BTreeMap::new();
    for some in rights.chunks(MAX_RIGHTS) {
        let asked: Vec<String> = some.iter().map(named).collect();
        let answers: Answers = client.get(&format!("{ACCESS}/check"), &asked.join("&"), Some(&abort)).await?;
        known.extend(some.iter().cloned().zip(answers.allowed));
    }
    Ok(known)
}

/// Everything that the user may do in a namespace, or, with `-`, in all of them.
pub(crate) async fn fetch_rules(
    client: Client,
    namespace: String,
    abort: AbortSignal,
) -> Result<Rules, ApiError> {
    client.get(&format!("{ACCESS}/rules/{}", encode(&namespace)), "", Some(&abort)).await
}

/// Who has a right.
pub(crate) async fn fetch_subjects(
    client: Client,
    right: Right,
    abort: AbortSignal,
) -> Result<Subjects, ApiError> {
    client.get(&format!("{ACCESS}/subjects"), &named(&right), Some(&abort)).await
}

fn named(right: &Right) -> String {
    format!("of={}", encode(&right.to_string()))
}
