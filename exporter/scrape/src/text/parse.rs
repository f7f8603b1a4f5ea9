//! Reading a page whole, into families.

use std::collections::HashMap;
use std::convert::Infallible;

use crowsnest_api::{LabelsBuilder, METRIC_NAME, Timestamp};
use smol_str::SmolStr;

use super::reader::LineReader;
use super::{Dialect, ParseError, Problem, series};
use crate::page::{Fact, Interrupted, Point, Refusal, Sink};
use crate::{Family, MetricSample};

/// How much of a page is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the page.
    pub bytes: usize,
    /// Samples of the page.
    pub samples: usize,
    /// Labels of one sample, the metric's name not counted.
    pub labels: usize,
}

impl Default for Limits {
    /// 16 MiB, 200 000 samples, 64 labels: several times the largest page that real exporters serve.
    fn default() -> Self {
        Self { bytes: 16 << 20, samples: 200_000, labels: 64 }
    }
}

/// Reads a page of Prometheus's own format into families, in order of first appearance.
///
/// Like Prometheus's own scraper, and unlike its reference parser, this accepts a family whose lines are scattered, a
/// missing final newline, and samples without `# TYPE` (each name becomes a family of unknown type). Empty label
/// values are dropped. Unknown escapes stand for themselves.
pub fn parse(page: &[u8], limits: Limits) -> Result<Vec<Family>, ParseError> {
    parse_dialect(page, limits, Dialect::Prometheus)
}

/// The same for either dialect. Units are left out.
pub fn parse_dialect(page: &[u8], limits: Limits, dialect: Dialect) -> Result<Vec<Family>, ParseError> {
    if page.len() > limits.bytes {
        let problem = Problem::TooMany { what: "bytes", limit: limits.bytes };
        return Err(ParseError { line: 1, column: 1, problem });
    }
    let mut families =
        Families { families: Vec::new(), by_name: HashMap::new(), samples: 0, current: None, limits };
    let mut reader = LineReader::new(dialect);
    let read = reader.feed(page, &mut families).and_then(|()| reader.finish(&mut families));
    match read {
        Ok(()) => Ok(families.families),
        Err(Interrupted::Parse(error)) => Err(error),
        Err(Interrupted::Stopped(never)) => match never {},
    }
}

struct Families {
    families: Vec<Family>,
    by_name: HashMap<SmolStr, usize>,
    samples: usize,
    /// The family of the last line, which almost always is that of the next.
    current: Option<usize>,
    limits: Limits,
}

impl Sink for Families {
    type Stop = Infallible;

    fn fact(&mut self, family: &SmolStr, fact: Fact) {
        let family = self.family(family.clone());
        match fact {
            Fact::Type(kind) => family.kind = kind,
            Fact::Help(help) => family.help = help,
            Fact::Unit(_) => {}
        }
    }

    fn sample(
        &mut self,
        series: &str,
        point: Point,
        timestamp: Option<Timestamp>,
    ) -> Result<(), Refusal<Infallible>> {
        if self.samples == self.limits.samples {
            let problem = Problem::TooMany { what: "samples", limit: self.limits.samples };
            return Err(Refusal::Series(0, problem));
        }
        self.samples += 1;
        let raw = series::read(series, self.limits.labels);
        let raw = raw.map_err(|(at, problem)| Refusal::Series(at, problem))?;
        let mut labels = LabelsBuilder::default();
        for label in raw {
            labels.set(label.name, label.value);
        }
        let labels = labels.build();
        // Text has no native histograms.
        if let Point::Float(value) = point {
            let name = labels.get(METRIC_NAME).cloned().unwrap_or_default();
            self.family_of_series(name).samples.push(MetricSample { labels, value, timestamp });
        }
        Ok(())
    }
}

impl Families {
    /// The family called `name`, made when it is new; it becomes the current one.
    fn family(&mut self, name: SmolStr) -> &mut Family {
        let next = self.families.len();
        let at = *self.by_name.entry(name.clone()).or_insert(next);
        if at == next {
            self.families.push(Family::unknown(name, ""));
        }
        self.current = Some(at);
        // `by_name` holds only indices of `families`, which never shrinks.
        #[expect(clippy::indexing_slicing, reason = "every index in by_name was len() before a push")]
        &mut self.families[at]
    }

    fn family_of_series(&mut self, series: SmolStr) -> &mut Family {
        let owner = self.current.filter(|&at| self.owns(at, &series)).or_else(|| {
            ["", "_bucket", "_sum", "_count"].iter().find_map(|suffix| {
                let at = *self.by_name.get(series.strip_suffix(suffix)?)?;
                self.owns(at, &series).then_some(at)
            })
        });
        let name = owner.and_then(|at| self.families.get(at)).map_or(series, |family| family.name.clone());
        self.family(name)
    }

    fn owns(&self, at: usize, series: &str) -> bool {
        self.families.get(at).is_some_and(|family| family.owns(series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> Result<Vec<Family>, ParseError> {
        parse(page.as_bytes(), Limits::default())
    }

    #[track_caller]
    fn check_error(page: &str, expected: &str) {
        assert_eq!(read(page).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_page_gives_families_in_order_of_appearance() {
        let families =
            read("# HELP b Two.\n# TYPE b counter\nb{x=\"1\"} 2 1500\n\n# a comment\na 1\n").unwrap();
        let mut expected = Family::counter("b", "Two.").with(&[("x", "1")], 2.0);
        expected.samples[0].timestamp = Some(Timestamp::from_millis(1500));
        assert_eq!(families, [expected, Family::unknown("a", "").with(&[], 1.0)]);
    }

    #[test]
    fn the_series_of_a_histogram_belong_to_one_family() {
        let families =
            read("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nother 1\nh_count 1\n").unwrap();
        assert_eq!(
            families.iter().map(|f| (f.name.as_str(), f.samples.len())).collect::<Vec<_>>(),
            [("h", 3), ("other", 1)]
        );
    }

    #[test]
    fn blanks_trailing_commas_and_a_missing_newline_are_accepted() {
        let families = read(" a { x = \"1\" , } \t +Inf  ").unwrap();
        assert_eq!(families, [Family::unknown("a", "").with(&[("x", "1")], f64::INFINITY)]);
    }

    #[test]
    fn names_in_quotes_are_read() {
        let families = read("# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n").unwrap();
        assert_eq!(families, [Family::gauge("a.b", "").with(&[("c.d", "e")], 1.0)]);
    }

    #[test]
    fn errors_name_line_column_and_cause() {
        check_error("a 1\nb x", r#"line 2, column 3: "x" is not a number"#);
        check_error("a{x=\"1} 2", "line 1, column 5: the quoted string does not end on this line");
        check_error("a{x=1} 2", "line 1, column 5: expected a label value in double quotes");
        check_error("a{x=\"1\",x=\"2\"} 2", r#"line 1, column 14: label "x" appears twice"#);
        check_error("a 1 1.5", r#"line 1, column 5: "1.5" is not a time in whole milliseconds"#);
        check_error("a 1 1 1", "line 1, column 7: expected the end of the line");
        check_error("a", "line 1, column 2: expected a value");
        check_error("9a 1", "line 1, column 1: expected a metric name");
        check_error("{x=\"1\"} 1", "line 1, column 8: expected the metric's name");
        check_error("# TYPE a thing", r#"line 1, column 10: "thing" is not a metric type"#);
        assert_eq!(
            parse(b"a 1\nb\xff 1", Limits::default()).unwrap_err().to_string(),
            "line 2, column 2: the page is not UTF-8"
        );
    }

    #[test]
    fn pages_past_the_limits_are_refused() {
        let limits = Limits { bytes: 40, samples: 1, labels: 1 };
        let refused = |page: &str| parse(page.as_bytes(), limits).unwrap_err().to_string();
        assert_eq!(refused("a 1\na 2\n"), "line 2, column 1: more than 1 samples");
        assert_eq!(refused("a{x=\"1\",y=\"2\"} 1"), "line 1, column 14: more than 1 labels");
        assert_eq!(refused(&"#".repeat(41)), "line 1, column 1: more than 40 bytes");
    }
}
