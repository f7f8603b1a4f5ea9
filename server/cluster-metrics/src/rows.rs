//! Rows of families, as functions of the tables hand them over.

use smallvec::SmallVec;

use crate::when::When;

/// One sample of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// The metric's name.
    pub name: &'a str,
    /// Names and values in no particular order, the object's own first; no name twice. Empty values mean that there is no such label.
    pub labels: &'a [(&'a str, &'a str)],
    /// The value.
    pub value: f64,
}

/// Labels of a row: those of most fit without an allocation.
type Labels<'a> = SmallVec<[(&'a str, &'a str); 12]>;

/// Takes the rows of one family about one object.
pub(crate) struct Rows<'a> {
    pub(crate) name: &'a str,
    /// The labels that say which object it is.
    pub(crate) identity: &'a [(&'a str, &'a str)],
    pub(crate) sink: &'a mut dyn FnMut(Row<'_>),
}

impl Rows<'_> {
    /// A row that has the object's own labels alone.
    pub(crate) fn one(&mut self, value: f64) {
        self.with(&[], value);
    }

    /// The same, if there is a value.
    pub(crate) fn maybe(&mut self, value: Option<impl Into<f64>>) {
        if let Some(value) = value {
            self.one(value.into());
        }
    }

    /// A row with more labels.
    pub(crate) fn with(&mut self, labels: &[(&str, &str)], value: f64) {
        let mut all = Labels::from_slice(self.identity);
        all.extend_from_slice(labels);
        (self.sink)(Row { name: self.name, labels: &all, value });
    }

    /// 1, with labels that say something.
    pub(crate) fn info(&mut self, labels: &[(&str, &str)]) {
        self.with(labels, 1.0);
    }

    /// A time, if there is one.
    pub(crate) fn time(&mut self, when: When) {
        self.maybe(when.seconds());
    }

    /// A row for each word that `label` may be: 1 for the one that is, 0 for the others.
    pub(crate) fn each_of(&mut self, label: &str, words: &[&str], is: &str) {
        for word in words {
            self.with(&[(label, word)], truth(*word == is));
        }
    }

    /// Three rows about a condition, of which `status` says whether it holds: `True`, `False`, or else.
    pub(crate) fn status(&mut self, label: &str, status: &str, labels: &[(&str, &str)]) {
        let is = match status {
            "True" => "true",
            "False" => "false",
            _ => "unknown",
        };
        for word in ["true", "false", "unknown"] {
            let mut all = Labels::from_slice(labels);
            all.push((label, word));
            self.with(&all, truth(word == is));
        }
    }
}

/// 1 or 0.
pub(crate) fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// A yes or no as a label's value.
pub(crate) const fn word(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}
