//! Reading the body of a request into an object of the right kind.

use serde_json::Value;

use super::{Call, read::looking_for_value};
use crate::{
    object, protobuf,
    request::Request,
    status::{ApiError, Cause},
};

const ACCEPTED: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/// How much of a malformed body a message shows.
const SHOWN: usize = 1024;

/// What to do about fields that the kind does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// An object and what is to be said about it.
pub(crate) struct Decoded {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

/// The media type without its parameters; JSON when there is none.
pub(crate) fn media_type(request: &Request) -> &str {
    match request.header("content-type").split(';').next().unwrap_or_default().trim() {
        "" => "application/json",
        media_type => media_type,
    }
}

/// Reads JSON, YAML, or protobuf of some kinds. `kind` is what the object should be, for messages.
pub(crate) fn parse(request: &Request, kind: &str) -> Result<Value, ApiError> {
    match media_type(request) {
        "application/json" => {
            serde_json::from_slice(&request.body).map_err(|_| unrecognized(&request.body, kind))
        }
        "application/yaml" => parse_yaml(&request.body),
        "application/vnd.kubernetes.protobuf" => {
            protobuf::read(&request.body).ok_or_else(|| ApiError::unsupported_media_type(ACCEPTED))
        }
        _ => Err(ApiError::unsupported_media_type(ACCEPTED)),
    }
}

/// Reads YAML, of which JSON is a part.
pub(crate) fn parse_yaml(body: &[u8]) -> Result<Value, ApiError> {
    let text =
        std::str::from_utf8(body).map_err(|_| ApiError::bad_request("error decoding YAML: not UTF-8"))?;
    serde_saphyr::from_str(text)
        .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}

fn unrecognized(body: &[u8], kind: &str) -> ApiError {
    let shown: String = String::from_utf8_lossy(body).chars().take(SHOWN).collect();
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: \
         {} ({shown})",
        looking_for_value(body)
    ))
}

/// Reads an object of the call's own kind.
pub(crate) fn decode(call: &Call<'_>) -> Result<Decoded, ApiError> {
    let object = parse(call.request, &call.kind.kind)?;
    check(call, object)
}

/// Checks that an object is of the call's kind and has the fields of that kind.
pub(crate) fn check(call: &Call<'_>, mut object: Value) -> Result<Decoded, ApiError> {
    let kind = call.kind;
    if !object.is_object() {
        return Err(unrecognized(object.to_string().as_bytes(), &kind.kind));
    }
    object::set_default(&mut object, &["kind"], kind.kind.as_str());
    object::set_default(&mut object, &["apiVersion"], kind.api_version());
    let (version, name) = (object::text(&object, &["apiVersion"]), object::text(&object, &["kind"]));
    if version != kind.api_version() || name != kind.kind {
        return Err(wrong_kind(call, version, name));
    }
    let validation = validation(call.request)?;
    let whole = (validation == FieldValidation::Strict).then(|| object.clone());
    let dropped = match &kind.custom {
        Some(custom) => crate::crd::schema::prune(&custom.schema, &mut object),
        None => drop_unknown(&kind.fields, &mut object),
    };
    let problems: Vec<String> = dropped.iter().map(|field| format!("unknown field {field:?}")).collect();
    match validation {
        FieldValidation::Strict if !problems.is_empty() => {
            Err(strict_refusal(call, &whole.unwrap_or_default(), &problems))
        }
        FieldValidation::Warn => Ok(Decoded { object, warnings: problems }),
        FieldValidation::Strict | FieldValidation::Ignore => Ok(Decoded { object, warnings: Vec::new() }),
    }
}

/// A patch is refused as an invalid value of itself, any other body as one that cannot be read.
fn strict_refusal(call: &Call<'_>, whole: &Value, problems: &[String]) -> ApiError {
    let kind = call.kind;
    let detail = format!("strict decoding error: {}", problems.join(", "));
    if call.request.method == http::Method::PATCH && media_type(call.request) != super::patch::APPLY {
        let cause = Cause::invalid("patch", &Value::String(whole.to_string()), &detail);
        return ApiError::invalid("", "", "", &[cause]);
    }
    let version = &kind.version;
    ApiError::bad_request(format!(
        "{} in version {version:?} cannot be handled as a {}: {detail}",
        kind.kind, kind.kind
    ))
}

/// Takes out the fields of the root that a built-in kind does not have. Deeper fields are not checked.
fn drop_unknown(fields: &[&str], object: &mut Value) -> Vec<String> {
    if fields.is_empty() {
        return Vec::new();
    }
    let known = |name: &str| matches!(name, "apiVersion" | "kind" | "metadata") || fields.contains(&name);
    let root = object::map_mut(object, &[]);
    let unknown: Vec<String> = root.keys().filter(|name| !known(name)).cloned().collect();
    for name in &unknown {
        root.remove(name);
    }
    unknown
}

fn validation(request: &Request) -> Result<FieldValidation, ApiError> {
    match request.query.non_empty("fieldValidation") {
        Some("Ignore") => Ok(FieldValidation::Ignore),
        None | Some("Warn") => Ok(FieldValidation::Warn),
        Some("Strict") => Ok(FieldValidation::Strict),
        Some(other) => Err(ApiError::bad_request(format!(
            "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
        ))),
    }
}

fn wrong_kind(call: &Call<'_>, version: &str, name: &str) -> ApiError {
    let kind = call.kind;
    let (given_group, given_version) = crate::kind::split_group_version(version);
    if name == kind.kind && given_group == kind.group {
        return ApiError::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            kind.api_version()
        ));
    }
    // Go's package of the internal types: the first word of the group.
    let package = match kind.group.split('.').next() {
        None | Some("") => "core",
        Some(word) => word,
    };
    ApiError::bad_request(format!(
        "{name} in version {version:?} cannot be handled as a {}: converting ({given_version}.{name}) to \
         ({package}.{}): unknown conversion",
        kind.kind, kind.kind
    ))
}
