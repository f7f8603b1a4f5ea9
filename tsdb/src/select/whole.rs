//! Chunks that are answered without being decoded: those that lie in the one window asked for as a whole, and all of whose
//! samples have the same value. Two thirds are such, and their codec says so; other statistics are not kept (decision 0016).

use crowsnest_api::{Sample, Timestamp, is_stale};
use crowsnest_promql::{Downsampled, Fold};

use super::pieces::{self, Piece};
use crate::samples::Samples;
use crate::varint::Damaged;

/// Up to here all integers are floats: sums of them are exact, in whatever order.
const EXACT: f64 = (1u64 << 53) as f64;

/// The samples of a series for a fold of one window, and those that others stand for. `pieces` are in the order of time and
/// do not overlap; what lies beyond `start ..= end` may be among the answer.
pub(super) fn read(
    pieces: &[Piece<'_>],
    range: (Timestamp, Timestamp),
    fold: Fold,
) -> Result<(Samples, Downsampled), Damaged> {
    let wholes = pieces.iter().map(|piece| whole(piece, range, fold)).collect::<Result<Vec<_>, _>>()?;
    if wholes.iter().all(Option::is_none) {
        return Ok((pieces::decode(pieces)?, Downsampled::default()));
    }
    let (mut samples, mut told) = (Samples::default(), Downsampled::default());
    // What the values of all samples come to, their signs left aside.
    let mut total = 0.0;
    for (piece, whole) in pieces.iter().zip(wholes) {
        let before = samples.floats.len();
        match whole {
            Some((at, value, count)) => {
                let value = if fold == Fold::Sum { value * count as f64 } else { value };
                samples.floats.push(Sample { timestamp: at, value });
                told.more.push((at, count - 1));
            }
            None => piece.read_into(&mut samples)?,
        }
        let added = samples.floats.get(before..).unwrap_or_default();
        let live = added.iter().map(|sample| sample.value).filter(|value| !is_stale(*value));
        total +=
            live.map(|value| if value.fract() == 0.0 { value.abs() } else { f64::INFINITY }).sum::<f64>();
        if fold == Fold::Sum && total > EXACT {
            return Ok((pieces::decode(pieces)?, Downsampled::default()));
        }
    }
    Ok((samples, told))
}

/// The time of the last sample, the value of all, and how many there are, of a piece that need not be decoded.
fn whole(
    piece: &Piece<'_>,
    (start, end): (Timestamp, Timestamp),
    fold: Fold,
) -> Result<Option<(Timestamp, f64, u64)>, Damaged> {
    let Piece::InBlock(block, chunk) = piece else { return Ok(None) };
    if chunk.min < start || chunk.max > end {
        return Ok(None);
    }
    let usable = |value: f64| !is_stale(value) && (fold != Fold::Sum || value.fract() == 0.0);
    let only = block.only_value(chunk)?.filter(|(value, count)| usable(*value) && *count > 0);
    Ok(only.map(|(value, count)| (chunk.max, value, count)))
}
