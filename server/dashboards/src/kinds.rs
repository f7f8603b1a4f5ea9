//! The kinds of panels: one table for what can be drawn, what older plug-ins are now, and what is seen in place of the rest.
//!
//! Ids are those of Grafana 13 and of the panel plug-ins that older dashboards use.

use crate::report::Shown;

/// A kind of panel that is drawn here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelKind {
    /// Lines, bars and points over time.
    TimeSeries,
    /// One large number a series.
    Stat,
    /// A dial.
    Gauge,
    /// A bar a series.
    BarGauge,
    /// Rows and columns.
    Table,
    /// Bars by category.
    BarChart,
    /// A pie or a ring.
    PieChart,
    /// How often values occur.
    Histogram,
    /// Buckets over time.
    Heatmap,
    /// States as bands over time.
    StateTimeline,
    /// States as cells over time.
    StatusHistory,
    /// Markdown or HTML.
    Text,
    /// A header that opens and closes what is below it.
    Row,
    /// Alerts that fire.
    AlertList,
    /// Other dashboards.
    DashboardList,
    /// Log lines: a placeholder, since no logs are stored here.
    Logs,
}

/// The ids of what is drawn here.
pub const KINDS: &[(&str, PanelKind)] = &[
    ("alertlist", PanelKind::AlertList),
    ("barchart", PanelKind::BarChart),
    ("bargauge", PanelKind::BarGauge),
    ("dashlist", PanelKind::DashboardList),
    ("gauge", PanelKind::Gauge),
    ("heatmap", PanelKind::Heatmap),
    ("histogram", PanelKind::Histogram),
    ("logs", PanelKind::Logs),
    ("piechart", PanelKind::PieChart),
    ("row", PanelKind::Row),
    ("stat", PanelKind::Stat),
    ("state-timeline", PanelKind::StateTimeline),
    ("status-history", PanelKind::StatusHistory),
    ("table", PanelKind::Table),
    ("text", PanelKind::Text),
    ("timeseries", PanelKind::TimeSeries),
];

/// Plug-ins whose panels become another kind while only their common settings are kept.
pub(crate) const RENAMED: &[(&str, &str)] = &[
    ("briangann-gauge-panel", "gauge"),
    ("flant-statusmap-panel", "status-history"),
    ("grafana-piechart-panel", "piechart"),
    ("heatmap-new", "heatmap"),
    ("natel-discrete-panel", "state-timeline"),
    ("vonage-status-panel", "stat"),
];

/// What is not drawn here but has data that lines or a sentence can stand for; every other unknown kind is a table.
const IN_PLACE: &[(&str, Shown)] = &[
    ("annolist", Shown::Message),
    ("candlestick", Shown::TimeSeries),
    ("flamegraph", Shown::Message),
    ("gettingstarted", Shown::Message),
    ("news", Shown::Message),
    ("traces", Shown::Message),
    ("trend", Shown::TimeSeries),
    ("welcome", Shown::Message),
    ("xychart", Shown::TimeSeries),
];

impl PanelKind {
    /// The kind with the id `id`, if it is drawn here.
    pub fn find(id: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == id).map(|(_, kind)| *kind)
    }

    /// The id of the kind.
    pub fn id(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(id, _)| id)
    }
}

/// What is seen in place of a panel of the unknown kind `id`.
pub(crate) fn shown_instead(id: &str, has_queries: bool) -> Shown {
    match IN_PLACE.iter().find(|(known, _)| *known == id) {
        _ if !has_queries => Shown::Message,
        Some((_, shown)) => *shown,
        None => Shown::Table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_every_renamed_kind_exists() {
        assert!(
            KINDS.is_sorted_by_key(|(id, _)| *id)
                && RENAMED.is_sorted()
                && IN_PLACE.is_sorted_by_key(|(id, _)| *id)
        );
        for (id, kind) in KINDS {
            assert_eq!((PanelKind::find(id), kind.id()), (Some(*kind), *id));
        }
        assert!(RENAMED.iter().all(|(_, to)| PanelKind::find(to).is_some()));
    }
}
