//! What is logged reads back; what is not a record is refused.

use std::io::Write;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::SampleValue;
use proptest::prelude::*;
use smol_str::SmolStr;

use super::FRAME_BYTES;
use super::encoder::Encoder;
use super::record::{Decoder, RecordOrigin};
use crate::appender::Metadata;
use crate::head::{SeriesRef, Staged, StagedOrigin};
use crate::samples::Extra;
use crate::samples::arbitrary::extras;
use crate::source::Sources;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "\\PC{1,30}"]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-5i32..5).prop_map(f64::from),
        (any::<i32>(), 0i32..12).prop_map(|(m, e)| f64::from(m) / 10f64.powi(e)),
    ]
}

/// Series by number with their samples.
type Content = Vec<(u32, Vec<Sample>)>;

fn content() -> impl Strategy<Value = Content> {
    let samples = prop_oneof![
        4 => prop::collection::vec((Just(15_000i64), value()), 1),
        1 => prop::collection::btree_map(any::<i64>(), value(), 1..5).prop_map(Vec::from_iter),
    ];
    let samples =
        samples.prop_map(|list| list.into_iter().map(|(at, value)| Sample::new(at, value)).collect());
    prop::collection::btree_map(0u32..12, samples, 0..8).prop_map(Vec::from_iter)
}

/// A float of which little changes.
fn started() -> impl Strategy<Value = Vec<Extra>> {
    (0u8..3, -2i64..0).prop_map(|(value, start)| {
        let value = SampleValue::Float(f64::from(value));
        let start = Some(Timestamp::from_millis(start * 1000));
        vec![Extra { at: Timestamp::from_millis(15_000), value, start }]
    })
}

prop_compose! {
    fn staged()(
        server in proptest::option::weighted(0.2, 0u64..1_000_000),
        source in 0usize..2,
        received in prop_oneof![any::<i64>(), Just(15_010)],
        content in content(),
        extras in prop::collection::btree_map(0u32..12, prop_oneof![1 => started(), 1 => extras()], 0..4),
        metadata in prop::collection::vec((text(), text(), text()), 0..2),
    ) -> Staged {
        let mut sources = Sources::default();
        let names = [SmolStr::new("a"), SmolStr::new("b")];
        let ids = names.clone().map(|name| sources.intern(&name));
        let origin = match server {
            Some(ms) => StagedOrigin::Server { silence: Duration::from_millis(ms) },
            None => StagedOrigin::Source { id: ids[source], name: names[source].clone() },
        };
        let metadata = metadata.into_iter().map(|(family, kind, help)| {
            Metadata { family: family.into(), kind: kind.into(), help, unit: "".into() }
        });
        let mut staged = Staged::new(origin, Timestamp::from_millis(received), content.len(), metadata.collect());
        for (series, samples) in content {
            let entry = staged.add(SeriesRef(series));
            samples.into_iter().for_each(|sample| staged.insert(entry, sample));
        }
        if server.is_none() {
            for (series, extras) in extras {
                let known = staged.entries.iter().position(|entry| entry.series.0 == series);
                let entry = known.unwrap_or_else(|| staged.add(SeriesRef(series)));
                extras.into_iter().for_each(|extra| staged.insert_extra(entry, extra));
            }
        }
        staged
    }
}

fn labels(series: SeriesRef) -> Option<Labels> {
    Some(Labels::from_pairs([("__name__", format!("series {}", series.0))]))
}

fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
    samples.iter().map(|sample| (sample.timestamp.millis(), sample.value.to_bits())).collect()
}

proptest! {
    #[test]
    fn batches_read_back_as_they_were_logged_after_failures_too(
        batches in prop::collection::vec((staged(), prop::bool::weighted(0.1), prop::option::weighted(0.1, 0u32..12)), 1..12),
    ) {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let mut defined = std::collections::BTreeSet::new();
        for (staged, lost, forgotten) in batches {
            let mut out = Vec::new();
            encoder.batch(&staged, labels, &mut out).unwrap();
            encoder.finish(&mut out).unwrap();
            if lost {
                encoder.restart();
                continue;
            }
            if let Some(number) = forgotten {
                encoder.forget(&[SeriesRef(number)]);
            }
            let mut records = Vec::new();
            decoder.decode(&out[FRAME_BYTES..], |record| records.push(record)).unwrap();
            prop_assert_eq!(records.len(), 1);
            let record = records.remove(0);
            prop_assert_eq!(record.received, staged.received);
            prop_assert_eq!(&record.metadata, &staged.metadata);
            let origin = match &staged.origin {
                StagedOrigin::Source { name, .. } => RecordOrigin::Source(name.clone()),
                StagedOrigin::Server { silence } => RecordOrigin::Server { silence: *silence },
            };
            prop_assert_eq!(&record.origin, &origin);
            for (number, set) in &record.definitions {
                prop_assert_eq!(labels(SeriesRef(*number)), Some(set.clone()));
                defined.insert(*number);
            }
            let row = record.row.numbers.iter().zip(&record.row.samples);
            let row = row.map(|(&number, &sample)| (number, bits(&[sample])));
            let several = record.several().map(|(number, samples)| (number, bits(samples)));
            let mut logged: Vec<_> = row.chain(several).collect();
            logged.sort();
            let expected: Vec<_> =
                staged.entries.iter().map(|&entry| (entry.series.0, bits(staged.samples(entry)))).collect();
            logged.retain(|(_, samples)| !samples.is_empty());
            let expected: Vec<_> = expected.into_iter().filter(|(_, samples)| !samples.is_empty()).collect();
            prop_assert_eq!(&logged, &expected);
            let mut extras = record.extras.clone();
            extras.sort_by_key(|(number, extra)| (*number, extra.at));
            let mut expected: Vec<_> =
                staged.extras().map(|(series, extra)| (series.0, extra.clone())).collect();
            expected.sort_by_key(|(number, extra)| (*number, extra.at));
            prop_assert!(extras.iter().all(|(number, _)| defined.contains(number)));
            prop_assert_eq!(extras, expected);
            prop_assert!(logged.iter().all(|(number, _)| defined.contains(number)));
            if let Some(number) = forgotten {
                defined.remove(&number);
            }
        }
    }

    #[test]
    fn any_payload_is_read_or_refused(payloads in prop::collection::vec((1u8..9, any::<Vec<u8>>()), 1..4)) {
        let mut decoder = Decoder::default();
        for (kind, mut payload) in payloads {
            payload.insert(0, kind);
            let _ = decoder.decode(&payload, drop);
        }
    }
}

#[test]
fn a_push_that_changes_nothing_takes_a_few_bytes() {
    let mut sources = Sources::default();
    let name = SmolStr::new("node");
    let id = sources.intern(&name);
    let mut encoder = Encoder::default();
    let mut lengths = Vec::new();
    for tick in 0..3i64 {
        let received = Timestamp::from_millis(tick * 15_000);
        let origin = StagedOrigin::Source { id, name: name.clone() };
        let mut staged = Staged::new(origin, received, 500, Vec::new());
        for series in 0..500 {
            let entry = staged.add(SeriesRef(series));
            staged.insert(entry, Sample { timestamp: received, value: f64::from(series) });
        }
        let mut out = Vec::new();
        encoder.batch(&staged, labels, &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        lengths.push(out.len());
    }
    assert!(lengths[1] < 40 && lengths[2] < 40, "{lengths:?}");
}

#[test]
fn a_start_that_stays_the_same_takes_no_more_than_a_few_bytes() {
    let mut sources = Sources::default();
    let name = SmolStr::new("node");
    let id = sources.intern(&name);
    let mut encoder = Encoder::default();
    let mut lengths = Vec::new();
    for tick in 0..3i64 {
        let received = Timestamp::from_millis(tick * 15_000);
        let origin = StagedOrigin::Source { id, name: name.clone() };
        let mut staged = Staged::new(origin, received, 500, Vec::new());
        for series in 0..500 {
            let entry = staged.add(SeriesRef(series));
            let value = SampleValue::Float(f64::from(series));
            let start = Some(Timestamp::from_millis(-i64::from(series) * 1000));
            staged.insert_extra(entry, Extra { at: received, value, start });
        }
        let mut out = Vec::new();
        encoder.batch(&staged, labels, &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        lengths.push(out.len());
    }
    assert!(lengths[1] < 50 && lengths[2] < 50, "{lengths:?}");
}

#[test]
fn a_payload_that_adds_more_than_it_says_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(&[0; 1 << 20]).unwrap();
    encoder.flush().unwrap();
    let mut payload = vec![5, 10];
    payload.append(encoder.get_mut());
    assert!(Decoder::default().decode(&payload, |_| panic!("nothing is in it")).is_err());
    payload[0] = 6;
    assert!(Decoder::default().decode(&payload, |_| panic!("no stream has begun")).is_err());
}

#[test]
fn a_group_of_pushes_is_one_frame_and_reads_back_in_order() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    let mut sources = Sources::default();
    let mut out = Vec::new();
    for node in 0..5u32 {
        let name = SmolStr::from(format!("node {node}"));
        let origin = StagedOrigin::Source { id: sources.intern(&name), name };
        let mut staged = Staged::new(origin, Timestamp::from_millis(7), 1, Vec::new());
        let entry = staged.add(SeriesRef(node));
        staged.insert(entry, Sample::new(7, f64::from(node)));
        encoder.batch(&staged, labels, &mut out).unwrap();
        assert!(out.is_empty());
    }
    encoder.finish(&mut out).unwrap();
    let mut numbers = Vec::new();
    decoder.decode(&out[FRAME_BYTES..], |record| numbers.extend(record.row.numbers.iter().copied())).unwrap();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[test]
fn padding_ends_where_a_page_does_and_says_nothing() {
    for (position, length) in [(28, 4096), (0, 4097), (4000, 5000), (4090, 8180), (7, 8170)] {
        let mut out = vec![1; length];
        super::encoder::pad(position, &mut out);
        assert_eq!((position as usize + out.len()) % 4096, 0, "{position} {length}");
        Decoder::default().decode(&out[length + FRAME_BYTES..], |_| panic!("a record")).unwrap();
    }
    // A frame does not fit, the page is full, or the write is small.
    for (position, length) in [(0, 4096), (0, 8184), (100, 300)] {
        let mut out = vec![1; length];
        super::encoder::pad(position, &mut out);
        assert_eq!(out.len(), length);
    }
}
