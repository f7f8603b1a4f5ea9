//! The acting part: notes what is pushed, and writes about those who do not push any more.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_api::sources::RefusalReason;
use crowsnest_api::{INSTANCE, JOB, Labels, Sample, Timestamp, is_stale, stale_nan};
use crowsnest_promql::{Matcher, Queryable, Selection};
use crowsnest_tsdb::{Appended, Appender, Batch, Origin, SeriesBatch};
use parking_lot::Mutex;
use smol_str::SmolStr;
use tracing::{info, warn};

use super::senders::Senders;
use super::{
    Look, Observed, Push, Refused, RefusedPushes, SenderState, Silent, SourceId, SourceRecord, SourceState,
    Sources, UP, Way,
};
use crate::control::{Collection, ControlStore};

/// How far back a series counts as running when its source falls silent: Prometheus's lookback.
const LOOKBACK: Duration = Duration::from_secs(300);
/// How far back the newest sample of a source is looked for after a restart, step by step.
const SEARCH: &[Duration] = &[
    Duration::from_secs(600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(24 * 3600),
    super::FORGET_AFTER,
];

/// Watches over sources. [`SourceWatch::open`], [`SourceWatch::remember`] and [`SourceWatch::look`] wait for the disk.
pub(crate) struct SourceWatch {
    sources: Mutex<Sources>,
    senders: Mutex<Senders>,
    refused: Mutex<RefusedPushes>,
    control: Arc<dyn ControlStore>,
    appender: Arc<dyn Appender>,
    queryable: Arc<dyn Queryable>,
}

impl SourceWatch {
    /// Takes up the sources from before a restart.
    pub(crate) fn open(
        control: Arc<dyn ControlStore>,
        appender: Arc<dyn Appender>,
        queryable: Arc<dyn Queryable>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let mut sources = Sources::default();
        for (key, json) in control.list(Collection::Sources)? {
            match serde_json::from_slice::<SourceRecord>(&json) {
                Ok(record) => {
                    let newest = newest_up(&*queryable, &record.up, now)?;
                    sources.restore(record.source(), &record, newest, now);
                }
                Err(error) => {
                    warn!(key, err = &error as &dyn std::error::Error, "a source's record is damaged");
                }
            }
        }
        let (sources, senders, refused) = (Mutex::new(sources), Mutex::default(), Mutex::default());
        Ok(Self { sources, senders, refused, control, appender, queryable })
    }

    /// Notes a push.
    pub(crate) fn observe(&self, source: &SourceId, push: &Push, now: Timestamp) -> Observed {
        self.sources.lock().observe(source, push, now)
    }

    /// Notes that targets of a source have ended.
    pub(crate) fn part(&self, source: &SourceId, ended: &[Labels]) {
        if !ended.is_empty() {
            self.sources.lock().part(source, ended);
        }
    }

    /// Notes what has become of a push.
    pub(crate) fn settle(&self, source: &SourceId, way: Way, appended: &Appended, now: Timestamp) {
        if way.may_end() {
            self.senders.lock().settle(source, way, appended, now);
        } else {
            self.sources.lock().settle(source, way, appended, now);
        }
    }

    /// Notes that nothing of a push was stored, and why.
    pub(crate) fn refuse(
        &self,
        pusher: &SmolStr,
        way: Way,
        reason: RefusalReason,
        message: String,
        now: Timestamp,
    ) {
        self.refused.lock().add(pusher, way, reason, message, now);
    }

    /// Pushes of which nothing was stored, by pusher; that of the newest trouble first.
    pub(crate) fn refused_pushes(&self) -> Vec<(SmolStr, Refused)> {
        self.refused.lock().list()
    }

    /// Keeps what is known about a source.
    pub(crate) fn remember(&self, source: &SourceId) {
        let Some(record) = self.sources.lock().record(source) else { return };
        let kept = serde_json::to_vec(&record)
            .map_err(anyhow::Error::from)
            .and_then(|json| Ok(self.control.put(Collection::Sources, &source.key(), &json)?));
        if let Err(error) = kept {
            warn!(
                err = &*error as &dyn std::error::Error,
                "cannot remember a source; a restart will not know it"
            );
        }
    }

    /// Looks for silent sources and writes about them.
    pub(crate) fn look(&self, now: Timestamp) {
        let Look { silent, forgotten } = self.sources.lock().look(now);
        for source in forgotten {
            info!(
                pusher = source.pusher.as_str(),
                job = source.job.as_str(),
                instance = source.instance.as_str(),
                "a source is gone"
            );
            if let Err(error) = self.control.delete(Collection::Sources, &source.key()) {
                warn!(err = &error as &dyn std::error::Error, "cannot forget a source");
            }
        }
        for silent in silent {
            if let Err(error) = self.write_silence(&silent) {
                let source = &silent.source;
                warn!(
                    job = source.job.as_str(),
                    instance = source.instance.as_str(),
                    err = &*error as &dyn std::error::Error,
                    "cannot write that a source is silent"
                );
            }
        }
    }

    /// Every source, by job and instance.
    pub(crate) fn list(&self) -> Vec<SourceState> {
        self.sources.lock().list()
    }

    /// Every sender that may end and has pushed within the hour, by job and instance.
    pub(crate) fn senders(&self, now: Timestamp) -> Vec<SenderState> {
        self.senders.lock().list(now)
    }

    /// How many sources push, and how many are silent.
    pub(crate) fn count(&self) -> (usize, usize) {
        self.sources.lock().count()
    }

    fn write_silence(&self, silent: &Silent) -> anyhow::Result<()> {
        let source = &silent.source;
        let mut series: Vec<SeriesBatch> =
            silent.ups.iter().map(|up| one(up.clone(), silent.at, 0.0)).collect();
        if silent.begins {
            warn!(
                job = source.job.as_str(),
                instance = source.instance.as_str(),
                seconds = silent.silence.as_secs_f64(),
                "a source has fallen silent"
            );
            let running = self.running_series(silent)?;
            series.extend(running.into_iter().map(|labels| one(labels, silent.at, stale_nan())));
        }
        let origin = Origin::Server { silence: silent.silence };
        self.appender.append(Batch { origin, received: silent.at, series, metadata: Vec::new() })?;
        Ok(())
    }

    /// The source's series that have not ended yet, `up` aside.
    fn running_series(&self, silent: &Silent) -> anyhow::Result<Vec<Labels>> {
        let matchers = [
            Matcher::equal(JOB, silent.source.job.clone()),
            Matcher::equal(INSTANCE, silent.source.instance.clone()),
        ];
        let start = silent.at.minus(silent.silence).minus(LOOKBACK);
        let found = self.queryable.select(&Selection::new(&matchers, start, silent.at))?;
        let mut running = Vec::new();
        for series in found.series {
            let series = series.context("cannot read the series of a silent source")?;
            let ended = series.samples.last().is_none_or(|last| is_stale(last.value));
            if !ended && series.labels.metric_name() != UP {
                running.push(series.labels);
            }
        }
        Ok(running)
    }
}

fn one(labels: Labels, at: Timestamp, value: f64) -> SeriesBatch {
    SeriesBatch::of_floats(labels, vec![Sample { timestamp: at, value }])
}

/// When a source was last up. Zeros do not count: the server may have written them itself.
fn newest_up(queryable: &dyn Queryable, up: &Labels, now: Timestamp) -> anyhow::Result<Timestamp> {
    let matchers: Vec<Matcher> =
        up.iter().map(|label| Matcher::equal(label.name.clone(), label.value.clone())).collect();
    for back in SEARCH {
        let found = queryable.select(&Selection::new(&matchers, now.minus(*back), now))?;
        for series in found.series {
            let series = series?;
            let last = series.samples.iter().rev().find(|sample| sample.value == 1.0);
            if let Some(last) = last.filter(|_| series.labels == *up) {
                return Ok(last.timestamp);
            }
        }
    }
    Ok(now.minus(super::FORGET_AFTER))
}
