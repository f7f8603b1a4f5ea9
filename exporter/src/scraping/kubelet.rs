//! The kubelet of this node, at the address that somebody gave.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crowsnest_scrape::kubernetes::{Drops, Kubelet, kubelet_jobs, kubelet_target};
use crowsnest_scrape::{Job, Protocol, Scheme};
use http::Uri;

use super::{Access, Credential, Node, Trust, Wanted};
use crate::push::TokenFile;

/// What the kubelet needs.
#[derive(Clone, Debug)]
pub(crate) struct KubeletConfig {
    /// `https://127.0.0.1:10250`, or a path of the API server's that leads to it.
    pub(crate) url: Uri,
    pub(crate) trust: Trust,
    pub(crate) token_file: Option<PathBuf>,
    /// The label `job` of cAdvisor's page.
    pub(crate) cadvisor_job: String,
    /// Whether what nobody looks at is dropped.
    pub(crate) drops: Drops,
    /// What is asked for.
    pub(crate) protocols: &'static [Protocol],
}

/// The targets.
pub(super) fn targets(config: &KubeletConfig, node: &Node) -> Vec<Wanted> {
    let credential = match &config.token_file {
        Some(file) => Credential::Bearer(Mutex::new(TokenFile::new(file))),
        None => Credential::None,
    };
    let access = Access { trust: config.trust.clone(), credential, identity: None };
    let access = Arc::new(access);
    let scheme = if config.url.scheme_str() == Some("http") { Scheme::Http } else { Scheme::Https };
    let address = config.url.authority().map_or("", |authority| authority.as_str());
    let kubelet = Kubelet { node: &node.name, scheme, address, base: config.url.path() };
    let jobs = kubelet_jobs(&config.cadvisor_job, config.drops).into_iter();
    let wanted = jobs.filter_map(|(path, job)| {
        let job = Arc::new(node.job(Job { protocols: config.protocols.to_vec(), ..job }));
        let target = kubelet_target(&job, kubelet, path)?;
        Some(Wanted { job, target, access: Arc::clone(&access), fails: None })
    });
    wanted.collect()
}
