//! A metric family: a row of a kind's table.

use std::borrow::Cow;

use crate::meta::Meta;
use crate::rows::Rows;

/// Whether a family's values only ever grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Anything may become of it.
    Gauge,
    /// It grows, or begins anew.
    Counter,
}

/// What is known of a family without an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyInfo {
    /// The metric's name.
    pub name: Cow<'static, str>,
    /// One sentence for people.
    pub help: Cow<'static, str>,
    /// Its type.
    pub kind: MetricKind,
}

impl FamilyInfo {
    const fn of(name: &'static str, help: &'static str, kind: MetricKind) -> Self {
        Self { name: Cow::Borrowed(name), help: Cow::Borrowed(help), kind }
    }
}

/// A family of objects whose own part is `T`.
pub(crate) struct Family<T: 'static> {
    pub(crate) info: FamilyInfo,
    pub(crate) rows: fn(&Meta, &T, &mut Rows<'_>),
}

impl<T> Family<T> {
    /// A family of gauges.
    pub(crate) const fn gauge(
        name: &'static str,
        help: &'static str,
        rows: fn(&Meta, &T, &mut Rows<'_>),
    ) -> Self {
        Self { info: FamilyInfo::of(name, help, MetricKind::Gauge), rows }
    }

    /// A family of counters.
    pub(crate) const fn counter(
        name: &'static str,
        help: &'static str,
        rows: fn(&Meta, &T, &mut Rows<'_>),
    ) -> Self {
        Self { info: FamilyInfo::of(name, help, MetricKind::Counter), rows }
    }

    /// `kube_…_created`.
    pub(crate) const fn created(name: &'static str) -> Self {
        Self::gauge(name, "[STABLE] Unix creation timestamp", |meta, _, rows| rows.time(meta.created))
    }

    /// `kube_…_deletion_timestamp`.
    pub(crate) const fn deleted(name: &'static str) -> Self {
        Self::gauge(name, "Unix deletion timestamp", |meta, _, rows| rows.time(meta.deleted))
    }

    /// `kube_…_metadata_generation`.
    pub(crate) const fn generation(name: &'static str) -> Self {
        let help = "[STABLE] Sequence number representing a specific generation of the desired state.";
        Self::gauge(name, help, |meta, _, rows| rows.one(meta.generation as f64))
    }

    /// `kube_…_metadata_resource_version`.
    pub(crate) const fn resource_version(name: &'static str, help: &'static str) -> Self {
        Self::gauge(name, help, |meta, _, rows| {
            if let Some(version) = meta.resource_version {
                rows.one(version.get() as f64);
            }
        })
    }

    /// `kube_…_labels`: nothing unless some are allowed.
    pub(crate) const fn labels(name: &'static str) -> Self {
        let help = "[STABLE] Kubernetes labels converted to Prometheus labels.";
        Self::gauge(name, help, |meta, _, rows| meta.label_rows(&[], rows))
    }

    /// `kube_…_annotations`: nothing unless some are allowed.
    pub(crate) const fn annotations(name: &'static str) -> Self {
        let help = "Kubernetes annotations converted to Prometheus labels.";
        Self::gauge(name, help, |meta, _, rows| meta.annotation_rows(&[], rows))
    }

    /// `kube_…_owner`: a row for each owner, or one that says that there is none.
    pub(crate) const fn owner(name: &'static str, help: &'static str) -> Self {
        Self::gauge(name, help, |meta, _, rows| {
            for owner in &meta.owners {
                let controls = crate::rows::word(owner.controller);
                rows.info(&[
                    ("owner_kind", &owner.kind),
                    ("owner_name", &owner.name),
                    ("owner_is_controller", controls),
                ]);
            }
            if meta.owners.is_empty() {
                rows.one(1.0);
            }
        })
    }
}
