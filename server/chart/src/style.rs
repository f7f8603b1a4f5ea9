//! How one series is drawn.

use crate::paint::Paint;

/// Which value axis a series is drawn by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    #[default]
    Left,
    /// The right one.
    Right,
}

/// What stands for a series' samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Drawing {
    /// A line.
    #[default]
    Line,
    /// A bar each.
    Bars(Bars),
    /// Dots alone.
    Points,
}

/// Bars of a series over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bars {
    /// Where they stand: -1 ends at its sample's time, 0 is around it, 1 begins there.
    pub align: i8,
    /// Width as a share of the distance of samples.
    pub width: f64,
}

impl Default for Bars {
    fn default() -> Self {
        Self { align: 0, width: 0.6 }
    }
}

/// The way from one sample to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// Straight.
    #[default]
    Straight,
    /// Bent, without passing a sample's value.
    Smooth,
    /// The next sample's value from this one on.
    StepBefore,
    /// This sample's value until the next one.
    StepAfter,
}

/// A line's pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Dash {
    /// What tells series of one colour apart decides.
    #[default]
    Auto,
    /// Unbroken.
    Solid,
    /// Lengths of dash and space, CSS pixels.
    Pattern(f64, f64),
}

/// How the area fades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gradient {
    /// It does not.
    #[default]
    None,
    /// Towards its foot.
    Fade,
}

/// Dots on samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dots {
    /// On those that no line shows.
    #[default]
    Auto,
    /// On each.
    Always,
    /// On none.
    Never,
}

/// What joins samples over a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// Nothing: a gap is a gap.
    #[default]
    Never,
    /// The line goes on.
    Always,
    /// The line goes on over gaps shorter than that, in milliseconds.
    UpTo(i64),
}

/// What a series lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stack {
    /// Zero.
    #[default]
    None,
    /// The series of its group before it.
    Sum(u32),
    /// As above, all of the group together being 100 %.
    Percent(u32),
}

/// How one series is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesStyle {
    /// Its colour; `None` is the one that its labels ask for.
    pub paint: Option<Paint>,
    /// Colours by value, each from where it begins; overrides `paint` along the line. Ascending.
    pub by_value: Vec<(f64, Paint)>,
    /// What stands for its samples.
    pub drawing: Drawing,
    /// Width of the line, CSS pixels.
    pub width: f64,
    /// Opacity of the area; `None` leaves it to the chart.
    pub fill: Option<f64>,
    /// How the area fades.
    pub gradient: Gradient,
    /// The way from sample to sample.
    pub curve: Curve,
    /// The line's pattern.
    pub dash: Dash,
    /// Dots.
    pub dots: Dots,
    /// Diameter of dots, CSS pixels.
    pub dot_size: f64,
    /// What joins samples over a gap.
    pub join: Join,
    /// What it lies on.
    pub stack: Stack,
    /// Which axis it is drawn by.
    pub side: Side,
    /// The area ends at the line of this series, by its index.
    pub fill_to: Option<usize>,
    /// Whether it is drawn with its sign turned, so that its values are read without it.
    pub turned: bool,
    /// Whether nothing is drawn of it, though the legend names it.
    pub invisible: bool,
}

impl Default for SeriesStyle {
    fn default() -> Self {
        Self {
            paint: None,
            by_value: Vec::new(),
            drawing: Drawing::default(),
            width: crate::theme::Theme::LINE_WIDTH,
            fill: None,
            gradient: Gradient::default(),
            curve: Curve::default(),
            dash: Dash::default(),
            dots: Dots::default(),
            dot_size: 4.0,
            join: Join::default(),
            stack: Stack::default(),
            side: Side::default(),
            fill_to: None,
            turned: false,
            invisible: false,
        }
    }
}
