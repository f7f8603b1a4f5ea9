//! What an API server says about itself to a user: version, health, groups, and what its clock shows.

use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::about::{AboutCluster, ApiGroup, Check, Health, HealthState, Version};
use crowsnest_rbac::Credential;
use http::header::{ACCEPT, DATE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{As, Cluster, ClusterError, Form, Path, Status};
use crate::clock;

/// An answer about health takes no longer; whoever is ill may be slow.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest such answer that is read.
const MAX_ANSWER: usize = 256 << 10;
/// Parts, groups and versions that are told at most.
const MAX_CHECKS: usize = 500;
const MAX_GROUPS: usize = 1000;

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
    #[serde(default)]
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

impl From<Group> for ApiGroup {
    fn from(group: Group) -> Self {
        let preferred = group.preferred_version.map(|preferred| preferred.version);
        let mut versions: Vec<String> = group.versions.into_iter().map(|version| version.version).collect();
        versions.sort_by_key(|version| Some(version) != preferred.as_ref());
        Self { name: group.name, versions }
    }
}

/// What an API server says to the server's own account.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenByServer {
    pub(crate) version: String,
    pub(crate) ready: Health,
    /// Seconds by which its clock is ahead of ours.
    pub(crate) ahead_seconds: Option<f64>,
}

impl Cluster {
    /// Version, health and clock, asked with the server's own credential.
    ///
    /// # Errors
    /// When it cannot be reached, or does not know the credential.
    pub(crate) async fn seen_by_server(&self) -> Result<SeenByServer, ClusterError> {
        let (status, headers, body) = self.plain(As::Server, Path::fixed("/version")).await?;
        let version = told::<Version>(status, &body)?.git_version;
        let ready = self.health(As::Server, "/readyz").await?;
        Ok(SeenByServer { version, ready, ahead_seconds: ahead(&headers) })
    }

    /// Asks all of it, as the user. What is refused is told as such; only a credential that is worth nothing is an error.
    pub(crate) async fn about(&self, credential: &Credential) -> Result<AboutCluster, ClusterError> {
        let who = As::User(credential);
        let all_groups = Path::fixed("/apis");
        let (live, ready, version, groups, url) = tokio::join!(
            self.health(who, "/livez"),
            self.health(who, "/readyz"),
            self.plain(who, Path::fixed("/version")),
            self.get::<Groups>(who, &all_groups, Form::Whole),
            self.public_url(credential),
        );
        let mut about = AboutCluster { url, live: live?, ready: ready?, ..AboutCluster::default() };
        match version.and_then(|(status, headers, body)| {
            about.ahead_seconds = ahead(&headers);
            told::<Version>(status, &body)
        }) {
            Ok(version) => about.version = Some(version),
            Err(error) => about.refused.push(denied(error)?),
        }
        match groups {
            Ok(told) => {
                let core = ApiGroup { name: String::new(), versions: vec!["v1".to_owned()] };
                let others = told.groups.into_iter().take(MAX_GROUPS).map(ApiGroup::from);
                about.groups = std::iter::once(core).chain(others).collect();
                about.groups.sort_by(|a, b| a.name.cmp(&b.name));
            }
            Err(error) => about.refused.push(denied(error)?),
        }
        Ok(about)
    }

    async fn health(&self, who: As<'_>, path: &'static str) -> Result<Health, ClusterError> {
        let unknown = |why| Health { why, ..Health::default() };
        Ok(match self.plain(who, Path::fixed(path).with("verbose", "true")).await {
            Ok((status, _, body)) => health_of(status, &body)?,
            Err(error) => unknown(error.told()),
        })
    }

    /// Whatever is answered to a GET, as text.
    async fn plain(&self, who: As<'_>, path: Path) -> Result<(StatusCode, HeaderMap, Bytes), ClusterError> {
        let request = Request::get(path.to_string()).header(ACCEPT, "*/*");
        let asked = async {
            let (head, body) = self.exchange(who, request, Vec::new()).await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(ClusterError::Unreachable)?;
            Ok((head.status, head.headers, body.to_bytes()))
        };
        tokio::time::timeout(TIMEOUT, asked).await.unwrap_or(Err(ClusterError::TimedOut(TIMEOUT)))
    }
}

/// The words of a refusal; a credential that the API server no longer knows stays an error.
fn denied(error: ClusterError) -> Result<String, ClusterError> {
    if error.code() == Some(401) { Err(error) } else { Ok(error.told()) }
}

fn told<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ClusterError> {
    if !status.is_success() {
        return Err(ClusterError::Refused(Status::of(status.as_u16(), body)));
    }
    serde_json::from_slice(body).map_err(|error| ClusterError::Answer(error.to_string()))
}

fn health_of(status: StatusCode, body: &[u8]) -> Result<Health, ClusterError> {
    match status {
        StatusCode::UNAUTHORIZED => Err(ClusterError::Refused(Status::of(401, body))),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            let why = Status::of(status.as_u16(), body).message;
            Ok(Health { state: HealthState::Denied, why, ..Health::default() })
        }
        _ => {
            let checks = checks(&String::from_utf8_lossy(body));
            let state = if status.is_success() { HealthState::Good } else { HealthState::Bad };
            Ok(Health { state, checks, why: String::new() })
        }
    }
}

/// The lines `[+]etcd ok` and `[-]etcd failed: reason withheld`.
fn checks(text: &str) -> Vec<Check> {
    let check = |line: &str| {
        let ok = match line.get(..3)? {
            "[+]" => true,
            "[-]" => false,
            _ => return None,
        };
        let name = line.get(3..)?.split_whitespace().next()?;
        Some(Check { name: name.chars().take(200).collect(), ok })
    };
    text.lines().filter_map(check).take(MAX_CHECKS).collect()
}

/// By how much the clock that wrote the header `Date` is ahead of ours. It tells whole seconds: half of one is added.
pub(crate) fn ahead(headers: &HeaderMap) -> Option<f64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let ahead = theirs.as_millisecond() + 500 - clock::now().millis();
    Some(ahead as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_api_server_are_read_from_its_verbose_answer() {
        let text =
            b"[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/x ok\nreadyz check failed\n";
        let health = health_of(StatusCode::INTERNAL_SERVER_ERROR, text).unwrap();
        assert_eq!(health.state, HealthState::Bad);
        let told: Vec<_> = health.checks.iter().map(|check| (check.name.as_str(), check.ok)).collect();
        assert_eq!(told, [("ping", true), ("etcd", false), ("poststarthook/x", true)]);
    }

    #[test]
    fn who_may_not_ask_about_health_is_told_so() {
        let body =
            br#"{"kind":"Status","message":"forbidden: User \"bob\" cannot get path \"/livez\"","code":403}"#;
        let health = health_of(StatusCode::FORBIDDEN, body).unwrap();
        assert_eq!(health.state, HealthState::Denied);
        assert!(health.why.contains("bob"), "{}", health.why);
        assert!(health_of(StatusCode::UNAUTHORIZED, b"").is_err());
    }

    #[test]
    fn the_preferred_version_of_a_group_comes_first() {
        let group: Group = serde_json::from_str(
            r#"{"name":"x","versions":[{"version":"v1"},{"version":"v2"}],"preferredVersion":{"version":"v2"}}"#,
        )
        .unwrap();
        assert_eq!(ApiGroup::from(group).versions, ["v2", "v1"]);
    }

    #[test]
    fn a_clock_that_is_ahead_is_seen_in_the_date() {
        let at = jiff::Timestamp::from_millisecond(clock::now().millis() + 120_000).unwrap();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap();
        let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        let ahead = ahead(&headers).unwrap();
        assert!((118.0..122.0).contains(&ahead), "{ahead}");
    }
}
