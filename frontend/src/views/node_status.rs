//! Whether a node reports, and what is wrong with it, in a few words.

use leptos::prelude::*;

use crate::api::Node;
use crate::components::{Badge, Status, Tone};
use crate::i18n::{Msg, use_lang};
use crate::verdict::{Problem, ProblemKind, Severity};

/// "Reporting" or "Silent", with a badge for each kind of problem. Being busy is no reason to call a node silent, and
/// reporting no reason to call it well: the two stand side by side.
#[component]
pub(super) fn NodeStatus(node: Memo<Option<Node>>, problems: Memo<Vec<Problem>>) -> impl IntoView {
    let lang = use_lang();
    let reports = Memo::new(move |_| node.with(|node| node.as_ref().is_some_and(|node| node.reporting)));
    let tone = Signal::derive(move || if reports.get() { Tone::Ok } else { Tone::Critical });
    let words = move || if reports.get() { Msg::NodeUp } else { Msg::ProblemSilent }.text(lang.get());
    let badges = move || {
        let lang = lang.get();
        let badge = |(title, tone): (Msg, Tone)| view! { <Badge tone=tone>{title.text(lang)}</Badge> };
        problems.with(|problems| kinds(problems)).into_iter().map(badge).collect_view()
    };
    view! {
        <span class="node-status">
            <Status tone=tone>{words}</Status>
            {badges}
        </span>
    }
}

/// Each kind once, at its worst, in the order of the problems; silence has its word already.
fn kinds(problems: &[Problem]) -> Vec<(Msg, Tone)> {
    let mut kinds: Vec<(Msg, Tone)> = Vec::new();
    for problem in problems.iter().filter(|problem| !matches!(problem.kind, ProblemKind::Silent(_))) {
        let title = problem.kind.title();
        let tone = match problem.severity {
            Severity::Critical => Tone::Critical,
            Severity::Warning => Tone::Warning,
        };
        match kinds.iter_mut().find(|(known, _)| *known == title) {
            Some((_, known)) if tone == Tone::Critical => *known = tone,
            Some(_) => {}
            None => kinds.push((title, tone)),
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(severity: Severity, kind: ProblemKind) -> Problem {
        Problem { severity, node: "a".into(), kind }
    }

    #[test]
    fn a_kind_is_named_once_and_at_its_worst() {
        let problems = [
            problem(Severity::Warning, ProblemKind::Disk("/".into(), 0.9, 1.0)),
            problem(Severity::Critical, ProblemKind::Disk("/data".into(), 0.99, 1.0)),
            problem(Severity::Warning, ProblemKind::Cpu(1.0, None)),
        ];
        assert_eq!(kinds(&problems), [(Msg::ProblemDisk, Tone::Critical), (Msg::ProblemCpu, Tone::Warning)]);
    }

    #[test]
    fn silence_needs_no_badge() {
        assert_eq!(kinds(&[problem(Severity::Critical, ProblemKind::Silent(None))]), []);
    }
}
