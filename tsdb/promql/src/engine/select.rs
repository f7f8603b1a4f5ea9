//! Selectors and subqueries: where series come from.

use std::rc::Rc;
use std::sync::Arc;

use crowsnest_api::{Timestamp, is_stale};

use super::column::{Column, RangeSeries, RangeVector};
use super::edges::{Interpolation, between};
use super::evaluator::Evaluator;
use super::grid::Grid;
use super::{QueryError, SampleValue, finish};
use crate::ast::{At, Edges, Modifiers, Selector, Subquery};
use crate::histogram::ResetHint;
use crate::{FloatHistogram, Matcher, Selection, Series};

impl Evaluator<'_> {
    /// At each step the newest sample within the lookback, unless the series has ended.
    pub(crate) fn select_instant(
        &mut self,
        selector: &Selector,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.select_with(selector, grid, |_, value| value)
    }

    /// As [`Self::select_instant`], with `of` each sample's timestamp and value instead of the value.
    pub(crate) fn select_with(
        &mut self,
        selector: &Selector,
        grid: &Grid,
        of: impl Fn(Timestamp, SampleValue) -> SampleValue,
    ) -> Result<Vec<Column>, QueryError> {
        let times = self.shifted(&selector.modifiers, grid)?;
        let matchers = self.matchers_of(selector);
        self.newest(&matchers, &times, selector.modifiers.edges, of)
    }

    /// Of the series that match, `of` the newest sample at each of the times; `smoothed` ones lie between two samples.
    pub(crate) fn newest(
        &mut self,
        matchers: &[Matcher],
        times: &[i64],
        edges: Option<Edges>,
        of: impl Fn(Timestamp, SampleValue) -> SampleValue,
    ) -> Result<Vec<Column>, QueryError> {
        let lookback = self.lookback();
        let smoothed = edges.is_some();
        let ahead = if smoothed { lookback } else { 0 };
        let mut columns = Vec::new();
        for series in self.select(matchers, times, lookback, ahead)? {
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
                let recent = |timestamp: Timestamp| timestamp.millis() > time.saturating_sub(lookback);
                if let Some((timestamp, histogram)) = histogram
                    && newest.is_none_or(|sample| sample.timestamp < *timestamp)
                {
                    let alive = recent(*timestamp) && !histogram.is_stale();
                    values.push(alive.then(|| of(*timestamp, SampleValue::Histogram(Arc::clone(histogram)))));
                    continue;
                }
                let alive = newest.filter(|sample| recent(sample.timestamp) && !is_stale(sample.value));
                let next = series.samples.get(seen).filter(|next| {
                    smoothed
                        && next.timestamp.millis() <= time.saturating_add(lookback)
                        && !is_stale(next.value)
                });
                let sample = alive.map(|sample| match next {
                    Some(next) => between(sample, next, time, Interpolation::Gauge),
                    None => *sample,
                });
                values.push(sample.map(|sample| of(sample.timestamp, sample.value.into())));
            }
            if values.iter().any(Option::is_some) {
                columns.push(Column { labels: series.labels, drop_name: false, values });
            }
        }
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
        for mut found in self.select(&matchers, &ends, range.saturating_add(before), ahead)? {
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
        let columns = self.vector(&subquery.expr, &inner)?;
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
    pub(crate) fn matchers_of(&self, selector: &Selector) -> Rc<[Matcher]> {
        self.matchers.get(&std::ptr::from_ref(selector)).cloned().unwrap_or_default()
    }

    /// The series that match with the samples of all windows `(time - reach, time + ahead]`.
    fn select(
        &mut self,
        matchers: &[Matcher],
        times: &[i64],
        reach: i64,
        ahead: i64,
    ) -> Result<Vec<Series>, QueryError> {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Ok(Vec::new());
        };
        let set = self.store.select(&Selection {
            matchers,
            start: Timestamp::from_millis(first.saturating_sub(reach).saturating_add(1)),
            end: Timestamp::from_millis(last.saturating_add(ahead)),
        })?;
        for warning in set.warnings {
            self.annotations.warn_of_store(warning);
        }
        let mut all = Vec::new();
        for series in set.series {
            self.check()?;
            let series = series?;
            self.hold(series.len())?;
            all.push(series);
        }
        Ok(all)
    }
}

/// How many elements from `start` on fulfil a condition that holds for a prefix.
pub(crate) fn count_while<T>(items: &[T], start: usize, holds: impl Fn(&T) -> bool) -> usize {
    items.get(start..).unwrap_or_default().iter().take_while(|item| holds(item)).count()
}
