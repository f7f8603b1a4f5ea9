//! What the records of the log say.
//!
//! ```text
//! u8 kind
//! 1 series      each: u64 number, uvarint count of labels, per label two texts
//! 2 samples     u64 first number, u64 first timestamp, each: varint number since the first, varint ms since the first,
//!               u64 bits of the value
//! 3 deletions   each: u64 number, varint first timestamp, varint last timestamp
//! 7, 8, 9, 10   native histograms, see `histogram`: with integer counts, with floats; with custom bounds: likewise
//! ```
//!
//! The other kinds are exemplars, metadata, and marks of what has been written elsewhere.

use crowsnest_api::remote_write::Histogram;
use crowsnest_api::{Label, Labels, Sample, Timestamp};
use smol_str::SmolStr;

use crate::bytes::{Damaged, Reader};
use crate::histogram::{self, Counts};

/// A series that a log names.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedSeries {
    /// How the records after this one call it.
    pub number: u64,
    /// The series.
    pub labels: Labels,
}

/// A sample that a log holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoggedSample {
    /// The series, by its number.
    pub series: u64,
    /// The sample.
    pub sample: Sample,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Series that have come.
    Series(Vec<LoggedSeries>),
    /// Their samples.
    Samples(Vec<LoggedSample>),
    /// What has been deleted: series, first and last instant.
    Deletions(Vec<(u64, Timestamp, Timestamp)>),
    /// Native histograms, each with the number of its series.
    Histograms(Vec<(u64, Histogram)>),
    /// Exemplars, metadata, and the like.
    Other,
    /// Something that this release does not know, by its number.
    Unknown(u8),
}

impl Record {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.u8()? {
            1 => Self::Series(many(&mut reader, series)?),
            2 => Self::Samples(samples(&mut reader)?),
            3 => Self::Deletions(many(&mut reader, deletion)?),
            4..=6 => Self::Other,
            7 | 9 => Self::Histograms(histogram::logged(Counts::Integer, &mut reader)?),
            8 | 10 => Self::Histograms(histogram::logged(Counts::Float, &mut reader)?),
            kind => Self::Unknown(kind),
        })
    }
}

fn many<'a, T>(
    reader: &mut Reader<'a>,
    one: impl Fn(&mut Reader<'a>) -> Result<T, Damaged>,
) -> Result<Vec<T>, Damaged> {
    let mut all = Vec::new();
    while !reader.is_empty() {
        all.push(one(reader)?);
    }
    Ok(all)
}

fn series(reader: &mut Reader<'_>) -> Result<LoggedSeries, Damaged> {
    let number = reader.u64()?;
    let count = reader.count(2)?;
    let label = |reader: &mut Reader<'_>| {
        Ok(Label { name: SmolStr::new(reader.text()?), value: SmolStr::new(reader.text()?) })
    };
    let labels = (0..count).map(|_| label(reader)).collect::<Result<_, _>>()?;
    let labels = Labels::from_sorted(labels).ok_or(Damaged("labels in the order of their names"))?;
    Ok(LoggedSeries { number, labels })
}

fn samples(reader: &mut Reader<'_>) -> Result<Vec<LoggedSample>, Damaged> {
    if reader.is_empty() {
        return Ok(Vec::new());
    }
    let (number, time) = (reader.u64()?, reader.u64()?.cast_signed());
    many(reader, |reader| {
        let series = number.wrapping_add_signed(reader.varint()?);
        let timestamp = Timestamp::from_millis(time.wrapping_add(reader.varint()?));
        Ok(LoggedSample { series, sample: Sample { timestamp, value: f64::from_bits(reader.u64()?) } })
    })
}

fn deletion(reader: &mut Reader<'_>) -> Result<(u64, Timestamp, Timestamp), Damaged> {
    let number = reader.u64()?;
    Ok((number, Timestamp::from_millis(reader.varint()?), Timestamp::from_millis(reader.varint()?)))
}

#[cfg(test)]
pub(crate) mod write {
    //! Records, for tests that make logs.

    use super::*;
    use crate::bytes::write;

    pub(crate) fn series(series: &[LoggedSeries]) -> Vec<u8> {
        let mut out = vec![1];
        for LoggedSeries { number, labels } in series {
            out.extend_from_slice(&number.to_be_bytes());
            write::uvarint(&mut out, labels.len() as u64);
            for label in labels.iter() {
                write::text(&mut out, &label.name);
                write::text(&mut out, &label.value);
            }
        }
        out
    }

    pub(crate) fn samples(samples: &[LoggedSample]) -> Vec<u8> {
        let mut out = vec![2];
        let first = samples[0];
        out.extend_from_slice(&first.series.to_be_bytes());
        out.extend_from_slice(&first.sample.timestamp.millis().to_be_bytes());
        for LoggedSample { series, sample } in samples {
            write::varint(&mut out, series.wrapping_sub(first.series).cast_signed());
            write::varint(&mut out, sample.timestamp.millis() - first.sample.timestamp.millis());
            out.extend_from_slice(&sample.value.to_bits().to_be_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(series: u64, at: i64, value: f64) -> LoggedSample {
        LoggedSample { series, sample: Sample { timestamp: Timestamp::from_millis(at), value } }
    }

    #[test]
    fn series_and_samples_come_back_as_they_went() {
        let series =
            [LoggedSeries { number: 9, labels: Labels::from_pairs([("__name__", "up"), ("job", "a")]) }];
        assert_eq!(Record::decode(&write::series(&series)), Ok(Record::Series(series.to_vec())));
        let samples = [sample(9, -5, 1.5), sample(3, 1_000, f64::MAX), sample(u64::MAX, 7, -0.0)];
        assert_eq!(Record::decode(&write::samples(&samples)), Ok(Record::Samples(samples.to_vec())));
    }

    #[test]
    fn kinds_that_are_left_out_are_told_apart() {
        assert_eq!(Record::decode(&[4, 1, 2]), Ok(Record::Other));
        assert_eq!(Record::decode(&[8]), Ok(Record::Histograms(Vec::new())));
        assert_eq!(Record::decode(&[99]), Ok(Record::Unknown(99)));
        assert!(Record::decode(&[]).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_give_a_record_or_an_error(bytes: Vec<u8>) {
            let _ = Record::decode(&bytes);
        }
    }
}
