//! A panel as a picture, and what a page needs around it: legend, tooltip, description, the same numbers as a table.
//!
//! [`Figure::new`] reads a panel's frames once. [`Figure::prepare`] computes a [`Picture`] for a surface whenever size, time range, theme or the
//! choice of series change; a picture only draws and answers what lies under the pointer.

mod bar_gauge;
mod bars;
mod cells;
mod gauge;
mod heat;
mod legend;
mod links;
mod message;
mod options;
mod panel;
mod picture;
mod pie;
mod scheme;
mod series;
mod stat;
mod states;
mod summary;
mod table;
mod times;
mod tip;
mod value;
mod words;

use std::collections::BTreeSet;

use crowsnest_dashboards::frame::Frame;
use crowsnest_dashboards::interpolate::Scope;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::panel::face;
use crowsnest_dashboards::pattern::Engine;
use crowsnest_dashboards::prose::Block;
use crowsnest_dashboards::{PanelKind, interpolate};

pub use legend::{Calculation, Legend, LegendForm, LegendPlace, LegendRow};
pub use links::CellLink;
pub use message::Message;
pub use picture::{Over, Picture};
pub use summary::{DataTable, Summary};
pub use table::ColumnAlign;
pub use table::{CellKind, Column, TableCell, TableModel};
pub(crate) use times::selection;
pub use tip::{Tip, TipMark, TipRow};

use crate::data::TimeRange;
use crate::scene::Surface;
use crate::spec::Annotation;
use crate::text::MeasureText;
use crate::theme::Theme;
use bar_gauge::BarGauges;
use bars::BarsShape;
use gauge::Gauges;
use heat::Heat;
use pie::Pie;
use series::SeriesShape;
use stat::Stats;
use states::States;

/// The most links of a figure's values that are listed together.
const MOST_LINKS: usize = 20;

/// What a figure depends on beside its panel and frames.
#[derive(Clone, Copy)]
pub struct FigureContext<'a> {
    /// The panel's time range.
    pub range: TimeRange,
    /// The viewer's distance from UTC, positive in the east.
    pub utc_offset_minutes: i32,
    /// Variables, for titles and links.
    pub variables: &'a dyn Scope,
    /// Runs the patterns of value mappings and options.
    pub engine: &'a dyn Engine,
}

/// What may change without new data.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The time axis.
    pub range: TimeRange,
    /// The viewer's distance from UTC, positive in the east.
    pub utc_offset_minutes: i32,
    /// Series that somebody switched off in the legend, by [`LegendRow::key`].
    pub hidden: &'a BTreeSet<String>,
    /// Moments to mark.
    pub annotations: &'a [Annotation],
    /// From this instant on (ms) the data is known to be late.
    pub stale_since_ms: Option<i64>,
}

impl<'a> View<'a> {
    /// All series over `range`, in UTC.
    pub fn new(range: TimeRange, hidden: &'a BTreeSet<String>) -> Self {
        Self { range, utc_offset_minutes: 0, hidden, annotations: &[], stale_since_ms: None }
    }
}

/// How a page shows a figure.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// On a canvas: [`Figure::prepare`], then [`Picture::draw`].
    Picture,
    /// As a table of the page.
    Table(&'a TableModel),
    /// As words of the page: nothing in them is markup any more.
    Text(&'a [Block]),
    /// As a sentence. A picture of it says the same.
    Message(&'a Message),
}

/// A panel with its data, ready to be drawn at any size.
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    kind: Option<PanelKind>,
    shape: Shape,
}

/// What is drawn.
#[derive(Clone, Debug)]
enum Shape {
    Series(Box<SeriesShape>),
    Stats(Stats),
    Gauges(Gauges),
    BarGauges(BarGauges),
    Table(TableModel),
    Bars(Box<BarsShape>),
    Pie(Pie),
    Heat(Heat),
    States(States),
    Text(Vec<Block>),
    Message(Message),
}

impl Figure {
    /// The figure of `panel`, whose `frames` come from [`crowsnest_dashboards::panel::frames`].
    pub fn new(panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Self {
        let title = interpolate::interpolate(&panel.title, context.variables, &interpolate::Format::Text);
        let (kind, shape) = match face(panel) {
            Ok(kind) => (Some(kind), shape(kind, panel, frames, context)),
            Err(why) => (None, Shape::Message(Message::Unsupported(why))),
        };
        Self { title, kind, shape }
    }

    /// The figure of a panel whose queries could not be answered, for the reason `why`.
    pub fn failed(panel: &Panel, why: &str, context: &FigureContext<'_>) -> Self {
        Self { shape: Shape::Message(Message::Failed(why.to_owned())), ..Self::new(panel, &[], context) }
    }

    /// The panel's title with its variables filled in; may be empty.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is drawn as; `None` when it cannot be.
    pub fn kind(&self) -> Option<PanelKind> {
        self.kind
    }

    /// How a page shows it.
    pub fn body(&self) -> Body<'_> {
        match &self.shape {
            Shape::Table(table) => Body::Table(table),
            Shape::Text(blocks) => Body::Text(blocks),
            Shape::Message(message) => Body::Message(message),
            _ => Body::Picture,
        }
    }

    /// The legend, where the panel has one. Rows say whether they are among the hidden.
    pub fn legend(&self, hidden: &BTreeSet<String>) -> Option<Legend> {
        match &self.shape {
            Shape::Series(series) => series.legend(hidden),
            Shape::Bars(bars) => bars.legend(hidden),
            Shape::Pie(pie) => pie.legend(hidden),
            Shape::States(states) => states.legend(hidden),
            _ => None,
        }
    }

    /// Where its single values lead, each once: what a tooltip has, for those who have no pointer.
    pub fn links(&self) -> Vec<CellLink> {
        let values = match &self.shape {
            Shape::Stats(stats) => &stats.values,
            Shape::Gauges(gauges) => &gauges.values,
            Shape::BarGauges(bars) => &bars.values,
            Shape::Pie(pie) => &pie.values,
            _ => return Vec::new(),
        };
        let mut links: Vec<CellLink> = Vec::new();
        for link in values.iter().flat_map(|value| &value.links) {
            if links.len() < MOST_LINKS && !links.contains(link) {
                links.push(link.clone());
            }
        }
        links
    }

    /// Whether pointing at a moment makes sense: whether its horizontal axis is time.
    pub fn has_time_axis(&self) -> bool {
        matches!(self.shape, Shape::Series(_) | Shape::Heat(_) | Shape::States(_))
    }

    /// What it shows, in few words and numbers, for those who cannot see it.
    pub fn summary(&self) -> Summary {
        summary::of(self)
    }

    /// The numbers behind it as a table, at most a thousand rows.
    pub fn data_table(&self, context: &FigureContext<'_>) -> DataTable {
        summary::table(self, context)
    }

    /// How it looks on `surface`.
    pub fn prepare(
        &self,
        surface: Surface,
        view: &View<'_>,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Picture {
        picture::prepare(self, surface, view, theme, text)
    }
}

fn shape(kind: PanelKind, panel: &Panel, frames: &[Frame], context: &FigureContext<'_>) -> Shape {
    let empty = frames.iter().all(Frame::is_empty);
    let no_data = || Shape::Message(Message::NoData);
    let singles = || value::singles(panel, frames, context);
    match kind {
        PanelKind::Text => Shape::Text(words::read(panel, context)),
        PanelKind::Row | PanelKind::AlertList | PanelKind::DashboardList | PanelKind::Logs => {
            Shape::Message(Message::Elsewhere(kind))
        }
        _ if empty => no_data(),
        PanelKind::Table => Shape::Table(table::read(panel, frames, context)),
        PanelKind::Stat | PanelKind::Gauge | PanelKind::BarGauge | PanelKind::PieChart => {
            let found = singles();
            if found.0.iter().all(|one| one.is_null) {
                return no_data();
            }
            match kind {
                PanelKind::Stat => Shape::Stats(Stats::read(panel, found)),
                PanelKind::Gauge => Shape::Gauges(Gauges::read(panel, found)),
                PanelKind::BarGauge => Shape::BarGauges(BarGauges::read(panel, found)),
                _ => Shape::Pie(Pie::read(panel, found)),
            }
        }
        PanelKind::BarChart => {
            BarsShape::read(panel, frames, context).map_or_else(no_data, |bars| Shape::Bars(Box::new(bars)))
        }
        PanelKind::Histogram => BarsShape::histogram(panel, frames, context)
            .map_or_else(no_data, |bars| Shape::Bars(Box::new(bars))),
        PanelKind::Heatmap => Heat::read(panel, frames, context).map_or_else(no_data, Shape::Heat),
        PanelKind::StateTimeline | PanelKind::StatusHistory => {
            let merged = kind == PanelKind::StateTimeline;
            States::read(panel, frames, merged, context).map_or_else(no_data, Shape::States)
        }
        PanelKind::TimeSeries => SeriesShape::read(panel, frames, context)
            .map_or_else(no_data, |series| Shape::Series(Box::new(series))),
    }
}
