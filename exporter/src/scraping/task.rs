//! One target: when it is scraped, and what is done with the page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::Timestamp;
use crowsnest_scrape::{
    Facts, Format, Grid, Outcome, PageError, PageResult, ScrapeError, Scraper, Wake, accept_header,
};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::access::AccessError;
use super::outbox::{Bodies, EncodedLabels, Outbox};
use super::status::ScrapeStatus;
use super::{Access, Wanted};
use crate::clock::now;
use crate::connect::Connection;
use crate::push::describe;

/// Scrapes between two whose types and help are sent, too.
const FACTS_EVERY: u64 = 20;

/// A target that is being scraped.
pub(super) struct Task {
    scraper: Scraper<EncodedLabels>,
    access: Arc<Access>,
    accept: String,
    kept: Option<Connection>,
    fails: Option<ScrapeError>,
    offset: Duration,
    grid: Option<Grid>,
    outbox: Arc<Outbox>,
    status: Arc<ScrapeStatus>,
    scrapes: u64,
    /// What was logged last, so that an outage is one line and not one a scrape.
    trouble: Option<String>,
}

/// Why a scrape has failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("the page was not there within {0:?}")]
    Late(Duration),
}

impl Task {
    pub(super) fn new(wanted: Wanted, outbox: Arc<Outbox>, status: Arc<ScrapeStatus>, node: &str) -> Self {
        let Wanted { job, target, access, fails } = wanted;
        Self {
            accept: accept_header(&job.protocols),
            offset: target.offset(node),
            grid: Grid::new(target.interval),
            scraper: Scraper::new(job, target),
            access,
            kept: None,
            fails,
            outbox,
            status,
            scrapes: 0,
            trouble: None,
        }
    }

    /// Scrapes until the target is no more, or nobody is there to tell so.
    pub(super) async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let job = self.scraper.job().name.clone();
        self.status.note_begin(&job);
        let gone = tokio::select! {
            () = self.scrape_for_ever() => false,
            told = stopped => told.is_ok(),
        };
        self.status.note_end(&job);
        if !gone {
            return;
        }
        let mut bodies = Bodies::default();
        let at = now();
        self.scraper.vanish(at, |sample| bodies.add(sample));
        self.outbox.send(bodies, at).await;
    }

    async fn scrape_for_ever(&mut self) {
        // An interval is at least a millisecond.
        let Some(grid) = self.grid else { return };
        loop {
            let due = grid.after_offset(now(), self.offset);
            let wait = due.millis().saturating_sub(now().millis()).max(0).unsigned_abs();
            sleep(Duration::from_millis(wait)).await;
            if let Wake::Collect(at) = grid.wake(due, now()) {
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
        let outcome = if read.is_ok() { Outcome::Good } else { Outcome::Failed };
        let mut bodies = Bodies::default();
        let scraped = self.scraper.end(result, outcome, at, started.elapsed(), |sample| bodies.add(sample));
        bodies.describe(&scraped.facts);
        self.status.note_scrape(&self.scraper.job().name, scraped.up, scraped.kept);
        self.report(read.err());
        self.outbox.send(bodies, at).await;
    }

    /// Fetches the page and reads it as it comes.
    async fn read_page(&mut self, facts: Facts) -> (PageResult, Result<(), Failure>) {
        if let Some(error) = &self.fails {
            return (PageResult::nothing(), Err(PageError::from(error.clone()).into()));
        }
        let kept = self.kept.take();
        let asked = self.access.get(self.scraper.target(), &self.accept, kept).await;
        let (mut response, connection) = match asked {
            Ok((response, connection)) if response.status() == StatusCode::OK => (response, connection),
            Ok((response, _)) => {
                let refused = AccessError::Status(response.status());
                return (PageResult::nothing(), Err(refused.into()));
            }
            Err(error) => return (PageResult::nothing(), Err(error.into())),
        };
        let format = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut pass = self.scraper.begin(Format::of(format), facts);
        let read = loop {
            match response.frame().await {
                None => break pass.finish().map_err(Failure::from),
                Some(Err(error)) => break Err(AccessError::Http(error).into()),
                Some(Ok(frame)) => {
                    let fed = frame.data_ref().map_or(Ok(()), |piece| pass.feed(piece));
                    if let Err(error) = fed {
                        break Err(error.into());
                    }
                }
            }
        };
        let result = pass.into_result();
        if read.is_ok() {
            self.kept = Some(connection);
        }
        (result, read)
    }

    /// Logs a new kind of trouble, and its end.
    fn report(&mut self, failure: Option<Failure>) {
        let url = self.scraper.target().url();
        match failure.map(|failure| describe(&failure)) {
            None if self.trouble.take().is_some() => tracing::info!(target = url, "target is up again"),
            None => {}
            Some(trouble) if self.trouble.as_ref() == Some(&trouble) => {}
            Some(trouble) => {
                tracing::warn!(target = url, trouble, "cannot scrape");
                self.trouble = Some(trouble);
            }
        }
    }
}
