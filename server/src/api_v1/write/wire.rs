//! Protobuf's wire format, as much of it as a push needs. Everything stays where it lies in the request.

/// The bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(&'static str);

const TRUNCATED: Malformed = Malformed("it ends in mid-message");

/// How a field's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Varint,
    Fixed64,
    Bytes,
    Fixed32,
}

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a>(pub(crate) &'a [u8]);

impl<'a> Message<'a> {
    /// Number and kind of the next field; `None` at the end.
    #[inline(always)]
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Kind)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed("a field number is too large"))?;
        let kind = match key & 7 {
            0 => Kind::Varint,
            1 => Kind::Fixed64,
            2 => Kind::Bytes,
            5 => Kind::Fixed32,
            _ => return Err(Malformed("a field has an unknown wire type")),
        };
        match key >> 3 {
            0 => Err(Malformed("a field has the number zero")),
            number => Ok(Some((number, kind))),
        }
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        // Most take one byte.
        match self.0 {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.0 = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(TRUNCATED)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed("a number has more than ten bytes"))
    }

    #[inline(always)]
    pub(super) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| TRUNCATED)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// What is left when it is exactly what every encoder makes of fields 1 and 2 with text in them: two keys, each followed by a
    /// length of one byte and as many bytes.
    #[inline(always)]
    pub(super) fn two_short_texts(&self) -> Option<(&'a [u8], &'a [u8])> {
        let [0x0a, first, rest @ ..] = self.0 else { return None };
        let (name, [0x12, second, value @ ..]) = rest.split_at_checked(usize::from(*first))? else {
            return None;
        };
        (*first < 0x80 && *second < 0x80 && value.len() == usize::from(*second)).then_some((name, value))
    }

    /// Passes over the value of a field that is of no interest.
    pub(crate) fn skip(&mut self, kind: Kind) -> Result<(), Malformed> {
        match kind {
            Kind::Varint => self.varint().map(drop),
            Kind::Fixed64 => self.fixed64().map(drop),
            Kind::Bytes => self.bytes().map(drop),
            Kind::Fixed32 => {
                self.0 = self.0.get(4..).ok_or(TRUNCATED)?;
                Ok(())
            }
        }
    }
}
