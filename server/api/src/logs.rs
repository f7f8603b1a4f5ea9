//! Logs of containers: what `GET /stream/log?kind=logs` is asked, and its events.
//!
//! Events have an `id` that means nothing to a client but for sending it back as [`crate::stream::LAST_EVENT_ID`] to go on
//! from there.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};

use crate::cluster::{Kind, NotAName, ObjectName, Scope};
use crate::stream::End;

/// Containers whose logs one stream has.
pub const MAX_SOURCES: usize = 64;
/// Lines in one [`LogLines`], at most.
pub const MAX_LINES: usize = 500;
/// Bytes of a line; the rest of a longer one is left out, and counted.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// Whose logs: `core.v1.pods/shop/web-1`, or whatever has a selector for pods, such as `apps.v1.deployments/shop/web`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogTarget {
    /// Of which kind it is.
    pub kind: Kind,
    /// In which namespace.
    pub scope: Scope,
    /// Its name.
    pub name: ObjectName,
}

impl LogTarget {
    /// Whether it is a pod itself.
    pub fn is_pod(&self) -> bool {
        self.kind.group().is_empty() && self.kind.resource() == "pods"
    }
}

/// Text that says of nothing that it has logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoLogs(String);

impl fmt::Display for NoLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoLogs {}

impl NoLogs {
    pub(crate) fn because(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<NotAName> for NoLogs {
    fn from(error: NotAName) -> Self {
        Self(error.to_string())
    }
}

impl FromStr for LogTarget {
    type Err = NoLogs;

    fn from_str(text: &str) -> Result<Self, NoLogs> {
        let mut parts = text.splitn(3, '/');
        let (Some(kind), Some(scope), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoLogs(
                "expected {kind}/{namespace}/{name}, as in core.v1.pods/shop/web-1".to_owned(),
            ));
        };
        let target = Self { kind: kind.parse()?, scope: scope.parse()?, name: name.parse()? };
        match target.scope.namespace() {
            Some(_) => Ok(target),
            None => Err(NoLogs("what has logs is in a namespace".to_owned())),
        }
    }
}

impl fmt::Display for LogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.scope, self.name.as_str())
    }
}

/// From when on lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds ago.
    Seconds(u32),
    /// A time, RFC 3339.
    Time(String),
}

/// What is wanted of logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuestion {
    /// Whose.
    pub of: LogTarget,
    /// Only of these containers; of all where there are none.
    pub containers: Vec<String>,
    /// What comes from now on as well, of pods that come from now on as well.
    pub follow: bool,
    /// Of the containers' runs before the last restart.
    pub previous: bool,
    /// So many lines of each container, its newest.
    pub tail: Option<u32>,
    /// Not what is older.
    pub since: Option<Since>,
    /// So many bytes of each container.
    pub limit_bytes: Option<u64>,
    /// Each line with its time before it: in a file; events have the time in any case.
    pub timestamps: bool,
    /// As a file of text.
    pub download: bool,
}

/// The longest name of a container, or time, that is looked at.
const MAX_VALUE: usize = 64;
/// Containers that can be named.
const MAX_NAMED: usize = 32;

impl LogQuestion {
    /// All that there is, of all containers, up to now.
    pub fn all_of(of: LogTarget) -> Self {
        Self {
            of,
            containers: Vec::new(),
            follow: false,
            previous: false,
            tail: None,
            since: None,
            limit_bytes: None,
            timestamps: false,
            download: false,
        }
    }

    /// Reads the parameters of a URL; those that are not known here are somebody else's.
    ///
    /// # Errors
    /// When `of` is missing, or a value is not of its sort.
    pub fn read<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Result<Self, NoLogs> {
        let of = parameters.clone().find(|(name, _)| *name == "of");
        let of = of.ok_or_else(|| NoLogs("whose logs? Say of=core.v1.pods/shop/web-1".to_owned()))?;
        let mut question = Self::all_of(of.1.parse()?);
        for (name, value) in parameters.filter(|(_, value)| !value.is_empty()) {
            if name != "of" && value.len() > MAX_VALUE {
                // Others have longer ones.
                continue;
            }
            match name {
                "container" => question.containers.push(label(value)?),
                "follow" => question.follow = flag(name, value)?,
                "previous" => question.previous = flag(name, value)?,
                "timestamps" => question.timestamps = flag(name, value)?,
                "download" => question.download = flag(name, value)?,
                "tail" => question.tail = Some(number(name, value)?),
                "since_seconds" => question.since = Some(Since::Seconds(number(name, value)?)),
                "since_time" => question.since = Some(Since::Time(time(value)?)),
                "limit_bytes" => question.limit_bytes = Some(number(name, value)?),
                _ => {}
            }
        }
        if question.containers.len() > MAX_NAMED {
            return Err(NoLogs(format!("at most {MAX_NAMED} containers can be named")));
        }
        Ok(question)
    }

    /// The parameters of a URL that [`LogQuestion::read`] reads as this.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let flags = [
            ("follow", self.follow),
            ("previous", self.previous),
            ("timestamps", self.timestamps),
            ("download", self.download),
        ];
        let mut all = vec![("of", self.of.to_string())];
        all.extend(self.containers.iter().map(|name| ("container", name.clone())));
        all.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| (name, "1".to_owned())));
        all.extend(self.tail.map(|tail| ("tail", tail.to_string())));
        all.extend(self.since.as_ref().map(|since| match since {
            Since::Seconds(seconds) => ("since_seconds", seconds.to_string()),
            Since::Time(time) => ("since_time", time.clone()),
        }));
        all.extend(self.limit_bytes.map(|limit| ("limit_bytes", limit.to_string())));
        all
    }
}

fn flag(name: &str, value: &str) -> Result<bool, NoLogs> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(NoLogs(format!("{name} is 1 or 0"))),
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, NoLogs> {
    value.parse().map_err(|_| NoLogs(format!("{name} is a whole number")))
}

fn label(value: &str) -> Result<String, NoLogs> {
    let good = value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    good.then(|| value.to_owned()).ok_or_else(|| NoLogs(format!("{value:?} is no container's name")))
}

/// The API server reads it; here is only looked that it is nothing else than a time.
fn time(value: &str) -> Result<String, NoLogs> {
    let good = value.bytes().all(|byte| byte.is_ascii_digit() || b"-+:.TZ".contains(&byte));
    good.then(|| value.to_owned())
        .ok_or_else(|| NoLogs(format!("{value:?} is no time such as 2026-11-21T08:00:00Z")))
}

/// One event of a stream of logs. Sources are numbered in the order in which they are told of.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEvent {
    /// A container, or how it is doing now.
    Source(LogSource),
    /// Lines.
    Lines(LogLines),
    /// Something about the whole stream that a reader should know.
    Notice(Notice),
    /// Everything has been told that was asked for; nothing follows.
    Done(Done),
    /// The session is over; nothing follows, and nothing will.
    End(End),
}

/// `event: source`: a container whose log this stream has, told when it is found and when its state changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// Its number.
    pub source: usize,
    /// The name of its pod.
    pub pod: String,
    /// Its own name.
    pub container: String,
    /// How its log is doing.
    pub state: SourceState,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

/// How a container's log is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// Lines come as they are written, or as fast as they are read.
    Open,
    /// There is no log yet: the container has not started, or starts again.
    Waiting,
    /// All of it has been told.
    Ended,
    /// The pod is not there any more.
    Gone,
    /// The user may not read it.
    Denied,
    /// It cannot be had now; the server tries again.
    Failed,
}

/// `event: lines`: lines in the order in which their containers wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLines {
    /// Whose they are.
    pub source: usize,
    /// At least one.
    pub lines: Vec<LogLine>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, RFC 3339 with as many digits as the cluster has; empty where the line has none.
    pub t: String,
    /// What it says, without the line feed. Bytes that are no UTF-8 are replaced.
    pub m: String,
    /// Bytes that were left out at its end, since it has more than [`MAX_LINE_BYTES`].
    #[serde(skip_serializing_if = "is_zero", default)]
    pub cut: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// `event: notice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// For people.
    pub message: String,
    /// Containers that are left out, since there are more than [`MAX_SOURCES`].
    #[serde(skip_serializing_if = "is_zero", default)]
    pub left_out: usize,
}

/// `event: done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

impl LogEvent {
    /// All names of events, for a client that subscribes to each.
    pub const NAMES: [&'static str; 5] = ["source", "lines", "notice", "done", "end"];

    /// The field `event`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Lines(_) => "lines",
            Self::Notice(_) => "notice",
            Self::Done(_) => "done",
            Self::End(_) => "end",
        }
    }

    /// The field `data`: JSON on one line.
    ///
    /// # Errors
    /// Never.
    pub fn data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Source(source) => serde_json::to_string(source),
            Self::Lines(lines) => serde_json::to_string(lines),
            Self::Notice(notice) => serde_json::to_string(notice),
            Self::Done(done) => serde_json::to_string(done),
            Self::End(end) => serde_json::to_string(end),
        }
    }

    /// Reads an event from its two fields.
    ///
    /// # Errors
    /// When the name is unknown, or the data is not that event's.
    pub fn parse(name: &str, data: &str) -> Result<Self, serde_json::Error> {
        fn read<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
            serde_json::from_str(data)
        }
        match name {
            "source" => read(data).map(Self::Source),
            "lines" => read(data).map(Self::Lines),
            "notice" => read(data).map(Self::Notice),
            "done" => read(data).map(Self::Done),
            "end" => read(data).map(Self::End),
            other => Err(serde_json::Error::custom(format!("unknown event {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<LogQuestion, NoLogs> {
        LogQuestion::read(pairs.iter().copied())
    }

    #[test]
    fn a_question_is_read_as_it_was_written() {
        let asked = LogQuestion {
            containers: vec!["main".into(), "side-car".into()],
            follow: true,
            previous: true,
            tail: Some(100),
            since: Some(Since::Time("2026-11-21T08:00:00.5Z".into())),
            limit_bytes: Some(7),
            timestamps: true,
            download: true,
            ..LogQuestion::all_of("apps.v1.deployments/shop/web".parse().unwrap())
        };
        let parameters = asked.parameters();
        let pairs: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&pairs), Ok(asked));
        let least = read(&[("kind", "logs"), ("of", "core.v1.pods/shop/web-1"), ("tail", "")]).unwrap();
        assert_eq!(least, LogQuestion::all_of("core.v1.pods/shop/web-1".parse().unwrap()));
        assert!(least.of.is_pod());
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let of = ("of", "core.v1.pods/shop/web-1");
        for wrong in ["core.v1.pods/shop", "core.v1.pods/-/web", "pods/shop/web", "core.v1.pods/shop/a/b"] {
            assert!(read(&[("of", wrong)]).is_err(), "{wrong}");
        }
        for wrong in [
            ("tail", "-1"),
            ("follow", "yes"),
            ("container", "a/b"),
            ("since_time", "now&x=1"),
            ("since_seconds", "1h"),
        ] {
            assert!(read(&[of, wrong]).is_err(), "{wrong:?}");
        }
        assert!(read(&[]).is_err());
        assert!(read(&[[of].as_slice(), &[("container", "a"); 33]].concat()).is_err());
    }

    #[test]
    fn each_event_has_the_form_that_is_agreed_upon() {
        let source = LogSource {
            source: 1,
            pod: "web-1".into(),
            container: "main".into(),
            state: SourceState::Open,
            message: None,
        };
        let line = LogLine { t: "2026-11-21T08:00:00.1Z".into(), m: "hello".into(), cut: 0 };
        let notice = Notice { message: "x".into(), left_out: 2 };
        for (event, name, data) in [
            (
                LogEvent::Source(source),
                "source",
                r#"{"source":1,"pod":"web-1","container":"main","state":"open"}"#,
            ),
            (
                LogEvent::Lines(LogLines { source: 0, lines: vec![line] }),
                "lines",
                r#"{"source":0,"lines":[{"t":"2026-11-21T08:00:00.1Z","m":"hello"}]}"#,
            ),
            (LogEvent::Notice(notice), "notice", r#"{"message":"x","left_out":2}"#),
            (LogEvent::Done(Done {}), "done", "{}"),
        ] {
            assert_eq!((event.name(), event.data().unwrap().as_str()), (name, data));
            assert!(LogEvent::NAMES.contains(&name));
            assert_eq!(LogEvent::parse(name, data).unwrap(), event);
        }
        assert!(LogEvent::parse("bookmark", "{}").is_err());
    }
}
