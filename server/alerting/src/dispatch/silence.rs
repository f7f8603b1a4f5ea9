//! Silences: alerts that people do not want to hear of for a while.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{MatchOp, Matcher};

/// How long a silence is kept after its end.
const RETENTION: Duration = Duration::from_hours(120);

/// A silence.
#[derive(Clone, Debug)]
pub struct Silence {
    /// A UUID.
    pub id: String,
    /// What it mutes: alerts for which all hold.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when, this not included.
    pub ends_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who wants it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

/// Whether a silence mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SilenceState {
    /// It does.
    Active,
    /// Not yet.
    Pending,
    /// Not any more.
    Expired,
}

impl SilenceState {
    /// Alertmanager's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

/// A silence that cannot be made or changed. Prints as Alertmanager prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// There is none of this id.
    #[error("silence not found")]
    NotFound,
    /// It makes no sense.
    #[error("invalid silence: {0}")]
    Invalid(&'static str),
}

impl Silence {
    /// Whether it mutes.
    pub fn state(&self, now: Timestamp) -> SilenceState {
        if now < self.starts_at {
            SilenceState::Pending
        } else if now < self.ends_at {
            SilenceState::Active
        } else {
            SilenceState::Expired
        }
    }

    /// Whether it mutes now.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state(now) == SilenceState::Active
    }

    fn check(&self, now: Timestamp) -> Result<(), SilenceError> {
        let invalid = |what| Err(SilenceError::Invalid(what));
        if self.matchers.is_empty() {
            return invalid("at least one matcher required");
        }
        if self.matchers.iter().all(|matcher| matcher.matches_value("")) {
            return invalid("at least one matcher must not match the empty string");
        }
        if self.ends_at < self.starts_at {
            return invalid("end time must not be before start time");
        }
        if self.ends_at < now {
            return invalid("end time can't be in the past");
        }
        Ok(())
    }
}

/// All silences, those that are over included for a while.
#[derive(Debug, Default)]
pub struct Silences {
    by_id: BTreeMap<String, Silence>,
    /// Ids of those with a matcher `name="value"`, by both: an alert asks for its own labels only.
    by_label: HashMap<(String, String), BTreeSet<String>>,
    /// Ids of the others.
    unindexed: BTreeSet<String>,
}

impl Silences {
    /// All of them, by id.
    pub fn all(&self) -> impl Iterator<Item = &Silence> {
        self.by_id.values()
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Silence> {
        self.by_id.get(id)
    }

    /// Those that mute an alert now.
    pub fn muting<'a>(&'a self, labels: &'a Labels, now: Timestamp) -> impl Iterator<Item = &'a Silence> {
        let indexed = labels
            .iter()
            .filter_map(|label| self.by_label.get(&(label.name.to_string(), label.value.to_string())));
        let candidates = indexed.flatten().chain(&self.unindexed).filter_map(|id| self.by_id.get(id));
        candidates.filter(move |silence| {
            silence.state(now) == SilenceState::Active
                && silence.matchers.iter().all(|matcher| matcher.matches(labels))
        })
    }

    /// Makes a silence, or changes the one of its id. What cannot be changed in place ends, and another takes its place
    /// under `new_id`. Gives the ids of the silences that are different now, the one that was asked for last.
    ///
    /// # Errors
    /// When it makes no sense, or there is none of its id.
    pub fn set(
        &mut self,
        mut silence: Silence,
        new_id: String,
        now: Timestamp,
    ) -> Result<Vec<String>, SilenceError> {
        let mut changed = Vec::new();
        silence.updated_at = now;
        if !silence.id.is_empty() {
            let before = self.by_id.get(&silence.id).ok_or(SilenceError::NotFound)?;
            if can_change(before, &silence, now) {
                let id = silence.id.clone();
                self.insert(silence);
                return Ok(vec![id]);
            }
            silence.starts_at = silence.starts_at.max(now);
            silence.check(now)?;
            if before.state(now) != SilenceState::Expired {
                changed.extend(self.expire(&silence.id.clone(), now)?);
            }
        } else {
            silence.starts_at = silence.starts_at.max(now);
            silence.check(now)?;
        }
        silence.id = new_id.clone();
        self.insert(silence);
        changed.push(new_id);
        Ok(changed)
    }

    /// Ends a silence now. Gives its id, when that changes anything.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn expire(&mut self, id: &str, now: Timestamp) -> Result<Option<String>, SilenceError> {
        let silence = self.by_id.get_mut(id).ok_or(SilenceError::NotFound)?;
        match silence.state(now) {
            SilenceState::Expired => return Ok(None),
            SilenceState::Pending => (silence.starts_at, silence.ends_at) = (now, now),
            SilenceState::Active => silence.ends_at = now,
        }
        silence.updated_at = now;
        Ok(Some(id.to_owned()))
    }

    /// Takes up a silence from before a restart, or one that has changed.
    pub fn insert(&mut self, silence: Silence) {
        self.remove(&silence.id);
        let mut equal = silence.matchers.iter().filter(|m| m.op() == MatchOp::Equal && !m.value().is_empty());
        match equal.next() {
            Some(matcher) => {
                let label = (matcher.name().to_owned(), matcher.value().to_owned());
                self.by_label.entry(label).or_default().insert(silence.id.clone());
            }
            None => {
                self.unindexed.insert(silence.id.clone());
            }
        }
        self.by_id.insert(silence.id.clone(), silence);
    }

    fn remove(&mut self, id: &str) {
        self.by_id.remove(id);
        self.unindexed.remove(id);
        self.by_label.retain(|_, ids| {
            ids.remove(id);
            !ids.is_empty()
        });
    }

    /// Forgets those that have been over for long, and gives their ids.
    pub(super) fn collect(&mut self, now: Timestamp) -> Vec<String> {
        let over = self.by_id.values().filter(|silence| silence.ends_at.plus(RETENTION) < now);
        let over: Vec<String> = over.map(|silence| silence.id.clone()).collect();
        for id in &over {
            self.remove(id);
        }
        over
    }
}

fn can_change(before: &Silence, after: &Silence, now: Timestamp) -> bool {
    let key = |silence: &Silence| crate::alertmanager::show_matchers(&silence.matchers);
    let seconds = |at: Timestamp| at.millis().div_euclid(1000);
    key(before) == key(after)
        && match before.state(now) {
            SilenceState::Active => {
                seconds(after.starts_at) == seconds(before.starts_at) && after.ends_at >= now
            }
            SilenceState::Pending => after.starts_at >= now,
            SilenceState::Expired => false,
        }
}
