//! Scraping: the kubelet of this node, pods that ask for it, and targets that somebody named.
//!
//! Each target has a task of its own, all on the agent's one thread. What comes of a scrape goes into the queue that the node's own
//! metrics go into, and from there to the server.

mod access;
mod file;
mod kubelet;
mod outbox;
mod pods;
mod status;
mod task;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_scrape::{Job, ScrapeError, Target};
use tokio::sync::oneshot;

pub(crate) use access::{Access, AccessError, Credential, Trust};
pub(crate) use file::read as read_file;
pub(crate) use kubelet::KubeletConfig;
pub(crate) use outbox::Outbox;
pub(crate) use pods::PodsConfig;
pub(crate) use status::ScrapeStatus;

use task::Task;

/// Bytes of a page unless a job says otherwise: several times the largest that is known.
pub(crate) const BODY_LIMIT: u64 = 64 << 20;

/// What is scraped.
#[derive(Clone, Debug, Default)]
pub struct ScrapeConfig {
    /// The kubelet of this node.
    pub(crate) kubelet: Option<KubeletConfig>,
    /// Pods of this node.
    pub(crate) pods: Option<PodsConfig>,
    /// Targets that a file names.
    pub(crate) file: Option<PathBuf>,
}

impl ScrapeConfig {
    /// Whether there is anything.
    pub(crate) const fn is_empty(&self) -> bool {
        self.kubelet.is_none() && self.pods.is_none() && self.file.is_none()
    }
}

/// When and under which name this node scrapes.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) interval: Duration,
}

impl Node {
    /// A job in this node's time, and within bounds.
    fn job(&self, job: Job) -> Job {
        let timeout = job.timeout.min(self.interval);
        let limits = crowsnest_scrape::Limits { body_bytes: BODY_LIMIT, ..job.limits };
        Job { interval: self.interval, timeout, limits, ..job }
    }
}

/// Something that is to be scraped.
pub(crate) struct Wanted {
    pub(crate) job: Arc<Job>,
    pub(crate) target: Target,
    pub(crate) access: Arc<Access>,
    /// Why each of its scrapes fails, if it does so whatever the page says.
    pub(crate) fails: Option<ScrapeError>,
}

/// The targets of one place that targets come from.
pub(crate) struct Group {
    outbox: Arc<Outbox>,
    status: Arc<ScrapeStatus>,
    node: String,
    running: HashMap<String, Running>,
}

struct Running {
    /// Told when the target is no more: it then ends with staleness markers. When this is dropped instead, the agent ends, and whatever
    /// it scrapes will most likely go on with the next one.
    stop: oneshot::Sender<()>,
}

impl Group {
    /// A group without targets.
    pub(crate) fn new(outbox: Arc<Outbox>, status: Arc<ScrapeStatus>, node: &Node) -> Self {
        Self { outbox, status, node: node.name.clone(), running: HashMap::new() }
    }

    /// Makes these the targets: those that are new begin, those that are not among them end, all others go on.
    pub(crate) fn set(&mut self, wanted: Vec<Wanted>) {
        let mut running = HashMap::with_capacity(wanted.len());
        for wanted in wanted {
            let key = key(&wanted);
            if running.contains_key(&key) {
                continue;
            }
            let task = self.running.remove(&key).unwrap_or_else(|| self.start(wanted));
            running.insert(key, task);
        }
        for (_, gone) in std::mem::replace(&mut self.running, running) {
            // Fails only if the task has ended.
            let _ = gone.stop.send(());
        }
    }

    fn start(&self, wanted: Wanted) -> Running {
        let (stop, stopped) = oneshot::channel();
        let task = Task::new(wanted, Arc::clone(&self.outbox), Arc::clone(&self.status), &self.node);
        tokio::spawn(task.run(stopped));
        Running { stop }
    }
}

/// What a target is known by: whatever changes of it makes it another.
fn key(wanted: &Wanted) -> String {
    let Wanted { target, job, access, fails } = wanted;
    let url = target.url();
    let times = (target.interval, target.timeout);
    format!("{url} {} {times:?} {:p} {:p} {fails:?}", target.labels, Arc::as_ptr(job), Arc::as_ptr(access))
}

/// Scrapes until the future is dropped.
pub(crate) async fn run(config: ScrapeConfig, node: Node, outbox: Arc<Outbox>, status: Arc<ScrapeStatus>) {
    let group = || Group::new(Arc::clone(&outbox), Arc::clone(&status), &node);
    let mut kubelet = group();
    if let Some(config) = &config.kubelet {
        kubelet.set(kubelet::targets(config, &node));
    }
    let pods = async {
        if let Some(config) = &config.pods {
            pods::follow(config, &node, group()).await;
        }
    };
    let file = async {
        if let Some(path) = config.file.clone() {
            file::follow(path, group()).await;
        }
    };
    tokio::join!(pods, file);
    // The kubelet's targets end with their group.
    std::future::pending::<()>().await;
}
