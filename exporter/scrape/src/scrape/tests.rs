use super::*;
use crate::relabel::{Action, Rule, RuleText};
use crate::text::Dialect;
use crowsnest_api::is_stale;

const TEXT: Format = Format::Text(Dialect::Prometheus);

fn scraper(change: impl FnOnce(&mut Job)) -> Scraper<Labels> {
    let mut job = Job::new("j");
    change(&mut job);
    let target = Target::new(&job, &Labels::from_pairs([("__address__", "h:1")])).unwrap().unwrap();
    Scraper::new(Arc::new(job), target)
}

/// What goes out of a scrape, one line a sample, without what is told of the scrape itself; and how it went.
fn scrape(scraper: &mut Scraper<Labels>, page: &str, at: i64) -> (Vec<String>, Result<Scraped, String>) {
    let mut pass = scraper.begin(TEXT, Facts::Wanted);
    let read = page.as_bytes().chunks(7).try_for_each(|piece| pass.feed(piece)).and_then(|()| pass.finish());
    let outcome = if read.is_ok() { Outcome::Good } else { Outcome::Failed };
    let result = pass.into_result();
    let mut lines = Vec::new();
    let scraped =
        scraper.end(result, outcome, Timestamp::from_millis(at), Duration::from_millis(250), |sample| {
            if !REPORT.contains(&sample.series.metric_name()) {
                lines.push(line(&sample));
            }
        });
    (lines, read.map(|()| scraped).map_err(|error| error.to_string()))
}

fn line(sample: &Outgoing<'_, Labels>) -> String {
    match &sample.point {
        Point::Float(value) if is_stale(*value) => format!("{} stale @{}", sample.series, sample.at.millis()),
        Point::Float(value) => format!("{} {value} @{}", sample.series, sample.at.millis()),
        Point::Histogram(_) => format!("{} native @{}", sample.series, sample.at.millis()),
    }
}

#[test]
fn samples_have_the_targets_labels_and_the_time_at_which_the_scrape_was_due() {
    let mut scraper = scraper(|_| {});
    let (lines, scraped) = scrape(&mut scraper, "a{x=\"1\"} 2\nb 3 77\n", 1000);
    assert_eq!(
        lines,
        [r#"a{instance="h:1", job="j", x="1"} 2 @1000"#, r#"b{instance="h:1", job="j"} 3 @77"#]
    );
    let scraped = scraped.unwrap();
    assert_eq!((scraped.samples, scraped.kept, scraped.added), (2, 2, 2));
    assert_eq!(scrape(&mut scraper, "a{x=\"1\"} 2\nb 3 77\n", 2000).1.unwrap().added, 0);
}

#[test]
fn every_scrape_tells_of_itself() {
    let mut scraper = scraper(|_| {});
    let told = |scraper: &mut Scraper<Labels>, page: &str, outcome| {
        let mut pass = scraper.begin(TEXT, Facts::Unwanted);
        pass.feed(page.as_bytes()).unwrap();
        let result = pass.into_result();
        let mut lines = Vec::new();
        scraper.end(result, outcome, Timestamp::from_millis(5), Duration::from_millis(250), |sample| {
            lines.push(line(&sample).replace(r#"{instance="h:1", job="j"}"#, ""));
        });
        lines
    };
    assert_eq!(
        told(&mut scraper, "a 1\n", Outcome::Good)[..5],
        [
            "up 1 @5",
            "scrape_duration_seconds 0.25 @5",
            "scrape_samples_scraped 1 @5",
            "scrape_samples_post_metric_relabeling 1 @5",
            "scrape_series_added 1 @5",
        ]
    );
    let failed = told(&mut scraper, "a 1\n", Outcome::Failed);
    assert_eq!((failed[0].as_str(), failed[5].as_str()), ("up 0 @5", "a stale @5"));
    let mut lines = Vec::new();
    scraper.vanish(Timestamp::from_millis(6), |sample| lines.push(line(&sample)));
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line.ends_with("stale @6")), "{lines:?}");
}

#[test]
fn a_series_that_is_gone_ends_once() {
    let mut scraper = scraper(|_| {});
    drop(scrape(&mut scraper, "a 1\nb 1\nc 1 5\n", 10));
    let stale = r#"a{instance="h:1", job="j"} stale @20"#;
    // Series with times of their own end by themselves.
    assert_eq!(scrape(&mut scraper, "b 2\n", 20).0, [r#"b{instance="h:1", job="j"} 2 @20"#, stale]);
    assert_eq!(scrape(&mut scraper, "b 2\n", 30).0.len(), 1);
    assert_eq!(scrape(&mut scraper, "b 2\na 5\n", 40).0.len(), 2);
}

#[test]
fn a_series_that_is_written_in_another_way_does_not_end() {
    let mut scraper = scraper(|_| {});
    drop(scrape(&mut scraper, "a{x=\"1\",y=\"2\"} 1\n", 10));
    let (lines, scraped) = scrape(&mut scraper, "a{y=\"2\",x=\"1\"} 1\n", 20);
    assert_eq!((lines.len(), scraped.unwrap().added), (1, 0));
}

#[test]
fn of_samples_of_one_series_the_first_counts() {
    let mut scraper = scraper(|job| {
        let text = RuleText { regex: Some("x".to_owned()), action: Action::LabelDrop, ..RuleText::default() };
        job.metric_relabel = vec![Rule::new(&text).unwrap()];
    });
    for at in [10, 20] {
        let (lines, scraped) = scrape(&mut scraper, "a{x=\"1\"} 1\na{x=\"2\"} 2\na{x=\"1\"} 3\n", at);
        assert_eq!(lines, [format!(r#"a{{instance="h:1", job="j"}} 1 @{at}"#)]);
        assert_eq!(scraped.unwrap().duplicates, 2);
    }
}

#[test]
fn a_page_that_is_wrong_anywhere_counts_for_nothing_and_ends_everything() {
    let mut scraper = scraper(|_| {});
    drop(scrape(&mut scraper, "a 1\n", 10));
    let (lines, scraped) = scrape(&mut scraper, "a 2\nb 1\nc{x} 1\n", 20);
    assert_eq!(lines, [r#"a{instance="h:1", job="j"} stale @20"#]);
    assert_eq!(scraped.unwrap_err(), r#"line 3, column 4: expected "=" after the label's name"#);
    assert_eq!(scrape(&mut scraper, "a 2\n", 30).0.len(), 1);
}

#[test]
fn series_that_relabelling_drops_are_counted_and_not_kept() {
    let mut scraper = scraper(|job| {
        let text = RuleText {
            source_labels: vec!["__name__".to_owned()],
            regex: Some("go_.*".to_owned()),
            action: Action::Drop,
            ..RuleText::default()
        };
        job.metric_relabel = vec![Rule::new(&text).unwrap()];
    });
    for at in [10, 20] {
        let (lines, scraped) = scrape(&mut scraper, "go_a 1\nb 1\n", at);
        let scraped = scraped.unwrap();
        assert_eq!((lines.len(), scraped.samples, scraped.kept), (1, 2, 1));
    }
}

#[track_caller]
fn check_limit(change: impl FnOnce(&mut Limits), page: &str, expected: &str) {
    let mut scraper = scraper(|job| change(&mut job.limits));
    let (lines, scraped) = scrape(&mut scraper, page, 10);
    assert_eq!((lines.len(), scraped.unwrap_err().as_str()), (0, expected));
}

#[test]
fn a_page_past_a_limit_is_a_failed_scrape() {
    check_limit(
        |l| l.body_bytes = 10,
        "a 1\nb 1\nc 1\n",
        "body size limit exceeded: more than 10 bytes (body_size_limit)",
    );
    check_limit(
        |l| l.samples = 2,
        "a 1\nb 1\nc 1\n",
        "sample limit exceeded: more than 2 samples after relabelling (sample_limit)",
    );
    check_limit(
        |l| l.labels = 3,
        "a{x=\"1\"} 1\n",
        "label_limit exceeded (metric: a, number of labels: 4, limit: 3)",
    );
    check_limit(
        |l| l.label_name_bytes = 8,
        "a{much_too_long=\"1\"} 1\n",
        "label_name_length_limit exceeded (metric: a, label name: much_too_long, length: 13, limit: 8)",
    );
    check_limit(
        |l| l.label_value_bytes = 3,
        "a{x=\"1234\"} 1\n",
        "label_value_length_limit exceeded (metric: a, label name: x, value: \"1234\", length: 4, limit: 3)",
    );
}

#[test]
fn what_is_past_the_limit_of_samples_is_still_counted() {
    let mut scraper = scraper(|job| job.limits.samples = 1);
    let mut pass = scraper.begin(TEXT, Facts::Unwanted);
    pass.feed(b"a 1\nb 1\nc 1\n").unwrap();
    assert!(pass.finish().is_err());
    let scraped = pass.into_result().scraped;
    assert_eq!((scraped.samples, scraped.kept), (3, 3));
}

#[test]
fn times_of_the_page_count_only_where_they_are_honoured() {
    let mut scraper = scraper(|job| job.honor_timestamps = Honor::Target);
    assert_eq!(scrape(&mut scraper, "a 1 77\n", 10).0, [r#"a{instance="h:1", job="j"} 1 @10"#]);
    assert_eq!(scrape(&mut scraper, "", 20).0.len(), 1);
}

#[test]
fn bounds_of_buckets_and_quantiles_are_written_alike() {
    let mut scraper = scraper(|_| {});
    let page = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_bucket{le=\"1000000\"} 1\n\
        # TYPE s summary\ns{quantile=\"0.50\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1\n";
    let bounds: Vec<String> = scrape(&mut scraper, page, 1)
        .0
        .iter()
        .map(|line| line.split(['{', '"', '=']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
        .filter_map(|line| {
            line.split(" , ")
                .find(|part| part.starts_with("le") || part.starts_with("quantile"))
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(bounds.len(), 5, "{bounds:?}");
    let expected = ["1.0", "+Inf", "1e+06", "0.5", "1"];
    for (bound, expected) in bounds.iter().zip(expected) {
        assert!(bound.split(' ').any(|part| part == expected), "{bound} {expected}");
    }
}

#[test]
fn what_a_page_says_of_families_is_told_where_it_is_wanted() {
    let mut scraper = scraper(|_| {});
    let facts = scrape(&mut scraper, "# HELP a Counts.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n", 1)
        .1
        .unwrap()
        .facts;
    let shown: Vec<String> = facts.iter().map(|f| format!("{} {:?} {}", f.name, f.kind, f.help)).collect();
    assert_eq!(shown, ["a Counter Counts.", "b Gauge "]);
}

#[test]
fn what_is_no_longer_in_the_page_is_forgotten() {
    let mut scraper = scraper(|_| {});
    for at in 0..50 {
        drop(scrape(&mut scraper, &format!("a{{x=\"{at}\"}} 1\n"), at));
        assert_eq!(scraper.cache.len(), 1);
    }
    for at in 0..5000 {
        drop(scrape(&mut scraper, &format!("a{{x=\"{at}\"}} 1\nbroken\n"), at));
    }
    assert!(scraper.cache.len() <= 2 + MAX_FAILED_TEXTS + 1);
}
