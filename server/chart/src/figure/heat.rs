//! Heat maps: how much lies in which bucket at what time.

use crowsnest_dashboards::frame::{Cell, FieldKind, Frame};
use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::{Decimals, Unit};

use super::View;
use super::picture::{Drawn, Place, Spot};
use super::summary::DataTable;
use super::times::{self, TIME_AXIS};
use super::tip::{Tip, TipRow};
use crate::axis::instant_text;
use crate::layout::Rect;
use crate::paint::Paint;
use crate::scene::{Align, Surface};
use crate::text::MeasureText;
use crate::theme::Theme;

/// More rows than that are drawn several as one.
const MOST_ROWS: usize = 200;
/// Buckets of a panel that makes its own, where nothing is said.
const USUAL_ROWS: usize = 20;
/// More columns than that are drawn several as one.
const MOST_COLUMNS: usize = 1_000;
/// More cells than that have no tooltip each.
const MOST_SPOTS: usize = 20_000;
const LABEL_GAP: f64 = 6.0;

/// A panel of buckets over time.
#[derive(Clone, Debug)]
pub(super) struct Heat {
    /// What each row is called, from the bottom up.
    pub(super) rows: Vec<String>,
    /// Where each column begins, ms.
    pub(super) times: Vec<i64>,
    step: i64,
    /// Counts, a row after the other.
    counts: Vec<f64>,
    unit: Unit,
}

impl Heat {
    pub(super) fn read(panel: &Panel, frames: &[Frame]) -> Option<Self> {
        let heat = if json::flag(&panel.options, "calculate") {
            calculated(panel, frames)
        } else {
            rows(panel, frames)
        }?;
        heat.counts.iter().any(|count| *count > 0.0).then_some(heat)
    }

    /// A row an instant, a column a bucket; newest first.
    pub(super) fn table(&self, utc_offset_minutes: i32, most: usize) -> DataTable {
        let mut heads = vec![String::new()];
        heads.extend(self.rows.iter().cloned());
        let row = |(column, ms): (usize, &i64)| {
            let counts =
                (0..self.rows.len()).map(|row| self.unit.format(self.count(row, column)).to_string());
            std::iter::once(instant_text(*ms, utc_offset_minutes)).chain(counts).collect()
        };
        let rows = self.times.iter().enumerate().rev().take(most).map(row).collect();
        DataTable { heads, rows, total: self.times.len() }
    }

    fn most(&self) -> f64 {
        self.counts.iter().copied().filter(|count| count.is_finite()).fold(0.0, f64::max)
    }

    fn count(&self, row: usize, column: usize) -> f64 {
        self.counts.get(row * self.times.len() + column).copied().unwrap_or(0.0)
    }

    pub(super) fn draw(
        &self,
        surface: Surface,
        view: &View<'_>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let widest = self.rows.iter().map(|row| text.width(row, Theme::TICK_SIZE)).fold(0.0, f64::max);
        let left = (widest.ceil() + LABEL_GAP).clamp(28.0, (surface.width / 3.0).max(28.0));
        let plot = Rect {
            left,
            top: 7.0,
            width: (surface.width - left - 4.0).max(1.0),
            height: (surface.height - 7.0 - TIME_AXIS).max(1.0),
        };
        let x = |ms: i64| times::column(plot, view, ms);
        let height = plot.height / self.rows.len().max(1) as f64;
        let most = self.most();
        let gap = if height > 6.0 { 1.0 } else { 0.0 };
        for row in 0..self.rows.len() {
            let top = plot.bottom() - (row + 1) as f64 * height;
            for (column, ms) in self.times.iter().enumerate() {
                let count = self.count(row, column);
                if count <= 0.0 || count.is_nan() {
                    continue;
                }
                let from = x(*ms).max(plot.left);
                let to = x(ms.saturating_add(self.step)).min(plot.right());
                if to <= from {
                    continue;
                }
                // The eye counts orders more than numbers.
                let share = (count / most).min(1.0).sqrt();
                let gap_x = if to - from > 4.0 { gap } else { 0.0 };
                let cell =
                    Rect { left: from, top, width: (to - from - gap_x).max(0.5), height: height - gap };
                let paint = Paint::Heat(0.18 + share * 0.82);
                drawn.scene.paint_rect(cell, paint, theme);
                if drawn.spots.len() < MOST_SPOTS {
                    drawn.spots.push(self.spot(cell, row, *ms, count, view.utc_offset_minutes));
                }
            }
        }
        self.labels(&mut drawn, plot, height, theme);
        times::label(&mut drawn.scene, plot, surface, view, theme, text);
        drawn
    }

    /// Names of rows, as many as there is room for.
    fn labels(&self, drawn: &mut Drawn, plot: Rect, height: f64, theme: &Theme) {
        let every = (15.0 / height.max(0.1)).ceil().max(1.0) as usize;
        for (at, name) in self.rows.iter().enumerate().step_by(every) {
            let y = plot.bottom() - (at as f64 + 0.5) * height;
            drawn.scene.text(name, (plot.left - LABEL_GAP, y), Align::End, theme.axis);
        }
    }

    fn spot(&self, cell: Rect, row: usize, ms: i64, count: f64, utc_offset_minutes: i32) -> Spot {
        let tip = TipRow {
            name: self.rows.get(row).cloned().unwrap_or_default(),
            value: self.unit.format(count).to_string(),
            paint: Paint::Heat(1.0),
            nearest: true,
            links: Vec::new(),
        };
        let tip = Tip {
            at_ms: Some(ms),
            head: instant_text(ms, utc_offset_minutes),
            x: cell.center().0,
            y: Some(cell.top),
            rows: vec![tip],
            marks: Vec::new(),
        };
        Spot { place: Place::Rect(cell), tip }
    }
}

/// One column of numbers beside times is one row of buckets.
fn rows(panel: &Panel, frames: &[Frame]) -> Option<Heat> {
    let mut found: Vec<(String, Vec<(i64, f64)>)> = Vec::new();
    for frame in frames {
        let Some(time) = frame.time() else { continue };
        for (at, field) in
            frame.fields.iter().enumerate().filter(|(_, field)| field.kind == FieldKind::Number)
        {
            let sample = |row: usize| match time.values.get(row) {
                Cell::Time(ms) => Some((ms, field.values.number(row)?)),
                _ => None,
            };
            let samples = (0..field.values.len()).filter_map(sample).collect();
            found.push((frame.display_name(at, frames), samples));
        }
    }
    // Bounds are in the order of numbers, whatever the order of the answer.
    let bound = |name: &str| crowsnest_api::parse_value(name);
    if found.iter().all(|(name, _)| bound(name).is_some()) {
        found.sort_by(|a, b| bound(&a.0).unwrap_or(f64::NAN).total_cmp(&bound(&b.0).unwrap_or(f64::NAN)));
    }
    let unit = Unit::parse(&json::text(&panel.options, "yAxis.unit").unwrap_or_default());
    let decimals = json::number(&panel.options, "yAxis.decimals")
        .map_or(Decimals::Auto, |digits| Decimals::Fixed(digits.clamp(0.0, 20.0) as u8));
    let name = |name: &str| match bound(name).filter(|bound| bound.is_finite()) {
        Some(bound) => unit.format_with(bound, decimals).to_string(),
        None => name.to_owned(),
    };
    let named: Vec<String> = found.iter().map(|(raw, _)| name(raw)).collect();
    let samples: Vec<Vec<(i64, f64)>> = found.into_iter().map(|(_, samples)| samples).collect();
    let counts = frames.iter().flat_map(Frame::numbers).find_map(|field| field.config.unit.clone());
    gather(named, &samples, counts.unwrap_or_else(|| Unit::parse("short")))
}

/// Buckets of the values of all series.
fn calculated(panel: &Panel, frames: &[Frame]) -> Option<Heat> {
    let options = json::at(&panel.options, "calculation.yBuckets");
    let mut samples: Vec<(i64, f64)> = Vec::new();
    for frame in frames {
        let Some(time) = frame.time() else { continue };
        for field in frame.numbers() {
            let sample = |row: usize| match time.values.get(row) {
                Cell::Time(ms) => Some((ms, field.values.number(row)?)),
                _ => None,
            };
            samples.extend((0..field.values.len()).filter_map(sample).filter(|sample| sample.1.is_finite()));
        }
    }
    let (low, high) = samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), sample| {
        (low.min(sample.1), high.max(sample.1))
    });
    if samples.is_empty() {
        return None;
    }
    let wanted = json::number(options, "value").filter(|value| *value > 0.0);
    let size = match (json::text(options, "mode").as_deref(), wanted) {
        (Some("size"), Some(size)) => size,
        (Some("count"), Some(count)) => (high - low) / count.clamp(1.0, MOST_ROWS as f64),
        _ => (high - low) / USUAL_ROWS as f64,
    };
    // Round sizes are read more easily; a single value has a bucket of its own.
    let unit = frames
        .iter()
        .flat_map(Frame::numbers)
        .find_map(|field| field.config.unit.clone())
        .unwrap_or_else(Unit::none);
    let size = if size > 0.0 && size.is_finite() {
        unit.axis(high.abs().max(low.abs())).round_step(size)
    } else {
        high.abs().max(1.0)
    };
    let size = size.max((high - low) / MOST_ROWS as f64);
    let first = (low / size).floor();
    let count = ((high / size).floor() - first + 1.0).clamp(1.0, (MOST_ROWS + 1) as f64) as usize;
    let mut buckets: Vec<std::collections::BTreeMap<i64, f64>> =
        vec![std::collections::BTreeMap::new(); count];
    for (ms, value) in samples {
        let at = ((value / size).floor() - first).clamp(0.0, (count - 1) as f64) as usize;
        if let Some(bucket) = buckets.get_mut(at) {
            *bucket.entry(ms).or_default() += 1.0;
        }
    }
    let names = (0..count).map(|at| unit.format((first + at as f64) * size).to_string()).collect();
    let samples: Vec<Vec<(i64, f64)>> =
        buckets.into_iter().map(|bucket| bucket.into_iter().collect()).collect();
    gather(names, &samples, Unit::parse("short"))
}

/// Samples as a grid, neighbours added up where there are more of them than can be seen.
fn gather(names: Vec<String>, samples: &[Vec<(i64, f64)>], unit: Unit) -> Option<Heat> {
    let mut times: Vec<i64> = samples.iter().flatten().map(|sample| sample.0).collect();
    times.sort_unstable();
    times.dedup();
    let step = times
        .windows(2)
        .filter_map(|pair| Some(pair.last()?.saturating_sub(*pair.first()?)))
        .min()
        .unwrap_or(60_000)
        .max(1);
    let by_column = times.len().div_ceil(MOST_COLUMNS).max(1);
    let by_row = names.len().div_ceil(MOST_ROWS).max(1);
    let columns = times.len().div_ceil(by_column);
    let rows: Vec<String> = names.into_iter().step_by(by_row).collect();
    if columns == 0 || rows.is_empty() {
        return None;
    }
    let mut counts = vec![0.0; columns * rows.len()];
    for (row, samples) in samples.iter().enumerate() {
        for (ms, count) in samples.iter().filter(|sample| sample.1 > 0.0) {
            let column = times.binary_search(ms).unwrap_or(0) / by_column;
            if let Some(cell) = counts.get_mut(row / by_row * columns + column) {
                *cell += count;
            }
        }
    }
    let times: Vec<i64> = times.into_iter().step_by(by_column).collect();
    Some(Heat { rows, times, step: step.saturating_mul(by_column as i64), counts, unit })
}
