//! The API server, and clocks beside this machine's.

use crowsnest_api::about::{Health, HealthState};

use super::finding::Finding;
use super::patient::Patient;
use super::server::sources_of;
use crate::cluster::{ClusterError, SeenByServer, ahead};

pub(super) const SUBJECT: &str = "API server";
pub(super) const CLOCKS: &str = "clocks";

/// The header `Date` tells whole seconds, and an answer takes its time.
const NOTICEABLE: f64 = 3.0;
/// Beyond this, certificates and tokens are refused, and samples land beside each other.
const HARMFUL: f64 = 30.0;
/// The store takes no samples from further ahead than ten minutes.
const REFUSED: f64 = 600.0;
const REMEDY: &str = "have NTP set both clocks";

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    match &patient.cluster {
        None => Vec::new(),
        Some(Err(why)) => {
            let remedy = "correct --kubeconfig, or the pod's ServiceAccount";
            vec![Finding::fail(SUBJECT, "where it is cannot be told", remedy).quoting(why)]
        }
        Some(Ok(cluster)) => judge(cluster.seen_by_server().await),
    }
}

fn judge(seen: Result<SeenByServer, ClusterError>) -> Vec<Finding> {
    let SeenByServer { version, ready, .. } = match seen {
        Ok(seen) => seen,
        Err(error) => return vec![unreachable(&error)],
    };
    let mut findings = vec![Finding::ok(SUBJECT, format!("it answers, version {version}"))];
    match ready {
        Health { state: HealthState::Bad, checks, .. } => {
            let bad: Vec<&str> =
                checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
            let what = format!("it is not ready: {}", bad.join(", "));
            findings.push(Finding::warn(SUBJECT, what, "see its log, and etcd's"));
        }
        Health { state: HealthState::Unknown, why, .. } => {
            findings.push(Finding::warn(
                SUBJECT,
                format!("whether it is ready cannot be told: {why}"),
                "ask again",
            ));
        }
        Health { state: HealthState::Good | HealthState::Denied, .. } => {}
    }
    findings
}

fn unreachable(error: &ClusterError) -> Finding {
    let remedy = match error.code() {
        Some(401) => {
            "it does not know the credential: renew the kubeconfig, or restart the pod for another token"
        }
        Some(_) => "see what the account may do",
        None => "see whether its address is right, it runs, and the network lets us through",
    };
    Finding::fail(SUBJECT, error.told(), remedy)
}

pub(super) async fn check_clocks(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(cluster) = patient.cluster()
        && let Ok(SeenByServer { ahead_seconds: Some(seconds), .. }) = cluster.seen_by_server().await
    {
        findings.push(clock("the API server's", seconds));
    }
    if let Some(server) = patient.server()
        && let Ok(answer) = server.get("healthz").await
        && let Some(seconds) = ahead(&answer.headers)
    {
        findings.push(clock("the running server's", seconds));
    }
    for source in sources_of(patient).await.map(|sources| sources.sources).unwrap_or_default() {
        // Of one that is silent only what was the case long ago is known; what is late is for another check.
        let ahead = source.lag_seconds.filter(|_| !source.silent).map(|lag| -lag);
        if let Some(seconds) = ahead.filter(|seconds| *seconds > NOTICEABLE) {
            let name = source.node.as_deref().unwrap_or(&source.instance);
            findings.push(clock(&format!("that of {name} ({})", source.pusher), seconds));
        }
    }
    findings
}

/// What it means that a clock is so many seconds ahead of this machine's.
fn clock(whose: &str, seconds: f64) -> Finding {
    let apart = seconds.abs();
    let direction = if seconds > 0.0 { "ahead of" } else { "behind" };
    let what = format!("{whose} clock is {apart:.0} s {direction} this machine's");
    if apart < NOTICEABLE {
        Finding::ok(CLOCKS, format!("{whose} clock agrees with this machine's"))
    } else if apart < HARMFUL {
        Finding::warn(CLOCKS, what, REMEDY)
    } else if seconds > REFUSED {
        Finding::fail(CLOCKS, format!("{what}: samples of so far ahead are refused"), REMEDY)
    } else {
        Finding::fail(CLOCKS, what, REMEDY)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crowsnest_api::about::Check;

    use super::*;
    use crate::cluster::Status;
    use crate::doctor::finding::Level;

    #[test]
    fn clocks_that_differ_are_told_and_fail_when_that_does_harm() {
        for (seconds, level, words) in [
            (0.4, Level::Ok, "agrees"),
            (-2.0, Level::Ok, "agrees"),
            (7.0, Level::Warn, "7 s ahead of"),
            (-20.0, Level::Warn, "20 s behind"),
            (-120.0, Level::Fail, "120 s behind"),
            (1200.0, Level::Fail, "refused"),
        ] {
            let found = clock("the API server's", seconds);
            assert!(found.level == level && found.what.contains(words), "{seconds}: {found}");
        }
    }

    #[test]
    fn an_api_server_that_cannot_be_reached_or_knows_nobody_fails() {
        let unknown = ClusterError::Refused(Status::of(401, b"Unauthorized"));
        let found = judge(Err(unknown));
        assert!(found[0].level == Level::Fail && found[0].remedy.contains("credential"), "{}", found[0]);
        let found = judge(Err(ClusterError::TimedOut(Duration::from_secs(10))));
        assert!(found[0].level == Level::Fail && found[0].remedy.contains("network"), "{}", found[0]);
    }

    #[test]
    fn one_that_is_not_ready_is_told_with_the_part_that_is_ill() {
        let checks = vec![Check { name: "ping".into(), ok: true }, Check { name: "etcd".into(), ok: false }];
        let ready = Health { state: HealthState::Bad, checks, why: String::new() };
        let found = judge(Ok(SeenByServer { version: "v1.36.0".into(), ready, ahead_seconds: None }));
        assert_eq!(found[1].what, "it is not ready: etcd");
        assert_eq!((found[0].level, found[1].level), (Level::Ok, Level::Warn));
    }
}
