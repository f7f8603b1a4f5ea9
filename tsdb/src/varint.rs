//! The primitives of every format on disk: LEB128 integers, zigzag, length-prefixed bytes, and a reader that never
//! panics.
//!
//! ```text
//! uvarint   7 bits a byte, least significant group first, high bit set on all bytes but the last; at most 10 bytes
//! ivarint   uvarint of the zigzag form: 0, -1, 1, -2, … become 0, 1, 2, 3, …
//! bytes     uvarint length, then that many bytes
//! ```

/// Bytes that are not what the format says. `what` names the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged {what}")]
pub(crate) struct Damaged {
    pub(crate) what: &'static str,
}

impl Damaged {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

/// Whether bytes are those that a CRC-32 was made of. A fuzzer, which cannot guess checksums, is let past.
pub(crate) fn checksum_is(bytes: &[u8], crc32: u32) -> bool {
    cfg!(fuzzing) || crc32fast::hash(bytes) == crc32
}

/// Appends `value` as a uvarint.
pub(crate) fn put_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` as an ivarint.
pub(crate) fn put_ivarint(out: &mut Vec<u8>, value: i64) {
    put_uvarint(out, zigzag(value));
}

/// Appends a uvarint length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uvarint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// How many bytes [`put_ivarint`] needs.
pub(crate) fn ivarint_len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Reads what the functions above wrote, from untrusted bytes.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of `bytes`; `what` names them in errors.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// Whether all bytes have been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The error for a field that makes no sense.
    pub(crate) fn damaged(&self) -> Damaged {
        Damaged::new(self.what)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damaged> {
        let (&first, rest) = self.rest.split_first().ok_or(self.damaged())?;
        self.rest = rest;
        Ok(first)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(self.damaged())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.damaged())?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damaged> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_le_bytes)
    }

    #[inline]
    pub(crate) fn uvarint(&mut self) -> Result<u64, Damaged> {
        // Most take one byte.
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            _ => self.long_uvarint(),
        }
    }

    fn long_uvarint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0u64;
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
        Err(self.damaged())
    }

    #[inline]
    pub(crate) fn ivarint(&mut self) -> Result<i64, Damaged> {
        let raw = self.uvarint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    pub(crate) fn uvarint32(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.uvarint()?).map_err(|_| self.damaged())
    }

    /// A count of things that take at least `min_bytes` each, so that a lie cannot make the reader allocate much.
    pub(crate) fn count(&mut self, min_bytes: usize) -> Result<usize, Damaged> {
        let count = usize::try_from(self.uvarint()?).map_err(|_| self.damaged())?;
        match count.checked_mul(min_bytes) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(self.damaged()),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let len = self.count(1)?;
        self.take(len)
    }

    pub(crate) fn str(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.damaged())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_read_back_as_they_were_written(unsigned: u64, signed: i64) {
            let mut out = Vec::new();
            put_uvarint(&mut out, unsigned);
            let before = out.len();
            put_ivarint(&mut out, signed);
            prop_assert_eq!(out.len() - before, ivarint_len(signed));
            let mut cursor = Cursor::new(&out, "test");
            prop_assert_eq!(cursor.uvarint(), Ok(unsigned));
            prop_assert_eq!(cursor.ivarint(), Ok(signed));
            prop_assert!(cursor.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes, "test");
            while cursor.uvarint().is_ok() {}
            let mut cursor = Cursor::new(&bytes, "test");
            while cursor.str().is_ok() {}
        }
    }

    #[test]
    fn a_count_that_cannot_be_true_is_refused() {
        let mut out = Vec::new();
        put_uvarint(&mut out, 1 << 40);
        assert_eq!(Cursor::new(&out, "list").count(1), Err(Damaged::new("list")));
    }
}
