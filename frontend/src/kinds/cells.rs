//! Cells that kinds have in common: links by name, quantities, small words.

use crate::json::Value;

use super::{Amount, Cell, find, find_api};
use crate::cluster::object::{at, is_true, list, namespace, pairs, text};
use crate::cluster::quantity;

/// A name that leads to the object of that kind in the same namespace as `object`; nothing where it is empty.
pub(super) fn link(id: &str, object: &Value, name: &str) -> Cell {
    link_in(id, namespace(object), name)
}

/// A name that leads to the object of that kind in a namespace.
pub(super) fn link_in(id: &str, namespace: &str, name: &str) -> Cell {
    match find(id) {
        _ if name.is_empty() => Cell::None,
        Some(row) => Cell::Link(name.to_owned(), row.object_page(namespace, name)),
        None => Cell::Text(name.to_owned()),
    }
}

/// `Deployment web`, leading to its page where its kind has one: a reference with `kind`, `name`, and `apiVersion` or `apiGroup`.
pub(super) fn reference(reference: &Value, namespace: &str) -> Cell {
    let (kind, name) = (text(reference, &["kind"]), text(reference, &["name"]));
    let group = match (text(reference, &["apiVersion"]), text(reference, &["apiGroup"])) {
        ("", group) => group,
        (version, _) => version.split_once('/').map_or("", |(group, _)| group),
    };
    let words = format!("{kind} {name}").trim().to_owned();
    match find_api(group, kind) {
        _ if name.is_empty() => Cell::text(&words),
        Some(row) => Cell::Link(words, row.object_page(namespace, name)),
        None => Cell::Text(words),
    }
}

/// The object that controls this one.
pub(super) fn owner(object: &Value) -> Cell {
    let owners = list(object, &["metadata", "ownerReferences"]);
    let owner = owners.iter().find(|owner| is_true(owner, &["controller"])).or(owners.first());
    owner.map_or(Cell::None, |owner| reference(owner, namespace(object)))
}

/// A number that may not be there.
pub(super) fn count(value: Option<i64>) -> Cell {
    value.map_or(Cell::None, Cell::Count)
}

/// How many there are.
pub(super) fn number(value: usize) -> Cell {
    Cell::Count(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A quantity of bytes.
pub(super) fn bytes(text: &str) -> Cell {
    quantity::parse(text).map_or(Cell::None, |value| Cell::Amount(Amount::Bytes, value))
}

/// The text, number or truth at `path`, as it is written.
pub(super) fn scalar(object: &Value, path: &[&str]) -> Cell {
    Cell::text(&scalar_text(at(object, path).unwrap_or(&Value::Null)))
}

/// A text, a number or a truth as words; empty for anything else.
pub(super) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        _ => String::new(),
    }
}

/// The texts of a list, one after the other.
pub(super) fn texts(object: &Value, path: &[&str]) -> String {
    list(object, path).iter().map(scalar_text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `a=1, b=2`
pub(super) fn pairs_text(object: &Value, path: &[&str]) -> String {
    pairs(object, path).map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// `RWO, ROX`: kubectl's letters.
pub(super) fn access_modes(modes: &[Value]) -> String {
    let letters = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        other => other.to_owned(),
    };
    modes.iter().map(letters).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::router::Page;

    #[test]
    fn a_reference_leads_to_what_it_names() {
        let of = |version: &str, kind: &str| {
            reference(&json!({"apiVersion": version, "kind": kind, "name": "web"}), "shop")
        };
        let page = Page::Object("deployments", "shop".into(), "web".into());
        assert_eq!(of("apps/v1", "Deployment"), Cell::Link("Deployment web".into(), page));
        assert_eq!(of("example.org/v1", "Widget"), Cell::Text("Widget web".into()));
        assert_eq!(reference(&json!({}), ""), Cell::None);
    }

    #[test]
    fn access_modes_have_kubectls_letters() {
        assert_eq!(
            access_modes(&[json!("ReadWriteOnce"), json!("ReadOnlyMany"), json!("New")]),
            "RWO, ROX, New"
        );
    }

    #[test]
    fn what_is_no_scalar_has_no_words() {
        assert_eq!(scalar(&json!({"a": 25}), &["a"]), Cell::Text("25".into()));
        assert_eq!(scalar(&json!({"a": {}}), &["a"]), Cell::None);
    }
}
