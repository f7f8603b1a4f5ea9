//! Talking to the server: one file per family of paths. Every URL is relative, so any base path works.

mod client;
mod cluster;
mod error;
mod metrics;
mod nodes;
mod query;
mod server;
mod session;
mod volumes;

pub(crate) use client::{Client, provide_client, use_client};
pub(crate) use cluster::{ask_whether_signed_in, fetch_namespaces};
pub(crate) use error::ApiError;
pub(crate) use metrics::{fetch_labels, fetch_vocabulary};
pub(crate) use nodes::{Filesystem, Node, fetch_nodes};
pub(crate) use query::{Answer, Detail, Line, QueryResult, ask, instant, instant_query, range, range_query};
pub(crate) use server::fetch_series_count;
pub(crate) use session::{Farewell, SessionState, SessionStore, provide_session, use_session};
pub(crate) use volumes::fetch_fillings;
