//! What is new among alerts since somebody last looked: those that have begun to fire, and those that are over.

use std::collections::BTreeMap;

use crowsnest_api::alerts::{Brief, Summary};

/// Alerts that somebody has heard of, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known(BTreeMap<String, Brief>);

/// What is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) began: Vec<Brief>,
    pub(crate) ended: Vec<Brief>,
}

impl Known {
    /// All that fires when somebody begins to look is no news to them.
    pub(crate) fn of(first: &Summary) -> Self {
        let mut known = Self::default();
        known.take(first);
        known
    }

    /// What is new in `now`. What is muted is news only once it is not; and one that is muted after it was told of is not over.
    pub(crate) fn take(&mut self, now: &Summary) -> News {
        let fresh = |brief: &&Brief| !brief.muted && !self.0.contains_key(&brief.fingerprint);
        let began: Vec<Brief> = now.alerts.iter().filter(fresh).cloned().collect();
        let mut ended = Vec::new();
        // Of a list that is cut, nobody knows what is missing for another reason.
        if now.is_whole {
            self.0.retain(|fingerprint, brief| {
                let is_there = now.alerts.iter().any(|one| one.fingerprint == *fingerprint);
                if !is_there {
                    ended.push(brief.clone());
                }
                is_there
            });
        }
        self.0.extend(began.iter().map(|brief| (brief.fingerprint.clone(), brief.clone())));
        News { began, ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(alerts: &[&str]) -> Summary {
        let brief = |name: &&str| Brief {
            fingerprint: name.trim_start_matches('-').to_owned(),
            words: (*name).to_owned(),
            muted: name.starts_with('-'),
            ..Brief::default()
        };
        Summary { alerts: alerts.iter().map(brief).collect(), is_whole: true, ..Summary::default() }
    }

    /// What is told at each step: `+` of what began, `~` of what ended.
    #[track_caller]
    fn check(steps: &[(&[&str], &str)]) {
        let (first, rest) = steps.split_first().unwrap();
        let mut known = Known::of(&summary(first.0));
        for (alerts, expected) in rest {
            let News { began, ended } = known.take(&summary(alerts));
            let began = began.iter().map(|brief| format!("+{}", brief.fingerprint));
            let told: Vec<_> =
                began.chain(ended.iter().map(|brief| format!("~{}", brief.fingerprint))).collect();
            assert_eq!(told.join(" "), *expected, "{alerts:?}");
        }
    }

    #[test]
    fn what_fires_at_first_is_no_news_and_its_end_is() {
        check(&[(&["a"], ""), (&["a"], ""), (&["a", "b"], "+b"), (&["b"], "~a"), (&["b"], ""), (&[], "~b")]);
    }

    #[test]
    fn what_is_silenced_is_not_over_and_what_was_muted_is_told_when_it_is_not() {
        check(&[(&["a"], ""), (&["-a"], ""), (&["a"], ""), (&["-a", "-b"], ""), (&["a", "b"], "+b")]);
        check(&[(&["-a"], ""), (&[], "")]);
    }

    #[test]
    fn nothing_is_over_because_a_list_is_cut() {
        let mut known = Known::of(&summary(&["a", "b"]));
        let cut = Summary { is_whole: false, ..summary(&["c"]) };
        let News { began, ended } = known.take(&cut);
        assert_eq!((began.len(), ended.len()), (1, 0));
    }
}
