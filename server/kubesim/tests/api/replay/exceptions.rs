//! Recorded exchanges that are not answered as they were yet, and why.

/// The server has nothing behind Services yet.
const PROXY: &str = "the service proxy finds its backend, but does not pass requests on yet";
const AGGREGATION: &str = "APIServices of other servers are not served yet";
const STREAMS: &str = "neither the service proxy nor the aggregation layer passes streams on yet";
const UNSAFE: &str =
    "the split of proxy rights into safe and unsafe paths is not known well enough to be copied";
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
    ("service-proxy", "GET as alice, by client certificate", PROXY),
    ("service-proxy", "GET as admin, by client certificate", PROXY),
    ("service-proxy", "GET as admin-user, by bearer token", PROXY),
    ("service-proxy", "GET as nobody, by nobody", UNSAFE),
    ("service-proxy", "POST as admin", PROXY),
    ("service-proxy", "PUT as admin", PROXY),
    ("service-proxy", "PATCH as admin", PROXY),
    ("service-proxy", "DELETE as admin", PROXY),
    ("service-proxy", "OPTIONS as admin", PROXY),
    ("service-proxy", "GET /", PROXY),
    ("service-proxy", "GET /html", PROXY),
    ("service-proxy", "GET /redirect", PROXY),
    ("service-proxy", "GET /cookie", PROXY),
    ("service-proxy", "GET /wasm", PROXY),
    ("service-proxy", "GET /status", PROXY),
    ("service-proxy", "GET /a%2Fb/../c", PROXY),
    ("service-proxy", "GET /with%20space", PROXY),
    ("service-proxy", "GET /html asking for gzip", PROXY),
    ("service-proxy", "service id crowsnest", PROXY),
    ("service-proxy", "service id https:crowsnest:443", PROXY),
    ("service-proxy", "service id http:crowsnest:", PROXY),
    ("service-proxy", "server-sent events, one a second", PROXY),
    ("service-proxy", "websocket, client certificate", PROXY),
    ("service-proxy", "websocket, bearer header", PROXY),
    ("service-proxy", "websocket, bearer subprotocol", PROXY),
    ("service-proxy", "websocket refused to nobody", PROXY),
    ("service-proxy", "where the Service names its port \"https\": GET /", PROXY),
    ("service-proxy", "where the Service names its port \"https\": service id crowsnest", PROXY),
    ("service-proxy", "where the Service names its port \"https\": service id https:crowsnest:https", PROXY),
    ("service-proxy", "where the Service names its port \"https\": service id https:crowsnest:443", PROXY),
    ("service-proxy", "where the Service names its port \"https\": service id http:crowsnest:", PROXY),
    ("aggregated-api", "GET web/index as alice", AGGREGATION),
    ("aggregated-api", "GET web/index as admin", AGGREGATION),
    ("aggregated-api", "GET web/index as admin-user", AGGREGATION),
    ("aggregated-api", "POST as alice", AGGREGATION),
    ("aggregated-api", "PUT as alice", AGGREGATION),
    ("aggregated-api", "PATCH as alice", AGGREGATION),
    ("aggregated-api", "DELETE as alice", AGGREGATION),
    ("aggregated-api", "GET (no slash)", AGGREGATION),
    ("aggregated-api", "GET /", AGGREGATION),
    ("aggregated-api", "GET /html", AGGREGATION),
    ("aggregated-api", "GET /web/html", AGGREGATION),
    ("aggregated-api", "GET /web/redirect", AGGREGATION),
    ("aggregated-api", "GET /web/cookie", AGGREGATION),
    ("aggregated-api", "GET /web/wasm", AGGREGATION),
    ("aggregated-api", "GET /web/status", AGGREGATION),
    ("aggregated-api", "GET /deep/a/b/c/d", AGGREGATION),
    ("aggregated-api", "server-sent events, one a second", AGGREGATION),
    ("aggregated-api", "websocket, client certificate", AGGREGATION),
    ("aggregated-api", "discovery of the group", AGGREGATION),
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
