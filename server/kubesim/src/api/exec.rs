//! The `exec` subresource: a session with a process in a container, over a WebSocket.

use http::{StatusCode, header};
use serde_json::Value;

use super::{Body, Call, Reply, log};
use crate::{
    cluster::State,
    kubelet::shell::{
        Shell,
        process::{Process, Streams},
    },
    object,
    options::Life,
    session::{Protocol, Session},
    status::ApiError,
};

/// What RFC 6455 appends to the key of a client.
const HANDSHAKE: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Begins a session.
pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let pod = call.stored(state)?;
    let request = call.request;
    let key = request.header("sec-websocket-key");
    if !request.header("upgrade").eq_ignore_ascii_case("websocket") || key.is_empty() {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    let query = &request.query;
    let command: Vec<String> = query.all("command").map(str::to_owned).collect();
    if command.is_empty() {
        return Err(ApiError::bad_request("you must specify at least 1 command for the container"));
    }
    let container = log::container(call, &pod)?;
    if call.cluster.life == Life::Still || !is_running(&pod, &container) {
        return Err(ApiError::unexpected(format!(
            "unable to upgrade connection: container not found ({container:?})"
        )));
    }
    let offered = request.header("sec-websocket-protocol");
    let Some(protocol) = Protocol::choose(offered) else {
        return Err(ApiError::bad_request(format!(
            "unable to upgrade: none of the subprotocols {offered:?} is spoken here, but v5.channel.k8s.io and \
             v4.channel.k8s.io are"
        )));
    };
    let streams = Streams { stdin: query.flag("stdin"), tty: query.flag("tty") };
    let session = Session {
        process: Process::new(Shell::new(&pod, &container), &command, streams),
        command,
        protocol,
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
    };
    let accept = openssl::base64::encode_block(&openssl::sha::sha1(format!("{key}{HANDSHAKE}").as_bytes()));
    Ok(Reply {
        code: StatusCode::SWITCHING_PROTOCOLS,
        content_type: "",
        headers: vec![
            (header::UPGRADE, "websocket".to_owned()),
            (header::CONNECTION, "Upgrade".to_owned()),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
            (header::SEC_WEBSOCKET_PROTOCOL, protocol.name().to_owned()),
        ],
        body: Body::Session(Box::new(session)),
    })
}

fn is_running(pod: &Value, container: &str) -> bool {
    object::list(pod, &["status", "containerStatuses"]).iter().any(|status| {
        object::text(status, &["name"]) == container && object::at(status, &["state", "running"]).is_some()
    })
}
