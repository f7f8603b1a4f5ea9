//! `get` and `list`.

use std::sync::Arc;

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::StatusCode;
use parking_lot::MutexGuard;
use serde_json::{Map, Value, json};

use super::{Call, Reply};
use crate::{
    cluster::State,
    encode::{Form, form},
    kind::Kind,
    object,
    query::Query,
    selector::{FieldSelector, LabelSelector},
    status::ApiError,
    table,
};

/// Base64 as Go reads it: no padding, and stray bits at the end do not matter.
const TOKEN_BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn get(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let stored = call.stored(state)?;
    Reply::object(StatusCode::OK, call.request, call.kind, &stored, call.cluster.now())
}

/// What a list or a watch selects.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The start of all keys: the namespace, or nothing.
    pub(crate) prefix: String,
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

impl Selection {
    pub(crate) fn of(call: &Call<'_>) -> Result<Selection, ApiError> {
        let query = &call.request.query;
        let namespace = &call.request.attributes.namespace;
        Ok(Selection {
            prefix: if namespace.is_empty() || !call.kind.namespaced {
                String::new()
            } else {
                format!("{namespace}/")
            },
            labels: LabelSelector::parse(query.get("labelSelector").unwrap_or_default())?,
            fields: FieldSelector::parse(query.get("fieldSelector").unwrap_or_default(), call.kind)?,
        })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    /// Whether a stored object under a key is selected.
    pub(crate) fn selects(&self, key: &str, stored: &Value) -> bool {
        key.starts_with(&self.prefix)
            && (self.labels.is_everything() || self.labels.matches(&object::labels(stored)))
            && self.fields.matches(stored)
    }
}

/// Where a page starts: the revision of the whole list, and the key after which it goes on.
struct Continue {
    revision: u64,
    start: String,
}

impl Continue {
    fn parse(token: &str) -> Result<Continue, ApiError> {
        let refuse = |problem: String| {
            ApiError::bad_request(format!("invalid continue token: continue key is not valid: {problem}"))
        };
        let bytes = TOKEN_BASE64.decode(token).map_err(|_| {
            ApiError::bad_request(
                "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
            )
        })?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|_| refuse(looking_for_value(&bytes)))?;
        let revision = token.get("rv").and_then(Value::as_u64).unwrap_or(0);
        let start = object::text(&token, &["start"]).to_owned();
        if revision == 0 || start.is_empty() {
            return Err(refuse("incorrect start key or resourceVersion (version meta.k8s.io/v1)".to_owned()));
        }
        Ok(Continue { revision, start })
    }

    fn to_token(&self) -> String {
        // The order of fields is that of the API server, so that tokens are equal byte by byte.
        let start = Value::from(self.start.as_str());
        TOKEN_BASE64
            .encode(format!("{{\"v\":\"meta.k8s.io/v1\",\"rv\":{},\"start\":{start}}}", self.revision))
    }
}

/// Go's complaint about text that is no JSON.
pub(super) fn looking_for_value(bytes: &[u8]) -> String {
    let first = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => "unexpected end of JSON input".to_owned(),
        Some(b'{' | b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => {
            "unexpected end of JSON input".to_owned()
        }
        Some(byte) if byte.is_ascii_graphic() => {
            format!("invalid character '{}' looking for beginning of value", char::from(byte))
        }
        Some(byte) => format!("invalid character '\\x{byte:02x}' looking for beginning of value"),
    }
}

pub(super) fn list(call: &Call<'_>, state: MutexGuard<'_, State>) -> Result<Reply, ApiError> {
    let form = form(call.request)?;
    let selection = Selection::of(call)?;
    let page = page(call, &state, &selection)?;
    // The answer is put together from shared objects, while others go on.
    drop(state);
    let (kind, now) = (call.kind, call.cluster.now());
    let items = page.items.iter();
    Ok(match form {
        Form::Object => {
            let head = json!({
                "kind": kind.list_kind, "apiVersion": kind.api_version(), "metadata": page.metadata,
            });
            written(&head, "items", items.map(|item| object_of_list(kind, item)))
        }
        Form::Metadata => {
            let head = json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": page.metadata,
            });
            written(&head, "items", items.map(|item| table::partial(item)))
        }
        Form::Table(include) => {
            let head = json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": page.metadata,
                "columnDefinitions": table::definitions(kind),
            });
            written(&head, "rows", items.map(|item| table::row(kind, item, include, now)))
        }
    })
}

/// `head` with one more field, a list. Written item by item: the trees of ten thousand pods take several times the
/// memory of their text.
fn written(head: &Value, field: &str, items: impl Iterator<Item = Value>) -> Reply {
    let mut text = head.to_string();
    text.truncate(text.len().saturating_sub("}".len()));
    text.push_str(&format!(",\"{field}\":["));
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&item.to_string());
    }
    text.push_str("]}\n");
    Reply::json_text(text)
}

fn object_of_list(kind: &Kind, stored: &Value) -> Value {
    let mut item = kind.present(stored);
    if !kind.typed_items() {
        object::remove(&mut item, &["apiVersion"]);
        object::remove(&mut item, &["kind"]);
    }
    item
}

/// A part of a list.
struct Page {
    metadata: Value,
    items: Vec<Arc<Value>>,
}

fn page(call: &Call<'_>, state: &State, selection: &Selection) -> Result<Page, ApiError> {
    let query = &call.request.query;
    let limit =
        query.integer("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let token = query.non_empty("continue").map(Continue::parse).transpose()?;
    let wanted = wanted_revision(query, token.as_ref(), state.store.revision())?;
    let table = &call.kind.table;
    // Only a list of the past needs a copy of the table.
    let past = match wanted {
        Some(revision) if revision < state.store.revision() => {
            Some(state.store.list_at(table, revision).map_err(|_| expired(token.is_some()))?)
        }
        _ => None,
    };
    let revision = wanted.unwrap_or(state.store.revision());
    let all: Box<dyn Iterator<Item = (&str, &Arc<Value>)>> = match &past {
        Some(objects) => Box::new(objects.iter().map(|(key, object)| (key.as_str(), object))),
        None => Box::new(state.store.list(table, &selection.prefix)),
    };
    let start = token.as_ref().map(|token| format!("{}{}", selection.prefix, token.start));
    let mut found = all
        .filter(|(key, _)| start.as_ref().is_none_or(|start| *key >= start.as_str()))
        .filter(|(key, object)| selection.selects(key, object));
    let mut items = Vec::new();
    let mut last = String::new();
    for (key, object) in found.by_ref().take(limit.unwrap_or(usize::MAX)) {
        last = key.strip_prefix(&selection.prefix).unwrap_or(key).to_owned();
        items.push(Arc::clone(object));
    }
    let remaining = found.count();
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
    if remaining > 0 {
        let token = Continue { revision, start: format!("{last}\0") };
        metadata.insert("continue".to_owned(), token.to_token().into());
        if selection.is_everything() {
            metadata.insert("remainingItemCount".to_owned(), remaining.into());
        }
    }
    Ok(Page { metadata: Value::Object(metadata), items })
}

/// The revision that a list must be of; none is the newest.
fn wanted_revision(query: &Query, token: Option<&Continue>, current: u64) -> Result<Option<u64>, ApiError> {
    let asked = query.resource_version()?;
    let matching = query.non_empty("resourceVersionMatch");
    if let Some(token) = token {
        if asked.is_some_and(|asked| asked != 0) {
            return Err(ApiError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        return Ok(Some(token.revision));
    }
    let Some(asked) = asked else {
        return match matching {
            None => Ok(None),
            Some(_) => Err(ApiError::bad_request(
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            )),
        };
    };
    if asked > current {
        return Err(ApiError::too_large_resource_version(asked, current));
    }
    match matching {
        Some("Exact") if asked == 0 => Err(ApiError::bad_request(
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        )),
        Some("Exact") => Ok(Some(asked)),
        Some("NotOlderThan") | None => Ok(None),
        Some(other) => Err(ApiError::bad_request(format!("unknown resourceVersionMatch {other:?}"))),
    }
}

fn expired(continued: bool) -> ApiError {
    if continued {
        ApiError::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list \
             without the continue parameter.",
        )
    } else {
        ApiError::expired("The resourceVersion for the provided list is too old.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continue_token_is_that_of_the_api_server() {
        let token =
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NjQ4LCJzdGFydCI6ImNyb3dzbmVzdC9hZ2VudC1kbXg3cVx1MDAwMCJ9";
        let parsed = Continue::parse(token).unwrap();
        assert_eq!((parsed.revision, parsed.start.as_str()), (648, "crowsnest/agent-dmx7q\0"));
        assert_eq!(parsed.to_token(), token);
    }

    #[test]
    fn a_token_that_is_none_is_refused_in_gos_words() {
        let error = Continue::parse("zzz").err().unwrap();
        assert_eq!(
            error.message,
            "invalid continue token: continue key is not valid: invalid character '\\xcf' looking for beginning of \
             value"
        );
    }
}
