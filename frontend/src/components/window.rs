//! Which of many rows are drawn: those near to what is seen, so that ten thousand cost no more than fifty.

/// Rows above and below what is seen, for scrolling without holes.
const BEYOND: usize = 12;

/// The first row to draw and how many, of `total` rows of height `row` in a place of height `height` that was scrolled by
/// `scrolled`, all in pixels.
pub(crate) fn rows_near(total: usize, scrolled: f64, height: f64, row: f64) -> (usize, usize) {
    let row = row.max(1.0);
    let first = (scrolled.max(0.0) / row) as usize;
    let count = (height.max(0.0) / row).ceil() as usize + 1;
    let start = first.saturating_sub(BEYOND).min(total);
    // Whole steps of rows, so that a pixel of scrolling draws nothing anew.
    let start = start - start % 4;
    (start, (first + count + BEYOND + 4).min(total).saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_all_drawn() {
        assert_eq!(rows_near(5, 0.0, 600.0, 30.0), (0, 5));
        assert_eq!(rows_near(0, 0.0, 600.0, 30.0), (0, 0));
    }

    #[test]
    fn of_many_rows_those_near_to_what_is_seen_are_drawn() {
        let (start, count) = rows_near(10_000, 150_000.0, 600.0, 30.0);
        assert!(start <= 5_000 - BEYOND && start + count >= 5_021 + BEYOND, "{start} {count}");
        assert!(count < 64, "{count}");
        let (start, count) = rows_near(10_000, 300_000.0, 600.0, 30.0);
        assert_eq!(start + count, 10_000);
        assert_eq!(rows_near(3, 9_000.0, 600.0, 30.0), (0, 3));
    }
}
