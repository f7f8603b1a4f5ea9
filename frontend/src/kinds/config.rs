//! What programs are configured with. Lists come as the API server's own rows, so that no value leaves it for a list: ConfigMaps would be
//! large, and Secrets are nobody's business in passing.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, Wire};
use crate::cluster::object::{at, text};
use crate::components::IconName;
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static CONFIG_MAPS: KindRow = KindRow {
    icon: IconName::File,
    wire: Wire::Rows,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::printed("keys", Msg::ColumnKeys, "Data"),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&VALUES), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Configuration,
        ("", "v1", "configmaps"),
        "ConfigMap",
        KindScope::Namespaced,
        Msg::ConfigMaps,
    )
};

pub(super) static SECRETS: KindRow = KindRow {
    icon: IconName::Key,
    wire: Wire::Rows,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("type", Msg::MetricType, |secret| Cell::text(text(secret, &["cells", "Type"]))),
        Column::printed("keys", Msg::ColumnKeys, "Data"),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&SECRET_KEYS), Part::Events, Part::Labels],
    ..KindRow::new(Group::Configuration, ("", "v1", "secrets"), "Secret", KindScope::Namespaced, Msg::Secrets)
};

/// The keys of a ConfigMap with their values.
static VALUES: Listing = Listing {
    title: Msg::DataTitle,
    heads: &[Msg::ColumnKey, Msg::ColumnSize, Msg::ColumnValue],
    read: |map| {
        let entries = |field: &str| at(map, &[field]).and_then(Value::as_object).into_iter().flatten();
        let plain = entries("data").map(|(key, value)| {
            let value = value.as_str().unwrap_or_default();
            vec![Cell::Text(key.to_owned()), Cell::size(value.len()), Cell::Block(value.to_owned())]
        });
        let binary = entries("binaryData").map(|(key, value)| {
            let bytes = decoded_len(value.as_str().unwrap_or_default());
            vec![Cell::Text(key.to_owned()), Cell::size(bytes), Cell::Label(Msg::BinaryValue)]
        });
        plain.chain(binary).collect()
    },
};

/// The keys of a Secret, and never a value.
static SECRET_KEYS: Listing = Listing {
    title: Msg::ColumnKeys,
    heads: &[Msg::ColumnKey],
    read: |secret| {
        let keys = at(secret, &["data"]).and_then(Value::as_object).into_iter().flatten();
        keys.map(|(key, _)| vec![Cell::Text(key.to_owned())]).collect()
    },
};

/// The bytes that base64 stands for.
fn decoded_len(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_config_map_shows_its_values_and_of_binary_ones_the_size() {
        let map = json!({"data": {"a.conf": "x = 1"}, "binaryData": {"b": "AAEC"}});
        let lines = (VALUES.read)(&map);
        assert_eq!(lines.first().and_then(|line| line.get(2)), Some(&Cell::Block("x = 1".into())));
        assert_eq!(lines.get(1).and_then(|line| line.get(1)), Some(&Cell::size(3)));
    }

    #[test]
    fn a_secret_shows_no_value_even_where_one_was_sent() {
        let lines = (SECRET_KEYS.read)(&json!({"data": {"password": "aHVudGVyMg=="}}));
        assert_eq!(lines, [vec![Cell::Text("password".into())]]);
    }
}
