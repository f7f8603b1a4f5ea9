//! Variables of dashboards: what they are, where their options come from, what is chosen, and in which order they are loaded.
//!
//! Semantics are those of Grafana 13. Nothing here asks the store: a variable says what must be asked ([`Question`]), and takes the
//! answer ([`options`]).

mod choice;
mod loading;
mod options;
mod order;
mod question;
mod sort;
mod url;

use serde_json::Value;

pub use choice::{ALL, AUTO, Choice, choose};
pub use loading::{Loading, Settled};
pub use options::{Candidate, ChoiceOption, Options, adhoc_matchers, options, sample_text, series_text};
pub use order::{Order, dependents, order};
pub use question::Question;
pub use url::{from_query, to_query};

use crate::json;
use crate::report::Remark;

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What texts name it by.
    pub name: String,
    /// What stands beside its list; the name where there is none.
    pub label: String,
    /// May be empty.
    pub description: String,
    /// Where its options come from.
    pub kind: VariableKind,
    /// Whether it is shown.
    pub hide: Hide,
    /// Whether several may be chosen.
    pub multi: bool,
    /// Whether all may be chosen at once.
    pub include_all: bool,
    /// What goes in for all, before interpolation; `None` is every option. May be empty.
    pub all_value: Option<String>,
    /// When its options are asked for again.
    pub refresh: Refresh,
    /// Order of options, 0 to 8 as Grafana numbers them.
    pub sort: u8,
    /// Pattern that picks options apart, before interpolation; may be empty.
    pub regex: String,
    /// Whether the pattern looks at the label and not at the value.
    pub regex_on_text: bool,
    /// What was chosen when the dashboard was saved.
    pub stored: Choice,
    /// Whether it is left out of URLs.
    pub skip_url: bool,
    /// Whether a value that is no option may be written.
    pub allow_custom: bool,
}

/// Where the options of a variable come from.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableKind {
    /// A question to the store, before interpolation.
    Query(String),
    /// A list in its text, before interpolation.
    Custom {
        /// `a,b` or `text : value`, or JSON.
        list: String,
        /// Whether the list is JSON.
        json: bool,
    },
    /// Durations.
    Interval {
        /// `1m,5m`
        list: String,
        /// Whether one of them is computed from the range.
        auto: bool,
        /// In so many parts.
        auto_count: i64,
        /// But at least so long, `10s`.
        auto_min: String,
    },
    /// One hidden value.
    Constant(String),
    /// What somebody writes.
    Textbox(String),
    /// Data sources of a kind; ours is the one option of those for Prometheus.
    DataSource(String),
    /// Conditions that every selector gets.
    AdHoc(Vec<Filter>),
    /// Two values.
    Switch {
        /// The value when on.
        on: String,
        /// The value when off.
        off: String,
    },
    /// Not known: it keeps its stored value.
    Unknown(String),
}

/// One condition of an ad-hoc variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The label.
    pub key: String,
    /// `=`, `!=`, `=~`, `!~`, `<`, `>`; `=|` and `!=|` for one of several.
    pub operator: String,
    /// The value.
    pub value: String,
    /// Several values, for `=|` and `!=|`.
    pub values: Vec<String>,
}

/// Whether a variable is shown above the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hide {
    /// Label and list.
    Nothing,
    /// The list alone.
    Label,
    /// Neither.
    All,
}

/// When options are asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Never: the stored options count.
    Never,
    /// When the dashboard is opened.
    OnLoad,
    /// When the time range changes, too.
    OnTimeRange,
}

impl Variable {
    /// Reads a variable of the classic form.
    pub(crate) fn read(value: &Value) -> Self {
        let name = json::text(value, "name").unwrap_or_default();
        let kind = VariableKind::read(value);
        let is_constant = matches!(kind, VariableKind::Constant(_));
        Self {
            label: json::filled(value, "label").unwrap_or_else(|| name.clone()),
            description: json::text(value, "description").unwrap_or_default(),
            hide: match json::whole(value, "hide", 0, 3, 0) {
                1 => Hide::Label,
                2 => Hide::All,
                _ if is_constant => Hide::All,
                _ => Hide::Nothing,
            },
            multi: json::flag(value, "multi"),
            include_all: json::flag(value, "includeAll"),
            all_value: json::text(value, "allValue"),
            refresh: match json::whole(value, "refresh", 0, 2, 0) {
                0 => Refresh::Never,
                1 => Refresh::OnLoad,
                _ => Refresh::OnTimeRange,
            },
            sort: u8::try_from(json::whole(value, "sort", 0, 8, 0)).unwrap_or(0),
            regex: json::text(value, "regex").unwrap_or_default(),
            regex_on_text: json::text(value, "regexApplyTo").as_deref() == Some("text"),
            stored: Choice::read(json::at(value, "current")),
            skip_url: json::flag(value, "skipUrlSync"),
            allow_custom: value.get("allowCustomValue").is_none() || json::flag(value, "allowCustomValue"),
            name,
            kind,
        }
    }

    /// The texts whose variables this one depends on.
    fn sources(&self) -> [&str; 3] {
        let own = match &self.kind {
            VariableKind::Query(text) | VariableKind::Custom { list: text, .. } => text.as_str(),
            VariableKind::Interval { list, .. } => list.as_str(),
            VariableKind::Textbox(text) | VariableKind::Constant(text) => text.as_str(),
            _ => "",
        };
        [own, &self.regex, self.all_value.as_deref().unwrap_or_default()]
    }
}

impl VariableKind {
    fn read(value: &Value) -> Self {
        // A query is a text, or an object around one.
        let query = || match json::at(value, "query") {
            Value::Object(_) => json::text(value, "query.query").or_else(|| json::text(value, "definition")),
            other => json::to_text(other),
        };
        let query = query().unwrap_or_default();
        match json::text(value, "type").unwrap_or_default().as_str() {
            "query" => Self::Query(query),
            "custom" => Self::Custom {
                list: query,
                json: json::text(value, "valuesFormat").as_deref() == Some("json"),
            },
            "interval" => Self::Interval {
                list: query,
                auto: json::flag(value, "auto"),
                auto_count: json::whole(value, "auto_count", 1, 10_000, 30),
                auto_min: json::filled(value, "auto_min").unwrap_or_else(|| "10s".to_owned()),
            },
            "constant" => Self::Constant(query),
            "textbox" => Self::Textbox(query),
            "datasource" => Self::DataSource(query),
            "adhoc" => {
                let both = json::list(value, "baseFilters").iter().chain(json::list(value, "filters"));
                Self::AdHoc(both.filter_map(Filter::read).collect())
            }
            "switch" => {
                let text =
                    |key: &str, default: &str| json::text(value, key).unwrap_or_else(|| default.to_owned());
                Self::Switch { on: text("enabledValue", "true"), off: text("disabledValue", "false") }
            }
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl Filter {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            key: json::filled(value, "key")?,
            operator: json::filled(value, "operator").unwrap_or_else(|| "=".to_owned()),
            value: json::text(value, "value").unwrap_or_default(),
            values: json::texts(value, "values"),
        })
    }
}

/// What an import should say about the variables of a dashboard.
pub(crate) fn remarks(variables: &[Variable]) -> Vec<Remark> {
    let unknown = variables.iter().filter_map(|variable| match &variable.kind {
        VariableKind::Unknown(kind) => {
            Some(Remark::UnknownVariable { name: variable.name.clone(), kind: kind.clone() })
        }
        _ => None,
    });
    unknown.chain(order(variables).cycles.into_iter().map(Remark::CyclicVariables)).collect()
}
