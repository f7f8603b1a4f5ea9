//! Names that every dashboard has: `$__interval`, `$__rate_interval`, `$__range`, `$__from`, `$__dashboard`, `$__user`, `$__org`,
//! `${__url_time_range}` and what else Grafana 13 documents as global variables.

use std::collections::BTreeMap;

use super::format::{self, percent_encode};
use super::{Bound, Format, Scope};
use crate::time::{duration, interval};

/// What the names stand for at one time.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    /// Begin of the range in milliseconds since 1970.
    pub from: i64,
    /// Its end.
    pub to: i64,
    /// The range as it is written, `("now-6h", "now")`, for URLs.
    pub raw: (String, String),
    /// `$__interval` in milliseconds; `None` where no query is meant.
    pub interval_ms: Option<i64>,
    /// `$__rate_interval` in milliseconds.
    pub rate_interval_ms: Option<i64>,
    /// `$__dashboard`: its title.
    pub dashboard: String,
    /// `${__dashboard.uid}`
    pub dashboard_uid: String,
    /// `$timezone`, as the viewer's is called.
    pub timezone: String,
    /// Who is looking.
    pub user: User,
    /// The variables of the dashboard, for `${__all_variables}`.
    pub variables: BTreeMap<String, Bound>,
}

/// Who is looking.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// What they sign in with.
    pub login: String,
    /// Mail address; may be empty.
    pub email: String,
}

impl Scope for Globals {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        let raw = |text: String| Some(Bound::Raw(text));
        let range_ms = self.to.saturating_sub(self.from);
        // Half a second and more is a second, as Grafana rounds.
        let range_s = range_ms.saturating_add(500).div_euclid(1000);
        match (name, field) {
            ("__interval", None) => raw(interval::to_text(self.interval_ms?)),
            ("__interval_ms", None) => raw(self.interval_ms?.to_string()),
            ("__rate_interval", None) => raw(duration::to_go(self.rate_interval_ms?)),
            ("__rate_interval_ms", None) => raw(self.rate_interval_ms?.to_string()),
            ("__range", None) => raw(format!("{range_s}s")),
            ("__range_s", None) => raw(range_s.to_string()),
            ("__range_ms", None) => raw(range_ms.to_string()),
            ("__from", None) => Some(Bound::Instant(self.from)),
            ("__to", None) => Some(Bound::Instant(self.to)),
            ("__dashboard", None | Some("name" | "title")) => Some(Bound::text(self.dashboard.clone())),
            ("__dashboard", Some("uid")) => Some(Bound::text(self.dashboard_uid.clone())),
            ("__org", None | Some("id")) => raw("1".to_owned()),
            ("__org", Some("name")) => Some(Bound::text("Main")),
            ("__user", None | Some("login")) => Some(Bound::text(self.user.login.clone())),
            // People have names and no numbers here.
            ("__user", Some("id")) => Some(Bound::text(self.user.login.clone())),
            ("__user", Some("email")) => Some(Bound::text(self.user.email.clone())),
            ("__timezone", None) => Some(Bound::text(self.timezone.clone())),
            ("__url_time_range", None) => {
                let (from, to) = (percent_encode(&self.raw.0, false), percent_encode(&self.raw.1, false));
                raw(format!("from={from}&to={to}"))
            }
            ("__all_variables", None) => {
                let all = self
                    .variables
                    .iter()
                    .map(|(name, bound)| format::apply(&Format::QueryParam, name, bound));
                raw(all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("&"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, interpolate};
    use super::*;

    fn globals() -> Globals {
        Globals {
            from: 1_795_247_100_000,
            to: 1_795_268_700_400,
            raw: ("now-6h".into(), "now".into()),
            interval_ms: Some(90_000),
            rate_interval_ms: Some(60_000),
            dashboard: "Nodes".into(),
            user: User { login: "ada".into(), email: String::new() },
            ..Globals::default()
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(interpolate(text, &globals(), &Format::PromQl), expected);
    }

    #[test]
    fn times_and_intervals_are_written_for_promql() {
        check("[$__interval] [${__interval_ms}] [$__rate_interval]", "[1m] [90000] [1m0s]");
        check("$__range $__range_s ${__range_ms}", "21600s 21600 21600400");
        check("$__from ${__to}", "1795247100000 1795268700400");
    }

    #[test]
    fn instants_take_a_format() {
        check("${__from:date}", "2026-11-21T07:45:00.000Z");
        check("${__from:date:iso} ${__from:date:seconds}", "2026-11-21T07:45:00.000Z 1795247100");
        check("${__from:date:YYYY-MM-DD HH:mm}", "2026-11-21 07:45");
    }

    #[test]
    fn who_and_where_are_known() {
        check(
            "$__dashboard ${__user.login} ${__org.name} ${__url_time_range}",
            "Nodes ada Main from=now-6h&to=now",
        );
        check("${__user.unknown} $__unknown", "${__user.unknown} $__unknown");
    }
}
