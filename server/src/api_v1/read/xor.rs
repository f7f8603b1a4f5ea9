//! Prometheus's XOR chunk: floats, compressed as in Facebook's Gorilla paper.
//!
//! ```text
//! 2 bytes big-endian: number of samples
//! first sample   varint time; 64 bits value
//! second sample  uvarint time since the first; value as below
//! each further   change of the time's difference: 0 | 10 + 14 bits | 110 + 17 | 1110 + 20 | 1111 + 64; value as below
//! value          xor with the one before: 0 when equal
//!                | 10 + its bits within the window of the one before
//!                | 11 + 5 bits leading zeros, 6 bits length (64 is written 0), the bits
//! ```

use crowsnest_api::Sample;

/// Lengths of the change of a time difference: prefix, its length, bits that follow.
const RANGES: [(u64, u32, u32); 3] = [(0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20)];
/// Leading zeros that five bits can say.
const MOST_LEADING: u32 = 31;

/// Compresses samples, at most 65,535, oldest first.
pub(super) fn encode(samples: &[Sample]) -> Vec<u8> {
    let count = u16::try_from(samples.len()).unwrap_or(u16::MAX);
    let mut out = Bits::after(count.to_be_bytes().to_vec());
    let mut before: Option<(&Sample, Option<i64>)> = None;
    let mut window = None;
    for sample in samples.iter().take(usize::from(count)) {
        let bits = sample.value.to_bits();
        let difference = before.map(|(before, earlier)| {
            let difference = sample.timestamp.millis().wrapping_sub(before.timestamp.millis());
            match earlier {
                None => out.push_uvarint(difference as u64),
                Some(earlier) => out.push_change(difference.wrapping_sub(earlier)),
            }
            window = out.push_xor(bits ^ before.value.to_bits(), window);
            difference
        });
        if before.is_none() {
            let time = sample.timestamp.millis();
            out.push_uvarint(((time << 1) ^ (time >> 63)) as u64);
            out.push(bits, 64);
        }
        before = Some((sample, difference));
    }
    out.bytes
}

/// The bits of a value that differ from the value before: zeros before and after them.
pub(super) type Window = Option<(u32, u32)>;

/// Bits, the most significant first.
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    /// Bits of the last byte that are not taken.
    free: u32,
}

impl Bits {
    /// Bits that follow these bytes.
    pub(super) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, free: 0 }
    }

    /// Appends the low `count` bits.
    pub(super) fn push(&mut self, bits: u64, count: u32) {
        for at in (0..count).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= (((bits >> at) & 1) as u8) << self.free;
            }
        }
    }

    fn push_uvarint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number & 0x7f | 0x80, 8);
            number >>= 7;
        }
        self.push(number, 8);
    }

    fn push_change(&mut self, change: i64) {
        if change == 0 {
            return self.push(0, 1);
        }
        let fits = |bits: u32| (-(1_i64 << (bits - 1)) < change) && change <= 1 << (bits - 1);
        match RANGES.iter().find(|(_, _, bits)| fits(*bits)) {
            Some((prefix, length, bits)) => {
                self.push(*prefix, *length);
                self.push(change as u64, *bits);
            }
            None => {
                self.push(0b1111, 4);
                self.push(change as u64, 64);
            }
        }
    }

    /// Appends what differs from the value before, and gives the window for the next one.
    pub(super) fn push_xor(&mut self, difference: u64, window: Window) -> Window {
        if difference == 0 {
            self.push(0, 1);
            return window;
        }
        let leading = difference.leading_zeros().min(MOST_LEADING);
        let trailing = difference.trailing_zeros();
        match window {
            Some((before, after)) if leading >= before && trailing >= after => {
                self.push(0b10, 2);
                self.push(difference >> after, 64 - before - after);
                window
            }
            _ => {
                let length = 64 - leading - trailing;
                self.push(0b11, 2);
                self.push(u64::from(leading), 5);
                self.push(u64::from(length), 6);
                self.push(difference >> trailing, length);
                Some((leading, trailing))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a chunk back, as its format says.
    fn decode(chunk: &[u8]) -> Vec<(i64, u64)> {
        let bit = |at: usize| (chunk[at / 8] >> (7 - at % 8)) & 1;
        let mut at = 16;
        let mut take = |count: u32| {
            let bits = (0..count as usize).fold(0_u64, |bits, n| bits << 1 | u64::from(bit(at + n)));
            at += count as usize;
            bits
        };
        fn uvarint(take: &mut dyn FnMut(u32) -> u64) -> u64 {
            let (mut number, mut shift) = (0, 0);
            loop {
                let byte = take(8);
                number |= (byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return number;
                }
            }
        }
        let count = u16::from_be_bytes([chunk[0], chunk[1]]);
        let (mut time, mut value, mut delta, mut window) = (0_i64, 0, 0_i64, (0, 0));
        let mut samples = Vec::new();
        for index in 0..count {
            match index {
                0 => {
                    let raw = uvarint(&mut take);
                    time = (raw >> 1) as i64 ^ -((raw & 1) as i64);
                }
                1 => delta = uvarint(&mut take) as i64,
                _ => {
                    let bits = match (0..4).take_while(|_| take(1) == 1).count() {
                        0 => 0,
                        1 => 14,
                        2 => 17,
                        3 => 20,
                        _ => 64,
                    };
                    let mut change = take(bits) as i64;
                    if bits > 0 && bits < 64 && change > 1 << (bits - 1) {
                        change -= 1 << bits;
                    }
                    delta = delta.wrapping_add(change);
                }
            }
            time = time.wrapping_add(delta);
            if index == 0 {
                value = take(64);
            } else if take(1) == 1 {
                if take(1) == 1 {
                    let (leading, length) = (take(5), take(6));
                    let length = if length == 0 { 64 } else { length };
                    window = (leading, 64 - leading - length);
                }
                value ^= take((64 - window.0 - window.1) as u32) << window.1;
            }
            samples.push((time, value));
        }
        samples
    }

    #[track_caller]
    fn check(samples: &[(i64, f64)]) {
        let given: Vec<Sample> = samples.iter().map(|(time, value)| Sample::new(*time, *value)).collect();
        let expected: Vec<(i64, u64)> =
            samples.iter().map(|(time, value)| (*time, value.to_bits())).collect();
        assert_eq!(decode(&encode(&given)), expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        check(&[]);
        check(&[(1_435_781_451_781, 1.5)]);
        check(&[(0, 1.0), (15_000, 1.0), (30_000, 2.0), (45_001, 2.5), (60_001, f64::NAN)]);
        check(&[(-5, -0.0), (-4, f64::INFINITY), (900_000, crowsnest_api::stale_nan()), (900_001, 5e-324)]);
        // Each range of changes, at its ends.
        let changes = [8191, 8192, -8191, -8192, 65_536, -65_535, 524_288, -524_287, 524_289, 1 << 40];
        let (mut time, mut delta) = (0, 1_000_000);
        let mut samples = vec![(0, 0.0)];
        for (index, change) in changes.iter().enumerate() {
            time += delta;
            samples.push((time, 0.1 * index as f64));
            delta += change;
        }
        check(&samples);
    }

    #[test]
    fn the_bits_are_those_of_prometheus() {
        // Two samples, as its encoder writes them: header, varint 0, float 1.0, uvarint 1000, "equal".
        let chunk = encode(&[Sample::new(0, 1.0), Sample::new(1000, 1.0)]);
        assert_eq!(chunk, [0, 2, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xe8, 0x07, 0]);
    }
}
