//! Sentences that stand where nothing is drawn. Pages say them in the reader's language; `Display` is English, for pictures.

use std::fmt;

use crowsnest_dashboards::PanelKind;
use crowsnest_dashboards::report::Unsupported;

/// Why there is a sentence in the place of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The queries have no answer with a value in it.
    NoData,
    /// It cannot be drawn here.
    Unsupported(Unsupported),
    /// Its queries could not be answered; why.
    Failed(String),
    /// It is no picture: a list of alerts or dashboards, logs, a row's header.
    Elsewhere(PanelKind),
    /// There is too much of it to be drawn.
    TooMuch {
        /// How much there is.
        count: usize,
        /// How much is drawn.
        most: usize,
    },
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("No data"),
            Self::Unsupported(why) => {
                let mut text = why.to_string();
                if let Some(first) = text.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                f.write_str(&text)
            }
            Self::Failed(why) => f.write_str(why),
            Self::Elsewhere(kind) => f.write_str(match kind {
                PanelKind::AlertList => "Alerts are listed on the page",
                PanelKind::DashboardList => "Dashboards are listed on the page",
                PanelKind::Logs => "Logs are not stored here",
                _ => "",
            }),
            Self::TooMuch { count, most } => write!(f, "{count} values, at most {most} are drawn"),
        }
    }
}
