//! Go's text/template: the language of rules' labels and annotations, and of notifications.
//!
//! A [`Template`] is parsed once, with the functions that it may call, and executed against a [`Value`]. Time and
//! memory of an execution are bounded by [`Limits`]. Messages are Go's, places included.

pub mod alertmanager;
mod builtins;
pub mod common;
mod error;
mod exec;
mod function;
mod html;
mod humanize;
mod lexer;
mod literal;
mod node;
mod parser;
mod print;
pub mod prometheus;
mod rule;
#[cfg(test)]
mod tests;
mod time;
mod value;

use std::collections::BTreeMap;

pub use error::{ExecError, ParseError};
pub use function::{Env, Function, Host, Param};
pub use rule::{AlertData, RuleTemplate};
pub use time::Time;
pub use value::{ANY_LIST, ANY_MAP, Class, List, Map, Method, STRING_LIST, STRING_MAP, Struct, Value};

/// The longest text of a template, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Whether what actions print is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As text/template: never.
    No,
    /// For HTML, as html/template does for text and addresses.
    Html,
}

/// What one execution may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Actions, operands and calls, and their results by size.
    pub steps: usize,
    /// Bytes of output.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, output_bytes: 1 << 20 }
    }
}

/// Templates that can call each other by name.
#[derive(Clone)]
pub struct Template {
    functions: Vec<&'static [Function]>,
    definitions: BTreeMap<String, Definition>,
}

/// A body, and the text that its places refer to.
#[derive(Clone)]
struct Definition {
    file: String,
    text: std::sync::Arc<str>,
    body: node::Body,
}

impl Template {
    /// No templates yet; those to come may call `functions`.
    pub fn new(functions: &[&'static [Function]]) -> Self {
        Self { functions: functions.to_vec(), definitions: BTreeMap::new() }
    }

    /// Adds the template `name`, and those that its text defines. Later definitions replace earlier ones.
    ///
    /// # Errors
    /// When the text cannot be parsed; nothing is added then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        if text.len() > MAX_TEXT {
            return Err(ParseError {
                at: MAX_TEXT,
                message: format!("template is longer than {MAX_TEXT} bytes"),
            });
        }
        let parsed = parser::parse(text, &|function| self.knows(function))?;
        let text: std::sync::Arc<str> = text.into();
        let mut define = |defined: &str, body: node::Body| {
            let is_empty =
                body.iter().all(|node| matches!(node, node::Node::Text(text) if text.trim().is_empty()));
            if !is_empty || !self.definitions.contains_key(defined) {
                let definition = Definition { file: name.to_owned(), text: text.clone(), body };
                self.definitions.insert(defined.to_owned(), definition);
            }
        };
        for (defined, body) in parsed.definitions {
            define(&defined, body);
        }
        define(name, parsed.body);
        Ok(())
    }

    /// Executes the template `name`.
    ///
    /// # Errors
    /// When there is no such template, when it does what cannot be done, and when it takes too much.
    pub fn execute(
        &self,
        name: &str,
        data: &Value,
        host: &dyn Host,
        limits: Limits,
        escape: Escape,
    ) -> Result<String, ExecError> {
        let Some((name, main)) = self.definitions.get_key_value(name) else {
            return Err(ExecError(format!("template: no template {name:?} associated with template \"\"")));
        };
        let execution = exec::Execution {
            definitions: &self.definitions,
            functions: &self.functions,
            host,
            limits,
            escape,
        };
        exec::execute(&execution, main, name, data)
    }

    fn knows(&self, function: &str) -> bool {
        builtins::find(function).is_some()
            || self.functions.iter().copied().flatten().any(|known| known.name == function)
    }
}
