//! Dashboards: the model and its import, variables, what becomes of query results before they are drawn, units.
//!
//! Pure: runs the same on the server and in the browser. Knows nothing of HTTP, of queries' execution, or of drawing;
//! the clock is never read, an instant that matters is an argument, and patterns are run by whoever has an engine for them
//! ([`pattern::Engine`]). The formats and the semantics are Grafana's, the versions are named where they matter; docs/dashboards.md says what differs.

pub mod calendar;
pub mod datasource;
pub mod field;
pub mod frame;
pub mod import;
pub mod interpolate;
pub mod json;
mod kinds;
pub mod layout;
pub mod link;
pub mod lists;
pub mod marks;
mod migrate;
pub mod model;
pub mod panel;
pub mod pattern;
pub mod prose;
pub mod query;
pub mod reduce;
pub mod report;
pub mod time;
pub mod transform;
pub mod units;
pub mod variables;

pub use import::import;
pub use kinds::{KINDS, PanelKind};
pub use migrate::SCHEMA_VERSION;
pub use model::Dashboard;
pub use units::{AxisScale, Decimals, Formatted, Unit};
