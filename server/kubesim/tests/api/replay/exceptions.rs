//! Recorded exchanges that are not answered as they were yet, and why.

/// Each WebSocket is recorded as lines, not as an exchange.
const WEBSOCKET: &str = "the proxies do not pass an upgraded connection on";
const STREAMS: &str = "takes ninety seconds each, and no test waits that long";
const CONTROLLERS: &str = "the answer speaks of what the Deployment controller had done in the meantime";
const ALIASED: &str = "the recorder added its approval to the recorded answer before it wrote it down";
const RESOLVER: &str = "the answer names the recorded machine's own name server";
const WATCH_CACHE: &str = "the recorded server's storage told it no progress; with etcd it sends the state";
const HISTORY: &str = "the history before the recorded lists is in no recording";

/// Recording, name, reason.
pub(crate) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("writes", "restart by annotation", CONTROLLERS),
    ("writes", "logs without a kubelet", RESOLVER),
    ("writes", "delete foreground", CONTROLLERS),
    ("certificates", "create", ALIASED),
    ("service-proxy", "websocket, client certificate", WEBSOCKET),
    ("service-proxy", "websocket, bearer header", WEBSOCKET),
    ("service-proxy", "websocket, bearer subprotocol", WEBSOCKET),
    ("service-proxy", "websocket refused to nobody", WEBSOCKET),
    ("aggregated-api", "websocket, client certificate", WEBSOCKET),
    ("streams-90s", "aggregated, resource and name only", STREAMS),
    ("streams-90s", "aggregated, subresource sse", STREAMS),
    ("streams-90s", "aggregated, subresource log", STREAMS),
    ("streams-90s", "service proxy", STREAMS),
    ("watches", "from now, initial state as ADDED", WATCH_CACHE),
    ("watches", "sendInitialEvents with bookmark", WATCH_CACHE),
    ("watches", "too old", HISTORY),
    ("watches", "watch as Table", WATCH_CACHE),
];

/// Why an exchange may fail.
pub(crate) fn reason(recording: &str, name: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|row| row.0 == recording && row.1 == name).map(|row| row.2)
}
