//! Selectors and subqueries: where series come from.

use std::sync::Arc;

use crowsnest_api::{Timestamp, is_stale};

use super::column::{Column, Held, RangeSeries, RangeVector};
use super::edges::{Interpolation, between, between_any};
use super::evaluator::Evaluator;
use super::grid::Grid;
use super::windows::Notes;
use super::{QueryError, SampleValue, finish};
use crate::ast::{At, Edges, Modifiers, Selector, Subquery};
use crate::histogram::ResetHint;
use crate::{FloatHistogram, Fold, Matcher, Selection, Series, Span, StorageError, Windows};

/// When the counters behind samples started, by the samples' timestamps; see [`Series::starts`].
pub(crate) type Starts = [(Timestamp, Timestamp)];

impl Evaluator<'_> {
    /// At each step the newest sample within the lookback, unless the series has ended.
    pub(crate) fn select_instant(
        &mut self,
        selector: &Selector,
        span: Span,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.select_with(selector, span, grid, |_, _, value| value)
    }

    /// As [`Self::select_instant`], with `of` each sample instead of its value. `of` is given when the counters behind the
    /// samples of the series started, and the sample's timestamp and value.
    pub(crate) fn select_with(
        &mut self,
        selector: &Selector,
        span: Span,
        grid: &Grid,
        of: impl Fn(&Starts, Timestamp, SampleValue) -> SampleValue,
    ) -> Result<Vec<Column>, QueryError> {
        let times = self.shifted(&selector.modifiers, grid)?;
        let matchers = self.matchers_of(selector);
        self.newest(&matchers, &times, selector.modifiers.edges.map(|_| span), of)
    }

    /// Of the series that match, `of` the newest sample at each of the times. Smoothed ones lie between two samples;
    /// `smoothed` is where to say that there is nothing between them.
    pub(crate) fn newest(
        &mut self,
        matchers: &[Matcher],
        times: &[i64],
        smoothed: Option<Span>,
        of: impl Fn(&Starts, Timestamp, SampleValue) -> SampleValue,
    ) -> Result<Vec<Column>, QueryError> {
        let lookback = self.lookback();
        let ahead = if smoothed.is_some() { lookback } else { 0 };
        let mut columns = Vec::new();
        for series in self.select(matchers, times, lookback, ahead, Fold::Samples)? {
            if let (Some(span), false) = (smoothed, series.histograms.is_empty()) {
                let mut notes = Notes::new(&mut self.annotations, span, &series.labels);
                let values = smoothed_histograms(&series, times, lookback, &mut notes);
                let values = values
                    .into_iter()
                    .map(|sample| sample.map(|(time, value)| of(&series.starts, time, value)));
                columns.push(Column { values: values.collect(), labels: series.labels, drop_name: false });
                continue;
            }
            let mut values = Vec::with_capacity(times.len());
            let (mut seen, mut seen_histograms) = (0, 0);
            for &time in times {
                seen_histograms += count_while(&series.histograms, seen_histograms, |(timestamp, _)| {
                    timestamp.millis() <= time
                });
                let histogram =
                    seen_histograms.checked_sub(1).and_then(|newest| series.histograms.get(newest));
                seen += count_while(&series.samples, seen, |sample| sample.timestamp.millis() <= time);
                let newest = seen.checked_sub(1).and_then(|newest| series.samples.get(newest));
                // Left-open: a sample exactly as old as the lookback no longer counts.
                let recent = |timestamp: Timestamp| {
                    timestamp.millis() > time.saturating_sub(series.lookback(timestamp, lookback))
                };
                if let Some((timestamp, histogram)) = histogram
                    && newest.is_none_or(|sample| sample.timestamp < *timestamp)
                {
                    let alive = recent(*timestamp) && !histogram.is_stale();
                    let value = || SampleValue::Histogram(Arc::clone(histogram));
                    values.push(alive.then(|| of(&series.starts, *timestamp, value())));
                    continue;
                }
                let alive = newest.filter(|sample| recent(sample.timestamp) && !is_stale(sample.value));
                let next = series.samples.get(seen).filter(|next| {
                    smoothed.is_some()
                        && next.timestamp.millis() <= time.saturating_add(lookback)
                        && !is_stale(next.value)
                });
                let sample = alive.map(|sample| match next {
                    Some(next) => between(sample, next, time, Interpolation::Gauge),
                    None => *sample,
                });
                values.push(sample.map(|sample| of(&series.starts, sample.timestamp, sample.value.into())));
            }
            if values.iter().any(Option::is_some) {
                columns.push(Column { labels: series.labels, drop_name: false, values });
            }
        }
        columns.iter().for_each(|column| self.recorder.looked_at(column));
        Ok(columns)
    }

    /// At each step the samples of the window `(end - range, end]`, without staleness markers.
    pub(crate) fn select_windows(
        &mut self,
        selector: &Selector,
        grid: &Grid,
    ) -> Result<RangeVector, QueryError> {
        let range = match &selector.range {
            Some(range) => self.positive_duration(range)?,
            None => 0,
        };
        let ends = self.shifted(&selector.modifiers, grid)?;
        let matchers = self.matchers_of(selector);
        let edges = selector.modifiers.edges;
        let before = if edges.is_some() { self.lookback() } else { 0 };
        let ahead = if edges == Some(Edges::Smoothed) { self.lookback() } else { 0 };
        let mut series = Vec::new();
        for mut found in self.select(&matchers, &ends, range.saturating_add(before), ahead, self.fold)? {
            found.samples.retain(|sample| !is_stale(sample.value));
            found.histograms.retain(|(_, histogram)| !histogram.is_stale());
            if !found.is_empty() {
                series.push(RangeSeries { series: found, drop_name: false });
            }
        }
        Ok(RangeVector { series, ends, range, edges })
    }

    /// Evaluates the inner expression once, on a grid that serves the windows of all steps.
    pub(crate) fn subquery(&mut self, subquery: &Subquery, grid: &Grid) -> Result<RangeVector, QueryError> {
        let range = self.positive_duration(&subquery.range)?;
        let step = match &subquery.step {
            Some(step) => self.positive_duration(step)?,
            None => i64::try_from(self.options.subquery_step.as_millis()).unwrap_or(i64::MAX).max(1),
        };
        let ends = self.shifted(&subquery.modifiers, grid)?;
        let (Some(&first), Some(&last)) = (ends.first(), ends.last()) else {
            return Ok(RangeVector { series: Vec::new(), ends, range, edges: None });
        };
        // The grid lies at multiples of the step, whatever the time of the query; division truncates as in Prometheus.
        let edge = first.saturating_sub(range);
        let mut start = (edge / step).saturating_mul(step);
        if start <= edge {
            start = start.saturating_add(step);
        }
        let inner = Grid::range(start, last, step);
        if inner.len() > self.options.max_samples {
            return Err(QueryError::TooManySamples);
        }
        let counted = self.recorder.enter_subquery(&inner);
        let columns = self.vector(&subquery.expr, &inner)?;
        self.recorder.leave_subquery(counted);
        let series = columns.into_iter().map(|column| {
            let mut series = finish::samples(column.labels, inner.times().zip(column.values));
            for (_, histogram) in &mut series.histograms {
                // What was next to each other in the store need not be so here.
                if matches!(histogram.hint, ResetHint::Reset | ResetHint::NotReset) {
                    let unknown =
                        FloatHistogram { hint: ResetHint::Unknown, ..FloatHistogram::clone(histogram) };
                    *histogram = Arc::new(unknown);
                }
            }
            RangeSeries { series, drop_name: column.drop_name }
        });
        Ok(RangeVector { series: series.collect(), ends, range, edges: None })
    }

    /// The times of a grid as moved by `@` and `offset`; ascending.
    pub(crate) fn shifted(&self, modifiers: &Modifiers, grid: &Grid) -> Result<Vec<i64>, QueryError> {
        let offset = modifiers.offset.as_ref().map_or(Ok(0), |offset| self.duration(offset))?;
        let fixed = modifiers.at.map(|at| match at {
            At::Time(millis) => millis,
            At::Start => self.query.start,
            At::End => self.query.end,
        });
        Ok(grid.times().map(|time| fixed.unwrap_or(time).saturating_sub(offset)).collect())
    }

    /// The compiled matchers of a selector in the query.
    pub(crate) fn matchers_of(&self, selector: &Selector) -> Arc<[Matcher]> {
        self.matchers.of(selector)
    }

    /// The series that match with the samples of all windows `(time - reach, time + ahead]`.
    fn select(
        &mut self,
        matchers: &[Matcher],
        times: &[i64],
        reach: i64,
        ahead: i64,
        fold: Fold,
    ) -> Result<Vec<Series>, QueryError> {
        let mut all = Vec::new();
        for series in self.open(matchers, times, reach, ahead, fold)?.into_iter().flatten() {
            let series = series?;
            self.count_series()?;
            self.hold(Held::of_series(&series.labels, series.weight()))?;
            all.push(series);
        }
        Ok(all)
    }

    /// Counts a series that is read against the limit.
    pub(crate) fn count_series(&mut self) -> Result<(), QueryError> {
        self.check()?;
        self.recorder.series += 1;
        if self.recorder.series > self.options.max_series {
            return Err(QueryError::execution(format!(
                "query processing would load too many series into memory in query execution: the limit is {}",
                self.options.max_series
            )));
        }
        Ok(())
    }
}

/// Series on their way out of a store.
pub(crate) type Found<'a> = Box<dyn Iterator<Item = Result<Series, StorageError>> + 'a>;

impl<'a> Evaluator<'a> {
    /// The series that match, to be read one by one, with the samples of all windows `(time - reach, time + ahead]`.
    pub(crate) fn open(
        &mut self,
        matchers: &[Matcher],
        times: &[i64],
        reach: i64,
        ahead: i64,
        fold: Fold,
    ) -> Result<Option<Found<'a>>, QueryError> {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Ok(None);
        };
        let set = self.store.select(&Selection {
            matchers,
            start: Timestamp::from_millis(first.saturating_sub(reach).saturating_add(1)),
            end: Timestamp::from_millis(last.saturating_add(ahead)),
            fold: Some(fold),
            // The plain evaluator looks at every sample, and so does who counts them.
            windows: match times {
                [_] if ahead == 0 && self.streaming => Windows::One,
                _ => Windows::Several,
            },
            resolution: self.options.resolution,
        })?;
        self.annotations.inform_of_buckets(&set.downsampled);
        for warning in set.warnings {
            self.annotations.warn_of_store(warning);
        }
        Ok(Some(set.series))
    }
}

/// At each time the value between the samples around it, of a series that has native histograms.
fn smoothed_histograms(
    series: &Series,
    times: &[i64],
    lookback: i64,
    notes: &mut Notes<'_>,
) -> Vec<Option<(Timestamp, SampleValue)>> {
    let samples = series.merged();
    let alive = |(_, value): &&(Timestamp, SampleValue)| match value {
        SampleValue::Float(value) => !is_stale(*value),
        SampleValue::Histogram(histogram) => !histogram.is_stale(),
    };
    let mut at = |time: i64| {
        let seen = samples.partition_point(|(timestamp, _)| timestamp.millis() <= time);
        let before = samples.get(seen.checked_sub(1)?).filter(alive)?;
        if before.0.millis() <= time.saturating_sub(lookback) {
            return None;
        }
        let next = samples.get(seen).filter(alive);
        let Some(next) = next.filter(|(next, _)| next.millis() <= time.saturating_add(lookback)) else {
            return Some(before.clone());
        };
        let interpolation = match &before.1 {
            SampleValue::Histogram(histogram) if histogram.hint != ResetHint::Gauge => Interpolation::Counter,
            _ => Interpolation::Gauge,
        };
        between_any(before, next, time, interpolation).map_err(|unlike| unlike.warn(notes)).ok()
    };
    times.iter().map(|&time| at(time)).collect()
}

/// How many elements from `start` on fulfil a condition that holds for a prefix.
pub(crate) fn count_while<T>(items: &[T], start: usize, holds: impl Fn(&T) -> bool) -> usize {
    items.get(start..).unwrap_or_default().iter().take_while(|item| holds(item)).count()
}
