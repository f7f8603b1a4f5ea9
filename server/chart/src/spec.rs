//! What a chart should look like, apart from its colours.

use crowsnest_dashboards::Unit;
use crowsnest_dashboards::marks::Mark;

use crate::data::{ChartData, TimeRange};
use crate::paint::Paint;
use crate::scale::ScaleKind;
use crate::style::{SeriesStyle, Stack};

/// Everything that decides the geometry of a time-series chart.
#[derive(Clone, Debug)]
pub struct ChartSpec<'a> {
    /// The series.
    pub data: &'a ChartData,
    /// The time axis.
    pub range: TimeRange,
    /// The unit of all series.
    pub unit: &'a Unit,
    /// Whether the series lie on each other.
    pub stacking: Stacking,
    /// Fixed ends of the value axis.
    pub bounds: Bounds,
    /// How labels below zero are written.
    pub negative: NegativeLabels,
    /// Limits to show.
    pub thresholds: &'a [Threshold],
    /// Moments to show.
    pub annotations: &'a [Annotation],
    /// Two samples further apart than this (ms) have a gap between them. `None`: half as much again as the usual
    /// distance of the series' samples.
    pub max_gap_ms: Option<i64>,
    /// From this instant on (ms) the data is known to be late.
    pub stale_since_ms: Option<i64>,
    /// Series not to draw, by their index; those past its end are drawn.
    pub hidden: &'a [bool],
    /// The viewer's distance from UTC, positive in the east.
    pub utc_offset_minutes: i32,
    /// How each series is drawn, by its index; those past its end are lines.
    pub styles: &'a [SeriesStyle],
    /// What else there is to say about the left axis.
    pub left: AxisSpec<'a>,
    /// The axis of series drawn by the right side. Its unit is `unit` unless it has its own.
    pub right: AxisSpec<'a>,
    /// Stretches of values with a ground of their own.
    pub bands: &'a [Band],
}

/// One value axis, beyond its unit and fixed ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct AxisSpec<'a> {
    /// Its own unit.
    pub unit: Option<&'a Unit>,
    /// Ends that give way to data beyond them.
    pub soft: Bounds,
    /// Fixed ends; of the left axis those of the chart count.
    pub bounds: Bounds,
    /// How values are spread.
    pub scale: ScaleKind,
    /// Whether it has no labels.
    pub hidden: bool,
    /// What it is called; empty for nothing.
    pub title: &'a str,
}

/// A stretch of values with a ground of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Where it begins; may be infinite.
    pub from: f64,
    /// Where it ends; may be infinite.
    pub to: f64,
    /// Its colour.
    pub paint: Paint,
}

impl<'a> ChartSpec<'a> {
    /// Plain lines of `data` over `range`, in UTC.
    pub fn new(data: &'a ChartData, range: TimeRange, unit: &'a Unit) -> Self {
        Self {
            data,
            range,
            unit,
            stacking: Stacking::None,
            bounds: Bounds::default(),
            negative: NegativeLabels::Signed,
            thresholds: &[],
            annotations: &[],
            max_gap_ms: None,
            stale_since_ms: None,
            hidden: &[],
            utc_offset_minutes: 0,
            styles: &[],
            left: AxisSpec::default(),
            right: AxisSpec::default(),
            bands: &[],
        }
    }

    /// How the series is drawn.
    pub(crate) fn style(&self, series: usize) -> SeriesStyle {
        let plain = || SeriesStyle {
            stack: if self.stacking == Stacking::Stacked { Stack::Sum(0) } else { Stack::None },
            ..SeriesStyle::default()
        };
        self.styles.get(series).cloned().unwrap_or_else(plain)
    }

    pub(crate) fn is_hidden(&self, series: usize) -> bool {
        self.hidden.get(series).copied().unwrap_or(false)
    }
}

/// Whether series lie on each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stacking {
    /// Each series starts at zero.
    #[default]
    None,
    /// Each series starts where the one before it ends; what is above and below zero is stacked apart.
    Stacked,
}

/// Fixed ends of the value axis; an end that is `None` follows the data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The lower end.
    pub min: Option<f64>,
    /// The upper end.
    pub max: Option<f64>,
}

/// How labels below zero are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NegativeLabels {
    /// With their sign.
    #[default]
    Signed,
    /// Without it: the part below zero shows an opposite (sent below received), not a debt.
    Absolute,
}

impl Severity {
    pub(crate) fn paint(self) -> Paint {
        match self {
            Self::Warning => Paint::Warning,
            Self::Critical => Paint::Critical,
            Self::Neutral => Paint::Muted,
            Self::Painted(paint) => paint,
        }
    }
}

impl NegativeLabels {
    /// The number to write for `value`.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Signed => value,
            Self::Absolute => value.abs(),
        }
    }
}

/// How bad it is to pass a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Severity {
    /// Needs a look.
    Warning,
    /// Needs action.
    Critical,
    /// No judgement: a size, a request.
    Neutral,
    /// Whatever the colour says.
    Painted(Paint),
}

/// A dashed horizontal line with its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Where it lies.
    pub value: f64,
    /// What it says; the value is not added.
    pub label: String,
    /// Its colour.
    pub severity: Severity,
}

/// What kind of moment an annotation marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnnotationKind {
    /// A dashed line with a foot: a roll-out, a change.
    Event,
    /// A red foot only: a restart, a kill.
    Fault,
    /// A dashed line in a colour of its own, or a ground of it over a stretch. Its words are in the tooltip alone.
    Mark(Paint),
}

/// A moment worth marking.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Its end, where it is a stretch.
    pub until_ms: Option<i64>,
    /// A few words; empty for none.
    pub label: String,
    /// How it is drawn.
    pub kind: AnnotationKind,
}

impl Annotation {
    /// What a dashboard's source marks.
    pub fn of(mark: &Mark) -> Self {
        let mut words = mark.title.clone();
        for more in [mark.text.clone(), mark.tags.join(", ")].into_iter().filter(|more| !more.is_empty()) {
            words.push_str(" · ");
            words.push_str(&more);
        }
        Self {
            at_ms: mark.from_ms,
            until_ms: Some(mark.to_ms).filter(|to| *to > mark.from_ms),
            label: words,
            kind: AnnotationKind::Mark(Paint::parse(&mark.color)),
        }
    }

    /// Its end; its own moment where it is no stretch.
    pub(crate) fn end_ms(&self) -> i64 {
        self.until_ms.unwrap_or(self.at_ms)
    }
}
