//! The subresources `exec`, `attach` and `portforward`: sessions with a process in a container or with a port of a pod, over
//! a WebSocket.

use http::{StatusCode, header};
use serde_json::Value;

use super::{Body, Call, Reply, log, log::Follow};
use crate::{
    cluster::State,
    kubelet::shell::{
        Shell,
        process::{Process, Streams},
    },
    object,
    options::Life,
    port_forward::{self, PortForward},
    session::{Protocol, Session},
    status::ApiError,
};

/// What RFC 6455 appends to the key of a client.
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// What answers where no container's process is.
const SHELL: &str = "sh";

/// Begins a session with a new process of a container.
pub(super) fn exec(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    let key = key(call)?;
    let query = &call.request.query;
    let command: Vec<String> = query.all("command").map(str::to_owned).collect();
    if command.is_empty() {
        return Err(ApiError::bad_request("you must specify at least 1 command for the container"));
    }
    let container = running_container(call, &pod)?;
    let streams = Streams { stdin: query.flag("stdin"), tty: query.flag("tty") };
    let process = Process::new(Shell::new(&pod, &container), &command, streams);
    begin(call, key, |protocol| Session {
        process,
        log: None,
        main: None,
        command,
        protocol,
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
    })
}

/// Begins a session with the process that a container runs: a shell where it reads its input, else one that says what its log
/// has.
pub(super) fn attach(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    let key = key(call)?;
    let container = running_container(call, &pod)?;
    let query = &call.request.query;
    let spec = object::container(&pod, &container).cloned().unwrap_or_default();
    let flag = |name: &str| spec.get(name).and_then(Value::as_bool).unwrap_or_default();
    let streams = Streams { stdin: query.flag("stdin") && flag("stdin"), tty: flag("tty") };
    let shell = Shell::new(&pod, &container);
    let (process, log) = if flag("stdin") {
        (Process::new(shell, &[SHELL.to_owned()], streams), None)
    } else {
        (Some(Process::silent(shell, streams)), Follow::of_now(call, state, &pod, &container).map(Box::new))
    };
    begin(call, key, |protocol| Session {
        process,
        log,
        main: Some((call.key(), container)),
        command: Vec::new(),
        protocol,
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
    })
}

/// Begins a session with ports of a pod.
///
/// Of the two ways that API servers have, this is the older: a WebSocket with two channels for each of the ports in the query.
/// The other one carries SPDY in a WebSocket, which only kubectl speaks.
pub(super) fn forward(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    let key = key(call)?;
    let ports: Option<Vec<u16>> = call.request.query.all("ports").map(|port| port.parse().ok()).collect();
    let ports = ports
        .filter(|ports| !ports.is_empty() && !ports.contains(&0))
        .ok_or_else(|| ApiError::bad_request("query parameter \"ports\" is required"))?;
    if call.cluster.life == Life::Still || object::text(&pod, &["status", "phase"]) != "Running" {
        return Err(ApiError::unexpected("unable to forward port because pod is not running"));
    }
    let forward = PortForward { ports, pod: pod.as_ref().clone() };
    let offered = call.request.header("sec-websocket-protocol");
    let Some(protocol) = offered.split(',').map(str::trim).find(|name| port_forward::SPOKEN.contains(name))
    else {
        return Err(not_spoken(offered, port_forward::SPOKEN));
    };
    Ok(upgraded(key, protocol, Body::PortForward(Box::new(forward))))
}

/// The key of a WebSocket's handshake.
fn key<'c>(call: &Call<'c>) -> Result<&'c str, ApiError> {
    let key = call.request.header("sec-websocket-key");
    if !call.request.header("upgrade").eq_ignore_ascii_case("websocket") || key.is_empty() {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    Ok(key)
}

/// The container that is asked for, which has to run.
fn running_container(call: &Call<'_>, pod: &Value) -> Result<String, ApiError> {
    let container = log::container(call, pod)?;
    if call.cluster.life == Life::Still || !is_running(pod, &container) {
        return Err(ApiError::unexpected(format!(
            "unable to upgrade connection: container not found ({container:?})"
        )));
    }
    Ok(container)
}

/// Agrees on a protocol and begins a session.
fn begin(call: &Call<'_>, key: &str, session: impl FnOnce(Protocol) -> Session) -> Result<Reply, ApiError> {
    let offered = call.request.header("sec-websocket-protocol");
    let protocol =
        Protocol::choose(offered).ok_or_else(|| not_spoken(offered, &Protocol::ALL.map(Protocol::name)))?;
    Ok(upgraded(key, protocol.name(), Body::Session(Box::new(session(protocol)))))
}

fn not_spoken(offered: &str, spoken: &[&str]) -> ApiError {
    ApiError::bad_request(format!(
        "unable to upgrade: none of the subprotocols {offered:?} is spoken here, but {} are",
        spoken.join(" and ")
    ))
}

/// The answer that turns a request into a session.
fn upgraded(key: &str, protocol: &str, body: Body) -> Reply {
    let accept = openssl::base64::encode_block(&openssl::sha::sha1(format!("{key}{HANDSHAKE}").as_bytes()));
    Reply {
        code: StatusCode::SWITCHING_PROTOCOLS,
        content_type: "",
        headers: vec![
            (header::UPGRADE, "websocket".to_owned()),
            (header::CONNECTION, "Upgrade".to_owned()),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
            (header::SEC_WEBSOCKET_PROTOCOL, protocol.to_owned()),
        ],
        body,
    }
}

fn is_running(pod: &Value, container: &str) -> bool {
    object::container_status(pod, container)
        .is_some_and(|status| object::at(status, &["state", "running"]).is_some())
}
