//! Objects as they are kept, and the kinds that there are.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use crate::allow::{AllowList, Allowed};
use crate::custom::CustomFamilies;
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
type Project = fn(&[u8], &mut Projector) -> Result<Box<dyn Object>, serde_json::Error>;

/// A kind of objects and its families. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Its version.
    pub version: Cow<'static, str>,
    /// Its plural, such as `pods`.
    pub resource: Cow<'static, str>,
    /// What kube-state-metrics calls it when it counts lists and watches: `*v1.Pod`.
    pub go_type: Cow<'static, str>,
    /// How much of its objects is needed.
    pub form: Form,
    families: Families,
}

/// Where the families of a kind come from.
#[derive(Clone, Debug)]
enum Families {
    /// The table of this crate.
    Table { project: Project, families: fn() -> Vec<FamilyInfo> },
    /// Somebody's configuration.
    Custom(Arc<CustomFamilies>),
}

/// JSON that is no object of its kind.
#[derive(Debug, thiserror::Error)]
#[error("cannot read an object of the kind {resource}")]
pub struct NotAnObject {
    resource: String,
    #[source]
    source: serde_json::Error,
}

/// Keeps of the objects of one kind what its families need, and what several have in common once.
#[derive(Debug)]
pub struct Projector {
    kind: Kind,
    pub(crate) labels: Allowed,
    pub(crate) annotations: Allowed,
    pub(crate) words: Pool<Word>,
    pub(crate) pod_specs: PodSpecs,
}

impl Projector {
    /// For objects of a kind, with what is allowed of their labels and annotations.
    pub fn new(kind: &Kind, labels: &AllowList, annotations: &AllowList) -> Self {
        Self {
            kind: kind.clone(),
            labels: labels.of(&kind.resource).clone(),
            annotations: annotations.of(&kind.resource).clone(),
            words: Pool::default(),
            pod_specs: PodSpecs::default(),
        }
    }

    /// Reads the JSON of one object; of a kind in the form of rows, that of a row.
    ///
    /// # Errors
    /// When it is none of this kind.
    pub fn project(&mut self, json: &[u8]) -> Result<Box<dyn Object>, NotAnObject> {
        let projected = match &self.kind.families {
            Families::Table { project, .. } => project(json, self),
            Families::Custom(families) => {
                let families = Arc::clone(families);
                families.project(json, &mut self.words)
            }
        };
        projected.map_err(|source| NotAnObject { resource: self.kind.resource.to_string(), source })
    }
}

impl Kind {
    /// The families of this kind, in the order of their rows.
    pub fn families(&self) -> Vec<FamilyInfo> {
        match &self.families {
            Families::Table { families, .. } => families(),
            Families::Custom(families) => families.infos(),
        }
    }

    /// A kind whose families are configured.
    pub(crate) fn custom(
        [group, version, resource]: [&str; 3],
        name: String,
        families: CustomFamilies,
    ) -> Self {
        let owned = |text: &str| Cow::Owned(text.to_owned());
        let [group, version, resource] = [group, version, resource].map(owned);
        let families = Families::Custom(Arc::new(families));
        Self { group, version, resource, go_type: Cow::Owned(name), form: Form::Whole, families }
    }

    /// A row of the table of kinds.
    pub(crate) const fn of<T: Body>(
        [group, version, resource]: [&'static str; 3],
        go_type: &'static str,
        form: Form,
    ) -> Self {
        let families = || T::FAMILIES.iter().map(|family| family.info.clone()).collect();
        Self {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            resource: Cow::Borrowed(resource),
            go_type: Cow::Borrowed(go_type),
            form,
            families: Families::Table { project: project::<T>, families },
        }
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

fn project<T: Body>(json: &[u8], projector: &mut Projector) -> Result<Box<dyn Object>, serde_json::Error> {
    // In two passes: a flattened field would first take everything into memory that no field asks for.
    let Metadata { metadata, object } = serde_json::from_slice(json)?;
    let metadata = object.map_or(metadata, |object| object.metadata);
    let raw: T::Raw = serde_json::from_slice(json)?;
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
            let mut rows = Rows { name: &family.info.name, identity: &identity, sink };
            (family.rows)(meta, &self.body, &mut rows);
        }
    }
}
