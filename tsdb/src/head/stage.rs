//! Deciding what of a batch is stored, before it is logged.

use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;

use super::{Head, MemSeries, SeriesRef};
use crate::appender::{Appended, Batch, Metadata, Origin, RejectReason, Rejection};
use crate::options::{Options, excerpt};
use crate::source::SourceId;

/// What to hold a batch against, and what older storage knows.
pub(crate) struct Limits<'a> {
    pub(crate) options: &'a Options,
    /// The newest pushed sample of a series outside the head.
    pub(crate) newest: &'a dyn Fn(&Labels) -> Option<Timestamp>,
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
    pub(crate) metadata: Vec<Metadata>,
    /// Samples that may be repeats or conflicts of something outside the head.
    pub(crate) doubts: Vec<Doubt>,
    /// The answer to the sender, should logging succeed.
    pub(crate) outcome: Appended,
}

/// The samples to store of one series, ascending by time.
#[derive(Debug)]
pub(crate) struct StagedSeries {
    pub(crate) series: SeriesRef,
    pub(crate) labels: Labels,
    pub(crate) samples: Vec<Sample>,
}

/// A sample whose timestamp older storage may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) entry: usize,
    pub(crate) sample: Sample,
    pub(crate) otherwise: Otherwise,
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
    /// Counts samples of a series as refused.
    pub(crate) fn reject(&mut self, reason: RejectReason, samples: u64, example: impl FnOnce() -> String) {
        match self.outcome.rejected.iter_mut().find(|rejection| rejection.reason == reason) {
            Some(known) => known.samples += samples,
            None => self.outcome.rejected.push(Rejection { reason, samples, example: example() }),
        }
    }

    /// Settles a doubt: `known` is the value's bits and the source of what older storage has at that timestamp.
    pub(crate) fn settle(&mut self, doubt: Doubt, known: Option<(u64, &str)>) {
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
        let Some(entry) = self.entries.get_mut(doubt.entry) else { return };
        entry.samples.retain(|sample| sample.timestamp != at);
        if let Some(reason) = reason {
            let labels = entry.labels.clone();
            self.outcome.written -= 1;
            self.reject(reason, 1, || format!("{} at {at}", excerpt(&labels.to_string())));
        }
    }
}

impl Head {
    /// Sorts out a batch: what is new, what is known, what is refused. Changes nothing that a reader could see.
    pub(crate) fn stage(&mut self, batch: Batch, limits: &Limits<'_>) -> Staged {
        self.batches += 1;
        let origin = match batch.origin {
            Origin::Source(name) => StagedOrigin::Source { id: self.sources.intern(&name), name },
            Origin::Server { silence } => {
                StagedOrigin::Server { silence: Duration::from_millis(silence.as_millis() as u64) }
            }
        };
        let mut staged = Staged {
            origin,
            received: batch.received,
            entries: Vec::with_capacity(batch.series.len()),
            metadata: batch.metadata,
            doubts: Vec::new(),
            outcome: Appended::default(),
        };
        for series in batch.series {
            self.stage_series(&mut staged, &series.labels, series.samples, limits);
        }
        staged.metadata.retain(|metadata| self.metadata.get(&metadata.family) != Some(metadata));
        staged
    }

    fn stage_series(
        &mut self,
        staged: &mut Staged,
        labels: &Labels,
        mut samples: Vec<Sample>,
        limits: &Limits<'_>,
    ) {
        let oldest = staged.received.minus(limits.options.retention);
        let newest = staged.received.plus(limits.options.max_future);
        samples.retain(|sample| {
            let reason = match sample.timestamp {
                at if at < oldest => RejectReason::BeyondRetention,
                at if at > newest => RejectReason::TooNew,
                _ => return true,
            };
            staged.reject(reason, 1, || format!("{} at {}", excerpt(&labels.to_string()), sample.timestamp));
            false
        });
        if samples.is_empty() {
            return;
        }
        let Some(series) = self.staged_ref(staged, labels, samples.len() as u64, limits) else { return };
        let batch = self.batches;
        let Some(memory) = self.get_mut(series) else { return };
        let entry = if memory.staged.0 == batch {
            memory.staged.1
        } else {
            memory.pending += 1;
            memory.staged = (batch, staged.entries.len());
            let labels = memory.labels().clone();
            staged.entries.push(StagedSeries { series, labels, samples: Vec::with_capacity(samples.len()) });
            memory.staged.1
        };
        for sample in samples {
            stage_sample(memory, staged, entry, sample, limits);
        }
    }

    /// The series of these labels, made if there is none and there may be one more.
    fn staged_ref(
        &mut self,
        staged: &mut Staged,
        labels: &Labels,
        samples: u64,
        limits: &Limits<'_>,
    ) -> Option<SeriesRef> {
        if let Some(known) = self.series_ref(labels) {
            return Some(known);
        }
        if let Some(why) = limits.options.labels.refusal(labels) {
            staged.reject(RejectReason::InvalidLabels, samples, || {
                format!("{}: {why}", excerpt(&labels.to_string()))
            });
            return None;
        }
        if self.len() >= limits.options.max_series {
            staged.reject(RejectReason::SeriesLimit, samples, || {
                format!("{}: at most {} series", excerpt(&labels.to_string()), limits.options.max_series)
            });
            return None;
        }
        Some(self.create(labels, (limits.newest)(labels)))
    }
}

fn stage_sample(memory: &MemSeries, staged: &mut Staged, entry: usize, sample: Sample, limits: &Limits<'_>) {
    let StagedOrigin::Source { id, .. } = staged.origin else {
        staged.outcome.written += 1;
        if let Some(entry) = staged.entries.get_mut(entry) {
            insert_ascending(&mut entry.samples, sample);
        }
        return;
    };
    let Some(target) = staged.entries.get_mut(entry) else { return };
    let verdict = match target.samples.binary_search_by_key(&sample.timestamp, |known| known.timestamp) {
        Ok(index) => {
            let known = target.samples.get(index).map(|known| known.value.to_bits());
            if known == Some(sample.value.to_bits()) {
                Verdict::Repeat
            } else {
                Verdict::Reject(RejectReason::Conflict)
            }
        }
        Err(_) => {
            let newest = memory.newest().max(target.samples.last().map(|last| last.timestamp));
            judge(memory, id, sample, newest, limits)
        }
    };
    match verdict {
        Verdict::Repeat => staged.outcome.written += 1,
        Verdict::Store => {
            staged.outcome.written += 1;
            insert_ascending(&mut target.samples, sample);
        }
        Verdict::Doubtful(otherwise) => {
            // Counted as written until the doubt is settled.
            staged.outcome.written += 1;
            if otherwise == Otherwise::Store {
                insert_ascending(&mut target.samples, sample);
            }
            staged.doubts.push(Doubt { entry, sample, otherwise });
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

fn insert_ascending(samples: &mut Vec<Sample>, sample: Sample) {
    let place = samples.partition_point(|known| known.timestamp < sample.timestamp);
    if samples.get(place).is_none_or(|known| known.timestamp != sample.timestamp) {
        samples.insert(place, sample);
    }
}
