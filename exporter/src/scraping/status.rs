//! How scraping goes, as metrics of the agent's own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crowsnest_scrape::Family;

/// Counters of scrapes by job.
#[derive(Debug, Default)]
pub(crate) struct ScrapeStatus(Mutex<BTreeMap<String, OfJob>>);

#[derive(Clone, Copy, Debug, Default)]
struct OfJob {
    targets: u64,
    good: u64,
    failed: u64,
    samples: u64,
}

impl ScrapeStatus {
    /// A target has come.
    pub(super) fn note_begin(&self, job: &str) {
        self.with(job, |of_job| of_job.targets += 1);
    }

    /// A target has gone.
    pub(super) fn note_end(&self, job: &str) {
        self.with(job, |of_job| of_job.targets = of_job.targets.saturating_sub(1));
    }

    /// A target was scraped, and this many samples were kept.
    pub(super) fn note_scrape(&self, job: &str, up: bool, samples: u64) {
        self.with(job, |of_job| {
            *(if up { &mut of_job.good } else { &mut of_job.failed }) += 1;
            of_job.samples += samples;
        });
    }

    fn with(&self, job: &str, change: impl FnOnce(&mut OfJob)) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match jobs.get_mut(job) {
            Some(of_job) => change(of_job),
            None => change(jobs.entry(job.to_owned()).or_default()),
        }
    }

    /// What there is to say; nothing where nothing is scraped.
    pub(crate) fn families(&self) -> Vec<Family> {
        let mut targets =
            Family::gauge("crowsnest_agent_scrape_targets", "Targets that are scraped, by job.");
        let mut scrapes =
            Family::counter("crowsnest_agent_scrapes_total", "Scrapes by job and outcome: good or failed.");
        let mut samples = Family::counter(
            "crowsnest_agent_scraped_samples_total",
            "Samples that scrapes have given, after relabelling, by job.",
        );
        for (job, of_job) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let of = |extra: &[(&str, &str)], family: &mut Family, value: u64| {
                let labels: Vec<(&str, &str)> =
                    [("scrape_job", job.as_str())].into_iter().chain(extra.iter().copied()).collect();
                family.push(&labels, value as f64);
            };
            of(&[], &mut targets, of_job.targets);
            of(&[("outcome", "good")], &mut scrapes, of_job.good);
            of(&[("outcome", "failed")], &mut scrapes, of_job.failed);
            of(&[], &mut samples, of_job.samples);
        }
        vec![targets, scrapes, samples]
    }
}
