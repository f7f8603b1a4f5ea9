//! `application/problem+json` (RFC 9457): how every path that is not Prometheus's or Alertmanager's says no.

use serde::{Deserialize, Serialize};

use crate::changes::Cause;

/// Why a request was refused or failed, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status, repeated.
    pub status: u16,
    /// A short, stable summary.
    pub title: String,
    /// What went wrong here and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The API server's word for it, such as `Conflict` or `Invalid`, where it is the API server that refuses.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// What the API server listed as causes, such as the fields that are wrong or that somebody else manages.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub causes: Vec<Cause>,
}
