//! The series of a block that is being written, small enough that all of a million fit into memory at once.

use std::io;
use std::sync::Arc;

use crowsnest_api::Timestamp;

use super::postings::NewLists;
use super::series::{A_PAGE, Entry, EntryWriter, Times, Walk};
use crate::varint::Damaged;

/// Drafts count times from here: the block's first is known when all have come.
const BASE: Timestamp = Timestamp::from_millis(0);

/// Entries as one page of a series table has them, but for their symbols, which are numbered in the order of first use,
/// and their times, which are not counted from the block's first.
pub(super) struct Drafts {
    writer: EntryWriter,
    bytes: Vec<u8>,
    count: u32,
}

impl Drafts {
    pub(super) fn new() -> Self {
        let (mut writer, mut bytes) = (EntryWriter::new(BASE), Vec::new());
        writer.begin_page(&mut bytes);
        Self { writer, bytes, count: 0 }
    }

    /// Adds the series that comes next in the order of labels.
    pub(super) fn push(&mut self, entry: &Entry) {
        self.writer.put(entry, &mut self.bytes);
        self.count += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The pages of the table, one after the other; `numbers` are the final symbols by those of the drafts. Each series is
    /// added to the `lists` of its labels.
    pub(super) fn into_pages<'a>(
        self,
        base: Timestamp,
        numbers: &'a [u32],
        lists: &'a mut NewLists,
    ) -> impl Iterator<Item = io::Result<Vec<u8>>> + 'a {
        let mut pages =
            Pages { writer: EntryWriter::new(base), walk: Walk::default(), series: 0, numbers, lists };
        let mut bytes = Some(Arc::new(self.bytes));
        std::iter::from_fn(move || {
            if let Some(bytes) = bytes.take()
                && let Err(damaged) = pages.walk.start(0, bytes)
            {
                return Some(Err(io::Error::other(damaged)));
            }
            let count = (self.count - pages.series).min(A_PAGE as u32);
            (count > 0).then(|| pages.next(count).map_err(io::Error::other))
        })
    }
}

struct Pages<'a> {
    writer: EntryWriter,
    walk: Walk,
    /// The number of the next series.
    series: u32,
    numbers: &'a [u32],
    lists: &'a mut NewLists,
}

impl Pages<'_> {
    fn next(&mut self, count: u32) -> Result<Vec<u8>, Damaged> {
        let mut page = Vec::new();
        self.writer.begin_page(&mut page);
        for _ in 0..count {
            let entry = self.walk.step(BASE)?;
            renumber(entry, self.numbers);
            entry.pairs.iter().for_each(|&pair| self.lists.add(pair, self.series));
            self.writer.put(entry, &mut page);
            self.series += 1;
        }
        Ok(page)
    }
}

fn renumber(entry: &mut Entry, numbers: &[u32]) {
    let renumber = |symbol: &mut u32| *symbol = numbers.get(*symbol as usize).copied().unwrap_or_default();
    for (name, value) in &mut entry.pairs {
        renumber(name);
        renumber(value);
    }
    for chunk in &mut entry.chunks {
        if let Times::Own { source, .. } = &mut chunk.times {
            renumber(source);
        }
    }
}
