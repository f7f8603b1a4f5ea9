//! One terminal from its beginning to its end.

use std::time::Duration;

use crowsnest_api::terminal::{Said, Size, TerminalEnd, TerminalKind, TerminalQuestion, Told};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::Instant;

use super::browser::{Does, FromBrowser, Gone, ToBrowser, sides};
use super::shells::{SHELLS, was_not_there};
use super::watch::Owner;
use crate::cluster::{As, ClusterError, FromProcess, Heard, Path, ToProcess};
use crate::watching::{Place, every, stop};

/// How often a browser is asked whether it is there; proxies in between see that the connection is in use.
const PING: Duration = Duration::from_secs(15);
/// A browser that has given no sign of life for so long is gone.
const SILENT: Duration = Duration::from_secs(50);

/// Whether a text is the session's secret.
pub(crate) type IsOwn = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A terminal that is about to begin.
pub(crate) struct Terminal {
    pub(crate) question: TerminalQuestion,
    pub(crate) owner: Owner,
    /// What the browser's first message must have; `None` where its request had a token of its own.
    pub(crate) csrf: Option<IsOwn>,
    /// Whether the container runs its process in a terminal, and reads its input; of account when attaching.
    pub(crate) attached: (bool, bool),
    pub(crate) stopped: watch::Receiver<bool>,
    /// Given back at the end.
    pub(crate) _place: Place,
}

/// How a terminal ended.
#[derive(Debug)]
enum Ending {
    /// The browser left, or cannot be reached.
    Left,
    Told(Told),
}

impl From<Gone> for Ending {
    fn from(_: Gone) -> Self {
        Self::Left
    }
}

impl From<TerminalEnd> for Ending {
    fn from(reason: TerminalEnd) -> Self {
        Self::Told(Told::End { reason })
    }
}

impl Terminal {
    /// Runs until it ends; says how, for the audit log.
    pub(crate) async fn run(self, upgraded: Upgraded) -> String {
        let began = Instant::now();
        let (from, mut to) = sides(TokioIo::new(upgraded)).await;
        let mut stopped = self.stopped.clone();
        let ending = tokio::select! {
            biased;
            () = stop(&mut stopped) => TerminalEnd::Stopped.into(),
            ending = self.owner.ended() => ending.into(),
            ending = self.converse(from, &mut to) => ending,
        };
        let how = match &ending {
            Ending::Left => "left".to_owned(),
            Ending::Told(Told::Exit { code: Some(code), .. }) => format!("exit {code}"),
            Ending::Told(Told::Exit { message, .. } | Told::Failed { message }) => message.clone(),
            Ending::Told(Told::End { reason }) => format!("{reason:?}").to_lowercase(),
            Ending::Told(Told::Open { .. }) => String::new(),
        };
        let told = match &ending {
            Ending::Left => None,
            Ending::Told(told) => Some(told),
        };
        to.end(told).await;
        format!("{how} after {} s", began.elapsed().as_secs())
    }

    async fn converse(&self, mut from: FromBrowser, to: &mut ToBrowser) -> Ending {
        let Some(hello) = from.hello().await else { return Ending::Left };
        if self.csrf.as_ref().is_some_and(|is_own| !is_own(&hello.csrf)) {
            let message = "the page does not show that it is this server's".to_owned();
            return Ending::Told(Told::Failed { message });
        }
        let commands: Vec<Vec<String>> = match (self.question.kind, self.question.command.as_slice()) {
            (TerminalKind::Attach, _) => vec![Vec::new()],
            (TerminalKind::Exec, []) => {
                SHELLS.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
            }
            (TerminalKind::Exec, command) => vec![command.to_vec()],
        };
        let last = commands.len().saturating_sub(1);
        for (at, command) in commands.iter().enumerate() {
            match self.begin(command, hello.size, at < last).await {
                Ok(Some((process, first))) => {
                    let open =
                        Told::Open { container: self.question.container.clone(), command: command.join(" ") };
                    if to.tell(&open).await.is_err() {
                        return Ending::Left;
                    }
                    return carry(from, to, process, first).await;
                }
                Ok(None) => {}
                Err(error) => return Ending::Told(Told::Failed { message: error.told() }),
            }
        }
        Ending::Told(Told::Failed {
            message: "the container has none of the shells that are tried; name a command".to_owned(),
        })
    }

    /// Starts a command; `None` where there is no such program, if that is to be found out.
    async fn begin(
        &self,
        command: &[String],
        size: Size,
        is_tried: bool,
    ) -> Result<Option<((ToProcess, FromProcess), Option<Heard>)>, ClusterError> {
        let credential = (self.owner.credential)();
        let (mut to, mut from) =
            self.owner.cluster.channels(As::User(&credential), &self.path(command)).await?;
        if self.question.tty {
            to.resize(size.columns, size.rows).await?;
        }
        let first = if is_tried { from.next().await? } else { None };
        if first.as_ref().is_some_and(was_not_there) {
            return Ok(None);
        }
        Ok(Some(((to, from), first)))
    }

    fn path(&self, command: &[String]) -> Path {
        let question = &self.question;
        let path = Path::object(&question.of.kind, &question.of.scope, &question.of.name);
        let path = path.below(question.kind.name());
        let (tty, stdin) = match question.kind {
            TerminalKind::Exec => (question.tty, true),
            TerminalKind::Attach => self.attached,
        };
        let mut path = command.iter().fold(path, |path, word| path.with("command", word));
        if !question.container.is_empty() {
            path = path.with("container", &question.container);
        }
        let flag = |on: bool| if on { "true" } else { "false" };
        // A terminal has one stream for all output.
        path.with("stdin", flag(stdin))
            .with("stdout", "true")
            .with("stderr", flag(!tty))
            .with("tty", flag(tty))
    }
}

/// Carries both ways until one of them ends. Each way waits for itself: a process that takes no input can still be read.
async fn carry(
    mut from: FromBrowser,
    to: &mut ToBrowser,
    (mut to_process, mut from_process): (ToProcess, FromProcess),
    first: Option<Heard>,
) -> Ending {
    let (alive, mut seen) = watch::channel(Instant::now());
    let typing = async {
        loop {
            let done = match from.next().await {
                Does::Types(bytes) => to_process.input(&bytes).await,
                Does::Says(Said::Resize(size)) => to_process.resize(size.columns, size.rows).await,
                Does::Says(Said::EndOfInput) => to_process.end_of_input().await,
                Does::Lives => Ok(()),
                Does::Leaves => return Ending::Left,
            };
            alive.send_replace(Instant::now());
            if done.is_err() {
                // Why is for the other way to say: it hears the process's last word.
                std::future::pending::<()>().await;
            }
        }
    };
    let reading = async {
        let mut ping = every(PING);
        let mut next = first;
        loop {
            let heard = match next.take() {
                Some(heard) => Ok(Some(heard)),
                None => tokio::select! {
                    heard = from_process.next() => heard,
                    _ = ping.tick() => {
                        if seen.borrow_and_update().elapsed() >= SILENT {
                            return TerminalEnd::Silent.into();
                        }
                        if to.ping().await.is_err() {
                            return Ending::Left;
                        }
                        continue;
                    }
                },
            };
            let sent = match heard {
                Ok(Some(Heard::Out(bytes))) => to.output(&bytes).await,
                Ok(Some(Heard::Err(bytes))) => to.errors(&bytes).await,
                Ok(Some(Heard::Ended(code, message))) => return Ending::Told(Told::Exit { code, message }),
                Ok(None) => {
                    let message = "the connection to the container ended".to_owned();
                    return Ending::Told(Told::Failed { message });
                }
                Err(error) => return Ending::Told(Told::Failed { message: error.told() }),
            };
            if let Err(gone) = sent {
                return gone.into();
            }
        }
    };
    let ending = tokio::select! {
        ending = typing => ending,
        ending = reading => ending,
    };
    to_process.close().await;
    ending
}
