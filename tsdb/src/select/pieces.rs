//! The pieces in which a series lies in head and blocks, brought into the order of time.

use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};

use crate::block::{Block, ChunkRef};
use crate::chunk::Chunk;
use crate::head::HeadSeries;
use crate::varint::Damaged;

/// Samples that ascend by time.
pub(super) enum Piece<'p> {
    InBlock(&'p Block, &'p ChunkRef),
    Sealed(&'p Chunk),
    Open(&'p [Sample]),
}

impl Piece<'_> {
    /// First and last timestamp.
    fn range(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::InBlock(_, chunk) => (chunk.min, chunk.max),
            Self::Sealed(chunk) => (chunk.min, chunk.max),
            Self::Open(samples) => match (samples.first(), samples.last()) {
                (Some(first), Some(last)) => (first.timestamp, last.timestamp),
                _ => (Timestamp::MAX, Timestamp::MAX),
            },
        }
    }

    fn read_into(&self, out: &mut Vec<Sample>) -> Result<(), Damaged> {
        match self {
            Self::InBlock(block, chunk) => block.read_chunk(chunk, out),
            Self::Sealed(chunk) => chunk.decode_into(out),
            Self::Open(samples) => {
                out.extend_from_slice(samples);
                Ok(())
            }
        }
    }
}

/// The pieces of one series, in order of precedence: of two samples at one timestamp the first stays.
pub(super) fn of<'p>(
    blocks: &'p [(Arc<Block>, Vec<ChunkRef>)],
    head: Option<&'p HeadSeries>,
) -> Vec<Piece<'p>> {
    let in_blocks = blocks
        .iter()
        .flat_map(|(block, chunks)| chunks.iter().map(move |chunk| Piece::InBlock(block, chunk)));
    let (sealed, open) = head.map(HeadSeries::pieces).unwrap_or_default();
    let sealed = sealed.iter().map(|chunk| Piece::Sealed(chunk));
    in_blocks.chain(sealed).chain(open.iter().map(|open| Piece::Open(open))).collect()
}

/// Appends the samples of all pieces within `start ..= end`, ascending, one a timestamp.
pub(super) fn read(
    mut pieces: Vec<Piece<'_>>,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<Sample>, Damaged> {
    let mut samples = Vec::new();
    let in_turn = |pair: &[(Timestamp, Timestamp)]| matches!(pair, [(_, max), (min, _)] if max < min);
    let mut ranges: Vec<_> = pieces.iter().map(Piece::range).collect();
    ranges.sort_unstable();
    // Only late samples make pieces overlap; the others need no sorting sample by sample.
    let apart = ranges.windows(2).all(in_turn);
    if apart {
        pieces.sort_by_key(Piece::range);
    }
    for piece in &pieces {
        piece.read_into(&mut samples)?;
    }
    if !apart {
        samples.sort_by_key(|sample| sample.timestamp);
        samples.dedup_by_key(|sample| sample.timestamp);
    }
    samples.truncate(samples.partition_point(|sample| sample.timestamp <= end));
    samples.drain(..samples.partition_point(|sample| sample.timestamp < start));
    Ok(samples)
}
