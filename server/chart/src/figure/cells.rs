//! Places for several values of one panel.

use crowsnest_dashboards::json;
use serde_json::Value;

use crate::layout::Rect;

/// Space between places, CSS pixels.
const GAP: f64 = 6.0;

/// How values follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orientation {
    /// Whatever leaves them the most room.
    Auto,
    /// Side by side.
    Vertical,
    /// Below each other.
    Horizontal,
}

impl Orientation {
    pub(super) fn read(options: &Value) -> Self {
        match json::text(options, "orientation").as_deref() {
            Some("vertical") => Self::Vertical,
            Some("horizontal") => Self::Horizontal,
            _ => Self::Auto,
        }
    }
}

/// Places for `count` values, as near to `ratio` (width by height) as they can be; none narrower or lower than `least`, so that there may be fewer
/// than asked for.
pub(super) fn cells(
    count: usize,
    room: Rect,
    orientation: Orientation,
    ratio: f64,
    least: (f64, f64),
) -> Vec<Rect> {
    let count = count.max(1);
    let columns = match orientation {
        Orientation::Vertical => count,
        Orientation::Horizontal => 1,
        Orientation::Auto => {
            // The side of the largest box of that ratio that fits into each of the places.
            let size = |columns: &usize| {
                let rows = count.div_ceil(*columns);
                let (width, height) = (room.width / *columns as f64, room.height / rows as f64);
                (width / ratio).min(height)
            };
            (1..=count).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(1)
        }
    };
    let most_columns = ((room.width + GAP) / (least.0 + GAP)).floor().max(1.0) as usize;
    let columns = columns.min(most_columns);
    let most_rows = ((room.height + GAP) / (least.1 + GAP)).floor().max(1.0) as usize;
    let rows = count.div_ceil(columns).min(most_rows);
    let width = (room.width - GAP * (columns - 1) as f64) / columns as f64;
    let height = (room.height - GAP * (rows - 1) as f64) / rows as f64;
    let place = |at: usize| Rect {
        left: room.left + (at % columns) as f64 * (width + GAP),
        top: room.top + (at / columns) as f64 * (height + GAP),
        width: width.max(0.0),
        height: height.max(0.0),
    };
    (0..count.min(columns * rows)).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_fill_the_room_and_are_never_too_small() {
        let room = Rect { left: 0.0, top: 0.0, width: 400.0, height: 100.0 };
        let found = cells(4, room, Orientation::Auto, 1.0, (20.0, 20.0));
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|cell| cell.height == 100.0), "{found:?}");
        assert!(cells(1000, room, Orientation::Auto, 2.0, (40.0, 20.0)).len() <= 40);
        assert_eq!(
            cells(1000, room, Orientation::Vertical, 2.0, (40.0, 20.0))
                .first()
                .map(|cell| cell.width >= 40.0),
            Some(true)
        );
    }
}
