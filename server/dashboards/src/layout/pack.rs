//! Moving panels up to where there is room, as far as those above let them.

use crate::model::Grid;

/// Moves each place up to the first line from `top` on where it stands on something, and down where another is. Those higher up,
/// then further left, go first.
pub fn pack(grids: &mut [Grid], top: i32) {
    let mut order: Vec<usize> = (0..grids.len()).collect();
    order.sort_by_key(|at| grids.get(*at).map(|grid| (grid.y, grid.x)));
    let mut sorted: Vec<Grid> = order.iter().filter_map(|at| grids.get(*at).copied()).collect();
    stack(&mut sorted, top);
    for (at, grid) in order.into_iter().zip(sorted) {
        if let Some(slot) = grids.get_mut(at) {
            *slot = grid;
        }
    }
}

/// The same in the order of the list.
pub(super) fn stack(grids: &mut [Grid], top: i32) {
    // The line below what stands in each column is all that matters: nothing is put into a hole above it.
    let mut floor = [top; Grid::COLUMNS as usize];
    for grid in grids {
        let from = usize::try_from(grid.x).unwrap_or(0).min(floor.len());
        let to = usize::try_from(grid.x + grid.w).unwrap_or(0).clamp(from, floor.len());
        let Some(columns) = floor.get_mut(from..to) else { continue };
        grid.y = columns.iter().copied().max().unwrap_or(top);
        columns.fill(grid.bottom());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_places_never_overlap_and_packing_again_changes_nothing(
            places in prop::collection::vec((0i32..24, 0i32..100_000, 1i32..24, 1i32..1000), 0..40)
        ) {
            let mut grids: Vec<Grid> =
                places.into_iter().map(|(x, y, w, h)| Grid { x, y, w: w.min(24 - x), h }).collect();
            pack(&mut grids, 0);
            for (at, a) in grids.iter().enumerate() {
                for b in grids.iter().skip(at + 1) {
                    prop_assert!(!a.overlaps(*b), "{:?} {:?}", a, b);
                }
            }
            let once = grids.clone();
            pack(&mut grids, 0);
            prop_assert_eq!(grids, once);
        }
    }
}
