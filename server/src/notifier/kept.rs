//! Silences and the log of notifications in control state.

use anyhow::Context as _;
use crowsnest_alerting::alertmanager::{parse_matchers, show_matchers};
use crowsnest_alerting::dispatch::{Dispatcher, Logged, Silence};
use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::control::{Collection, ControlStore};

/// A silence as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    id: String,
    matchers: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    updated_at: Timestamp,
    created_by: String,
    comment: String,
}

impl Kept {
    pub(super) fn of(silence: &Silence) -> Self {
        Self {
            id: silence.id.clone(),
            matchers: show_matchers(&silence.matchers),
            starts_at: silence.starts_at,
            ends_at: silence.ends_at,
            updated_at: silence.updated_at,
            created_by: silence.created_by.clone(),
            comment: silence.comment.clone(),
        }
    }

    pub(super) fn put(&self, control: &dyn ControlStore) -> anyhow::Result<()> {
        control
            .put(Collection::Silences, &self.id, &serde_json::to_vec(self)?)
            .context("cannot keep a silence")
    }

    fn silence(self) -> Result<Silence, String> {
        Ok(Silence {
            matchers: parse_matchers(&self.matchers)?,
            id: self.id,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
            comment: self.comment,
        })
    }
}

/// Keeps what was told of a group.
pub(super) fn log(control: &dyn ControlStore, key: &str, entry: &Logged) -> anyhow::Result<()> {
    control
        .put(Collection::Notifications, key, &serde_json::to_vec(entry)?)
        .context("cannot keep what was told")
}

/// Takes up everything that was kept; a record that is damaged is told about and left.
pub(super) fn restore(control: &dyn ControlStore, dispatcher: &mut Dispatcher) -> anyhow::Result<()> {
    for (key, json) in control.list(Collection::Silences)? {
        let kept = serde_json::from_slice::<Kept>(&json).map_err(|error| error.to_string());
        match kept.and_then(Kept::silence) {
            Ok(silence) => dispatcher.silences.insert(silence),
            Err(error) => warn!(key, error, "a silence's record is damaged"),
        }
    }
    for (key, json) in control.list(Collection::Notifications)? {
        match serde_json::from_slice::<Logged>(&json) {
            Ok(entry) => dispatcher.restore_log(key, entry),
            Err(error) => {
                warn!(key, err = &error as &dyn std::error::Error, "a notification's record is damaged");
            }
        }
    }
    Ok(())
}

/// A random UUID.
pub(crate) fn new_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes).context("no random numbers")?;
    let id = (u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{id:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    Ok(text)
}
