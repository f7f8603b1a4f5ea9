//! The running server: what it says of itself, and what it counts that should not happen.

use std::collections::BTreeMap;

use crowsnest_api::sources::Sources;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::finding::Finding;
use super::patient::Patient;
use crate::client::{Answer, Server};

pub(super) const SUBJECT: &str = "server";

/// One of its own metrics that should be zero.
struct Bad {
    name: &'static str,
    fails: bool,
    what: &'static str,
    remedy: &'static str,
}

const BAD: &[Bad] = &[
    Bad {
        name: "crowsnest_tsdb_blocks_quarantined",
        fails: true,
        what: "damaged blocks that do not serve, or not in full",
        remedy: "`crowsnest blocks --verify` names them; `crowsnest restore` brings a backup back",
    },
    Bad {
        name: "crowsnest_tsdb_wal_faults",
        fails: true,
        what: "places in the log that could not be read at the start",
        remedy: "`crowsnest blocks --verify` names them; senders have repeated what was not acknowledged",
    },
    Bad {
        name: "crowsnest_control_damaged",
        fails: true,
        what: "control state that was damaged and begun anew",
        remedy: "the old one is in control.damaged-N of the data folder",
    },
    Bad {
        name: "crowsnest_tsdb_wal_failures_total",
        fails: true,
        what: "writes and syncs of the log that failed",
        remedy: "see disk, and the kernel's log",
    },
    Bad {
        name: "crowsnest_tsdb_maintenance_failures_total",
        fails: false,
        what: "maintenance runs that stopped with an error",
        remedy: "the server's log says why; mostly the disk is full",
    },
    Bad {
        name: "crowsnest_ingest_failures_total",
        fails: false,
        what: "pushes that could not be stored",
        remedy: "the server's log says why",
    },
    Bad {
        name: "crowsnest_ingest_turned_away_total",
        fails: false,
        what: "pushes turned away because too many were waiting",
        remedy: "give the server more processor, or senders longer intervals",
    },
    Bad {
        name: "crowsnest_queries_turned_away_total",
        fails: false,
        what: "queries turned away because too many were waiting",
        remedy: "see which are slow at /api/crowsnest/v1/queries",
    },
    Bad {
        name: "crowsnest_rule_group_iterations_missed_total",
        fails: false,
        what: "evaluations of rules left out because the one before took too long",
        remedy: "give the group a longer interval, or its rules less to do",
    },
    Bad {
        name: "crowsnest_notification_failures_total",
        fails: false,
        what: "attempts to notify that failed",
        remedy: "the page Alerts says which receivers answered what",
    },
];

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let server = match &patient.server {
        None => return Vec::new(),
        Some(Err(why)) => return vec![Finding::fail(SUBJECT, why, "correct --url, --token-file or --ca")],
        Some(Ok(server)) => server,
    };
    let ready = match server.get("readyz").await {
        Ok(answer) => judge_ready(&answer),
        Err(error) => {
            let remedy = "see whether it runs, and whether --url and --ca are right";
            return vec![Finding::fail(SUBJECT, format!("{error:#}"), remedy)];
        }
    };
    let mut findings = vec![ready];
    if !patient.has_token {
        let remedy = "give --token-file with the token of somebody who may look at everything";
        findings.push(Finding::warn(SUBJECT, "without a token it says no more of itself", remedy));
        return findings;
    }
    match server.get("api/v1/status/buildinfo").await {
        Ok(answer) if answer.status.is_success() => findings.push(judge_version(&answer)),
        Ok(answer) => {
            let what = format!("it answers {} to our token", answer.status);
            findings.push(Finding::fail(
                SUBJECT,
                what,
                "give the token of somebody who may look at everything",
            ));
            return findings;
        }
        Err(error) => findings.push(Finding::fail(SUBJECT, format!("{error:#}"), "ask again")),
    }
    if let Ok(answer) = server.get("metrics").await {
        findings.extend(judge_metrics(&String::from_utf8_lossy(&answer.body)));
    }
    findings.extend(notices(server).await);
    findings
}

/// The first line says whether it is ready; another, what is damaged.
fn judge_ready(answer: &Answer) -> Finding {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim();
    if !answer.status.is_success() {
        let what = format!("it is not ready: {} {text}", answer.status);
        return Finding::fail(
            SUBJECT,
            what,
            "a long log takes its time at the start; else see the server's log",
        );
    }
    match text.lines().nth(1) {
        Some(damage) => Finding::fail(
            SUBJECT,
            format!("it is ready, {damage}"),
            "`crowsnest blocks --verify` names the files",
        ),
        None => Finding::ok(SUBJECT, "it is ready"),
    }
}

fn judge_version(answer: &Answer) -> Finding {
    #[derive(Default, Deserialize)]
    struct BuildInfo {
        crowsnest: String,
    }
    let own = env!("CARGO_PKG_VERSION");
    match data::<BuildInfo>(answer).map(|info| info.crowsnest) {
        Some(version) if version == own => Finding::ok(SUBJECT, format!("it is of version {version}")),
        Some(version) => {
            let what = format!("it is of version {version}, and this program of {own}");
            Finding::warn(SUBJECT, what, "use the program of its version: this one may not know its files")
        }
        None => Finding::fail(SUBJECT, "what answers is no Crowsnest", "correct --url"),
    }
}

/// Counts of things that should not have happened since it started.
fn judge_metrics(page: &str) -> Vec<Finding> {
    let values: BTreeMap<&str, f64> = page
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            Some((name, value.trim().parse().ok()?))
        })
        .collect();
    let found = |bad: &Bad| {
        let count = values.get(bad.name).copied().filter(|value| *value > 0.0)?;
        let what = format!("{count} {}", bad.what);
        Some(if bad.fails { Finding::fail } else { Finding::warn }(SUBJECT, what, bad.remedy))
    };
    BAD.iter().filter_map(found).collect()
}

async fn notices(server: &Server) -> Vec<Finding> {
    #[derive(Deserialize)]
    struct Notice {
        text: String,
        active: bool,
    }
    let notices: Vec<Notice> = ask(server, "api/v1/notifications").await.unwrap_or_default();
    let active = notices.into_iter().filter(|notice| notice.active);
    active
        .map(|notice| Finding::warn(SUBJECT, format!("it says: {}", notice.text), "do what it says"))
        .collect()
}

/// Who pushes to the running server.
pub(super) async fn sources_of(patient: &Patient) -> Option<Sources> {
    let answer = patient.confided_server()?.get("api/crowsnest/v1/sources").await.ok()?;
    serde_json::from_slice(&answer.body).ok()
}

/// `data` of an answer of the Prometheus API.
pub(super) async fn ask<T: DeserializeOwned>(server: &Server, path: &str) -> Option<T> {
    data(&server.get(path).await.ok()?)
}

fn data<T: DeserializeOwned>(answer: &Answer) -> Option<T> {
    #[derive(Deserialize)]
    struct Body<T> {
        data: T,
    }
    serde_json::from_slice::<Body<T>>(&answer.body).ok().map(|body| body.data)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::doctor::finding::Level;

    fn answer(status: StatusCode, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn readiness_is_told_with_its_reasons() {
        let ready = judge_ready(&answer(StatusCode::OK, "crowsnest is ready\n"));
        assert_eq!(ready.level, Level::Ok);
        let damaged =
            judge_ready(&answer(StatusCode::OK, "crowsnest is ready\ndamaged: 1 place in the log\n"));
        assert!(damaged.level == Level::Fail && damaged.what.contains("1 place in the log"), "{damaged}");
        let starting = judge_ready(&answer(StatusCode::SERVICE_UNAVAILABLE, "starting or shutting down"));
        assert!(starting.level == Level::Fail && starting.what.contains("starting"), "{starting}");
    }

    #[test]
    fn another_version_and_another_program_are_told() {
        let body = |version: &str| format!(r#"{{"status":"success","data":{{"crowsnest":"{version}"}}}}"#);
        let judged = |body: &str| judge_version(&answer(StatusCode::OK, body)).level;
        assert_eq!(judged(&body(env!("CARGO_PKG_VERSION"))), Level::Ok);
        assert_eq!(judged(&body("9.9.9")), Level::Warn);
        assert_eq!(judged("<html>"), Level::Fail);
        assert_eq!(judged(r#"{"status":"success","data":{"version":"3.0.0"}}"#), Level::Fail);
    }

    #[test]
    fn every_count_that_should_be_zero_is_told_when_it_is_not() {
        for bad in BAD {
            let found = judge_metrics(&format!("# HELP x y\n{} 3\nother 1\n", bad.name));
            let level = if bad.fails { Level::Fail } else { Level::Warn };
            assert!(found.len() == 1 && found[0].level == level, "{}: {found:?}", bad.name);
            assert!(judge_metrics(&format!("{} 0\n", bad.name)).is_empty(), "{}", bad.name);
        }
    }

    #[test]
    fn counts_are_those_that_the_server_has() {
        let names: Vec<&str> = crate::telemetry::names().collect();
        assert!(BAD.iter().all(|bad| names.contains(&bad.name)));
    }
}
