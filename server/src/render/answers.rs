//! What pictures ask the store: options of variables, and the queries of panels.

use crowsnest_api::events::Event;
use crowsnest_api::{METRIC_NAME, Timestamp};
use crowsnest_dashboards::marks::EventsAsked;
use crowsnest_dashboards::panel::Answer;
use crowsnest_dashboards::query::Query;
use crowsnest_dashboards::time::scrape::ScrapeIntervals;
use crowsnest_dashboards::variables::{Candidate, Question, sample_text, series_text};
use crowsnest_promql::{
    Confinement, Control, Engine, Matcher, PatternBudget, QueryError, Queryable, RangeParams, Scope, Value,
    VectorElement, parse, parse_matchers,
};
use smol_str::SmolStr;

use crate::dashboards::series_of;

/// The most options of a variable.
const MOST_OPTIONS: usize = 10_000;
/// The most series of a panel's query that are drawn.
const MOST_SERIES: usize = 5_000;

/// The store as the caller may see it, and what evaluates queries.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a dyn Queryable,
    pub(crate) engine: &'a Engine,
    pub(crate) scrape: ScrapeIntervals,
    /// What happened in the cluster, as the caller may see it.
    pub(crate) events: &'a dyn Fn(&EventsAsked) -> Vec<Event>,
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
        // A selector that cannot be read has nothing to choose from.
        let sets = match question.selector().map(|text| parse_matchers(&text, &mut PatternBudget::default()))
        {
            Some(Ok(matchers)) => vec![matchers],
            Some(Err(_)) => return Ok(Vec::new()),
            None => Vec::new(),
        };
        let scope = Scope { matcher_sets: &sets, start, end };
        let named = |names: Vec<String>| names.into_iter().take(MOST_OPTIONS).map(Candidate::plain).collect();
        let texts = |names: Vec<SmolStr>| named(names.iter().map(ToString::to_string).collect());
        Ok(match question {
            Question::None => Vec::new(),
            Question::LabelNames(_) => texts(store.label_names(&scope)?),
            Question::LabelValues { label, .. } => texts(store.label_values(label, &scope)?),
            Question::Metrics(_) => texts(store.label_values(METRIC_NAME, &scope)?),
            Question::Series(_) => named(store.series(&scope)?.iter().map(series_text).collect()),
            Question::QueryResult(expr) => {
                let Ok(expr) = parse(expr) else { return Ok(Vec::new()) };
                let query = self.source.engine.query(store, &expr).controlled(self.control);
                match query.instant(end)?.value {
                    Value::Vector(elements) => {
                        let text = |element: &VectorElement| {
                            Some(sample_text(&element.labels, element.value.float()?, to))
                        };
                        named(elements.iter().filter_map(text).collect())
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
        let mut series = series_of(value).unwrap_or_default();
        series.truncate(MOST_SERIES);
        Ok(Answer { query, series })
    }
}
