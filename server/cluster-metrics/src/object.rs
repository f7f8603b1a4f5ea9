//! Objects as they are kept, and the kinds that there are.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use crate::allow::{AllowList, Allowed};
use crate::family::{Family, FamilyInfo};
use crate::kinds::PodSpecs;
use crate::meta::{Meta, RawMeta, Uid};
use crate::pool::{Pool, Word};
use crate::rows::{Row, Rows};

/// How much of its objects a kind needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of them.
    Whole,
    /// Their metadata: nothing of what they hold is ever read.
    Metadata,
    /// Rows of a table (`meta.k8s.io/v1 Table`), whose objects are metadata: beside these, what `kubectl get` shows.
    Row,
}

/// Reads the JSON of an object.
type Project = fn(&[u8], &mut Projector) -> Result<Box<dyn Object>, NotAnObject>;

/// A kind of objects and its families.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its group; empty for the core group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its plural, such as `pods`.
    pub resource: &'static str,
    /// What kube-state-metrics calls it when it counts lists and watches: `*v1.Pod`.
    pub go_type: &'static str,
    /// How much of its objects is needed.
    pub form: Form,
    project: Project,
    families: fn() -> Vec<FamilyInfo>,
}

/// JSON that is no object of its kind.
#[derive(Debug, thiserror::Error)]
#[error("cannot read an object of the kind {resource}")]
pub struct NotAnObject {
    resource: &'static str,
    #[source]
    source: serde_json::Error,
}

/// Keeps of the objects of one kind what its families need, and what several have in common once.
#[derive(Debug)]
pub struct Projector {
    kind: &'static Kind,
    pub(crate) labels: Allowed,
    pub(crate) annotations: Allowed,
    pub(crate) words: Pool<Word>,
    pub(crate) pod_specs: PodSpecs,
}

impl Projector {
    /// For objects of a kind, with what is allowed of their labels and annotations.
    pub fn new(kind: &'static Kind, labels: &AllowList, annotations: &AllowList) -> Self {
        Self {
            kind,
            labels: labels.of(kind.resource).clone(),
            annotations: annotations.of(kind.resource).clone(),
            words: Pool::default(),
            pod_specs: PodSpecs::default(),
        }
    }

    /// Reads the JSON of one object; of a kind in the form of rows, that of a row.
    ///
    /// # Errors
    /// When it is none of this kind.
    pub fn project(&mut self, json: &[u8]) -> Result<Box<dyn Object>, NotAnObject> {
        (self.kind.project)(json, self)
    }
}

impl Kind {
    /// The families of this kind, in the order of their rows.
    pub fn families(&self) -> Vec<FamilyInfo> {
        (self.families)()
    }

    /// A row of the table of kinds.
    pub(crate) const fn of<T: Body>(
        [group, version, resource]: [&'static str; 3],
        go_type: &'static str,
        form: Form,
    ) -> Self {
        let families = || T::FAMILIES.iter().map(|family| family.info).collect();
        Self { group, version, resource, go_type, form, project: project::<T>, families }
    }
}

/// What is kept of an object.
pub trait Object: Send + Sync {
    /// What tells it from all others.
    fn uid(&self) -> &Uid;

    /// Its namespace, or nothing, and its name.
    fn place(&self) -> (&str, &str);

    /// Hands every row of every family to `sink`, in the order of the families.
    fn rows(&self, sink: &mut dyn FnMut(Row<'_>));
}

/// The labels that say which object a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The name under this label, beside nothing.
    Cluster(&'static str),
    /// Beside `namespace`.
    Namespaced(&'static str),
    /// Beside `namespace` and `uid`.
    WithUid(&'static str),
}

/// What a kind keeps beside [`Meta`].
pub(crate) trait Body: Sized + Send + Sync + 'static {
    /// How it is read.
    type Raw: DeserializeOwned;
    /// How its objects are told apart.
    const IDENTITY: Identity;
    /// The table.
    const FAMILIES: &'static [Family<Self>];

    /// Keeps what is needed.
    fn keep(raw: Self::Raw, projector: &mut Projector) -> Self;
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    metadata: RawMeta,
    /// Of a row of a table.
    object: Option<Box<Self>>,
}

struct Kept<T> {
    meta: Meta,
    body: T,
}

fn project<T: Body>(json: &[u8], projector: &mut Projector) -> Result<Box<dyn Object>, NotAnObject> {
    let resource = projector.kind.resource;
    let not = |source| NotAnObject { resource, source };
    // In two passes: a flattened field would first take everything into memory that no field asks for.
    let Metadata { metadata, object } = serde_json::from_slice(json).map_err(not)?;
    let metadata = object.map_or(metadata, |object| object.metadata);
    let raw: T::Raw = serde_json::from_slice(json).map_err(not)?;
    let meta = Meta::of(metadata, projector);
    let body = T::keep(raw, projector);
    Ok(Box::new(Kept { meta, body }))
}

impl<T: Body> Object for Kept<T> {
    fn uid(&self) -> &Uid {
        &self.meta.uid
    }

    fn place(&self) -> (&str, &str) {
        (&self.meta.namespace, &self.meta.name)
    }

    fn rows(&self, sink: &mut dyn FnMut(Row<'_>)) {
        let meta = &self.meta;
        let (name, namespace, uid) = (&*meta.name, &*meta.namespace, meta.uid.to_string());
        let identity: SmallVec<[(&str, &str); 3]> = match T::IDENTITY {
            Identity::Cluster(label) => [(label, name)].into_iter().collect(),
            Identity::Namespaced(label) => [("namespace", namespace), (label, name)].into_iter().collect(),
            Identity::WithUid(label) => {
                [("namespace", namespace), (label, name), ("uid", &uid)].into_iter().collect()
            }
        };
        for family in T::FAMILIES {
            let mut rows = Rows { name: family.info.name, identity: &identity, sink };
            (family.rows)(meta, &self.body, &mut rows);
        }
    }
}
