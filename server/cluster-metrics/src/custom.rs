//! Families of custom resources, as kube-state-metrics' `CustomResourceStateMetrics` configures them.
//!
//! <https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/extend/customresourcestate-metrics.md>

mod config;
mod labels;
mod number;
mod object;
mod path;
mod values;

pub use config::{CustomState, Served};
pub(crate) use object::CustomFamilies;

#[cfg(test)]
mod tests;
