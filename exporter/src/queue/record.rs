//! A body that is ready to be sent, and its form on disk.
//!
//! ```text
//! offset  bytes  field
//!      0      4  length of the body in bytes, little endian
//!      4      4  CRC-32 of everything after this field, body included
//!      8      8  time of the samples, ms since the epoch, little endian
//!     16      4  number of samples, little endian
//!     20      n  body: a snappy block around a remote-write 1.0 request
//! ```

use bytes::Bytes;
use crowsnest_api::Timestamp;

/// Bytes before the body.
pub(super) const HEADER_BYTES: usize = 20;
/// Bodies above this are not believed when read and not stored when written.
pub(super) const MAX_BODY_BYTES: usize = 8 << 20;

/// One body with what must be known of it without unpacking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the samples were taken.
    pub at: Timestamp,
    /// How many there are.
    pub samples: u32,
    /// The snappy block.
    pub body: Bytes,
}

/// What stands before a body on disk.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) body_bytes: usize,
    checksum: u32,
    at: Timestamp,
    pub(super) samples: u32,
}

impl Record {
    /// Bytes that the record takes on disk, and about as many in memory.
    pub(super) fn stored_bytes(&self) -> u64 {
        (HEADER_BYTES + self.body.len()) as u64
    }

    /// The record's form on disk; `None` for a body that is too large.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let body_bytes = u32::try_from(self.body.len()).ok().filter(|&n| n as usize <= MAX_BODY_BYTES)?;
        let (at, samples) = (self.at.millis().to_le_bytes(), self.samples.to_le_bytes());
        let checksum = checksum(&at, &samples, &self.body).to_le_bytes();
        Some([&body_bytes.to_le_bytes(), &checksum, &at[..], &samples, &self.body].concat())
    }
}

impl Header {
    /// Reads a header; `None` if the length in it is absurd.
    pub(super) fn decode(bytes: [u8; HEADER_BYTES]) -> Option<Self> {
        let [l0, l1, l2, l3, c0, c1, c2, c3, t0, t1, t2, t3, t4, t5, t6, t7, s0, s1, s2, s3] = bytes;
        let header = Self {
            body_bytes: u32::from_le_bytes([l0, l1, l2, l3]) as usize,
            checksum: u32::from_le_bytes([c0, c1, c2, c3]),
            at: Timestamp::from_millis(i64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7])),
            samples: u32::from_le_bytes([s0, s1, s2, s3]),
        };
        (header.body_bytes <= MAX_BODY_BYTES).then_some(header)
    }

    /// The record, if the checksum is right.
    pub(super) fn into_record(self, body: Vec<u8>) -> Option<Record> {
        let right =
            checksum(&self.at.millis().to_le_bytes(), &self.samples.to_le_bytes(), &body) == self.checksum;
        right.then(|| Record { at: self.at, samples: self.samples, body: body.into() })
    }
}

fn checksum(at: &[u8], samples: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [at, samples, body] {
        hasher.update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_the_same_and_any_flipped_bit_is_noticed() {
        let record = Record { at: Timestamp::from_millis(-7), samples: 3, body: Bytes::from_static(b"body") };
        let bytes = record.encode().unwrap();
        let read = |bytes: &[u8]| {
            let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>()?;
            let header = Header::decode(*header)?;
            (header.body_bytes == body.len()).then(|| header.into_record(body.to_vec()))?
        };
        assert_eq!(read(&bytes), Some(record));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&damaged), None, "bit {bit}");
        }
    }
}
