//! Charts drawn over any plotters back-end: a canvas in the browser, SVG and bitmaps on the server.
//!
//! Pure: takes samples, a range, a unit and a theme, and draws. Knows nothing of queries, of the page around the
//! picture, or of the clock. Start reading at [`Chart::prepare`], which turns a [`ChartSpec`] into geometry; drawing
//! and hovering only read that geometry.

mod axis;
mod chart;
mod clip;
mod data;
mod hover;
mod layout;
mod palette;
mod pen;
mod runs;
mod spark;
mod spec;
mod stack;
mod stats;
#[cfg(feature = "svg")]
mod svg;
mod text;
mod theme;

pub use axis::{clock_text, instant_text};
pub use chart::Chart;
pub use data::{ChartData, ChartSeries, TimeRange};
pub use hover::{Hover, HoverValue, Marker};
pub use layout::{Layout, Rect};
pub use palette::{Ink, Stroke, assign_inks};
pub use pen::{Dialect, SUBPIXELS, Surface};
pub use spark::{Spark, SparkPaths};
pub use spec::{
    Annotation, AnnotationKind, Bounds, ChartSpec, NegativeLabels, Severity, Stacking, Threshold,
};
pub use stats::SeriesStats;
#[cfg(feature = "svg")]
pub use svg::render_svg;
pub use text::{ApproximateText, MeasureText};
pub use theme::{Color, Theme};
