//! How a container is doing.

use serde::Deserialize;

use super::container_id::ContainerId;
use crate::pool::{Pool, Word};
use crate::when::When;

/// A container's status as it is read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawStatus {
    name: String,
    image: String,
    #[serde(rename = "imageID")]
    image_id: String,
    #[serde(rename = "containerID")]
    container_id: String,
    ready: bool,
    restart_count: u32,
    state: RawState,
    last_state: RawState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawState {
    waiting: Option<RawWaiting>,
    running: Option<RawRunning>,
    terminated: Option<RawTerminated>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawWaiting {
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawRunning {
    started_at: When,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawTerminated {
    reason: String,
    exit_code: i32,
    started_at: When,
    finished_at: When,
}

/// A container's status as it is kept.
pub(super) struct ContainerStatus {
    pub(super) name: Word,
    pub(super) image: Word,
    pub(super) image_id: Word,
    pub(super) container_id: ContainerId,
    pub(super) restarts: u32,
    pub(super) ready: bool,
    pub(super) state: State,
    /// How it ended the last time.
    pub(super) last: Option<Box<Terminated>>,
}

pub(super) enum State {
    /// The kubelet has not said.
    Unknown,
    Waiting(Word),
    Running(When),
    Terminated(Box<Terminated>),
}

pub(super) struct Terminated {
    pub(super) reason: Word,
    pub(super) exit_code: i32,
    pub(super) started: When,
    pub(super) finished: When,
}

impl ContainerStatus {
    pub(super) fn all(raw: &[RawStatus], words: &mut Pool<Word>) -> Box<[Self]> {
        raw.iter().map(|raw| Self::of(raw, words)).collect()
    }

    fn of(raw: &RawStatus, words: &mut Pool<Word>) -> Self {
        Self {
            name: words.word(&raw.name),
            image: words.word(&raw.image),
            image_id: words.word(&raw.image_id),
            container_id: ContainerId::of(&raw.container_id, words),
            restarts: raw.restart_count,
            ready: raw.ready,
            state: State::of(&raw.state, words),
            last: raw.last_state.terminated.as_ref().map(|ended| Terminated::of(ended, words)),
        }
    }

    pub(super) fn waiting(&self) -> Option<&str> {
        match &self.state {
            State::Waiting(reason) => Some(reason),
            _ => None,
        }
    }

    pub(super) fn terminated(&self) -> Option<&Terminated> {
        match &self.state {
            State::Terminated(ended) => Some(ended),
            _ => None,
        }
    }

    pub(super) const fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// When it was started that runs, or ran last.
    pub(super) fn started(&self) -> When {
        match &self.state {
            State::Running(at) => *at,
            State::Terminated(ended) => ended.started,
            State::Unknown | State::Waiting(_) => When::default(),
        }
    }
}

impl State {
    fn of(raw: &RawState, words: &mut Pool<Word>) -> Self {
        match raw {
            RawState { running: Some(running), .. } => Self::Running(running.started_at),
            RawState { terminated: Some(ended), .. } => Self::Terminated(Terminated::of(ended, words)),
            RawState { waiting: Some(waiting), .. } => Self::Waiting(words.word(&waiting.reason)),
            RawState { .. } => Self::Unknown,
        }
    }
}

impl Terminated {
    fn of(raw: &RawTerminated, words: &mut Pool<Word>) -> Box<Self> {
        Box::new(Self {
            reason: words.word(&raw.reason),
            exit_code: raw.exit_code,
            started: raw.started_at,
            finished: raw.finished_at,
        })
    }
}
