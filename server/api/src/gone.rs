//! `GET /api/crowsnest/v1/gone/{namespace}/{name}`: pods of that name that are gone, as far as they are still known.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The pods of a name that are gone, the last one first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gone {
    /// At most a handful.
    pub gone: Vec<GonePod>,
    /// Whether this server keeps the last lines of logs at all.
    pub keeps_logs: bool,
    /// Whether the caller may read them.
    pub may_read_logs: bool,
}

/// A pod that is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GonePod {
    /// By which it is told apart from others of its name.
    pub uid: String,
    /// When its end was seen, in seconds since the epoch.
    pub at: f64,
    /// Its last state.
    pub pod: Value,
    /// The last lines of its containers, for those who may read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LastLines>,
}

/// What a container said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLines {
    /// Its name.
    pub container: String,
    /// At most a thousand lines.
    pub text: String,
}
