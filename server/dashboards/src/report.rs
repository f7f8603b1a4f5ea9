//! What an import did: for each panel whether it was taken over, converted or cannot be shown, and whatever else somebody
//! should know. Nothing is dropped without a line here.
//!
//! The lines are values, not sentences: the interface says them in the reader's language, and `Display` says them in English for
//! logs and for the command line.

use std::fmt;

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// One a panel, in the order of the dashboard, those in closed rows included. Rows are not panels.
    pub panels: Vec<PanelReport>,
    /// About the dashboard as a whole.
    pub remarks: Vec<Remark>,
}

/// What became of one panel.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelReport {
    /// The panel's number in the dashboard, after the import.
    pub id: i64,
    /// The panel's title; may be empty.
    pub title: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Details.
    pub remarks: Vec<Remark>,
}

/// What became of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was written.
    TakenOver,
    /// An old kind of panel, now another.
    Converted {
        /// The kind it was, `graph`.
        from: String,
        /// The kind it is.
        to: &'static str,
    },
    /// It keeps its place and its JSON, but is not drawn as it was meant.
    Unsupported {
        /// Why.
        why: Unsupported,
        /// What is seen in its place.
        shown: Shown,
    },
}

/// Why a panel cannot be shown as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// There is no such kind of panel here.
    Kind(String),
    /// Its queries are for another kind of data source.
    DataSource(String),
    /// It is a library panel, whose body the file does not have.
    LibraryPanel(String),
}

/// What is seen instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The data as a table.
    Table,
    /// The data as lines over time.
    TimeSeries,
    /// A sentence that says what is missing.
    Message,
}

/// One line of detail.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// The dashboard came in a wrapper, which was taken off.
    Unwrapped(String),
    /// A body of schema version 2 was turned into panels on a grid.
    ConvertedFromV2,
    /// The layout of rows and spans became a grid.
    RowsBecameGrid,
    /// A question of the file was answered.
    InputAnswered {
        /// `DS_PROMETHEUS`
        name: String,
        /// The answer.
        value: String,
    },
    /// A question of the file has no answer; its text stays as it was.
    InputUnanswered(String),
    /// A library panel was filled from the file.
    LibraryPanelFilled(String),
    /// Queries named this data source; they are answered by ours.
    DataSourceReplaced(String),
    /// One of several queries is for another kind of data source and gives nothing.
    QueryNeeds {
        /// Which query.
        ref_id: String,
        /// What it needs.
        kind: String,
    },
    /// A setting without a counterpart; it stays in the JSON.
    Ignored(String),
    /// A transformation that is not known; what comes after it works on unchanged data.
    UnknownTransformation(String),
    /// A variable of a kind that is not known; it is a constant.
    UnknownVariable {
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
    },
    /// Variables that need each other; they keep their stored values.
    CyclicVariables(Vec<String>),
    /// Two panels had the same number; the later has another now.
    Renumbered {
        /// The number it had.
        from: i64,
        /// The number it has.
        to: i64,
    },
    /// A place or size outside the grid was cut to it.
    MovedIntoGrid,
    /// A link that would run a script; it is not followed.
    UnsafeLink(String),
    /// Tabs became rows.
    TabsBecameRows,
    /// Shown or hidden by a condition; here it is always shown.
    ConditionIgnored(String),
    /// Something of the file is not what the format says and was left out of the model.
    Malformed {
        /// JSON path, `panels[3].targets`.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
}

impl Report {
    /// How many panels were taken over, converted, and cannot be shown as they were meant.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.panels.iter().fold((0, 0, 0), |(ok, converted, not), panel| match panel.outcome {
            Outcome::TakenOver => (ok + 1, converted, not),
            Outcome::Converted { .. } => (ok, converted + 1, not),
            Outcome::Unsupported { .. } => (ok, converted, not + 1),
        })
    }

    /// Adds a remark about the dashboard once.
    pub(crate) fn note(&mut self, remark: Remark) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenOver => f.write_str("taken over"),
            Self::Converted { from, to } => write!(f, "{from} became {to}"),
            Self::Unsupported { why, shown } => write!(f, "{why}; {shown} instead"),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "panels of the kind {kind} are not supported"),
            Self::DataSource(kind) => write!(f, "needs a data source of the kind {kind}"),
            Self::LibraryPanel(name) => write!(f, "library panel {name} is not in the file"),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "the data as a table",
            Self::TimeSeries => "the data as lines",
            Self::Message => "a message",
        })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwrapped(wrapper) => write!(f, "taken out of {wrapper}"),
            Self::ConvertedFromV2 => f.write_str("schema version 2 was converted"),
            Self::RowsBecameGrid => f.write_str("rows with spans became a grid"),
            Self::InputAnswered { name, value } => write!(f, "{name} is {value}"),
            Self::InputUnanswered(name) => write!(f, "{name} has no answer"),
            Self::LibraryPanelFilled(name) => write!(f, "library panel {name} was filled in"),
            Self::DataSourceReplaced(name) => write!(f, "data source {name} is replaced by this server's"),
            Self::QueryNeeds { ref_id, kind } => {
                write!(f, "query {ref_id} needs a data source of the kind {kind}")
            }
            Self::Ignored(what) => write!(f, "{what} has no counterpart"),
            Self::UnknownTransformation(id) => write!(f, "transformation {id} is not known"),
            Self::UnknownVariable { name, kind } => {
                write!(f, "variable {name} is of the unknown kind {kind}")
            }
            Self::CyclicVariables(names) => write!(f, "variables need each other: {}", names.join(", ")),
            Self::Renumbered { from, to } => write!(f, "number {from} is taken, now {to}"),
            Self::MovedIntoGrid => f.write_str("place or size was outside the grid"),
            Self::UnsafeLink(url) => write!(f, "a link is not followed: {url}"),
            Self::TabsBecameRows => f.write_str("tabs became rows"),
            Self::ConditionIgnored(what) => write!(f, "{what} is always shown, whatever its condition"),
            Self::Malformed { path, expected } => write!(f, "{path}: expected {expected}"),
        }
    }
}
