//! Templates of rules and of notifications: parsed and executed on data such as there is.

use std::collections::BTreeMap;

use crowsnest_alerting::template::{
    ANY_LIST, Escape, Host, Limits, STRING_MAP, Template, Value, alertmanager, common, prometheus,
};

/// Less than the product has, so that loops are found quickly that take too long for what they are allowed.
const LIMITS: Limits = Limits { steps: 20_000, output_bytes: 64 << 10 };

/// A world in which every query has the same answer.
struct World;

impl Host for World {
    fn now(&self) -> (i64, i32) {
        (1_795_247_100, 123_000_000)
    }

    fn query(&self, query: &str) -> Result<Value, String> {
        if query.is_empty() {
            return Err("no query".to_owned());
        }
        let labels = crowsnest_api::Labels::from_pairs([("__name__", "up"), ("pod", query)]);
        Ok(prometheus::samples(vec![prometheus::sample(&labels, 1.5), prometheus::sample(&labels, f64::NAN)]))
    }

    fn external_url(&self) -> &str {
        "https://crow.example.org/a"
    }
}

/// The first byte chooses whose functions there are and what is escaped, the rest is the text.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let of_rules = choice & 1 == 0;
    let own = if of_rules { prometheus::FUNCTIONS } else { alertmanager::FUNCTIONS };
    let escape = if choice & 2 == 0 { Escape::No } else { Escape::Html };
    let mut template = Template::new(&[common::FUNCTIONS, own]);
    if let Err(error) = template.add("main", text) {
        // An error has to be told, wherever it is.
        let told = error.describe("main", text);
        assert!(!told.is_empty());
        return;
    }
    let Ok(printed) = template.execute("main", &values(), &World, LIMITS, escape) else { return };
    assert!(printed.len() <= LIMITS.output_bytes, "{} bytes", printed.len());
    let again = template.execute("main", &values(), &World, LIMITS, escape);
    assert_eq!(again.ok().as_deref(), Some(printed.as_str()));
}

/// What templates of either sort find.
fn values() -> Value {
    let labels = || {
        Value::string_map(&STRING_MAP, [("alertname", "디스크"), ("pod", "<b>web</b>"), ("severity", "page")])
    };
    let map = |pairs: Vec<(&str, Value)>| -> Value {
        Value::any_map(
            pairs.into_iter().map(|(name, value)| (name.into(), value)).collect::<BTreeMap<_, _>>(),
        )
    };
    let alert =
        || map(vec![("Labels", labels()), ("Status", Value::str("firing")), ("Value", Value::Float(-0.0))]);
    map(vec![
        ("Labels", labels()),
        ("ExternalLabels", labels()),
        ("CommonLabels", labels()),
        ("Value", Value::Float(1e9)),
        ("Status", Value::str("firing")),
        ("Alerts", Value::list(&ANY_LIST, vec![alert(), alert(), Value::Nil])),
        ("Empty", Value::Nil),
        ("Yes", Value::Bool(true)),
        ("Words", Value::strings(["a", "", "\u{1f4a1}"])),
    ])
}
