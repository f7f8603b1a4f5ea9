//! The dashboard model: units today; import, variables and transformations later.
//!
//! Pure: runs the same on the server and in the browser. Knows nothing of HTTP, of queries' execution, or of drawing;
//! the clock is never read, an instant that matters is an argument.

pub mod calendar;
pub mod units;

pub use units::{AxisScale, Decimals, Formatted, Unit};
