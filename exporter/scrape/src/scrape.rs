//! What becomes of a page: labels, limits, staleness markers, and what is told of the scrape itself.
//!
//! Nothing of a page counts before it has been read to its end: a scrape that fails has no samples, and everything that the target
//! had ends with it.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{Label, Labels, LabelsBuilder, METRIC_NAME, Timestamp, parse_value, stale_nan};
use smol_str::SmolStr;

use crate::cache::{Cache, Ending, Kept, SeriesId};
use crate::format::{Classic, Format, PageReader};
use crate::job::{Honor, Job, Limits};
use crate::open_metrics_float;
use crate::page::{Fact, PageError, Point, Refusal, Sink};
use crate::relabel::{Verdict, relabel};
use crate::target::{Target, merge};
use crate::text::{Problem, series};

/// What a series may have at most, whatever the job says: more is no series but an attack.
const MAX_LABELS: usize = 1024;
/// How many texts beyond twice those of the last good page are remembered of pages that failed.
const MAX_FAILED_TEXTS: usize = 1000;

/// Why a scrape has failed although its page can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeError {
    /// The body is too long.
    #[error("body size limit exceeded: more than {0} bytes (body_size_limit)")]
    Body(u64),
    /// There are too many samples.
    #[error("sample limit exceeded: more than {0} samples after relabelling (sample_limit)")]
    Samples(u64),
    /// The job has too many targets.
    #[error("target_limit exceeded (number of targets: {targets}, limit: {limit})")]
    Targets {
        /// How many it has.
        targets: u64,
        /// How many it may have.
        limit: u64,
    },
    /// A series has too many labels.
    #[error("label_limit exceeded (metric: {metric}, number of labels: {labels}, limit: {limit})")]
    Labels {
        /// Its name.
        metric: String,
        /// How many it has.
        labels: u64,
        /// How many it may have.
        limit: u64,
    },
    /// A label's name is too long.
    #[error(
        "label_name_length_limit exceeded (metric: {metric}, label name: {label}, length: {length}, limit: {limit})"
    )]
    LabelName {
        /// The metric's name.
        metric: String,
        /// The beginning of the label's.
        label: String,
        /// How long it is.
        length: u64,
        /// How long it may be.
        limit: u64,
    },
    /// A label's value is too long.
    #[error(
        "label_value_length_limit exceeded (metric: {metric}, label name: {label}, value: {value:?}, length: {length}, limit: {limit})"
    )]
    LabelValue {
        /// The metric's name.
        metric: String,
        /// The label's name.
        label: String,
        /// The beginning of its value.
        value: String,
        /// How long it is.
        length: u64,
        /// How long it may be.
        limit: u64,
    },
    /// Relabelling has taken a series' name away.
    #[error("a series has no name after relabelling: {0}")]
    NoName(String),
}

/// What is told of each scrape, without `up`; after it in this order.
const REPORT: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// One target, from scrape to scrape.
#[derive(Debug)]
pub struct Scraper<T> {
    job: Arc<Job>,
    target: Target,
    cache: Cache<T>,
    report: [T; 5],
    /// Whether anything has been told that must end.
    reporting: bool,
    /// How many texts the last good page had.
    usual_texts: usize,
}

/// A sample that goes out.
#[derive(Debug, PartialEq)]
pub struct Outgoing<'a, T> {
    /// Its series.
    pub series: &'a T,
    /// What was observed, or a staleness marker.
    pub point: Point,
    /// When.
    pub at: Timestamp,
}

/// What is known of a family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyFacts {
    /// Its name.
    pub name: SmolStr,
    /// What kind it is.
    pub kind: MetricType,
    /// One sentence for people.
    pub help: SmolStr,
    /// Its unit.
    pub unit: SmolStr,
}

/// How a scrape went.
#[derive(Clone, Debug, PartialEq)]
pub struct Scraped {
    /// Whether the target is up.
    pub up: bool,
    /// Samples in the page.
    pub samples: u64,
    /// Samples that relabelling left.
    pub kept: u64,
    /// Series that are new.
    pub added: u64,
    /// Samples that were there twice, of which the first counts.
    pub duplicates: u64,
    /// What the page says about families, where that was wanted.
    pub facts: Vec<FamilyFacts>,
}

/// Whether what a page says about families is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// It is.
    Wanted,
    /// It is not.
    Unwanted,
}

/// Whether a page came and is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is.
    Good,
    /// It is not, or none came.
    Failed,
}

impl<T: Kept> Scraper<T> {
    /// One that knows nothing yet.
    pub fn new(job: Arc<Job>, target: Target) -> Self {
        let report = REPORT.map(|name| {
            let raw = [Label { name: METRIC_NAME.into(), value: name.into() }];
            T::of(merge(&raw, &target.labels, Honor::Target).build())
        });
        Self { job, target, cache: Cache::new(), report, reporting: false, usual_texts: 0 }
    }

    /// What is scraped.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// In what way.
    pub fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// Begins to read a page.
    pub fn begin(&mut self, format: Format, facts: Facts) -> Pass<'_, T> {
        self.cache.begin();
        let classic =
            if self.job.always_scrape_classic_histograms { Classic::Always } else { Classic::WhereAlone };
        Pass {
            reader: PageReader::new(format, classic),
            bytes: 0,
            read: Read {
                job: &self.job,
                target: &self.target,
                cache: &mut self.cache,
                pending: Vec::new(),
                family: FamilyFacts::default(),
                facts: (facts == Facts::Wanted).then(Vec::new),
                over: None,
                samples: 0,
                kept: 0,
                added: 0,
                duplicates: 0,
            },
        }
    }

    /// Ends a scrape: hands out its samples if all went well, staleness markers of what has ended, and what there is to tell of it.
    /// `at` is when it was due, and the time of all samples that have none of their own.
    pub fn end(
        &mut self,
        read: PageResult,
        outcome: Outcome,
        at: Timestamp,
        took: Duration,
        mut out: impl FnMut(Outgoing<'_, T>),
    ) -> Scraped {
        let up = outcome == Outcome::Good;
        let ending = if up { Ending::Unseen } else { Ending::All };
        let scraped = Scraped { up, ..read.scraped };
        // First, so that whoever splits a scrape has this in its first part.
        self.tell(&scraped, at, took, &mut out);
        for pending in if up { read.pending } else { Vec::new() } {
            let track = pending.at.is_none() || self.job.track_timestamps_staleness;
            if track {
                self.cache.set_live(pending.series);
            }
            if let Some(series) = self.cache.labels(pending.series) {
                out(Outgoing { series, point: pending.point, at: pending.at.unwrap_or(at) });
            }
        }
        self.cache.end(ending, |series| out(stale(series, at)));
        if up {
            self.cache.forget_unseen();
            self.usual_texts = self.cache.len();
        } else if self.cache.len() > 2 * self.usual_texts + MAX_FAILED_TEXTS {
            self.cache.forget_unseen();
        }
        scraped
    }

    /// Hands out what there is to tell of a scrape.
    fn tell(
        &mut self,
        scraped: &Scraped,
        at: Timestamp,
        took: Duration,
        out: &mut impl FnMut(Outgoing<'_, T>),
    ) {
        let told = [
            f64::from(u8::from(scraped.up)),
            took.as_secs_f64(),
            scraped.samples as f64,
            scraped.kept as f64,
            scraped.added as f64,
        ];
        for (series, value) in self.report.iter().zip(told) {
            out(Outgoing { series, point: Point::Float(value), at });
        }
        self.reporting = true;
    }

    /// The target is no more: everything that it had ends.
    pub fn vanish(&mut self, at: Timestamp, mut out: impl FnMut(Outgoing<'_, T>)) {
        if std::mem::take(&mut self.reporting) {
            for series in &self.report {
                out(stale(series, at));
            }
        }
        self.cache.begin();
        self.cache.end(Ending::All, |series| out(stale(series, at)));
    }
}

fn stale<T>(series: &T, at: Timestamp) -> Outgoing<'_, T> {
    Outgoing { series, point: Point::Float(stale_nan()), at }
}

/// A page that is being read.
#[derive(Debug)]
pub struct Pass<'a, T> {
    reader: PageReader,
    bytes: u64,
    read: Read<'a, T>,
}

/// What was read of a page.
#[derive(Debug)]
pub struct PageResult {
    pending: Vec<Pending>,
    scraped: Scraped,
}

impl PageResult {
    /// That no page came.
    pub fn nothing() -> Self {
        let scraped = Scraped { up: false, samples: 0, kept: 0, added: 0, duplicates: 0, facts: Vec::new() };
        Self { pending: Vec::new(), scraped }
    }
}

#[derive(Debug)]
struct Pending {
    series: SeriesId,
    point: Point,
    at: Option<Timestamp>,
}

impl<T: Kept> Pass<'_, T> {
    /// Reads the next piece of the page.
    ///
    /// # Errors
    /// When the page is none, or past a limit.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), PageError> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        let limit = self.read.job.limits.body_bytes;
        if limit > 0 && self.bytes > limit {
            return Err(ScrapeError::Body(limit).into());
        }
        self.reader.feed(piece, &mut self.read)
    }

    /// The page has ended.
    ///
    /// # Errors
    /// When it should not have, or is past a limit.
    pub fn finish(&mut self) -> Result<(), PageError> {
        self.reader.finish(&mut self.read)?;
        match self.read.over.take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// What was read.
    pub fn into_result(self) -> PageResult {
        let Read { pending, facts, samples, kept, added, duplicates, .. } = self.read;
        let facts = facts.unwrap_or_default();
        PageResult { pending, scraped: Scraped { up: false, samples, kept, added, duplicates, facts } }
    }
}

/// Takes the samples of a page.
#[derive(Debug)]
struct Read<'a, T> {
    job: &'a Job,
    target: &'a Target,
    cache: &'a mut Cache<T>,
    pending: Vec<Pending>,
    /// The family that the page last said something about.
    family: FamilyFacts,
    facts: Option<Vec<FamilyFacts>>,
    /// The page has too many samples; the rest is counted only.
    over: Option<ScrapeError>,
    samples: u64,
    kept: u64,
    added: u64,
    duplicates: u64,
}

impl<T: Kept> Sink for Read<'_, T> {
    type Stop = ScrapeError;

    fn fact(&mut self, family: &SmolStr, fact: Fact) {
        if self.family.name != *family {
            self.family = FamilyFacts { name: family.clone(), ..FamilyFacts::default() };
        }
        let put = |facts: &mut FamilyFacts| match &fact {
            Fact::Type(kind) => facts.kind = *kind,
            Fact::Help(help) => facts.help = help.clone(),
            Fact::Unit(unit) => facts.unit = unit.clone(),
        };
        put(&mut self.family);
        let Some(all) = &mut self.facts else { return };
        match all.last_mut().filter(|last| last.name == *family) {
            Some(last) => put(last),
            None => all.push(self.family.clone()),
        }
    }

    fn sample(
        &mut self,
        text: &str,
        point: Point,
        timestamp: Option<Timestamp>,
    ) -> Result<(), Refusal<ScrapeError>> {
        self.samples += 1;
        let series = match self.cache.find(text) {
            Some(known) => known,
            // Past the limit everything is counted and nothing kept.
            None if self.over.is_some() => {
                self.kept += u64::from(matches!(self.make(text), Ok(Some(_))));
                return Ok(());
            }
            None => {
                let labels = self.make(text)?.map(T::of);
                let (series, is_new) = self.cache.insert(text, labels);
                self.added += u64::from(is_new);
                series
            }
        };
        let Some(series) = series else { return Ok(()) };
        self.kept += 1;
        let limit = self.job.limits.samples;
        if self.over.is_some() || limit > 0 && self.kept > limit {
            self.over = Some(ScrapeError::Samples(limit));
            self.pending = Vec::new();
            return Ok(());
        }
        let at = timestamp.filter(|_| self.job.honor_timestamps == Honor::Page);
        if self.cache.note(series, at.map(Timestamp::millis)) {
            self.pending.push(Pending { series, point, at });
        } else {
            self.duplicates += 1;
        }
        Ok(())
    }
}

impl<T> Read<'_, T> {
    /// The labels that come of a text, `None` where relabelling drops it.
    fn make(&self, text: &str) -> Result<Option<Labels>, Refusal<ScrapeError>> {
        let raw = series::read(text, MAX_LABELS);
        let mut raw = raw.map_err(|(at, problem): (usize, Problem)| Refusal::Series(at, problem))?;
        self.write_numbers_alike(&mut raw);
        let mut labels = merge(&raw, &self.target.labels, self.job.honor_labels);
        if relabel(&self.job.metric_relabel, &mut labels) == Verdict::Dropped {
            return Ok(None);
        }
        check(&labels, &self.job.limits).map_err(Refusal::Stop)?;
        Ok(Some(labels.build()))
    }

    /// Bounds of buckets and quantiles are written as OpenMetrics has them, whatever the format: `1.0`, not `1`.
    fn write_numbers_alike(&self, raw: &mut [Label]) {
        let label = match self.family.kind {
            MetricType::Histogram | MetricType::GaugeHistogram => "le",
            MetricType::Summary => "quantile",
            _ => return,
        };
        let name = raw.first().map_or("", |name| name.value.as_str());
        if name.strip_suffix("_bucket").unwrap_or(name) != self.family.name {
            return;
        }
        for found in raw.iter_mut().filter(|found| found.name == label) {
            if let Some(number) = parse_value(&found.value) {
                found.value = open_metrics_float(number).into();
            }
        }
    }
}

fn check(labels: &LabelsBuilder, limits: &Limits) -> Result<(), ScrapeError> {
    let metric = || excerpt(labels.get(METRIC_NAME).unwrap_or_default());
    if labels.get(METRIC_NAME).is_none() {
        return Err(ScrapeError::NoName(labels.clone().build().to_string()));
    }
    let count = labels.iter().len() as u64;
    if limits.labels > 0 && count > limits.labels {
        return Err(ScrapeError::Labels { metric: metric(), labels: count, limit: limits.labels });
    }
    for label in labels.iter() {
        let (name, value) = (label.name.len() as u64, label.value.len() as u64);
        if limits.label_name_bytes > 0 && name > limits.label_name_bytes {
            let (label, limit) = (excerpt(&label.name), limits.label_name_bytes);
            return Err(ScrapeError::LabelName { metric: metric(), label, length: name, limit });
        }
        if limits.label_value_bytes > 0 && value > limits.label_value_bytes {
            return Err(ScrapeError::LabelValue {
                metric: metric(),
                label: excerpt(&label.name),
                value: excerpt(&label.value),
                length: value,
                limit: limits.label_value_bytes,
            });
        }
    }
    Ok(())
}

/// The first fifty characters.
fn excerpt(text: &str) -> String {
    text.chars().take(50).collect()
}

#[cfg(test)]
mod tests;
