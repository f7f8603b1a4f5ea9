//! The time column of a chunk.
//!
//! ```text
//! codec 0, delta of delta   ivarint first, uvarint first delta (2 samples or more), ivarint change of delta …
//! codec 1, regular          ivarint first, uvarint delta; every distance is the same
//! ```
//! Arithmetic wraps, which makes it exact over the whole range of timestamps.

use crowsnest_api::{Sample, Timestamp};

use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

const DELTA_OF_DELTA: u8 = 0;
const REGULAR: u8 = 1;

/// Appends the column and says which codec it is. `samples` is not empty.
pub(super) fn encode(samples: &[Sample], out: &mut Vec<u8>) -> u8 {
    let times = || samples.iter().map(|sample| sample.timestamp.millis());
    let deltas = || times().skip(1).zip(times()).map(|(next, before)| next.wrapping_sub(before) as u64);
    let first_delta = deltas().next().unwrap_or(0);
    put_ivarint(out, times().next().unwrap_or(0));
    if deltas().all(|delta| delta == first_delta) {
        put_uvarint(out, first_delta);
        return REGULAR;
    }
    put_uvarint(out, first_delta);
    for (delta, before) in deltas().skip(1).zip(deltas()) {
        put_ivarint(out, delta.wrapping_sub(before) as i64);
    }
    DELTA_OF_DELTA
}

/// Appends `count` samples with their timestamps and no values yet.
pub(super) fn decode(
    codec: u8,
    count: usize,
    cursor: &mut Cursor<'_>,
    out: &mut Vec<Sample>,
) -> Result<(), Damaged> {
    if codec > REGULAR {
        return Err(cursor.damaged());
    }
    let mut time = cursor.ivarint()?;
    let mut delta = cursor.uvarint()? as i64;
    out.reserve(count);
    out.push(Sample { timestamp: Timestamp::from_millis(time), value: 0.0 });
    for index in 1..count {
        if codec == DELTA_OF_DELTA && index > 1 {
            delta = delta.wrapping_add(cursor.ivarint()?);
        }
        time = time.wrapping_add(delta);
        out.push(Sample { timestamp: Timestamp::from_millis(time), value: 0.0 });
    }
    Ok(())
}
