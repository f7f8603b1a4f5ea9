//! The sentence an operator came for: is anything wrong, and what.
//!
//! The thresholds are deliberately few and plain; alert rules are the place for finer ones.

use crate::api::Node;
use crate::arrange::Arrange as _;
use crate::format;
use crate::i18n::{Lang, Msg, count, fill};

/// How bad something is. The order is worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Critical,
    Warning,
}

/// Something about a node that needs somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) node: String,
    pub(crate) kind: ProblemKind,
}

/// What is wrong, with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProblemKind {
    /// Nothing came for so many milliseconds, where that is known.
    Silent(Option<i64>),
    /// A file system is nearly full: mount point, used share, bytes left.
    Disk(String, f64, f64),
    /// Memory is nearly used up: used share, bytes left.
    Memory(f64, f64),
    /// All cores are busy: share, cores.
    Cpu(f64, Option<f64>),
    /// More work than the cores can do: 5-minute load, cores.
    Load(f64, f64),
}

/// Used shares from which a file system is worth a look, and from which it is broken.
pub(crate) const DISK: (f64, f64) = (0.85, 0.95);
/// The same for memory.
pub(crate) const MEMORY: (f64, f64) = (0.90, 0.97);
/// Busy share of all cores that is worth a look. Being busy is no fault, so there is no worse step.
pub(crate) const CPU: f64 = 0.95;
/// Load per core that is worth a look.
pub(crate) const LOAD: f64 = 2.0;

/// Everything wrong with the nodes, worst first, then by name.
pub(crate) fn problems(nodes: &[Node]) -> Vec<Problem> {
    let mut found: Vec<Problem> = nodes.iter().flat_map(of_node).collect();
    found.arrange_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.node.cmp(&b.node)));
    found
}

/// Everything wrong with one node, in the order in which its figures stand.
pub(crate) fn of_node(node: &Node) -> Vec<Problem> {
    let problem = |severity, kind| Problem { severity, node: node.name.clone(), kind };
    if !node.reporting {
        // Its other figures are of the past.
        return vec![problem(Severity::Critical, ProblemKind::Silent(node.sample_age))];
    }
    let graded = |share: f64, (warning, critical): (f64, f64)| match share {
        _ if share >= critical => Some(Severity::Critical),
        _ if share >= warning => Some(Severity::Warning),
        _ => None,
    };
    let mut found = Vec::new();
    if let Some(share) = node.cpu.filter(|share| *share >= CPU) {
        found.push(problem(Severity::Warning, ProblemKind::Cpu(share, node.cores)));
    }
    if let (Some(share), Some(left)) = (node.memory(), node.memory_available)
        && let Some(severity) = graded(share, MEMORY)
    {
        found.push(problem(severity, ProblemKind::Memory(share, left)));
    }
    for disk in &node.filesystems {
        if let Some(severity) = graded(disk.used(), DISK) {
            found.push(problem(severity, ProblemKind::Disk(disk.mount.clone(), disk.used(), disk.available)));
        }
    }
    let [_, load, _] = node.load;
    if let (Some(load), Some(cores)) = (load, node.cores)
        && load > LOAD * cores
    {
        found.push(problem(Severity::Warning, ProblemKind::Load(load, cores)));
    }
    found
}

/// The verdict in one sentence.
pub(crate) fn sentence(lang: Lang, nodes: &[Node], problems: &[Problem]) -> String {
    if nodes.is_empty() {
        return Msg::NoNodesVerdict.text(lang).to_owned();
    }
    let of = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (broken, look) = (of(Severity::Critical), of(Severity::Warning));
    let broken_words = count(lang, broken, Msg::BrokenOne, Msg::BrokenMany);
    let look_words = count(lang, look, Msg::LookOne, Msg::LookMany);
    match (broken, look) {
        (0, 0) => {
            let nodes = count(lang, nodes.len(), Msg::NodesOne, Msg::NodesMany);
            fill(Msg::AllQuiet.text(lang), &[("nodes", &nodes)])
        }
        (_, 0) => broken_words,
        (0, _) => look_words,
        _ => format!("{broken_words}, {look_words}"),
    }
}

impl ProblemKind {
    /// The word for it.
    pub(crate) fn title(&self) -> Msg {
        match self {
            Self::Silent(_) => Msg::ProblemSilent,
            Self::Disk(..) => Msg::ProblemDisk,
            Self::Memory(..) => Msg::ProblemMemory,
            Self::Cpu(..) => Msg::ProblemCpu,
            Self::Load(..) => Msg::ProblemLoad,
        }
    }

    /// The cause, in a sentence with its figures.
    pub(crate) fn why(&self, lang: Lang) -> String {
        let cores = |cores: f64| count(lang, cores as usize, Msg::CoresOne, Msg::CoresMany);
        match self {
            Self::Silent(None) => Msg::ProblemSilentLong.text(lang).to_owned(),
            Self::Silent(Some(age)) => {
                fill(Msg::ProblemSilentWhy.text(lang), &[("time", &format::age(lang, *age))])
            }
            Self::Disk(mount, share, left) => fill(
                Msg::ProblemDiskWhy.text(lang),
                &[("mount", mount), ("share", &format::percent(*share)), ("free", &format::bytes(*left))],
            ),
            Self::Memory(share, left) => fill(
                Msg::ProblemMemoryWhy.text(lang),
                &[("share", &format::percent(*share)), ("free", &format::bytes(*left))],
            ),
            Self::Cpu(share, number) => fill(
                Msg::ProblemCpuWhy.text(lang),
                &[("share", &format::percent(*share)), ("cores", &number.map(cores).unwrap_or_default())],
            ),
            Self::Load(load, number) => fill(
                Msg::ProblemLoadWhy.text(lang),
                &[("load", &format::load(*load)), ("cores", &cores(*number))],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Filesystem;

    fn healthy(name: &str) -> Node {
        Node {
            name: name.into(),
            reporting: true,
            cpu: Some(0.2),
            cores: Some(4.0),
            memory_total: Some(100.0),
            memory_available: Some(50.0),
            load: [Some(1.0), Some(1.0), Some(1.0)],
            ..Node::default()
        }
    }

    #[track_caller]
    fn check(nodes: &[Node], english: &str, korean: &str) {
        let problems = problems(nodes);
        assert_eq!(sentence(Lang::English, nodes, &problems), english);
        assert_eq!(sentence(Lang::Korean, nodes, &problems), korean);
    }

    #[test]
    fn healthy_nodes_are_all_quiet() {
        check(
            &[healthy("a")],
            "All quiet. 1 node, nothing short.",
            "이상 없습니다. 노드 1개, 부족한 자원 없음.",
        );
        check(
            &[healthy("a"), healthy("b")],
            "All quiet. 2 nodes, nothing short.",
            "이상 없습니다. 노드 2개, 부족한 자원 없음.",
        );
        check(&[], "No node has reported yet", "아직 보고한 노드가 없습니다");
    }

    #[test]
    fn broken_things_are_counted_before_those_worth_a_look() {
        let silent = Node { name: "b".into(), cpu: Some(1.0), ..Node::default() };
        let busy = Node { cpu: Some(0.99), load: [None, Some(12.0), None], ..healthy("c") };
        check(&[silent, busy], "1 thing is broken, 2 need a look", "장애 1건, 확인 필요 2건");
    }

    #[test]
    fn a_silent_node_is_not_judged_by_its_old_figures() {
        let silent = Node { reporting: false, memory_available: Some(1.0), ..healthy("a") };
        let kinds: Vec<_> = of_node(&silent).into_iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::Silent(None)]);
    }

    #[test]
    fn a_full_disk_is_worse_than_a_filling_one() {
        let disk = |mount: &str, available| Filesystem { mount: mount.into(), size: 100.0, available };
        let node =
            Node { filesystems: vec![disk("/", 4.0), disk("/data", 12.0), disk("/x", 40.0)], ..healthy("a") };
        let severities: Vec<_> = of_node(&node).iter().map(|problem| problem.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::Warning]);
    }

    #[test]
    fn a_cause_has_its_figures() {
        let why = ProblemKind::Disk("/var".into(), 0.92, 3.0 * 1024.0 * 1024.0 * 1024.0).why(Lang::English);
        assert_eq!(why, "/var is 92 % full, 3.0 GiB are free.");
        let why = ProblemKind::Silent(Some(134_000)).why(Lang::Korean);
        assert!(why.starts_with("에이전트가 2분 14초 동안"), "{why}");
    }
}
