//! What templates compute with: the part of Go's values that rules and notifications can meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::function::Param;
use super::time::Time;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value: a missing key of a map that holds anything, or `nil`.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float64`.
    Float(f64),
    /// `string`.
    Str(SmolStr),
    /// A string that HTML escaping leaves alone.
    Html(SmolStr),
    /// `time.Duration`, in nanoseconds.
    Duration(i64),
    /// `time.Time`.
    Time(Time),
    /// A slice.
    List(Arc<List>),
    /// A map with strings as keys.
    Map(Arc<Map>),
    /// A struct, or a pointer to one.
    Struct(Arc<Struct>),
}

/// What Go calls a type: a name for messages, and methods.
#[derive(Debug)]
pub struct Class {
    /// As Go prints it, such as `[]string`.
    pub name: &'static str,
    /// What can be called on it, or read without arguments.
    pub methods: &'static [Method],
}

/// A method of a [`Class`].
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it takes besides the value it is called on.
    pub params: &'static [Param],
    /// Computes it. The first argument is the value it is called on.
    pub call: fn(&Value, &[Value]) -> Result<Value, String>,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A slice.
#[derive(Debug)]
pub struct List {
    /// Its type.
    pub class: &'static Class,
    /// Its elements.
    pub items: Vec<Value>,
}

/// A map.
#[derive(Debug)]
pub struct Map {
    /// Its type.
    pub class: &'static Class,
    /// What there is.
    pub entries: BTreeMap<SmolStr, Value>,
    /// What a missing key gives.
    pub zero: Value,
}

/// A struct.
#[derive(Debug)]
pub struct Struct {
    /// Its type.
    pub class: &'static Class,
    /// Its fields in order.
    pub fields: Vec<(&'static str, Value)>,
}

/// `map[string]string`.
pub static STRING_MAP: Class = Class { name: "map[string]string", methods: &[] };
/// `map[string]interface {}`.
pub static ANY_MAP: Class = Class { name: "map[string]interface {}", methods: &[] };
/// `[]interface {}`.
pub static ANY_LIST: Class = Class { name: "[]interface {}", methods: &[] };
/// `[]string`.
pub static STRING_LIST: Class = Class { name: "[]string", methods: &[] };

impl Value {
    /// A string.
    pub fn str(text: impl Into<SmolStr>) -> Self {
        Self::Str(text.into())
    }

    /// A slice of the given type.
    pub fn list(class: &'static Class, items: Vec<Self>) -> Self {
        Self::List(Arc::new(List { class, items }))
    }

    /// `[]string`.
    pub fn strings<T: Into<SmolStr>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::list(&STRING_LIST, items.into_iter().map(Self::str).collect())
    }

    /// A map from strings to strings, of the given type.
    pub fn string_map<N: Into<SmolStr>, V: Into<SmolStr>>(
        class: &'static Class,
        entries: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), Self::str(value))).collect();
        Self::Map(Arc::new(Map { class, entries, zero: Self::str("") }))
    }

    /// `map[string]interface {}`.
    pub fn any_map(entries: BTreeMap<SmolStr, Self>) -> Self {
        Self::Map(Arc::new(Map { class: &ANY_MAP, entries, zero: Self::Nil }))
    }

    /// A struct of the given type.
    pub fn record(class: &'static Class, fields: Vec<(&'static str, Self)>) -> Self {
        Self::Struct(Arc::new(Struct { class, fields }))
    }

    /// Its type, as Go prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::Html(_) => "template.HTML",
            Self::Duration(_) => "time.Duration",
            Self::Time(_) => "time.Time",
            Self::List(_) | Self::Map(_) | Self::Struct(_) => self.class().map_or("", |class| class.name),
        }
    }

    /// The type, of a value whose type is described by one.
    pub fn class(&self) -> Option<&'static Class> {
        match self {
            Self::List(list) => Some(list.class),
            Self::Map(map) => Some(map.class),
            Self::Struct(record) => Some(record.class),
            _ => None,
        }
    }

    /// The text, of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Html(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it counts as true: neither zero nor empty.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Duration(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) | Self::Html(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Time(_) | Self::Struct(_) => true,
        }
    }

    /// A field of a struct.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Struct(record) = self else { return None };
        record.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// How much work and memory it stands for, counted without following what it holds.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Str(text) | Self::Html(text) => text.len(),
            Self::List(list) => list.items.len() * 16,
            Self::Map(map) => map.entries.len() * 32,
            _ => 0,
        }
    }
}
