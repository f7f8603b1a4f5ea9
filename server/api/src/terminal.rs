//! Terminals: what `GET /stream/log?kind=exec` and `kind=attach` are asked, and what goes over their WebSocket.
//!
//! The browser's first message is a [`Hello`], as text. After it, what is typed goes as binary messages, and a [`Said`] as text. What
//! the process writes comes as binary messages whose first byte is [`STDOUT`] or [`STDERR`]; a [`Told`] comes as text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::logs::{LogTarget, NoLogs};
use crate::stream::EndReason;

/// The WebSocket's subprotocol.
pub const PROTOCOL: &str = "v1.terminal.crowsnest.dev";
/// The first byte of what a process writes.
pub const STDOUT: u8 = 1;
/// The first byte of what it writes to its other stream.
pub const STDERR: u8 = 2;
/// The longest message of a browser. Longer pastes go in parts.
pub const MAX_MESSAGE: usize = 64 << 10;

/// Words of a command, and the bytes that they have together.
const MAX_WORDS: usize = 64;
const MAX_COMMAND: usize = 16 << 10;
/// The longest name of a container.
const MAX_NAME: usize = 63;

/// What a terminal talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalKind {
    /// A process that is started for it.
    Exec,
    /// The process that the container runs.
    Attach,
}

impl TerminalKind {
    /// Its name in addresses, which is that of the pod's subresource.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Attach => "attach",
        }
    }
}

/// What is wanted of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalQuestion {
    /// Which sort.
    pub kind: TerminalKind,
    /// In which pod.
    pub of: LogTarget,
    /// In which container; in the pod's only one where it is empty.
    pub container: String,
    /// What to start; where it is empty, the first shell that there is. Of no account to [`TerminalKind::Attach`].
    pub command: Vec<String>,
    /// Whether it is a terminal: it echoes, has a size, and one stream for all output. When attaching, the container says so.
    pub tty: bool,
}

impl TerminalQuestion {
    /// Reads the parameters of a URL.
    ///
    /// # Errors
    /// When they name no pod, or a value is not of its sort.
    pub fn read<'a>(
        kind: TerminalKind,
        parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<Self, NoLogs> {
        let of = parameters.clone().find(|(name, _)| *name == "of");
        let of: LogTarget =
            of.ok_or_else(|| NoLogs::because("in which pod? Say of=core.v1.pods/shop/web-1"))?.1.parse()?;
        if !of.is_pod() {
            return Err(NoLogs::because("a terminal is in a pod, as in of=core.v1.pods/shop/web-1"));
        }
        let mut question = Self { kind, of, container: String::new(), command: Vec::new(), tty: true };
        for (name, value) in parameters {
            match name {
                "container" if value.len() <= MAX_NAME => value.clone_into(&mut question.container),
                "container" => return Err(NoLogs::because("no container has such a name")),
                "command" => question.command.push(value.to_owned()),
                "tty" => question.tty = value != "0",
                _ => {}
            }
        }
        let bytes: usize = question.command.iter().map(String::len).sum();
        if question.command.len() > MAX_WORDS || bytes > MAX_COMMAND {
            return Err(NoLogs::because("the command is too long"));
        }
        Ok(question)
    }
}

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Letters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// The first message of a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The session's `csrf`: with it the page shows that it is one of ours. Of no account where the request has a token of its own.
    #[serde(default)]
    pub csrf: String,
    /// How large the terminal is.
    pub size: Size,
}

/// A later message of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Said {
    /// The terminal has another size.
    Resize(Size),
    /// Nothing more will be typed.
    EndOfInput,
}

/// A message of the server. It is read by [`Told::read`]: what serde makes to read it would be a tenth of all that the interface is for terminals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Told {
    /// The process runs.
    Open {
        /// In which container.
        container: String,
        /// What runs; empty when attached.
        command: String,
    },
    /// The process has ended; nothing follows.
    Exit {
        /// Its exit code; none where the cluster says only why.
        code: Option<i32>,
        /// Why, for people, where it did not end well.
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// It cannot be begun, or broke; nothing follows.
    Failed {
        /// Why, for people.
        message: String,
    },
    /// It is ended by the server; nothing follows.
    End {
        /// Why.
        reason: TerminalEnd,
    },
}

impl Told {
    /// Reads a message; `None` for one that is none, or of a later version.
    pub fn read(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
        let owned = |name: &str| text(name).to_owned();
        Some(match text("event") {
            "open" => Self::Open { container: owned("container"), command: owned("command") },
            "exit" => {
                let code = json.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
                Self::Exit { code, message: owned("message") }
            }
            "failed" => Self::Failed { message: owned("message") },
            "end" => {
                let reason = TerminalEnd::ALL.iter().find(|(name, _)| *name == text("reason"))?.1;
                Self::End { reason }
            }
            _ => return None,
        })
    }
}

impl TerminalEnd {
    /// All, with their names.
    const ALL: [(&'static str, Self); 5] = [
        ("signed-out", Self::SignedOut),
        ("expired", Self::Expired),
        ("denied", Self::Denied),
        ("silent", Self::Silent),
        ("stopped", Self::Stopped),
    ];
}

/// Why the server ends a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TerminalEnd {
    /// The user signed out.
    SignedOut,
    /// The session came to its end.
    Expired,
    /// The user may not have it any more, or it cannot be found out whether they may.
    Denied,
    /// The browser gave no sign of life.
    Silent,
    /// The server stops.
    Stopped,
}

impl From<EndReason> for TerminalEnd {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::SignedOut => Self::SignedOut,
            EndReason::Expired => Self::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<TerminalQuestion, NoLogs> {
        TerminalQuestion::read(TerminalKind::Exec, pairs.iter().copied())
    }

    #[test]
    fn a_terminal_is_in_one_pod_and_its_command_has_bounds() {
        let of = ("of", "core.v1.pods/shop/web-1");
        let asked =
            read(&[of, ("container", "main"), ("command", "ls"), ("command", "-l"), ("tty", "0")]).unwrap();
        assert_eq!(
            (asked.command.join(" ").as_str(), asked.tty, asked.container.as_str()),
            ("ls -l", false, "main")
        );
        assert!(read(&[of]).unwrap().tty);
        assert!(read(&[("of", "apps.v1.deployments/shop/web")]).is_err());
        assert!(read(&[]).is_err());
        assert!(read(&[of, ("container", &"x".repeat(64))]).is_err());
        assert!(read(&[of, ("command", &"x".repeat(MAX_COMMAND + 1))]).is_err());
        assert!(read(&[[of].as_slice(), &[("command", "x"); MAX_WORDS + 1]].concat()).is_err());
    }

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut all = vec![
            Told::Open { container: "main".into(), command: "bash".into() },
            Told::Exit { code: Some(-1), message: "x".into() },
            Told::Exit { code: None, message: String::new() },
            Told::Failed { message: "y".into() },
        ];
        all.extend(TerminalEnd::ALL.map(|(_, reason)| Told::End { reason }));
        for told in all {
            assert_eq!(Told::read(&serde_json::to_string(&told).unwrap()), Some(told));
        }
        for wrong in ["", "{}", "null", r#"{"event":"end","reason":"unicorn"}"#, r#"{"event":"later"}"#] {
            assert_eq!(Told::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_message_has_the_form_that_is_agreed_upon() {
        let size = Size { columns: 80, rows: 24 };
        let json = |message: &Told| serde_json::to_string(message).unwrap();
        assert_eq!(
            serde_json::to_string(&Hello { csrf: "x".into(), size }).unwrap(),
            r#"{"csrf":"x","size":{"columns":80,"rows":24}}"#
        );
        assert_eq!(
            serde_json::to_string(&Said::Resize(size)).unwrap(),
            r#"{"event":"resize","columns":80,"rows":24}"#
        );
        assert_eq!(serde_json::to_string(&Said::EndOfInput).unwrap(), r#"{"event":"end-of-input"}"#);
        assert_eq!(
            json(&Told::Exit { code: Some(0), message: String::new() }),
            r#"{"event":"exit","code":0}"#
        );
        assert_eq!(
            json(&Told::End { reason: TerminalEnd::SignedOut }),
            r#"{"event":"end","reason":"signed-out"}"#
        );
    }
}
