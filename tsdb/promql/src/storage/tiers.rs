//! Down-sampled samples: what a store is told so that it can answer with the right ones, and what it says of them.
//!
//! A bucket holds what a series has in `(end − width, end]`, and ends at a multiple of its width, so that windows that begin
//! and end at such multiples consist of whole buckets, and have the answers of raw samples. The engine moves and widens
//! other windows to such ones, wherever samples are down-sampled.

use std::fmt;

use crowsnest_api::Timestamp;

/// How wide the buckets of down-sampled samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    OneHour,
}

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Self; 2] = [Self::FiveMinutes, Self::OneHour];

    /// The width of a bucket, ms.
    pub const fn millis(self) -> i64 {
        match self {
            Self::FiveMinutes => 300_000,
            Self::OneHour => 3_600_000,
        }
    }

    /// As operators and users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The end of the bucket in which an instant lies.
    pub const fn bucket_end(self, at: Timestamp) -> Timestamp {
        let start = floor(at.millis(), self.millis());
        Timestamp::from_millis(if start == at.millis() { start } else { start.saturating_add(self.millis()) })
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The last multiple of `width` that is not after `at`.
const fn floor(at: i64, width: i64) -> i64 {
    at.div_euclid(width).saturating_mul(width)
}

/// What becomes of the samples in a window: it says with what a bucket is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fold {
    /// Anything: the samples that a bucket keeps, at their times.
    #[default]
    Samples,
    /// Their smallest: that of the bucket, at its end.
    Min,
    /// Their largest.
    Max,
    /// Their sum, mean or number: the bucket's sum.
    Sum,
}

/// Into how many windows the samples of a selection go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Windows {
    /// All of them into one: a store may answer with one sample for several, at the time of the last, when what becomes of
    /// them is the same to the last bit.
    One,
    /// Each into several, or nobody knows.
    #[default]
    Several,
}

/// How a part of a series is down-sampled, or answered for the samples of one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Downsampled {
    /// Up to which instant buckets are how wide; the oldest first, each once.
    pub spans: Vec<(Timestamp, Resolution)>,
    /// By the ends of buckets, or the last of several samples: how many more they stand for than there are.
    pub more: Vec<(Timestamp, u64)>,
}

impl Downsampled {
    /// How wide the buckets right after an instant are, if samples are down-sampled there.
    fn width_at(&self, at: i64) -> Option<i64> {
        self.spans.iter().find(|(until, _)| at < until.millis()).map(|(_, resolution)| resolution.millis())
    }

    /// The window of whole buckets that stands for `(end − range, end]`: start and end.
    ///
    /// It ends with the last bucket that has ended by then, and is as long as asked for or, where that is no number of
    /// buckets, longer. The later the window asked for, the later are both ends.
    pub fn window(&self, end: i64, range: i64) -> (i64, i64) {
        let (start, end) = match self.width_at(end) {
            Some(width) => {
                let end = floor(end, width);
                (end.saturating_sub(range.saturating_add(width - 1) / width * width), end)
            }
            None => (end.saturating_sub(range), end),
        };
        (self.width_at(start).map_or(start, |width| floor(start, width)), end)
    }

    /// How many more samples there were in `(start, end]` than there are.
    pub fn more_in(&self, start: i64, end: i64) -> u64 {
        let until = |at: i64| self.more.partition_point(|(of, _)| of.millis() <= at);
        let within = self.more.get(until(start)..until(end)).unwrap_or_default();
        within.iter().map(|(_, more)| more).sum()
    }

    /// How long a sample counts after it was taken, when nothing newer comes: at least as long as its bucket is.
    pub fn lookback(&self, taken: Timestamp, lookback: i64) -> i64 {
        // The bucket of what was taken at the very end of one has begun before.
        self.width_at(taken.millis().saturating_sub(1)).map_or(lookback, |width| lookback.max(width))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(minutes * MINUTE)
    }

    fn both() -> Downsampled {
        let spans = vec![(at(120), Resolution::OneHour), (at(240), Resolution::FiveMinutes)];
        Downsampled { spans, more: vec![(at(60), 2), (at(65), 3)] }
    }

    #[track_caller]
    fn check(end: i64, range: i64, expected: (i64, i64)) {
        let (start, end) = both().window(end * MINUTE, range * MINUTE);
        assert_eq!((start / MINUTE, end / MINUTE), expected);
    }

    #[test]
    fn windows_are_those_of_whole_buckets_where_samples_are_down_sampled() {
        check(60, 60, (0, 60));
        check(100, 60, (0, 60));
        check(100, 70, (-60, 60));
        check(150, 5, (145, 150));
        check(153, 1, (145, 150));
        check(153, 40, (60, 150));
        check(243, 10, (230, 243));
        check(260, 10, (250, 260));
        check(260, 200, (60, 260));
    }

    #[test]
    fn a_bucket_ends_at_a_multiple_of_its_width_and_holds_that_instant() {
        let end = |ms| Resolution::FiveMinutes.bucket_end(Timestamp::from_millis(ms)).millis();
        assert_eq!(
            [end(-1), end(0), end(1), end(300_000), end(i64::MAX)],
            [0, 0, 300_000, 300_000, i64::MAX]
        );
        assert_eq!(both().more_in(at(60).millis(), at(65).millis()), 3);
        assert_eq!(both().more_in(0, at(65).millis()), 5);
    }

    proptest! {
        #[test]
        fn later_windows_are_not_earlier(end in 0i64..20_000_000, later in 0i64..20_000_000, range in 1i64..20_000_000) {
            let (first, second) = (both().window(end, range), both().window(end + later, range));
            prop_assert!(first.0 <= second.0 && first.1 <= second.1 && first.1 - first.0 >= range);
            prop_assert!(first.1 <= end);
        }
    }
}
