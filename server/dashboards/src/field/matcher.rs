//! Matchers: which columns an override, or a transformation's filter, is for.

use serde_json::Value;

use crate::frame::{Field, FieldKind, Frame};
use crate::json;
use crate::pattern::{self, Engine, Pattern};
use crate::reduce;

/// A column with what matchers look at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Its frame.
    pub frame: &'a Frame,
    /// The column.
    pub field: &'a Field,
    /// What it is called, without overrides that are still to come.
    pub name: &'a str,
}

/// Which columns are meant.
pub enum Matcher {
    /// By what they are called.
    Name(String),
    /// By a pattern of what they are called.
    Pattern(Box<dyn Pattern>),
    /// By being in a list, or not being in it.
    Names {
        /// The list.
        names: Vec<String>,
        /// Whether those outside are meant.
        exclude: bool,
    },
    /// Of a query.
    RefId(String),
    /// Of one of these kinds, by Grafana's words.
    Kinds(Vec<String>),
    /// By a calculation's result.
    Calculation {
        /// The calculation.
        reducer: String,
        /// `gt`, `gte`, `lt`, `lte`, `eq`, `neq`.
        op: String,
        /// What it is compared with.
        value: f64,
    },
    /// The first column of times.
    FirstTime,
    /// All.
    All,
    /// None: a matcher that is not known.
    Nothing,
}

impl Matcher {
    /// Reads `{id, options}`.
    pub fn read(value: &Value, engine: &dyn Engine) -> Self {
        let option = || json::text(value, "options").unwrap_or_default();
        let compiled = |source: &str| pattern::compile(source, engine).map_or(Self::Nothing, Self::Pattern);
        match json::text(value, "id").unwrap_or_default().as_str() {
            "byName" => Self::Name(option()),
            "byRegexp" | "byRegexpOrNames" => match value.get("options") {
                Some(Value::Object(_)) => match json::filled(value, "options.pattern") {
                    Some(source) => compiled(&source),
                    None => Self::Names { names: json::texts(value, "options.names"), exclude: false },
                },
                _ => compiled(&option()),
            },
            "byNames" => Self::Names {
                names: json::texts(value, "options.names"),
                exclude: json::text(value, "options.mode").as_deref() == Some("exclude"),
            },
            "byFrameRefID" => Self::RefId(option()),
            "byType" => Self::Kinds(vec![option()]),
            "byTypes" => Self::Kinds(json::texts(value, "options")),
            "numeric" => Self::Kinds(vec!["number".to_owned()]),
            "time" => Self::Kinds(vec!["time".to_owned()]),
            "byValue" => Self::Calculation {
                reducer: json::text(value, "options.reducer").unwrap_or_default(),
                op: json::text(value, "options.op").unwrap_or_default(),
                value: json::number(value, "options.value").unwrap_or(0.0),
            },
            "firstTimeField" => Self::FirstTime,
            "anyMatch" | "allMatch" if json::list(value, "options").is_empty() => Self::All,
            "always" => Self::All,
            _ => Self::Nothing,
        }
    }

    /// Whether the column is meant.
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        let Subject { frame, field, name } = subject;
        match self {
            Self::Name(wanted) => wanted == name || *wanted == field.name,
            Self::Pattern(pattern) => pattern.is_match(name),
            Self::Names { names, exclude } => {
                // A column of times is never hidden by a click on the legend.
                if *exclude && field.kind == FieldKind::Time {
                    return false;
                }
                names.iter().any(|known| known == name || *known == field.name) != *exclude
            }
            Self::RefId(wanted) => *wanted == frame.ref_id,
            Self::Kinds(kinds) => kinds.iter().any(|kind| kind == field.kind.id()),
            Self::Calculation { reducer, op, value } => {
                if field.kind == FieldKind::Time {
                    return false;
                }
                match reduce::reduce(field, reducer) {
                    crate::frame::Cell::Bool(flag) => flag,
                    cell => cell.as_number().is_some_and(|number| compare(number, op, *value)),
                }
            }
            Self::FirstTime => frame.time().is_some_and(|first| std::ptr::eq(first, field)),
            Self::All => true,
            Self::Nothing => false,
        }
    }
}

/// `number op value`.
pub(crate) fn compare(number: f64, op: &str, value: f64) -> bool {
    match op {
        "gt" | "greater" | ">" => number > value,
        "gte" | "greaterOrEqual" | ">=" => number >= value,
        "lt" | "lower" | "<" => number < value,
        "lte" | "lowerOrEqual" | "<=" => number <= value,
        "eq" | "equal" | "==" | "=" => number == value,
        "neq" | "notEqual" | "!=" => number != value,
        _ => false,
    }
}
