//! What is under the pointer, and the crosshair that shows it.

use plotters_backend::DrawingBackend;

use crate::chart::{Chart, Line};
use crate::data::TimeRange;
use crate::figure::selection;
use crate::paint::Paint;
use crate::palette::Ink;
use crate::runs::Vertex;
use crate::scene::{DrawError, Scene};
use crate::style::Stack;
use crate::theme::Theme;

/// A moment of a chart, with the values of its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// The moment (ms): that of the sample nearest to the pointer, or the pointer's own where there is none.
    pub at_ms: i64,
    /// Its column, CSS pixels.
    pub x: f64,
    /// The values then, largest first.
    pub values: Vec<HoverValue>,
    /// The stretch without samples in which the moment lies.
    pub silence: Option<TimeRange>,
}

/// The value of one series at the hovered moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoverValue {
    /// The series' index in the data.
    pub series: usize,
    /// Its own value, also in a stack.
    pub value: f64,
    /// The row of its line, CSS pixels.
    pub y: f64,
    /// How it is drawn.
    pub ink: Ink,
    /// Its colour.
    pub paint: Paint,
    /// Whether it is the one nearest to the pointer; in a stack, the one whose area the pointer is in.
    pub nearest: bool,
}

/// What the upper canvas shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Marker<'a> {
    /// A line through a moment and a dot on each series.
    Crosshair(&'a Hover),
    /// The stretch being selected, from where the drag began to where it is; columns in CSS pixels.
    Selection(f64, f64),
}

impl Chart {
    /// What lies at column `x` (CSS pixels); `y`, where the pointer is in this chart, decides which series is nearest.
    pub fn nearest(&self, x: f64, y: Option<f64>) -> Hover {
        self.hover_at(self.layout.time_at(x), y)
    }

    /// What lies at the instant `ms`. Held within the range.
    pub fn hover_at(&self, ms: i64, y: Option<f64>) -> Hover {
        let ms =
            ms.clamp(self.layout.range.start_ms, self.layout.range.end_ms.max(self.layout.range.start_ms));
        // Half a step on either side of a sample belongs to it; where nothing says how wide a step is, 12 px do.
        let pixels = (self.layout.range.span_ms() as f64 / self.layout.plot.width * 12.0) as i64;
        let reach = if self.max_gap_ms == i64::MAX { pixels } else { (self.max_gap_ms / 2).max(pixels / 12) };
        let found: Vec<(&Line, Vertex)> =
            self.lines.iter().filter_map(|line| Some((line, vertex_near(line, ms, reach)?))).collect();
        let snapped = found.iter().map(|(_, vertex)| vertex.ms).min_by_key(|sample| (sample - ms).abs());
        let snapped = snapped.filter(|sample| self.layout.range.contains(*sample)).unwrap_or(ms);
        let mut values: Vec<HoverValue> = found
            .into_iter()
            .map(|(line, vertex)| HoverValue {
                series: line.series,
                value: if line.style.turned { -vertex.value } else { vertex.value },
                y: self.layout.y_on(line.style.side, vertex.high),
                ink: line.ink,
                paint: line.paint_at(vertex.value),
                nearest: false,
            })
            .collect();
        if let Some(nearest) = y.and_then(|y| self.nearest_index(&values, y))
            && let Some(value) = values.get_mut(nearest)
        {
            value.nearest = true;
        }
        values.sort_by(|a, b| b.value.total_cmp(&a.value));
        let silence = if values.is_empty() {
            self.silences.iter().find(|silence| silence.contains(ms)).copied()
        } else {
            None
        };
        Hover { at_ms: snapped, x: self.layout.x(snapped), values, silence }
    }

    /// The instant of the next sample after `ms` (or before it), of any visible series, within the range: where an
    /// arrow key moves the crosshair.
    pub fn next_sample(&self, ms: i64, forward: bool) -> Option<i64> {
        let samples = self.lines.iter().flat_map(|line| &line.runs).filter_map(|run| {
            let at = if forward {
                run.partition_point(|vertex| vertex.ms <= ms)
            } else {
                run.partition_point(|vertex| vertex.ms < ms).checked_sub(1)?
            };
            run.get(at).map(|vertex| vertex.ms)
        });
        let within = samples.filter(|sample| self.layout.range.contains(*sample));
        if forward { within.min() } else { within.max() }
    }

    /// Paints the upper canvas, which must be clear.
    ///
    /// # Errors
    /// What the back-end reports.
    pub fn draw_crosshair<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        marker: Marker<'_>,
        theme: &Theme,
    ) -> Result<(), DrawError<DB>> {
        self.marker(marker, theme).play(backend, self.surface, &theme.font)
    }

    /// The upper canvas as a scene.
    pub fn marker(&self, marker: Marker<'_>, theme: &Theme) -> Scene {
        let mut scene = Scene::default();
        let plot = self.layout.plot;
        match marker {
            Marker::Crosshair(hover) => {
                scene.vertical(hover.x, (plot.top, plot.bottom()), theme.crosshair, 1.0);
                for value in &hover.values {
                    // Same column as the hairline, which is one pixel wide.
                    let center = (hover.x + 0.5, value.y);
                    scene.dot(center, 5.0, theme.surface, 1.0);
                    scene.dot(center, 3.5, value.paint.color(theme).0, 1.0);
                }
            }
            Marker::Selection(from, to) => return selection(plot, from, to, theme),
        }
        scene
    }

    /// Index into `values` (still in drawing order) of the one that row `y` belongs to.
    fn nearest_index(&self, values: &[HoverValue], y: f64) -> Option<usize> {
        let distance = |value: &HoverValue| (value.y - y).abs();
        let stacked = self.lines.iter().any(|line| line.style.stack != Stack::None);
        // In a stack, an area reaches from its own line down to the one below.
        let holding =
            values.iter().enumerate().filter(|(_, value)| stacked && value.value >= 0.0 && value.y <= y);
        let holding = holding.max_by(|a, b| a.1.y.total_cmp(&b.1.y));
        let closest = values.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        holding.or(closest).map(|(index, _)| index)
    }
}

/// The vertex of `line` nearest to `ms`, at most `reach` away.
fn vertex_near(line: &Line, ms: i64, reach: i64) -> Option<Vertex> {
    let neighbours = line.runs.iter().flat_map(|run| {
        let after = run.partition_point(|vertex| vertex.ms < ms);
        [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|index| run.get(index).copied())
    });
    let distance = |vertex: &Vertex| vertex.ms.saturating_sub(ms).saturating_abs();
    neighbours.min_by_key(distance).filter(|vertex| distance(vertex) <= reach)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_dashboards::Unit;

    use super::*;
    use crate::data::{ChartData, ChartSeries};
    use crate::scene::Surface;
    use crate::spec::{ChartSpec, Stacking};
    use crate::text::ApproximateText;

    const RANGE: TimeRange = TimeRange { start_ms: 0, end_ms: 100 };

    fn chart(stacking: Stacking, series: &[&[(i64, f64)]]) -> Chart {
        let series = series.iter().enumerate().map(|(index, points)| ChartSeries {
            name: index.to_string(),
            labels: Labels::from_pairs([("i", index.to_string())]),
            points: points.to_vec(),
        });
        let data = ChartData { series: series.collect() };
        let unit = Unit::none();
        let spec = ChartSpec { stacking, ..ChartSpec::new(&data, RANGE, &unit) };
        Chart::prepare(&spec, Surface::canvas(400.0, 200.0, 1.0), &ApproximateText)
    }

    fn order(hover: &Hover) -> Vec<usize> {
        hover.values.iter().map(|value| value.series).collect()
    }

    #[test]
    fn values_are_those_of_the_nearest_sample_largest_first() {
        let chart =
            chart(Stacking::None, &[&[(0, 1.0), (10, 2.0), (20, 3.0)], &[(0, 9.0), (10, 8.0), (20, 7.0)]]);
        let hover = chart.hover_at(12, None);
        assert_eq!((hover.at_ms, order(&hover)), (10, vec![1, 0]));
        assert_eq!(hover.values[0].value, 8.0);
    }

    #[test]
    fn the_series_nearest_to_the_pointer_is_marked() {
        let chart = chart(Stacking::None, &[&[(0, 1.0), (10, 1.0)], &[(0, 9.0), (10, 9.0)]]);
        let near_top = chart.nearest(chart.layout().x(10), Some(chart.layout().y(8.0)));
        assert_eq!(near_top.values.iter().find(|value| value.nearest).map(|value| value.series), Some(1));
    }

    #[test]
    fn in_a_stack_the_area_under_the_pointer_is_marked_and_values_are_the_series_own() {
        let chart = chart(Stacking::Stacked, &[&[(0, 2.0), (10, 2.0)], &[(0, 6.0), (10, 6.0)]]);
        let hover = chart.hover_at(10, Some(chart.layout().y(3.0)));
        let nearest = hover.values.iter().find(|value| value.nearest).unwrap();
        assert_eq!((nearest.series, nearest.value), (1, 6.0));
        assert_eq!(chart.layout().value_at(nearest.y).round(), 8.0);
    }

    #[test]
    fn in_a_gap_there_are_no_values_but_the_gap_is_named() {
        let chart = chart(Stacking::None, &[&[(0, 1.0), (10, 2.0), (20, 2.0), (80, 3.0), (90, 1.0)]]);
        let hover = chart.hover_at(50, None);
        assert_eq!((hover.at_ms, hover.values.len()), (50, 0));
        assert_eq!(hover.silence, Some(TimeRange { start_ms: 20, end_ms: 80 }));
    }

    #[test]
    fn arrows_walk_over_the_samples_of_all_series_and_stop_at_the_ends() {
        let chart = chart(Stacking::None, &[&[(0, 1.0), (20, 2.0)], &[(10, 1.0), (30, 1.0)]]);
        assert_eq!(chart.next_sample(0, true), Some(10));
        assert_eq!(chart.next_sample(10, true), Some(20));
        assert_eq!(chart.next_sample(30, true), None);
        assert_eq!(chart.next_sample(30, false), Some(20));
        assert_eq!(chart.next_sample(0, false), None);
    }

    #[test]
    fn hovering_over_nothing_is_harmless() {
        let hover = chart(Stacking::None, &[]).nearest(-1e9, Some(f64::NAN));
        assert!(hover.values.is_empty() && hover.silence.is_none());
    }
}
