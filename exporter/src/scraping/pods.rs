//! Pods of this node that ask to be scraped: listed once and then watched, at the API server.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use crowsnest_api::{INSTANCE, Labels};
use crowsnest_scrape::kubernetes::{Pod, PodList, annotated, annotated_job};
use crowsnest_scrape::{ADDRESS, Job, PATH, Protocol, SCHEME, Target};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::{Access, AccessError, Credential, Group, Node, Trust, Wanted};
use crate::connect::Connection;
use crate::push::{TokenFile, describe};

/// Pods in one page of the list: what is held of it at a time.
const PAGE: usize = 50;
/// The longest page of the list, and the longest event.
const MAX_PAGE_BYTES: usize = 16 << 20;
const MAX_EVENT_BYTES: usize = 4 << 20;
/// Pods of a node that are looked at. Kubernetes allows 110 unless told otherwise.
const MAX_PODS: usize = 2000;
/// How long a request for a page may take.
const LIST_LIMIT: Duration = Duration::from_secs(30);
/// How long a watch lasts, and how much longer its end may take.
const WATCH_SECONDS: u64 = 300;
const WATCH_GRACE: Duration = Duration::from_secs(30);
/// Waits after a failure: doubled each time, from the first to the second of these.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What is needed to find pods.
#[derive(Clone, Debug)]
pub(crate) struct PodsConfig {
    /// The API server.
    pub(crate) url: Uri,
    pub(crate) trust: Trust,
    pub(crate) token_file: Option<PathBuf>,
    /// What is asked of pods.
    pub(crate) protocols: &'static [Protocol],
    /// Samples that one pod may have; 0 is no limit.
    pub(crate) sample_limit: u64,
}

/// Why the list or the watch has ended.
#[derive(Debug, thiserror::Error)]
enum PodsError {
    #[error("cannot ask the API server for this node's pods")]
    Access(#[from] AccessError),
    #[error("the API server took longer than {0:?}")]
    Late(Duration),
    #[error("the API server's answer is longer than {0} bytes")]
    TooLong(usize),
    #[error("the API server's answer is no list of pods")]
    NoList(#[source] serde_json::Error),
    #[error("the watch has ended: {0}")]
    Watch(String),
    #[error("the API server's address cannot be used")]
    Address,
    #[error("the rules of annotated pods are wrong, which is a bug")]
    Rules(#[from] crowsnest_scrape::relabel::RuleError),
}

/// An event of a watch.
#[derive(Deserialize)]
struct Event {
    r#type: String,
    #[serde(default)]
    object: serde_json::Value,
}

/// Keeps the targets what the node's pods ask for, for ever.
pub(super) async fn follow(config: &PodsConfig, node: &Node, mut group: Group) {
    let mut follower = match Follower::new(config, node) {
        Ok(follower) => follower,
        Err(error) => {
            tracing::error!(err = describe(&error), "pods are not scraped");
            return;
        }
    };
    let mut wait = BACKOFF.0;
    loop {
        let error = match follower.list_and_watch(&mut group).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        tracing::warn!(
            err = describe(&error),
            "looking for pods again after a while; those that are known go on"
        );
        if std::mem::take(&mut follower.listed) {
            wait = BACKOFF.0;
        }
        sleep(wait).await;
        wait = (wait * 2).min(BACKOFF.1);
    }
}

struct Follower<'a> {
    node: &'a Node,
    access: Access,
    /// How pods are scraped.
    pod_access: Arc<Access>,
    job: Arc<Job>,
    base: &'a Uri,
    pods: BTreeMap<String, Pod>,
    version: String,
    /// Whether the last list was good.
    listed: bool,
    kept: Option<Connection>,
}

impl<'a> Follower<'a> {
    fn new(config: &'a PodsConfig, node: &'a Node) -> Result<Self, PodsError> {
        let credential = match &config.token_file {
            Some(file) => Credential::Bearer(Mutex::new(TokenFile::new(file))),
            None => Credential::None,
        };
        let mut job = Job { protocols: config.protocols.to_vec(), ..node.job(annotated_job()?) };
        job.limits.samples = config.sample_limit;
        Ok(Self {
            node,
            access: Access { trust: config.trust.clone(), credential, identity: None },
            // Pods have certificates of their own making.
            pod_access: Arc::new(Access { trust: Trust::Unverified, ..Access::open() }),
            job: Arc::new(job),
            base: &config.url,
            pods: BTreeMap::new(),
            version: String::new(),
            listed: false,
            kept: None,
        })
    }

    /// Ends with an error only.
    async fn list_and_watch(&mut self, group: &mut Group) -> Result<Infallible, PodsError> {
        self.list().await?;
        self.listed = true;
        group.set(self.wanted());
        // A watch that ends in order goes on from where it was; not at once, lest an API server that ends each is asked without pause.
        loop {
            self.watch(group).await?;
            sleep(BACKOFF.0).await;
        }
    }

    async fn list(&mut self) -> Result<(), PodsError> {
        self.pods.clear();
        let mut next = String::new();
        loop {
            let query = format!("limit={PAGE}&continue={next}");
            let page = timeout(LIST_LIMIT, self.page(&query)).await;
            let list: PodList = page.map_err(|_| PodsError::Late(LIST_LIMIT))??;
            for pod in list.items {
                self.put(pod);
            }
            self.version = list.metadata.resource_version;
            next = list.metadata.r#continue;
            if next.is_empty() || self.pods.len() >= MAX_PODS {
                return Ok(());
            }
        }
    }

    /// Keeps a pod if it may ask to be scraped, and forgets what was known of it if not.
    fn put(&mut self, pod: Pod) {
        let asks = pod.metadata.annotations.keys().any(|name| name == "prometheus.io/scrape");
        let uid = pod.metadata.uid.clone();
        if asks && (self.pods.len() < MAX_PODS || self.pods.contains_key(&uid)) {
            self.pods.insert(uid, pod);
        } else {
            self.pods.remove(&uid);
        }
    }

    async fn page(&mut self, query: &str) -> Result<PodList, PodsError> {
        let response = self.ask(query).await?;
        let body = Limited::new(response, MAX_PAGE_BYTES).collect().await;
        let body: Bytes = body.map_err(|_| PodsError::TooLong(MAX_PAGE_BYTES))?.to_bytes();
        serde_json::from_slice(&body).map_err(PodsError::NoList)
    }

    /// Follows what happens from the version that is known, until the API server ends it.
    async fn watch(&mut self, group: &mut Group) -> Result<(), PodsError> {
        let limit = Duration::from_secs(WATCH_SECONDS) + WATCH_GRACE;
        let query = format!(
            "watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={}",
            self.version
        );
        let watch = async {
            let mut response = self.ask(&query).await?;
            let mut held = BytesMut::new();
            while let Some(frame) = response.frame().await {
                let frame = frame.map_err(AccessError::Http)?;
                held.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                let mut changed = false;
                while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                    let line = held.split_to(end);
                    held.advance(1);
                    changed |= self.take(&line)?;
                }
                if held.len() > MAX_EVENT_BYTES {
                    return Err(PodsError::TooLong(MAX_EVENT_BYTES));
                }
                if changed {
                    group.set(self.wanted());
                }
            }
            Ok(())
        };
        timeout(limit, watch).await.map_err(|_| PodsError::Late(limit))?
    }

    /// Takes note of an event; says whether targets may have changed.
    fn take(&mut self, line: &[u8]) -> Result<bool, PodsError> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(false);
        }
        let event: Event = serde_json::from_slice(line).map_err(PodsError::NoList)?;
        if event.r#type == "ERROR" {
            let message = event.object.get("message").and_then(serde_json::Value::as_str);
            return Err(PodsError::Watch(message.unwrap_or("no reason given").to_owned()));
        }
        let pod = Pod::deserialize(event.object).map_err(PodsError::NoList)?;
        self.version.clone_from(&pod.metadata.resource_version);
        match event.r#type.as_str() {
            "DELETED" => Ok(self.pods.remove(&pod.metadata.uid).is_some()),
            "ADDED" | "MODIFIED" => {
                let before = self.pods.get(&pod.metadata.uid).cloned();
                let uid = pod.metadata.uid.clone();
                self.put(pod);
                Ok(self.pods.get(&uid) != before.as_ref())
            }
            _ => Ok(false),
        }
    }

    /// What the pods ask for.
    fn wanted(&self) -> Vec<Wanted> {
        let targets = self.pods.values().flat_map(annotated).filter_map(|labels| {
            match Target::new(&self.job, &labels) {
                Ok(target) => target,
                Err(error) => {
                    let pod = labels.get("__meta_kubernetes_pod_name").map_or("", |name| name.as_str());
                    tracing::warn!(pod, err = describe(&error), "a pod cannot be scraped");
                    None
                }
            }
        });
        let wanted = targets.map(|target| Wanted {
            job: Arc::clone(&self.job),
            target,
            access: Arc::clone(&self.pod_access),
            fails: None,
        });
        wanted.collect()
    }

    /// Asks for this node's pods.
    async fn ask(&mut self, query: &str) -> Result<Incoming, PodsError> {
        let authority = self.base.authority().ok_or(PodsError::Address)?;
        let path = format!(
            "{}/api/v1/pods?fieldSelector=spec.nodeName%3D{}&{query}",
            self.base.path().trim_end_matches('/'),
            self.node.name
        );
        let discovered = Labels::from_pairs([
            (ADDRESS, authority.as_str()),
            (SCHEME, self.base.scheme_str().unwrap_or("https")),
            (PATH, &path),
            (INSTANCE, authority.as_str()),
        ]);
        let target = Target::new(&Job::new("api"), &discovered).ok().flatten().ok_or(PodsError::Address)?;
        let (response, connection) = self.access.get(&target, "application/json", self.kept.take()).await?;
        // Kept for its driver: the answer is still on its way.
        self.kept = Some(connection);
        match response.status() {
            StatusCode::OK => Ok(response.into_body()),
            status => Err(AccessError::Status(status).into()),
        }
    }
}
