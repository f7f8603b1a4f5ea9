//! What the child was told, and what follows for the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::buckets::{Bucket, end_of, start_of};
use super::load::{RETENTION, SOURCES, STEP, TIER_RETENTION, Written, push, time};

/// Pushes and deletions as the child reported them, and what has been seen since.
#[derive(Default)]
pub(super) struct Ledger {
    /// Per source: pushes that were begun, and whether they were acknowledged.
    pushes: [BTreeMap<i64, bool>; SOURCES],
    /// Deletions since the last look: source, first and last instant, and whether they were finished.
    deletions: Vec<(usize, i64, i64, bool)>,
    /// Acknowledged samples that have gone, by deletion or retention. They must not come back.
    gone: BTreeSet<(i64, String)>,
    /// How many samples were in buckets when they were looked at, by their ends and series.
    counted: BTreeMap<(i64, String), u64>,
}

/// What may be in a bucket.
#[derive(Default)]
struct Expected {
    /// Acknowledged, and not gone.
    certain: u64,
    /// Pushed, and not gone.
    possible: u64,
    /// Of what is possible.
    sum: f64,
    /// A deletion reaches into it: it may have taken the whole bucket.
    touched: bool,
}

impl Ledger {
    /// The number of each source's next push: as a sender, it repeats what was not acknowledged.
    pub(super) fn next(&self) -> [i64; SOURCES] {
        let acknowledged = |pushes: &BTreeMap<i64, bool>| {
            pushes.iter().rev().find(|(_, acknowledged)| **acknowledged).map_or(0, |(number, _)| number + 1)
        };
        std::array::from_fn(|source| acknowledged(&self.pushes[source]))
    }

    /// The newest sample that may be in the store.
    pub(super) fn newest(&self) -> i64 {
        let newest = |source: usize| Some(time(source, *self.pushes[source].last_key_value()?.0));
        (0..SOURCES).filter_map(newest).max().unwrap_or(time(0, 0))
    }

    /// Notes what the child says; what is no report of its own it lets pass.
    pub(super) fn take_down(&mut self, line: &str) {
        let mut words = line.split(' ');
        let what = words.next();
        let numbers: Vec<i64> = words.map_while(|word| word.parse().ok()).collect();
        match (what, numbers.as_slice()) {
            (Some("push"), &[source, number]) => {
                self.pushes[source as usize].entry(number).or_insert(false);
            }
            (Some("acknowledged"), &[source, number]) => {
                self.pushes[source as usize].insert(number, true);
            }
            (Some("delete"), &[source, from, to]) => self.deletions.push((source as usize, from, to, false)),
            (Some("deleted"), _) => self.deletions.last_mut().unwrap().3 = true,
            _ => {}
        }
    }

    /// From when on each sample is there by itself.
    pub(super) fn oldest_raw(&self) -> i64 {
        end_of(self.newest() - RETENTION)
    }

    /// Holds the samples that are in the store, those after `from`, against this, and remembers what has gone.
    pub(super) fn check(&mut self, found: &[Written], from: i64) {
        let present: HashMap<(&str, i64), u64> =
            found.iter().map(|sample| ((sample.series.as_str(), sample.at), sample.bits)).collect();
        assert_eq!(present.len(), found.len(), "no sample is there twice");
        let oldest_kept = self.newest() - RETENTION;
        let (mut known, mut gone) = (0, Vec::new());
        for (source, pushes) in self.pushes.iter().enumerate() {
            for (&number, &acknowledged) in pushes {
                let mut samples = push(source, number);
                samples.retain(|sample| sample.at > from);
                let there = |sample: &Written| present.get(&(sample.series.as_str(), sample.at)).copied();
                for sample in &samples {
                    assert!(
                        there(sample).is_none_or(|bits| bits == sample.bits),
                        "another value: {sample:?}"
                    );
                }
                let count = samples.iter().filter(|sample| there(sample).is_some()).count();
                known += count;
                if !acknowledged {
                    assert!(
                        count == 0 || count == samples.len(),
                        "half of push {number} of {source} is there"
                    );
                    continue;
                }
                for sample in samples {
                    let key = (sample.at, sample.series.clone());
                    let is_there = there(&sample).is_some();
                    if self.gone.contains(&key) {
                        assert!(!is_there, "it had gone and is back: {sample:?}");
                        continue;
                    }
                    let deleted = self.deleted(source, sample.at);
                    assert!(!(is_there && deleted == Some(true)), "it was deleted: {sample:?}");
                    let may_be_gone = deleted.is_some() || sample.at < oldest_kept;
                    assert!(is_there || may_be_gone, "it was acknowledged and is missing: {sample:?}");
                    if !is_there {
                        gone.push(key);
                    }
                }
            }
        }
        assert_eq!(known, found.len(), "nothing is there that was never pushed");
        self.gone.extend(gone);
    }

    /// The same for the buckets that end at `until` or before.
    pub(super) fn check_buckets(&mut self, found: &[Bucket], until: i64) {
        let mut expected = self.expected(until);
        let expired = self.newest() - TIER_RETENTION;
        let mut counted = BTreeMap::new();
        for bucket in found {
            let key = (bucket.end, bucket.series.clone());
            let of = expected.remove(&key);
            let of = of.unwrap_or_else(|| panic!("nothing was pushed that could be in {bucket:?}"));
            let before = self.counted.get(&key).copied();
            let (least, most) = before.map_or((of.certain, of.possible), |before| (before, before));
            assert!(bucket.count <= most, "{bucket:?} has more than {most}");
            // Blocks do not end where buckets do: of one that is past its time a part may have gone with the block before.
            let may_be_less = of.touched || bucket.end < expired;
            assert!(may_be_less || bucket.count >= least, "{bucket:?} has less than {least}");
            if bucket.count == of.possible {
                let off = (bucket.sum - of.sum).abs();
                assert!(off <= of.sum.abs() * 1e-9, "{bucket:?} has another sum than {}", of.sum);
            }
            counted.insert(key, bucket.count);
        }
        for ((end, series), of) in expected {
            let least = self.counted.get(&(end, series.clone())).copied().unwrap_or(of.certain);
            let may_be_gone = of.touched || least == 0 || end < expired;
            assert!(may_be_gone, "the bucket of {series} up to {end} is missing, of {least} samples");
            // It is not to come back.
            counted.insert((end, series), 0);
        }
        self.counted = counted;
    }

    fn expected(&self, until: i64) -> BTreeMap<(i64, String), Expected> {
        let mut expected: BTreeMap<(i64, String), Expected> = BTreeMap::new();
        for (source, pushes) in self.pushes.iter().enumerate() {
            for (&number, &acknowledged) in pushes {
                for sample in push(source, number).into_iter().filter(|sample| sample.at <= until) {
                    let end = end_of(sample.at);
                    let of = expected.entry((end, sample.series.clone())).or_default();
                    let reaches = |(of, from, to, _): &(usize, i64, i64, bool)| {
                        *of == source && *from <= end && *to > start_of(end)
                    };
                    of.touched |= self.deletions.iter().any(reaches);
                    let deleted = self.deleted(source, sample.at) == Some(true);
                    if !deleted && !self.gone.contains(&(sample.at, sample.series)) {
                        of.certain += u64::from(acknowledged);
                        of.possible += 1;
                        of.sum += f64::from_bits(sample.bits);
                    }
                }
            }
        }
        expected
    }

    /// After a look: what was deleted before it has been seen to, and what is too old to be there can be forgotten.
    pub(super) fn looked(&mut self) {
        self.deletions.clear();
        self.forget(self.newest() - RETENTION - TIER_RETENTION);
    }

    /// Whether an instant was to be deleted, and whether that was finished.
    fn deleted(&self, source: usize, at: i64) -> Option<bool> {
        let of =
            self.deletions.iter().filter(|(of, from, to, _)| *of == source && (*from..=*to).contains(&at));
        of.map(|(.., finished)| *finished).max()
    }

    /// Drops what is too old to be in any block.
    fn forget(&mut self, before: i64) {
        for (source, pushes) in self.pushes.iter_mut().enumerate() {
            pushes.retain(|&number, _| time(source, number) >= before);
        }
        let longest_ago = (before - 200 * STEP, String::new());
        self.gone = self.gone.split_off(&longest_ago);
        self.counted = self.counted.split_off(&longest_ago);
    }
}
