//! A chunk of floats: timestamps as differences of differences, values as the bits that differ from those before.
//!
//! ```text
//! u16   number of samples
//! bits  first:   timestamp (varint), value (64 bits)
//!       second:  distance in time (uvarint), value as below
//!       others:  0 = same distance, 10 + 14 bits, 110 + 17, 1110 + 20, 1111 + 64 = change of the distance; value
//! value 0 = same bits as before; 10 = what differs lies where it did before; 11 + 5 bits leading zeros + 6 bits
//!       length (0: 64) = it lies there; then the bits that differ
//! ```

use crowsnest_api::{Sample, Timestamp};

use crate::bytes::{Damaged, Reader};

/// Appends the samples of a chunk's data to `samples`.
pub(crate) fn decode(data: &[u8], samples: &mut Vec<Sample>) -> Result<(), Damaged> {
    let mut reader = Reader::new(data);
    let count = usize::from(reader.u16()?);
    let mut bits = Bits::new(reader.take(reader.remaining())?);
    let mut time = 0_i64;
    let mut distance = 0_i64;
    let mut value = Value::default();
    for index in 0..count {
        match index {
            0 => {
                time = bits.varint()?;
                value.bits = bits.read(64)?;
            }
            1 => {
                distance = bits.uvarint()?.cast_signed();
                time = time.wrapping_add(distance);
                value.next(&mut bits)?;
            }
            _ => {
                distance = distance.wrapping_add(bits.change()?);
                time = time.wrapping_add(distance);
                value.next(&mut bits)?;
            }
        }
        samples.push(Sample { timestamp: Timestamp::from_millis(time), value: f64::from_bits(value.bits) });
    }
    Ok(())
}

/// A value, and where the last one differed from the one before.
#[derive(Clone, Copy, Default)]
pub(crate) struct Value {
    bits: u64,
    leading: u32,
    trailing: u32,
}

impl Value {
    pub(crate) fn float(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Reads the value of the first sample as it is, others as what differs.
    pub(crate) fn first_or_next(&mut self, bits: &mut Bits<'_>, index: u16) -> Result<(), Damaged> {
        if index > 0 {
            return self.next(bits);
        }
        self.bits = bits.read(64)?;
        Ok(())
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Result<(), Damaged> {
        if bits.read(1)? == 0 {
            return Ok(());
        }
        if bits.read(1)? == 1 {
            self.leading = bits.read(5)? as u32;
            let length = match bits.read(6)? as u32 {
                0 => 64,
                length => length,
            };
            self.trailing =
                64_u32.checked_sub(self.leading + length).ok_or(Damaged("a value of at most 64 bits"))?;
        }
        self.bits ^= bits.read(64 - self.leading - self.trailing)? << self.trailing;
        Ok(())
    }
}

/// Bits, the most significant of a byte first.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, at most 64, as a number.
    pub(crate) fn read(&mut self, count: u32) -> Result<u64, Damaged> {
        let mut value = 0;
        let mut left = count;
        while left > 0 {
            let byte = *self.bytes.get(self.at / 8).ok_or(Damaged("a chunk as long as it says"))?;
            let unread = 8 - (self.at % 8) as u32;
            let taken = left.min(unread);
            let bits = (u32::from(byte) >> (unread - taken)) & ((1 << taken) - 1);
            value = (value << taken) | u64::from(bits);
            self.at += taken as usize;
            left -= taken;
        }
        Ok(value)
    }

    /// The change of the distance in time.
    fn change(&mut self) -> Result<i64, Damaged> {
        const WIDTHS: [u32; 4] = [14, 17, 20, 64];
        if self.read(1)? == 0 {
            return Ok(0);
        }
        let mut longer = 0;
        while longer < 3 && self.read(1)? == 1 {
            longer += 1;
        }
        let width = WIDTHS.get(longer).copied().unwrap_or(64);
        let value = self.read(width)?;
        // The positive half is one larger than in two's complement: 1 << (width - 1) is not negative.
        let negative = width < 64 && value > 1 << (width - 1);
        Ok(if negative { value.cast_signed() - (1 << width) } else { value.cast_signed() })
    }

    /// A number of which small ones take few bits.
    pub(crate) fn uvarbit(&mut self) -> Result<u64, Damaged> {
        let width = self.varbit_width()?;
        self.read(width)
    }

    /// The same with a sign.
    pub(crate) fn varbit(&mut self) -> Result<i64, Damaged> {
        let width = self.varbit_width()?;
        let value = self.read(width)?;
        // As in `change`.
        let negative = (1..64).contains(&width) && value > 1 << (width - 1);
        Ok(if negative { value.cast_signed() - (1 << width) } else { value.cast_signed() })
    }

    fn varbit_width(&mut self) -> Result<u32, Damaged> {
        const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];
        let mut ones = 0;
        while ones < 8 && self.read(1)? == 1 {
            ones += 1;
        }
        Ok(WIDTHS.get(ones).copied().unwrap_or(64))
    }

    fn uvarint(&mut self) -> Result<u64, Damaged> {
        let mut bytes = [0_u8; 10];
        for (index, slot) in bytes.iter_mut().enumerate() {
            *slot = self.read(8)? as u8;
            if *slot < 0x80 {
                return Reader::new(bytes.get(..=index).unwrap_or_default()).uvarint();
            }
        }
        Err(Damaged("a variable-length integer of at most 64 bits"))
    }

    fn varint(&mut self) -> Result<i64, Damaged> {
        let zigzag = self.uvarint()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }
}

#[cfg(test)]
pub(crate) mod write {
    //! An encoder, for tests that make chunks.

    use crowsnest_api::Sample;

    #[derive(Default)]
    struct Bits {
        bytes: Vec<u8>,
        used: u32,
    }

    impl Bits {
        fn put(&mut self, value: u64, count: u32) {
            for bit in (0..count).rev() {
                if self.used.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                let last = self.bytes.last_mut().unwrap();
                *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
                self.used += 1;
            }
        }

        fn change(&mut self, change: i64) {
            let fits = |width: u32| (-((1 << (width - 1)) - 1)..=1 << (width - 1)).contains(&change);
            match change {
                0 => self.put(0, 1),
                _ if fits(14) => (self.put(0b10, 2), self.put(change.cast_unsigned(), 14)).1,
                _ if fits(17) => (self.put(0b110, 3), self.put(change.cast_unsigned(), 17)).1,
                _ if fits(20) => (self.put(0b1110, 4), self.put(change.cast_unsigned(), 20)).1,
                _ => (self.put(0b1111, 4), self.put(change.cast_unsigned(), 64)).1,
            }
        }
    }

    pub(crate) fn encode(samples: &[Sample]) -> Vec<u8> {
        let mut bits = Bits::default();
        let (mut leading, mut trailing) = (0, 64);
        let mut distance = 0;
        for (index, sample) in samples.iter().enumerate() {
            let mut head = Vec::new();
            if index == 0 {
                crate::bytes::write::varint(&mut head, sample.timestamp.millis());
                head.iter().for_each(|&byte| bits.put(byte.into(), 8));
                bits.put(sample.value.to_bits(), 64);
                continue;
            }
            let before = samples[index - 1];
            let step = sample.timestamp.millis().wrapping_sub(before.timestamp.millis());
            if index == 1 {
                crate::bytes::write::uvarint(&mut head, step.cast_unsigned());
                head.iter().for_each(|&byte| bits.put(byte.into(), 8));
            } else {
                bits.change(step.wrapping_sub(distance));
            }
            distance = step;
            let differs = before.value.to_bits() ^ sample.value.to_bits();
            if differs == 0 {
                bits.put(0, 1);
                continue;
            }
            bits.put(1, 1);
            if leading + trailing < 64
                && differs.leading_zeros() >= leading
                && differs.trailing_zeros() >= trailing
            {
                bits.put(0, 1);
            } else {
                (leading, trailing) = (differs.leading_zeros().min(31), differs.trailing_zeros());
                bits.put(1, 1);
                bits.put(leading.into(), 5);
                bits.put(u64::from(64 - leading - trailing) % 64, 6);
            }
            bits.put(differs >> trailing, 64 - leading - trailing);
        }
        let mut data = (samples.len() as u16).to_be_bytes().to_vec();
        data.extend_from_slice(&bits.bytes);
        data
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> impl Strategy<Value = (i64, f64)> {
        let step = prop_oneof![4 => Just(15_000_i64), 2 => 14_990..15_010_i64, 1 => 0..2_000_000_i64, 1 => 0..1_i64 << 40];
        let value = prop_oneof![
            3 => (0..100_000_i64).prop_map(|whole| whole as f64),
            2 => any::<f64>(),
            1 => Just(f64::from_bits(0x7ff0_0000_0000_0002)),
        ];
        (step, value)
    }

    proptest! {
        #[test]
        fn samples_come_back_bit_by_bit(
            start in -1_i64 << 50..1 << 50, steps in proptest::collection::vec(sample(), 1..300),
        ) {
            let mut at = start;
            let samples: Vec<Sample> = steps.into_iter().map(|(step, value)| {
                at += step;
                Sample { timestamp: Timestamp::from_millis(at), value }
            }).collect();
            let mut decoded = Vec::new();
            prop_assert_eq!(decode(&write::encode(&samples), &mut decoded), Ok(()));
            let bits = |samples: &[Sample]| -> Vec<(Timestamp, u64)> {
                samples.iter().map(|sample| (sample.timestamp, sample.value.to_bits())).collect()
            };
            prop_assert_eq!(bits(&decoded), bits(&samples));
        }

        #[test]
        fn arbitrary_bytes_give_samples_or_an_error(data: Vec<u8>) {
            let mut samples = Vec::new();
            let _ = decode(&data, &mut samples);
            prop_assert!(samples.len() <= usize::from(u16::MAX));
        }
    }
}
