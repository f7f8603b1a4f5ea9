//! The three patch formats that change what is sent them: JSON patch, merge patch, strategic merge patch.

mod strategic;

use serde_json::Value;
pub(crate) use strategic::strategic_merge;

use crate::status::ApiError;

/// RFC 7386: `null` removes, maps merge, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    json_patch::merge(target, patch);
}

/// RFC 6902.
pub(crate) fn json(target: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let operations: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(|error| {
        ApiError::bad_request(format!("error decoding patch: json: cannot unmarshal into Go value: {error}"))
    })?;
    json_patch::patch(target, &operations).map_err(|_| ApiError::unprocessable_patch())
}
