//! Bodies of `/api/crowsnest/v1/answers`: many queries in one request, and their answers in a form that costs a browser little.
//!
//! The answer is a row of records, in the order in which they were done. A record is the length of a head in JSON (u32), the head, and for each of its
//! series the samples and the native histograms, all numbers little-endian: `points` samples (f64, one a step, [`STALE_NAN_BITS`] where there is
//! none), how many histograms there are (u32), and of each its time (i64, ms), how many buckets it has (u32), and of each bucket lower bound,
//! upper bound and count (f64).

use serde::{Deserialize, Serialize};

use crate::{Labels, STALE_NAN_BITS};

/// The media type of answers.
pub const MEDIA_TYPE: &str = "application/vnd.crowsnest.answers";
/// The most queries in one request.
pub const MAX_QUERIES: usize = 300;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Questions {
    /// In any order; answers name their index.
    pub queries: Vec<Question>,
}

/// One query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// PromQL.
    pub expr: String,
    /// The first evaluation, in milliseconds since the epoch.
    pub from: i64,
    /// The last one at the latest; of an instant query, the only one.
    pub to: i64,
    /// How far apart evaluations are, in milliseconds; without it there is one, at `to`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<i64>,
    /// Conditions that are added to every selector, `job="a"`, as ad-hoc filters want it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub matchers: Vec<String>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which query it is for.
    pub index: usize,
    /// Series, or what is wrong.
    pub outcome: Result<Vec<Series>, String>,
    /// What the engine remarks.
    pub warnings: Vec<String>,
}

/// One series of an answer; an instant query's has one sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its labels, the metric's name among them.
    pub labels: Labels,
    /// Milliseconds since the epoch and values, in the order of time.
    pub samples: Vec<(i64, f64)>,
    /// Native histograms, in the order of time.
    pub histograms: Vec<HistogramSample>,
}

/// A native histogram at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSample {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Its buckets that are not empty.
    pub buckets: Vec<HistogramBucket>,
}

/// A bucket of a native histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramBucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// What it holds.
    pub count: f64,
}

/// What stands before the numbers of a record.
#[derive(Serialize, Deserialize)]
struct Head {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    warnings: Vec<String>,
    /// Time of the first sample, and how far apart they are, in milliseconds.
    start: i64,
    step: i64,
    points: usize,
    series: Vec<Labels>,
}

/// The times at which an answer has samples: the first, the step between them, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Milliseconds since the epoch.
    pub start: i64,
    /// Milliseconds, at least 1.
    pub step: i64,
    /// At least 1.
    pub points: usize,
}

impl Grid {
    /// The times at which a query is evaluated.
    pub fn of(question: &Question) -> Self {
        match question.step.filter(|step| *step > 0) {
            Some(step) => {
                let steps = question.to.saturating_sub(question.from).max(0) / step;
                Self { start: question.from, step, points: usize::try_from(steps).unwrap_or(0) + 1 }
            }
            None => Self { start: question.to, step: 1, points: 1 },
        }
    }

    fn place(&self, at: i64) -> Option<usize> {
        let place = usize::try_from(at.checked_sub(self.start)? / self.step).ok()?;
        (place < self.points).then_some(place)
    }
}

/// Appends the record of one answer. Samples between the grid's times go to the one before them.
pub fn write(answer: &Answer, grid: Grid, out: &mut Vec<u8>) {
    let series: &[Series] = answer.outcome.as_deref().unwrap_or_default();
    let head = Head {
        index: answer.index,
        error: answer.outcome.as_ref().err().cloned(),
        warnings: answer.warnings.clone(),
        start: grid.start,
        step: grid.step,
        points: grid.points,
        series: series.iter().map(|series| series.labels.clone()).collect(),
    };
    // Texts and whole numbers can always be written.
    let head = serde_json::to_vec(&head).unwrap_or_default();
    put_length(out, head.len());
    out.extend_from_slice(&head);
    for series in series {
        write_series(series, grid, out);
    }
}

fn write_series(series: &Series, grid: Grid, out: &mut Vec<u8>) {
    let absent = STALE_NAN_BITS.to_le_bytes();
    let begin = out.len();
    for _ in 0..grid.points {
        out.extend_from_slice(&absent);
    }
    for (at, value) in &series.samples {
        let Some(place) = grid.place(*at) else { continue };
        let from = begin + place * 8;
        if let Some(slot) = out.get_mut(from..from + 8) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
    }
    put_length(out, series.histograms.len());
    for histogram in &series.histograms {
        out.extend_from_slice(&histogram.at.to_le_bytes());
        put_length(out, histogram.buckets.len());
        for HistogramBucket { lower, upper, count } in &histogram.buckets {
            for number in [lower, upper, count] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

/// Reads all records of a body; `None` where it is cut off or is something else.
pub fn read(body: &[u8]) -> Option<Vec<Answer>> {
    let mut rest = Rest(body);
    let mut answers = Vec::new();
    while !rest.0.is_empty() {
        answers.push(read_answer(&mut rest)?);
    }
    Some(answers)
}

fn read_answer(rest: &mut Rest<'_>) -> Option<Answer> {
    let length = rest.length()?;
    let head: Head = serde_json::from_slice(rest.take(length)?).ok()?;
    let Head { index, error, warnings, start, step, points, series } = head;
    let mut read = Vec::with_capacity(series.len());
    for labels in series {
        let numbers = rest.take(points.checked_mul(8)?)?;
        let (numbers, _) = numbers.as_chunks::<8>();
        let value = |(place, bytes): (usize, &[u8; 8])| {
            let value = f64::from_le_bytes(*bytes);
            let at = start.checked_add(step.checked_mul(i64::try_from(place).ok()?)?)?;
            (value.to_bits() != STALE_NAN_BITS).then_some((at, value))
        };
        let samples = numbers.iter().enumerate().filter_map(value).collect();
        read.push(Series { labels, samples, histograms: read_histograms(rest)? });
    }
    Some(Answer { index, outcome: error.map_or(Ok(read), Err), warnings })
}

fn read_histograms(rest: &mut Rest<'_>) -> Option<Vec<HistogramSample>> {
    let mut histograms = Vec::new();
    for _ in 0..rest.length()? {
        let at = i64::from_le_bytes(rest.array()?);
        let mut buckets = Vec::new();
        for _ in 0..rest.length()? {
            let mut number = || Some(f64::from_le_bytes(rest.array()?));
            buckets.push(HistogramBucket { lower: number()?, upper: number()?, count: number()? });
        }
        histograms.push(HistogramSample { at, buckets });
    }
    Some(histograms)
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Answer, Grid) {
        let question =
            Question { expr: "x".into(), from: 1_000, to: 31_500, step: Some(15_000), ..Question::default() };
        let series = Series {
            labels: Labels::from_pairs([("a", "b")]),
            samples: vec![(1_000, 0.5), (31_000, f64::NAN)],
            histograms: vec![HistogramSample {
                at: 16_000,
                buckets: vec![HistogramBucket { lower: f64::NEG_INFINITY, upper: 0.0, count: 3.0 }],
            }],
        };
        let empty = Series { labels: Labels::empty(), ..Series::default() };
        (
            Answer { index: 7, outcome: Ok(vec![series, empty]), warnings: vec!["w".into()] },
            Grid::of(&question),
        )
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let (answer, grid) = example();
        let failed = Answer { index: 1, outcome: Err("parse error".into()), warnings: Vec::new() };
        let mut body = Vec::new();
        write(&answer, grid, &mut body);
        write(&failed, grid, &mut body);
        let read = read(&body).unwrap();
        // A value that is no number is a value all the same, and not equal to itself.
        assert_eq!(format!("{read:?}"), format!("{:?}", [answer, failed]));
    }

    #[test]
    fn a_body_that_is_cut_off_anywhere_is_not_read() {
        let (answer, grid) = example();
        let mut body = Vec::new();
        write(&answer, grid, &mut body);
        for end in 1..body.len() {
            assert_eq!(read(&body[..end]), None, "{end}");
        }
        assert_eq!(read(&[]), Some(Vec::new()));
        assert_eq!(read(&[255, 255, 255, 255, 0]), None);
    }

    #[test]
    fn an_instant_query_has_one_time() {
        let instant = Question { to: 5, ..Question::default() };
        assert_eq!(Grid::of(&instant), Grid { start: 5, step: 1, points: 1 });
    }
}
