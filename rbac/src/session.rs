//! A session: what is remembered between sign-in and sign-out.

use std::time::Duration;

use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::equal_in_constant_time;
use crate::{Credential, Secret};

/// A session ends after this time without a request.
pub const SESSION_IDLE: Duration = Duration::from_secs(8 * 3600);
/// A session ends this long after sign-in, however busy it is.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How old [`SessionRecord::last_seen`] gets before it is written again: not every request may cost a disk write.
const SEEN_GRANULARITY: Duration = Duration::from_secs(60);

/// What the server keeps, sealed, about one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The user's name.
    pub user: String,
    /// Fingerprint of the credential the user signed in with: the session ends when that credential is taken away.
    pub credential: String,
    /// The `Origin` of the sign-in; `None` when a program signed in.
    pub origin: Option<String>,
    /// What mutations must carry in `X-Crowsnest-CSRF`.
    pub csrf: String,
    /// When the user signed in.
    pub created: Timestamp,
    /// When the session was last used, to the minute.
    pub last_seen: Timestamp,
    /// Of a user of the cluster: what the session's requests to the API server are made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterAccess>,
}

/// What is kept about a user of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterAccess {
    /// The groups that the API server said the user is in.
    pub groups: Vec<String>,
    /// The user's own credential, for the user's own requests.
    pub credential: Credential,
    /// When the credential ends, and the session with it.
    pub ends: Option<Timestamp>,
    /// What new credentials can be had with, where an issuer gave that; then the session goes on after the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Secret>,
}

/// Where a request says it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'a> {
    /// The header `Origin`.
    pub origin: Option<&'a str>,
    /// The header `Sec-Fetch-Site`, which scripts cannot set.
    pub sec_fetch_site: Option<&'a str>,
    /// The header `X-Crowsnest-CSRF`.
    pub csrf: Option<&'a str>,
}

impl Provenance<'_> {
    /// Whether a browser says that a page from elsewhere sent the request; `is_own` knows the origins of our own pages.
    /// Programs say nothing, and are believed: this is for servers where nobody signs in, which any page in a browser on
    /// the same machine can reach.
    pub fn is_foreign(&self, is_own: impl Fn(&str) -> bool) -> bool {
        match (self.sec_fetch_site, self.origin) {
            (Some(site), _) => !matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => !is_own(origin),
            (None, None) => false,
        }
    }
}

/// Why a mutation of a cookie session was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrfRefusal {
    /// It comes from another site than the sign-in.
    #[error("the request's Origin is not that of the sign-in")]
    OtherOrigin,
    /// The header is missing or wrong.
    #[error("the header X-Crowsnest-CSRF is missing or is not this session's")]
    Token,
}

impl SessionRecord {
    /// When the session ends if nobody uses it any more.
    pub fn expires(&self) -> Timestamp {
        let ends = self.last_seen.plus(SESSION_IDLE).min(self.created.plus(SESSION_LIFETIME));
        self.cluster.as_ref().and_then(|cluster| cluster.ends).map_or(ends, |credential| ends.min(credential))
    }

    /// Whether the session is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires()
    }

    /// Notes that the session is used; says whether the record has changed enough to be stored again.
    pub fn touch(&mut self, now: Timestamp) -> bool {
        let stale = now >= self.last_seen.plus(SEEN_GRANULARITY);
        if stale {
            self.last_seen = now;
        }
        stale
    }

    /// Whether a request that changes something really comes from the page the user signed in on.
    ///
    /// The Origin is compared with that of the sign-in and never with `Host`, which behind the API server's proxy is
    /// the pod's address.
    ///
    /// # Errors
    /// When it does not, or does not show it.
    pub fn check_mutation(&self, provenance: Provenance<'_>) -> Result<(), CsrfRefusal> {
        let same_site = provenance.sec_fetch_site == Some("same-origin");
        // `null` is the Origin of every sandboxed frame, so it identifies none of them.
        let same_origin = provenance.origin == self.origin.as_deref() && provenance.origin != Some("null");
        if !same_site && !same_origin {
            return Err(CsrfRefusal::OtherOrigin);
        }
        match provenance.csrf {
            Some(csrf) if equal_in_constant_time(csrf, &self.csrf) => Ok(()),
            _ => Err(CsrfRefusal::Token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "https://node:30443";

    fn record() -> SessionRecord {
        SessionRecord {
            user: "ann".into(),
            credential: "c".into(),
            origin: Some(HOME.into()),
            csrf: "csrf".into(),
            created: Timestamp::from_millis(0),
            last_seen: Timestamp::from_millis(0),
            cluster: None,
        }
    }

    fn after(duration: Duration) -> Timestamp {
        Timestamp::from_millis(0).plus(duration)
    }

    #[test]
    fn an_unused_session_ends_after_the_idle_time() {
        let just_before = after(SESSION_IDLE).plus_millis(-1);
        assert!(!record().is_expired(just_before));
        assert!(record().is_expired(after(SESSION_IDLE)));
    }

    #[test]
    fn a_busy_session_ends_after_its_lifetime() {
        let mut record = record();
        let mut now = Timestamp::from_millis(0);
        while now < after(SESSION_LIFETIME) {
            assert!(!record.is_expired(now));
            record.touch(now);
            now = now.plus(Duration::from_secs(600));
        }
        assert!(record.is_expired(now));
    }

    #[test]
    fn a_session_ends_with_the_credential_behind_it() {
        let credential = Credential::Token(Secret::new("t".into()));
        let ends = Some(after(Duration::from_secs(600)));
        let cluster = Some(ClusterAccess { groups: vec![], credential, ends, refresh: None });
        let record = SessionRecord { cluster, ..record() };
        assert!(!record.is_expired(after(Duration::from_secs(599))));
        assert!(record.is_expired(after(Duration::from_secs(600))));
    }

    #[test]
    fn a_session_is_written_at_most_once_a_minute() {
        let mut record = record();
        assert!(!record.touch(Timestamp::from_millis(59_999)));
        assert!(record.touch(Timestamp::from_millis(60_000)));
        assert!(!record.touch(Timestamp::from_millis(60_001)));
    }

    #[track_caller]
    fn check(
        origin: Option<&str>,
        site: Option<&str>,
        csrf: Option<&str>,
        expected: Result<(), CsrfRefusal>,
    ) {
        let provenance = Provenance { origin, sec_fetch_site: site, csrf };
        assert_eq!(record().check_mutation(provenance), expected, "{provenance:?}");
    }

    #[test]
    fn a_mutation_carries_the_token_and_the_origin_of_the_sign_in() {
        check(Some(HOME), None, Some("csrf"), Ok(()));
        check(None, Some("same-origin"), Some("csrf"), Ok(()));
        check(Some("https://elsewhere"), Some("same-origin"), Some("csrf"), Ok(()));
    }

    #[test]
    fn a_mutation_from_elsewhere_or_without_the_token_is_refused() {
        check(Some("https://evil"), None, Some("csrf"), Err(CsrfRefusal::OtherOrigin));
        check(Some(HOME), None, None, Err(CsrfRefusal::Token));
        check(Some(HOME), None, Some("guess"), Err(CsrfRefusal::Token));
        check(None, None, Some("csrf"), Err(CsrfRefusal::OtherOrigin));
        check(None, Some("cross-site"), Some("csrf"), Err(CsrfRefusal::OtherOrigin));
    }

    #[test]
    fn a_page_from_elsewhere_is_known_by_what_its_browser_says() {
        for (site, origin, foreign) in [
            (Some("cross-site"), Some(HOME), true),
            (Some("same-site"), None, true),
            (Some("same-origin"), Some("https://elsewhere"), false),
            (Some("none"), None, false),
            (None, Some(HOME), false),
            (None, Some("https://elsewhere"), true),
            (None, Some("null"), true),
            (None, None, false),
        ] {
            let provenance = Provenance { origin, sec_fetch_site: site, csrf: None };
            assert_eq!(provenance.is_foreign(|origin| origin == HOME), foreign, "{provenance:?}");
        }
    }

    #[test]
    fn an_opaque_origin_is_never_the_same() {
        let record = SessionRecord { origin: Some("null".into()), ..record() };
        let provenance = Provenance { origin: Some("null"), sec_fetch_site: None, csrf: Some("csrf") };
        assert_eq!(record.check_mutation(provenance), Err(CsrfRefusal::OtherOrigin));
    }

    #[test]
    fn a_program_that_signed_in_without_an_origin_goes_on_without_one() {
        let record = SessionRecord { origin: None, ..record() };
        let provenance = Provenance { origin: None, sec_fetch_site: None, csrf: Some("csrf") };
        assert_eq!(record.check_mutation(provenance), Ok(()));
    }
}
