//! A simulated Kubernetes API server, in this process, for the demo and the tests.
//!
//! It is an HTTPS server over a generic store of JSON objects. It knows the API machinery (discovery, lists, watches,
//! patches, field ownership, access rules) well enough that clients cannot tell the difference, and nothing about
//! containers: no image is pulled and no process started. It does not know Crowsnest: no other crate of this
//! workspace is a dependency, so that tests of those crates are tests against a stranger.
//!
//! [`KubeSim::start`] is the way in; [`Running`] is what a test holds on to. docs/simulated-cluster.md says who may sign in
//! and how to make it fail.

mod access;
mod api;
mod asked;
mod chaos;
mod clock;
mod cluster;
mod controllers;
mod crd;
mod defaults;
mod demo;
mod encode;
mod http;
mod identity;
mod kind;
mod kubeconfig;
mod kubelet;
mod limits;
mod managed;
mod object;
mod options;
mod patch;
mod pki;
mod port_forward;
mod protobuf;
mod proxy;
mod quantity;
mod query;
mod rbac;
mod request;
mod running;
mod seed;
mod selector;
mod session;
mod status;
mod store;
mod table;
mod validate;

pub use asked::Asked;
pub use chaos::Chaos;
pub use clock::{Clock, SystemClock};
pub use demo::DemoSize;
pub use options::{Life, Options, Progress};
pub use pki::ClientCertificate;
pub use running::{KubeSim, Running, StartError};
