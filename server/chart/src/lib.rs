//! Charts drawn over any plotters back-end: a canvas in the browser, SVG and bitmaps on the server.
//!
//! Pure: takes samples, a range, a unit and a theme, and draws. Knows nothing of queries, of the page around the
//! picture, or of the clock. Start reading at [`Chart::prepare`], which turns a [`ChartSpec`] into geometry; drawing
//! and hovering only read that geometry.

mod alert;
mod arc;
mod axis;
mod board;
mod chart;
mod clip;
mod curve;
mod data;
mod figure;
mod fit;
mod hover;
mod layout;
mod paint;
mod palette;
#[cfg(feature = "png")]
mod png;
mod runs;
mod scale;
mod scene;
mod spark;
mod spec;
mod stack;
mod stats;
mod style;
#[cfg(feature = "svg")]
mod svg;
mod text;
mod theme;

pub use alert::{alert_range, is_of_alert};
pub use axis::{clock_text, instant_text};
pub use board::{Board, BoardItem, BoardPart};
pub use chart::Chart;
pub use data::{ChartData, ChartSeries, TimeRange};
pub use figure::ColumnAlign;
pub use figure::{
    Body, Calculation, CellKind, CellLink, Column, DataTable, Figure, FigureContext, Legend, LegendForm,
    LegendPlace, LegendRow, Message, Over, Picture, Summary, TableCell, TableModel, Tip, TipMark, TipRow,
    View,
};
pub use hover::{Hover, HoverValue, Marker};
pub use layout::{Layout, Rect};
pub use paint::Paint;
pub use palette::{Ink, Stroke, assign_inks};
#[cfg(feature = "png")]
pub use png::{Face, PngError, scene_png};
pub use scale::{Scale, ScaleKind};
pub use scene::{Dialect, DrawError, SUBPIXELS, Scene, Surface, Type};
pub use spark::{Spark, SparkPaths};
pub use spec::{
    Annotation, AnnotationKind, AxisSpec, Band, Bounds, ChartSpec, NegativeLabels, Severity, Stacking,
    Threshold,
};
pub use stats::SeriesStats;
pub use style::{Bars, Curve, Dash, Dots, Drawing, Gradient, Join, SeriesStyle, Side, Stack};
#[cfg(feature = "svg")]
pub use svg::{render_svg, scene_svg, svg_surface};
pub use text::{ApproximateText, MeasureText};
pub use theme::{Color, Theme};
