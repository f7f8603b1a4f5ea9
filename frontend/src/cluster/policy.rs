//! What NetworkPolicies let through: who may reach a pod, and whom it may reach.
//!
//! As Kubernetes defines it: a pod that no policy selects for a direction may do everything in it; one that some do may do what any of them
//! allows, and no more. A connection must be allowed at both of its ends. Whether the network of the cluster heeds policies at all, nobody
//! here can know.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::json::Value;

use super::object::{at, integer, is_true, list, name, namespace, text};
use super::{owner, pod};
use crate::i18n::{Lang, Msg, fill};
use crate::kinds::{Selector, read_selector, selector_words};

/// The label that Kubernetes gives each namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Which way a connection is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The fields of a policy: its type, its rules, and their peers.
    fn fields(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ingress => ("Ingress", "ingress", "from"),
            Self::Egress => ("Egress", "egress", "to"),
        }
    }
}

/// The objects that decide.
#[derive(Default)]
pub(crate) struct World<'v> {
    pub(crate) policies: Vec<&'v Value>,
    pub(crate) pods: Vec<&'v Value>,
    /// By name; one that is not there has its name for a label, and no other.
    pub(crate) namespaces: BTreeMap<&'v str, &'v Value>,
}

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Anybody,
    Pods {
        /// `None` is the policy's own.
        namespaces: Option<Selector>,
        pods: Selector,
    },
    Block {
        cidr: String,
        except: Vec<String>,
    },
}

/// A port of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    protocol: String,
    /// A number or a name; empty is every port of the protocol.
    port: String,
    /// The last of several.
    end: Option<i64>,
}

/// One thing that a policy allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) policy: String,
    pub(crate) namespace: String,
    pub(crate) peer: Peer,
    /// Empty is every port.
    pub(crate) ports: Vec<Port>,
}

/// What holds for a pod in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The policies that select it for this direction. Without any, everything may pass.
    pub(crate) policies: Vec<String>,
    pub(crate) lines: Vec<Line>,
    /// Whether it has its node's network, which no policy holds.
    pub(crate) is_of_host: bool,
}

/// A rule, and who that is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) rule: Rule,
    /// The workloads of the pods that it is about, each with how many those are.
    pub(crate) workloads: Vec<(owner::Workload, usize)>,
    /// How many of the pods their own policies hold back.
    pub(crate) held_back: usize,
    /// A name of a port that the pod does not have.
    pub(crate) missing_port: Option<String>,
}

impl World<'_> {
    /// What holds for a pod in one direction.
    pub(crate) fn reach(&self, of: &Value, direction: Direction) -> Reach {
        let own = || self.policies.iter().filter(|policy| holds(policy, of, direction));
        let line = |rule: Rule| {
            let peers: Vec<&&Value> =
                self.pods.iter().filter(|pod| is_other(pod, of) && self.is_meant(&rule, pod)).collect();
            let mut workloads: BTreeMap<owner::Workload, usize> = BTreeMap::new();
            for pod in &peers {
                *workloads.entry(owner::of(pod)).or_default() += 1;
            }
            let is_held = |pod: &&&&Value| match direction {
                Direction::Ingress => !self.allows(pod, Direction::Egress, of, &rule.ports),
                Direction::Egress => !self.allows(pod, Direction::Ingress, of, &rule.ports),
            };
            let missing = |port: &&Port| {
                direction == Direction::Ingress && port.is_named() && port.number_of(of).is_none()
            };
            Line {
                held_back: peers.iter().filter(is_held).count(),
                missing_port: rule.ports.iter().find(missing).map(|port| port.port.clone()),
                workloads: workloads.into_iter().collect(),
                rule,
            }
        };
        Reach {
            policies: own().map(|policy| name(policy).to_owned()).collect(),
            lines: own().flat_map(|policy| rules(policy, direction)).map(line).collect(),
            is_of_host: is_true(of, &["spec", "hostNetwork"]),
        }
    }

    /// Whether the policies of a pod let some connection with another pod through, on one of these ports where there are any.
    fn allows(&self, of: &Value, direction: Direction, other: &Value, wanted: &[Port]) -> bool {
        let mut own = self.policies.iter().filter(|policy| holds(policy, of, direction)).peekable();
        if own.peek().is_none() || is_true(of, &["spec", "hostNetwork"]) {
            return true;
        }
        let target = if direction == Direction::Ingress { of } else { other };
        own.flat_map(|policy| rules(policy, direction)).any(|rule| {
            let shares = |wanted: &Port| rule.ports.iter().any(|port| port.meets(wanted, target));
            let is_port = rule.ports.is_empty() || wanted.is_empty() || wanted.iter().any(shares);
            is_port && self.is_meant(&rule, other)
        })
    }

    /// Whether a rule is about a pod.
    fn is_meant(&self, rule: &Rule, one: &Value) -> bool {
        match &rule.peer {
            Peer::Anybody => true,
            Peer::Block { cidr, except } => {
                let address = text(one, &["status", "podIP"]);
                contains(cidr, address) && !except.iter().any(|part| contains(part, address))
            }
            Peer::Pods { namespaces, pods } => {
                let space = namespace(one);
                let is_there = match namespaces {
                    None => space == rule.namespace,
                    Some(selector) => match self.namespaces.get(space) {
                        Some(object) => selector.selects(object),
                        None => selector.selects(
                            &serde_json::json!({"metadata": {"labels": {NAME_LABEL: space}}}).into(),
                        ),
                    },
                };
                is_there && pods.selects(one) && !is_true(one, &["spec", "hostNetwork"])
            }
        }
    }
}

fn is_other(one: &Value, of: &Value) -> bool {
    !pod::is_over(one) && (name(one), namespace(one)) != (name(of), namespace(of))
}

/// Whether a policy selects a pod, for this direction.
fn holds(policy: &Value, of: &Value, direction: Direction) -> bool {
    namespace(policy) == namespace(of)
        && is_for(policy, direction)
        && selector(at(policy, &["spec", "podSelector"])).selects(of)
        && !is_true(of, &["spec", "hostNetwork"])
}

/// Whether a policy is about a direction. One that does not say is about what comes in, and about what goes out where it has rules for it.
pub(crate) fn is_for(policy: &Value, direction: Direction) -> bool {
    let (kind, field, _) = direction.fields();
    match list(policy, &["spec", "policyTypes"]) {
        [] => direction == Direction::Ingress || at(policy, &["spec", field]).is_some(),
        types => types.iter().any(|one| one.as_str() == Some(kind)),
    }
}

/// What a policy allows in a direction, one peer after the other.
pub(crate) fn rules(policy: &Value, direction: Direction) -> Vec<Rule> {
    let (_, field, peers) = direction.fields();
    let rule = |rule: &Value| {
        let ports: Vec<Port> = list(rule, &["ports"]).iter().map(port).collect();
        let peers = match list(rule, &[peers]) {
            [] => vec![Peer::Anybody],
            peers => peers.iter().map(peer).collect(),
        };
        let of = move |peer| Rule {
            policy: name(policy).to_owned(),
            namespace: namespace(policy).to_owned(),
            peer,
            ports: ports.clone(),
        };
        peers.into_iter().map(of).collect::<Vec<_>>()
    };
    if is_for(policy, direction) {
        list(policy, &["spec", field]).iter().flat_map(rule).collect()
    } else {
        Vec::new()
    }
}

fn peer(one: &Value) -> Peer {
    if let Some(block) = at(one, &["ipBlock"]) {
        let except = list(block, &["except"]).iter().filter_map(Value::as_str).map(str::to_owned);
        return Peer::Block { cidr: text(block, &["cidr"]).to_owned(), except: except.collect() };
    }
    Peer::Pods {
        namespaces: at(one, &["namespaceSelector"]).map(|one| selector(Some(one))),
        pods: selector(at(one, &["podSelector"])),
    }
}

/// A selector of which an empty one, or none, is all.
fn selector(value: Option<&Value>) -> Selector {
    Selector { empty_is_all: true, ..value.map(read_selector).unwrap_or_default() }
}

fn port(one: &Value) -> Port {
    let protocol = Some(text(one, &["protocol"])).filter(|protocol| !protocol.is_empty());
    Port {
        protocol: protocol.unwrap_or("TCP").to_owned(),
        port: match at(one, &["port"]) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(name)) => name.to_string(),
            _ => String::new(),
        },
        end: integer(one, &["endPort"]),
    }
}

impl Port {
    fn is_named(&self) -> bool {
        !self.port.is_empty() && self.port.parse::<i64>().is_err()
    }

    /// The number that it has on a pod; `None` for every port, and for a name that the pod has no port of.
    fn number_of(&self, of: &Value) -> Option<i64> {
        self.port.parse().ok().or_else(|| {
            let containers = list(of, &["spec", "containers"]).iter();
            let mut ports = containers.flat_map(|container| list(container, &["ports"]));
            let is_it = |port: &&Value| {
                let protocol = Some(text(port, &["protocol"])).filter(|protocol| !protocol.is_empty());
                text(port, &["name"]) == self.port && protocol.unwrap_or("TCP") == self.protocol
            };
            integer(ports.find(is_it)?, &["containerPort"])
        })
    }

    /// Whether some port of a pod is one of both.
    fn meets(&self, other: &Self, target: &Value) -> bool {
        let span = |port: &Self| match (port.port.as_str(), port.number_of(target)) {
            ("", _) => Some((0, i64::MAX)),
            (_, Some(number)) => Some((number, port.end.unwrap_or(number))),
            (_, None) => None,
        };
        match (span(self), span(other)) {
            (Some(a), Some(b)) => self.protocol == other.protocol && a.0 <= b.1 && b.0 <= a.1,
            _ => false,
        }
    }

    /// `5432/TCP`, `8000–8100/TCP`, `http/TCP`, `*/UDP`
    pub(crate) fn words(&self) -> String {
        let port = if self.port.is_empty() { "*" } else { &self.port };
        let end = self.end.map(|end| format!("–{end}")).unwrap_or_default();
        format!("{port}{end}/{}", self.protocol)
    }
}

impl Peer {
    /// Who that is, in words.
    pub(crate) fn words(&self, lang: Lang) -> String {
        let (msg, pods, spaces) = match self {
            Self::Anybody => (Msg::Anybody, String::new(), String::new()),
            Self::Block { cidr, except } if except.is_empty() => {
                (Msg::PeerBlock, cidr.clone(), String::new())
            }
            Self::Block { cidr, except } => (Msg::PeerBlockExcept, cidr.clone(), except.join(", ")),
            Self::Pods { namespaces, pods } => {
                let (spaces, pods) = (namespaces.as_ref().map(selector_words), selector_words(pods));
                let msg = match (spaces.as_deref(), pods.as_str()) {
                    (None, "") => Msg::PeerAllHere,
                    (None, _) => Msg::PeerHere,
                    (Some(""), "") => Msg::PeerAllEverywhere,
                    (Some(""), _) => Msg::PeerEverywhere,
                    (Some(_), "") => Msg::PeerAllIn,
                    (Some(_), _) => Msg::PeerIn,
                };
                (msg, pods, spaces.unwrap_or_default())
            }
        };
        // Where a namespace is meant by its name, its name is enough.
        let spaces =
            spaces.strip_prefix(NAME_LABEL).and_then(|rest| rest.strip_prefix('=')).unwrap_or(&spaces);
        fill(msg.text(lang), &[("pods", &pods), ("namespaces", spaces), ("cidr", &pods), ("except", spaces)])
    }
}

/// The ports of a rule in words.
pub(crate) fn ports_words(ports: &[Port], lang: Lang) -> String {
    match ports {
        [] => Msg::AnyPort.text(lang).to_owned(),
        ports => ports.iter().map(Port::words).collect::<Vec<_>>().join(", "),
    }
}

/// Whether an address is in a block: `10.0.0.0/8`, `2001:db8::/32`.
fn contains(cidr: &str, address: &str) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let parsed = cidr.split_once('/').and_then(|(block, length)| {
        let (block, length) = (block.parse().ok()?, length.parse::<u32>().ok()?);
        Some((block, length, address.parse().ok()?))
    });
    let Some((block, length, address)) = parsed else { return false };
    let ((block, of_block), (address, of_address)) = (bits(block), bits(address));
    let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
    of_block == of_address && length <= of_block && block & mask == address & mask
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn pod(space: &str, of_name: &str, app: &str) -> Value {
        json!({"metadata": {"name": of_name, "namespace": space, "labels": {"app": app}},
            "spec": {"containers": [{"ports": [{"name": "sql", "containerPort": 5432}]}]},
            "status": {"phase": "Running", "podIP": "10.1.2.3"}})
    }

    fn policy(spec: Value) -> Value {
        json!({"metadata": {"name": "p", "namespace": "data"}, "spec": spec})
    }

    fn reach(policies: &[Value], direction: Direction) -> Reach {
        let pods = [
            pod("data", "db-0", "db"),
            pod("data", "job-1", "job"),
            pod("shop", "web-1", "web"),
            pod("shop", "api-1", "api"),
        ];
        let shop = json!({"metadata": {"name": "shop", "labels": {"team": "a"}}});
        let world = World {
            policies: policies.iter().collect(),
            pods: pods.iter().collect(),
            namespaces: BTreeMap::from([("shop", &shop)]),
        };
        world.reach(&pods[0], direction)
    }

    /// Names of the pods that may, with how many of them are held back by their own side.
    #[track_caller]
    fn check(policies: &[Value], direction: Direction, expected: &[(&[&str], usize)]) {
        let reach = reach(policies, direction);
        let told: Vec<(Vec<&str>, usize)> = reach
            .lines
            .iter()
            .map(|line| (line.workloads.iter().map(|one| one.0.name.as_str()).collect(), line.held_back))
            .collect();
        let expected: Vec<(Vec<&str>, usize)> =
            expected.iter().map(|(names, held)| (names.to_vec(), *held)).collect();
        assert_eq!(told, expected);
    }

    fn from(peer: Value) -> Value {
        policy(
            json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}),
        )
    }

    #[test]
    fn a_pod_that_no_policy_selects_may_do_everything() {
        assert_eq!(reach(&[], Direction::Ingress), Reach::default());
        let other =
            policy(json!({"podSelector": {"matchLabels": {"app": "job"}}, "policyTypes": ["Ingress"]}));
        assert_eq!(reach(&[other], Direction::Ingress), Reach::default());
        let mut elsewhere = policy(json!({"podSelector": {}}));
        elsewhere["metadata"]["namespace"] = "shop".into();
        assert_eq!(reach(&[elsewhere], Direction::Ingress), Reach::default());
    }

    #[test]
    fn a_policy_without_rules_lets_nothing_through_in_its_directions_only() {
        let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
        let reach_in = reach(std::slice::from_ref(&deny), Direction::Ingress);
        assert_eq!((reach_in.policies, reach_in.lines.len()), (vec!["p".to_owned()], 0));
        assert_eq!(reach(&[deny], Direction::Egress), Reach::default());
        // One that does not say is about what comes in, and about what goes out where it has rules for that.
        let silent = policy(json!({"podSelector": {}}));
        assert!(is_for(&silent, Direction::Ingress) && !is_for(&silent, Direction::Egress));
        let both = policy(json!({"podSelector": {}, "egress": []}));
        assert!(is_for(&both, Direction::Egress));
    }

    #[test]
    fn peers_are_pods_namespaces_and_both_together() {
        let space = json!({"matchLabels": {"team": "a"}});
        let web = json!({"matchLabels": {"app": "web"}});
        check(&[from(json!({"podSelector": {}}))], Direction::Ingress, &[(&["job-1"], 0)]);
        check(&[from(json!({"podSelector": web}))], Direction::Ingress, &[(&[], 0)]);
        check(&[from(json!({"namespaceSelector": space}))], Direction::Ingress, &[(&["api-1", "web-1"], 0)]);
        check(
            &[from(json!({"namespaceSelector": space, "podSelector": web}))],
            Direction::Ingress,
            &[(&["web-1"], 0)],
        );
        check(
            &[from(json!({"namespaceSelector": {}}))],
            Direction::Ingress,
            &[(&["job-1", "api-1", "web-1"], 0)],
        );
        let own_name = json!({"matchLabels": {NAME_LABEL: "data"}});
        check(&[from(json!({"namespaceSelector": own_name}))], Direction::Ingress, &[(&["job-1"], 0)]);
    }

    #[test]
    fn what_any_policy_allows_is_allowed() {
        let web = from(json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}));
        let job = from(json!({"podSelector": {"matchLabels": {"app": "job"}}}));
        check(&[web, job], Direction::Ingress, &[(&["web-1"], 0), (&["job-1"], 0)]);
    }

    #[test]
    fn the_other_side_must_allow_it_as_well() {
        let open = from(json!({"namespaceSelector": {}}));
        let mut shut =
            policy(json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]}));
        shut["metadata"]["namespace"] = "shop".into();
        check(&[open.clone(), shut.clone()], Direction::Ingress, &[(&["job-1", "api-1", "web-1"], 1)]);
        // Whom it lets out to the port that is asked for is not held back.
        shut["spec"]["egress"] = json!([{"ports": [{"port": 5000, "endPort": 6000}]}]);
        let mut to_port = open;
        to_port["spec"]["ingress"][0]["ports"] = json!([{"port": "sql"}]);
        check(&[to_port.clone(), shut.clone()], Direction::Ingress, &[(&["job-1", "api-1", "web-1"], 0)]);
        shut["spec"]["egress"][0]["ports"][0]["protocol"] = "UDP".into();
        check(&[to_port, shut], Direction::Ingress, &[(&["job-1", "api-1", "web-1"], 1)]);
    }

    #[test]
    fn what_goes_out_is_told_by_whom_it_reaches() {
        let out = policy(json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "api"}}}]}, {"to": [{"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"]}}]}]}));
        check(&[out], Direction::Egress, &[(&["api-1"], 0), (&[], 0)]);
    }

    #[test]
    fn a_name_of_a_port_is_one_of_the_pods_own() {
        let with_port = |port: &str| {
            let mut policy = from(json!({"podSelector": {}}));
            policy["spec"]["ingress"][0]["ports"] = json!([{"port": port}]);
            reach(&[policy], Direction::Ingress).lines.remove(0).missing_port
        };
        assert_eq!(with_port("sql"), None);
        assert_eq!(with_port("http"), Some("http".to_owned()));
    }

    #[test]
    fn pods_with_the_network_of_their_node_are_held_by_nobody() {
        let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
        let mut host = pod("data", "agent", "agent");
        host["spec"]["hostNetwork"] = true.into();
        let world = World { policies: vec![&deny], ..World::default() };
        assert_eq!(world.reach(&host, Direction::Ingress), Reach { is_of_host: true, ..Reach::default() });
    }

    #[test]
    fn addresses_are_in_blocks_of_their_own_family() {
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "192.0.2.1") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("192.0.2.7/32", "192.0.2.7") && !contains("192.0.2.7/33", "192.0.2.7"));
        assert!(!contains("nonsense", "192.0.2.7") && !contains("10.0.0.0/8", ""));
    }

    #[test]
    fn peers_and_ports_have_words() {
        let words = |value: Value| peer(&value).words(Lang::English);
        assert_eq!(words(json!({"podSelector": {}})), "all pods of this namespace");
        assert_eq!(
            words(
                json!({"namespaceSelector": {"matchLabels": {NAME_LABEL: "shop"}}, "podSelector": {"matchLabels": {"app": "web"}}})
            ),
            "pods app=web in namespaces shop"
        );
        assert_eq!(
            words(json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}})),
            "addresses 10.0.0.0/8 except 10.1.0.0/16"
        );
        let ports =
            [json!({"port": 8000, "endPort": 8100}), json!({"protocol": "UDP"})].map(|one| port(&one));
        assert_eq!(ports_words(&ports, Lang::English), "8000–8100/TCP, */UDP");
        assert_eq!(ports_words(&[], Lang::English), "any port");
    }
}
