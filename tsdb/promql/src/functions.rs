//! The functions: one table for parser, evaluator, completion and documentation.

mod table;

use std::fmt;

pub use table::FUNCTIONS;

use crate::ValueType;

/// What is known about a function.
pub struct Function {
    /// As written in a query; case counts.
    pub name: &'static str,
    /// The types of its arguments; the last may be optional or repeated, see `arity`.
    pub args: &'static [ValueType],
    /// How many of the arguments there must be.
    pub arity: Arity,
    /// What it evaluates to.
    pub returns: ValueType,
    /// Whether Prometheus 3 counts it as experimental; the engine then wants a feature switched on.
    pub experimental: bool,
    /// One sentence for completion and documentation.
    pub doc: &'static str,
    #[cfg(feature = "engine")]
    pub(crate) implementation: crate::engine::Implementation,
}

/// How many arguments a function takes, relative to the types in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly those.
    Exact,
    /// The last one may be left out.
    OptionalLast,
    /// The last one may be repeated; without an upper limit it may be left out too.
    RepeatLast {
        /// The largest number of arguments.
        most: Option<usize>,
    },
}

impl Function {
    /// Name, types and result on one line, for completion: `round(instant vector, [scalar]) → instant vector`.
    pub fn signature(&self) -> String {
        let mut args: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        if let Some(last) = args.last_mut() {
            match self.arity {
                Arity::Exact => {}
                Arity::OptionalLast => *last = format!("[{last}]"),
                Arity::RepeatLast { .. } => last.push('…'),
            }
        }
        format!("{}({}) → {}", self.name, args.join(", "), self.returns)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The function of that name.
pub fn function(name: &str) -> Option<&'static Function> {
    let at = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    FUNCTIONS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_row_has_a_sentence() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        for row in FUNCTIONS {
            assert!(row.doc.ends_with('.'), "{} has no sentence", row.name);
            assert!(row.arity == Arity::Exact || !row.args.is_empty(), "{} repeats nothing", row.name);
            assert_eq!(function(row.name).unwrap().name, row.name);
        }
        assert!(function("Rate").is_none(), "names of functions are case-sensitive");
    }

    #[test]
    fn signatures_mark_what_is_optional() {
        assert_eq!(
            function("round").unwrap().signature(),
            "round(instant vector, [scalar]) → instant vector"
        );
        assert_eq!(
            function("label_join").unwrap().signature(),
            "label_join(instant vector, string, string, string…) → instant vector"
        );
    }
}
