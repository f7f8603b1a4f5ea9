//! Times in objects.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

/// Seconds since the Unix epoch, or nothing where an object has no such time. Four bytes, good until 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct When(u32);

impl When {
    /// The value of a row, if there is a time.
    pub(crate) fn seconds(self) -> Option<f64> {
        self.is_set().then(|| f64::from(self.0))
    }

    pub(crate) const fn is_set(self) -> bool {
        self.0 != 0
    }

    /// The same for arithmetic.
    pub(crate) fn timestamp(self) -> Option<jiff::Timestamp> {
        self.is_set().then(|| jiff::Timestamp::from_second(i64::from(self.0)).ok()).flatten()
    }

    fn parse(text: &str) -> Self {
        let time = text.parse::<jiff::Timestamp>().ok();
        Self(time.and_then(|time| u32::try_from(time.as_second()).ok()).unwrap_or_default())
    }
}

/// RFC 3339, whole seconds; `null`, nonsense and times before 1970 are no time: no object is lost over one.
impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        Ok(text.map(|text| Self::parse(&text)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_and_nonsense_is_no_time() {
        let read = |json: &str| serde_json::from_str::<When>(json).unwrap().seconds();
        assert_eq!(read(r#""2017-07-14T02:40:00Z""#), Some(1_500_000_000.0));
        assert_eq!(read(r#""2017-07-14T02:40:00.999999Z""#), Some(1_500_000_000.0));
        assert_eq!(read(r#""2017-07-14T04:40:00+02:00""#), Some(1_500_000_000.0));
        for nothing in ["null", r#""yesterday""#, r#""1960-01-01T00:00:00Z""#] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
