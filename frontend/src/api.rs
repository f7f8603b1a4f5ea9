//! Talking to the server: one file per family of paths. Every URL is relative, so any base path works.

mod about;
mod access;
mod alert_rules;
mod alerting;
mod alerts;
mod changes;
mod client;
mod cluster;
mod credentials;
mod dashboards;
mod error;
mod metrics;
mod nodes;
mod query;
mod server;
mod session;
mod snapshots;
mod sources;
mod targets;
mod volumes;

pub(crate) use about::{
    DeprecatedUse, fetch_about, fetch_certificates, fetch_clocks, fetch_deprecated, fetch_gone,
    fetch_kubelets, fetch_recent, fetch_tokens, make_token,
};
pub(crate) use access::{fetch_allowed, fetch_rules, fetch_subjects};
pub(crate) use alert_rules::{delete_rule, fetch_written_rules, preview_rule, save_rule};
pub(crate) use alerting::{
    Rule, RuleGroup, Silence, expire_silence, fetch_alert_rules, fetch_alert_summary, fetch_all_alerts,
    fetch_explained, fetch_notifications, fetch_routing, fetch_silences, history_query, save_routing,
    save_silence,
};
pub(crate) use alerts::{Alert, fetch_alerts};
pub(crate) use changes::{
    Apply, Change, ObjectRef, Refusal, apply, change, fetch_objects, read_object, reveal,
};
pub(crate) use client::{Client, provide_client, use_client};
pub(crate) use cluster::{
    ask_whether_signed_in, fetch_columns, fetch_kinds, fetch_names, fetch_namespaces, fetch_object,
};
pub(crate) use credentials::{fetch_kubeconfig, mint};
pub(crate) use dashboards::{
    delete_dashboard, fetch_answers, fetch_dashboard, fetch_dashboards, fetch_events, fetch_versions,
    make_dashboard, save_dashboard, set_star,
};
pub(crate) use error::ApiError;
pub(crate) use metrics::{fetch_data, fetch_labels, fetch_vocabulary};
pub(crate) use nodes::{Filesystem, Node, fetch_nodes};
pub(crate) use query::{Answer, Detail, Line, QueryResult, ask, instant, instant_query, range, range_query};
pub(crate) use server::fetch_series_count;
pub(crate) use session::{
    Farewell, SessionState, SessionStore, end_session, fetch_sessions, provide_session, use_session,
};
pub(crate) use snapshots::{delete_snapshot, fetch_snapshot, fetch_snapshots, make_snapshot};
pub(crate) use sources::fetch_sources;
pub(crate) use targets::{Target, fetch_targets};
pub(crate) use volumes::fetch_fillings;
