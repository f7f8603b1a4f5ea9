//! The primitives of Prometheus' formats: big-endian integers, Go's varints, length-prefixed texts, CRC-32C.

/// Bytes that are not what the format says; the text names what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged(pub(crate) &'static str);

/// Reads from untrusted bytes, front to back.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Damaged("the end comes too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damaged> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Damaged> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damaged> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damaged> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Seven bits a byte, least significant group first, at most ten bytes.
    pub(crate) fn uvarint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged("a variable-length integer of at most 64 bits"))
    }

    /// A uvarint of the zigzag form.
    pub(crate) fn varint(&mut self) -> Result<i64, Damaged> {
        let zigzag = self.uvarint()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    /// A uvarint that counts things of at least `each` bytes that follow.
    pub(crate) fn count(&mut self, each: usize) -> Result<usize, Damaged> {
        let count = usize::try_from(self.uvarint()?).unwrap_or(usize::MAX);
        if count > self.remaining() / each.max(1) {
            Err(Damaged("a count that fits the length"))
        } else {
            Ok(count)
        }
    }

    /// A uvarint length, then so many bytes of UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        let len = self.count(1)?;
        std::str::from_utf8(self.take(len)?).map_err(|_| Damaged("a text in UTF-8"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Damaged("the end comes too early"))?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// Whether `crc` is the checksum of `bytes`.
pub(crate) fn verify(bytes: &[u8], crc: u32) -> Result<(), Damaged> {
    // A fuzzer cannot guess checksums, and is let past.
    if cfg!(fuzzing) || crc32c::crc32c(bytes) == crc {
        Ok(())
    } else {
        Err(Damaged("bytes that fit their checksum"))
    }
}

#[cfg(test)]
pub(crate) mod write {
    //! The other direction, for tests that make files.

    pub(crate) fn uvarint(out: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    pub(crate) fn varint(out: &mut Vec<u8>, value: i64) {
        uvarint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
        uvarint(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_come_back_as_they_went(unsigned: u64, signed: i64) {
            let mut bytes = Vec::new();
            write::uvarint(&mut bytes, unsigned);
            write::varint(&mut bytes, signed);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.uvarint(), Ok(unsigned));
            prop_assert_eq!(reader.varint(), Ok(signed));
            prop_assert!(reader.is_empty());
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_reserved() {
        let mut bytes = Vec::new();
        write::uvarint(&mut bytes, u64::MAX);
        assert_eq!(Reader::new(&bytes).text(), Err(Damaged("a count that fits the length")));
    }

    #[test]
    fn a_varint_of_more_than_64_bits_is_refused() {
        assert!(Reader::new(&[0xff; 11]).uvarint().is_err());
        assert!(Reader::new(&[0x80; 9]).uvarint().is_err());
    }
}
