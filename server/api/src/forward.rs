//! Opening a port of a pod or a Service in the browser: `POST /api/crowsnest/v1/forwards`.

use serde::{Deserialize, Serialize};

use crate::cluster::Kind;

/// Which port is to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardQuestion {
    /// `core.v1.pods` or `core.v1.services`.
    pub kind: Kind,
    /// The namespace.
    pub namespace: String,
    /// The pod or Service.
    pub name: String,
    /// The port, as the pod or the Service has it.
    pub port: u16,
    /// Whether TLS is spoken there. The certificate is not checked, for it is mostly one of its own.
    #[serde(default)]
    pub tls: bool,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Relative to the base path. Whoever knows it gets there, until the session ends or it has not been used for a while.
    pub path: String,
}
