//! From vertices to pixels: thinned to what a screen can show and cut at the plot's edges.

use crate::layout::{Layout, Rect};
use crate::runs::Vertex;
use crate::style::Side;

/// A vertex on the surface, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    /// Foot of the area.
    pub(crate) low: f64,
    /// The line.
    pub(crate) high: f64,
}

/// `run` on the surface with at most four spots per device pixel column (the first, the lowest, the highest and the
/// last), which look the same as all of them.
pub(crate) fn thin(run: &[Vertex], layout: &Layout, side: Side, scale: f64) -> Vec<Spot> {
    let spot = |vertex: &Vertex| Spot {
        x: layout.x(vertex.ms),
        low: layout.y_unclamped(side, vertex.low),
        high: layout.y_unclamped(side, vertex.high),
    };
    let columns = (layout.plot.width * scale).max(1.0);
    if (run.len() as f64) <= columns * 2.0 {
        return run.iter().map(spot).collect();
    }
    let mut spots = Vec::with_capacity(columns as usize * 4);
    let column = |x: f64| (x * scale).floor();
    let all: Vec<Spot> = run.iter().map(spot).collect();
    for group in all.chunk_by(|a, b| column(a.x) == column(b.x)) {
        let highest = extreme(group, |a, b| a < b);
        let lowest = extreme(group, |a, b| a > b);
        let last = group.len().saturating_sub(1);
        let mut kept = [0, highest.min(lowest), highest.max(lowest), last].to_vec();
        kept.dedup();
        spots.extend(kept.into_iter().filter_map(|index| group.get(index).copied()));
    }
    spots
}

/// Index of the spot whose line is most extreme by `before`.
fn extreme(group: &[Spot], before: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = (0, None::<f64>);
    for (index, spot) in group.iter().enumerate() {
        if best.1.is_none_or(|value| before(spot.high, value)) {
            best = (index, Some(spot.high));
        }
    }
    best.0
}

/// Where a value lies relative to the plot: above, within, below.
fn side(y: f64, plot: Rect) -> i8 {
    if y < plot.top {
        -1
    } else if y > plot.bottom() {
        1
    } else {
        0
    }
}

/// The lines that `spots` draw within `plot`: cut at its left and right edge, broken where they leave it at the top or
/// bottom.
pub(crate) fn lines(spots: &[Spot], plot: Rect) -> Vec<Vec<(f64, f64)>> {
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut broken = true;
    for point in bend(spots, plot) {
        let at = (point.x, point.high);
        // Both ends beyond the same edge: that piece is outside.
        if side(at.1, plot) != 0 {
            broken = true;
            continue;
        }
        match lines.last_mut() {
            Some(line) if !broken => line.push(at),
            _ => lines.push(vec![at]),
        }
        broken = false;
    }
    lines
}

/// The outline of the area between line and foot within `plot`.
pub(crate) fn area(spots: &[Spot], plot: Rect) -> Vec<(f64, f64)> {
    let inside = |y: f64| y.clamp(plot.top, plot.bottom());
    let bent = bend(spots, plot);
    let top = bent.iter().map(|spot| (spot.x, inside(spot.high)));
    let foot = bent.iter().rev().map(|spot| (spot.x, inside(spot.low)));
    let mut outline: Vec<(f64, f64)> = top.chain(foot).collect();
    outline.dedup();
    outline
}

/// `spots` cut at the plot's sides, with a spot added wherever the line passes its upper or lower edge.
fn bend(spots: &[Spot], plot: Rect) -> Vec<Spot> {
    let mut bent = Vec::with_capacity(spots.len() + 2);
    let within = |x: f64| (plot.left..=plot.right()).contains(&x);
    if let Some(first) = spots.first().filter(|spot| within(spot.x)) {
        bent.push(*first);
    }
    for pair in spots.windows(2) {
        let [from, to] = pair else { continue };
        // Shares of the way from `from` to `to` at which something happens, in order.
        let mut shares = [
            share(from.x, to.x, plot.left),
            share(from.x, to.x, plot.right()),
            share(from.high, to.high, plot.top),
            share(from.high, to.high, plot.bottom()),
        ];
        shares.sort_by(|a, b| a.unwrap_or(2.0).total_cmp(&b.unwrap_or(2.0)));
        let crossings = shares.into_iter().flatten().map(|share| on_edge(along(*from, *to, share), plot));
        bent.extend(crossings.filter(|spot| within(spot.x)));
        if within(to.x) {
            bent.push(*to);
        }
    }
    bent
}

/// How far from `from` to `to` the `edge` lies, if strictly between them.
fn share(from: f64, to: f64, edge: f64) -> Option<f64> {
    let share = (edge - from) / (to - from);
    (share > 0.0 && share < 1.0).then_some(share)
}

fn along(from: Spot, to: Spot, share: f64) -> Spot {
    let mix = |a: f64, b: f64| a + (b - a) * share;
    Spot { x: mix(from.x, to.x), low: mix(from.low, to.low), high: mix(from.high, to.high) }
}

/// Takes the last bit of rounding off a crossing, so that it counts as inside.
fn on_edge(mut spot: Spot, plot: Rect) -> Spot {
    for edge in [plot.left, plot.right()] {
        if (spot.x - edge).abs() < 1e-6 {
            spot.x = edge;
        }
    }
    for edge in [plot.top, plot.bottom()] {
        if (spot.high - edge).abs() < 1e-6 * edge.abs().max(1.0) {
            spot.high = edge;
        }
    }
    spot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::TimeRange;

    const PLOT: Rect = Rect { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };

    fn spot(x: f64, high: f64) -> Spot {
        Spot { x, low: 100.0, high }
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_plot_and_keeps_its_slope() {
        let drawn = lines(&[spot(0.0, 50.0), spot(50.0, -50.0), spot(100.0, 50.0)], PLOT);
        assert_eq!(drawn, [vec![(0.0, 50.0), (25.0, 0.0)], vec![(75.0, 0.0), (100.0, 50.0)]]);
    }

    #[test]
    fn a_line_is_cut_at_both_sides() {
        let drawn = lines(&[spot(-100.0, 0.0), spot(300.0, 80.0)], PLOT);
        assert_eq!(drawn, [vec![(0.0, 20.0), (100.0, 40.0)]]);
    }

    #[test]
    fn an_area_that_leaves_the_plot_is_flat_at_the_edge() {
        let outline = area(&[spot(0.0, 50.0), spot(50.0, -50.0), spot(100.0, 50.0)], PLOT);
        assert!(outline.contains(&(25.0, 0.0)) && outline.contains(&(75.0, 0.0)));
        assert!(outline.iter().all(|point| (0.0..=100.0).contains(&point.1)));
    }

    #[test]
    fn thinning_keeps_the_extremes_of_each_column() {
        let layout = Layout {
            width: 100.0,
            height: 100.0,
            plot: PLOT,
            range: TimeRange { start_ms: 0, end_ms: 100_000 },
            left: crate::scale::Scale::linear(0.0, 10.0),
            right: crate::scale::Scale::linear(0.0, 10.0),
        };
        let run: Vec<Vertex> = (0..100_000)
            .map(|i| {
                let value = if i == 55_555 { 9.0 } else { f64::from(i % 7) };
                Vertex { ms: i64::from(i), value, low: 0.0, high: value }
            })
            .collect();
        let spots = thin(&run, &layout, Side::Left, 2.0);
        assert!(spots.len() <= 4 * 201, "{}", spots.len());
        assert!(spots.iter().any(|spot| (spot.high - 10.0).abs() < 1e-9), "the one peak survives");
        assert_eq!(spots.first().map(|spot| spot.x), Some(0.0));
    }
}
