//! The lines of a page, in the order of their times.

use crate::arrange::Arrange as _;
use std::sync::Arc;

use super::{Level, Time};

/// The most rows that are kept; past it the oldest go.
pub(crate) const MAX_ROWS: usize = 200_000;
/// So many go at once.
const STEP: usize = MAX_ROWS / 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its number, in the order in which lines came.
    pub(crate) id: u64,
    pub(crate) at: Time,
    /// Which container wrote it.
    pub(crate) source: usize,
    pub(crate) level: Level,
    pub(crate) text: String,
    /// Bytes that the server left out at its end.
    pub(crate) cut: usize,
}

/// Lines by time; those of one container stay in the order in which it wrote them.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    rows: Vec<Arc<Row>>,
    /// How many were there and went.
    dropped: usize,
}

impl Buffer {
    pub(crate) fn rows(&self) -> &[Arc<Row>] {
        &self.rows
    }

    /// Rows that had to make room.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped
    }

    /// Adds lines, and says from which row on something is different. Those that come in order cost nothing but themselves.
    pub(crate) fn add(&mut self, mut more: Vec<Arc<Row>>) -> usize {
        more.arrange_by_key(|row| row.at);
        let Some(first) = more.first().map(|row| row.at) else { return self.rows.len() };
        let at = self.rows.partition_point(|row| row.at <= first);
        let tail = self.rows.split_off(at);
        self.rows.reserve(tail.len() + more.len());
        let (mut old, mut new) = (tail.into_iter().peekable(), more.into_iter().peekable());
        loop {
            let row = match (old.peek(), new.peek()) {
                (Some(before), Some(after)) if before.at <= after.at => old.next(),
                (_, Some(_)) => new.next(),
                (Some(_), None) => old.next(),
                (None, None) => break,
            };
            self.rows.extend(row);
        }
        if self.rows.len() <= MAX_ROWS {
            return at;
        }
        let over = (self.rows.len() - MAX_ROWS + STEP).min(self.rows.len());
        self.rows.drain(..over);
        self.dropped += over;
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, second: u32) -> Arc<Row> {
        let at = Time::read(&format!("2026-11-21T08:{:02}:{:02}Z", second / 60, second % 60)).unwrap();
        Arc::new(Row { id, at, source: 0, level: Level::Info, text: String::new(), cut: 0 })
    }

    fn ids(buffer: &Buffer) -> Vec<u64> {
        buffer.rows().iter().map(|row| row.id).collect()
    }

    #[test]
    fn lines_of_several_containers_are_in_the_order_of_their_times() {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.add(vec![row(1, 1), row(2, 3), row(3, 5)]), 0);
        assert_eq!(buffer.add(vec![row(4, 2), row(5, 3), row(6, 9)]), 1);
        assert_eq!(ids(&buffer), [1, 4, 2, 5, 3, 6]);
        assert_eq!(buffer.add(vec![row(7, 9)]), 6, "in order: nothing else is different");
        assert_eq!(buffer.add(Vec::new()), 7);
    }

    #[test]
    fn the_oldest_lines_make_room_and_are_counted() {
        let mut buffer = Buffer::default();
        let many = (0..MAX_ROWS as u64).map(|id| row(id, 0)).collect();
        buffer.add(many);
        assert_eq!(buffer.dropped(), 0);
        assert_eq!(buffer.add(vec![row(1 << 40, 1)]), 0);
        assert_eq!(buffer.dropped(), STEP + 1);
        assert_eq!(buffer.rows().len() + buffer.dropped(), MAX_ROWS + 1);
        assert_eq!(buffer.rows().last().map(|row| row.id), Some(1 << 40));
    }
}
