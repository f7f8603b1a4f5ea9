//! Reading a mapping field by field: what is not known is a fault, what has the wrong type is another.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Content, Entry, Fault, Node, Place};

/// Everything that is wrong with a file, in the order in which it was found.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, at: Place, message: impl Into<String>) {
        self.0.push(Fault::new(at, message));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them by their place, or the value when there are none.
    ///
    /// # Errors
    /// When there are any.
    pub fn or<T>(self, value: T) -> Result<T, Vec<Fault>> {
        let mut faults = self.0;
        faults.sort_by_key(|fault| fault.at);
        if faults.is_empty() { Ok(value) } else { Err(faults) }
    }
}

/// The fields of one mapping.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'n> {
    /// Where the mapping begins.
    pub at: Place,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The fields of `node`, which is a `what`. Nothing counts as a mapping without fields; anything else is a fault, as
    /// are fields that are not in `known`.
    pub fn of(node: &'n Node, what: &str, known: &[&str], faults: &mut Faults) -> Self {
        let entries: &[Entry] = match &node.content {
            Content::Map(entries) => entries,
            Content::Null => &[],
            Content::Scalar(_) | Content::List(_) => {
                faults.add(node.at, format!("expected a mapping for {what}, found {}", node.kind()));
                &[]
            }
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                faults.add(entry.at, format!("field {} not found in {what}", entry.key));
            }
        }
        Self { at: node.at, entries }
    }

    /// The fields of a mapping of which nobody says which names it may have.
    pub const fn over(at: Place, entries: &'n [Entry]) -> Self {
        Self { at, entries }
    }

    /// The value of a field; `None` when it is absent or null.
    pub fn node(&self, name: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        (entry.value.content != Content::Null).then_some(&entry.value)
    }

    /// Where a field stands; where the mapping begins when it is absent.
    pub fn place(&self, name: &str) -> Place {
        self.entries.iter().find(|entry| entry.key == name).map_or(self.at, |entry| entry.at)
    }

    /// A text.
    pub fn text(&self, name: &str, faults: &mut Faults) -> Option<&'n str> {
        let node = self.node(name)?;
        let text = node.text();
        if text.is_none() {
            faults.add(node.at, format!("cannot unmarshal {} into {name}, which is a string", node.kind()));
        }
        text
    }

    /// A value that is written as text.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(name, faults)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                faults.add(self.node(name).map_or(self.at, |node| node.at), format!("{name}: {error}"));
                None
            }
        }
    }

    /// A duration in Prometheus's notation.
    pub fn duration(&self, name: &str, faults: &mut Faults) -> Option<Duration> {
        self.parsed(name, crate::duration::parse, faults)
    }

    /// A whole number.
    pub fn integer(&self, name: &str, faults: &mut Faults) -> Option<i64> {
        let parse = |text: &str| text.parse::<i64>().map_err(|_| format!("{text:?} is not a whole number"));
        self.parsed(name, parse, faults)
    }

    /// A truth value.
    pub fn flag(&self, name: &str, faults: &mut Faults) -> Option<bool> {
        let parse = |text: &str| match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            other => Err(format!("{other:?} is neither true nor false")),
        };
        self.parsed(name, parse, faults)
    }

    /// A list; one that is absent is empty.
    pub fn list(&self, name: &str, faults: &mut Faults) -> &'n [Node] {
        match self.node(name) {
            None => &[],
            Some(node) => match &node.content {
                Content::List(items) => items,
                _ => {
                    faults.add(
                        node.at,
                        format!("cannot unmarshal {} into {name}, which is a list", node.kind()),
                    );
                    &[]
                }
            },
        }
    }

    /// A list of texts, each with its place.
    pub fn texts(&self, name: &str, faults: &mut Faults) -> Vec<(Place, &'n str)> {
        let mut texts = Vec::new();
        for item in self.list(name, faults) {
            match &item.content {
                Content::Scalar(text) => texts.push((item.at, text.as_str())),
                Content::Null => texts.push((item.at, "")),
                _ => faults.add(item.at, format!("cannot unmarshal {} into a string of {name}", item.kind())),
            }
        }
        texts
    }

    /// A mapping from texts to texts, by key; one that is absent is empty.
    pub fn string_map(&self, name: &str, faults: &mut Faults) -> BTreeMap<&'n str, (&'n Entry, &'n str)> {
        let mut map = BTreeMap::new();
        match self.node(name).map(|node| (node, &node.content)) {
            None => {}
            Some((_, Content::Map(entries))) => {
                for entry in entries {
                    match &entry.value.content {
                        Content::Scalar(text) => {
                            map.insert(entry.key.as_str(), (entry, text.as_str()));
                        }
                        Content::Null => {
                            map.insert(entry.key.as_str(), (entry, ""));
                        }
                        _ => faults.add(
                            entry.value.at,
                            format!("cannot unmarshal {} into a string of {name}", entry.value.kind()),
                        ),
                    }
                }
            }
            Some((node, _)) => {
                faults.add(
                    node.at,
                    format!("cannot unmarshal {} into {name}, which is a mapping", node.kind()),
                );
            }
        }
        map
    }
}
