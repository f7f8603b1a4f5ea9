//! Templates against what a real Prometheus made of them.

use crowsnest_alerting::template::{AlertData, Host, RuleTemplate, Value, prometheus};
use crowsnest_api::{Labels, parse_value};

use crate::corpus;

struct Recorded;

impl Host for Recorded {
    fn now(&self) -> (i64, i32) {
        (1_700_000_000, 0)
    }

    fn query(&self, query: &str) -> Result<Value, String> {
        let sample = |job: &str, value| prometheus::sample(&Labels::from_pairs([("job", job)]), value);
        Ok(prometheus::samples(match query {
            "up" => vec![sample("prom", 1.0), sample("down", 0.0)],
            "sum(up)" => vec![sample("", 1.0)],
            _ => Vec::new(),
        }))
    }

    fn external_url(&self) -> &str {
        "http://vm:19096"
    }
}

fn expand(alert: &str, text: &str, labels: &Labels, value: f64) -> String {
    let external = Labels::from_pairs([("cluster", "c1")]);
    let data = AlertData::new(labels, &external, "http://vm:19096", value);
    RuleTemplate::parse(alert, text).unwrap().expand_or_explain(&data, &Recorded)
}

/// The templates that the header of the truth table names.
const TRUTH: [(&str, &str); 7] = [
    ("a", "{{ $value }}"),
    ("b", r#"{{ printf "%v|%g|%d" $value $value 3 }}"#),
    ("c", "{{ $value | humanizeDuration }}"),
    ("d", "{{ $value | humanize }}"),
    ("e", r#"{{ printf "%s" $value }}"#),
    ("f", r#"{{ 5 }} {{ printf "%.1f" 5.0 }} {{ printf "%q %5d|%-5s|" "x" 3 "ab" }}"#),
    ("g", "{{ $value | humanize1024 }} {{ $value | humanizePercentage }} {{ $value | humanizeTimestamp }}"),
];

#[test]
fn numbers_are_rendered_as_in_the_recorded_truth_table() {
    let Some(truth) = corpus::read("prometheus-captures/template-truth.txt") else { return };
    let rows = truth.lines().filter(|line| !line.starts_with('#'));
    let mut checked = 0;
    for row in rows {
        let (number, expected) = row.split_once('\t').unwrap();
        let value = parse_value(number).unwrap();
        let shown = TRUTH.map(|(name, text)| {
            format!("{name}={:?}", expand("A", text, &Labels::from_pairs([("job", "x")]), value))
        });
        assert_eq!(shown.join(", "), expected, "{number}");
        checked += 1;
    }
    assert!(checked >= 20, "{checked} rows");
}

#[test]
fn alerts_have_the_annotations_that_a_real_prometheus_gave_them() {
    let Some(rules) = corpus::read("prometheus-captures/rules.yml") else { return };
    let Some(answer) = corpus::read("prometheus-captures/api-alerts.json") else { return };
    let labels = Labels::from_pairs([("__name__", "up"), ("instance", "127.0.0.1:1"), ("job", "down")]);
    for (alert, annotation) in
        [("Down", "summary"), ("Pending", "d"), ("BadTmpl", "d"), ("BadTmpl", "e"), ("BadTmpl", "f")]
    {
        let section = rules.split("- alert: ").find(|section| section.starts_with(alert)).unwrap();
        let from = section.find(&format!("{annotation}: '")).unwrap() + annotation.len() + 3;
        let template = section.get(from..).unwrap().split('\'').next().unwrap();
        // Since version 3 the value may be a histogram.
        let shown = expand(alert, template, &labels, 0.0).replace("Value interface {}", "Value float64");
        let json = format!("\"{annotation}\": \"{}\"", shown.replace('"', "\\\""));
        assert!(answer.contains(&json), "{alert}.{annotation}: {json}");
    }
}
