//! The HTTP surface: the route table, and what every request passes on its way to a handler.

mod about;
mod access;
mod alert_rules;
mod alerts;
mod answers;
mod app;
mod apply;
mod backup;
mod base_path;
mod body_limit;
mod changes;
mod cors;
mod credentials;
mod dashboards;
mod discovery;
mod error;
mod events;
#[cfg(test)]
mod figures;
mod forward;
mod gone;
mod guard;
mod health;
mod host;
mod layers;
#[cfg(test)]
mod matrix;
mod metrics;
mod objects;
mod own_sessions;
mod queries;
mod reader;
mod recent;
mod render;
mod reveal;
mod routes;
mod routing;
mod schema;
mod security_headers;
mod session;
mod snapshots;
mod sources;
mod stream;
mod streamed;
#[cfg(test)]
mod surface;
mod terminal;
mod ui;

use app::blocking;
pub(crate) use app::{App, AppState};
pub(crate) use base_path::BasePath;
#[cfg(fuzzing)]
pub(crate) use base_path::locate_any;
pub(crate) use cors::CorsOrigin;
pub(crate) use error::{ApiError, ErrorKind, KeepsBody};
pub(crate) use layers::router;
pub(crate) use objects::Viewer;
pub(crate) use reader::{Reader, Verb};
pub(crate) use streamed::streamed;
