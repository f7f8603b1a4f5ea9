//! The `log` subresource: what a kubelet has of a container's output, and what comes as it comes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch::Receiver;

use super::{Body, Call, Reply, proxy, reply};
use crate::{
    cluster::{Cluster, State},
    kubelet::{
        Wish,
        logs::{self, Log},
    },
    object,
    options::Life,
    status::ApiError,
};

/// The name server that the API server asks about nodes.
const RESOLVER: &str = "127.0.0.53:53";
/// The most lines that one look brings.
const CHUNK: i64 = 500;
/// A log that is followed is looked at this often at least.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Answers with the log of a container.
pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    let node = object::text(&pod, &["spec", "nodeName"]);
    if node.is_empty() {
        return Err(ApiError::bad_request(format!(
            "pod {} does not have a host assigned",
            object::name(&pod)
        )));
    }
    let container = container(call, &pod)?;
    if call.cluster.life == Life::Still {
        let options = call.request.raw_query.split('&').filter(|option| !option.starts_with("container="));
        let log = proxy::with_query(&container, &options.collect::<Vec<_>>().join("&"));
        return Err(ApiError::unexpected(format!(
            "Get \"https://{node}:10250/containerLogs/{}/{}/{log}\": dial tcp: lookup {node} on {RESOLVER}: no such \
             host",
            object::namespace(&pod),
            object::name(&pod)
        )));
    }
    let wish = wish(call)?;
    let Some(log) = Log::of(&pod, &container, wish.previous) else {
        return Err(no_log(&pod, &container, wish.previous));
    };
    let now = call.cluster.now();
    let body = if call.request.query.flag("follow") && !wish.previous {
        let next = log.first(&wish, now);
        let follow = Follow {
            cluster: Arc::clone(call.cluster),
            changed: state.store.subscribe(),
            ending: call.cluster.ending.subscribe(),
            key: call.key(),
            start: log.start(),
            left_bytes: wish.limit_bytes,
            container,
            timestamps: wish.timestamps,
            next,
        };
        Body::Log(Box::new(follow))
    } else {
        Body::Text(logs::text(&log, &wish, now))
    };
    Ok(Reply { code: StatusCode::OK, content_type: reply::PLAIN, headers: Vec::new(), body })
}

/// The container that is asked for; one has to be named where there are several.
pub(super) fn container(call: &Call<'_>, pod: &Value) -> Result<String, ApiError> {
    let names: Vec<&str> = object::list(pod, &["spec", "containers"])
        .iter()
        .map(|container| object::text(container, &["name"]))
        .collect();
    match (call.request.query.non_empty("container"), names.as_slice()) {
        (Some(wanted), _) if object::container(pod, wanted).is_some() => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(ApiError::bad_request(format!(
            "container {wanted} is not valid for pod {}",
            object::name(pod)
        ))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(ApiError::bad_request(format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            object::name(pod),
            names.join(" ")
        ))),
    }
}

fn wish(call: &Call<'_>) -> Result<Wish, ApiError> {
    let query = &call.request.query;
    let seconds = query.integer("sinceSeconds")?;
    let since = match (seconds, query.non_empty("sinceTime")) {
        (Some(seconds), _) => call.cluster.now().checked_sub(SignedDuration::from_secs(seconds)).ok(),
        (None, Some(time)) => Some(time.parse().map_err(|_| {
            ApiError::bad_request(format!("sinceTime: {time:?} is no time such as 2026-11-21T08:00:00Z"))
        })?),
        (None, None) => None,
    };
    let limit = query.integer("limitBytes")?;
    Ok(Wish {
        tail: query.integer("tailLines")?,
        since,
        limit_bytes: limit.map(|limit| usize::try_from(limit).unwrap_or(0)),
        timestamps: query.flag("timestamps"),
        previous: query.flag("previous"),
    })
}

fn no_log(pod: &Value, container: &str, previous: bool) -> ApiError {
    let name = object::name(pod);
    if previous {
        return ApiError::bad_request(format!(
            "previous terminated container {container:?} in pod {name:?} not found"
        ));
    }
    let waiting = object::container_status(pod, container)
        .map_or("", |status| object::text(status, &["state", "waiting", "reason"]));
    let reason = match waiting {
        "" => "ContainerCreating",
        "ImagePullBackOff" | "ErrImagePull" => "trying and failing to pull image",
        other => other,
    };
    ApiError::bad_request(format!("container {container:?} in pod {name:?} is waiting to start: {reason}"))
}

/// A log that is read as it is written. It ends with the run of its container.
pub(crate) struct Follow {
    cluster: Arc<Cluster>,
    changed: Receiver<u64>,
    ending: Receiver<bool>,
    /// The key of the pod.
    key: String,
    container: String,
    /// Which run is followed.
    start: Timestamp,
    timestamps: bool,
    /// The number of the next line.
    next: i64,
    left_bytes: Option<usize>,
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Follow").field("pod", &self.key).finish_non_exhaustive()
    }
}

/// What a look at a log found.
enum Look {
    Lines(String),
    /// Nothing yet.
    Wait(Duration),
    Over,
}

impl Follow {
    /// What a container says from now on; none if it says nothing.
    pub(super) fn of_now(call: &Call<'_>, state: &State, pod: &Value, container: &str) -> Option<Follow> {
        let log = Log::of(pod, container, false)?;
        Some(Follow {
            cluster: Arc::clone(call.cluster),
            changed: state.store.subscribe(),
            ending: call.cluster.ending.subscribe(),
            key: call.key(),
            container: container.to_owned(),
            start: log.start(),
            timestamps: false,
            next: log.count(call.cluster.now()),
            left_bytes: None,
        })
    }

    /// The next lines; none when the log has ended.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if *self.ending.borrow() || self.left_bytes == Some(0) {
                return None;
            }
            self.changed.mark_unchanged();
            match self.look() {
                Look::Lines(mut text) => {
                    if let Some(left) = &mut self.left_bytes {
                        text.truncate(text.floor_char_boundary(*left));
                        *left -= text.len();
                    }
                    return Some(Bytes::from(text));
                }
                Look::Over => return None,
                Look::Wait(wait) => {
                    tokio::select! {
                        _ = self.changed.changed() => {}
                        _ = self.ending.changed() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    fn look(&mut self) -> Look {
        let now = self.cluster.now();
        let Some(pod) = self.cluster.lock().store.get("pods", &self.key) else { return Look::Over };
        let current = Log::of(&pod, &self.container, false).filter(|log| log.start() == self.start);
        let Some(log) = current else { return Look::Over };
        let until = log.count(now).min(self.next + CHUNK);
        if until > self.next {
            let text = log.lines(self.next..until, self.timestamps, now);
            self.next = until;
            return Look::Lines(text);
        }
        if log.has_ended() {
            return Look::Over;
        }
        let wait = Duration::try_from(log.due(self.next).duration_since(now)).unwrap_or_default();
        Look::Wait(wait.clamp(Duration::from_millis(10), LONGEST_WAIT))
    }
}
