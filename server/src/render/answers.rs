//! What pictures ask the store: options of variables, and the queries of panels.

use crowsnest_api::Timestamp;
use crowsnest_dashboards::frame::{HistogramBucket, HistogramSample, Series};
use crowsnest_dashboards::panel::Answer;
use crowsnest_dashboards::pattern::{Engine as _, Fancy};
use crowsnest_dashboards::query::Query;
use crowsnest_dashboards::variables::{Candidate, Question};
use crowsnest_promql::{
    Confinement, Control, Engine, FloatHistogram, Matcher, PatternBudget, QueryError, Queryable, RangeParams,
    SampleValue, Scope, Value, parse, parse_matchers,
};

/// The most options of a variable.
const MOST_OPTIONS: usize = 10_000;
/// The most series of a panel's query that are drawn.
const MOST_SERIES: usize = 5_000;

/// The store as the caller may see it, and what evaluates queries.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a dyn Queryable,
    pub(crate) engine: &'a Engine,
    pub(crate) scrape_interval_ms: i64,
}

/// Asks within the time of one picture.
pub(super) struct Asker<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) control: &'a Control,
    /// Conditions of every selector, by ad-hoc filters.
    pub(super) matchers: Vec<Matcher>,
}

/// The matchers that texts are; what is none is left out.
pub(super) fn parsed(texts: &[String]) -> Vec<Matcher> {
    let one = |text: &String| parse_matchers(&format!("{{{text}}}"), &mut PatternBudget::default()).ok();
    texts.iter().filter_map(one).flatten().collect()
}

impl Asker<'_> {
    /// Candidates for the options of a variable. A question that cannot be read has none.
    pub(super) fn candidates(
        &self,
        question: &Question,
        (from, to): (i64, i64),
    ) -> Result<Vec<Candidate>, QueryError> {
        let store = self.source.store;
        let (start, end) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let named = |names: Vec<String>| names.into_iter().take(MOST_OPTIONS).map(candidate).collect();
        let sets = |selector: Option<&str>| -> Option<Vec<Vec<Matcher>>> {
            let selector = selector.map(str::trim).filter(|text| !text.is_empty() && *text != "{}");
            selector.map_or(Some(Vec::new()), |text| {
                parse_matchers(text, &mut PatternBudget::default()).ok().map(|matchers| vec![matchers])
            })
        };
        Ok(match question {
            Question::None => Vec::new(),
            Question::LabelNames(pattern) => {
                let scope = Scope { matcher_sets: &[], start, end };
                let names = store.label_names(&scope).map_err(QueryError::from)?;
                named(matching(names.iter().map(ToString::to_string), pattern.as_deref()))
            }
            Question::LabelValues { selector, label } => {
                let Some(sets) = sets(selector.as_deref()) else { return Ok(Vec::new()) };
                let scope = Scope { matcher_sets: &sets, start, end };
                let values = store.label_values(label, &scope).map_err(QueryError::from)?;
                named(values.iter().map(ToString::to_string).collect())
            }
            Question::Metrics(pattern) => {
                let scope = Scope { matcher_sets: &[], start, end };
                let names = store.label_values("__name__", &scope).map_err(QueryError::from)?;
                named(matching(names.iter().map(ToString::to_string), Some(pattern)))
            }
            Question::Series(selector) => {
                let Some(sets) = sets(Some(selector)).filter(|sets| !sets.is_empty()) else {
                    return Ok(Vec::new());
                };
                let scope = Scope { matcher_sets: &sets, start, end };
                let series = store.series(&scope).map_err(QueryError::from)?;
                named(series.iter().map(ToString::to_string).collect())
            }
            Question::QueryResult(expr) => {
                let Ok(expr) = parse(expr) else { return Ok(Vec::new()) };
                let query = self.source.engine.query(store, &expr).controlled(self.control);
                match query.instant(end)?.value {
                    Value::Vector(elements) => {
                        let text = |labels: &dyn std::fmt::Display, value: f64| {
                            format!("{labels} {} {to}", crowsnest_api::format_value(value))
                        };
                        let floats = elements.iter().filter_map(|element| match &element.value {
                            SampleValue::Float(value) => Some(text(&element.labels, *value)),
                            SampleValue::Histogram(_) => None,
                        });
                        named(floats.collect())
                    }
                    Value::Scalar(sample) => {
                        named(vec![format!("scalar {} {to}", crowsnest_api::format_value(sample.value))])
                    }
                    _ => Vec::new(),
                }
            }
        })
    }

    /// What a panel's query finds.
    pub(super) fn answer(&self, query: Query) -> Result<Answer, QueryError> {
        let expr = parse(&query.expr).map_err(|error| QueryError::Parameter(error.to_string()))?;
        let confinement = Confinement::to(self.matchers.clone());
        let store = confinement.of(self.source.store);
        let asked = self.source.engine.query(&store, &expr).controlled(self.control);
        let (from, to) = (Timestamp::from_millis(query.from), Timestamp::from_millis(query.to));
        let value = match query.step_ms {
            Some(step) => {
                let step = std::time::Duration::from_millis(u64::try_from(step.max(1)).unwrap_or(1));
                asked.range(RangeParams::new(from, to.max(from), step)?)?.value
            }
            None => asked.instant(to)?.value,
        };
        let mut series = series_of(value);
        series.truncate(MOST_SERIES);
        Ok(Answer { query, series })
    }
}

fn candidate(text: String) -> Candidate {
    Candidate { value: text.clone(), text }
}

/// Those that a pattern matches, by JavaScript's rules.
fn matching(names: impl Iterator<Item = String>, pattern: Option<&str>) -> Vec<String> {
    let Some(pattern) = pattern else { return names.collect() };
    let Some(compiled) = Fancy.compile(pattern, "") else { return Vec::new() };
    names.filter(|name| compiled.is_match(name)).collect()
}

fn series_of(value: Value) -> Vec<Series> {
    match value {
        Value::Scalar(sample) => {
            vec![Series { samples: vec![(sample.timestamp.millis(), sample.value)], ..Series::default() }]
        }
        Value::String(..) => Vec::new(),
        Value::Vector(elements) => elements
            .into_iter()
            .map(|element| {
                let at = element.timestamp.millis();
                let (samples, histograms) = match element.value {
                    SampleValue::Float(value) => (vec![(at, value)], Vec::new()),
                    SampleValue::Histogram(histogram) => (Vec::new(), vec![buckets(at, &histogram)]),
                };
                Series { labels: element.labels, samples, histograms }
            })
            .collect(),
        Value::Matrix(series) => series
            .into_iter()
            .map(|series| Series {
                samples: series
                    .samples
                    .iter()
                    .map(|sample| (sample.timestamp.millis(), sample.value))
                    .collect(),
                histograms: series
                    .histograms
                    .iter()
                    .map(|(at, histogram)| buckets(at.millis(), histogram))
                    .collect(),
                labels: series.labels,
            })
            .collect(),
    }
}

fn buckets(at: i64, histogram: &FloatHistogram) -> HistogramSample {
    let bucket = |bucket: crowsnest_promql::histogram::Bucket| HistogramBucket {
        lower: bucket.lower,
        upper: bucket.upper,
        count: bucket.count,
    };
    HistogramSample { at, buckets: histogram.buckets().map(bucket).collect() }
}
