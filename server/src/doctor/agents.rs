//! Who pushes to the running server, and how they are doing.

use crowsnest_api::Timestamp;
use crowsnest_api::prometheus::{InstantSeries, QueryData};
use crowsnest_api::sources::{Source, Sources};

use super::finding::{Finding, many};
use super::patient::Patient;
use super::server::{ask, sources_of};
use crate::client::Server;
use crate::units::format_duration;

pub(super) const SUBJECT: &str = "agents";

/// What arrives later than this waits somewhere.
const LATE: f64 = 60.0;
/// A refusal of longer ago is over.
const RECENT: f64 = 3600.0;
/// Samples that wait in a queue, beyond what one or two intervals bring.
const WAITING: f64 = 50_000.0;

/// What is asked about agents: their version, how much waits, how much they have lost within the hour.
const QUESTIONS: [&str; 3] = [
    "crowsnest_agent_build_info",
    "crowsnest_agent_queue_samples",
    "sum by (node) (increase(crowsnest_agent_samples_dropped_total[1h]))",
];

/// An agent's own figure: of which node, the label `version`, the value.
#[derive(Clone, Debug, PartialEq)]
struct Figure {
    node: String,
    version: String,
    value: f64,
}

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let Some(server) = patient.confided_server() else { return Vec::new() };
    let Some(sources) = sources_of(patient).await else {
        let remedy = "the token's owner may not look at everything";
        return vec![Finding::warn(SUBJECT, "who pushes cannot be told", remedy)];
    };
    let mut findings = judge(&sources, patient.now);
    let [versions, waiting, lost] = QUESTIONS;
    findings.extend(judge_versions(&figures(server, versions).await));
    findings.extend(judge_queues(&figures(server, waiting).await, &figures(server, lost).await));
    findings
}

async fn figures(server: &Server, expression: &str) -> Vec<Figure> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("query", expression).finish();
    let Some(QueryData::Vector(vector)) = ask(server, &format!("api/v1/query?{query}")).await else {
        return Vec::new();
    };
    let figure = |one: &InstantSeries| {
        let label = |name| one.metric.get(name).map(ToString::to_string).unwrap_or_default();
        let value = one.value.as_ref()?.1.parse().ok()?;
        Some(Figure { node: label("node"), version: label("version"), value })
    };
    vector.iter().filter_map(figure).collect()
}

fn judge(sources: &Sources, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &sources.sources {
        findings.extend(judge_source(source, now));
    }
    for refused in &sources.refused {
        let age = now.seconds() - refused.last.at;
        if age < RECENT {
            let what = format!("{} pushes of {} were refused as a whole", refused.pushes, refused.pusher);
            let finding = Finding::warn(SUBJECT, what, "the page Sources has the last answer");
            findings.push(finding.quoting(&refused.last.message));
        }
    }
    if findings.is_empty() {
        let what = match sources.sources.len() {
            0 => {
                return vec![Finding::warn(
                    SUBJECT,
                    "nobody pushes",
                    "start an agent on each node: docs/agent.md",
                )];
            }
            pushing => format!("{}, none silent, late or refused", many(pushing, "source")),
        };
        findings.push(Finding::ok(SUBJECT, what));
    }
    findings
}

fn judge_source(source: &Source, now: Timestamp) -> Vec<Finding> {
    let name = source.node.as_deref().filter(|node| !node.is_empty()).unwrap_or(&source.instance);
    let called = format!("{name} ({}, {})", source.job, source.pusher);
    let mut findings = Vec::new();
    if source.silent {
        let since = std::time::Duration::from_secs((now.seconds() - source.last_push).max(0.0) as u64);
        let what = format!("{called} has pushed nothing for {}", format_duration(since));
        findings.push(Finding::warn(SUBJECT, what, "see whether it runs, and its log: address, token, CA"));
    } else if let Some(lag) = source.lag_seconds.filter(|lag| *lag > LATE) {
        let what = format!("what comes from {called} is {lag:.0} s late");
        let remedy = "its queue is being worked off, or its clock is behind";
        findings.push(Finding::warn(SUBJECT, what, remedy));
    }
    if let Some(refusal) = source.last_refusal.as_ref().filter(|refusal| now.seconds() - refusal.at < RECENT)
    {
        let what = format!("{} samples of {called} were refused", source.refused);
        findings
            .push(Finding::warn(SUBJECT, what, "the page Sources has an example").quoting(&refusal.message));
    }
    findings
}

fn judge_versions(agents: &[Figure]) -> Vec<Finding> {
    let own = env!("CARGO_PKG_VERSION");
    let others = agents.iter().filter(|agent| agent.version != own);
    let told = others.map(|agent| {
        let what =
            format!("the agent of {} is of version {}, and this program of {own}", agent.node, agent.version);
        Finding::warn(SUBJECT, what, "update it: the server first, then agents")
    });
    told.collect()
}

fn judge_queues(waiting: &[Figure], lost: &[Figure]) -> Vec<Finding> {
    let full = waiting.iter().filter(|queue| queue.value > WAITING).map(|queue| {
        let what = format!("{} samples wait in the queue of {}", queue.value, queue.node);
        Finding::warn(SUBJECT, what, "see whether it can reach the server, and the server keeps up")
    });
    let lost = lost.iter().filter(|lost| lost.value >= 1.0).map(|lost| {
        let what = format!("{} has lost {:.0} samples within the hour", lost.node, lost.value);
        Finding::fail(SUBJECT, what, "give it a larger queue (--queue-max-bytes); its log says why")
    });
    full.chain(lost).collect()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::sources::{Refusal, RefusalReason, RefusedPushes, Way};

    use super::*;
    use crate::doctor::finding::Level;

    const NOW: f64 = 1_800_000_000.0;

    fn source() -> Source {
        Source {
            pusher: "agent".into(),
            job: "node-exporter".into(),
            instance: "node-1".into(),
            last_push: NOW - 400.0,
            ..Source::default()
        }
    }

    fn refusal(at: f64) -> Refusal {
        Refusal { at, reason: RefusalReason::TooOld, message: "sample is too old".into() }
    }

    #[track_caller]
    fn check_sources(sources: &Sources, expected: &[(Level, &str)]) {
        let found = judge(sources, Timestamp::from_millis(NOW as i64 * 1000));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, (level, words)) in found.iter().zip(expected) {
            assert!(finding.level == *level && finding.to_string().contains(words), "{finding}");
        }
    }

    fn of(source: Source) -> Sources {
        Sources { sources: vec![source], ..Sources::default() }
    }

    #[test]
    fn sources_that_push_are_counted_and_none_at_all_is_told() {
        check_sources(&of(source()), &[(Level::Ok, "1 source, none silent")]);
        check_sources(&Sources::default(), &[(Level::Warn, "nobody pushes")]);
    }

    #[test]
    fn silent_late_and_refused_sources_are_named() {
        check_sources(&of(Source { silent: true, ..source() }), &[(Level::Warn, "nothing for 6m40s")]);
        check_sources(&of(Source { lag_seconds: Some(300.0), ..source() }), &[(Level::Warn, "300 s late")]);
        let refused = Source { refused: 4, last_refusal: Some(refusal(NOW - 5.0)), ..source() };
        check_sources(&of(refused), &[(Level::Warn, "4 samples of node-1")]);
        let long_ago = Source { refused: 4, last_refusal: Some(refusal(NOW - 9e4)), ..source() };
        check_sources(&of(long_ago), &[(Level::Ok, "1 source")]);
    }

    #[test]
    fn pushes_that_are_refused_as_a_whole_are_told() {
        let refused =
            RefusedPushes { pusher: "x".into(), way: Way::default(), pushes: 3, last: refusal(NOW - 5.0) };
        let sources = Sources { sources: vec![source()], refused: vec![refused], ..Sources::default() };
        check_sources(&sources, &[(Level::Warn, "3 pushes of x were refused")]);
    }

    #[test]
    fn agents_of_another_version_full_queues_and_lost_samples_are_told() {
        let figure = |version: &str, value| Figure { node: "n".into(), version: version.into(), value };
        assert!(judge_versions(&[figure(env!("CARGO_PKG_VERSION"), 1.0)]).is_empty());
        assert_eq!(judge_versions(&[figure("0.0.1", 1.0)])[0].level, Level::Warn);
        assert!(judge_queues(&[figure("", 100.0)], &[figure("", 0.0)]).is_empty());
        let found = judge_queues(&[figure("", 1e6)], &[figure("", 12.0)]);
        assert_eq!(found.iter().map(|found| found.level).collect::<Vec<_>>(), [Level::Warn, Level::Fail]);
    }
}
