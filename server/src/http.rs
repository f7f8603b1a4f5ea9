//! The HTTP surface: the route table, and what every request passes on its way to a handler.

mod app;
mod base_path;
mod body_limit;
mod cors;
mod discovery;
mod error;
mod guard;
mod health;
mod host;
mod layers;
mod metrics;
mod objects;
mod own_sessions;
mod queries;
mod routes;
mod security_headers;
mod session;
mod stream;
mod ui;

pub(crate) use app::{App, AppState};
pub(crate) use base_path::BasePath;
pub(crate) use cors::CorsOrigin;
pub(crate) use error::{ApiError, ErrorKind, KeepsBody};
pub(crate) use layers::router;
pub(crate) use objects::Viewer;
