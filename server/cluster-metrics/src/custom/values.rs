//! The values that one metric of the configuration finds in an object.

use serde_json::Value;

use super::labels::{FromPaths, Labels};
use super::number::number;
use super::path::ValuePath;

/// What becomes of a place in an object: of each of its elements, where it is a list, or, but for [`Each::StateSet`], a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metric {
    /// The place; empty for the object itself.
    pub(super) path: ValuePath,
    /// Labels from below that place.
    pub(super) labels: FromPaths,
    pub(super) each: Each,
}

/// What is made of an element.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Each {
    /// Its number.
    Gauge {
        /// Where in the element it is.
        value: ValuePath,
        /// The label with the name of the element in its mapping; may be empty.
        key_label: String,
        /// Whether nothing counts as 0.
        nothing_is_zero: bool,
    },
    /// 1, with labels that say something.
    Info {
        /// As in [`Each::Gauge`].
        key_label: String,
    },
    /// Its word: 1 for the one that it is, 0 for each other one.
    StateSet {
        /// Where in the element it is.
        value: ValuePath,
        label: String,
        words: Vec<String>,
    },
}

/// A value with the labels that its place gives it.
pub(super) type Found = (Labels, f64);

impl Metric {
    /// The values in an object, by their labels; of those with the same labels the first.
    pub(super) fn values(&self, object: &Value) -> Vec<Found> {
        let place = self.path.get(object).unwrap_or(&Value::Null);
        let mut found = match &self.each {
            Each::Gauge { value, key_label, nothing_is_zero } => {
                self.gauges(place, value, key_label, *nothing_is_zero)
            }
            Each::Info { key_label } => self.infos(place, key_label),
            Each::StateSet { value, label, words } => {
                elements(place).flat_map(|element| self.states(element, value, label, words)).collect()
            }
        };
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found.dedup_by(|(later, _), (kept, _)| later == kept);
        found
    }

    fn gauges(&self, place: &Value, value: &ValuePath, key_label: &str, nothing_is_zero: bool) -> Vec<Found> {
        let gauge = |element: &Value| match value.get(element) {
            Some(said) => number(said),
            None => nothing_is_zero.then_some(0.0),
        };
        let Value::Object(fields) = place else {
            let one = |element| gauge(element).map(|number| (self.labelled(element, Labels::new()), number));
            return elements(place).filter_map(one).collect();
        };
        let mut found = Vec::new();
        for (key, element) in fields {
            // The value may be a field of the place itself, beside those that only give labels.
            let is_the_value = value.field() == Some(key);
            let number = if is_the_value { number(element) } else { gauge(element) };
            // A field that only gives labels has no value that could be missing.
            let number =
                number.filter(|_| is_the_value || element.is_object() || value.get(element).is_some());
            let Some(number) = number else { continue };
            let mut labels = self.labelled(element, named(key_label, key));
            self.labels.add(place, &mut labels);
            found.push((labels, number));
        }
        found
    }

    fn infos(&self, place: &Value, key_label: &str) -> Vec<Found> {
        let mut found = Vec::new();
        if let Value::Object(fields) = place {
            found.extend(fields.iter().map(|(key, element)| self.labelled(element, named(key_label, key))));
        }
        found.extend(elements(place).map(|element| self.labelled(element, Labels::new())));
        found.retain(|labels| !labels.is_empty());
        found.into_iter().map(|labels| (labels, 1.0)).collect()
    }

    fn states<'m>(
        &'m self,
        element: &'m Value,
        value: &ValuePath,
        label: &'m str,
        words: &'m [String],
    ) -> impl Iterator<Item = Found> {
        let is = value.get(element).and_then(Value::as_str);
        is.into_iter().flat_map(move |is| {
            words.iter().map(move |word| {
                let labels = self.labelled(element, named(label, word));
                (labels, f64::from(u8::from(word == is)))
            })
        })
    }

    fn labelled(&self, element: &Value, mut labels: Labels) -> Labels {
        self.labels.add(element, &mut labels);
        labels
    }
}

/// The elements of a list; anything else is the only one.
fn elements(place: &Value) -> std::slice::Iter<'_, Value> {
    match place {
        Value::Array(elements) => elements.iter(),
        other => std::slice::from_ref(other).iter(),
    }
}

fn named(label: &str, value: &str) -> Labels {
    let label = Some(label).filter(|label| !label.is_empty() && !value.is_empty());
    label.map(|label| (label.to_owned(), value.to_owned())).into_iter().collect()
}
