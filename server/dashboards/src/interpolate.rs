//! Variables in texts: `$name`, `${name}`, `${name:format}`, `${name.field}`, `[[name]]`, `[[name:format]]`.
//!
//! As Grafana 13 reads them. A name that nobody knows stays as it is written; a value that goes in is not looked through again, so that
//! no value can bring variables or loops of its own.

mod builtin;
mod format;
mod promql;
mod row;

use std::collections::BTreeMap;

pub use builtin::{Globals, User};
pub use format::Format;
pub use row::RowScope;

pub(crate) use format::{percent_encode, regex_escape};

/// The text never becomes longer than this by what goes in.
const LONGEST: usize = 1 << 20;

/// A value that goes in for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// One text, whose label may differ.
    One {
        /// What queries get.
        value: String,
        /// What people read.
        text: String,
    },
    /// The choices of a variable that may have several.
    Many {
        /// What queries get.
        values: Vec<String>,
        /// What people read.
        texts: Vec<String>,
        /// The text of all options, which goes in as it is: `.*`.
        all: Option<String>,
    },
    /// Something that is never quoted or escaped: an interval, a number.
    Raw(String),
    /// An instant in milliseconds since 1970, for `:date`.
    Instant(i64),
}

impl Bound {
    /// One text, labelled as it is.
    pub fn text(value: impl Into<String>) -> Self {
        let value = value.into();
        Self::One { text: value.clone(), value }
    }
}

/// Where names are looked up.
pub trait Scope {
    /// The value of `name`, of its part `field` if one is asked for.
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound>;
}

/// Names and their values.
impl Scope for BTreeMap<String, Bound> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        let bound = self.get(name)?;
        match field {
            None => Some(bound.clone()),
            Some("text") => Some(Bound::text(format::apply(&Format::Text, name, bound))),
            // The only part that every data source variable has.
            Some("uid" | "name" | "value") => Some(bound.clone()),
            Some(_) => None,
        }
    }
}

/// The first scope that knows a name: repeats before the dashboard before what is always there.
impl Scope for [&dyn Scope] {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        self.iter().find_map(|scope| scope.find(name, field))
    }
}

/// One reference to a variable, as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// As it is written, `${name:csv}`.
    pub written: &'a str,
    /// The name alone.
    pub name: &'a str,
    /// What comes after the first dot.
    pub field: Option<&'a str>,
    /// What comes after the first colon.
    pub format: Option<&'a str>,
}

/// What a text consists of.
enum Piece<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// `text` with the values of its variables; `default` is how they are written where the text does not say.
pub fn interpolate<S: Scope + ?Sized>(text: &str, scope: &S, default: &Format) -> String {
    let mut result = String::with_capacity(text.len());
    for piece in (Pieces { rest: text }) {
        match piece {
            Piece::Text(text) => result.push_str(text),
            Piece::Reference(reference) => match scope.find(reference.name, reference.field) {
                Some(bound) => {
                    let format = reference.format.map(Format::parse);
                    let written = format::apply(format.as_ref().unwrap_or(default), reference.name, &bound);
                    if result.len() + written.len() <= LONGEST {
                        result.push_str(&written);
                    }
                }
                None => result.push_str(reference.written),
            },
        }
    }
    result
}

/// The variables that a text mentions, in the order in which it does.
pub fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    Pieces { rest: text }.filter_map(|piece| match piece {
        Piece::Reference(reference) => Some(reference),
        Piece::Text(_) => None,
    })
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some((reference, length)) = reference(self.rest) {
            self.rest = self.rest.get(length..).unwrap_or_default();
            return Some(Piece::Reference(reference));
        }
        // On to the next place where a reference may begin; the first character is passed in any case.
        let first = self.rest.chars().next().map_or(1, char::len_utf8);
        let after = self.rest.get(first..).unwrap_or_default();
        let end = first + after.find(['$', '[']).unwrap_or(after.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Piece::Text(text))
    }
}

/// The reference that `text` begins with, and its length.
fn reference(text: &str) -> Option<(Reference<'_>, usize)> {
    let braced = text.strip_prefix("${").map(|inner| (inner, "}", 2));
    let (inner, close, open) = match braced {
        Some(found) => found,
        None => match text.strip_prefix("[[") {
            Some(inner) => (inner, "]]", 2),
            None => return bare(text),
        },
    };
    let length = inner.find(close)?;
    let inside = inner.get(..length)?;
    let name_length = word(inside);
    let (name, rest) = inside.split_at(name_length);
    if name.is_empty() {
        return None;
    }
    let (field, format) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (field, format) =
                rest.split_once(':').map_or((rest, None), |(field, format)| (field, Some(format)));
            (Some(field), format)
        }
        None if rest.is_empty() => (None, None),
        None => (None, Some(rest.strip_prefix(':')?)),
    };
    if field == Some("") || format == Some("") {
        return None;
    }
    let total = open + length + close.len();
    Some((Reference { written: text.get(..total)?, name, field, format }, total))
}

fn bare(text: &str) -> Option<(Reference<'_>, usize)> {
    let after = text.strip_prefix('$')?;
    let length = word(after);
    let (name, _) = after.split_at(length);
    let written = text.get(..=length)?;
    (length > 0).then_some((Reference { written, name, field: None, format: None }, length + 1))
}

/// Bytes of the letters, digits and underscores that `text` begins with.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn scope() -> BTreeMap<String, Bound> {
        let many = |values: &[&str], all: Option<&str>| Bound::Many {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            texts: values.iter().map(|value| value.to_uppercase()).collect(),
            all: all.map(str::to_owned),
        };
        BTreeMap::from([
            ("one".to_owned(), Bound::text("a.b")),
            ("two".to_owned(), many(&["a.b", "c"], None)),
            ("all".to_owned(), many(&["a", "b"], Some(".*"))),
            ("loop".to_owned(), Bound::text("$loop ${loop}")),
        ])
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(interpolate(text, &scope(), &Format::Raw), expected, "{text}");
    }

    #[test]
    fn every_way_of_writing_a_name_is_read() {
        check("$one ${one} [[one]] ${one:raw} [[one:raw]] ${one.text}", "a.b a.b a.b a.b a.b a.b");
        check("x$one.y", "xa.b.y");
        check("${two.text}", "A.B + C");
    }

    #[test]
    fn what_is_no_variable_stays_as_it_is_written() {
        for text in [
            "$unknown ${unknown:csv}",
            "$",
            "$$",
            "${",
            "${}",
            "${one",
            "[[",
            "[[one]",
            "${one:}",
            "a[[1]]",
            "${a b}",
            "§$ä",
        ] {
            check(text, text);
        }
        check("[a-z]$one", "[a-z]a.b");
    }

    #[test]
    fn a_value_is_not_looked_through_again() {
        check("$loop", "$loop ${loop}");
    }

    #[test]
    fn references_are_listed_in_their_order() {
        let names: Vec<_> =
            references("$a ${b.c:d} [[e]] $").map(|it| (it.name, it.field, it.format)).collect();
        assert_eq!(names, [("a", None, None), ("b", Some("c"), Some("d")), ("e", None, None)]);
    }

    proptest! {
        #[test]
        fn a_text_without_known_names_is_its_own_interpolation(text in "[a-z$\\[\\]{}:. ä]{0,40}") {
            prop_assert_eq!(interpolate(&text, &BTreeMap::new(), &Format::Glob), text);
        }

        #[test]
        fn pieces_cover_the_whole_text(text in any::<String>()) {
            let covered: String = Pieces { rest: &text }
                .map(|piece| match piece { Piece::Text(text) => text, Piece::Reference(reference) => reference.written })
                .collect();
            prop_assert_eq!(covered, text);
        }
    }
}
