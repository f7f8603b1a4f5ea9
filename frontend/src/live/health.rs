//! How a list is doing, and the words for it.

use crowsnest_api::stream::{MissingRight, State, WatchState};

use crate::format;
use crate::i18n::{Lang, Msg, fill};
use crate::range::SECOND;

/// How a list is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    /// The first answer is on its way.
    #[default]
    Loading,
    /// Changes arrive as they happen.
    Live,
    /// The API server does not answer; what is shown is from `since`.
    Stale { message: Option<String>, since: i64, retry_at: Option<i64> },
    /// Our own server does not answer; what is shown is from `since`.
    Cut { since: i64, retry_at: Option<i64> },
    /// The user may not.
    Denied(MissingRight),
    /// Trying again is of no use.
    Failed(String),
}

impl Health {
    /// What a `state` event says, at the time `now`. What was late before is late since then.
    pub(crate) fn of(state: State, before: &Self, now: i64) -> Self {
        let message = state.message.filter(|text| !text.is_empty());
        match state.state {
            WatchState::Live => Self::Live,
            WatchState::Stale => Self::Stale {
                message,
                since: before.late_since().unwrap_or(now),
                retry_at: state.retry_in_ms.and_then(|wait| i64::try_from(wait).ok()).map(|wait| now + wait),
            },
            WatchState::Denied => Self::Denied(state.missing.unwrap_or_else(|| MissingRight {
                verb: "list".to_owned(),
                resource: message.unwrap_or_default(),
                group: String::new(),
                namespace: None,
            })),
            WatchState::Failed => Self::Failed(message.unwrap_or_default()),
        }
    }

    /// Since when what is shown is late.
    pub(crate) fn late_since(&self) -> Option<i64> {
        match self {
            Self::Stale { since, .. } | Self::Cut { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// The worse of two.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Denied(_) => 1,
            Self::Failed(_) => 2,
            Self::Loading => 3,
            Self::Stale { .. } => 4,
            Self::Cut { .. } => 5,
        }
    }

    /// "The API server does not answer; trying again in 8 s – what you see is from 12:03." Nothing where nothing is late.
    pub(crate) fn late_words(&self, lang: Lang, now: i64, clock: impl Fn(i64) -> String) -> Option<String> {
        let (msg, since, retry_at) = match self {
            Self::Stale { since, retry_at, .. } => (Msg::ApiServerSilent, *since, *retry_at),
            Self::Cut { since, retry_at } => (Msg::ServerSilent, *since, *retry_at),
            _ => return None,
        };
        let wait = retry_at.map(|at| ((at - now + SECOND - 1) / SECOND).max(0) * SECOND);
        let again = match wait {
            Some(wait) if wait > 0 => {
                fill(Msg::TryingAgainIn.text(lang), &[("time", &format::duration(lang, wait))])
            }
            _ => Msg::TryingAgain.text(lang).to_owned(),
        };
        let from = fill(Msg::SeenIsFrom.text(lang), &[("time", &clock(since))]);
        Some(format!("{}; {again} – {from}", msg.text(lang)))
    }
}

/// What a user would need: `list` on `pods` in `shop`.
pub(crate) fn missing_words(lang: Lang, user: &str, right: &MissingRight) -> String {
    let resource = if right.group.is_empty() {
        right.resource.clone()
    } else {
        format!("{}.{}", right.resource, right.group)
    };
    let values = [("user", user), ("verb", right.verb.as_str()), ("resource", &resource)];
    match &right.namespace {
        Some(namespace) => {
            let said = fill(Msg::NeedsRightIn.text(lang), &values);
            fill(&said, &[("namespace", namespace)])
        }
        None => fill(Msg::NeedsRight.text(lang), &values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(state: WatchState, retry_in_ms: Option<u64>) -> State {
        State { watch: 0, state, message: None, retry_in_ms, missing: None }
    }

    #[test]
    fn what_is_late_says_since_when_and_what_happens_next() {
        let stale = Health::of(state(WatchState::Stale, Some(8_000)), &Health::Live, 1_000);
        let words = |health: &Health, now| health.late_words(Lang::English, now, |_| "12:03".to_owned());
        assert_eq!(
            words(&stale, 1_000).unwrap(),
            "The API server does not answer; trying again in 8 s – what you see is from 12:03"
        );
        assert_eq!(
            words(&stale, 9_500).unwrap(),
            "The API server does not answer; trying again – what you see is from 12:03"
        );
        assert_eq!(words(&Health::Live, 0), None);
        let cut = Health::Cut { since: 0, retry_at: Some(2_500) };
        assert!(words(&cut, 0).unwrap().starts_with("Crowsnest does not answer; trying again in 3 s"));
    }

    #[test]
    fn what_stays_late_is_late_since_it_began() {
        let first = Health::of(state(WatchState::Stale, None), &Health::Live, 1_000);
        let second = Health::of(state(WatchState::Stale, None), &first, 9_000);
        assert_eq!(second.late_since(), Some(1_000));
        assert_eq!(Health::of(state(WatchState::Live, None), &second, 9_000), Health::Live);
    }

    #[test]
    fn a_missing_right_is_named() {
        let right = MissingRight {
            verb: "list".into(),
            resource: "pods".into(),
            group: String::new(),
            namespace: Some("shop".into()),
        };
        assert_eq!(missing_words(Lang::English, "bob", &right), "bob needs list on pods in shop.");
        let cluster =
            MissingRight { resource: "deployments".into(), group: "apps".into(), namespace: None, ..right };
        assert_eq!(
            missing_words(Lang::English, "bob", &cluster),
            "bob needs list on deployments.apps in the whole cluster."
        );
    }
}
