//! Places on the grid.

use serde_json::{Value, json};

use crate::json;

/// A place on the grid of 24 columns; a unit of height is 30 px with 8 px between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// First column, 0 to 23.
    pub x: i32,
    /// First line.
    pub y: i32,
    /// Columns, 1 to 24.
    pub w: i32,
    /// Lines, 1 to [`Self::HIGHEST`].
    pub h: i32,
}

impl Grid {
    /// Columns of the grid.
    pub const COLUMNS: i32 = 24;
    /// The last line that a panel may begin in.
    pub const LOWEST: i32 = 100_000;
    /// The most lines of one panel.
    pub const HIGHEST: i32 = 1_000;

    /// Reads `gridPos`, cut to the grid; what is missing is as in [`Self::default`].
    pub fn read(value: &Value) -> Self {
        let default = Self::default();
        let number = |key, least: i32, most: i32, default: i32| {
            let number = json::whole(value, key, i64::from(least), i64::from(most), i64::from(default));
            i32::try_from(number).unwrap_or(default)
        };
        let x = number("x", 0, Self::COLUMNS - 1, 0);
        Self {
            x,
            y: number("y", 0, Self::LOWEST, 0),
            w: number("w", 1, Self::COLUMNS, default.w).min(Self::COLUMNS - x),
            h: number("h", 1, Self::HIGHEST, default.h),
        }
    }

    /// `gridPos`.
    pub fn to_json(self) -> Value {
        json!({"x": self.x, "y": self.y, "w": self.w, "h": self.h})
    }

    /// The line below.
    pub fn bottom(self) -> i32 {
        self.y.saturating_add(self.h)
    }

    /// Whether the two share a cell.
    pub fn overlaps(self, other: Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self { x: 0, y: 0, w: 12, h: 9 }
    }
}
