//! The kinds of objects that have pages: one row each, and everything about a kind in its row.
//!
//! A row drives the side bar, the address, the list with its columns, search and order, and the page of one object.
//! What all of them have in common is written once, in `views/list` and `views/object`; a new kind is a new row.

mod cell;
mod events;
mod ingresses;
mod namespaces;
mod nodes;
mod pods;
mod services;
mod trim;

use crowsnest_api::cluster::Kind;
use serde_json::Value;

use crate::charts::ChartSpec;
use crate::cluster::object::{created, name, namespace};
use crate::components::{IconName, Tone};
use crate::i18n::{Lang, Msg};
use crate::router::Page;

pub(crate) use cell::{Amount, Cell};
pub(crate) use trim::trim;

/// Everything about a kind.
pub(crate) struct KindRow {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// Its name in the API: group, version, resource.
    pub(crate) api: (&'static str, &'static str, &'static str),
    pub(crate) scope: KindScope,
    pub(crate) title: Msg,
    /// "pod", for messages about one.
    pub(crate) one: Msg,
    /// "the pods", for messages.
    pub(crate) what: Msg,
    pub(crate) icon: IconName,
    /// In the order of the table.
    pub(crate) columns: &'static [Column],
    /// The order unless somebody chose: a column's id, with `-` before it for the largest first.
    pub(crate) order: &'static str,
    /// What the filter looks at beside the cells.
    pub(crate) search: &'static [&'static [&'static str]],
    /// What lists need not hold on to; `*` stands for every element.
    pub(crate) dropped: &'static [&'static [&'static str]],
    /// Figures from the time series, for columns that are joined.
    pub(crate) metrics: &'static [Metric],
    /// How an object is, where its kind has a state.
    pub(crate) tone: Option<fn(&Value) -> Tone>,
    /// What is told under the name of one object.
    pub(crate) facts: &'static [Fact],
    /// What the page of one object is made of.
    pub(crate) parts: &'static [Part],
}

/// Whether objects of a kind are in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindScope {
    Namespaced,
    Cluster,
}

/// A column of a list.
pub(crate) struct Column {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    pub(crate) title: Msg,
    pub(crate) source: Source,
    pub(crate) order: Natural,
    pub(crate) place: Place,
}

/// Columns that are the same for every kind.
impl Column {
    const NAME: Self = Self {
        id: "name",
        title: Msg::ColumnName,
        source: Source::Object(|object| Cell::Name(name(object).to_owned())),
        order: Natural::First,
        place: Place::Always,
    };
    const NAMESPACE: Self = Self {
        id: "namespace",
        title: Msg::ColumnNamespace,
        source: Source::Object(|object| Cell::dim(namespace(object))),
        order: Natural::First,
        place: Place::Namespace,
    };
    const AGE: Self = Self {
        id: "age",
        title: Msg::ColumnAge,
        source: Source::Object(|object| Cell::age(created(object))),
        order: Natural::Largest,
        place: Place::Always,
    };
}

/// Where a column has its cells from.
pub(crate) enum Source {
    /// From the object.
    Object(fn(&Value) -> Cell),
    /// From a figure that is joined by name, and how it is written.
    Joined(&'static str, fn(f64) -> Cell),
}

/// Which way a column sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Natural {
    /// From A, from the worst, from the youngest. Words stand at the start.
    First,
    /// From the largest. Figures stand at the end.
    Largest,
}

/// When a column gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Never.
    Always,
    /// On narrow tables.
    Wide,
    /// On all but wide tables.
    Widest,
    /// Where all objects are of one namespace.
    Namespace,
}

/// A query whose answer has one series for each object.
pub(crate) struct Metric {
    /// What columns join it by.
    pub(crate) id: &'static str,
    /// PromQL with `$ns` for the matcher of the namespaces that are seen.
    pub(crate) query: &'static str,
    /// The labels with the object's namespace and name; the first is empty for kinds without namespaces.
    pub(crate) labels: (&'static str, &'static str),
}

/// Something told of an object: its label, and the text, if there is one.
pub(crate) type Fact = (Msg, fn(Lang, &Value) -> Option<FactText>);

/// What a fact says, and where it leads.
pub(crate) struct FactText {
    pub(crate) text: String,
    pub(crate) page: Option<Page>,
}

impl From<String> for FactText {
    fn from(text: String) -> Self {
        Self { text, page: None }
    }
}

/// A part of the page of one object.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// Charts of a pod.
    Charts(&'static [ChartSpec]),
    /// The charts of a machine that runs an agent.
    MachineCharts,
    /// Its containers, with state, image and resources.
    Containers,
    /// Its conditions.
    Conditions,
    /// What was told about it.
    Events,
    /// Its labels and annotations.
    Labels,
    /// What it has, and how much of that is asked for and used.
    NodeResources,
    /// The pods on it.
    NodePods,
}

/// All kinds, in the order of the side bar.
pub(crate) static KINDS: &[&KindRow] = &[
    &pods::PODS,
    &services::SERVICES,
    &ingresses::INGRESSES,
    &nodes::NODES,
    &namespaces::NAMESPACES,
    &events::EVENTS,
];

/// The kinds that pages ask for by name.
pub(crate) static PODS: &KindRow = &pods::PODS;
pub(crate) static NODES: &KindRow = &nodes::NODES;
pub(crate) static EVENTS: &KindRow = &events::EVENTS;
pub(crate) static SERVICES: &KindRow = &services::SERVICES;
pub(crate) static INGRESSES: &KindRow = &ingresses::INGRESSES;

/// The kind with this name in addresses.
pub(crate) fn find(id: &str) -> Option<&'static KindRow> {
    KINDS.iter().copied().find(|row| row.id == id)
}

/// The kind that the API calls so: `Pod` becomes `pods`, `Ingress` becomes `ingresses`.
pub(crate) fn find_kind(kind: &str) -> Option<&'static KindRow> {
    let plural = kind.to_lowercase() + if kind.ends_with('s') { "es" } else { "s" };
    KINDS.iter().copied().find(|row| row.api.2 == plural)
}

impl KindRow {
    /// Its name on the wire. `None` never comes of a row in [`KINDS`]; a test sees to that.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let (group, version, resource) = self.api;
        Kind::new(group, version, resource).ok()
    }

    /// The cells of an object, one for each column; joined ones are empty.
    pub(crate) fn cells(&self, object: &Value) -> Vec<Cell> {
        let cell = |column: &Column| match column.source {
            Source::Object(read) => read(object),
            Source::Joined(..) => Cell::None,
        };
        self.columns.iter().map(cell).collect()
    }

    /// Its list.
    pub(crate) fn list_page(&self) -> Page {
        if self.id == "nodes" { Page::Nodes } else { Page::List(self.id) }
    }

    /// The page of one object; that of the list where single objects have none.
    pub(crate) fn object_page(&self, namespace: &str, name: &str) -> Page {
        match self.scope {
            _ if self.parts.is_empty() => self.list_page(),
            _ if self.id == "nodes" => Page::Node(name.to_owned()),
            KindScope::Cluster => Page::Object(self.id, String::new(), name.to_owned()),
            KindScope::Namespaced => Page::Object(self.id, namespace.to_owned(), name.to_owned()),
        }
    }

    /// The place of a column.
    pub(crate) fn column(&self, id: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn rows_have_names_of_their_own_and_names_that_the_api_takes() {
        let ids: BTreeSet<_> = KINDS.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), KINDS.len());
        for row in KINDS {
            assert!(row.kind().is_some(), "{}", row.id);
            assert!(std::ptr::eq(find(row.id).unwrap(), *row));
        }
        assert_eq!(find_kind("Pod").map(|row| row.id), Some("pods"));
        assert_eq!(find_kind("Ingress").map(|row| row.id), Some("ingresses"));
        assert!(find("unicorns").is_none());
    }

    #[test]
    fn columns_have_names_of_their_own_and_the_order_is_one_of_them() {
        for row in KINDS {
            let ids: BTreeSet<_> = row.columns.iter().map(|column| column.id).collect();
            assert_eq!(ids.len(), row.columns.len(), "{}", row.id);
            assert!(row.column(row.order.trim_start_matches('-')).is_some(), "{}", row.id);
            for column in row.columns {
                if let Source::Joined(id, _) = column.source {
                    let known = row.metrics.iter().any(|metric| metric.id == id) || id == "pods";
                    assert!(known, "{}: {id}", row.id);
                }
            }
        }
    }

    #[test]
    fn an_object_without_anything_has_cells_too() {
        for row in KINDS {
            assert_eq!(row.cells(&json!({})).len(), row.columns.len());
            assert_eq!(row.cells(&json!(null)).len(), row.columns.len());
            for (label, read) in row.facts {
                let _ = (label, read(Lang::English, &json!({})));
            }
        }
    }
}
