//! The place of the first unacknowledged record, kept in a file of its own that is overwritten in place.
//!
//! ```text
//! offset  bytes  field
//!      0      8  segment's number, little endian
//!      8      8  offset within the segment, little endian
//!     16      4  CRC-32 of the 16 bytes before, little endian
//! ```

/// Bytes of the file.
const BYTES: usize = 20;

/// A place in the queue. The order is that of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

impl Cursor {
    pub(super) fn encode(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (place, checksum) = bytes.split_at_mut(16);
        let (segment, offset) = place.split_at_mut(8);
        segment.copy_from_slice(&self.segment.to_le_bytes());
        offset.copy_from_slice(&self.offset.to_le_bytes());
        checksum.copy_from_slice(&crc32fast::hash(place_bytes(self).as_slice()).to_le_bytes());
        bytes
    }

    /// `None` if the bytes are not a cursor's, or damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (segment, rest) = bytes.split_first_chunk::<8>()?;
        let (offset, checksum) = rest.split_first_chunk::<8>()?;
        let cursor = Self { segment: u64::from_le_bytes(*segment), offset: u64::from_le_bytes(*offset) };
        (checksum == crc32fast::hash(place_bytes(cursor).as_slice()).to_le_bytes()).then_some(cursor)
    }
}

fn place_bytes(cursor: Cursor) -> Vec<u8> {
    [cursor.segment.to_le_bytes(), cursor.offset.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_damage_is_noticed() {
        let cursor = Cursor { segment: 7, offset: 1 << 40 };
        let bytes = cursor.encode();
        assert_eq!(Cursor::decode(&bytes), Some(cursor));
        assert_eq!(Cursor::decode(&bytes[..19]), None);
        for at in 0..BYTES {
            let mut damaged = bytes;
            damaged[at] ^= 1;
            assert_eq!(Cursor::decode(&damaged), None);
        }
    }
}
