//! The way from one sample to the next, on the surface.

use crate::clip::Spot;
use crate::style::Curve;

/// Pieces of a bent line between two samples.
const PIECES: usize = 8;
/// Samples nearer to each other than this (CSS pixels) leave nothing to bend.
const NEAR: f64 = 3.0;

/// `run` with the corners of steps, or with the points that make a line look bent.
pub(crate) fn bend(run: Vec<Spot>, curve: Curve, width: f64) -> Vec<Spot> {
    let sparse = run.len() as f64 * NEAR <= width;
    match curve {
        Curve::Smooth if sparse => smooth(&run),
        Curve::Straight | Curve::Smooth => run,
        Curve::StepBefore => steps(&run, |_, to| to),
        Curve::StepAfter => steps(&run, |from, _| from),
    }
}

fn steps(run: &[Spot], level: fn(Spot, Spot) -> Spot) -> Vec<Spot> {
    let mut bent: Vec<Spot> = run.first().copied().into_iter().collect();
    for pair in run.windows(2) {
        let [from, to] = pair else { continue };
        let held = level(*from, *to);
        bent.push(Spot { x: from.x, ..held });
        bent.push(Spot { x: to.x, ..held });
        bent.push(*to);
    }
    bent
}

/// Monotone cubic pieces (Fritsch and Carlson): no value that the samples do not have.
fn smooth(run: &[Spot]) -> Vec<Spot> {
    let highs = tangents(run, |spot| spot.high);
    let lows = tangents(run, |spot| spot.low);
    let mut bent: Vec<Spot> = run.first().copied().into_iter().collect();
    for (at, pair) in run.windows(2).enumerate() {
        let [from, to] = pair else { continue };
        let width = to.x - from.x;
        let slope = |tangents: &[f64], at: usize| tangents.get(at).copied().unwrap_or(0.0) * width;
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            let mix = |a: f64, b: f64, ta: f64, tb: f64| {
                let (t2, t3) = (t * t, t * t * t);
                a * (2.0 * t3 - 3.0 * t2 + 1.0)
                    + ta * (t3 - 2.0 * t2 + t)
                    + b * (3.0 * t2 - 2.0 * t3)
                    + tb * (t3 - t2)
            };
            bent.push(Spot {
                x: from.x + width * t,
                high: mix(from.high, to.high, slope(&highs, at), slope(&highs, at + 1)),
                low: mix(from.low, to.low, slope(&lows, at), slope(&lows, at + 1)),
            });
        }
    }
    bent
}

fn tangents(run: &[Spot], of: fn(&Spot) -> f64) -> Vec<f64> {
    let slopes: Vec<f64> = run
        .windows(2)
        .map(|pair| match pair {
            [from, to] if to.x > from.x => (of(to) - of(from)) / (to.x - from.x),
            _ => 0.0,
        })
        .collect();
    (0..run.len())
        .map(|at| {
            let before = at.checked_sub(1).and_then(|at| slopes.get(at)).copied();
            match (before, slopes.get(at).copied()) {
                (Some(a), Some(b)) if a * b > 0.0 => 2.0 * a * b / (a + b),
                (Some(_), Some(_)) => 0.0,
                (Some(only), None) | (None, Some(only)) => only,
                (None, None) => 0.0,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(points: &[(f64, f64)]) -> Vec<Spot> {
        points.iter().map(|(x, high)| Spot { x: *x, low: 0.0, high: *high }).collect()
    }

    #[test]
    fn steps_hold_a_value_until_the_next_one() {
        let heights = |curve| bend(spots(&[(0.0, 1.0), (10.0, 5.0)]), curve, 100.0);
        let after: Vec<_> = heights(Curve::StepAfter).iter().map(|spot| (spot.x, spot.high)).collect();
        assert_eq!(after, [(0.0, 1.0), (0.0, 1.0), (10.0, 1.0), (10.0, 5.0)]);
        let before: Vec<_> = heights(Curve::StepBefore).iter().map(|spot| (spot.x, spot.high)).collect();
        assert_eq!(before, [(0.0, 1.0), (0.0, 5.0), (10.0, 5.0), (10.0, 5.0)]);
    }

    #[test]
    fn a_bent_line_passes_its_samples_and_never_overshoots() {
        let bent = bend(spots(&[(0.0, 0.0), (10.0, 10.0), (20.0, 10.0), (30.0, 0.0)]), Curve::Smooth, 1000.0);
        assert!(bent.iter().all(|spot| (0.0..=10.0 + 1e-9).contains(&spot.high)), "{bent:?}");
        assert!(bent.iter().any(|spot| spot.x == 10.0 && (spot.high - 10.0).abs() < 1e-9));
    }
}
