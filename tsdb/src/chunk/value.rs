//! The value column of a chunk.
//!
//! ```text
//! codec 0, constant         8 bytes: the bits of every value
//! codec 1, decimal delta    byte exponent e; exceptions; ivarint m[0]; ivarint m[i] − m[i−1] …
//! codec 2, decimal twice    byte exponent e; exceptions; ivarint m[0]; ivarint m[1] − m[0]; ivarint change of that …
//! codec 3, xor              8 bytes: bits of the first; then per value the bits that changed:
//!                           byte 0 = none, else byte (t << 4 | n): n bytes follow, t zero bytes were cut below them
//! exceptions                uvarint count; per exception: uvarint index, 8 bytes: its bits
//! ```
//! Decimal: value = m ÷ 10^e exactly, as metrics nearly always are (counts, bytes, seconds with a few digits). A value
//! that is not, such as a staleness marker, is an exception; it repeats the `m` before it. Integers are little-endian.

use crowsnest_api::Sample;

use crate::decimal::{self, mantissa};
use crate::varint::{Cursor, Damaged, ivarint_len, put_ivarint, put_uvarint};

pub(super) const CONSTANT: u8 = 0;
const DECIMAL_DELTA: u8 = 1;
const DECIMAL_TWICE: u8 = 2;
const XOR: u8 = 3;

/// Appends the column and says which codec it is. `samples` is not empty.
pub(super) fn encode(samples: &[Sample], out: &mut Vec<u8>) -> u8 {
    let bits = |sample: &Sample| sample.value.to_bits();
    let first = samples.first().map_or(0, bits);
    if samples.iter().all(|sample| bits(sample) == first) {
        out.extend_from_slice(&first.to_le_bytes());
        return CONSTANT;
    }
    let Some(decimal) = Decimal::of(samples) else {
        encode_xor(samples, first, out);
        return XOR;
    };
    decimal.encode(out)
}

/// Fills in the values of samples whose timestamps are known.
pub(super) fn decode(codec: u8, cursor: &mut Cursor<'_>, samples: &mut [Sample]) -> Result<(), Damaged> {
    match codec {
        CONSTANT => {
            let value = f64::from_bits(cursor.u64()?);
            samples.iter_mut().for_each(|sample| sample.value = value);
            Ok(())
        }
        DECIMAL_DELTA | DECIMAL_TWICE => decode_decimal(codec, cursor, samples),
        XOR => decode_xor(cursor, samples),
        _ => Err(cursor.damaged()),
    }
}

/// The value of a column with the codec of constants.
pub(super) fn constant(column: &[u8]) -> Option<f64> {
    column.try_into().ok().map(|bits| f64::from_bits(u64::from_le_bytes(bits)))
}

/// A chunk's values as integers with one exponent.
struct Decimal {
    exponent: u8,
    mantissas: Vec<i64>,
    /// Index and bits of each value that is not a decimal.
    exceptions: Vec<(usize, u64)>,
}

impl Decimal {
    /// `None` when more than an eighth of the values are no decimals with at most nine digits after the point.
    fn of(samples: &[Sample]) -> Option<Self> {
        let most = samples.len() / 8 + 1;
        let exponent = common_exponent(samples, most)?;
        let mut mantissas = Vec::with_capacity(samples.len());
        let mut exceptions = Vec::new();
        for (index, sample) in samples.iter().enumerate() {
            if let Some(mantissa) = mantissa(sample.value, exponent) {
                mantissas.push(mantissa);
            } else {
                mantissas.push(mantissas.last().copied().unwrap_or(0));
                exceptions.push((index, sample.value.to_bits()));
                if exceptions.len() > most {
                    return None;
                }
            }
        }
        Some(Self { exponent, mantissas, exceptions })
    }

    fn encode(&self, out: &mut Vec<u8>) -> u8 {
        out.push(self.exponent);
        put_uvarint(out, self.exceptions.len() as u64);
        for &(index, bits) in &self.exceptions {
            put_uvarint(out, index as u64);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        put_ivarint(out, self.mantissas.first().copied().unwrap_or(0));
        let deltas =
            || self.mantissas.iter().skip(1).zip(&self.mantissas).map(|(next, before)| next - before);
        let changes = || std::iter::once(0).chain(deltas()).zip(deltas()).map(|(before, next)| next - before);
        if changes().map(ivarint_len).sum::<usize>() < deltas().map(ivarint_len).sum() {
            changes().for_each(|change| put_ivarint(out, change));
            DECIMAL_TWICE
        } else {
            deltas().for_each(|delta| put_ivarint(out, delta));
            DECIMAL_DELTA
        }
    }
}

/// The smallest exponent with which all values but `most` are integers.
fn common_exponent(samples: &[Sample], most: usize) -> Option<u8> {
    let (mut exponent, mut exceptions) = (0, 0);
    for sample in samples {
        match (exponent..decimal::EXPONENTS).find(|&e| mantissa(sample.value, e).is_some()) {
            Some(larger) => exponent = larger,
            None if exceptions < most => exceptions += 1,
            None => return None,
        }
    }
    Some(exponent)
}

fn decode_decimal(codec: u8, cursor: &mut Cursor<'_>, samples: &mut [Sample]) -> Result<(), Damaged> {
    let exponent = cursor.u8()?;
    let power = decimal::power(exponent).ok_or(cursor.damaged())?;
    let exceptions = cursor.count(9)?;
    let mut at_exceptions = cursor.clone();
    for _ in 0..exceptions {
        cursor.uvarint()?;
        cursor.u64()?;
    }
    let (mut mantissa, mut delta) = (cursor.ivarint()?, 0i64);
    for (index, sample) in samples.iter_mut().enumerate() {
        if index > 0 {
            let read = cursor.ivarint()?;
            delta = if codec == DECIMAL_TWICE { delta.wrapping_add(read) } else { read };
            mantissa = mantissa.wrapping_add(delta);
        }
        sample.value = mantissa as f64 / power;
    }
    for _ in 0..exceptions {
        let index = usize::try_from(at_exceptions.uvarint()?).map_err(|_| cursor.damaged())?;
        let bits = at_exceptions.u64()?;
        samples.get_mut(index).ok_or(cursor.damaged())?.value = f64::from_bits(bits);
    }
    Ok(())
}

fn encode_xor(samples: &[Sample], first: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&first.to_le_bytes());
    let mut before = first;
    for sample in samples.iter().skip(1) {
        let changed = sample.value.to_bits() ^ before;
        before = sample.value.to_bits();
        if changed == 0 {
            out.push(0);
            continue;
        }
        let low = changed.trailing_zeros() / 8;
        let kept = 8 - changed.leading_zeros() / 8 - low;
        out.push((low << 4 | kept) as u8);
        out.extend((changed >> (low * 8)).to_le_bytes().iter().take(kept as usize));
    }
}

fn decode_xor(cursor: &mut Cursor<'_>, samples: &mut [Sample]) -> Result<(), Damaged> {
    let mut bits = cursor.u64()?;
    for (index, sample) in samples.iter_mut().enumerate() {
        if index > 0 {
            let control = cursor.u8()?;
            let (low, kept) = (u32::from(control >> 4), usize::from(control & 0x0f));
            if low as usize + kept > 8 {
                return Err(cursor.damaged());
            }
            let changed =
                cursor.take(kept)?.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
            bits ^= if kept == 0 { 0 } else { changed << (low * 8) };
        }
        sample.value = f64::from_bits(bits);
    }
    Ok(())
}
