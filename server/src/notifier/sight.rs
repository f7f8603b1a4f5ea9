//! Which silences somebody may see who may not see every namespace, and where a silence belongs.

use crowsnest_alerting::dispatch::{Dispatcher, Silence, SilenceState};
use crowsnest_api::Timestamp;
use crowsnest_promql::{Confinement, MatchOp, Matcher};

use crate::rules::sight::{NAMESPACE, sees_namespace};

/// The folder of silences that are not of one namespace.
const OWN_FOLDER: &str = "crowsnest";

/// Where a silence belongs, which is where one needs the right to change it: the one namespace that it is for, or `crowsnest`.
pub(crate) fn folder(matchers: &[Matcher]) -> &str {
    namespace(matchers).unwrap_or(OWN_FOLDER)
}

fn namespace(matchers: &[Matcher]) -> Option<&str> {
    let of_one = |matcher: &&Matcher| {
        matcher.name() == NAMESPACE && matcher.op() == MatchOp::Equal && !matcher.value().is_empty()
    };
    matchers.iter().find(of_one).map(Matcher::value)
}

/// Whether a silence may be seen: it is for a namespace that may be, or names none and mutes an alert that may be.
pub(crate) fn sees_silence(
    confinement: &Confinement,
    dispatcher: &Dispatcher,
    silence: &Silence,
    now: Timestamp,
) -> bool {
    if confinement.is_none() {
        return true;
    }
    if let Some(namespace) = namespace(&silence.matchers) {
        return sees_namespace(confinement, namespace);
    }
    let names_some = silence.matchers.iter().any(|matcher| matcher.name().ends_with(NAMESPACE));
    !names_some
        && silence.state(now) == SilenceState::Active
        && dispatcher.alerts.firing(now).any(|alert| {
            confinement.admits(&alert.labels)
                && silence.matchers.iter().all(|matcher| matcher.matches(&alert.labels))
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crowsnest_alerting::alertmanager::{Config, parse_matchers};
    use crowsnest_alerting::dispatch::PostedAlert;
    use crowsnest_api::Labels;

    use super::*;

    #[track_caller]
    fn check(matchers: &str, expected: bool) {
        let now = Timestamp::from_millis(1000);
        let config = Config::parse("route: {receiver: a}\nreceivers: [{name: a}]\n").unwrap();
        let mut dispatcher = Dispatcher::new(Arc::new(config));
        let labels = Labels::from_pairs([("alertname", "A"), (NAMESPACE, "shop")]);
        let posted = PostedAlert { labels, ..PostedAlert::default() };
        dispatcher.put(posted.into_alert(now, Duration::from_secs(60)).unwrap(), now);
        let silence = Silence {
            id: "1".to_owned(),
            matchers: parse_matchers(matchers).unwrap(),
            starts_at: now,
            ends_at: now.plus(Duration::from_secs(60)),
            updated_at: now,
            created_by: String::new(),
            comment: String::new(),
        };
        let shop = Confinement::to(vec![Matcher::new(NAMESPACE, MatchOp::Regex, "shop").unwrap()]);
        assert_eq!(sees_silence(&shop, &dispatcher, &silence, now), expected, "{matchers}");
        assert!(sees_silence(&Confinement::none(), &dispatcher, &silence, now));
    }

    #[test]
    fn a_silence_is_seen_where_it_is_for_what_is_seen() {
        check("namespace=shop", true);
        check("namespace=shop, pod=x", true);
        check("namespace=data", false);
        check("namespace=~\"shop|data\"", false);
        check("alertname=A", true);
        check("alertname=B", false);
    }

    #[test]
    fn a_silence_belongs_to_the_one_namespace_that_it_is_for() {
        let of = |text: &str| folder(&parse_matchers(text).unwrap()).to_owned();
        assert_eq!(of("alertname=A, namespace=shop"), "shop");
        assert_eq!(of("namespace=~\"shop\""), OWN_FOLDER);
        assert_eq!(of("alertname=A"), OWN_FOLDER);
    }
}
