//! Arcs as polygons. Angles are turns from above, clockwise.

use std::f64::consts::TAU;

/// Length of a straight piece of an arc, CSS pixels.
const PIECE: f64 = 2.0;

/// The point of a circle at an angle.
pub(crate) fn at((x, y): (f64, f64), radius: f64, turn: f64) -> (f64, f64) {
    let (sin, cos) = (turn * TAU).sin_cos();
    (x + radius * sin, y - radius * cos)
}

/// The outline of a part of a ring.
pub(crate) fn ring(
    center: (f64, f64),
    (inner, outer): (f64, f64),
    (from, to): (f64, f64),
) -> Vec<(f64, f64)> {
    if to <= from || outer <= 0.0 {
        return Vec::new();
    }
    let pieces = ((to - from) * TAU * outer / PIECE).ceil().clamp(1.0, 720.0) as usize;
    let turn = |piece: usize| from + (to - from) * piece as f64 / pieces as f64;
    let out = (0..=pieces).map(|piece| at(center, outer, turn(piece)));
    if inner <= 0.0 {
        return out.chain([center]).collect();
    }
    out.chain((0..=pieces).rev().map(|piece| at(center, inner, turn(piece)))).collect()
}
