//! Deciding what of a batch is stored, before it is logged.

use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;

use super::order::Order;
use super::{Head, MemSeries, SeriesRef};
use crate::appender::{
    Appended, Metadata, Origin, Push, PushedLabels, PushedSeries, RejectReason, Rejection,
};
use crate::options::{Options, excerpt};
use crate::source::SourceId;

/// What to hold a batch against, and what older storage knows.
pub(crate) struct Limits<'a> {
    pub(crate) options: &'a Options,
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
    pub(crate) metadata: Vec<Metadata>,
    /// Samples that may be repeats or conflicts of something outside the head.
    pub(crate) doubts: Vec<Doubt>,
    /// Series that can only be made when it is known what older storage has of them. As long as there are any, the rest
    /// is of no use: look them up and stage again.
    pub(crate) unknown: Vec<Labels>,
    /// The answer to the sender, should logging succeed.
    pub(crate) outcome: Appended,
}

/// The samples to store of one series, ascending by time: a run of [`Staged::samples`].
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
    pub(crate) sample: Sample,
    otherwise: Otherwise,
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
            metadata,
            doubts: Vec::new(),
            unknown: Vec::new(),
            outcome: Appended::default(),
        }
    }

    /// The samples of an entry.
    pub(crate) fn samples(&self, entry: StagedSeries) -> &[Sample] {
        self.samples.get(entry.start..entry.start + entry.len).unwrap_or_default()
    }

    /// The newest sample of all entries.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let newest = self.entries.iter().filter_map(|&entry| self.samples(entry).last());
        newest.map(|sample| sample.timestamp).max()
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

    fn remove(&mut self, entry: usize, at: Timestamp) {
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

    /// Settles a doubt: `known` is the value's bits and the source of what older storage has at that timestamp.
    pub(crate) fn settle(&mut self, doubt: &Doubt, known: Option<(u64, &str)>) {
        let at = doubt.sample.timestamp;
        let StagedOrigin::Source { name, .. } = &self.origin else { return };
        let reason = match (known, doubt.otherwise) {
            (Some((bits, owner)), _) => {
                match verdict_on_known(bits == doubt.sample.value.to_bits(), owner == name) {
                    Verdict::Reject(reason) => Some(reason),
                    _ => None,
                }
            }
            (None, Otherwise::Store) => return,
            (None, Otherwise::Reject) => Some(RejectReason::TooOld),
        };
        self.remove(doubt.entry, at);
        if let Some(reason) = reason {
            self.outcome.written -= 1;
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
        let oldest = staged.received.minus(limits.options.retention);
        let newest = staged.received.plus(limits.options.max_future);
        let mut in_range = 0;
        for sample in pushed.samples {
            let reason = match sample.timestamp {
                at if at < oldest => RejectReason::BeyondRetention,
                at if at > newest => RejectReason::TooNew,
                _ => {
                    in_range += 1;
                    continue;
                }
            };
            staged.reject(reason, 1, || format!("{} at {}", shown(pushed.labels), sample.timestamp));
        }
        if in_range == 0 {
            return;
        }
        let guess = order
            .guess()
            .filter(|&guess| self.get(guess).is_some_and(|memory| pushed.labels.are(memory.labels())));
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
            memory.staged = (batch, staged.add(series));
        }
        let entry = memory.staged.1;
        for &sample in pushed.samples.iter().filter(|sample| (oldest..=newest).contains(&sample.timestamp)) {
            stage_sample(memory, staged, entry, sample, limits);
        }
    }

    /// The series of these labels, made if there is none and there may be one more.
    fn staged_ref(
        &mut self,
        staged: &mut Staged,
        labels: PushedLabels<'_>,
        samples: u64,
        limits: &Limits<'_>,
    ) -> Option<SeriesRef> {
        let known = labels.to_labels();
        if let Some(known) = known.as_ref().ok().and_then(|labels| self.series_ref(labels)) {
            return Some(known);
        }
        let labels = match known.and_then(|labels| match limits.options.labels.refusal(&labels) {
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
        match (limits.newest)(&labels) {
            Some(newest) => Some(self.create(&labels, newest)),
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

fn stage_sample(memory: &MemSeries, staged: &mut Staged, entry: usize, sample: Sample, limits: &Limits<'_>) {
    let StagedOrigin::Source { id, .. } = staged.origin else {
        staged.outcome.written += 1;
        staged.insert(entry, sample);
        return;
    };
    let known = staged.entries.get(entry).map(|&entry| staged.samples(entry)).unwrap_or_default();
    let verdict = match known.binary_search_by_key(&sample.timestamp, |known| known.timestamp) {
        Ok(index) => {
            let known = known.get(index).map(|known| known.value.to_bits());
            if known == Some(sample.value.to_bits()) {
                Verdict::Repeat
            } else {
                Verdict::Reject(RejectReason::Conflict)
            }
        }
        Err(_) => {
            let newest = memory.newest().max(known.last().map(|last| last.timestamp));
            judge(memory, id, sample, newest, limits)
        }
    };
    match verdict {
        Verdict::Repeat => staged.outcome.written += 1,
        Verdict::Store => {
            staged.outcome.written += 1;
            staged.insert(entry, sample);
        }
        Verdict::Doubtful(otherwise) => {
            // Counted as written until the doubt is settled.
            staged.outcome.written += 1;
            if otherwise == Otherwise::Store {
                staged.insert(entry, sample);
            }
            staged.doubts.push(Doubt { entry, labels: memory.labels().clone(), sample, otherwise });
        }
        Verdict::Reject(reason) => {
            let labels = memory.labels();
            staged.reject(reason, 1, || format!("{} at {}", excerpt(&labels.to_string()), sample.timestamp));
        }
    }
}

/// The rules of [`Origin`] for a sample whose timestamp is new in its batch.
fn judge(
    memory: &MemSeries,
    source: SourceId,
    sample: Sample,
    newest: Option<Timestamp>,
    limits: &Limits<'_>,
) -> Verdict {
    let at = sample.timestamp;
    let Some(newest) = newest.filter(|&newest| at <= newest) else { return Verdict::Store };
    if let Some((bits, owner)) = memory.find(at) {
        return verdict_on_known(bits == sample.value.to_bits(), owner == source);
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
