//! Why no node takes a pod: the scheduler's message in words.

use crate::json::Value;

use super::object::{condition, text};
use crate::i18n::{Lang, Msg, fill};

/// What the scheduler says of its reasons, and how it is told here.
const REASONS: &[(&str, Msg)] = &[
    ("Insufficient cpu", Msg::NodesLackCpu),
    ("Insufficient memory", Msg::NodesLackMemory),
    ("Insufficient ephemeral-storage", Msg::NodesLackStorage),
    ("Too many pods", Msg::NodesFull),
    ("untolerated taint", Msg::NodesTainted),
    ("were unschedulable", Msg::NodesCordoned),
    ("node affinity/selector", Msg::NodesUnselected),
    ("anti-affinity", Msg::NodesAntiAffinity),
    ("volume node affinity conflict", Msg::NodesVolume),
    ("unbound immediate PersistentVolumeClaims", Msg::PodClaimsUnbound),
];

/// The scheduler's message about a pod that it could not place.
pub(crate) fn refusal(pod: &Value) -> Option<&str> {
    let condition = condition(pod, "PodScheduled").filter(|one| text(one, &["status"]) == "False")?;
    (text(condition, &["reason"]) == "Unschedulable").then(|| text(condition, &["message"]))
}

/// The message in words: `0/5 nodes are available: 4 Insufficient cpu, 1 node(s) were unschedulable.`
pub(crate) fn words(lang: Lang, message: &str) -> String {
    let counted = message.split_once(": ").and_then(|(head, rest)| {
        let (fitting, total) = head.strip_suffix(" nodes are available")?.split_once('/')?;
        Some((fitting.parse::<usize>().ok()?, total.parse::<usize>().ok()?, rest))
    });
    let Some((fitting, total, rest)) = counted else { return message.to_owned() };
    let reasons = rest.split_once(". ").map_or(rest, |(reasons, _)| reasons).trim_end_matches('.');
    let told: Vec<String> = reasons.split(", ").map(|reason| reason_words(lang, reason)).collect();
    let values = [fitting.to_string(), total.to_string(), told.join(", ")];
    let [fitting, total, reasons] = values.each_ref().map(String::as_str);
    fill(Msg::NoNodeFits.text(lang), &[("fitting", fitting), ("total", total), ("reasons", reasons)])
}

fn reason_words(lang: Lang, reason: &str) -> String {
    let (count, what) = reason.split_once(' ').unwrap_or(("", reason));
    let known = REASONS.iter().find(|(words, _)| what.contains(words)).map(|(_, msg)| *msg);
    match (known, count.parse::<usize>()) {
        (Some(msg), Ok(_)) => fill(msg.text(lang), &[("n", count)]),
        (Some(msg @ Msg::PodClaimsUnbound), Err(_)) => msg.text(lang).to_owned(),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(words(Lang::English, message), expected);
    }

    #[test]
    fn the_schedulers_reasons_are_told_in_words() {
        check("0/5 nodes are available: 5 Insufficient cpu.", "0 of 5 nodes fit: 5 lack CPU.");
        check(
            "0/5 nodes are available: 1 node(s) had untolerated taint {a: b}, 1 node(s) were unschedulable, 3 Insufficient memory. preemption: 0/5 nodes are available: 5 No preemption victims found.",
            "0 of 5 nodes fit: 1 tainted, 1 cordoned, 3 lack memory.",
        );
        assert_eq!(
            words(Lang::Korean, "0/3 nodes are available: 3 Insufficient cpu."),
            "노드 3개 중 0개가 적합합니다: 3개 CPU 부족."
        );
    }

    #[test]
    fn what_is_not_known_is_left_as_it_came() {
        check(
            "0/2 nodes are available: 2 node(s) had a headache.",
            "0 of 2 nodes fit: 2 node(s) had a headache.",
        );
        check("no room", "no room");
    }
}
