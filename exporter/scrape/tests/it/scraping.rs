//! Laws of scraping, checked against generated pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp, is_stale};
use crowsnest_scrape::Classic;
use crowsnest_scrape::relabel::{Action, Rule, RuleText, relabel};
use crowsnest_scrape::text::Dialect;
use crowsnest_scrape::{Facts, Format, Job, Nothing, Outcome, PageReader, Point, Scraper, Target};
use proptest::prelude::*;

/// Some of a few series, in any order, some of them twice.
fn pages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(0..12_u8, 0..20), 1..8)
}

fn page(series: &[u8]) -> String {
    series.iter().map(|n| format!("m{}{{l=\"{}\"}} {n}\n", n % 3, n / 3)).collect()
}

fn scraper() -> Scraper<Labels> {
    let job = Job::new("j");
    let target = Target::new(&job, &Labels::from_pairs([("__address__", "h")])).unwrap().unwrap();
    Scraper::new(Arc::new(job), target)
}

/// What goes out, by series, without what is told of the scrape.
fn scrape(
    scraper: &mut Scraper<Labels>,
    page: &[u8],
    pieces: usize,
    at: i64,
) -> (bool, BTreeMap<Labels, u64>) {
    let mut pass = scraper.begin(Format::Text(Dialect::Prometheus), Facts::Unwanted);
    let read = page.chunks(pieces.max(1)).try_for_each(|piece| pass.feed(piece)).and_then(|()| pass.finish());
    let outcome = if read.is_ok() { Outcome::Good } else { Outcome::Failed };
    let result = pass.into_result();
    let mut out = BTreeMap::new();
    scraper.end(result, outcome, Timestamp::from_millis(at), Duration::ZERO, |sample| {
        let name = sample.series.metric_name();
        if let (false, Point::Float(value)) = (name == "up" || name.starts_with("scrape_"), &sample.point) {
            assert!(out.insert(sample.series.clone(), value.to_bits()).is_none(), "{} twice", sample.series);
        }
    });
    (read.is_ok(), out)
}

proptest! {
    /// Whatever pages come one after the other: what is in a page goes out, what was in the last and is not in this ends, and nothing
    /// else does.
    #[test]
    fn what_ends_is_what_was_there_and_is_no_more(pages in pages(), pieces in 1..40_usize) {
        let mut scraper = scraper();
        let mut before = BTreeSet::new();
        for (at, series) in pages.iter().enumerate() {
            let (ok, out) = scrape(&mut scraper, page(series).as_bytes(), pieces, at as i64);
            prop_assert!(ok);
            let (ended, there): (Vec<_>, Vec<_>) = out.into_iter().partition(|(_, bits)| is_stale(f64::from_bits(*bits)));
            let there: BTreeSet<Labels> = there.into_iter().map(|(labels, _)| labels).collect();
            let ended: BTreeSet<Labels> = ended.into_iter().map(|(labels, _)| labels).collect();
            prop_assert_eq!(there.len(), series.iter().collect::<BTreeSet<_>>().len());
            prop_assert_eq!(&ended, &before.difference(&there).cloned().collect());
            before = there;
        }
    }

    #[test]
    fn a_page_says_the_same_however_it_is_torn(bytes in "[a-c{}=\", 0-9.#\n\\\\]{0,80}", one in 1..90_usize, other in 1..90_usize) {
        let scraped = [one, other].map(|pieces| scrape(&mut scraper(), bytes.as_bytes(), pieces, 1));
        prop_assert_eq!(&scraped[0], &scraped[1]);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), pieces in 1..50_usize) {
        for format in [Format::Protobuf, Format::Text(Dialect::OpenMetrics), Format::Text(Dialect::Prometheus)] {
            let mut reader = PageReader::new(format, Classic::Always);
            let _ = bytes.chunks(pieces).try_for_each(|piece| reader.feed(piece, &mut Nothing)).and_then(|()| reader.finish(&mut Nothing));
        }
    }

    /// Keeping and dropping by one expression leave everything between them, and nothing twice.
    #[test]
    fn keep_and_drop_are_each_others_opposite(regex in "[a-c.|*]{0,6}", value in "[a-c]{0,4}") {
        let verdict = |action| {
            let text = RuleText { source_labels: vec!["l".into()], regex: Some(regex.clone()), action, ..RuleText::default() };
            Rule::new(&text).ok().map(|rule| relabel(&[rule], &mut Labels::from_pairs([("l", value.as_str())]).to_builder()))
        };
        if let (Some(keep), Some(drop)) = (verdict(Action::Keep), verdict(Action::Drop)) {
            prop_assert_ne!(keep, drop);
        }
    }
}
