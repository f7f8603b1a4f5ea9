//! The table: every path of the Prometheus API with its parameters and the schema of its answer.

use http::Method;
use serde_json::{Value, json};

/// A path.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    pub(super) methods: &'static [Method],
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) params: &'static [Param],
    /// The media type of a body that is no form.
    pub(super) body: Option<&'static str>,
    pub(super) answer: Answer,
    /// Whether it may fail while it evaluates.
    pub(super) evaluates: bool,
}

/// What is answered.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// The envelope with `data` of this schema.
    Data(&'static str),
    /// Something else, of this media type.
    Text(&'static str),
    /// 204.
    Nothing,
}

/// A parameter.
#[derive(Clone, Copy)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) doc: &'static str,
}

/// What a parameter holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Text,
    Texts,
    /// PromQL.
    Expression,
    /// Series selectors.
    Selectors,
    Time,
    Duration,
    Number,
    Flag,
    /// A name in the path.
    PathName,
}

impl Kind {
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Expression => json!({"type": "string", "examples": ["sum by (job) (rate(up[5m]))"]}),
            Self::Selectors => {
                json!({"type": "array", "items": {"type": "string", "examples": ["{job=\"a\"}"]}})
            }
            Self::Time => json!({
                "description": "Seconds since the epoch, or RFC 3339.",
                "oneOf": [{"type": "number"}, {"type": "string", "format": "date-time"}],
            }),
            Self::Duration => json!({
                "description": "Seconds, or with units: 1h30m.",
                "oneOf": [{"type": "number"}, {"type": "string", "pattern": "^([0-9]+(ms|[smhdwy]))+$"}],
            }),
            Self::Number => json!({"type": "integer"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::PathName => json!({"type": "string", "minLength": 1}),
        }
    }
}

const fn param(name: &'static str, kind: Kind, doc: &'static str) -> Param {
    Param { name, kind, required: false, doc }
}

const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Param {
    Param { name, kind, required: true, doc }
}

const QUERY: Param = required("query", Kind::Expression, "The query.");
const LIMIT: Param = param("limit", Kind::Number, "How many entries are answered; 0 is no limit.");
const START: Param =
    param("start", Kind::Time, "Series without samples before the end need not be answered.");
const END: Param = param("end", Kind::Time, "Series without samples after the start need not be answered.");
const MATCH: Param = param("match[]", Kind::Selectors, "Series that are meant; any of them.");
const TIMEOUT: Param =
    param("timeout", Kind::Duration, "How long it may take; lowers the server's own limit.");
const LOOKBACK: Param = param("lookback_delta", Kind::Duration, "How long a sample counts.");
const RESOLUTION: Param = param(
    "resolution",
    Kind::Text,
    "5m or 1h: answers from buckets of that width, also where there are raw samples.",
);
const STATS: Param = param("stats", Kind::Text, "Any text adds what the query cost; all adds its parts.");

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const DELETE: &[Method] = &[Method::DELETE];
const BOTH: &[Method] = &[Method::GET, Method::POST];
const CHANGES: &[Method] = &[Method::POST, Method::PUT];

const fn row(
    path: &'static str,
    methods: &'static [Method],
    tag: &'static str,
    summary: &'static str,
    params: &'static [Param],
    answer: Answer,
) -> Endpoint {
    Endpoint { path, methods, tag, summary, params, body: None, answer, evaluates: false }
}

const fn evaluating(endpoint: Endpoint) -> Endpoint {
    Endpoint { evaluates: true, ..endpoint }
}

const fn with_body(media_type: &'static str, endpoint: Endpoint) -> Endpoint {
    Endpoint { body: Some(media_type), ..endpoint }
}

use Answer::{Data, Nothing, Text};

const PROTOBUF: &str = "application/x-protobuf";

/// Every path, in order.
#[rustfmt::skip]
pub(super) static ENDPOINTS: &[Endpoint] = &[
    row("/api/v1/admin/tsdb/clean_tombstones", CHANGES, "admin", "Removes deleted samples from disk; nothing is left to do", &[], Nothing),
    row("/api/v1/admin/tsdb/delete_series", CHANGES, "admin", "Deletes samples; off unless the server was told otherwise", &[MATCH, START, END], Nothing),
    row("/api/v1/admin/tsdb/snapshot", CHANGES, "admin", "Takes a snapshot of the store; off unless the server was told otherwise", &[param("skip_head", Kind::Flag, "Leaves the newest samples out.")], Data("Snapshot")),
    row("/api/v1/alertmanagers", GET, "rules", "Where alerts are sent to", &[], Data("Alertmanagers")),
    row("/api/v1/alerts", GET, "rules", "Alerts that are pending or firing", &[], Data("Alerts")),
    row("/api/v1/features", GET, "status", "What this server can do", &[], Data("Features")),
    row("/api/v1/format_query", BOTH, "query", "A query in its usual layout", &[QUERY], Data("Text")),
    with_body("text/plain", row("/api/v1/import/prometheus", POST, "remote", "Samples as a page to scrape has them", &[param("extra_label", Kind::Texts, "Labels for all series, as name=value."), param("timestamp", Kind::Number, "Milliseconds, for samples without a time.")], Nothing)),
    evaluating(row("/api/v1/label/{name}/values", GET, "index", "Values of a label", &[required("name", Kind::PathName, "The label."), MATCH, START, END, LIMIT], Data("Texts"))),
    evaluating(row("/api/v1/labels", BOTH, "index", "Names of labels", &[MATCH, START, END, LIMIT], Data("Texts"))),
    evaluating(row("/api/v1/metadata", GET, "index", "Type, help and unit of metric families", &[param("metric", Kind::Text, "Only this family."), param("limit", Kind::Number, "How many families; negative is no limit."), param("limit_per_metric", Kind::Number, "How many entries a family.")], Data("Metadata"))),
    row("/api/v1/notifications", GET, "status", "What the operator should know", &[], Data("Notifications")),
    row("/api/v1/notifications/live", GET, "status", "The same as server-sent events, as it changes", &[], Text("text/event-stream")),
    row("/api/v1/openapi.yaml", GET, "status", "This description", &[], Text("application/yaml")),
    with_body(PROTOBUF, row("/api/v1/otlp/v1/metrics", POST, "remote", "OpenTelemetry's metrics, in protobuf or JSON", &[], Text(PROTOBUF))),
    row("/api/v1/parse_query", BOTH, "query", "A query as a tree", &[QUERY], Data("Tree")),
    evaluating(row("/api/v1/query", BOTH, "query", "Evaluates a query at one time", &[QUERY, param("time", Kind::Time, "When; now unless given."), TIMEOUT, LIMIT, LOOKBACK, RESOLUTION, STATS], Data("QueryData"))),
    row("/api/v1/query_exemplars", BOTH, "query", "Exemplars of the series of a query; none are kept yet", &[QUERY, START, END], Data("Exemplars")),
    evaluating(row("/api/v1/query_range", BOTH, "query", "Evaluates a query at every step of a range", &[QUERY, required("start", Kind::Time, "The first step."), required("end", Kind::Time, "No step is later."), required("step", Kind::Duration, "Between steps."), TIMEOUT, LIMIT, LOOKBACK, RESOLUTION, STATS], Data("QueryData"))),
    evaluating(with_body(PROTOBUF, row("/api/v1/read", POST, "remote", "Remote read: samples, or a stream of XOR chunks", &[], Text(PROTOBUF)))),
    row("/api/v1/rules", GET, "rules", "Rules by group", &[param("type", Kind::Text, "alert or record."), param("rule_name[]", Kind::Texts, "Only rules of these names."), param("rule_group[]", Kind::Texts, "Only these groups."), param("file[]", Kind::Texts, "Only groups of these files."), param("match[]", Kind::Selectors, "Only rules with such labels."), param("exclude_alerts", Kind::Flag, "Leaves alerts out."), param("group_limit", Kind::Number, "How many groups."), param("group_next_token", Kind::Text, "Where the last answer ended.")], Data("Rules")),
    row("/api/v1/scrape_pools", GET, "targets", "Names of scrape pools: the jobs", &[], Data("ScrapePools")),
    row("/api/v1/series", DELETE, "index", "Not implemented, as in Prometheus", &[], Nothing),
    evaluating(row("/api/v1/series", BOTH, "index", "Label sets of series", &[required("match[]", Kind::Selectors, "Series that are meant; any of them."), START, END, LIMIT], Data("Series"))),
    row("/api/v1/status/buildinfo", GET, "status", "Versions", &[], Data("BuildInfo")),
    row("/api/v1/status/config", GET, "status", "Configuration", &[], Data("Config")),
    row("/api/v1/status/flags", GET, "status", "Flags of the command line", &[], Data("Labels")),
    row("/api/v1/status/runtimeinfo", GET, "status", "The process", &[], Data("RuntimeInfo")),
    evaluating(row("/api/v1/status/tsdb", GET, "status", "What the head of the store holds", &[param("limit", Kind::Number, "Entries a list, 10 unless given.")], Data("TsdbStatus"))),
    row("/api/v1/status/tsdb/blocks", GET, "status", "Blocks on disk", &[], Data("Blocks")),
    row("/api/v1/status/walreplay", GET, "status", "What was read at the start", &[], Data("WalReplay")),
    row("/api/v1/targets", GET, "targets", "Sources that push", &[param("state", Kind::Text, "active, dropped or any."), param("scrapePool", Kind::Text, "Only this job.")], Data("Targets")),
    row("/api/v1/targets/metadata", GET, "targets", "What targets told of metric families", &[param("match_target", Kind::Text, "Targets with such labels."), param("metric", Kind::Text, "Only this family."), param("limit", Kind::Number, "How many targets.")], Data("TargetMetadata")),
    row("/api/v1/targets/relabel_steps", GET, "targets", "What relabelling does to a target", &[required("scrapePool", Kind::Text, "The pool."), required("labels", Kind::Text, "The target's labels, a JSON object.")], Data("Tree")),
    with_body(PROTOBUF, row("/api/v1/write", POST, "remote", "Remote write", &[], Nothing)),
    evaluating(row("/federate", GET, "remote", "The newest sample of each series, as a page to scrape", &[MATCH], Text("text/plain"))),
];
