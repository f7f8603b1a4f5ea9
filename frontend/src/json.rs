//! Objects of the cluster as they are kept here: ten thousand of them at a time.
//!
//! A [`Value`] reads as `serde_json`'s does, but is for keeping: its names are shared between all objects, and its lists and maps have no room
//! for more. A pod needs a quarter of what it would need there. It is read from text directly; what is written to
//! the API server is made with `serde_json`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::{iter, slice};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// Names that are kept before those that nobody has any more are looked for.
const NAMES: usize = 4096;

/// Any JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Box<Number>),
    String(Box<str>),
    Array(Box<[Value]>),
    Object(Map),
}

/// The fields of an object, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map(Box<[(Arc<str>, Value)]>);

impl Value {
    /// The field of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(is) => Some(*is),
            _ => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl Value {
    /// As what is written to the API server is made of.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(is) => (*is).into(),
            Self::Number(number) => serde_json::Value::Number((**number).clone()),
            Self::String(text) => (&**text).into(),
            Self::Array(elements) => elements.iter().map(Self::to_json).collect(),
            Self::Object(fields) => {
                fields.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
            }
        }
    }
}

impl Map {
    fn of(mut fields: Vec<(Arc<str>, Value)>) -> Self {
        // Of fields with the same name the last one counts, as everywhere.
        fields.reverse();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|(a, _), (b, _)| a == b);
        Self(fields.into_boxed_slice())
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).ok().and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    /// The field of that name, to change.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.find(name).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> Fields<'_> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Takes the field of that name out.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Ok(at) = self.find(name) {
            let mut fields = std::mem::take(&mut self.0).into_vec();
            fields.remove(at);
            self.0 = fields.into_boxed_slice();
        }
    }
}

type Fields<'m> =
    iter::Map<slice::Iter<'m, (Arc<str>, Value)>, fn(&'m (Arc<str>, Value)) -> (&'m str, &'m Value)>;

impl<'m> IntoIterator for &'m Map {
    type Item = (&'m str, &'m Value);
    type IntoIter = Fields<'m>;

    fn into_iter(self) -> Fields<'m> {
        self.iter()
    }
}

/// The name that all objects share.
fn shared(name: &str) -> Arc<str> {
    thread_local! {
        static KNOWN: RefCell<(HashSet<Arc<str>>, usize)> = RefCell::new((HashSet::new(), NAMES));
    }
    KNOWN.with_borrow_mut(|(known, most)| {
        if let Some(known) = known.get(name) {
            return Arc::clone(known);
        }
        if known.len() >= *most {
            known.retain(|name| Arc::strong_count(name) > 1);
            *most = NAMES.max(known.len() * 2);
        }
        let name = Arc::<str>::from(name);
        known.insert(Arc::clone(&name));
        name
    })
}

/// Reads a name without keeping a second copy of it.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Arc<str>, E> {
        Ok(shared(name))
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Value, E> {
        Ok(Value::Bool(is))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(Box::new(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(Box::new(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, |number| Value::Number(Box::new(number))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element()? {
            all.push(element);
        }
        Ok(Value::Array(all.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = fields.next_key_seed(Name)? {
            all.push((name, fields.next_value()?));
        }
        Ok(Value::Object(Map::of(all)))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(is) => serializer.serialize_bool(*is),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements.iter()),
            Self::Object(fields) => serializer.collect_map(fields.iter()),
        }
    }
}

/// As JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(is) => Self::Bool(is),
            serde_json::Value::Number(number) => Self::Number(Box::new(number)),
            serde_json::Value::String(text) => Self::String(text.into()),
            serde_json::Value::Array(elements) => Self::Array(elements.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => Self::Object(Map::of(
                fields.into_iter().map(|(name, value)| (shared(&name), value.into())).collect(),
            )),
        }
    }
}

/// `serde_json`'s macro, for tests.
#[cfg(test)]
macro_rules! json {
    ($($json:tt)+) => { $crate::json::Value::from(serde_json::json!($($json)+)) };
}
#[cfg(test)]
pub(crate) use json;

#[cfg(test)]
mod building;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_shared_and_forgotten_when_nobody_has_them() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (a, b) = (read(r#"{"metadata": 1}"#), read(r#"{"metadata": 2}"#));
        let name = |value: &Value| Arc::clone(&value.as_object().unwrap().0[0].0);
        assert!(Arc::ptr_eq(&name(&a), &name(&b)));
        let rare = name(&read(r#"{"rare": 1}"#));
        let weak = Arc::downgrade(&rare);
        drop(rare);
        for number in 0..NAMES {
            shared(&number.to_string());
        }
        assert!(weak.upgrade().is_none());
        assert!(Arc::ptr_eq(&name(&a), &shared("metadata")));
    }

    #[test]
    fn a_value_reads_as_its_text_says() {
        let mut value: Value =
            serde_json::from_str(r#"{"b": [1, -2, 0.5, null, true, "x"], "a": {}, "a": {"c": 9e99}}"#)
                .unwrap();
        assert_eq!(value.to_string(), r#"{"a":{"c":9e+99},"b":[1,-2,0.5,null,true,"x"]}"#);
        let list = value.get("b").and_then(Value::as_array).unwrap();
        assert_eq!((list[0].as_i64(), list[1].as_i64(), list[2].as_i64()), (Some(1), Some(-2), None));
        assert_eq!((list[4].as_bool(), list[5].as_str(), list[5].get("x")), (Some(true), Some("x"), None));
        let Value::Object(fields) = &mut value else { panic!("no object") };
        fields.remove("b");
        fields.remove("never");
        assert_eq!(value.to_string(), r#"{"a":{"c":9e+99}}"#);
    }

    #[test]
    fn it_stays_small() {
        // A third of the machine's word less in the browser, whose addresses have four bytes.
        assert_eq!(size_of::<Value>(), 3 * size_of::<usize>());
    }

    fn anything() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::btree_map(".*", inner, 0..8)
                    .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_reads(value in anything()) {
            let text = value.to_string();
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read.to_string(), &text);
            prop_assert_eq!(read, Value::from(value));
        }
    }
}
