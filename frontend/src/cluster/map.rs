//! What traffic passes through: Ingresses, Services, workloads with their pods, and what is below them, by namespace.
//!
//! Takes objects, gives cards and the lines between them; [`layout`] says where they stand. Knows nothing of the page. Whatever comes in
//! whichever order gives the same picture.

pub(crate) mod layout;

use std::collections::{BTreeMap, BTreeSet};

use crate::json::Value;

use super::object::{at, list, name, namespace, text};
use super::{ingress, node, owner, pod, service};
use crate::components::{IconName, Tone};
use crate::i18n::{Lang, Msg, count, fill};
use crate::kinds::pod_spec::claims;
use crate::kinds::{Cell, INGRESSES, KindRow, NODES, PODS, SERVICES, find, find_kind};
use crate::router::{Page, Route};
use crate::verdict::Severity;

/// Pods of a workload that are drawn one by one.
pub(crate) const MOST_DOTS: usize = 14;
/// Claims of a workload, and nodes of a namespace, that are drawn one by one.
const MOST_BELOW: usize = 6;
/// Cards that are drawn; namespaces beyond that are counted.
pub(crate) const MOST_CARDS: usize = 400;

/// The columns of the map, from where traffic comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lane {
    Ingress,
    Service,
    Workload,
    Below,
}

impl Lane {
    pub(crate) const ALL: [Self; 4] = [Self::Ingress, Self::Service, Self::Workload, Self::Below];
}

/// What stands below the workloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Below {
    /// The claims that their pods use.
    #[default]
    Volumes,
    /// The nodes that they run on.
    Nodes,
}

/// A card: its lane, the kind, and the name, empty for one that stands for several.
pub(crate) type CardId = (Lane, String, String);

/// Something that traffic passes through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) icon: IconName,
    /// Where it leads; empty where its kind has no pages.
    pub(crate) href: String,
    /// Its name, or what several are called together.
    pub(crate) title: String,
    /// How it is, in a few words.
    pub(crate) note: String,
    pub(crate) tone: Tone,
    /// A workload's pods, the worst first.
    pub(crate) dots: Vec<Dot>,
    /// Pods beyond those.
    pub(crate) more: usize,
}

/// A pod within the card of its workload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) name: String,
    pub(crate) word: String,
    pub(crate) tone: Tone,
    pub(crate) href: String,
}

/// What is drawn of a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    pub(crate) namespace: String,
    pub(crate) cards: BTreeMap<CardId, Card>,
    /// From left to right.
    pub(crate) edges: BTreeSet<(CardId, CardId)>,
    pub(crate) pods: usize,
}

/// The objects that a map is made of.
#[derive(Default)]
pub(crate) struct Seen<'v> {
    pub(crate) ingresses: Vec<&'v Value>,
    pub(crate) services: Vec<&'v Value>,
    /// Of the kinds that keep pods, each with its row.
    pub(crate) workloads: Vec<(&'static KindRow, &'v Value)>,
    pub(crate) pods: Vec<&'v Value>,
    /// `None` while they are not all known, or may not be seen: then none is missed.
    pub(crate) claims: Option<Vec<&'v Value>>,
    pub(crate) nodes: Vec<&'v Value>,
    /// Whether these are all Services there are, so that one that is not among them is nowhere.
    pub(crate) knows_services: bool,
}

/// The pods of a workload, gathered.
#[derive(Default)]
struct Own<'v> {
    pods: Vec<&'v Value>,
}

/// The map, by namespace.
pub(crate) fn groups(seen: &Seen<'_>, below: Below, lang: Lang) -> Vec<Group> {
    let mut by_space: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    for one in &seen.ingresses {
        by_space.entry(namespace(one)).or_default().ingresses.push(one);
    }
    for one in &seen.services {
        by_space.entry(namespace(one)).or_default().services.push(one);
    }
    for (row, one) in &seen.workloads {
        by_space.entry(namespace(one)).or_default().workloads.push((row, one));
    }
    for one in seen.pods.iter().filter(|pod| !pod::is_over(pod)) {
        by_space.entry(namespace(one)).or_default().pods.push(one);
    }
    for (space, part) in &mut by_space {
        part.claims = seen
            .claims
            .as_ref()
            .map(|claims| claims.iter().copied().filter(|one| namespace(one) == *space).collect());
        part.nodes.clone_from(&seen.nodes);
        part.knows_services = seen.knows_services;
    }
    by_space.into_iter().map(|(space, part)| group(space, &part, below, lang)).collect()
}

fn group(space: &str, seen: &Seen<'_>, below: Below, lang: Lang) -> Group {
    let mut group = Group { namespace: space.to_owned(), pods: seen.pods.len(), ..Group::default() };
    let mut owned: BTreeMap<(String, String), Own<'_>> = BTreeMap::new();
    for one in &seen.pods {
        let workload = owner::of(one);
        owned.entry((workload.kind, workload.name)).or_default().pods.push(one);
    }
    for (row, object) in &seen.workloads {
        let own = owned.remove(&(row.api_kind.to_owned(), name(object).to_owned())).unwrap_or_default();
        let id = (Lane::Workload, row.api_kind.to_owned(), name(object).to_owned());
        let state = row.tone.map_or(Tone::Unknown, |tone| tone(object));
        let word = row.column("status").and_then(|at| row.columns.get(at)).map(|column| column.cell(object));
        group.workload(id, &own.pods, Some((state, word)), lang);
    }
    for ((kind, of_name), own) in &owned {
        group.workload((Lane::Workload, kind.clone(), of_name.clone()), &own.pods, None, lang);
    }
    for one in &seen.services {
        group.service(one, seen, lang);
    }
    for one in &seen.ingresses {
        group.ingress(one, seen, lang);
    }
    match below {
        Below::Volumes => group.volumes(seen, lang),
        Below::Nodes => group.nodes(seen, lang),
    }
    group
}

impl Group {
    fn workload(&mut self, id: CardId, pods: &[&Value], state: Option<(Tone, Option<Cell>)>, lang: Lang) {
        let (_, kind, of_name) = &id;
        let mut dots: Vec<Dot> = pods.iter().map(|pod| dot(pod)).collect();
        dots.sort_by(|a, b| rank(a.tone).cmp(&rank(b.tone)).then_with(|| a.name.cmp(&b.name)));
        let ready = dots.iter().filter(|dot| dot.tone == Tone::Ok).count();
        let worst = dots.first().map_or(Tone::Done, |dot| dot.tone);
        let counts = fill(
            Msg::MapReady.text(lang),
            &[("ready", &ready.to_string()), ("all", &dots.len().to_string())],
        );
        let (tone, note) = match state {
            Some((tone @ (Tone::Ok | Tone::Done), _)) if dots.is_empty() => {
                (tone, Msg::MapNoPods.text(lang).to_owned())
            }
            Some((Tone::Ok, _)) | None => (worst, counts),
            // A rollout that goes on with pods that fail is no progress.
            Some((tone, Some(Cell::Status(_, word, _)))) => (worse(tone, worst), format!("{word}, {counts}")),
            Some((tone, _)) => (worse(tone, worst), counts),
        };
        let row = find_kind(kind);
        // The first that is not well says why.
        let reason = dots.first().filter(|dot| matches!(dot.tone, Tone::Critical | Tone::Warning));
        let note = match reason {
            Some(dot) if !note.contains(&dot.word) && dot.word != "Running" => {
                format!("{note}, {}", dot.word)
            }
            _ => note,
        };
        let card = Card {
            icon: row.map_or(IconName::Workload, |row| row.icon),
            href: row.map_or_else(String::new, |row| href(row.object_page(&self.namespace, of_name))),
            title: of_name.clone(),
            note,
            tone,
            more: dots.len().saturating_sub(MOST_DOTS),
            dots: dots.into_iter().take(MOST_DOTS).collect(),
        };
        self.cards.insert(id, card);
    }

    fn service(&mut self, service: &Value, seen: &Seen<'_>, lang: Lang) {
        let selector = SERVICES.selects.map(|selects| selects(service)).unwrap_or_default();
        let selected: Vec<&Value> = seen.pods.iter().copied().filter(|pod| selector.selects(pod)).collect();
        let id = (Lane::Service, "Service".to_owned(), name(service).to_owned());
        for pod in &selected {
            let workload = owner::of(pod);
            self.edges.insert((id.clone(), (Lane::Workload, workload.kind, workload.name)));
        }
        // A workload without pods is known by what its pods would be.
        for (row, object) in &seen.workloads {
            if at(object, &["spec", "template"]).is_some_and(|template| selector.selects(template)) {
                let workload = (Lane::Workload, row.api_kind.to_owned(), name(object).to_owned());
                self.edges.insert((id.clone(), workload));
            }
        }
        let trouble = service::troubles(service, &selected).into_iter().next();
        let (tone, note) = match (&trouble, service::sort(service)) {
            (Some(trouble), _) => (tone_of(trouble.severity()), trouble.title(lang)),
            (None, Some(sort)) => (Tone::Ok, sort.title(lang)),
            (None, None) => (Tone::Ok, ports(service)),
        };
        self.add(id, SERVICES, note, tone);
    }

    fn ingress(&mut self, one: &Value, seen: &Seen<'_>, lang: Lang) {
        let id = (Lane::Ingress, "Ingress".to_owned(), name(one).to_owned());
        let services = || seen.services.iter().copied();
        for backend in ingress::backends(one) {
            let to = (Lane::Service, "Service".to_owned(), backend.service.clone());
            if seen.knows_services && !services().any(|service| name(service) == backend.service) {
                let missing = Card {
                    icon: SERVICES.icon,
                    href: Route::to(SERVICES.list_page()).with("ns", &self.namespace).to_string(),
                    title: backend.service,
                    note: Msg::MapNotFound.text(lang).to_owned(),
                    tone: Tone::Critical,
                    dots: Vec::new(),
                    more: 0,
                };
                self.cards.entry(to.clone()).or_insert(missing);
            }
            self.edges.insert((id.clone(), to));
        }
        let lack =
            if seen.knows_services { ingress::troubles([one].into_iter(), services()) } else { Vec::new() };
        let (tone, note) = match lack.into_iter().next() {
            Some(trouble) => (Tone::Critical, trouble.lack.words(lang)),
            None if list(one, &["status", "loadBalancer", "ingress"]).is_empty() => {
                (Tone::Warning, Msg::ServiceNoAddress.text(lang).to_owned())
            }
            None => (Tone::Ok, ingress::hosts(one).join(", ")),
        };
        self.add(id, INGRESSES, note, tone);
    }

    fn add(&mut self, id: CardId, row: &'static KindRow, note: String, tone: Tone) {
        let card = Card {
            icon: row.icon,
            href: href(row.object_page(&self.namespace, &id.2)),
            title: id.2.clone(),
            note,
            tone,
            dots: Vec::new(),
            more: 0,
        };
        self.cards.insert(id, card);
    }

    fn volumes(&mut self, seen: &Seen<'_>, lang: Lang) {
        let Some(row) = find("persistentvolumeclaims") else { return };
        let mut used: BTreeMap<CardId, BTreeSet<&str>> = BTreeMap::new();
        for pod in &seen.pods {
            let workload = owner::of(pod);
            let names = used.entry((Lane::Workload, workload.kind, workload.name)).or_default();
            names.extend(claims(pod));
        }
        for (from, names) in used {
            if names.len() > MOST_BELOW {
                let id = (Lane::Below, "PersistentVolumeClaims".to_owned(), from.2.clone());
                let title = fill(Msg::MapClaims.text(lang), &[("n", &names.len().to_string())]);
                self.several(id.clone(), row, title, &from.2);
                self.edges.insert((from, id));
                continue;
            }
            for of_name in names {
                let id = (Lane::Below, "PersistentVolumeClaim".to_owned(), of_name.to_owned());
                let known = seen.claims.as_ref().map(|all| all.iter().find(|claim| name(claim) == of_name));
                let (tone, note) = match known {
                    Some(None) => (Tone::Critical, Msg::MapNotFound.text(lang).to_owned()),
                    Some(Some(claim)) => {
                        (row.tone.map_or(Tone::Unknown, |tone| tone(claim)), claim_note(claim))
                    }
                    None => (Tone::Unknown, String::new()),
                };
                self.add(id.clone(), row, note, tone);
                self.edges.insert((from.clone(), id));
            }
        }
    }

    fn nodes(&mut self, seen: &Seen<'_>, lang: Lang) {
        let mut used: BTreeMap<&str, (usize, BTreeSet<CardId>)> = BTreeMap::new();
        for pod in &seen.pods {
            let of_name = text(pod, &["spec", "nodeName"]);
            if !of_name.is_empty() {
                let workload = owner::of(pod);
                let (pods, from) = used.entry(of_name).or_default();
                *pods += 1;
                from.insert((Lane::Workload, workload.kind, workload.name));
            }
        }
        if used.len() > MOST_BELOW {
            let id = (Lane::Below, "Nodes".to_owned(), String::new());
            let title = count(lang, used.len(), Msg::NodesOne, Msg::NodesMany);
            self.several(id.clone(), NODES, title, "");
            self.edges.extend(used.into_values().flat_map(|(_, from)| from).map(|from| (from, id.clone())));
            return;
        }
        for (of_name, (pods, from)) in used {
            let id = (Lane::Below, "Node".to_owned(), of_name.to_owned());
            let known = seen.nodes.iter().find(|node| name(node) == of_name);
            let tone = known.map_or(Tone::Unknown, |one| node::tone(one));
            let pods = count(lang, pods, Msg::PodsOne, Msg::PodsMany);
            let note = match known.map(|one| node::status(one)) {
                Some(word) if tone != Tone::Ok => format!("{word}, {pods}"),
                _ => pods,
            };
            self.add(id.clone(), NODES, note, tone);
            self.edges.extend(from.into_iter().map(|from| (from, id.clone())));
        }
    }

    /// A card that stands for several objects of a kind, and leads to their list.
    fn several(&mut self, id: CardId, row: &'static KindRow, title: String, filter: &str) {
        let route = Route::to(row.list_page()).with("filter", filter);
        let route = if row.id == "nodes" { route } else { route.with("ns", &self.namespace) };
        let card = Card {
            icon: row.icon,
            href: route.to_string(),
            title,
            note: String::new(),
            tone: Tone::Unknown,
            dots: Vec::new(),
            more: 0,
        };
        self.cards.insert(id, card);
    }

    /// How many cards need somebody.
    pub(crate) fn troubled(&self) -> usize {
        self.cards.values().filter(|card| is_troubled(card)).count()
    }

    /// Leaves only what hangs together with a card that is wanted.
    pub(crate) fn keep(&mut self, is_wanted: impl Fn(&Card) -> bool) {
        let is_it = |id: &CardId| self.cards.get(id).is_some_and(&is_wanted);
        let leads = |part: &BTreeSet<CardId>, to: &dyn Fn(&CardId) -> bool| {
            self.edges.iter().any(|(from, end)| part.contains(from) && to(end))
        };
        let mut kept = BTreeSet::new();
        for part in layout::components(self) {
            if part.iter().any(is_it) || leads(&part, &|end| layout::is_shared(end) && is_it(end)) {
                kept.extend(part);
            }
        }
        let shared = self.cards.keys().filter(|id| layout::is_shared(id));
        let shared: Vec<CardId> = shared.filter(|id| leads(&kept, &|end| end == *id)).cloned().collect();
        kept.extend(shared);
        self.cards.retain(|id, _| kept.contains(id));
        self.edges.retain(|(from, to)| kept.contains(from) && kept.contains(to));
    }
}

impl Card {
    /// Whether a word, in lower case, is somewhere on it.
    pub(crate) fn says(&self, word: &str) -> bool {
        let dots = self.dots.iter().map(|dot| &dot.name);
        [&self.title, &self.note].into_iter().chain(dots).any(|text| text.to_lowercase().contains(word))
    }
}

/// Whether a card needs somebody.
pub(crate) fn is_troubled(card: &Card) -> bool {
    matches!(card.tone, Tone::Critical | Tone::Warning)
}

/// As many groups as are drawn, and how many are not.
pub(crate) fn bounded(mut groups: Vec<Group>) -> (Vec<Group>, usize) {
    let mut cards = 0;
    let fits = groups.iter().take_while(|group| {
        cards += group.cards.len();
        cards <= MOST_CARDS
    });
    // One namespace is drawn however large it is.
    let shown = fits.count().max(1);
    let hidden = groups.len().saturating_sub(shown);
    groups.truncate(shown);
    (groups, hidden)
}

fn dot(one: &Value) -> Dot {
    let word = pod::status(one);
    Dot {
        tone: pod::tone(one, &word),
        href: href(PODS.object_page(namespace(one), name(one))),
        name: name(one).to_owned(),
        word,
    }
}

/// Worst first.
fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Critical => 0,
        Tone::Warning => 1,
        Tone::Progress => 2,
        Tone::Unknown => 3,
        Tone::Done => 4,
        Tone::Ok => 5,
    }
}

fn worse(a: Tone, b: Tone) -> Tone {
    if rank(b) < rank(a) { b } else { a }
}

fn tone_of(severity: Severity) -> Tone {
    match severity {
        Severity::Critical => Tone::Critical,
        Severity::Warning => Tone::Warning,
    }
}

fn href(page: Page) -> String {
    Route::to(page).to_string()
}

/// `ClusterIP 80, 443`
fn ports(service: &Value) -> String {
    let ports = list(service, &["spec", "ports"]).iter().filter_map(|port| at(port, &["port"]));
    let ports: Vec<String> = ports.map(ToString::to_string).collect();
    format!("{} {}", text(service, &["spec", "type"]), ports.join(", ")).trim().to_owned()
}

/// `Bound, 8Gi`
fn claim_note(claim: &Value) -> String {
    let size = [["status", "capacity", "storage"].as_slice(), &["spec", "resources", "requests", "storage"]];
    let size = size.into_iter().map(|path| text(claim, path)).find(|size| !size.is_empty());
    [Some(text(claim, &["status", "phase"])), size].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn pod(of_name: &str, app: &str, ready: bool) -> Value {
        let (owner, _) = of_name.rsplit_once('-').unwrap();
        json!({"metadata": {"name": of_name, "namespace": "shop", "labels": {"app": app},
                "ownerReferences": [{"kind": "StatefulSet", "name": owner, "controller": true}]},
            "spec": {"nodeName": "demo-1", "containers": [{"name": "a"}],
                "volumes": [{"persistentVolumeClaim": {"claimName": format!("data-{of_name}")}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                "containerStatuses": [{"name": "a", "ready": ready, "state": {"running": {}}}]}})
    }

    fn service(of_name: &str, app: &str) -> Value {
        json!({"metadata": {"name": of_name, "namespace": "shop"},
            "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1", "selector": {"app": app}, "ports": [{"port": 80}]}})
    }

    fn ingress(of_name: &str, service: &str) -> Value {
        json!({"metadata": {"name": of_name, "namespace": "shop"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
            "spec": {"rules": [{"host": "a.example.org", "http": {"paths": [{"backend": {"service": {"name": service, "port": {"number": 80}}}}]}}]}})
    }

    fn map(ingresses: &[Value], services: &[Value], pods: &[Value], below: Below) -> Group {
        let seen = Seen {
            ingresses: ingresses.iter().collect(),
            services: services.iter().collect(),
            pods: pods.iter().collect(),
            claims: Some(Vec::new()),
            knows_services: true,
            ..Seen::default()
        };
        groups(&seen, below, Lang::English).pop().unwrap_or_default()
    }

    fn told(group: &Group) -> Vec<String> {
        group.cards.values().map(|card| format!("{}: {}", card.title, card.note)).collect()
    }

    fn lines(group: &Group) -> Vec<(&str, &str)> {
        group.edges.iter().map(|(from, to)| (from.2.as_str(), to.2.as_str())).collect()
    }

    #[test]
    fn traffic_goes_from_an_ingress_over_a_service_to_pods_and_their_volumes() {
        let group = map(
            &[ingress("shop", "web")],
            &[service("web", "web")],
            &[pod("web-0", "web", true), pod("web-1", "web", false)],
            Below::Volumes,
        );
        assert_eq!(
            lines(&group),
            [("shop", "web"), ("web", "web"), ("web", "data-web-0"), ("web", "data-web-1")]
        );
        assert_eq!(
            told(&group),
            [
                "shop: a.example.org",
                "web: ClusterIP 80",
                "web: 1 of 2 ready",
                "data-web-0: not found",
                "data-web-1: not found"
            ]
        );
        let dots: Vec<_> = group
            .cards
            .values()
            .flat_map(|card| &card.dots)
            .map(|dot| (dot.name.as_str(), dot.tone))
            .collect();
        assert_eq!(dots, [("web-1", Tone::Warning), ("web-0", Tone::Ok)]);
    }

    #[test]
    fn an_ingress_says_what_it_does_not_find_and_the_place_stays_empty() {
        let group = map(&[ingress("old", "gone")], &[], &[], Below::Volumes);
        assert_eq!(told(&group), ["old: backend Service gone not found", "gone: not found"]);
        assert_eq!((group.troubled(), lines(&group)), (2, vec![("old", "gone")]));
    }

    #[test]
    fn a_service_without_pods_says_so() {
        let group = map(&[], &[service("web", "nothing")], &[pod("db-0", "db", true)], Below::Nodes);
        assert!(told(&group).contains(&"web: selects no pod".to_owned()), "{:?}", told(&group));
        assert_eq!(lines(&group), [("db", "demo-1")]);
    }

    #[test]
    fn many_pods_and_many_claims_of_a_workload_are_counted() {
        let pods: Vec<Value> = (0..30).map(|n| pod(&format!("db-{n}"), "db", true)).collect();
        let group = map(&[], &[], &pods, Below::Volumes);
        let card = group.cards.values().next().unwrap();
        assert_eq!((card.dots.len(), card.more), (MOST_DOTS, 16));
        assert_eq!(told(&group), ["db: 30 of 30 ready", "30 claims: "]);
    }

    #[test]
    fn what_is_not_wanted_goes_with_all_that_hangs_on_it() {
        let services = [service("web", "web"), service("db", "db")];
        let pods = [pod("web-0", "web", true), pod("db-0", "db", false)];
        let mut group = map(&[ingress("shop", "web")], &services, &pods, Below::Nodes);
        // Both run on the same node, which does not make them belong together.
        group.keep(is_troubled);
        let titles: Vec<_> = group.cards.values().map(|card| card.title.as_str()).collect();
        assert_eq!(titles, ["db", "db", "demo-1"]);
    }

    #[test]
    fn a_workload_without_pods_is_reached_by_what_its_pods_would_be() {
        let web = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 2,
            "template": {"metadata": {"labels": {"app": "web"}}}}, "status": {}});
        let (services, row) = ([service("web", "web")], find("deployments").unwrap());
        let seen =
            Seen { services: services.iter().collect(), workloads: vec![(row, &web)], ..Seen::default() };
        let group = groups(&seen, Below::Volumes, Lang::English).pop().unwrap();
        assert_eq!(lines(&group), [("web", "web")]);
        assert_eq!(group.cards.len(), 2);
    }

    #[test]
    fn what_is_too_much_is_counted_by_namespace() {
        let space = |at: usize| {
            let card = Card {
                icon: IconName::Pods,
                href: String::new(),
                title: String::new(),
                note: String::new(),
                tone: Tone::Ok,
                dots: Vec::new(),
                more: 0,
            };
            let cards =
                (0..150).map(|n| ((Lane::Service, String::new(), n.to_string()), card.clone())).collect();
            Group { namespace: at.to_string(), cards, ..Group::default() }
        };
        let (shown, hidden) = bounded((0..5).map(space).collect());
        assert_eq!((shown.len(), hidden), (2, 3));
        assert_eq!(bounded(Vec::new()).1, 0);
    }
}
