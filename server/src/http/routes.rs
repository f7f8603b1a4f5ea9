//! The route table. Every path that the server answers to is a row here; the router, the guards and the tests are
//! made from it.

use axum::routing::{MethodFilter, MethodRouter, on};
use crowsnest_rbac::{Access, Effect, Role};
use http::Method;

use super::{
    AppState, about, access, alert_rules, alerts, answers, apply, backup, changes, credentials, dashboards,
    discovery, events, forward, gone, health, metrics, objects, own_sessions, queries, recent, render,
    reveal, routing, schema, session, snapshots, sources, stream, ui,
};
use crate::alertmanager_api;
use crate::api_v1::{
    admin, exemplars, expression, features, federate, import, labels, metadata, notifications, openapi,
    query, read, rules, status, targets, write,
};
use crate::{influx, metrics_api, otlp, pushgateway};

/// Bodies of ordinary requests.
const SMALL: usize = 64 << 10;
/// What one signs in with: a token, or a file of up to a quarter of a megabyte.
const SIGN_IN: usize = 384 << 10;
/// A query and its parameters as a form.
const FORM: usize = 1 << 20;
/// An object of the cluster, or many as one text: more than etcd takes of one.
const OBJECTS_SENT: usize = 3 << 20;
/// A dashboard, or a version of it: its text is JSON within JSON.
const DASHBOARD_SENT: usize = 18 << 20;
/// A batch of alerts.
const ALERTS: usize = 8 << 20;
/// A compressed push of samples; what it decompresses to has a limit of its own.
const PUSH: usize = write::MAX_BODY;

/// One method of one path.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// What a caller must be.
    pub(super) access: Access,
    /// Whether it changes anything.
    pub(super) effect: Effect,
    /// Bytes that a request's body may have.
    pub(super) body_limit: usize,
    pub(super) handler: fn(MethodFilter) -> MethodRouter<AppState>,
}

/// Answers are confined to what the caller may see; see `api_v1/seen.rs`.
const SERIES: Access = Access::Series;
const VIEW: Access = Access::Role(Role::Viewer);
const ADMIN: Access = Access::Role(Role::Admin);

/// A row that answers a question.
const fn reads(method: Method, path: &'static str, access: Access, handler: Handler) -> Route {
    Route { method, path, access, effect: Effect::Reads, body_limit: FORM, handler }
}

/// A row that changes something.
const fn changes(
    method: Method,
    path: &'static str,
    access: Access,
    body_limit: usize,
    handler: Handler,
) -> Route {
    Route { method, path, access, effect: Effect::Changes, body_limit, handler }
}

type Handler = fn(MethodFilter) -> MethodRouter<AppState>;

const TOKENS: &str = "/api/crowsnest/v1/bootstrap-tokens";
const CERTIFICATES: &str = "/api/crowsnest/v1/certificates";
const CHECK: &str = "/api/crowsnest/v1/access/check";
const DASHBOARDS: &str = "/api/crowsnest/v1/dashboards";
const DASHBOARD: &str = "/api/crowsnest/v1/dashboards/{uid}";
const STAR: &str = "/api/crowsnest/v1/dashboards/{uid}/star";
const ALERTS_SEEN: &str = "/api/crowsnest/v1/alerts";
const KINDS: &str = "/api/crowsnest/v1/kinds";
const NAMESPACES: &str = "/api/crowsnest/v1/namespaces";
const OBJECTS: &str = "/api/crowsnest/v1/objects/{kind}/{namespace}";
const OBJECT: &str = "/api/crowsnest/v1/objects/{kind}/{namespace}/{name}";
const PODS_THERE: &str = "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods";
const POD_THERE: &str = "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}";
/// Open ports: the name of one is what lets a request through, for its pages have no session (see `forward.rs`).
const PORT: &str = "/forward/proxy/{id}/";
const BELOW_PORT: &str = "/forward/proxy/{id}/{*path}";
/// `job/NAME`, and more labels.
const PUSHED_GROUP: &str = "/metrics/{*group}";
const OTLP_GRPC: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const REVEAL: &str = "/api/crowsnest/v1/reveal/{namespace}/{name}";
const RENDER: &str = "/api/crowsnest/v1/render";
const QUERIES: &str = "/api/crowsnest/v1/queries";
const QUERY: &str = "/api/crowsnest/v1/queries/{id}";
const ROUTING: &str = "/api/crowsnest/v1/routing";
const RULES: &str = "/api/crowsnest/v1/rules";
const RULE: &str = "/api/crowsnest/v1/rules/{id}";
const SILENCE: &str = "/alertmanager/api/v2/silence/{id}";
const SESSION: &str = "/api/crowsnest/v1/session";
const SESSIONS: &str = "/api/crowsnest/v1/sessions";
const OWN_SESSION: &str = "/api/crowsnest/v1/sessions/{id}";
const SNAPSHOTS: &str = "/api/crowsnest/v1/snapshots";
const SNAPSHOT: &str = "/api/crowsnest/v1/snapshots/{id}";
const WAYS: &str = "/api/crowsnest/v1/session/ways";

/// All routes, in order of their paths.
pub(super) static ROUTES: &[Route] = &[
    reads(Method::GET, "/", Access::Public, |m| on(m, ui::index)),
    reads(Method::GET, "/-/healthy", Access::Public, |m| on(m, health::healthy)),
    reads(Method::GET, "/-/ready", Access::Public, |m| on(m, health::ready)),
    changes(Method::POST, "/-/reload", ADMIN, SMALL, |m| on(m, health::reload)),
    changes(Method::PUT, "/-/reload", ADMIN, SMALL, |m| on(m, health::reload)),
    reads(Method::GET, "/alertmanager/api/v2/alerts", SERIES, |m| on(m, alertmanager_api::alerts)),
    changes(Method::POST, "/alertmanager/api/v2/alerts", Access::Ingest, ALERTS, |m| {
        on(m, alertmanager_api::post_alerts)
    }),
    reads(Method::GET, "/alertmanager/api/v2/alerts/groups", SERIES, |m| on(m, alertmanager_api::groups)),
    reads(Method::GET, "/alertmanager/api/v2/receivers", VIEW, |m| on(m, alertmanager_api::receivers)),
    changes(Method::DELETE, SILENCE, Access::User, SMALL, |m| on(m, alertmanager_api::expire_silence)),
    reads(Method::GET, SILENCE, SERIES, |m| on(m, alertmanager_api::silence)),
    reads(Method::GET, "/alertmanager/api/v2/silences", SERIES, |m| on(m, alertmanager_api::silences)),
    changes(Method::POST, "/alertmanager/api/v2/silences", Access::User, FORM, |m| {
        on(m, alertmanager_api::post_silence)
    }),
    reads(Method::GET, "/alertmanager/api/v2/status", SERIES, |m| on(m, alertmanager_api::status)),
    reads(Method::GET, CHECK, Access::User, |m| on(m, access::check)),
    reads(Method::POST, CHECK, Access::User, |m| on(m, access::check)),
    reads(Method::GET, "/api/crowsnest/v1/access/rules/{namespace}", Access::User, |m| on(m, access::rules)),
    reads(Method::GET, "/api/crowsnest/v1/access/subjects", Access::User, |m| on(m, access::subjects)),
    reads(Method::GET, ALERTS_SEEN, SERIES, |m| on(m, alerts::list)),
    reads(Method::GET, "/api/crowsnest/v1/alerts/one/{fingerprint}", SERIES, |m| on(m, alerts::one)),
    reads(Method::GET, "/api/crowsnest/v1/alerts/summary", SERIES, |m| on(m, alerts::summary)),
    reads(Method::POST, "/api/crowsnest/v1/answers", SERIES, |m| on(m, answers::answer)),
    changes(Method::POST, "/api/crowsnest/v1/apply", Access::User, OBJECTS_SENT, |m| on(m, apply::apply)),
    reads(Method::GET, "/api/crowsnest/v1/backup", ADMIN, |m| on(m, backup::read)),
    reads(Method::GET, TOKENS, Access::User, |m| on(m, about::tokens)),
    changes(Method::POST, TOKENS, Access::User, SMALL, |m| on(m, about::make_token)),
    reads(Method::GET, CERTIFICATES, Access::User, |m| on(m, about::certificates)),
    changes(Method::POST, CERTIFICATES, Access::User, SMALL, |m| on(m, credentials::mint)),
    reads(Method::GET, "/api/crowsnest/v1/cluster", Access::User, |m| on(m, about::cluster)),
    reads(Method::GET, DASHBOARDS, Access::User, |m| on(m, dashboards::list)),
    changes(Method::POST, DASHBOARDS, Access::User, DASHBOARD_SENT, |m| on(m, dashboards::make)),
    changes(Method::DELETE, DASHBOARD, Access::User, SMALL, |m| on(m, dashboards::delete)),
    reads(Method::GET, DASHBOARD, Access::User, |m| on(m, dashboards::one)),
    changes(Method::PUT, DASHBOARD, Access::User, DASHBOARD_SENT, |m| on(m, dashboards::save)),
    changes(Method::DELETE, STAR, Access::User, SMALL, |m| on(m, dashboards::unstar)),
    changes(Method::PUT, STAR, Access::User, SMALL, |m| on(m, dashboards::star)),
    reads(Method::GET, "/api/crowsnest/v1/dashboards/{uid}/versions", Access::User, |m| {
        on(m, dashboards::versions)
    }),
    reads(Method::GET, "/api/crowsnest/v1/events", Access::User, |m| on(m, events::events)),
    changes(Method::POST, "/api/crowsnest/v1/forwards", Access::User, SMALL, |m| on(m, forward::open)),
    reads(Method::GET, "/api/crowsnest/v1/gone/{namespace}/{name}", Access::User, |m| on(m, gone::gone)),
    reads(Method::GET, KINDS, Access::User, |m| on(m, objects::kinds)),
    changes(Method::POST, "/api/crowsnest/v1/kubeconfig", Access::User, SMALL, |m| {
        on(m, credentials::kubeconfig)
    }),
    reads(Method::GET, NAMESPACES, Access::User, |m| on(m, objects::namespaces)),
    reads(Method::GET, "/api/crowsnest/v1/notifications", SERIES, |m| on(m, alerts::notifications)),
    reads(Method::GET, OBJECTS, Access::User, |m| on(m, objects::list)),
    changes(Method::POST, OBJECTS, Access::User, OBJECTS_SENT, |m| on(m, changes::create)),
    changes(Method::DELETE, OBJECT, Access::User, SMALL, |m| on(m, changes::delete)),
    reads(Method::GET, OBJECT, Access::User, |m| on(m, objects::one)),
    changes(Method::PATCH, OBJECT, Access::User, OBJECTS_SENT, |m| on(m, changes::patch)),
    changes(Method::POST, OBJECT, Access::User, SMALL, |m| on(m, changes::create_below)),
    changes(Method::PUT, OBJECT, Access::User, OBJECTS_SENT, |m| on(m, changes::replace)),
    reads(Method::GET, QUERIES, Access::User, |m| on(m, queries::list)),
    changes(Method::DELETE, QUERY, Access::User, SMALL, |m| on(m, queries::end)),
    reads(Method::GET, "/api/crowsnest/v1/recent", Access::User, |m| on(m, recent::recent)),
    reads(Method::GET, RENDER, SERIES, |m| on(m, render::kept)),
    Route {
        method: Method::POST,
        path: RENDER,
        access: SERIES,
        effect: Effect::Reads,
        body_limit: DASHBOARD_SENT,
        handler: |m| on(m, render::sent),
    },
    changes(Method::POST, REVEAL, Access::User, SMALL, |m| on(m, reveal::reveal)),
    reads(Method::GET, ROUTING, Access::User, |m| on(m, routing::read)),
    changes(Method::PUT, ROUTING, Access::User, FORM, |m| on(m, routing::save)),
    reads(Method::GET, RULES, Access::User, |m| on(m, alert_rules::list)),
    changes(Method::POST, RULES, Access::User, FORM, |m| on(m, alert_rules::make)),
    reads(Method::POST, "/api/crowsnest/v1/rules/preview", SERIES, |m| on(m, alert_rules::preview)),
    changes(Method::DELETE, RULE, Access::User, SMALL, |m| on(m, alert_rules::delete)),
    changes(Method::PUT, RULE, Access::User, FORM, |m| on(m, alert_rules::save)),
    reads(Method::GET, "/api/crowsnest/v1/schema/{group}/{version}", Access::User, |m| on(m, schema::read)),
    changes(Method::DELETE, SESSION, Access::User, SMALL, |m| on(m, session::sign_out)),
    reads(Method::GET, SESSION, Access::User, |m| on(m, session::who_am_i)),
    changes(Method::POST, SESSION, Access::Public, SIGN_IN, |m| on(m, session::sign_in)),
    changes(Method::POST, "/api/crowsnest/v1/session/oidc", Access::Public, SMALL, |m| {
        on(m, session::begin_login)
    }),
    reads(Method::GET, WAYS, Access::Public, |m| on(m, session::ways)),
    changes(Method::DELETE, SESSIONS, Access::User, SMALL, |m| on(m, own_sessions::end_all)),
    reads(Method::GET, SESSIONS, Access::User, |m| on(m, own_sessions::list)),
    changes(Method::DELETE, OWN_SESSION, Access::User, SMALL, |m| on(m, own_sessions::end)),
    reads(Method::GET, SNAPSHOTS, Access::User, |m| on(m, snapshots::list)),
    changes(Method::POST, SNAPSHOTS, Access::User, DASHBOARD_SENT, |m| on(m, snapshots::make)),
    changes(Method::DELETE, SNAPSHOT, Access::User, SMALL, |m| on(m, snapshots::delete)),
    reads(Method::GET, SNAPSHOT, Access::User, |m| on(m, snapshots::one)),
    reads(Method::GET, "/api/crowsnest/v1/sources", VIEW, |m| on(m, sources::list)),
    changes(Method::POST, "/api/v1/admin/tsdb/clean_tombstones", ADMIN, FORM, |m| {
        on(m, admin::clean_tombstones)
    }),
    changes(Method::PUT, "/api/v1/admin/tsdb/clean_tombstones", ADMIN, FORM, |m| {
        on(m, admin::clean_tombstones)
    }),
    changes(Method::POST, "/api/v1/admin/tsdb/delete_series", ADMIN, FORM, |m| on(m, admin::delete_series)),
    changes(Method::PUT, "/api/v1/admin/tsdb/delete_series", ADMIN, FORM, |m| on(m, admin::delete_series)),
    changes(Method::POST, "/api/v1/admin/tsdb/snapshot", ADMIN, FORM, |m| on(m, admin::snapshot)),
    changes(Method::PUT, "/api/v1/admin/tsdb/snapshot", ADMIN, FORM, |m| on(m, admin::snapshot)),
    reads(Method::GET, "/api/v1/alertmanagers", VIEW, |m| on(m, rules::alertmanagers)),
    reads(Method::GET, "/api/v1/alerts", SERIES, |m| on(m, rules::alerts)),
    reads(Method::GET, "/api/v1/features", SERIES, |m| on(m, features::features)),
    reads(Method::GET, "/api/v1/format_query", SERIES, |m| on(m, expression::format)),
    reads(Method::POST, "/api/v1/format_query", SERIES, |m| on(m, expression::format)),
    changes(Method::POST, "/api/v1/import/prometheus", Access::Ingest, PUSH, |m| on(m, import::prometheus)),
    reads(Method::GET, "/api/v1/label/{name}/values", SERIES, |m| on(m, labels::values)),
    reads(Method::GET, "/api/v1/labels", SERIES, |m| on(m, labels::names)),
    reads(Method::POST, "/api/v1/labels", SERIES, |m| on(m, labels::names)),
    reads(Method::GET, "/api/v1/metadata", SERIES, |m| on(m, metadata::metadata)),
    reads(Method::GET, "/api/v1/notifications", VIEW, |m| on(m, notifications::list)),
    reads(Method::GET, "/api/v1/notifications/live", VIEW, |m| on(m, notifications::live)),
    reads(Method::GET, "/api/v1/openapi.yaml", VIEW, |m| on(m, openapi::openapi)),
    changes(Method::POST, "/api/v1/otlp/v1/metrics", Access::Ingest, PUSH, |m| on(m, otlp::export)),
    reads(Method::GET, "/api/v1/parse_query", SERIES, |m| on(m, expression::parse)),
    reads(Method::POST, "/api/v1/parse_query", SERIES, |m| on(m, expression::parse)),
    reads(Method::GET, "/api/v1/query", SERIES, |m| on(m, query::instant)),
    reads(Method::POST, "/api/v1/query", SERIES, |m| on(m, query::instant)),
    reads(Method::GET, "/api/v1/query_exemplars", SERIES, |m| on(m, exemplars::query)),
    reads(Method::POST, "/api/v1/query_exemplars", SERIES, |m| on(m, exemplars::query)),
    reads(Method::GET, "/api/v1/query_range", SERIES, |m| on(m, query::range)),
    reads(Method::POST, "/api/v1/query_range", SERIES, |m| on(m, query::range)),
    reads(Method::POST, "/api/v1/read", SERIES, |m| on(m, read::read)),
    reads(Method::GET, "/api/v1/rules", SERIES, |m| on(m, rules::rules)),
    reads(Method::GET, "/api/v1/scrape_pools", VIEW, |m| on(m, targets::scrape_pools)),
    changes(Method::DELETE, "/api/v1/series", ADMIN, SMALL, |m| on(m, admin::not_implemented)),
    reads(Method::GET, "/api/v1/series", SERIES, |m| on(m, labels::series)),
    reads(Method::POST, "/api/v1/series", SERIES, |m| on(m, labels::series)),
    reads(Method::GET, "/api/v1/status/buildinfo", SERIES, |m| on(m, status::build_info)),
    reads(Method::GET, "/api/v1/status/config", VIEW, |m| on(m, status::settings::config)),
    reads(Method::GET, "/api/v1/status/flags", VIEW, |m| on(m, status::settings::flags)),
    reads(Method::GET, "/api/v1/status/runtimeinfo", VIEW, |m| on(m, status::process::runtime_info)),
    reads(Method::GET, "/api/v1/status/tsdb", VIEW, |m| on(m, status::tsdb)),
    reads(Method::GET, "/api/v1/status/tsdb/blocks", VIEW, |m| on(m, status::blocks::blocks)),
    reads(Method::GET, "/api/v1/status/walreplay", VIEW, |m| on(m, status::process::wal_replay)),
    reads(Method::GET, "/api/v1/targets", VIEW, |m| on(m, targets::targets)),
    reads(Method::GET, "/api/v1/targets/metadata", VIEW, |m| on(m, targets::metadata)),
    reads(Method::GET, "/api/v1/targets/relabel_steps", VIEW, |m| on(m, targets::relabel_steps)),
    changes(Method::POST, "/api/v1/write", Access::Ingest, PUSH, |m| on(m, write::push)),
    changes(Method::POST, "/api/v2/write", Access::Ingest, PUSH, |m| on(m, influx::write)),
    reads(Method::GET, "/apis/metrics.k8s.io", Access::ApiServer, |m| on(m, metrics_api::group)),
    reads(Method::GET, "/apis/metrics.k8s.io/v1beta1", Access::ApiServer, |m| on(m, metrics_api::kinds)),
    reads(Method::GET, PODS_THERE, Access::ApiServer, |m| on(m, metrics_api::pods_there)),
    reads(Method::GET, POD_THERE, Access::ApiServer, |m| on(m, metrics_api::pod)),
    reads(Method::GET, "/apis/metrics.k8s.io/v1beta1/nodes", Access::ApiServer, |m| {
        on(m, metrics_api::nodes)
    }),
    reads(Method::GET, "/apis/metrics.k8s.io/v1beta1/nodes/{name}", Access::ApiServer, |m| {
        on(m, metrics_api::node)
    }),
    reads(Method::GET, "/apis/metrics.k8s.io/v1beta1/pods", Access::ApiServer, |m| on(m, metrics_api::pods)),
    reads(Method::GET, "/apis/ui.crowsnest.dev", Access::Public, |m| on(m, discovery::group)),
    reads(Method::GET, "/apis/ui.crowsnest.dev/v1", Access::Public, |m| on(m, discovery::kinds)),
    reads(Method::GET, "/assets/{*name}", Access::Public, |m| on(m, ui::asset)),
    reads(Method::GET, "/federate", SERIES, |m| on(m, federate::federate)),
    reads(Method::GET, PORT, Access::Public, |m| on(m, forward::pass)),
    reads(Method::OPTIONS, PORT, Access::Public, |m| on(m, forward::options)),
    changes(Method::POST, PORT, Access::Public, FORM, |m| on(m, forward::pass)),
    reads(Method::GET, BELOW_PORT, Access::Public, |m| on(m, forward::pass)),
    reads(Method::OPTIONS, BELOW_PORT, Access::Public, |m| on(m, forward::options)),
    changes(Method::POST, BELOW_PORT, Access::Public, FORM, |m| on(m, forward::pass)),
    reads(Method::GET, "/healthz", Access::Public, |m| on(m, health::healthy)),
    reads(Method::GET, "/metrics", VIEW, |m| on(m, metrics::metrics)),
    changes(Method::DELETE, PUSHED_GROUP, Access::Ingest, SMALL, |m| on(m, pushgateway::delete)),
    changes(Method::POST, PUSHED_GROUP, Access::Ingest, PUSH, |m| on(m, pushgateway::push)),
    changes(Method::PUT, PUSHED_GROUP, Access::Ingest, PUSH, |m| on(m, pushgateway::push)),
    changes(Method::POST, OTLP_GRPC, Access::Ingest, PUSH, |m| on(m, otlp::grpc_export)),
    reads(Method::GET, "/readyz", Access::Public, |m| on(m, health::ready)),
    reads(Method::GET, "/stream/log", Access::User, |m| on(m, stream::open)),
    changes(Method::POST, "/write", Access::Ingest, PUSH, |m| on(m, influx::write)),
];
