//! What is remembered of a dashboard beside its JSON.

use crowsnest_api::Timestamp;
use crowsnest_api::dashboards::Version;
use crowsnest_dashboards::Dashboard;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest uid; Grafana's limit.
const MAX_UID: usize = 40;
/// The longest title and tag that are listed, and the most tags.
const MAX_TITLE: usize = 256;
const MAX_TAG: usize = 64;
const MAX_TAGS: usize = 32;
/// JSON of dashboards is repetitive: it takes a tenth at this level.
const LEVEL: i32 = 6;
/// What a record may become when it is decompressed.
const MAX_JSON: usize = 16 << 20;

/// What the list shows of a dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) folder: String,
    pub(crate) tags: Vec<String>,
    pub(crate) panels: usize,
    /// Those that are kept, the oldest first; none of what is given.
    #[serde(default)]
    pub(crate) versions: Vec<VersionHead>,
}

/// One version, and what it takes in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VersionHead {
    pub(crate) version: u64,
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) by: String,
    #[serde(default)]
    pub(crate) message: String,
    pub(crate) bytes: usize,
}

impl Head {
    /// The head of a dashboard without versions.
    pub(crate) fn of(dashboard: &Dashboard, uid: String, folder: String) -> Self {
        let tags = dashboard.tags().into_iter().take(MAX_TAGS).map(|tag| shortened(tag, MAX_TAG));
        Self {
            uid,
            title: shortened(dashboard.title(), MAX_TITLE),
            folder,
            tags: tags.collect(),
            panels: dashboard.panels().len(),
            versions: Vec::new(),
        }
    }

    /// The latest version; 0 without any.
    pub(crate) fn version(&self) -> u64 {
        self.versions.last().map_or(0, |latest| latest.version)
    }
}

impl VersionHead {
    /// As it is told.
    pub(crate) fn told(&self) -> Version {
        Version {
            version: self.version,
            at: Timestamp::from_millis(self.at).seconds(),
            by: self.by.clone(),
            message: self.message.clone(),
        }
    }
}

/// A text cut between letters.
pub(super) fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
    text
}

/// Whether it can be a dashboard's name in URLs.
pub(crate) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_UID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A name that nothing else has.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn new_uid() -> anyhow::Result<String> {
    let mut bytes = [0; 10];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// JSON as it is kept.
pub(crate) fn pack(json: &Value) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(json.to_string().as_bytes(), LEVEL)
}

/// What [`pack`] was given; `None` where that was damaged.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Value> {
    let text = zstd::bulk::decompress(bytes, MAX_JSON).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_what_a_url_can_hold() {
        assert!(is_uid("node-exporter_1") && is_uid(&new_uid().unwrap()));
        for wrong in ["", "a/b", "a b", "é", "..", &"x".repeat(41)] {
            assert!(!is_uid(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_long_title_is_cut_between_letters() {
        let json = serde_json::json!({"title": "é".repeat(200), "tags": vec!["x"; 100]});
        let head = Head::of(&Dashboard::from_json(json), "u".into(), "f".into());
        assert_eq!((head.title.len(), head.tags.len()), (256, MAX_TAGS));
        assert_eq!(shortened("ab\u{20ac}".into(), 4), "ab");
    }

    #[test]
    fn what_is_packed_comes_out_again_and_what_is_damaged_does_not() {
        let json = serde_json::json!({"a": [1, 2.5, null]});
        let packed = pack(&json).unwrap();
        assert_eq!(unpack(&packed), Some(json));
        assert_eq!(unpack(&packed[..packed.len() - 1]), None);
        assert_eq!(unpack(b"{}"), None);
    }
}
