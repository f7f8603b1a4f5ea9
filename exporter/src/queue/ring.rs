//! Records in memory: where the disk does not take them, or there is none.

use std::collections::VecDeque;

use super::Record;

/// A bounded first-in, first-out queue; each record has a number that is never used again.
pub(super) struct Ring {
    records: VecDeque<Record>,
    /// The number of the first record.
    first: u64,
    bytes: u64,
    max_bytes: u64,
}

impl Ring {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { records: VecDeque::new(), first: 0, bytes: 0, max_bytes }
    }

    /// Adds a record, for now whatever the bound.
    pub(super) fn push(&mut self, record: Record) {
        self.bytes += record.stored_bytes();
        self.records.push_back(record);
    }

    /// The oldest record and its number.
    pub(super) fn front(&self) -> Option<(u64, Record)> {
        self.records.front().map(|record| (self.first, record.clone()))
    }

    /// Removes the oldest record if its number is still `number`.
    pub(super) fn remove_front(&mut self, number: u64) {
        if number == self.first {
            self.pop();
        }
    }

    /// Drops the oldest records until the bound holds; gives the number of samples lost.
    pub(super) fn enforce_bound(&mut self) -> u64 {
        let mut lost = 0;
        while self.bytes > self.max_bytes {
            let Some(record) = self.pop() else { break };
            lost += u64::from(record.samples);
        }
        lost
    }

    /// Records, samples and bytes held.
    pub(super) fn depth(&self) -> (u64, u64, u64) {
        let samples = self.records.iter().map(|record| u64::from(record.samples)).sum();
        (self.records.len() as u64, samples, self.bytes)
    }

    fn pop(&mut self) -> Option<Record> {
        let record = self.records.pop_front()?;
        self.first += 1;
        self.bytes -= record.stored_bytes();
        Some(record)
    }
}
