//! The pieces in which a series lies in head and blocks, brought into the order of time.

use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_promql::{Downsampled, Fold};

use super::whole;
use crate::block::{Block, ChunkRef};
use crate::chunk::ChunkView;
use crate::head::HeadSeries;
use crate::samples::Samples;
use crate::varint::Damaged;

/// Samples that ascend by time.
pub(super) enum Piece<'p> {
    InBlock(&'p Block, &'p ChunkRef),
    Sealed(ChunkView<'p>),
    Open(&'p Samples),
}

impl Piece<'_> {
    /// First and last timestamp.
    fn range(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::InBlock(_, chunk) => (chunk.min, chunk.max),
            Self::Sealed(chunk) => (chunk.min, chunk.max),
            Self::Open(samples) => samples.time_range().unwrap_or((Timestamp::MAX, Timestamp::MAX)),
        }
    }

    pub(super) fn read_into(&self, out: &mut Samples) -> Result<(), Damaged> {
        match self {
            Self::InBlock(block, chunk) => block.read_chunk(chunk, out),
            Self::Sealed(chunk) => chunk.decode_into(out),
            Self::Open(samples) => {
                out.extend(samples);
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
    let mut pieces: Vec<Piece<'p>> = in_blocks.collect();
    if let Some(head) = head {
        let (sealed, open) = head.pieces();
        pieces.extend(sealed.map(Piece::Sealed).chain(open.iter().map(Piece::Open)));
    }
    pieces
}

/// The samples of all pieces within `start ..= end`, ascending, one a timestamp. With a fold, one may stand for several.
pub(super) fn read(
    mut pieces: Vec<Piece<'_>>,
    (start, end): (Timestamp, Timestamp),
    fold: Option<Fold>,
) -> Result<(Samples, Downsampled), Damaged> {
    let in_turn = |pair: &[(Timestamp, Timestamp)]| matches!(pair, [(_, max), (min, _)] if max < min);
    let mut ranges: Vec<_> = pieces.iter().map(Piece::range).collect();
    ranges.sort_unstable();
    // Only late samples make pieces overlap; the others need no sorting sample by sample.
    let apart = ranges.windows(2).all(in_turn);
    if apart {
        pieces.sort_by_key(Piece::range);
    }
    let (mut samples, told) = match fold.filter(|_| apart) {
        Some(fold) => whole::read(&pieces, (start, end), fold)?,
        None => (decode(&pieces)?, Downsampled::default()),
    };
    if !apart {
        samples.tidy();
    }
    samples.find_hints();
    samples.clip(start, end);
    Ok((samples, told))
}

/// The samples of pieces, in their order.
pub(super) fn decode(pieces: &[Piece<'_>]) -> Result<Samples, Damaged> {
    let mut samples = Samples::default();
    pieces.iter().try_for_each(|piece| piece.read_into(&mut samples))?;
    Ok(samples)
}
