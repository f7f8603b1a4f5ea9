//! Chunks one after another in one piece of memory: of a million series with a few chunks each, what an object of its own
//! takes beside its bytes would be as much as the samples.

use crowsnest_api::Timestamp;

use super::{Chunk, decode_into};
use crate::samples::Samples;
use crate::varint::Damaged;

/// Behind the bytes of each chunk: first and last timestamp, how many samples, how many bytes.
const FOOTER: usize = 8 + 8 + 4 + 4;

/// Chunks in the order in which they were put here.
#[derive(Clone, Default)]
pub(crate) struct ChunkList {
    bytes: Vec<u8>,
}

/// A chunk of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkView<'a> {
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
    pub(crate) count: usize,
    pub(crate) bytes: &'a [u8],
    /// Where in its list it lies.
    pub(crate) place: Place,
}

/// Where a chunk begins in its list, and the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl ChunkView<'_> {
    /// Appends the samples to `out`.
    pub(crate) fn decode_into(&self, out: &mut Samples) -> Result<(), Damaged> {
        decode_into(self.bytes, out)
    }

    /// The samples.
    pub(crate) fn decode(&self) -> Result<Samples, Damaged> {
        let mut samples = Samples::default();
        self.decode_into(&mut samples)?;
        Ok(samples)
    }

    /// Whether the chunk may have samples in `start ..= end`.
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.min <= end && self.max >= start
    }
}

impl ChunkList {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of all chunks: where the next one will begin.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The chunks, last first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ChunkView<'_>> {
        each(&self.bytes)
    }

    /// Those before a place at which a chunk begins or the list ends, last first.
    pub(crate) fn before(&self, end: usize) -> impl Iterator<Item = ChunkView<'_>> {
        each(self.bytes.get(..end).unwrap_or_default())
    }

    /// Puts chunks behind the others.
    pub(crate) fn extend(&mut self, chunks: &[Chunk]) {
        let more: usize = chunks.iter().map(|chunk| chunk.bytes.len() + FOOTER).sum();
        // Short lists have no room to spare; long ones are not copied again and again.
        if self.bytes.len() < 1024 {
            self.bytes.reserve_exact(more);
        }
        for chunk in chunks {
            self.push(chunk.min, chunk.max, chunk.count, &chunk.bytes);
        }
    }

    fn push(&mut self, min: Timestamp, max: Timestamp, count: u32, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(&min.millis().to_le_bytes());
        self.bytes.extend_from_slice(&max.millis().to_le_bytes());
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    }

    /// Takes away a chunk and all behind it.
    pub(crate) fn truncate(&mut self, from: Place) {
        self.bytes.truncate(from.start);
    }

    /// Takes away all before a place at which a chunk begins or the list ends.
    pub(crate) fn drop_before(&mut self, end: usize) {
        self.bytes.drain(..end.min(self.bytes.len()));
        self.bytes.shrink_to_fit();
    }

    /// A copy of what lies before such a place.
    pub(crate) fn copy_before(&self, end: usize) -> Self {
        Self { bytes: self.bytes.get(..end).unwrap_or_default().to_vec() }
    }

    /// Puts others in a chunk's place; says where they end.
    pub(crate) fn replace(&mut self, place: Place, chunks: &[Chunk]) -> usize {
        let mut new = Self::default();
        new.extend(chunks);
        let end = place.start + new.bytes.len();
        self.bytes.reserve_exact(new.bytes.len().saturating_sub(place.end - place.start));
        self.bytes.splice(place.start..place.end, new.bytes);
        end
    }

    /// Puts a copy of each chunk here that may have samples in `start ..= end`; in no particular order.
    pub(crate) fn extend_overlapping(&mut self, other: &Self, start: Timestamp, end: Timestamp) {
        for chunk in other.iter().filter(|chunk| chunk.overlaps(start, end)) {
            self.bytes.extend(other.bytes.get(chunk.place.start..chunk.place.end).unwrap_or_default());
        }
    }
}

impl FromIterator<Chunk> for ChunkList {
    fn from_iter<I: IntoIterator<Item = Chunk>>(chunks: I) -> Self {
        let mut list = Self::default();
        list.extend(&chunks.into_iter().collect::<Vec<_>>());
        list
    }
}

/// Chunks, last first.
fn each(mut rest: &[u8]) -> impl Iterator<Item = ChunkView<'_>> {
    std::iter::from_fn(move || {
        let (chunk, before) = last(rest)?;
        rest = before;
        Some(chunk)
    })
}

/// The last chunk, and what lies before it.
fn last(bytes: &[u8]) -> Option<(ChunkView<'_>, &[u8])> {
    let (rest, footer) = bytes.split_last_chunk::<FOOTER>()?;
    let (&min, footer) = footer.split_first_chunk()?;
    let (&max, footer) = footer.split_first_chunk()?;
    let (&count, footer) = footer.split_first_chunk()?;
    let (&length, _) = footer.split_first_chunk()?;
    let start = rest.len().checked_sub(u32::from_le_bytes(length) as usize)?;
    let (before, own) = rest.split_at_checked(start)?;
    let chunk = ChunkView {
        min: Timestamp::from_millis(i64::from_le_bytes(min)),
        max: Timestamp::from_millis(i64::from_le_bytes(max)),
        count: u32::from_le_bytes(count) as usize,
        bytes: own,
        place: Place { start, end: bytes.len() },
    };
    Some((chunk, before))
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Sample;

    use super::*;

    fn chunk(times: std::ops::Range<i64>) -> Chunk {
        let samples: Vec<Sample> = times.map(|at| Sample::new(at, at as f64 / 3.0)).collect();
        Chunk::encode(&samples).unwrap()
    }

    fn ranges(list: &ChunkList) -> Vec<(i64, i64, usize)> {
        let mut ranges: Vec<_> =
            list.iter().map(|chunk| (chunk.min.millis(), chunk.max.millis(), chunk.count)).collect();
        ranges.reverse();
        ranges
    }

    #[test]
    fn chunks_come_back_as_they_were_put_there() {
        let list: ChunkList = [chunk(0..9), chunk(9..10), chunk(20..40)].into_iter().collect();
        assert_eq!(ranges(&list), [(0, 8, 9), (9, 9, 1), (20, 39, 20)]);
        for view in list.iter() {
            let times = view.min.millis()..view.max.millis() + 1;
            assert_eq!(view.decode().unwrap(), chunk(times).decode().unwrap());
        }
        assert!(!list.is_empty() && ChunkList::default().is_empty());
        assert!(ChunkList::default().iter().next().is_none());
    }

    #[test]
    fn chunks_are_replaced_taken_out_and_found_by_time() {
        let mut list: ChunkList = [chunk(0..9), chunk(9..10), chunk(20..40)].into_iter().collect();
        let second = list.iter().nth(1).unwrap().place;
        list.replace(second, &[chunk(10..12), chunk(12..14)]);
        assert_eq!(ranges(&list), [(0, 8, 9), (10, 11, 2), (12, 13, 2), (20, 39, 20)]);
        let mut found = ChunkList::default();
        found.extend_overlapping(&list, Timestamp::from_millis(11), Timestamp::from_millis(12));
        assert_eq!(ranges(&found).len(), 2);
        let third = list.iter().nth(1).unwrap().place.start;
        assert_eq!(ranges(&list.copy_before(third)), [(0, 8, 9), (10, 11, 2)]);
        assert_eq!(list.before(third).map(|chunk| chunk.count).collect::<Vec<_>>(), [2, 9]);
        list.drop_before(third);
        let last = list.iter().next().unwrap().place;
        list.truncate(last);
        assert_eq!(ranges(&list), [(12, 13, 2)]);
        list.drop_before(list.len());
        assert!(list.is_empty());
    }
}
