//! The audit log: who signed in, changed something or was refused, from where, one JSON object a line. What was sent is in none.
//! Two files of bounded size, for their owner only.

use std::net::IpAddr;

use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::data_dir::DataDir;
use crate::journal::Journal;

/// Where it is in the data folder; the older half has `.1` behind its name.
const FILE: &str = "audit.log";
/// Past this size a file becomes the older half.
const MAX_BYTES: u64 = 8 << 20;
/// The longest text of a user's in a line.
const MAX_TEXT: usize = 256;

/// What was done.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    SignIn,
    SignOut,
    /// Of another session of one's own.
    EndSession,
    /// Of all of one's own.
    EndSessions,
    /// A client certificate for somebody.
    MintCertificate,
    /// One's own credential as a kubeconfig file.
    TakeKubeconfig,
    /// Of an object of the cluster, or of what lies below it, such as an eviction.
    CreateObject,
    ReplaceObject,
    PatchObject,
    /// Server-side: whoever applies manages the fields.
    ApplyObject,
    DeleteObject,
    /// One value of a Secret, shown to somebody.
    RevealSecret,
    /// A terminal in a container, or at its process.
    OpenTerminal,
    /// Its end.
    CloseTerminal,
    /// A port of a pod or a Service, in the browser.
    OpenPort,
    /// A dashboard, or a version of it.
    SaveDashboard,
    DeleteDashboard,
    /// A dashboard with its numbers.
    SaveSnapshot,
    DeleteSnapshot,
    /// An alerting rule that is made or changed.
    SaveRule,
    DeleteRule,
    /// Who is told of alerts.
    SaveRouting,
    /// A silence that is made or changed.
    SaveSilence,
    /// One that is ended before its time.
    EndSilence,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Done,
    Refused,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    action: Action,
    outcome: Outcome,
    /// Who; of refused attempts, as far as they said it.
    user: &'a str,
    from: IpAddr,
    /// The way of a sign-in, or why it was refused.
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

/// A line that was written, as far as it is read again.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Noted {
    at: jiff::Timestamp,
    pub(crate) outcome: String,
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) detail: String,
}

impl Noted {
    /// When, in seconds since the epoch.
    pub(crate) fn seconds(&self) -> i64 {
        self.at.as_second()
    }
}

/// The log.
pub(crate) struct AuditLog(Journal);

impl AuditLog {
    /// Opens it, or begins it.
    pub(crate) fn open(data_dir: &DataDir) -> anyhow::Result<Self> {
        Journal::open(data_dir, FILE, "the audit log", MAX_BYTES).map(Self)
    }

    /// Writes a line; what cannot be written is told to the log and keeps nobody from anything.
    pub(crate) fn note(
        &self,
        at: Timestamp,
        action: Action,
        outcome: Outcome,
        user: &str,
        from: IpAddr,
        detail: &str,
    ) {
        let at = clock::rfc3339(at);
        self.0.note(&Line { at, action, outcome, user: cut(user), from, detail: cut(detail) });
    }

    /// The newest lines, the oldest of them first. Blocks the thread.
    pub(crate) fn newest(&self) -> Vec<Noted> {
        self.0.newest()
    }
}

/// The beginning of a text, whole characters.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(&dir.path().join("data")).unwrap();
        let log = AuditLog::open(&data_dir).unwrap();
        let from = IpAddr::from([192, 0, 2, 1]);
        let now = Timestamp::from_millis(0);
        log.note(now, Action::SignIn, Outcome::Refused, "ann\n{", from, &"é".repeat(1000));
        let text = std::fs::read_to_string(data_dir.join(FILE)).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!((&line["action"], &line["outcome"]), (&"sign-in".into(), &"refused".into()));
        assert_eq!(line["user"], "ann\n{");
        assert!(text.lines().count() == 1 && text.len() < 700, "{text}");
        let newest = log.newest();
        assert_eq!(
            newest.iter().map(|line| (line.user.as_str(), line.seconds())).collect::<Vec<_>>(),
            [("ann\n{", 0)]
        );
    }
}
