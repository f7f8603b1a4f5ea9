//! The text format: what is written reads back the same, and nothing makes the parser panic.

use std::collections::BTreeMap;

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{METRIC_NAME, Timestamp};
use crowsnest_scrape::text::{Limits, encode, parse};
use crowsnest_scrape::{Family, MetricSample};
use proptest::prelude::*;

fn kinds() -> impl Strategy<Value = MetricType> {
    prop_oneof![Just(MetricType::Counter), Just(MetricType::Gauge), Just(MetricType::Unknown)]
}

/// Names of the classic set and others; never empty.
fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z_:][a-zA-Z0-9_:]{0,30}", "\\PC{1,10}", "[ -~\n]{1,10}"]
}

fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<i32>().prop_map(f64::from),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0)
    ]
}

type RawSample = (BTreeMap<String, String>, f64, Option<i64>);

fn samples() -> impl Strategy<Value = Vec<RawSample>> {
    let labels = proptest::collection::btree_map(names(), any::<String>(), 0..4);
    proptest::collection::vec((labels, values(), proptest::option::of(any::<i64>())), 1..4)
}

fn families() -> impl Strategy<Value = Vec<Family>> {
    proptest::collection::btree_map(names(), (kinds(), any::<String>(), samples()), 0..5).prop_map(
        |families| {
            let family = |(name, (kind, help, samples)): (String, (MetricType, String, Vec<RawSample>))| {
                // Blanks between name and help text are not part of the help.
                let mut family = Family::new(name, kind, help.trim_start_matches([' ', '\t']));
                for (labels, value, timestamp) in samples {
                    let pairs: Vec<(&str, &str)> = labels
                        .iter()
                        .filter(|(name, _)| *name != METRIC_NAME)
                        .map(|(name, value)| (name.as_str(), value.as_str()))
                        .collect();
                    family.push(&pairs, value);
                    if let Some(sample) = family.samples.last_mut() {
                        sample.timestamp = timestamp.map(Timestamp::from_millis);
                    }
                }
                family
            };
            families.into_iter().map(family).collect()
        },
    )
}

fn same(a: &MetricSample, b: &MetricSample) -> bool {
    let value = a.value == b.value && a.value.is_sign_negative() == b.value.is_sign_negative();
    a.labels == b.labels && a.timestamp == b.timestamp && (value || a.value.is_nan() && b.value.is_nan())
}

proptest! {
    #[test]
    fn what_is_encoded_parses_to_the_same(families in families()) {
        let mut page = String::new();
        encode(&mut page, &families);
        let back = parse(page.as_bytes(), Limits::default()).map_err(|e| TestCaseError::fail(format!("{e}\n{page}")))?;
        prop_assert_eq!(back.len(), families.len(), "{}", page);
        for (a, b) in families.iter().zip(&back) {
            prop_assert_eq!((&a.name, a.kind, &a.help), (&b.name, b.kind, &b.help));
            prop_assert_eq!(a.samples.len(), b.samples.len());
            for (a, b) in a.samples.iter().zip(&b.samples) {
                prop_assert!(same(a, b), "{:?} became {:?}", a, b);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(page in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&page, Limits::default());
    }

    #[test]
    fn no_damaged_page_makes_the_parser_panic(families in families(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut page = String::new();
        encode(&mut page, &families);
        let mut page = page.into_bytes();
        if !page.is_empty() {
            let at = at.index(page.len());
            page[at] = byte;
            let _ = parse(&page, Limits::default());
            page.truncate(at);
            let _ = parse(&page, Limits::default());
        }
    }

    #[test]
    fn an_error_points_into_the_page(text in "[a-c{}=\", 0-9.#\n\\\\]{0,60}") {
        if let Err(error) = parse(text.as_bytes(), Limits::default()) {
            let line = text.split('\n').nth(error.line - 1).expect("the line exists");
            prop_assert!(error.column <= line.len() + 1);
        }
    }
}
