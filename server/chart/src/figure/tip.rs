//! What a tooltip says.

use super::links::CellLink;
use crate::paint::Paint;

/// What lies under the pointer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tip {
    /// The moment (ms), where the horizontal axis is time.
    pub at_ms: Option<i64>,
    /// Its heading: the moment, a category; may be empty.
    pub head: String,
    /// Its column, CSS pixels.
    pub x: f64,
    /// Its row, where it has one.
    pub y: Option<f64>,
    /// The values, in the order that the panel asks for.
    pub rows: Vec<TipRow>,
    /// What is marked there.
    pub marks: Vec<TipMark>,
}

/// A mark in a tooltip.
#[derive(Clone, Debug, PartialEq)]
pub struct TipMark {
    /// When it is, or from when to when.
    pub when: String,
    /// What it says.
    pub words: String,
    /// Its colour.
    pub paint: Paint,
}

/// A value in a tooltip.
#[derive(Clone, Debug, PartialEq)]
pub struct TipRow {
    /// What it is of.
    pub name: String,
    /// As it is read.
    pub value: String,
    /// Its colour.
    pub paint: Paint,
    /// Whether it is the one next to the pointer.
    pub nearest: bool,
    /// Where it leads.
    pub links: Vec<CellLink>,
}
