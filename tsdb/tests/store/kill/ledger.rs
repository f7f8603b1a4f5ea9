//! What the child was told, and what follows for the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::load::{RETENTION, SOURCES, STEP, Written, push, time};

/// Pushes and deletions as the child reported them, and what has been seen since.
#[derive(Default)]
pub(super) struct Ledger {
    /// Per source: pushes that were begun, and whether they were acknowledged.
    pushes: [BTreeMap<i64, bool>; SOURCES],
    /// Deletions since the last look: source, first and last instant, and whether they were finished.
    deletions: Vec<(usize, i64, i64, bool)>,
    /// Acknowledged samples that have gone, by deletion or retention. They must not come back.
    gone: BTreeSet<(i64, String)>,
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

    /// Holds what is in the store against this, and remembers what has gone.
    pub(super) fn check(&mut self, found: &[Written]) {
        let present: HashMap<(&str, i64), u64> =
            found.iter().map(|sample| ((sample.series.as_str(), sample.at), sample.bits)).collect();
        assert_eq!(present.len(), found.len(), "no sample is there twice");
        let oldest_kept = self.newest() - RETENTION;
        let (mut known, mut gone) = (0, Vec::new());
        for (source, pushes) in self.pushes.iter().enumerate() {
            for (&number, &acknowledged) in pushes {
                let samples = push(source, number);
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
        self.deletions.clear();
        self.forget(oldest_kept - RETENTION);
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
        self.gone = self.gone.split_off(&(before - 200 * STEP, String::new()));
    }
}
