//! Decoding what was selected, a batch of series at a time; where there is much to decode, on several threads.

use std::sync::OnceLock;
use std::vec::IntoIter;

use crowsnest_api::Labels;
use crowsnest_promql::{Downsampled, Series, StorageError};

use super::Parts;
use super::tiers::Wanted;
use crate::db::Tsdb;
use crate::samples::Samples;
use crate::varint::Damaged;

/// Bytes of chunks after which a batch is full: about four megabytes of samples.
const BATCH_BYTES: usize = 256 << 10;
/// Series after which it is full.
const BATCH_SERIES: usize = 1024;
/// A batch of so many bytes takes long enough to decode that threads pay, a few hundred microseconds.
const WORTH_THREADS: usize = 16 << 10;

/// The series of a selection, decoded when it is their turn.
pub(super) struct Reading<'a> {
    store: &'a Tsdb,
    wanted: Wanted,
    rest: IntoIter<(Labels, Parts)>,
    ready: IntoIter<Result<Series, Damaged>>,
    failed: bool,
}

impl<'a> Reading<'a> {
    /// `series` are in the order of their labels.
    pub(super) fn new(store: &'a Tsdb, wanted: Wanted, series: Vec<(Labels, Parts)>) -> Self {
        Self { store, wanted, rest: series.into_iter(), ready: Vec::new().into_iter(), failed: false }
    }

    /// The next batch, undecoded, and the bytes of each series' chunks.
    fn batch(&mut self) -> Vec<(Labels, Parts, usize)> {
        let mut batch = Vec::new();
        let mut total = 0;
        while total < BATCH_BYTES && batch.len() < BATCH_SERIES {
            let Some((labels, parts)) = self.rest.next() else { break };
            let bytes = parts.bytes();
            total += bytes;
            batch.push((labels, parts, bytes));
        }
        batch
    }

    fn read(&self, batch: &[(Labels, Parts, usize)]) -> Vec<Result<Series, Damaged>> {
        let Wanted { from, start, end, .. } = self.wanted;
        let one = |(labels, parts, _): &(Labels, Parts, usize)| {
            let (samples, downsampled) = if self.wanted.concerns(parts) {
                let (raw, _) = self.store.read_series(labels, parts, from, end, None)?;
                self.wanted.downsampled(labels, raw, parts)?
            } else {
                self.store.read_series(labels, parts, start, end, self.wanted.of_one_window())?
            };
            let downsampled = (downsampled != Downsampled::default()).then(|| Box::new(downsampled));
            let Samples { floats: samples, histograms, starts } = samples;
            Ok(Series { labels: labels.clone(), samples, histograms, starts, downsampled })
        };
        let all = |share: &[(Labels, Parts, usize)]| share.iter().map(one).collect::<Vec<_>>();
        let shares = shares(batch, |(_, _, bytes)| *bytes);
        let Some((first, others)) = shares.split_first().filter(|(_, others)| !others.is_empty()) else {
            return all(batch);
        };
        std::thread::scope(|scope| {
            let all = &all;
            let others: Vec<_> = others.iter().map(|share| scope.spawn(move || all(share))).collect();
            let mut read = all(first);
            for other in others {
                match other.join() {
                    Ok(share) => read.extend(share),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            read
        })
    }
}

impl Iterator for Reading<'_> {
    type Item = Result<Series, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            match self.ready.next() {
                Some(Ok(series)) if series.is_empty() => {}
                Some(Ok(series)) => return Some(Ok(series)),
                Some(Err(damaged)) => {
                    self.failed = true;
                    return Some(Err(StorageError::Read(Box::new(damaged))));
                }
                None => {
                    let batch = self.batch();
                    if batch.is_empty() {
                        return None;
                    }
                    self.ready = self.read(&batch).into_iter();
                }
            }
        }
        None
    }
}

/// Cuts a batch into runs of about the same weight, one a thread; into one where threads do not pay.
fn shares<T>(batch: &[T], weight: impl Fn(&T) -> usize) -> Vec<&[T]> {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    // Asking reads files.
    let processors =
        *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let total: usize = batch.iter().map(&weight).sum();
    let threads = if total < WORTH_THREADS { 1 } else { processors };
    let mut shares = Vec::with_capacity(threads);
    let (mut rest, mut before) = (batch, 0);
    for thread in 1..threads {
        let until = total * thread / threads;
        let mut count = 0;
        while let Some(next) = rest.get(count).filter(|_| before < until) {
            before += weight(next);
            count += 1;
        }
        let (share, others) = rest.split_at(count);
        shares.push(share);
        rest = others;
    }
    shares.push(rest);
    shares.retain(|share| !share.is_empty());
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_of_a_batch_in_order_and_small_batches_stay_whole() {
        for weights in [vec![], vec![5; 7], vec![WORTH_THREADS; 9], vec![1 << 20, 1, 1, 1]] {
            let numbered: Vec<(usize, usize)> = weights.iter().copied().enumerate().collect();
            let shares = shares(&numbered, |(_, weight)| *weight);
            assert_eq!(shares.concat(), numbered);
            assert!(shares.iter().all(|share| !share.is_empty()));
            assert!(weights.iter().sum::<usize>() >= WORTH_THREADS || shares.len() <= 1);
        }
    }
}
