//! What Kubernetes objects say: statuses, quantities, moments and troubles, read from the API server's own JSON.
//!
//! Knows nothing of pages, signals or requests; all of it is tested on the host.

pub(crate) mod capacity;
pub(crate) mod deprecated;
pub(crate) mod event;
pub(crate) mod expiry;
pub(crate) mod ingress;
pub(crate) mod map;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod object;
pub(crate) mod owner;
pub(crate) mod pod;
pub(crate) mod policy;
pub(crate) mod problem;
pub(crate) mod quantity;
pub(crate) mod scheduling;
pub(crate) mod service;
pub(crate) mod trouble;
pub(crate) mod volume;
pub(crate) mod workload;
