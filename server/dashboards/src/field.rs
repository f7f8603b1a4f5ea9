//! Field config: how the values of a column are shown, and the overrides that say so for some columns.
//!
//! Fields, matchers and their rules are Grafana 13's.

mod color;
mod config;
mod display;
mod mapping;
mod matcher;
mod threshold;

pub use color::{ColorMode, SeriesBy, named_color};
pub use config::{DataLink, FieldConfig, configure};
pub use display::{Shown, show};
pub use mapping::{Mapping, MappingResult};
pub(crate) use matcher::compare;
pub use matcher::{Matcher, Subject};
pub use threshold::{Step, Thresholds};
