//! Attributes as labels, and what the attributes of a resource say about the target.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_api::{INSTANCE, JOB};
use serde_json::{Number, Value};

use super::names;
use super::wire::{Any, AnyValue, KeyValue};

const SERVICE: &str = "service.name";
const SERVICE_NAMESPACE: &str = "service.namespace";
const SERVICE_INSTANCE: &str = "service.instance.id";

/// Labels by name.
pub(super) type LabelMap = BTreeMap<String, String>;

/// The labels of attributes. Those whose names become the same share one, with `;` between the values.
pub(super) fn labels(attributes: &[KeyValue]) -> LabelMap {
    let mut sorted: Vec<&KeyValue> = attributes.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    let mut labels = LabelMap::new();
    for attribute in sorted.into_iter().filter(|attribute| !attribute.key.is_empty()) {
        let value = text(attribute.value.as_ref());
        labels
            .entry(names::label(&attribute.key))
            .and_modify(|known| {
                known.push(';');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    labels
}

/// Labels that all series of a resource have, `job` and `instance`, and those that `target_info` has beside them.
pub(super) fn of_resource(attributes: &[KeyValue]) -> (LabelMap, LabelMap) {
    let value = |key: &str| {
        let found = attributes.iter().find(|attribute| attribute.key == key);
        found.map(|found| text(found.value.as_ref())).filter(|text| !text.is_empty())
    };
    let job = match (value(SERVICE_NAMESPACE), value(SERVICE)) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        (_, name) => name,
    };
    let identity = [(JOB, job), (INSTANCE, value(SERVICE_INSTANCE))];
    let identity = identity.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let others: Vec<KeyValue> = attributes
        .iter()
        .filter(|attribute| ![SERVICE, SERVICE_NAMESPACE, SERVICE_INSTANCE].contains(&attribute.key.as_str()))
        .cloned()
        .collect();
    (identity.collect(), labels(&others))
}

/// A value as the collector writes it: what is no plain value as JSON.
fn text(value: Option<&AnyValue>) -> String {
    match json(value) {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn json(value: Option<&AnyValue>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(value)) => Value::Bool(*value),
        Some(Any::IntValue(value)) => Value::Number((*value).into()),
        Some(Any::DoubleValue(value)) => {
            let whole = (value.fract() == 0.0 && value.abs() < 1e15).then(|| Number::from(*value as i64));
            let number = whole.or_else(|| Number::from_f64(*value));
            number.map_or_else(|| Value::String(value.to_string()), Value::Number)
        }
        Some(Any::ArrayValue(array)) => array.values.iter().map(|value| json(Some(value))).collect(),
        Some(Any::KvlistValue(list)) => {
            let pairs = list.values.iter().map(|pair| (pair.key.clone(), json(pair.value.as_ref())));
            Value::Object(pairs.collect())
        }
        Some(Any::BytesValue(bytes)) => Value::String(STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: Any) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
    }

    fn string(key: &str, value: &str) -> KeyValue {
        attribute(key, Any::StringValue(value.to_owned()))
    }

    #[test]
    fn names_that_become_the_same_share_a_label() {
        let labels = labels(&[string("a.b", "2"), string("a_b", "3"), string("a-b", "1"), string("", "x")]);
        assert_eq!(labels, LabelMap::from([("a_b".to_owned(), "1;2;3".to_owned())]));
    }

    #[test]
    fn values_are_written_as_text() {
        for (value, expected) in [
            (Any::BoolValue(true), "true"),
            (Any::IntValue(-5), "-5"),
            (Any::DoubleValue(3.0), "3"),
            (Any::DoubleValue(0.25), "0.25"),
            (Any::BytesValue(vec![1, 2]), "AQI="),
        ] {
            assert_eq!(text(attribute("a", value).value.as_ref()), expected);
        }
        let list = super::super::wire::ArrayValue { values: vec![string("", "x").value.unwrap()] };
        assert_eq!(text(attribute("a", Any::ArrayValue(list)).value.as_ref()), r#"["x"]"#);
    }

    #[test]
    fn a_resource_is_a_job_and_an_instance_and_the_rest_is_its_info() {
        let (identity, info) = of_resource(&[
            string(SERVICE, "cart"),
            string(SERVICE_NAMESPACE, "shop"),
            string(SERVICE_INSTANCE, "cart-1"),
            string("host.name", "n1"),
        ]);
        let map = |pairs: &[(&str, &str)]| -> LabelMap {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(identity, map(&[("job", "shop/cart"), ("instance", "cart-1")]));
        assert_eq!(info, map(&[("host_name", "n1")]));
    }
}
