//! What every object has, as far as families need it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use serde::Deserialize;

use crate::allow::Allowed;
use crate::label_name;
use crate::object::Projector;
use crate::pool::Word;
use crate::rows::Rows;
use crate::when::When;

/// `metadata` as it is read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RawMeta {
    name: String,
    namespace: String,
    uid: String,
    creation_timestamp: When,
    deletion_timestamp: When,
    generation: i64,
    resource_version: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    owner_references: Vec<RawOwner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawOwner {
    kind: String,
    name: String,
    controller: Option<bool>,
}

/// `metadata` as it is kept.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) name: Box<str>,
    /// Empty for objects of the cluster.
    pub(crate) namespace: Word,
    pub(crate) uid: Uid,
    pub(crate) created: When,
    pub(crate) deleted: When,
    pub(crate) generation: i64,
    /// Only where it is a number, which it is in every API server there is.
    pub(crate) resource_version: Option<NonZeroU64>,
    pub(crate) owners: Box<[Owner]>,
    /// Labels and annotations that are allowed; `None` where none ever are.
    extra: Option<Box<Extra>>,
}

#[derive(Debug)]
struct Extra {
    labels: Option<Named>,
    annotations: Option<Named>,
}

/// Names of Prometheus labels, and values.
type Named = Box<[(Word, Word)]>;

/// Who an object belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) kind: Word,
    pub(crate) name: Word,
    pub(crate) controller: bool,
}

impl Meta {
    pub(crate) fn of(raw: RawMeta, projector: &mut Projector) -> Self {
        let owners = raw.owner_references.into_iter().map(|owner| Owner {
            kind: projector.words.word(&owner.kind),
            name: projector.words.word(&owner.name),
            controller: owner.controller.unwrap_or_default(),
        });
        let owners = owners.collect();
        let labels = projector.allowed("label", &raw.labels);
        let annotations = projector.allowed("annotation", &raw.annotations);
        let extra =
            (labels.is_some() || annotations.is_some()).then(|| Box::new(Extra { labels, annotations }));
        Self {
            name: raw.name.into(),
            namespace: projector.words.word(&raw.namespace),
            uid: Uid::of(&raw.uid),
            created: raw.creation_timestamp,
            deleted: raw.deletion_timestamp,
            generation: raw.generation,
            resource_version: raw.resource_version.parse().ok(),
            owners,
            extra,
        }
    }

    /// The owner that controls the object.
    pub(crate) fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    pub(crate) fn label_rows(&self, more: &[(&str, &str)], rows: &mut Rows<'_>) {
        named_rows(self.extra.as_ref().and_then(|extra| extra.labels.as_ref()), more, rows);
    }

    pub(crate) fn annotation_rows(&self, more: &[(&str, &str)], rows: &mut Rows<'_>) {
        named_rows(self.extra.as_ref().and_then(|extra| extra.annotations.as_ref()), more, rows);
    }
}

fn named_rows(named: Option<&Named>, more: &[(&str, &str)], rows: &mut Rows<'_>) {
    let Some(named) = named else { return };
    let mut labels = more.to_vec();
    labels.extend(named.iter().map(|(name, value)| (&**name, &**value)));
    rows.info(&labels);
}

impl Projector {
    /// What the allow-list leaves of an object's labels or annotations, with the names that they get.
    fn allowed(&mut self, prefix: &str, of: &BTreeMap<String, String>) -> Option<Named> {
        let allowed = if prefix == "label" { &self.labels } else { &self.annotations };
        if *allowed == Allowed::None {
            return None;
        }
        let kept: Vec<(&String, &String)> = of.iter().filter(|(key, _)| allowed.holds(key)).collect();
        let names = label_name::names(prefix, kept.iter().map(|(key, _)| key.as_str()));
        let words = &mut self.words;
        let named = names.iter().zip(kept).map(|(name, (_, value))| (words.word(name), words.word(value)));
        Some(named.collect())
    }
}

/// What tells an object from all others that there ever were.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Form);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// As Kubernetes writes it: a UUID in small hexadecimal digits.
    Uuid([u8; 16]),
    /// In any other way.
    Other(Box<str>),
}

/// Where a UUID has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Uid {
    pub(crate) fn of(text: &str) -> Self {
        Self(uuid(text).map_or_else(|| Form::Other(text.into()), Form::Uuid))
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let is_hyphen = |place: &usize| HYPHENS.contains(place);
    let hyphens = HYPHENS.iter().all(|place| text.as_bytes().get(*place) == Some(&b'-'));
    let small = !text.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'+');
    if text.len() != 36 || !hyphens || !small {
        return None;
    }
    let digits: String =
        text.char_indices().filter(|(place, _)| !is_hyphen(place)).map(|(_, digit)| digit).collect();
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match &self.0 {
            Form::Uuid(bytes) => bytes,
            Form::Other(text) => return f.write_str(text),
        };
        for (place, byte) in bytes.iter().enumerate() {
            let hyphen = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_told_as_it_was_written() {
        for text in
            ["3f1c0c9e-8f0e-4d8a-9d5b-0a1b2c3d4e5f", "abc-0", "", "3F1C0C9E-8f0e-4d8a-9d5b-0a1b2c3d4e5f"]
        {
            assert_eq!(Uid::of(text).to_string(), text);
        }
        assert!(matches!(Uid::of("3f1c0c9e-8f0e-4d8a-9d5b-0a1b2c3d4e5f").0, Form::Uuid(_)));
    }
}
