//! YAML as a tree in which everything knows its place, so that whatever is wrong can be told with line and column.
//!
//! Follows what Go's yaml.v3 does where YAML leaves room: a key may stand once, `<<` merges, a scalar is text whatever
//! it looks like.
//!
//! Pure: text in, a tree and durations out. Knows no files and none of the configurations that are read with it. What is
//! JSON in another dress, as Kubernetes' objects are, is read and written by `json.rs` and `print.rs`.

pub mod duration;
mod fields;
mod json;
mod print;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

pub use fields::{Faults, Fields};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};
pub use print::print;

/// How many nodes a file may have, those that aliases repeat included.
const MAX_NODES: usize = 1_000_000;
/// How long a file may be, in bytes.
const MAX_BYTES: usize = 32 << 20;
/// How deep values may lie within each other.
const MAX_DEPTH: usize = 100;
/// How many lines may be indented less than YAML asks.
const MAX_REPAIRS: usize = 100;

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

impl Place {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Where a byte of a text is; of one that is in the midst of a character or behind the end, where the text ends.
    pub fn of_byte(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something wrong at a place. Prints as `line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Fault {
    /// Where.
    pub at: Place,
    /// What.
    pub message: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(at: Place, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: Place,
    /// What it is.
    pub content: Content,
    /// How a scalar was written.
    pub style: Style,
}

/// How a scalar was written, which decides whether `1` is a number or a text for those who care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// In quotes, as a block, or with the tag `!!str`.
    Text,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing: `null`, `~`, or no text at all.
    Null,
    /// A scalar, as text.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key begins.
    pub at: Place,
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// An empty document.
    pub const fn nothing() -> Self {
        Self { at: Place::START, content: Content::Null, style: Style::Plain }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// What it is, in yaml.v3's words.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "!!null",
            Content::Scalar(_) => "!!str",
            Content::List(_) => "!!seq",
            Content::Map(_) => "!!map",
        }
    }

    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Null | Content::Scalar(_) => 0,
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|entry| entry.value.size()).sum(),
        }
    }
}

/// Reads the documents of a file.
///
/// # Errors
/// When it is not YAML, or larger than it may be.
pub fn load(text: &str) -> Result<Vec<Node>, Fault> {
    load_within(text, MAX_NODES)
}

/// The same of a text that may have fewer values than a configuration file, those that aliases repeat included.
///
/// # Errors
/// When it is not YAML, or larger than it may be.
pub fn load_within(text: &str, max_nodes: usize) -> Result<Vec<Node>, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::new(Place::START, format!("the file is longer than {MAX_BYTES} bytes")));
    }
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    for _ in 0..MAX_REPAIRS {
        match parse(&text, max_nodes) {
            Err(Trouble::Unindented { line }) => text = Cow::Owned(indent(&text, line)),
            Err(Trouble::Fault(fault)) => return Err(fault),
            Ok(documents) => return Ok(documents),
        }
    }
    Err(Fault::new(Place::START, "yaml: too many quoted texts go on in lines that are not indented"))
}

/// Why a text could not be read.
enum Trouble {
    Fault(Fault),
    /// A quoted text goes on in this line, which is not indented as YAML asks. libyaml and its port to Go do not mind.
    Unindented {
        line: usize,
    },
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn parse(text: &str, max_nodes: usize) -> Result<Vec<Node>, Trouble> {
    let mut builder = Builder { max_nodes, ..Builder::default() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let mark = error.marker();
            if *error.kind() == ErrorKind::InvalidQuotedScalarIndent {
                return Trouble::Unindented { line: mark.line() };
            }
            let at = Place { line: mark.line().max(1), column: mark.col() + 1 };
            Fault::new(at, format!("yaml: {}", error.kind())).into()
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// Indents a line inside a quoted text, where spaces at its beginning mean nothing.
fn indent(text: &str, line: usize) -> String {
    let mut lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(Cow::Borrowed).collect();
    if let Some(line) = lines.get_mut(line.saturating_sub(1)) {
        *line = Cow::Owned(format!("{:64}{line}", ""));
    }
    lines.concat()
}

/// What is being read.
#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    max_nodes: usize,
}

/// A collection whose end has not come yet.
struct Open {
    at: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Mapping),
}

/// A mapping whose end has not come yet.
#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    /// The line of each key so far.
    lines: HashMap<String, usize>,
    merged: Vec<Node>,
    key: Option<(Place, String)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let at = Place { line: span.start.line().max(1), column: span.start.col() + 1 };
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_null =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let content = if is_null { Content::Null } else { Content::Scalar(text.into_owned()) };
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix() == "str");
                let style = if is_text { Style::Text } else { Style::Plain };
                self.complete(Node { at, content, style }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.enter(at, anchor, Items::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.enter(at, anchor, Items::Map(Mapping::default())),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { at, anchor, items }) = self.open.pop() else { return Ok(()) };
                let content = match items {
                    Items::List(items) => Content::List(items),
                    Items::Map(Mapping { entries, merged, .. }) => Content::Map(merge(entries, merged)?),
                };
                self.complete(Node { at, content, style: Style::Plain }, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(Fault::new(at, "yaml: unknown anchor referenced"));
                };
                self.nodes = self.nodes.saturating_add(node.size());
                self.check_size(at)?;
                let node = node.clone();
                self.complete(node, 0)
            }
            _ => Ok(()),
        }
    }

    /// Begins a collection.
    fn enter(&mut self, at: Place, anchor: usize, items: Items) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::new(at, format!("values lie more than {MAX_DEPTH} deep within each other")));
        }
        self.open.push(Open { at, anchor, items });
        Ok(())
    }

    fn check_size(&self, at: Place) -> Result<(), Fault> {
        if self.nodes > self.max_nodes {
            let most = self.max_nodes;
            return Err(Fault::new(at, format!("the file has more than {most} values, repeats included")));
        }
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.nodes += 1;
        self.check_size(node.at)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.documents.push(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map(mapping)) => mapping.take(node)?,
        }
        Ok(())
    }
}

impl Mapping {
    /// Takes the next key, or the value of the last one.
    fn take(&mut self, node: Node) -> Result<(), Fault> {
        match self.key.take() {
            None => self.key = Some(key_of(node)?),
            Some((_, name)) if name == "<<" => self.merged.push(node),
            Some((at, name)) => {
                if let Some(line) = self.lines.insert(name.clone(), at.line) {
                    let message = format!("yaml: mapping key {name:?} already defined at line {line}");
                    return Err(Fault::new(at, message));
                }
                self.entries.push(Entry { at, key: name, value: node });
            }
        }
        Ok(())
    }
}

fn key_of(node: Node) -> Result<(Place, String), Fault> {
    match node.content {
        Content::Scalar(text) => Ok((node.at, text)),
        Content::Null => Ok((node.at, "null".to_owned())),
        Content::List(_) | Content::Map(_) => Err(Fault::new(node.at, "yaml: a key must be a scalar")),
    }
}

/// Adds what `<<` brings and is not there already.
fn merge(mut entries: Vec<Entry>, merged: Vec<Node>) -> Result<Vec<Entry>, Fault> {
    if merged.is_empty() {
        return Ok(entries);
    }
    let mut known: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for node in merged {
        let sources = match node.content {
            Content::List(sources) => sources,
            _ => vec![node],
        };
        for source in sources {
            let Content::Map(more) = source.content else {
                return Err(Fault::new(
                    source.at,
                    "yaml: map merge requires map or sequence of maps as the value",
                ));
            };
            entries.extend(more.into_iter().filter(|entry| known.insert(entry.key.clone())));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_byte_is_found_by_line_and_character() {
        let at = |byte| Place::of_byte("a\n\u{e9}b", byte).to_string();
        assert_eq!([0, 1, 2, 4, 99].map(at), ["1:1", "1:2", "2:1", "2:2", "2:3"]);
    }

    #[test]
    fn everything_knows_its_place() {
        let documents = load("a:\n  - x\n  - {b: 1}\n---\nc\n").unwrap();
        let [first, second] = documents.as_slice() else { panic!("{documents:?}") };
        let list = first.get("a").unwrap();
        let Content::List(items) = &list.content else { panic!("{list:?}") };
        assert_eq!(items[0].at, Place { line: 2, column: 5 });
        assert_eq!(items[1].get("b").unwrap().at, Place { line: 3, column: 9 });
        assert_eq!(second.text(), Some("c"));
    }

    #[test]
    fn aliases_repeat_and_merges_add() {
        let documents = load("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x\n").unwrap();
        assert_eq!(documents[0].get("b").unwrap().get("p").and_then(Node::text), Some("1"));
        assert_eq!(documents[0].get("b").unwrap().get("q").and_then(Node::text), Some("3"));
        assert_eq!(documents[0].get("c").unwrap().get("q").and_then(Node::text), Some("2"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, expected) in [
            ("a: 1\nb: 2\na: 3\n", "3:1: yaml: mapping key \"a\" already defined at line 1"),
            ("a: *x\n", "1:4: yaml: "),
            ("[a]: 1\n", "1:1: yaml: a key must be a scalar"),
        ] {
            let fault = load(text).unwrap_err().to_string();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }

    #[test]
    fn a_quoted_text_may_go_on_without_indentation() {
        let documents = load("a:\n  b:\n    c: \"one\n    two\n  three\"\n    d: 1\n").unwrap();
        let b = documents[0].get("a").and_then(|a| a.get("b")).unwrap();
        assert_eq!(b.get("c").and_then(Node::text), Some("one two three"));
        assert_eq!(b.get("d").unwrap().at, Place { line: 6, column: 8 });
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}", level - 1);
            let many = [before.as_str(); 8].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        assert!(load(&text).unwrap_err().message.contains("repeats included"));
    }

    #[test]
    fn values_that_lie_too_deep_are_refused() {
        for text in ["[".repeat(1_000_000), "- ".repeat(5000), "{a: ".repeat(5000)] {
            assert!(load(&text).is_err());
        }
        assert!(load_within("[a, b, c]", 3).unwrap_err().message.contains("more than 3 values"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:&*<{}\\[\\]|>'\"# \\n-]{0,80}") {
            drop(load(&text));
        }
    }
}
