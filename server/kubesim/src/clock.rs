//! Time and randomness, handed in so that tests decide both.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

/// Where the simulated cluster reads the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Writes a time as `metav1.Time` does: whole seconds, `Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    DateTimePrinter::new().precision(Some(0)).timestamp_to_string(&whole)
}

/// A small generator of random numbers (SplitMix64): reproducible from a seed, not for secrets.
#[derive(Debug)]
pub(crate) struct Random(u64);

/// The letters and digits of generated names: no vowels and no look-alikes, as Kubernetes has them.
const NAME_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A uid in the shape of a version 4 UUID.
    pub(crate) fn uid(&mut self) -> String {
        let high = (self.next() & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (self.next() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// The random end of a generated name.
    pub(crate) fn suffix(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| {
                let index = usize::try_from(self.next() % NAME_ALPHABET.len() as u64).unwrap_or(0);
                char::from(NAME_ALPHABET.get(index).copied().unwrap_or(b'x'))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_looks_like_a_version_4_uuid() {
        let uid = Random::new(7).uid();
        assert_eq!(uid.len(), 36);
        assert_eq!(uid.as_bytes()[14], b'4');
        assert!(matches!(uid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn the_same_seed_gives_the_same_names() {
        assert_eq!(Random::new(1).suffix(5), Random::new(1).suffix(5));
        assert_ne!(Random::new(1).suffix(5), Random::new(2).suffix(5));
    }

    #[test]
    fn a_time_is_written_in_whole_seconds() {
        let at: Timestamp = "2026-11-21T08:01:07.615Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-11-21T08:01:07Z");
    }
}
