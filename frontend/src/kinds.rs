//! The kinds of objects that have pages: one row each, and everything about a kind in its row.
//!
//! A row drives the side bar, the address, the list with its columns, search and order, and the page of one object.
//! What all of them have in common is written once, in `views/list` and `views/object`; a new kind is a new row.

mod access;
mod cell;
mod cells;
mod config;
mod events;
mod extensions;
mod ingresses;
mod jobs;
mod namespaces;
mod network;
mod nodes;
pub(crate) mod pod_spec;
mod pods;
mod quotas;
mod scaling;
mod selects;
pub(crate) mod served;
mod services;
mod storage;
mod trim;
mod workloads;

use crate::json::Value;
use crowsnest_api::cluster::Kind;

use crate::charts::ChartSpec;
use crate::cluster::object::{created, name, namespace};
use crate::components::{IconName, Tone};
use crate::i18n::{Lang, Msg, Words};
use crate::router::Page;

pub(crate) use cell::{Amount, Cell};
pub(crate) use selects::{Selector, parse as parse_selector, read as read_selector, words as selector_words};
pub(crate) use trim::trim;

/// Everything about a kind.
#[derive(Clone, Copy)]
pub(crate) struct KindRow {
    /// Its name in addresses.
    pub(crate) id: &'static str,
    /// Its name in the API: group, version, resource.
    pub(crate) api: (&'static str, &'static str, &'static str),
    /// What the API calls one of them: `Deployment`.
    pub(crate) api_kind: &'static str,
    pub(crate) scope: KindScope,
    /// Where it stands in the side bar.
    pub(crate) group: Group,
    /// How much of an object its list is made of.
    pub(crate) wire: Wire,
    pub(crate) title: Words,
    /// "pod", for messages about one.
    pub(crate) one: Words,
    /// "the pods", for messages.
    pub(crate) what: Words,
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
    /// How the names of an object's own pods go on after its name, as an expression; empty for what has none. Those figures are of pods
    /// then, and an object has the sum of its own.
    pub(crate) pods_named: &'static str,
    /// How an object is, where its kind has a state.
    pub(crate) tone: Option<fn(&Value) -> Tone>,
    /// The pods that an object selects.
    pub(crate) selects: Option<fn(&Value) -> Selector>,
    /// Where an object describes pods.
    pub(crate) pod_spec: Option<PodSpecAt>,
    /// Kinds of which an object may own some, beside pods, by their names in addresses.
    pub(crate) children: &'static [&'static str],
    /// What is told under the name of one object; where nothing is said, its columns tell it.
    pub(crate) facts: &'static [Fact],
    /// What the page of one object is made of.
    pub(crate) parts: &'static [Part],
}

/// A path to the description of a pod.
pub(crate) type PodSpecAt = &'static [&'static str];

/// The groups of the side bar, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Workloads,
    Network,
    Configuration,
    Storage,
    Cluster,
    Access,
    /// How Kubernetes itself is run.
    System,
    Custom,
}

/// How much of each object a list is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// All of it.
    Objects,
    /// Its metadata, and the cells of the API server's own table by their names, in `cells`.
    Rows,
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
    pub(crate) title: Words,
    pub(crate) source: Source,
    pub(crate) order: Natural,
    pub(crate) place: Place,
}

/// Columns that are the same for every kind.
impl Column {
    const NAME: Self = Self {
        id: "name",
        title: Msg::ColumnName.words(),
        source: Source::Object(|object| Cell::Name(name(object).to_owned())),
        order: Natural::First,
        place: Place::Always,
    };
    const NAMESPACE: Self = Self {
        id: "namespace",
        title: Msg::ColumnNamespace.words(),
        source: Source::Object(|object| Cell::dim(namespace(object))),
        order: Natural::First,
        place: Place::Namespace,
    };
    const AGE: Self = Self {
        id: "age",
        title: Msg::ColumnAge.words(),
        source: Source::Object(|object| Cell::age(created(object))),
        order: Natural::Largest,
        place: Place::Always,
    };

    /// A column that sorts from A, and never gives way.
    const fn words(id: &'static str, title: Msg, read: fn(&Value) -> Cell) -> Self {
        Self {
            id,
            title: title.words(),
            source: Source::Object(read),
            order: Natural::First,
            place: Place::Always,
        }
    }

    /// A column of figures, which sorts from the largest.
    const fn figure(id: &'static str, title: Msg, read: fn(&Value) -> Cell) -> Self {
        Self { order: Natural::Largest, ..Self::words(id, title, read) }
    }

    /// A column of whole numbers out of the API server's own table.
    const fn printed(id: &'static str, title: Msg, name: &'static str) -> Self {
        Self {
            id,
            title: title.words(),
            source: Source::Printed(name),
            order: Natural::Largest,
            place: Place::Always,
        }
    }

    /// The same, giving way on narrow tables.
    const fn wide(self) -> Self {
        Self { place: Place::Wide, ..self }
    }

    /// The same, giving way on all but wide tables.
    const fn widest(self) -> Self {
        Self { place: Place::Widest, ..self }
    }

    /// The cell of an object; nothing where it is joined from elsewhere.
    pub(crate) fn cell(&self, object: &Value) -> Cell {
        match self.source {
            Source::Object(read) => read(object),
            Source::Printed(name) => printed(object.get("cells").and_then(|cells| cells.get(name))),
            Source::Joined(..) => Cell::None,
        }
    }
}

/// A cell as the API server's table has it.
fn printed(value: Option<&Value>) -> Cell {
    match value {
        Some(Value::Number(number)) => match number.as_i64() {
            Some(whole) => Cell::Count(whole),
            None => number.as_f64().map_or(Cell::None, |value| Cell::Amount(Amount::Number, value)),
        },
        // kubectl's words for nothing.
        Some(Value::String(text)) if matches!(&**text, "<none>" | "<unset>") => Cell::None,
        Some(value) => Cell::text(&cells::scalar_text(value)),
        None => Cell::None,
    }
}

/// Where a column has its cells from.
pub(crate) enum Source {
    /// From the object.
    Object(fn(&Value) -> Cell),
    /// From the column of that name of the API server's own table.
    Printed(&'static str),
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
    /// PromQL with `$ns` for the matcher of the namespaces that are seen, and `$rows` for that of some objects.
    pub(crate) query: &'static str,
    /// The labels with the object's namespace and name; the first is empty for kinds without namespaces.
    pub(crate) labels: (&'static str, &'static str),
    /// Whether lists draw its last hour beside it.
    pub(crate) has_curve: bool,
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
    /// Charts of its series, or of those of its pods.
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
    /// The pods that it selects.
    Pods,
    /// Whose it is, and what is its own.
    Tree,
    /// What it has several of, as a table.
    Listing(&'static Listing),
    /// What pods are to be: containers, environment, volumes, where they may run.
    PodSpec,
    /// The pods that use a claim.
    UsedBy,
    /// Who may reach a pod, and whom it may reach.
    Reach,
    /// What a NetworkPolicy says, in sentences.
    PolicyWords,
}

/// A table on the page of one object; nothing is shown where it has no lines.
pub(crate) struct Listing {
    pub(crate) title: Msg,
    pub(crate) heads: &'static [Msg],
    /// Lines with a cell for each head, from the whole object.
    pub(crate) read: fn(&Value) -> Vec<Vec<Cell>>,
}

/// All kinds with columns of their own, in the order of the side bar within their groups.
pub(crate) static KINDS: &[&KindRow] = &[
    &pods::PODS,
    &workloads::DEPLOYMENTS,
    &workloads::STATEFUL_SETS,
    &workloads::DAEMON_SETS,
    &workloads::REPLICA_SETS,
    &jobs::JOBS,
    &jobs::CRON_JOBS,
    &scaling::AUTOSCALERS,
    &scaling::BUDGETS,
    &workloads::REPLICATION_CONTROLLERS,
    &services::SERVICES,
    &ingresses::INGRESSES,
    &network::ENDPOINT_SLICES,
    &network::NETWORK_POLICIES,
    &network::INGRESS_CLASSES,
    &config::CONFIG_MAPS,
    &config::SECRETS,
    &quotas::QUOTAS,
    &quotas::LIMIT_RANGES,
    &quotas::PRIORITY_CLASSES,
    &storage::CLAIMS,
    &storage::VOLUMES,
    &storage::CLASSES,
    &nodes::NODES,
    &namespaces::NAMESPACES,
    &events::EVENTS,
    &access::ACCOUNTS,
    &access::ROLES,
    &access::ROLE_BINDINGS,
    &access::CLUSTER_ROLES,
    &access::CLUSTER_ROLE_BINDINGS,
    &extensions::DEFINITIONS,
];

/// The kinds that pages ask for by name.
pub(crate) static PODS: &KindRow = &pods::PODS;
pub(crate) static NODES: &KindRow = &nodes::NODES;
pub(crate) static EVENTS: &KindRow = &events::EVENTS;
pub(crate) static SERVICES: &KindRow = &services::SERVICES;
pub(crate) static INGRESSES: &KindRow = &ingresses::INGRESSES;

/// The kind with this name in addresses, with columns of its own or without.
pub(crate) fn find(id: &str) -> Option<&'static KindRow> {
    KINDS.iter().copied().find(|row| row.id == id).or_else(|| served::row(id))
}

/// The kind that the API calls so, of whichever group comes first: `Pod`, `Ingress`.
pub(crate) fn find_kind(kind: &str) -> Option<&'static KindRow> {
    KINDS.iter().copied().find(|row| row.api_kind == kind)
}

/// The kind that a group of the API calls so: `apps`, `Deployment`.
pub(crate) fn find_api(group: &str, kind: &str) -> Option<&'static KindRow> {
    let own = KINDS.iter().copied().find(|row| row.api_kind == kind && row.api.0 == group);
    own.or_else(|| served::row_of(group, kind))
}

impl KindRow {
    /// A kind of which nothing is told yet but its names.
    const fn new(
        group: Group,
        api: (&'static str, &'static str, &'static str),
        api_kind: &'static str,
        scope: KindScope,
        title: Msg,
    ) -> Self {
        Self {
            id: api.2,
            api,
            api_kind,
            scope,
            group,
            wire: Wire::Objects,
            title: title.words(),
            one: Words::Theirs(api_kind),
            what: title.words(),
            icon: IconName::Namespaces,
            columns: &[],
            order: "name",
            search: &[],
            dropped: &[],
            metrics: &[],
            pods_named: "",
            tone: None,
            selects: None,
            pod_spec: None,
            children: &[],
            facts: &[],
            parts: &[],
        }
    }

    /// Its name on the wire. `None` never comes of a row in [`KINDS`]; a test sees to that.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let (group, version, resource) = self.api;
        Kind::new(group, version, resource).ok()
    }

    /// The cells of an object, one for each column; joined ones are empty.
    pub(crate) fn cells(&self, object: &Value) -> Vec<Cell> {
        self.columns.iter().map(|column| column.cell(object)).collect()
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

    /// Whether its columns are ours; those of other kinds are the API server's.
    pub(crate) fn is_ours(&self) -> bool {
        KINDS.iter().any(|row| row.id == self.id)
    }

    /// Whether what a list holds of an object is all of it.
    pub(crate) fn lists_whole(&self) -> bool {
        self.wire == Wire::Objects && self.dropped.is_empty()
    }

    /// The place of a column.
    pub(crate) fn column(&self, id: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::json::json;

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
        assert_eq!(find_api("apps", "Deployment").map(|row| row.id), Some("deployments"));
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
                    let is_metric = row.metrics.iter().any(|metric| metric.id == id);
                    // The others are counted over pods.
                    let known =
                        is_metric || id == "pods" || id.ends_with("-requests") || id.ends_with("-limits");
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
            for part in row.parts {
                if let Part::Listing(listing) = part {
                    assert!((listing.read)(&json!({})).iter().all(|line| line.len() == listing.heads.len()));
                }
            }
            if let Some(selects) = row.selects {
                assert_eq!(selector_words(&selects(&json!(null))), "", "{}", row.id);
            }
        }
    }
}
