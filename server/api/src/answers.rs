//! Bodies of `/api/crowsnest/v1/answers`: many queries in one request, and their answers in a form that costs a browser little.
//!
//! The answer is a row of records, in the order in which they were done. A record is the length of a head in JSON (u32), the head, and for each of its
//! series the samples and the native histograms, all numbers little-endian: `points` samples (f64, one a step, [`STALE_NAN_BITS`] where there is
//! none), how many histograms there are (u32), and of each its time (i64, ms), how many buckets it has (u32), and of each bucket lower bound,
//! upper bound and count (f64).
//!
//! Whoever has an answer to the same query already shows its receipt ([`Held`]); then the samples begin at the first step at which something may have
//! become different, and [`complete`] puts both together.

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
    /// What whoever asks has of the answer already, of the same query at the same step and phase.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<Held>,
}

/// An answer that somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What came with it.
    pub receipt: String,
    /// Its first step, in milliseconds since the epoch.
    pub from: i64,
    /// Its last one.
    pub to: i64,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which query it is for.
    pub index: usize,
    /// The first step that is told; what is held of those before it holds.
    pub start: i64,
    /// Series, or what is wrong.
    pub outcome: Result<Vec<Series>, String>,
    /// What the engine remarks.
    pub warnings: Vec<String>,
    /// To be shown when the same query is asked again; without it, all of the answer is told again.
    pub receipt: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    receipt: Option<String>,
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
    /// None where all is held.
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

    /// Those from `start` on, which is one of them or the one after the last.
    #[must_use]
    pub fn starting(self, start: i64) -> Self {
        let left = usize::try_from((start - self.start).max(0) / self.step).unwrap_or(usize::MAX);
        Self { start, points: self.points.saturating_sub(left), ..self }
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
        receipt: answer.receipt.clone(),
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

/// The steps from `from` on of what is held, up to `start`, and what was told from there on. Of both the series are in label order.
pub fn complete(held: &[Series], from: i64, start: i64, told: Vec<Series>) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::with_capacity(held.len().max(told.len()));
    let earlier = held.iter().map(|series| series.between(from, start));
    let mut earlier =
        earlier.filter(|series| !series.samples.is_empty() || !series.histograms.is_empty()).peekable();
    for next in told {
        while let Some(before) = earlier.next_if(|before| before.labels < next.labels) {
            all.push(before);
        }
        match earlier.next_if(|before| before.labels == next.labels) {
            Some(mut before) => {
                before.samples.extend(next.samples);
                before.histograms.extend(next.histograms);
                all.push(before);
            }
            None => all.push(next),
        }
    }
    all.extend(earlier);
    all
}

impl Series {
    /// Drops what lies before `start`, and says whether something is left.
    pub fn forget_before(&mut self, start: i64) -> bool {
        self.samples.drain(..self.samples.partition_point(|(at, _)| *at < start));
        self.histograms.drain(..self.histograms.partition_point(|histogram| histogram.at < start));
        !self.samples.is_empty() || !self.histograms.is_empty()
    }

    /// What it has from `from` on and before `end`.
    fn between(&self, from: i64, end: i64) -> Self {
        fn part<T: Clone>(all: &[T], at: impl Fn(&T) -> i64, from: i64, end: i64) -> Vec<T> {
            let range = all.partition_point(|one| at(one) < from)..all.partition_point(|one| at(one) < end);
            all.get(range).unwrap_or_default().to_vec()
        }
        Self {
            labels: self.labels.clone(),
            samples: part(&self.samples, |(at, _)| *at, from, end),
            histograms: part(&self.histograms, |histogram| histogram.at, from, end),
        }
    }
}

fn read_answer(rest: &mut Rest<'_>) -> Option<Answer> {
    let length = rest.length()?;
    let head: Head = serde_json::from_slice(rest.take(length)?).ok()?;
    let Head { index, error, warnings, receipt, start, step, points, series } = head;
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
    Some(Answer { index, start, outcome: error.map_or(Ok(read), Err), warnings, receipt })
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
            Answer {
                index: 7,
                start: question.from,
                outcome: Ok(vec![series, empty]),
                warnings: vec!["w".into()],
                receipt: Some("5.a".into()),
            },
            Grid::of(&question),
        )
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let (answer, grid) = example();
        let failed = Answer {
            index: 1,
            start: grid.start,
            outcome: Err("parse error".into()),
            warnings: Vec::new(),
            receipt: None,
        };
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
    #[test]
    fn what_is_held_and_what_is_told_are_one_answer() {
        let series = |name: &str, samples: &[i64]| Series {
            labels: Labels::from_pairs([("a", name)]),
            samples: samples.iter().map(|at| (*at, 1.0)).collect(),
            histograms: samples.iter().map(|at| HistogramSample { at: *at, buckets: Vec::new() }).collect(),
        };
        let held = [series("gone", &[0, 10]), series("old", &[10, 20, 30]), series("same", &[10, 20, 30])];
        let told = vec![series("new", &[30]), series("same", &[30, 40])];
        let all = complete(&held, 20, 30, told);
        assert_eq!(all, [series("new", &[30]), series("old", &[20]), series("same", &[20, 30, 40])]);
        let question = Question { from: 0, to: 45, step: Some(10), ..Question::default() };
        assert_eq!(Grid::of(&question).starting(30), Grid { start: 30, step: 10, points: 2 });
        assert_eq!(Grid::of(&question).starting(50).points, 0);
    }
}
