//! One target: when it is scraped, and what is done with the page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::{INSTANCE, JOB, Labels, Sample, Timestamp};

use crowsnest_scrape::config::HttpConfig;
use crowsnest_scrape::text::Dialect;
use crowsnest_scrape::{
    Facts, FamilyFacts, Format, Grid, Job, Outcome, Outgoing, PageError, PageResult, Point, ScrapeError,
    Scraper, Target, Wake, accept_header,
};
use crowsnest_tsdb::{Batch, Extras, Metadata, Origin, SeriesBatch};
use parking_lot::Mutex;
use reqwest::Url;
use smol_str::SmolStr;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::ask::{AskError, Asker};
use super::pool::Ending;
use super::probe::{self, Question};
use super::unpack::Unpacker;
use super::{Health, Tools};
use crate::clock;
use crate::native;

/// Scrapes between two whose types and help are kept.
const FACTS_EVERY: u64 = 20;

/// A target that is being scraped.
pub(super) struct Task {
    scraper: Scraper<Labels>,
    asker: Asker,
    accept: String,
    tools: Arc<Tools>,
    health: Arc<Mutex<Health>>,
    fails: Option<ScrapeError>,
    origin: Origin,
    scrapes: u64,
    /// Why the last probe was no success; empty when it was one, and of what is not probed.
    no_success: String,
}

/// Why a scrape has failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("the page was not there within {0:?}")]
    Late(Duration),
    #[error("the page is not the gzip that it says: {0}")]
    Unpack(#[from] std::io::Error),
    #[error("the URL is not one")]
    Url,
}

impl Task {
    pub(super) fn new(
        job: Arc<Job>,
        target: Target,
        http: &HttpConfig,
        tools: Arc<Tools>,
        health: Arc<Mutex<Health>>,
        fails: Option<ScrapeError>,
    ) -> Self {
        let of = |name: &str| target.labels.get(name).map_or("", SmolStr::as_str);
        // The same separator as in the keys of sources; no pusher has this name.
        let origin = Origin::Source(format!("scraping\u{1f}{}\u{1f}{}", of(JOB), of(INSTANCE)).into());
        Self {
            accept: accept_header(&job.protocols),
            asker: Asker::new(Arc::clone(&tools), http.clone()),
            scraper: Scraper::new(job, target),
            tools,
            health,
            fails,
            origin,
            scrapes: 0,
            no_success: String::new(),
        }
    }

    /// Scrapes until told to end.
    pub(super) async fn run(mut self, mut told: watch::Receiver<Ending>) {
        tokio::select! {
            () = self.scrape_for_ever() => {}
            _ = told.wait_for(|ending| *ending != Ending::NotYet) => {}
        }
        if *told.borrow() == Ending::Gone {
            let at = clock::now();
            let mut series = Vec::new();
            self.scraper.vanish(at, |sample| series.extend(kept(sample)));
            self.store(series, Vec::new(), at).await;
        }
    }

    async fn scrape_for_ever(&mut self) {
        let offset = self.scraper.target().offset("server");
        // An interval is at least a millisecond.
        let Some(grid) = Grid::new(self.scraper.target().interval) else { return };
        loop {
            let now = clock::now();
            let due = grid.after_offset(now, offset);
            let wait = due.millis().saturating_sub(now.millis()).max(0).unsigned_abs();
            sleep(Duration::from_millis(wait)).await;
            if let Wake::Collect(at) = grid.wake(due, clock::now()) {
                self.scrape(at).await;
            }
        }
    }

    async fn scrape(&mut self, at: Timestamp) {
        let started = Instant::now();
        let facts = if self.scrapes.is_multiple_of(FACTS_EVERY) { Facts::Wanted } else { Facts::Unwanted };
        self.scrapes += 1;
        let limit = self.scraper.target().timeout;
        let (result, read) = match timeout(limit, self.read_page(facts)).await {
            Ok(done) => done,
            Err(_) => (PageResult::nothing(), Err(Failure::Late(limit))),
        };
        let (outcome, took) = (if read.is_ok() { Outcome::Good } else { Outcome::Failed }, started.elapsed());
        let mut series = Vec::new();
        let scraped = self.scraper.end(result, outcome, at, took, |sample| series.extend(kept(sample)));
        self.report(at, took, read.err());
        self.store(series, scraped.facts, at).await;
    }

    /// Fetches the page and reads it as it comes.
    async fn read_page(&mut self, facts: Facts) -> (PageResult, Result<(), Failure>) {
        if let Some(error) = &self.fails {
            return (PageResult::nothing(), Err(PageError::from(error.clone()).into()));
        }
        if self.scraper.target().address == probe::ADDRESS {
            return self.probe(facts).await;
        }
        let target = self.scraper.target();
        let Ok(url) = target.url().parse::<Url>() else {
            return (PageResult::nothing(), Err(Failure::Url));
        };
        let seconds = target.timeout.as_secs_f64().to_string();
        let headers = [
            ("Accept", self.accept.as_str()),
            ("Accept-Encoding", if self.scraper.job().compression { "gzip" } else { "identity" }),
            ("X-Prometheus-Scrape-Timeout-Seconds", &seconds),
        ];
        let mut answer = match self.asker.get(&url, &headers).await {
            Ok(answer) => answer,
            Err(error) => return (PageResult::nothing(), Err(error.into())),
        };
        let format = answer.headers().get("Content-Type").and_then(|value| value.to_str().ok());
        let mut pass = self.scraper.begin(Format::of(format), facts);
        let mut unpacker = Unpacker::of(&answer);
        let read = loop {
            let fed = match answer.chunk().await {
                Ok(Some(piece)) => unpacker.feed(&piece, |part| pass.feed(part).map_err(Failure::from)),
                Ok(None) => {
                    let rest = unpacker.finish(|part| pass.feed(part).map_err(Failure::from));
                    break rest.and_then(|()| pass.finish().map_err(Failure::from));
                }
                Err(error) => Err(AskError::from(error).into()),
            };
            if fed.is_err() {
                break fed;
            }
        };
        (pass.into_result(), read)
    }

    /// Looks at something from outside; that always gives a page.
    async fn probe(&mut self, facts: Facts) -> (PageResult, Result<(), Failure>) {
        let target = self.scraper.target();
        let question = Question::of(&target.path_and_query);
        // A little less than the scrape may take, so that there is time to say so.
        let limit = target.timeout.mul_f64(0.95);
        let (page, failure) = probe::probe(&self.tools.fetcher, &question, limit).await;
        let why = failure.map(|failure| failure.to_string()).unwrap_or_default();
        if why != self.no_success && !why.is_empty() {
            warn!(target = target.url(), why, "a probe is no success");
        }
        self.no_success = why;
        let mut pass = self.scraper.begin(Format::Text(Dialect::Prometheus), facts);
        let read = pass.feed(page.as_bytes()).and_then(|()| pass.finish());
        (pass.into_result(), read.map_err(Failure::from))
    }

    /// Keeps how it went, and logs what is new about it.
    fn report(&self, at: Timestamp, took: Duration, failure: Option<Failure>) {
        let error = failure.map(|failure| failure.to_string()).unwrap_or_default();
        let health = Health { at: Some(at), seconds: took.as_secs_f64(), error };
        let before = std::mem::replace(&mut *self.health.lock(), health.clone());
        let url = self.scraper.target().url();
        if health.error.is_empty() && !before.error.is_empty() {
            info!(target = url, "target is up again");
        } else if health.error != before.error {
            warn!(target = url, trouble = health.error, "cannot scrape");
        }
    }

    async fn store(&self, series: Vec<SeriesBatch>, facts: Vec<FamilyFacts>, at: Timestamp) {
        let metadata = facts.into_iter().map(|family| Metadata {
            family: family.name,
            kind: family.kind.as_str().into(),
            help: family.help.to_string(),
            unit: family.unit,
        });
        let batch = Batch {
            origin: self.origin.clone(),
            received: clock::now(),
            series,
            metadata: metadata.collect(),
        };
        let appender = Arc::clone(&self.tools.appender);
        let stored = tokio::task::spawn_blocking(move || appender.append(batch)).await;
        let url = || self.scraper.target().url();
        match stored {
            Ok(Ok(appended)) => {
                if let Some(refused) = appended.rejected.first() {
                    let (reason, example) = (refused.reason.to_string(), refused.example.as_str());
                    warn!(target = url(), at = %at, reason, example, "samples of a target were refused");
                }
            }
            Ok(Err(error)) => {
                warn!(target = url(), err = &error as &dyn std::error::Error, "cannot store a scrape");
            }
            Err(error) => warn!(err = &error as &dyn std::error::Error, "a background job panicked"),
        }
    }
}

/// A sample as the store takes it; none for a native histogram that is not one.
fn kept(sample: Outgoing<'_, Labels>) -> Option<SeriesBatch> {
    let labels = sample.series.clone();
    match sample.point {
        Point::Float(value) => {
            Some(SeriesBatch::of_floats(labels, vec![Sample { timestamp: sample.at, value }]))
        }
        Point::Histogram(wire) => {
            let histogram = native::from_wire(&wire).ok()?;
            let histograms = vec![(sample.at, Arc::new(histogram))];
            Some(SeriesBatch {
                labels,
                samples: Vec::new(),
                extras: Extras { histograms, ..Extras::default() },
            })
        }
    }
}
