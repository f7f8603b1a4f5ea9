//! Custom resources as they are kept: the rows of their families, computed when they change.

use serde_json::Value;

use super::labels::{FromPaths, Labels};
use super::values::Metric;
use crate::family::{FamilyInfo, MetricKind};
use crate::meta::Uid;
use crate::object::Object;
use crate::pool::{Pool, Word};
use crate::rows::Row;

/// Rows of one object; what comes after them is left out.
const MAX_ROWS: usize = 1_000;

/// The families of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CustomFamilies(pub(super) Vec<CustomFamily>);

/// A family.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CustomFamily {
    pub(super) name: String,
    pub(super) help: String,
    /// Labels of every row.
    pub(super) labels: Labels,
    /// Labels from fields of the object; they win over those, and those of the row's own place win over both.
    pub(super) from_paths: FromPaths,
    pub(super) metric: Metric,
}

struct Kept {
    uid: Uid,
    namespace: Word,
    name: Box<str>,
    rows: Box<[KeptRow]>,
}

struct KeptRow {
    family: Word,
    labels: Box<[(Word, Word)]>,
    value: f64,
}

impl CustomFamilies {
    /// What is known of them without an object. One name may be several metrics, such as of several resources; it is there once.
    pub(crate) fn infos(&self) -> Vec<FamilyInfo> {
        let mut infos: Vec<FamilyInfo> = Vec::new();
        for family in &self.0 {
            if !infos.iter().any(|known| known.name == family.name) {
                let (name, help) = (family.name.clone().into(), family.help.clone().into());
                infos.push(FamilyInfo { name, help, kind: MetricKind::Gauge });
            }
        }
        infos
    }

    /// Computes the rows of an object from its JSON.
    pub(crate) fn project(
        &self,
        json: &[u8],
        words: &mut Pool<Word>,
    ) -> Result<Box<dyn Object>, serde_json::Error> {
        let object: Value = serde_json::from_slice(json)?;
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        let (uid, namespace, name) =
            (Uid::of(text("uid")), words.word(text("namespace")), text("name").into());
        let mut rows = Vec::new();
        for family in &self.0 {
            let mut base = family.labels.clone();
            family.from_paths.add(&object, &mut base);
            for (own, value) in family.metric.values(&object) {
                if rows.len() == MAX_ROWS {
                    break;
                }
                let mut labels = base.clone();
                labels.extend(own);
                let labels =
                    labels.iter().map(|(name, value)| (words.word(name), words.word(value))).collect();
                rows.push(KeptRow { family: words.word(&family.name), labels, value });
            }
        }
        Ok(Box::new(Kept { uid, namespace, name, rows: rows.into() }))
    }
}

impl Object for Kept {
    fn uid(&self) -> &Uid {
        &self.uid
    }

    fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    fn rows(&self, sink: &mut dyn FnMut(Row<'_>)) {
        let mut labels = Vec::new();
        for row in &self.rows {
            labels.clear();
            labels.extend(row.labels.iter().map(|(name, value)| (&**name, &**value)));
            sink(Row { name: &row.family, labels: &labels, value: row.value });
        }
    }
}
