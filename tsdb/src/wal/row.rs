//! The row of a push: the series of which it has one sample each, hardly ever others than in the push before.
//!
//! ```text
//! row      1        series: 0 = none, 1 = those of the source's row before, in their order, 2 = these:
//!                     uvarint  how many; each: ivarint series number, since that of the one before
//!          unless there are none:
//!          1        times: 0 = one for all, 1 = one for each
//!          ivarint  times 0: ms since `received`;  times 1, per series: ms since the one before, the first `received`
//!          uvarint  values that have changed; then for each:
//!                     uvarint  d·2 + r: d series before it have not changed
//!          then for each:
//!                     r = 0    ivarint  change of m at the series' exponent
//!                     r = 1    8        value, its bits
//! ```
//! In format version 2 each d·2 + r was followed by its change or value.
//!
//! A value has changed when its bits differ from those of its series in the source's row before; in a new row, from
//! those which the series had in the old one, or zero. The exponent of a series is that of its last value with r = 1: the
//! smallest e from 0 to 9 for which the value is m ÷ 10^e exactly.

use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};
use rustc_hash::FxHashMap;

use super::record::RecordRow;
use crate::decimal;
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

const NONE: u8 = 0;
const AS_BEFORE: u8 = 1;
const NEW: u8 = 2;
const ONE_TIME: u8 = 0;
const TIMES: u8 = 1;

/// The last value of a series in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Last {
    bits: u64,
    exponent: Option<u8>,
}

/// The series of a source's last row, and their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    numbers: Arc<[u32]>,
    last: Vec<Last>,
}

/// The last row of each source; the same on both ends of the log.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: FxHashMap<u32, Row>,
    places: Vec<u8>,
    changes: Vec<u8>,
}

/// How a row has what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// First where, then what: the former repeats itself from row to row, and compresses.
    Apart,
    /// Format version 2.
    Interleaved,
}

impl Row {
    /// Goes over to other series; those that stay keep their values.
    fn renumber(&mut self, numbers: &[u32]) {
        let known: FxHashMap<u32, Last> =
            self.numbers.iter().copied().zip(self.last.iter().copied()).collect();
        self.last = numbers.iter().map(|number| known.get(number).copied().unwrap_or_default()).collect();
        self.numbers = numbers.into();
    }
}

impl Last {
    /// The change of `m` that makes the last value this one.
    fn decimal_change(self, value: f64) -> Option<i64> {
        let exponent = self.exponent?;
        let before = decimal::mantissa(f64::from_bits(self.bits), exponent)?;
        Some(decimal::mantissa(value, exponent)? - before)
    }

    fn set_raw(&mut self, bits: u64) {
        *self = Self { bits, exponent: decimal::exponent(f64::from_bits(bits)) };
    }
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(super) fn forget(&mut self, source: u32) {
        self.rows.remove(&source);
    }

    /// Whether these are the series of a source's last row.
    pub(super) fn is_last(&self, source: u32, numbers: &[u32]) -> bool {
        self.rows.get(&source).is_some_and(|row| *row.numbers == *numbers)
    }

    /// Appends a row; `source` remembers it, when there is one.
    pub(super) fn put(
        &mut self,
        source: Option<u32>,
        received: Timestamp,
        numbers: &[u32],
        samples: &[Sample],
        out: &mut Vec<u8>,
    ) {
        let Some(first) = samples.first().map(|sample| sample.timestamp.millis()) else {
            return out.push(NONE);
        };
        let mut unowned = Row::default();
        let row = match source {
            Some(source) => self.rows.entry(source).or_default(),
            None => &mut unowned,
        };
        if *row.numbers == *numbers {
            out.push(AS_BEFORE);
        } else {
            out.push(NEW);
            put_uvarint(out, numbers.len() as u64);
            let mut before = 0;
            for &number in numbers {
                put_ivarint(out, i64::from(number) - before);
                before = i64::from(number);
            }
            row.renumber(numbers);
        }
        if samples.iter().all(|sample| sample.timestamp.millis() == first) {
            out.push(ONE_TIME);
            put_ivarint(out, first.wrapping_sub(received.millis()));
        } else {
            out.push(TIMES);
            let mut before = received.millis();
            for at in samples.iter().map(|sample| sample.timestamp.millis()) {
                put_ivarint(out, at.wrapping_sub(before));
                before = at;
            }
        }
        let (mut count, mut unchanged) = (0, 0);
        let (places, changes) = (&mut self.places, &mut self.changes);
        places.clear();
        changes.clear();
        for (last, sample) in row.last.iter_mut().zip(samples) {
            let bits = sample.value.to_bits();
            if last.bits == bits {
                unchanged += 1;
                continue;
            }
            if let Some(change) = last.decimal_change(sample.value) {
                put_uvarint(places, unchanged << 1);
                put_ivarint(changes, change);
                last.bits = bits;
            } else {
                put_uvarint(places, unchanged << 1 | 1);
                changes.extend_from_slice(&bits.to_le_bytes());
                last.set_raw(bits);
            }
            count += 1;
            unchanged = 0;
        }
        put_uvarint(out, count);
        out.extend_from_slice(places);
        out.extend_from_slice(changes);
    }

    /// Reads a row.
    pub(super) fn read(
        &mut self,
        source: Option<u32>,
        received: Timestamp,
        layout: Layout,
        cursor: &mut Cursor<'_>,
    ) -> Result<RecordRow, Damaged> {
        let mut unowned = Row::default();
        let row = match source {
            Some(source) => self.rows.entry(source).or_default(),
            None => &mut unowned,
        };
        match cursor.u8()? {
            NONE => return Ok(RecordRow::default()),
            AS_BEFORE => {}
            NEW => {
                let count = cursor.count(1)?;
                let mut numbers = Vec::with_capacity(count);
                let mut number = 0i64;
                for _ in 0..count {
                    number = number.wrapping_add(cursor.ivarint()?);
                    numbers.push(u32::try_from(number).map_err(|_| cursor.damaged())?);
                }
                row.renumber(&numbers);
            }
            _ => return Err(cursor.damaged()),
        }
        let mut at = received.millis();
        let mut times = Vec::new();
        match cursor.u8()? {
            ONE_TIME => at = at.wrapping_add(cursor.ivarint()?),
            TIMES => {
                times.reserve(row.numbers.len().min(cursor.remaining()));
                for _ in row.numbers.iter() {
                    at = at.wrapping_add(cursor.ivarint()?);
                    times.push(at);
                }
            }
            _ => return Err(cursor.damaged()),
        }
        let mut rest = row.last.iter_mut();
        let count = cursor.count(2)?;
        let mut places = cursor.clone();
        if layout == Layout::Apart {
            for _ in 0..count {
                cursor.uvarint()?;
            }
        }
        for _ in 0..count {
            let token = match layout {
                Layout::Apart => places.uvarint()?,
                Layout::Interleaved => cursor.uvarint()?,
            };
            let unchanged = usize::try_from(token >> 1).map_err(|_| cursor.damaged())?;
            let last = rest.nth(unchanged).ok_or(cursor.damaged())?;
            if token & 1 == 1 {
                last.set_raw(cursor.u64()?);
                continue;
            }
            let exponent = last.exponent.ok_or(cursor.damaged())?;
            let before = decimal::mantissa(f64::from_bits(last.bits), exponent).ok_or(cursor.damaged())?;
            let value = decimal::value(before.wrapping_add(cursor.ivarint()?), exponent);
            last.bits = value.to_bits();
        }
        let mut times = times.into_iter();
        let sample = |last: &Last| Sample::new(times.next().unwrap_or(at), f64::from_bits(last.bits));
        let samples = row.last.iter().map(sample).collect();
        Ok(RecordRow { numbers: row.numbers.clone(), samples })
    }
}
