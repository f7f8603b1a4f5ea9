//! Deciding what of a batch is stored, before it is logged.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{FloatHistogram, SampleValue};
use smol_str::SmolStr;

use super::order::Order;
use super::{Head, MemSeries, SeriesRef};
use crate::appender::{
    Appended, Metadata, Origin, Push, PushedLabels, PushedSeries, RejectReason, Rejection,
};
use crate::options::{Options, excerpt};
use crate::samples::{Extra, refusal, same, start_of};
use crate::source::SourceId;

/// What to hold a batch against, and what older storage knows.
pub(crate) struct Limits<'a> {
    pub(crate) options: &'a Options,
    /// When samples of the batch may be.
    pub(crate) range: RangeInclusive<Timestamp>,
    /// The newest pushed sample of a series outside the head; the outer `None` when that has not been looked up.
    pub(crate) newest: &'a dyn Fn(&Labels) -> Option<Option<Timestamp>>,
    /// The newest sample outside the head, of any series.
    pub(crate) stored_until: Option<Timestamp>,
}

/// Who wrote a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StagedOrigin {
    Source { id: SourceId, name: SmolStr },
    Server { silence: Duration },
}

/// What of a batch is to be logged and applied. Series in it stay in the head until it is applied or discarded.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) origin: StagedOrigin,
    pub(crate) received: Timestamp,
    pub(crate) entries: Vec<StagedSeries>,
    /// The samples of all entries; what no entry speaks of is left over.
    samples: Vec<Sample>,
    /// By entry and timestamp: what is more than a float.
    extras: BTreeMap<(usize, Timestamp), Extra>,
    pub(crate) metadata: Vec<Metadata>,
    /// How many series were made for it.
    created: usize,
    /// Samples that may be repeats or conflicts of something outside the head.
    pub(crate) doubts: Vec<Doubt>,
    /// Series that can only be made when it is known what older storage has of them. As long as there are any, the rest
    /// is of no use: look them up and stage again.
    pub(crate) unknown: Vec<Labels>,
    /// The answer to the sender, should logging succeed.
    pub(crate) outcome: Appended,
}

/// The floats to store of one series, ascending by time: a run of [`Staged::samples`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct StagedSeries {
    pub(crate) series: SeriesRef,
    start: usize,
    len: usize,
}

/// A sample whose timestamp older storage may have.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    entry: usize,
    pub(crate) labels: Labels,
    pub(crate) at: Timestamp,
    value: SampleValue,
    otherwise: Otherwise,
}

/// A sample on its way in.
#[derive(Clone, Copy)]
struct Pushed<'a> {
    at: Timestamp,
    value: PushedValue<'a>,
    start: Option<Timestamp>,
}

#[derive(Clone, Copy)]
enum PushedValue<'a> {
    Float(f64),
    Histogram(&'a Arc<FloatHistogram>),
}

/// What becomes of a doubtful sample when older storage does not have its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// It is stored; it is among the entries already.
    Store,
    /// It is refused as too old.
    Reject,
}

/// What becomes of one sample.
enum Verdict {
    Store,
    Doubtful(Otherwise),
    Repeat,
    Reject(RejectReason),
}

impl PushedValue<'_> {
    fn is(&self, known: &SampleValue) -> bool {
        match (*self, known) {
            (Self::Float(value), SampleValue::Float(known)) => value.to_bits() == known.to_bits(),
            (Self::Histogram(own), SampleValue::Histogram(known)) => own.holds_same(known),
            _ => false,
        }
    }

    fn owned(&self) -> SampleValue {
        match *self {
            Self::Float(value) => SampleValue::Float(value),
            Self::Histogram(histogram) => SampleValue::Histogram(Arc::clone(histogram)),
        }
    }
}

impl Staged {
    pub(crate) fn new(
        origin: StagedOrigin,
        received: Timestamp,
        series: usize,
        metadata: Vec<Metadata>,
    ) -> Self {
        Self {
            origin,
            received,
            entries: Vec::with_capacity(series),
            samples: Vec::with_capacity(series),
            extras: BTreeMap::new(),
            metadata,
            created: 0,
            doubts: Vec::new(),
            unknown: Vec::new(),
            outcome: Appended::default(),
        }
    }

    /// The floats of an entry.
    pub(crate) fn samples(&self, entry: StagedSeries) -> &[Sample] {
        self.samples.get(entry.start..entry.start + entry.len).unwrap_or_default()
    }

    /// The oldest sample of all entries.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let oldest = self.entries.iter().filter_map(|&entry| self.samples(entry).first());
        let oldest = oldest.map(|sample| sample.timestamp);
        oldest.chain(self.extras.keys().map(|(_, at)| *at)).min()
    }

    /// The newest sample of all entries.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let newest = self.entries.iter().filter_map(|&entry| self.samples(entry).last());
        let newest = newest.map(|sample| sample.timestamp).max();
        newest.max(self.extras.keys().map(|(_, at)| *at).max())
    }

    /// The samples that are more than floats, series by series, ascending by time.
    pub(crate) fn extras(&self) -> impl Iterator<Item = (SeriesRef, &Extra)> {
        let series = |entry: usize| self.entries.get(entry).map(|entry| entry.series);
        self.extras.iter().filter_map(move |((entry, _), extra)| Some((series(*entry)?, extra)))
    }

    /// Adds an entry without samples and says where it is.
    pub(crate) fn add(&mut self, series: SeriesRef) -> usize {
        self.entries.push(StagedSeries { series, start: self.samples.len(), len: 0 });
        self.entries.len() - 1
    }

    /// Puts a sample in its place among those of an entry, unless there is one at its timestamp.
    pub(crate) fn insert(&mut self, entry: usize, sample: Sample) {
        let Some(entry) = self.entries.get_mut(entry) else { return };
        if entry.start + entry.len != self.samples.len() {
            // Its series is named twice in this push, with others in between.
            let moved = self.samples.len();
            self.samples.extend_from_within(entry.start..entry.start + entry.len);
            entry.start = moved;
        }
        let known = self.samples.get(entry.start..).unwrap_or_default();
        let place = known.partition_point(|known| known.timestamp < sample.timestamp);
        if known.get(place).is_none_or(|known| known.timestamp != sample.timestamp) {
            self.samples.insert(entry.start + place, sample);
            entry.len += 1;
        }
    }

    /// The newest sample of an entry so far.
    fn newest_of(&self, entry: usize) -> Option<Timestamp> {
        let floats = self.entries.get(entry).and_then(|&entry| self.samples(entry).last());
        let newest = floats.map(|sample| sample.timestamp);
        if self.extras.is_empty() {
            return newest;
        }
        let extras = self.extras.range((entry, Timestamp::MIN)..=(entry, Timestamp::MAX));
        newest.max(extras.last().map(|((_, at), _)| *at))
    }

    /// Whether the sample is in an entry already, and so, whether with that value.
    fn known(&self, entry: usize, pushed: &Pushed<'_>) -> Option<bool> {
        let floats = self.entries.get(entry).map(|&entry| self.samples(entry)).unwrap_or_default();
        if let Ok(index) = floats.binary_search_by_key(&pushed.at, |known| known.timestamp) {
            let known = floats.get(index).map(|known| SampleValue::Float(known.value));
            return Some(known.is_some_and(|known| pushed.value.is(&known)));
        }
        self.extras.get(&(entry, pushed.at)).map(|known| pushed.value.is(&known.value))
    }

    /// Puts a sample among those of an entry, which has none at its timestamp.
    fn put(&mut self, entry: usize, pushed: &Pushed<'_>) {
        match (pushed.value, pushed.start) {
            (PushedValue::Float(value), None) => self.insert(entry, Sample { timestamp: pushed.at, value }),
            (value, start) => self.insert_extra(entry, Extra { at: pushed.at, value: value.owned(), start }),
        }
    }

    /// Puts a sample that is more than a float among those of an entry, which has none at its timestamp.
    pub(crate) fn insert_extra(&mut self, entry: usize, extra: Extra) {
        self.extras.insert((entry, extra.at), extra);
    }

    fn remove(&mut self, entry: usize, at: Timestamp) {
        if self.extras.remove(&(entry, at)).is_some() {
            return;
        }
        let Some(entry) = self.entries.get_mut(entry) else { return };
        let Some(samples) = self.samples.get_mut(entry.start..entry.start + entry.len) else { return };
        if let Ok(place) = samples.binary_search_by_key(&at, |sample| sample.timestamp) {
            samples.copy_within(place + 1.., place);
            entry.len -= 1;
        }
    }

    /// Counts samples of a series as refused.
    pub(crate) fn reject(&mut self, reason: RejectReason, samples: u64, example: impl FnOnce() -> String) {
        match self.outcome.rejected.iter_mut().find(|rejection| rejection.reason == reason) {
            Some(known) => known.samples += samples,
            None => self.outcome.rejected.push(Rejection { reason, samples, example: example() }),
        }
    }

    /// Settles a doubt: `known` is value and source of what older storage has at that timestamp.
    pub(crate) fn settle(&mut self, doubt: &Doubt, known: Option<&(SampleValue, SmolStr)>) {
        let at = doubt.at;
        let StagedOrigin::Source { name, .. } = &self.origin else { return };
        let reason = match (known, doubt.otherwise) {
            (Some((value, owner)), _) => match verdict_on_known(same(value, &doubt.value), owner == name) {
                Verdict::Reject(reason) => Some(reason),
                _ => None,
            },
            (None, Otherwise::Store) => return,
            (None, Otherwise::Reject) => Some(RejectReason::TooOld),
        };
        self.remove(doubt.entry, at);
        if let Some(reason) = reason {
            self.outcome.written -= 1;
            self.outcome.histograms -= u64::from(matches!(doubt.value, SampleValue::Histogram(_)));
            self.reject(reason, 1, || format!("{} at {at}", excerpt(&doubt.labels.to_string())));
        }
    }
}

impl Head {
    /// Sorts out a batch: what is new, what is known, what is refused. Changes nothing that a reader could see.
    pub(crate) fn stage(&mut self, push: &Push<'_>, limits: &Limits<'_>) -> Staged {
        self.batches += 1;
        let origin = match &push.origin {
            Origin::Source(name) => {
                StagedOrigin::Source { id: self.sources.intern(name), name: name.clone() }
            }
            Origin::Server { silence } => {
                StagedOrigin::Server { silence: Duration::from_millis(silence.as_millis() as u64) }
            }
        };
        let source = match &origin {
            StagedOrigin::Source { id, .. } => Some(*id),
            StagedOrigin::Server { .. } => None,
        };
        let mut order = Order::new(source.and_then(|id| self.orders.remove(&id)).unwrap_or_default());
        let mut staged = Staged::new(origin, push.received, push.series.len(), push.metadata.clone());
        for series in &push.series {
            self.stage_series(&mut staged, series, &mut order, limits);
        }
        staged.metadata.retain(|metadata| self.metadata.get(&metadata.family) != Some(metadata));
        if let Some(id) = source {
            self.orders.insert(id, order.finish());
        }
        staged
    }

    fn stage_series(
        &mut self,
        staged: &mut Staged,
        pushed: &PushedSeries<'_>,
        order: &mut Order,
        limits: &Limits<'_>,
    ) {
        let extras = pushed.extras.filter(|_| matches!(staged.origin, StagedOrigin::Source { .. }));
        let range = &limits.range;
        let out_of =
            |at| if at < *range.start() { RejectReason::BeyondRetention } else { RejectReason::TooNew };
        let example = |at: Timestamp| format!("{} at {at}", shown(pushed.labels));
        let mut in_range = 0;
        for at in pushed.samples.iter().map(|sample| sample.timestamp) {
            if range.contains(&at) {
                in_range += 1;
            } else {
                staged.reject(out_of(at), 1, || example(at));
            }
        }
        for &(at, ref histogram) in extras.iter().flat_map(|extras| &extras.histograms) {
            if !range.contains(&at) {
                staged.reject(out_of(at), 1, || example(at));
            } else if let Some(why) = refusal(histogram) {
                staged.reject(RejectReason::InvalidHistogram, 1, || format!("{}: {why}", example(at)));
            } else {
                in_range += 1;
            }
        }
        if in_range == 0 {
            return;
        }
        let guess = order.guess().filter(|&guess| self.is(guess, pushed.labels));
        let series = match guess {
            Some(known) => known,
            None => match self.staged_ref(staged, pushed.labels, in_range, limits) {
                Some(found) => found,
                None => return,
            },
        };
        order.take(series);
        let batch = self.batches;
        let Some(memory) = self.get_mut(series) else { return };
        if memory.staged.0 != batch {
            memory.pending += 1;
            memory.staged = (batch, staged.add(series) as u32);
        }
        let entry = memory.staged.1 as usize;
        let Some(memory) = self.get(series) else { return };
        let labels = || self.labels_of(memory);
        let known = (memory, &labels as &dyn Fn() -> Labels);
        let floats = pushed.samples.iter().filter(|sample| range.contains(&sample.timestamp));
        let starts = extras.map(|extras| extras.starts.as_slice()).unwrap_or_default();
        let floats = floats.map(|&Sample { timestamp: at, value }| Pushed {
            at,
            value: PushedValue::Float(value),
            start: start_at(starts, at),
        });
        let Some(extras) = extras.filter(|extras| !extras.histograms.is_empty()) else {
            floats.for_each(|pushed| stage_sample(known, staged, entry, &pushed, limits));
            return;
        };
        let fit = extras.histograms.iter().filter(|(at, of)| range.contains(at) && refusal(of).is_none());
        let histograms = fit.map(|(at, histogram)| Pushed {
            at: *at,
            value: PushedValue::Histogram(histogram),
            start: start_at(starts, *at),
        });
        // In the order of time: no sample is to be late because of another kind's in the same push.
        let mut all: Vec<Pushed<'_>> = floats.chain(histograms).collect();
        all.sort_by_key(|pushed| pushed.at);
        all.iter().for_each(|pushed| stage_sample(known, staged, entry, pushed, limits));
    }

    /// The series of these labels, made if there is none and there may be one more.
    fn staged_ref(
        &mut self,
        staged: &mut Staged,
        labels: PushedLabels<'_>,
        samples: u64,
        limits: &Limits<'_>,
    ) -> Option<SeriesRef> {
        if let Some(known) = self.find(labels) {
            return Some(known);
        }
        let labels =
            match labels.to_labels().and_then(|labels| match limits.options.labels.refusal(&labels) {
                Some(why) => Err(format!("{}: {why}", excerpt(&labels.to_string()))),
                None => Ok(labels),
            }) {
                Ok(labels) => labels,
                Err(why) => {
                    staged.reject(RejectReason::InvalidLabels, samples, || why);
                    return None;
                }
            };
        if self.len() >= limits.options.max_series {
            staged.reject(RejectReason::SeriesLimit, samples, || {
                format!("{}: at most {} series", excerpt(&labels.to_string()), limits.options.max_series)
            });
            return None;
        }
        if let StagedOrigin::Source { id, .. } = staged.origin {
            let of = self.by_source.entry(id).or_default();
            let most = limits.options.max_series_per_source;
            if of.series + staged.created >= most {
                of.refused += samples;
                staged.reject(RejectReason::SourceSeriesLimit, samples, || {
                    format!("{}: at most {most} series of one source", excerpt(&labels.to_string()))
                });
                return None;
            }
        }
        match (limits.newest)(&labels) {
            Some(newest) => {
                staged.created += 1;
                Some(self.create(&labels, newest))
            }
            None => {
                staged.unknown.push(labels);
                None
            }
        }
    }
}

/// Pushed labels for people.
fn shown(labels: PushedLabels<'_>) -> String {
    labels.to_labels().map_or_else(|why| why, |labels| excerpt(&labels.to_string()))
}

/// The start of the counter behind the sample at `at`, if it is one that the log can hold.
fn start_at(starts: &[(Timestamp, Timestamp)], at: Timestamp) -> Option<Timestamp> {
    if starts.is_empty() {
        return None;
    }
    start_of(starts, at).filter(|start| start.millis().unsigned_abs() <= 1 << 53)
}

fn stage_sample(
    (memory, labels): (&MemSeries, &dyn Fn() -> Labels),
    staged: &mut Staged,
    entry: usize,
    pushed: &Pushed<'_>,
    limits: &Limits<'_>,
) {
    let StagedOrigin::Source { id, .. } = staged.origin else {
        staged.outcome.written += 1;
        if staged.known(entry, pushed).is_none() {
            staged.put(entry, pushed);
        }
        return;
    };
    let verdict = match staged.known(entry, pushed) {
        Some(true) => Verdict::Repeat,
        Some(false) => Verdict::Reject(RejectReason::Conflict),
        None => {
            let newest = memory.newest().max(staged.newest_of(entry));
            judge(memory, id, pushed, newest, limits)
        }
    };
    let at = pushed.at;
    if let Verdict::Reject(reason) = verdict {
        return staged.reject(reason, 1, || format!("{} at {at}", excerpt(&labels().to_string())));
    }
    // What is in doubt counts as written until that is settled.
    staged.outcome.written += 1;
    staged.outcome.histograms += u64::from(matches!(pushed.value, PushedValue::Histogram(_)));
    if matches!(verdict, Verdict::Store | Verdict::Doubtful(Otherwise::Store)) {
        staged.put(entry, pushed);
    }
    if let Verdict::Doubtful(otherwise) = verdict {
        staged.doubts.push(Doubt { entry, labels: labels(), at, value: pushed.value.owned(), otherwise });
    }
}

/// The rules of [`Origin`] for a sample whose timestamp is new in its batch.
fn judge(
    memory: &MemSeries,
    source: SourceId,
    pushed: &Pushed<'_>,
    newest: Option<Timestamp>,
    limits: &Limits<'_>,
) -> Verdict {
    let at = pushed.at;
    let Some(newest) = newest.filter(|&newest| at <= newest) else { return Verdict::Store };
    if let Some((known, owner)) = memory.find(at) {
        return verdict_on_known(pushed.value.is(&known), owner == source);
    }
    let too_old = at < newest.minus(limits.options.out_of_order_window);
    let maybe_stored = limits.stored_until.is_some_and(|until| at <= until);
    match (too_old, maybe_stored) {
        (false, false) => Verdict::Store,
        (false, true) => Verdict::Doubtful(Otherwise::Store),
        // A retry of a long backlog is a repeat, not an error.
        (true, true) => Verdict::Doubtful(Otherwise::Reject),
        (true, false) => Verdict::Reject(RejectReason::TooOld),
    }
}

/// What becomes of a sample when there is one at its timestamp already.
fn verdict_on_known(same_value: bool, same_source: bool) -> Verdict {
    match (same_value, same_source) {
        (false, true) => Verdict::Reject(RejectReason::Conflict),
        // Same value: a retry. Another source's value: the first stays, and the sender need not know.
        _ => Verdict::Repeat,
    }
}
