//! Heat maps: how much lies in which bucket at what time.

use crowsnest_dashboards::frame::{Cell, FieldKind, Frame};
use crowsnest_dashboards::interpolate::RowScope;
use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::{Decimals, Unit};

use super::links::{self, CellLink};
use super::picture::{Drawn, Place, Spot};
use super::scheme::Coloring;
use super::summary::DataTable;
use super::times::{self, TIME_AXIS, TimeAxis};
use super::tip::{Tip, TipRow};
use super::{FigureContext, View};
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
/// Neither side of a cell is shorter than this, CSS pixels: what cannot be told apart is drawn as one.
const LEAST_SIDE: f64 = 2.0;
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
    coloring: Coloring,
    /// Where the cells of each row lead, before values are filled in; of none where the panel makes its own buckets.
    links: Vec<Vec<CellLink>>,
}

impl Heat {
    pub(super) fn read(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Self> {
        let heat = if json::flag(&panel.options, "calculate") {
            calculated(panel, frames)
        } else {
            rows(panel, frames, context)
        }?;
        let heat = Self { coloring: Coloring::read(&panel.options), ..heat };
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
        let most = |length: f64| (length / LEAST_SIDE).floor().max(1.0) as usize;
        let coarse = self.folded(most(plot.height), most(plot.width));
        coarse.as_ref().unwrap_or(self).fill(&mut drawn, plot, view, theme);
        times::label(&mut drawn.scene, plot, surface, view, theme, text);
        drawn
    }

    /// The same with neighbours added up, at most so many rows and columns of them; `None` where there are no more.
    fn folded(&self, most_rows: usize, most_columns: usize) -> Option<Self> {
        let by_row = self.rows.len().div_ceil(most_rows.max(1)).max(1);
        let by_column = self.times.len().div_ceil(most_columns.max(1)).max(1);
        if (by_row, by_column) == (1, 1) {
            return None;
        }
        let columns = self.times.len().div_ceil(by_column);
        let rows: Vec<String> = self.rows.iter().step_by(by_row).cloned().collect();
        let mut counts = vec![0.0; columns * rows.len()];
        for row in 0..self.rows.len() {
            for column in 0..self.times.len() {
                let count = self.count(row, column);
                let cell = counts.get_mut(row / by_row * columns + column / by_column);
                if let Some(cell) = cell.filter(|_| count > 0.0) {
                    *cell += count;
                }
            }
        }
        Some(Self {
            times: self.times.iter().step_by(by_column).copied().collect(),
            step: self.step.saturating_mul(i64::try_from(by_column).unwrap_or(i64::MAX)),
            links: if by_row == 1 { self.links.clone() } else { Vec::new() },
            unit: self.unit.clone(),
            coloring: self.coloring.clone(),
            rows,
            counts,
        })
    }

    /// Cells and names of rows.
    fn fill(&self, drawn: &mut Drawn, plot: Rect, view: &View<'_>, theme: &Theme) {
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
                let gap_x = if to - from > 4.0 { gap } else { 0.0 };
                let cell =
                    Rect { left: from, top, width: (to - from - gap_x).max(0.5), height: height - gap };
                let paint = self.coloring.paint(count, most, theme);
                drawn.scene.paint_rect(cell, paint, theme);
                if drawn.spots.len() < MOST_SPOTS {
                    drawn.spots.push(self.spot(cell, paint, (row, *ms), count, view.utc_offset_minutes));
                }
            }
        }
        drawn.times = Some(TimeAxis::new(plot, view.range));
        self.labels(drawn, plot, height, theme);
    }

    /// Names of rows, as many as there is room for.
    fn labels(&self, drawn: &mut Drawn, plot: Rect, height: f64, theme: &Theme) {
        let every = (15.0 / height.max(0.1)).ceil().max(1.0) as usize;
        for (at, name) in self.rows.iter().enumerate().step_by(every) {
            let y = plot.bottom() - (at as f64 + 0.5) * height;
            drawn.scene.text(name, (plot.left - LABEL_GAP, y), Align::End, theme.axis);
        }
    }

    fn spot(
        &self,
        cell: Rect,
        paint: Paint,
        (row, ms): (usize, i64),
        count: f64,
        utc_offset_minutes: i32,
    ) -> Spot {
        let value = self.unit.format(count).to_string();
        let links = self.links.get(row).map_or(&[][..], Vec::as_slice);
        let tip = TipRow {
            name: self.rows.get(row).cloned().unwrap_or_default(),
            links: links::of_sample(links, count, &value, ms),
            value,
            paint,
            nearest: true,
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

/// A bucket's name, its counts by time, and where they lead.
type Bucket = (String, Vec<(i64, f64)>, Vec<CellLink>);

/// One column of numbers beside times is one row of buckets.
fn rows(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Option<Heat> {
    let mut found: Vec<Bucket> = Vec::new();
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
            let name = frame.display_name(at, frames);
            let scope = RowScope { frame, field: at, row: None, name: &name, text: None };
            let links = links::of_row(scope, context);
            found.push((name, samples, links));
        }
    }
    // Bounds are in the order of numbers, whatever the order of the answer.
    let bound = |name: &str| crowsnest_api::parse_value(name);
    if found.iter().all(|(name, ..)| bound(name).is_some()) {
        found.sort_by(|a, b| bound(&a.0).unwrap_or(f64::NAN).total_cmp(&bound(&b.0).unwrap_or(f64::NAN)));
    }
    let unit = Unit::parse(&json::text(&panel.options, "yAxis.unit").unwrap_or_default());
    let decimals = json::number(&panel.options, "yAxis.decimals")
        .map_or(Decimals::Auto, |digits| Decimals::Fixed(digits.clamp(0.0, 20.0) as u8));
    let name = |name: &str| match bound(name).filter(|bound| bound.is_finite()) {
        Some(bound) => unit.format_with(bound, decimals).to_string(),
        None => name.to_owned(),
    };
    let named: Vec<String> = found.iter().map(|(raw, ..)| name(raw)).collect();
    let mut samples = Vec::with_capacity(found.len());
    let mut links = Vec::with_capacity(found.len());
    for (_, own, leads) in found {
        samples.push(own);
        links.push(leads);
    }
    let counts = frames.iter().flat_map(Frame::numbers).find_map(|field| field.config.unit.clone());
    let heat = gather(named, &samples, counts.unwrap_or_else(|| Unit::parse("short")))?;
    // Where several are drawn as one, a link to one of them would be wrong.
    let links = if heat.rows.len() == links.len() { links } else { Vec::new() };
    Some(Heat { links, ..heat })
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
    let step = step.saturating_mul(by_column as i64);
    let coloring = Coloring::read(&serde_json::Value::Null);
    Some(Heat { rows, times, step, counts, unit, coloring, links: Vec::new() })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crowsnest_api::Labels;
    use crowsnest_dashboards::frame::{Field, Values};
    use crowsnest_dashboards::import::{Answers, Limits, import_value};
    use crowsnest_dashboards::interpolate::Bound;
    use crowsnest_dashboards::pattern::Fancy;
    use serde_json::{Value, json};

    use super::*;
    use crate::data::TimeRange;
    use crate::text::ApproximateText;

    const RANGE: TimeRange = TimeRange { start_ms: 0, end_ms: 1_000_000 };

    fn heat(buckets: usize, columns: usize, options: &Value) -> Heat {
        let json = json!({"panels": [{"type": "heatmap", "options": options, "targets": [{"refId": "A", "expr": "x"}]}]});
        let imported = import_value(json, &Answers::new(), &Limits::default()).unwrap();
        let panel = imported.dashboard.panels().remove(0);
        let times: Vec<_> = (0..columns).map(|at| Some((at * 1_000_000 / columns) as i64)).collect();
        let frame = |bucket: usize| {
            let mut value =
                Field::new("Value", Values::numbers((0..columns).map(|at| ((bucket + at) % 7) as f64)));
            value.labels = Labels::from_pairs([("le", bucket.to_string())]);
            value.legend = Some(bucket.to_string());
            value.config.links = crowsnest_dashboards::field::FieldConfig::read(
                &json!({"links": [{"title": "at ${__value.time}", "url": "/d/x?le=${__field.labels.le}&n=${__value.raw}"}]}),
            )
            .links;
            Frame {
                fields: vec![Field::new("Time", Values::Times(times.clone())), value],
                ..Frame::default()
            }
        };
        let frames: Vec<Frame> = (0..buckets).map(frame).collect();
        let none = BTreeMap::<String, Bound>::new();
        let context = FigureContext { range: RANGE, utc_offset_minutes: 0, variables: &none, engine: &Fancy };
        Heat::read(&panel, &frames, &context).unwrap()
    }

    fn drawn(heat: &Heat) -> Drawn {
        let hidden = BTreeSet::new();
        let surface = Surface::canvas(800.0, 240.0, 1.0);
        heat.draw(surface, &View::new(RANGE, &hidden), &Theme::light(), &ApproximateText)
    }

    #[test]
    fn of_a_million_buckets_no_more_cells_are_drawn_than_can_be_seen_and_no_count_is_lost() {
        let heat = heat(1_000, 1_000, &json!({}));
        let all: f64 = (0..1_000).flat_map(|row| (0..1_000).map(move |at| f64::from((row + at) % 7))).sum();
        assert_eq!(heat.counts.iter().sum::<f64>(), all);
        assert!(heat.rows.len() <= MOST_ROWS && heat.times.len() <= MOST_COLUMNS);
        let coarse = heat.folded(100, 400).unwrap();
        assert!(coarse.rows.len() <= 100 && coarse.times.len() <= 400);
        assert_eq!(coarse.counts.iter().sum::<f64>(), all);
        let drawn = drawn(&heat);
        assert!(drawn.spots.len() <= MOST_SPOTS);
        assert!(drawn.scene.len() <= 400 * 120 + 200, "{} marks", drawn.scene.len());
    }

    #[test]
    fn a_cell_leads_where_its_bucket_does_and_a_column_is_a_moment() {
        let drawn = drawn(&heat(3, 10, &json!({"color": {"mode": "scheme", "scheme": "Oranges"}})));
        let tip = &drawn.spots.iter().find(|spot| spot.tip.rows[0].name == "2").unwrap().tip;
        let [link] = tip.rows[0].links.as_slice() else { panic!("{tip:?}") };
        assert!(link.url.starts_with("/d/x?le=2&n="), "{}", link.url);
        assert_eq!(link.title, format!("at {}", tip.at_ms.unwrap()));
        let times = drawn.times.unwrap();
        assert!((times.time_at(400.0) - 500_000).abs() < 50_000);
        assert!(
            times.moment(500_000, &Theme::light()).len() == 1
                && times.moment(2_000_000, &Theme::light()).len() == 0
        );
    }
}
