//! A dashboard as it is worked with: its JSON, and what that says.
//!
//! The JSON is the whole truth, so that what is not understood is kept. What is read from it (panels, queries, variables) are plain values,
//! made anew whenever somebody asks.

mod annotation;
mod dashboard;
mod grid;
mod panel;
mod target;

pub use annotation::Annotation;
pub use dashboard::{Crosshair, Dashboard, DashboardLink, LinkKind};
pub use grid::Grid;
pub use panel::{Panel, Repeat, RepeatDirection, Row, RowItem};
pub use target::{Format, Target, TargetKind};
