//! Objects that tests change field by field, as `serde_json` has it.

use std::ops::{Index, IndexMut};

use super::{Map, Value, shared};

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl Index<&str> for Value {
    type Output = Self;

    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&Self::Null)
    }
}

/// What is not there is made.
impl IndexMut<&str> for Value {
    fn index_mut(&mut self, name: &str) -> &mut Self {
        if *self == Self::Null {
            *self = Self::Object(Map::default());
        }
        let Self::Object(fields) = self else { panic!("no object: {self}") };
        if fields.get(name).is_none() {
            let all = std::mem::take(&mut fields.0).into_vec().into_iter();
            *fields = Map::of(all.chain([(shared(name), Self::Null)]).collect());
        }
        fields.get_mut(name).unwrap()
    }
}

impl Index<usize> for Value {
    type Output = Self;

    fn index(&self, at: usize) -> &Self {
        &self.as_array().unwrap()[at]
    }
}

impl IndexMut<usize> for Value {
    fn index_mut(&mut self, at: usize) -> &mut Self {
        let Self::Array(elements) = self else { panic!("no list: {self}") };
        &mut elements[at]
    }
}
