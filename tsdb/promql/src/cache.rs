//! Answers to range queries, kept for the next time somebody looks at the same graph.
//!
//! What is kept of an answer holds up to the first sample that has come or gone since, which the store tells
//! ([`Queryable::changed_since`]): the steps before it are taken over and only the others are evaluated. Nothing is kept of
//! queries whose steps rest on later samples or on the query's own range, and of answers with warnings.

mod receipt;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Label, Labels, Sample, Timestamp};
use parking_lot::Mutex;

pub use receipt::{Receipt, Receipts};

use crate::ast::{Edges, ExprKind, Modifiers};
use crate::engine::{Annotation, Annotations, QueryError, QueryResult, QueryStats, RangeParams, Value};
use crate::{Confinement, Expr, Queryable, Resolution, Series};

/// Answers that are kept at most, however small.
const MOST: usize = 1024;
/// The share of all room that one answer may take.
const LARGEST: usize = 4;

/// Keeps answers to range queries. Answers of different engines do not belong into one cache.
#[derive(Debug)]
pub struct RangeCache {
    /// Bytes that the answers may take together; an estimate.
    room: usize,
    kept: Mutex<Kept>,
}

/// What a cache has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeCacheStats {
    /// Queries of which nothing was kept, those that cannot be kept included.
    pub misses: u64,
    /// Queries of which some steps were kept.
    pub partial_hits: u64,
    /// Queries of which all steps were kept.
    pub hits: u64,
    /// Answers that are kept now.
    pub answers: usize,
    /// What they take, in bytes.
    pub bytes: usize,
}

/// A range query as a cache sees it.
#[derive(Clone, Copy, Debug)]
pub struct Cacheable<'a> {
    /// As it was written, for annotations point into it.
    pub text: &'a str,
    /// As it was parsed.
    pub expr: &'a Expr,
    /// What is added to its selectors: an answer is for those alone who may see the same.
    pub confinement: &'a Confinement,
    /// The engine's lookback.
    pub lookback: Duration,
    /// The finest buckets that the engine answers from.
    pub resolution: Option<Resolution>,
    /// Its steps.
    pub range: RangeParams,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    text: String,
    confinement: String,
    lookback: Duration,
    resolution: Option<Resolution>,
    step_ms: i64,
    /// Where the steps lie in between multiples of their distance.
    phase_ms: i64,
}

#[derive(Debug)]
struct Answer {
    /// The store's version before it was evaluated.
    version: u64,
    first: Timestamp,
    last: Timestamp,
    series: Vec<Series>,
    infos: Vec<Annotation>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Slot>,
    stats: RangeCacheStats,
    /// Counts uses.
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    answer: Arc<Answer>,
    bytes: usize,
    /// When it was used last.
    used: u64,
}

impl RangeCache {
    /// A cache that takes about `room` bytes; of none it keeps nothing.
    pub fn new(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }

    /// What it has done so far.
    pub fn stats(&self) -> RangeCacheStats {
        self.kept.lock().stats
    }

    /// Answers a query with what is kept and, for the other steps, with what `evaluate` says. The statistics are of what was
    /// evaluated.
    ///
    /// # Errors
    /// Those of `evaluate`.
    pub fn range(
        &self,
        store: &dyn Queryable,
        query: Cacheable<'_>,
        evaluate: impl FnOnce(RangeParams) -> Result<QueryResult, QueryError>,
    ) -> Result<QueryResult, QueryError> {
        let range = query.range;
        let version = store.version().filter(|_| self.room > 0 && only_looks_back(query.expr));
        let Some(version) = version else {
            self.kept.lock().stats.misses += 1;
            return evaluate(range);
        };
        let key = Key::of(&query);
        let known = self.kept.lock().find(&key);
        // Asked after the version: what changes in between is in both.
        let holds = known.as_ref().and_then(|known| {
            steps_that_hold((known.first, known.last), range, store.changed_since(known.version))
        });
        let (Some(known), Some(until)) = (known, holds) else {
            self.kept.lock().stats.misses += 1;
            let result = evaluate(range)?;
            self.keep(key, version, range, &result);
            return Ok(result);
        };
        let before = known.cut(range.start(), until);
        let annotations = Annotations { infos: known.infos.clone(), ..Annotations::default() };
        let next = until.plus_millis(range.step_ms());
        if next > range.last() {
            self.kept.lock().stats.hits += 1;
            return Ok(QueryResult {
                value: Value::Matrix(before),
                annotations,
                stats: QueryStats::default(),
            });
        }
        self.kept.lock().stats.partial_hits += 1;
        let mut result = evaluate(range.from(next))?;
        if let Value::Matrix(series) = &mut result.value {
            *series = join(before, std::mem::take(series));
        }
        result.annotations.extend(annotations);
        self.keep(key, version, range, &result);
        Ok(result)
    }

    fn keep(&self, key: Key, version: u64, range: RangeParams, result: &QueryResult) {
        let Value::Matrix(series) = &result.value else { return };
        let bytes = size_of::<(Key, Slot)>() + key.text.len() + series.iter().map(bytes_of).sum::<usize>();
        if !result.annotations.warnings.is_empty() || bytes > self.room / LARGEST {
            return;
        }
        let (series, infos) = (series.clone(), result.annotations.infos.clone());
        let answer = Answer { version, first: range.start(), last: range.last(), series, infos };
        self.kept.lock().insert(key, Arc::new(answer), bytes, self.room);
    }
}

impl Key {
    fn of(query: &Cacheable<'_>) -> Self {
        let step_ms = query.range.step_ms();
        Self {
            text: query.text.to_owned(),
            confinement: format!("{:?}", query.confinement.matchers()),
            lookback: query.lookback,
            resolution: query.resolution,
            step_ms,
            phase_ms: query.range.start().millis().rem_euclid(step_ms),
        }
    }
}

impl Kept {
    fn find(&mut self, key: &Key) -> Option<Arc<Answer>> {
        self.uses += 1;
        let slot = self.answers.get_mut(key)?;
        slot.used = self.uses;
        Some(Arc::clone(&slot.answer))
    }

    fn insert(&mut self, key: Key, answer: Arc<Answer>, bytes: usize, room: usize) {
        let slot = Slot { answer, bytes, used: self.uses };
        match self.answers.entry(key) {
            // Another query was faster, and its answer holds longer.
            Entry::Occupied(known) if known.get().answer.version > slot.answer.version => return,
            Entry::Occupied(mut known) => self.stats.bytes -= known.insert(slot).bytes,
            Entry::Vacant(free) => drop(free.insert(slot)),
        }
        self.stats.bytes += bytes;
        while self.stats.bytes > room || self.answers.len() > MOST {
            let oldest = self.answers.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone());
            let Some(slot) = oldest.and_then(|key| self.answers.remove(&key)) else { break };
            self.stats.bytes -= slot.bytes;
        }
        self.stats.answers = self.answers.len();
    }
}

/// The last step of `range` up to which an answer from `first` to `last` holds when samples at `changed` or later have come or gone; `None` when it
/// does not even for the first step.
fn steps_that_hold(
    (first, last): (Timestamp, Timestamp),
    range: RangeParams,
    changed: Timestamp,
) -> Option<Timestamp> {
    let start = range.start();
    let until = last.min(range.last()).min(changed.plus_millis(-1));
    (first <= start && start <= until)
        .then(|| until.plus_millis(-((until.millis() - start.millis()) % range.step_ms())))
}

impl Answer {
    /// The steps from `first` to `last`.
    fn cut(&self, first: Timestamp, last: Timestamp) -> Vec<Series> {
        let series = self.series.iter().map(|series| series.within(first, last));
        series.filter(|series| !series.is_empty()).collect()
    }
}

/// Steps and those after them; of both the series are in label order.
fn join(before: Vec<Series>, after: Vec<Series>) -> Vec<Series> {
    let mut joined: Vec<Series> = Vec::with_capacity(before.len().max(after.len()));
    let mut before = before.into_iter().peekable();
    for next in after {
        while let Some(earlier) = before.next_if(|earlier| earlier.labels < next.labels) {
            joined.push(earlier);
        }
        match before.next_if(|earlier| earlier.labels == next.labels) {
            Some(mut earlier) => {
                earlier.samples.extend(next.samples);
                earlier.histograms.extend(next.histograms);
                joined.push(earlier);
            }
            None => joined.push(next),
        }
    }
    joined.extend(before);
    joined
}

impl Series {
    fn within(&self, first: Timestamp, last: Timestamp) -> Self {
        fn part<T: Clone>(
            all: &[T],
            time: impl Fn(&T) -> Timestamp,
            first: Timestamp,
            last: Timestamp,
        ) -> Vec<T> {
            let (from, to) =
                (all.partition_point(|one| time(one) < first), all.partition_point(|one| time(one) <= last));
            all.get(from..to).unwrap_or_default().to_vec()
        }
        Self {
            labels: self.labels.clone(),
            samples: part(&self.samples, |sample| sample.timestamp, first, last),
            histograms: part(&self.histograms, |(at, _)| *at, first, last),
            ..Self::default()
        }
    }
}

fn bytes_of(series: &Series) -> usize {
    let labels: usize = series.labels.iter().map(|label| size_of::<Label>() + label.value.len()).sum();
    size_of::<Series>() + size_of::<Labels>() + labels + series.weight() * size_of::<Sample>()
}

/// Whether each step rests on samples up to itself alone, and on nothing of the query but its step.
fn only_looks_back(expr: &Expr) -> bool {
    let mut back = true;
    expr.walk(&mut |part| {
        back &= match &part.kind {
            ExprKind::Selector(selector) => looks_back(&selector.modifiers),
            ExprKind::Subquery(subquery) => looks_back(&subquery.modifiers),
            ExprKind::Call(call) => !matches!(call.function.name, "start" | "end" | "range"),
            _ => true,
        };
    });
    back
}

fn looks_back(modifiers: &Modifiers) -> bool {
    let offset = modifiers.offset.as_deref().map(Expr::without_parens);
    let back = offset.is_none_or(|offset| matches!(&offset.kind, ExprKind::Number(by) if by.value >= 0.0));
    back && modifiers.at.is_none() && modifiers.edges != Some(Edges::Smoothed)
}
