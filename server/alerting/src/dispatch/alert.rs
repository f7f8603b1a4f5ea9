//! Alerts as they come in, and what is known of each.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use smol_str::SmolStr;

/// Who an alert is: a hash of its labels, FNV-1a of 64 bits, as Alertmanager has it. Prints as sixteen digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Of a text, for whatever needs a short name of its own.
    pub fn of_text(text: &str) -> Self {
        Self::of_bytes(text.bytes())
    }

    /// Of these labels.
    pub fn of(labels: &Labels) -> Self {
        let bytes = labels
            .iter()
            .flat_map(|label| label.name.bytes().chain([0xff]).chain(label.value.bytes()).chain([0xff]));
        Self::of_bytes(bytes)
    }

    fn of_bytes(bytes: impl Iterator<Item = u8>) -> Self {
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Who it is.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<SmolStr, String>,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it ended, or when it will count as ended when nothing more is heard of it.
    pub ends_at: Timestamp,
    /// When it was last heard of.
    pub updated_at: Timestamp,
    /// Where it comes from.
    pub generator_url: String,
    /// Whether its end was made up here, for its sender did not say.
    pub timed_out: bool,
}

/// An alert as a sender posts it; what is not said is `None`.
#[derive(Clone, Debug, Default)]
pub struct PostedAlert {
    /// Who it is.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<SmolStr, String>,
    /// Since when.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// Where it comes from.
    pub generator_url: String,
}

impl PostedAlert {
    /// The alert, with what was not said filled in: it starts now, and ends after `resolve_timeout`.
    ///
    /// # Errors
    /// When it is none; in Alertmanager's words.
    pub fn into_alert(self, now: Timestamp, resolve_timeout: Duration) -> Result<Alert, String> {
        let Self { labels, annotations, starts_at, ends_at, generator_url } = self;
        let starts_at = starts_at.or(ends_at).unwrap_or(now);
        let (ends_at, timed_out) = match ends_at {
            Some(ends_at) => (ends_at, false),
            None => (now.plus(resolve_timeout), true),
        };
        if labels.is_empty() {
            return Err("at least one label pair required".to_owned());
        }
        if starts_at > ends_at {
            return Err("start time must be before end time".to_owned());
        }
        Ok(Alert { labels, annotations, starts_at, ends_at, updated_at: now, generator_url, timed_out })
    }
}

impl Alert {
    /// Who it is.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.labels)
    }

    /// Whether it has ended.
    pub fn is_resolved(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// This alert, heard of after `before`, which is the same one: one fire as long as their times overlap.
    fn after(mut self, before: &Self) -> Self {
        let overlaps = (self.ends_at > before.starts_at && self.ends_at < before.ends_at)
            || (self.starts_at > before.starts_at && self.starts_at < before.ends_at)
            || self.starts_at == before.starts_at;
        if !overlaps {
            return self;
        }
        self.starts_at = self.starts_at.min(before.starts_at);
        let now = self.updated_at;
        let is_longer = before.ends_at > self.ends_at;
        // An end that a sender has told counts; one that was made up here gives way.
        if is_longer
            && ((self.is_resolved(now) && before.is_resolved(now))
                || (!self.is_resolved(now) && !before.timed_out))
        {
            self.ends_at = before.ends_at;
        }
        self
    }
}

/// All alerts that are known.
#[derive(Debug, Default)]
pub struct Alerts(BTreeMap<Fingerprint, Alert>);

impl Alerts {
    /// Takes an alert, and gives it together with what was known of it.
    pub(super) fn put(&mut self, alert: Alert) -> &Alert {
        let fingerprint = alert.fingerprint();
        let alert = match self.0.get(&fingerprint) {
            Some(before) if before.updated_at > alert.updated_at => before.clone().after(&alert),
            Some(before) => alert.after(before),
            None => alert,
        };
        self.0.entry(fingerprint).insert_entry(alert).into_mut()
    }

    /// All of them, in order of their fingerprints.
    pub fn all(&self) -> impl Iterator<Item = &Alert> {
        self.0.values()
    }

    /// One of them.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Alert> {
        self.0.get(&fingerprint)
    }

    /// Those that fire.
    pub fn firing(&self, now: Timestamp) -> impl Iterator<Item = &Alert> {
        self.0.values().filter(move |alert| !alert.is_resolved(now))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those that have ended and that nobody needs.
    pub(super) fn collect(&mut self, now: Timestamp, is_needed: impl Fn(Fingerprint) -> bool) {
        self.0.retain(|fingerprint, alert| !alert.is_resolved(now) || is_needed(*fingerprint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_a_real_alertmanager() {
        let labels = Labels::from_pairs([
            ("alertname", "DiskFull"),
            ("cluster", "c1"),
            ("instance", "n1"),
            ("severity", "critical"),
        ]);
        assert_eq!(Fingerprint::of(&labels).to_string(), "dbbba37fd7b27d68");
    }

    #[test]
    fn what_is_not_said_is_filled_in_and_nonsense_is_refused() {
        let at = Timestamp::from_millis;
        let labels = Labels::from_pairs([("a", "b")]);
        let posted = PostedAlert { labels, ..PostedAlert::default() };
        let alert = posted.clone().into_alert(at(1000), Duration::from_secs(5)).unwrap();
        assert_eq!((alert.starts_at, alert.ends_at, alert.timed_out), (at(1000), at(6000), true));
        let ended = PostedAlert { ends_at: Some(at(500)), ..posted.clone() };
        let ended = ended.into_alert(at(1000), Duration::from_secs(5)).unwrap();
        assert_eq!((ended.starts_at, ended.is_resolved(at(1000))), (at(500), true));
        let nonsense = PostedAlert { starts_at: Some(at(2)), ends_at: Some(at(1)), ..posted };
        assert!(nonsense.into_alert(at(1000), Duration::ZERO).is_err());
        assert!(
            PostedAlert::default()
                .into_alert(at(0), Duration::ZERO)
                .unwrap_err()
                .contains("at least one label")
        );
    }
}
