//! From a text to the objects in it.

use crowsnest_api::changes::MAX_OBJECTS;
use crowsnest_yaml::load_within;
use serde_json::Value;

use crate::http::ApiError;

/// Values that a text may have, those that aliases repeat included.
const MAX_VALUES: usize = 200_000;

/// One object of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Empty where the text names none.
    pub(super) namespace: String,
    /// Empty where the API server is to make one.
    pub(super) name: String,
    pub(super) object: Value,
}

/// The objects of a text of YAML or JSON documents, lists taken apart.
pub(super) fn read(text: &[u8]) -> Result<Vec<Document>, ApiError> {
    let text = std::str::from_utf8(text).map_err(|_| ApiError::bad_request("the text is not UTF-8"))?;
    let mut documents = Vec::new();
    for (line, value) in values(text)? {
        take(&mut documents, line, value)?;
    }
    match documents.len() {
        0 => Err(ApiError::bad_request("there is no object in the text")),
        many if many > MAX_OBJECTS => Err(ApiError::bad_request(format!(
            "there are {many} objects in the text; at most {MAX_OBJECTS} are taken at once"
        ))),
        _ => Ok(documents),
    }
}

/// The documents and where each begins. JSON is tried first: it may be indented with tabs, which YAML does not know.
fn values(text: &str) -> Result<Vec<(usize, Value)>, ApiError> {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Ok(vec![(1, value)]);
    }
    let documents = load_within(text, MAX_VALUES)
        .map_err(|fault| ApiError::bad_request(format!("line {}: {}", fault.at.line, fault.message)))?;
    Ok(documents.iter().map(|node| (node.at.line, node.to_json())).collect())
}

fn take(documents: &mut Vec<Document>, line: usize, object: Value) -> Result<(), ApiError> {
    if object.is_null() {
        return Ok(());
    }
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    if let Some(items) = object.get("items").and_then(Value::as_array).filter(|_| kind.ends_with("List")) {
        return items.iter().try_for_each(|item| take(documents, line, item.clone()));
    }
    if api_version.is_empty() || kind.is_empty() {
        return Err(ApiError::bad_request(format!("line {line}: an object has apiVersion and kind")));
    }
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    if name.is_empty() && text("/metadata/generateName").is_empty() {
        return Err(ApiError::bad_request(format!("line {line}: the {kind} has no name")));
    }
    documents.push(Document { line, api_version, kind, namespace, name, object });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {n: '1'}\n";

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn many_documents_lists_and_json_are_objects_with_their_lines() {
        let text = format!("# first\n---\n{MAP}---\n---\n{MAP}");
        let documents = read(text.as_bytes()).unwrap();
        let lines: Vec<usize> = documents.iter().map(|document| document.line).collect();
        assert_eq!(lines, [3, 9]);
        assert_eq!(
            (&*documents[0].kind, &*documents[0].namespace, &*documents[0].name),
            ("ConfigMap", "shop", "a")
        );
        assert_eq!(documents[0].object["data"]["n"], "1");
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [documents[0].object, documents[1].object]});
        assert_eq!(
            read(serde_json::to_string_pretty(&list).unwrap().replace("  ", "\t").as_bytes()).unwrap().len(),
            2
        );
    }

    #[test]
    fn what_is_no_object_is_told_with_its_line() {
        assert_eq!(refused(""), "there is no object in the text");
        assert_eq!(refused("a: 1\n---\nb"), "line 1: an object has apiVersion and kind");
        assert_eq!(refused(&MAP.replace("name: a", "x: a")), "line 1: the ConfigMap has no name");
        assert!(refused("a: [1\nb: 2").starts_with("line "));
        assert!(refused(&format!("{MAP}---\n").repeat(MAX_OBJECTS + 1)).contains("at most 200"));
        assert_eq!(read(&[0xff]).unwrap_err().message(), "the text is not UTF-8");
    }

    #[test]
    fn aliases_that_multiply_and_values_that_lie_deep_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
        }
        assert!(refused(&bomb).contains("repeats included"));
        assert!(refused(&"[".repeat(1_000_000)).starts_with("line 1: "));
        assert!(refused(&"{\"a\":".repeat(100_000)).starts_with("line 1: "));
        assert!(refused(&"- ".repeat(1000)).contains("deep"));
    }
}
