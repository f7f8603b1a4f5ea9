//! Dashes along straight lines and round corners.

/// Lengths of dash and space of hairlines, in CSS pixels.
pub(super) const DASH: (f64, f64) = (4.0, 3.0);
/// The most dashes of one line: a picture is never that wide.
const MOST: usize = 10_000;

pub(super) fn dash_stretches(from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
    let count = ((to - from) / (DASH.0 + DASH.1)).ceil().clamp(0.0, MOST as f64) as usize;
    (0..count).map(move |index| {
        let start = from + index as f64 * (DASH.0 + DASH.1);
        (start, (start + DASH.0).min(to))
    })
}

/// The dashes of a polyline.
pub(super) fn dashes(points: &[(f64, f64)], (dash, space): (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let (dash, space) = (dash.max(0.5), space.max(0.5));
    let mut dashes = Vec::new();
    let mut current: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let mut drawing = true;
    let mut left = dash;
    for pair in points.windows(2) {
        let [from, to] = pair else { continue };
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        while length - done > left && dashes.len() < MOST {
            done += left;
            let at = (from.0 + (to.0 - from.0) * done / length, from.1 + (to.1 - from.1) * done / length);
            if drawing {
                current.push(at);
                dashes.push(std::mem::take(&mut current));
            } else {
                current = vec![at];
            }
            drawing = !drawing;
            left = if drawing { dash } else { space };
        }
        left -= length - done;
        if drawing {
            current.push(*to);
        }
    }
    if drawing {
        dashes.push(current);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_follow_the_line_round_a_corner() {
        let drawn = dashes(&[(0.0, 0.0), (6.0, 0.0), (6.0, 20.0)], DASH);
        assert_eq!(drawn[0], vec![(0.0, 0.0), (4.0, 0.0)]);
        assert_eq!(drawn[1], vec![(6.0, 1.0), (6.0, 5.0)]);
    }

    #[test]
    fn a_dash_that_turns_keeps_the_corner() {
        let drawn = dashes(&[(0.0, 0.0), (2.0, 0.0), (2.0, 9.0)], DASH);
        assert_eq!(drawn[0], vec![(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)]);
    }
}
