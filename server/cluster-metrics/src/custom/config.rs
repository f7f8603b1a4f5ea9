//! The configuration: which kinds, and which families of them.

use std::collections::BTreeMap;

use crowsnest_yaml::{Content, Fault, Faults, Fields, Node, Place};

use super::labels::{FromPaths, Labels};
use super::object::{CustomFamilies, CustomFamily};
use super::path::ValuePath;
use super::values::{Each, Metric};
use crate::object::Kind;

/// Stands for every version, and for every kind.
const ANY: &str = "*";
/// What names begin with unless it is said otherwise.
const PREFIX: &str = "kube_customresource";

/// A file of kube-state-metrics' `--custom-resource-state-config-file`.
#[derive(Clone, Debug, Default)]
pub struct CustomState {
    resources: Vec<Resource>,
}

/// A kind that the API server serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// Its group; empty for the core group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its name, such as `Pod`.
    pub kind: String,
    /// Its plural, such as `pods`.
    pub resource: String,
}

#[derive(Clone, Debug)]
struct Resource {
    group: String,
    /// Or [`ANY`].
    version: String,
    /// Or [`ANY`].
    kind: String,
    families: Vec<CustomFamily>,
}

impl CustomState {
    /// Reads the file.
    ///
    /// # Errors
    /// Everything that is wrong with it, by its place.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let documents = crowsnest_yaml::load(text).map_err(|fault| vec![fault])?;
        let mut faults = Faults::default();
        let mut resources = Vec::new();
        for document in &documents {
            let top = ["apiVersion", "kind", "metadata", "spec"];
            let fields = Fields::of(document, "CustomResourceStateMetrics", &top, &mut faults);
            match fields.text("kind", &mut faults) {
                None | Some("CustomResourceStateMetrics") => {}
                Some(other) => faults.add(
                    fields.place("kind"),
                    format!("kind is {other:?}, not \"CustomResourceStateMetrics\""),
                ),
            }
            let nothing = Node::nothing();
            let spec = fields.node("spec").unwrap_or(&nothing);
            let spec = Fields::of(spec, "spec", &["resources"], &mut faults);
            let list = spec.list("resources", &mut faults);
            resources.extend(list.iter().filter_map(|node| Resource::read(node, &mut faults)));
        }
        faults.or(Self { resources })
    }

    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The groups that something is wanted of, with the versions; none is any of them.
    pub fn groups(&self) -> BTreeMap<&str, Option<Vec<&str>>> {
        let mut groups: BTreeMap<&str, Option<Vec<&str>>> = BTreeMap::new();
        for resource in &self.resources {
            let versions = groups.entry(&resource.group).or_insert_with(|| Some(Vec::new()));
            match versions {
                _ if resource.version == ANY => *versions = None,
                Some(versions) if !versions.contains(&resource.version.as_str()) => {
                    versions.push(&resource.version);
                }
                _ => {}
            }
        }
        groups
    }

    /// What is configured of kinds that are not served, as `group/version kind`.
    pub fn missing(&self, served: &[Served]) -> Vec<String> {
        let missing = self.resources.iter().filter(|resource| !served.iter().any(|kind| resource.fits(kind)));
        missing.map(|resource| format!("{}/{} {}", resource.group, resource.version, resource.kind)).collect()
    }

    /// The kinds that are configured among those that are served, each once, with all families that fit it.
    pub fn kinds(&self, served: &[Served]) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for served in served {
            let fitting = self.resources.iter().filter(|resource| resource.fits(served));
            let families: Vec<CustomFamily> =
                fitting.flat_map(|resource| resource.families_of(served)).collect();
            if !families.is_empty() {
                let Served { group, version, kind, resource } = served;
                let name = format!("{group}_{version}_{kind}");
                kinds.push(Kind::custom([group, version, resource], name, CustomFamilies(families)));
            }
        }
        kinds
    }
}

impl Resource {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        const KNOWN: &[&str] = &[
            "commonLabels",
            "errorLogV",
            "groupVersionKind",
            "labelsFromPath",
            "metricNamePrefix",
            "metrics",
            "resourcePlural",
        ];
        let fields = Fields::of(node, "a resource", KNOWN, faults);
        let at = fields.place("groupVersionKind");
        let Some(gvk) = fields.node("groupVersionKind") else {
            faults.add(at, "a resource has no groupVersionKind");
            return None;
        };
        let gvk = Fields::of(gvk, "groupVersionKind", &["group", "kind", "version"], faults);
        let [group, version, kind] =
            ["group", "version", "kind"].map(|name| gvk.text(name, faults).unwrap_or_default().to_owned());
        if version.is_empty() || kind.is_empty() {
            faults.add(gvk.at, "groupVersionKind has no version or no kind; write \"*\" for any");
        }
        if group == ANY {
            faults.add(gvk.place("group"), "a group cannot be \"*\"; only version and kind can");
        }
        // `metricNamePrefix: ""` is none; one that is not there is the usual one.
        let prefix = fields.text("metricNamePrefix", faults).unwrap_or(PREFIX);
        let shared = Shared::read(&fields, faults);
        let metrics = fields.list("metrics", faults);
        if metrics.is_empty() {
            faults.add(fields.place("metrics"), "a resource has no metrics");
        }
        let families = metrics.iter().filter_map(|node| read_family(node, prefix, &shared, faults)).collect();
        Some(Self { group, version, kind, families })
    }

    fn fits(&self, served: &Served) -> bool {
        let is = |wanted: &str, is: &str| wanted == ANY || wanted == is;
        self.group == served.group && is(&self.version, &served.version) && is(&self.kind, &served.kind)
    }

    /// The families with the labels that say which kind they are of.
    fn families_of(&self, served: &Served) -> impl Iterator<Item = CustomFamily> {
        let own = [("group", &served.group), ("version", &served.version), ("kind", &served.kind)];
        let own: Vec<_> =
            own.map(|(name, value)| (format!("customresource_{name}"), value.clone())).into_iter().collect();
        self.families.iter().cloned().map(move |mut family| {
            family.labels.extend(own.iter().cloned());
            family
        })
    }
}

/// Labels of a resource, or of one of its metrics.
#[derive(Clone, Debug, Default)]
struct Shared {
    labels: Labels,
    paths: BTreeMap<String, ValuePath>,
}

impl Shared {
    fn read(fields: &Fields<'_>, faults: &mut Faults) -> Self {
        let mut labels = Labels::new();
        for (name, (entry, value)) in fields.string_map("commonLabels", faults) {
            check_label(name, entry.at, faults);
            labels.insert(name.to_owned(), value.to_owned());
        }
        Self { labels, paths: read_paths(fields, faults) }
    }

    /// With those of a metric, which win.
    fn with(&self, own: Self) -> Self {
        let mut all = self.clone();
        all.labels.extend(own.labels);
        all.paths.extend(own.paths);
        all
    }
}

fn read_paths(fields: &Fields<'_>, faults: &mut Faults) -> BTreeMap<String, ValuePath> {
    let mut paths = BTreeMap::new();
    let Some(node) = fields.node("labelsFromPath") else { return paths };
    let Content::Map(entries) = &node.content else {
        faults.add(node.at, format!("expected a mapping for labelsFromPath, found {}", node.kind()));
        return paths;
    };
    for entry in entries {
        let map = std::slice::from_ref(entry);
        let steps = Fields::over(entry.at, map).texts(&entry.key, faults);
        paths.insert(entry.key.clone(), path_of(entry.at, &steps, faults));
    }
    paths
}

fn read_path(fields: &Fields<'_>, name: &str, faults: &mut Faults) -> ValuePath {
    let steps = fields.texts(name, faults);
    path_of(fields.place(name), &steps, faults)
}

fn path_of(at: Place, steps: &[(Place, &str)], faults: &mut Faults) -> ValuePath {
    let path = ValuePath::parse(steps.iter().map(|(_, step)| *step));
    path.unwrap_or_else(|error| {
        faults.add(at, error.to_string());
        ValuePath::default()
    })
}

fn read_family(node: &Node, prefix: &str, shared: &Shared, faults: &mut Faults) -> Option<CustomFamily> {
    let known = ["commonLabels", "each", "errorLogV", "help", "labelsFromPath", "name"];
    let fields = Fields::of(node, "a metric", &known, faults);
    let name = fields.text("name", faults).unwrap_or_default();
    let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}_{name}") };
    if !is_metric_name(&name) || name.ends_with('_') {
        faults.add(fields.place("name"), format!("{name:?} is no name of a metric"));
    }
    let help = fields.text("help", faults).unwrap_or_default().to_owned();
    let shared = shared.with(Shared::read(&fields, faults));
    let Some(each) = fields.node("each") else {
        faults.add(fields.at, "a metric has no each");
        return None;
    };
    let metric = read_each(each, faults)?;
    Some(CustomFamily { name, help, labels: shared.labels, from_paths: FromPaths::new(shared.paths), metric })
}

/// The types, with the field that each is described by and the fields of that.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("gauge", "gauge", &["labelFromKey", "labelsFromPath", "nilIsZero", "path", "valueFrom"]),
    ("info", "info", &["labelFromKey", "labelsFromPath", "path"]),
    ("stateset", "stateSet", &["labelName", "labelsFromPath", "list", "path", "valueFrom"]),
];

fn read_each(node: &Node, faults: &mut Faults) -> Option<Metric> {
    let fields = Fields::of(node, "each", &["gauge", "info", "stateSet", "type"], faults);
    let text = fields.text("type", faults).unwrap_or_default();
    let Some((kind, field, known)) = TYPES.iter().find(|(kind, ..)| text.eq_ignore_ascii_case(kind)) else {
        faults.add(fields.place("type"), format!("type is {text:?}; there are Gauge, Info and StateSet"));
        return None;
    };
    let Some(node) = fields.node(field) else {
        faults.add(fields.at, format!("each is of type {text} and has no {field}"));
        return None;
    };
    let fields = Fields::of(node, field, known, faults);
    let label = |name: &str, faults: &mut Faults| {
        let label = fields.text(name, faults).unwrap_or_default();
        if !label.is_empty() {
            check_label(label, fields.place(name), faults);
        }
        label.to_owned()
    };
    let each = match *kind {
        "gauge" => Each::Gauge {
            value: read_path(&fields, "valueFrom", faults),
            key_label: label("labelFromKey", faults),
            nothing_is_zero: fields.flag("nilIsZero", faults).unwrap_or_default(),
        },
        "info" => Each::Info { key_label: label("labelFromKey", faults) },
        _ => Each::StateSet {
            value: read_path(&fields, "valueFrom", faults),
            label: label("labelName", faults),
            words: fields.texts("list", faults).into_iter().map(|(_, word)| word.to_owned()).collect(),
        },
    };
    if let Each::StateSet { label, words, .. } = &each
        && (label.is_empty() || words.is_empty())
    {
        faults.add(fields.at, "a stateSet has no labelName or no list");
    }
    let labels = FromPaths::new(read_paths(&fields, faults));
    Some(Metric { path: read_path(&fields, "path", faults), labels, each })
}

fn check_label(name: &str, at: Place, faults: &mut Faults) {
    if !is_metric_name(name) || name.contains(':') || name.starts_with("__") {
        faults.add(at, format!("{name:?} is no name of a label"));
    }
}

fn is_metric_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    name.bytes().all(fits) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}
