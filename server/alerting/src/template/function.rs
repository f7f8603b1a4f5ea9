//! What templates can call.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::value::{ANY_LIST, ANY_MAP, STRING_LIST, Value};

/// How large a compiled regular expression may become, in bytes.
const PATTERN_BYTES: usize = 1 << 20;
/// How many regular expressions one execution may compile.
const PATTERNS: usize = 64;

/// A function that templates can call.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The types of its arguments.
    pub params: &'static [Param],
    /// The type of further arguments, of which there may be any number.
    pub rest: Option<Param>,
    /// Computes it from arguments that fit.
    pub call: fn(&Env<'_>, &[Value]) -> Result<Value, String>,
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `interface {}`.
    Any,
    /// `string`.
    Str,
    /// `time.Time`.
    Time,
    /// `[]string`.
    Strings,
    /// `[]interface {}`.
    List,
    /// `map[string]interface {}`.
    Map,
    /// A type with this name.
    Named(&'static str),
}

impl Param {
    /// Its type, as Go prints it.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Str => "string",
            Self::Time => "time.Time",
            Self::Strings => STRING_LIST.name,
            Self::List => ANY_LIST.name,
            Self::Map => ANY_MAP.name,
            Self::Named(name) => name,
        }
    }

    /// Whether `value` can be passed for it.
    pub fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _) | (Self::Str, Value::Str(_) | Value::Html(_)) | (Self::Time, Value::Time(_)) => {
                true
            }
            (Self::Str | Self::Time, _) => false,
            (_, value) => value.type_name() == self.type_name(),
        }
    }
}

/// What a function may know of the world.
pub trait Host {
    /// The time of the evaluation or notification, in seconds since 1970 and nanoseconds of the second.
    fn now(&self) -> (i64, i32);

    /// The answer to an instant query, as `query` gives it.
    ///
    /// # Errors
    /// When the query fails.
    fn query(&self, query: &str) -> Result<Value, String> {
        Err(format!("no queries can be made here: {query:?}"))
    }

    /// The address under which users reach the server, without a slash at the end.
    fn external_url(&self) -> &str {
        ""
    }
}

/// A function's surroundings.
pub struct Env<'a> {
    /// The world.
    pub host: &'a dyn Host,
    patterns: RefCell<HashMap<String, Regex>>,
    fuel: Cell<usize>,
}

/// Execution was cut short.
pub(crate) const EXHAUSTED: &str = "template takes too long or produces too much";

impl<'a> Env<'a> {
    pub(crate) fn new(host: &'a dyn Host, fuel: usize) -> Self {
        Self { host, patterns: RefCell::default(), fuel: Cell::new(fuel) }
    }

    /// Counts work against what one execution may take.
    pub(crate) fn spend(&self, amount: usize) -> Result<(), String> {
        let left = self.fuel.get().checked_sub(amount.max(1)).ok_or_else(|| EXHAUSTED.to_owned())?;
        self.fuel.set(left);
        Ok(())
    }

    /// A compiled regular expression.
    pub(crate) fn regex(&self, pattern: &str) -> Result<Regex, String> {
        if let Some(regex) = self.patterns.borrow().get(pattern) {
            return Ok(regex.clone());
        }
        if self.patterns.borrow().len() >= PATTERNS {
            return Err(format!("more than {PATTERNS} regular expressions in one template"));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(PATTERN_BYTES)
            .build()
            .map_err(|error| format!("error parsing regexp: {}", last_line(&error.to_string())))?;
        self.patterns.borrow_mut().insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// The line of a message of `regex` that says what is wrong; those before it draw the expression.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
