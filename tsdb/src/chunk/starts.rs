//! The column of start timestamps of a chunk: when the counter behind each sample started.
//!
//! ```text
//! until all samples are spoken for:
//!   uvarint  samples · 2 + k: so many in a row whose counter started at the same time
//!   ivarint  k = 1: ms from that time to the first of these samples;  k = 0: the time is not known
//! ```
//! A chunk of whose samples none has such a time has no column.

use crowsnest_api::Timestamp;

use crate::samples::start_of;
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

/// Appends the column of samples at `times`; nothing, and `false`, when no start is known of any of them.
pub(super) fn encode(
    times: impl Iterator<Item = Timestamp>,
    starts: &[(Timestamp, Timestamp)],
    out: &mut Vec<u8>,
) -> bool {
    if starts.is_empty() {
        return false;
    }
    // How many in a row, the first of them, their start.
    let mut runs: Vec<(u64, Timestamp, Option<Timestamp>)> = Vec::new();
    for at in times {
        let start = start_of(starts, at);
        match runs.last_mut().filter(|(_, _, known)| *known == start) {
            Some((count, ..)) => *count += 1,
            None => runs.push((1, at, start)),
        }
    }
    if runs.iter().all(|(_, _, start)| start.is_none()) {
        return false;
    }
    for (count, first, start) in runs {
        put_uvarint(out, count << 1 | u64::from(start.is_some()));
        if let Some(start) = start {
            put_ivarint(out, first.millis().wrapping_sub(start.millis()));
        }
    }
    true
}

/// Appends the starts of samples at `times`.
pub(super) fn decode(
    mut times: impl Iterator<Item = Timestamp>,
    cursor: &mut Cursor<'_>,
    out: &mut Vec<(Timestamp, Timestamp)>,
) -> Result<(), Damaged> {
    while let Some(first) = times.next() {
        let token = cursor.uvarint()?;
        let more = usize::try_from(token >> 1).ok().and_then(|count| count.checked_sub(1));
        let more = more.ok_or(cursor.damaged())?;
        let start = match token & 1 {
            0 => None,
            _ => Some(Timestamp::from_millis(first.millis().wrapping_sub(cursor.ivarint()?))),
        };
        for index in 0..=more {
            let at = if index == 0 { first } else { times.next().ok_or(cursor.damaged())? };
            out.extend(start.map(|start| (at, start)));
        }
    }
    Ok(())
}
