//! The running agent: collection on the grid, the pusher, the listener, and an orderly stop.

mod second;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use crowsnest_api::Timestamp;
use crowsnest_scrape::{Family, Grid, Wake, text};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};

use self::second::Second;
use crate::batch::Batcher;
use crate::clock::now;
use crate::collector::{Collectors, Settings};
use crate::gather::{Gatherer, Wanted};
use crate::host::Host;
use crate::push::{Phase, Pusher, SharedQueue, Target, TokenFile, Version};
use crate::queue::{OsFolder, Queue};
use crate::scraping::{self, Node, Outbox, ScrapeConfig, ScrapeStatus};
use crate::serve::{Security, Server};
use crate::status::{PushStatus, process_families};

/// How long a stopping agent goes on sending.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// The folder of the second destination's queue, below that of the first.
const SECOND_QUEUE: &str = "second";
/// Memory for waiting records where there is no folder.
const MEMORY_QUEUE_BYTES: u64 = 4 << 20;

/// What the agent is to do, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the host's files are.
    pub host: Host,
    /// What collectors need to know.
    pub settings: Settings,
    /// The collectors that run.
    pub collectors: Collectors,
    /// Where `/metrics` is served.
    pub listen: SocketAddr,
    /// How it is served there.
    pub security: Security,
    /// Where the agent keeps its files.
    pub state: QueuePlace,
    /// Where samples go; `None` serves `/metrics` only.
    pub push: Option<PushConfig>,
}

/// What pushing needs.
#[derive(Clone, Debug)]
pub struct PushConfig {
    /// The server.
    pub target: Target,
    /// The file that holds the bearer token, if the server wants one.
    pub token_file: Option<PathBuf>,
    /// The version of remote write; `None` finds out what the server takes.
    pub version: Option<Version>,
    /// Where the same goes besides, with a queue of its own: neither waits for the other.
    pub second: Option<Destination>,
    /// The value of the labels `instance` and `node`.
    pub node: String,
    /// When to collect.
    pub grid: Grid,
    /// Bytes that the queue may take on disk.
    pub queue_max_bytes: u64,
    /// What is scraped and pushed beside the node's own metrics.
    pub scrape: ScrapeConfig,
}

/// A second server, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The server.
    pub target: Target,
    /// The file that holds its bearer token, if it wants one.
    pub token_file: Option<PathBuf>,
}

/// Where the queue lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueuePlace {
    /// In this folder, which somebody named; without it the agent does not start.
    Folder(PathBuf),
    /// In this folder if it can be used, otherwise in memory.
    FolderIfUsable(PathBuf),
}

/// Runs until `stop` completes, then sends what can be sent in five seconds.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let status = Arc::new(PushStatus::default());
    let state_folder = config.state.path().to_owned();
    let queue = match &config.push {
        Some(push) => Some(Arc::new(Mutex::new(open_queue(&config.state, push.queue_max_bytes)?))),
        None => None,
    };
    let second = match config.push.as_ref().and_then(|push| Some((push, push.second.clone()?))) {
        Some((push, destination)) => {
            let place = config.state.below(SECOND_QUEUE);
            Some(Second::open(destination, &place, push.queue_max_bytes)?)
        }
        None => None,
    };
    let metrics = Arc::new(Metrics {
        gatherer: Mutex::new(Gatherer::new(config.host, config.settings, &config.collectors)),
        queue: queue.clone(),
        status: Arc::clone(&status),
        scraping: Arc::default(),
        second: second.clone(),
    });
    let server = Server::bind(
        config.listen,
        config.security,
        state_folder.is_dir().then_some(&*state_folder),
        Arc::clone(&metrics),
    )
    .await?;
    let address = server.address().context("cannot learn the address of the listener")?;
    tracing::info!(url = format!("{}://{address}/metrics", server.scheme()), "serving metrics");
    let listener = tokio::spawn(server.run());

    match (config.push, queue) {
        (Some(push), Some(queue)) => push_until(stop, push, queue, second, metrics, status).await,
        _ => stop.await,
    }
    listener.abort();
    Ok(())
}

/// Collects and pushes until `stop` completes.
async fn push_until(
    stop: impl Future<Output = ()>,
    config: PushConfig,
    queue: SharedQueue,
    second: Option<Second>,
    metrics: Arc<Metrics>,
    status: Arc<PushStatus>,
) {
    tracing::info!(
        server = config.target.authority,
        node = config.node,
        interval = ?config.grid.interval(),
        waiting = lock(&queue).depth().records,
        "pushing"
    );
    let added = Arc::new(Notify::new());
    let (phase, watched) = watch::channel(Phase::Running);
    let token = config.token_file.as_deref().map(TokenFile::new);
    let pusher = Pusher::new(
        Arc::clone(&queue),
        Arc::clone(&added),
        config.target,
        token,
        config.version,
        Arc::clone(&status),
    );
    let pusher = tokio::spawn(pusher.run(watched.clone()));
    let also = second.as_ref().map(|second| tokio::spawn(second.follow(&queue).run(watched)));
    let scraping = scrape(config.scrape, &config.node, config.grid, &queue, &added, &metrics);
    let collection = Arc::new(Collection {
        metrics,
        queue: Arc::clone(&queue),
        batcher: Mutex::new(Batcher::new(&config.node)),
    });
    tokio::select! {
        () = collect_for_ever(config.grid, collection, &added, &status) => {}
        () = stop => {}
    }
    tracing::info!("stopping");
    drop(scraping);
    // Fails only if the pusher has ended, and then there is nobody to tell.
    let _ = phase.send(Phase::Draining(Instant::now() + DRAIN_LIMIT));
    let _ = pusher.await;
    if let Some(also) = also {
        let _ = also.await;
    }
    let queues = [Some(queue), second.map(|second| second.queue)];
    let _ = spawn_blocking(move || queues.into_iter().flatten().for_each(|queue| lock(&queue).sync())).await;
}

/// Scrapes what there is to scrape, until what is given back is dropped.
fn scrape(
    config: ScrapeConfig,
    node: &str,
    grid: Grid,
    queue: &SharedQueue,
    added: &Arc<Notify>,
    metrics: &Metrics,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if !config.is_empty() {
        let node = Node { name: node.to_owned(), interval: grid.interval() };
        let outbox = Arc::new(Outbox::new(Arc::clone(queue), Arc::clone(added)));
        tasks.spawn(scraping::run(config, node, outbox, Arc::clone(&metrics.scraping)));
    }
    tasks
}

/// Collects at every point of the grid that is met.
async fn collect_for_ever(grid: Grid, collection: Arc<Collection>, added: &Notify, status: &PushStatus) {
    let mut last_due = None;
    loop {
        let due = grid.after(now());
        if let Some(last) = last_due {
            status.note_skipped(grid.points_between(last, due));
        }
        last_due = Some(due);
        sleep(Duration::from_millis(due.millis().saturating_sub(now().millis()).max(0).unsigned_abs())).await;
        match grid.wake(due, now()) {
            Wake::Replan => {
                tracing::warn!("the clock was set, or the machine slept; planning collections anew");
                last_due = None;
            }
            Wake::Collect(at) => {
                let collection = Arc::clone(&collection);
                if spawn_blocking(move || collection.collect(at)).await.is_err() {
                    tracing::error!(at = %at, "a collection was lost to a panic, which is a bug");
                }
                added.notify_one();
            }
        }
    }
}

/// One collection from files to queue.
struct Collection {
    metrics: Arc<Metrics>,
    queue: SharedQueue,
    batcher: Mutex<Batcher>,
}

impl Collection {
    /// Reads everything and queues it. Blocks.
    fn collect(&self, at: Timestamp) {
        let families = self.metrics.families();
        let records = lock(&self.batcher).batch(&families, at);
        let mut queue = lock(&self.queue);
        for record in records {
            queue.push(record);
        }
    }
}

/// What `/metrics` shows and what is pushed: the node's metrics and the agent's own.
pub(crate) struct Metrics {
    gatherer: Mutex<Gatherer>,
    queue: Option<SharedQueue>,
    status: Arc<PushStatus>,
    scraping: Arc<ScrapeStatus>,
    second: Option<Second>,
}

impl Metrics {
    /// Metrics of this machine, for the listener's tests.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let settings = Settings::default();
        let gatherer = Mutex::new(Gatherer::new(Host::default(), settings, &Collectors::default()));
        Self { gatherer, queue: None, status: Arc::default(), scraping: Arc::default(), second: None }
    }

    /// Reads everything. Blocks.
    fn families(&self) -> Vec<Family> {
        self.families_of(&Wanted::All)
    }

    /// The same of the node's metrics that are wanted. Blocks.
    fn families_of(&self, wanted: &Wanted) -> Vec<Family> {
        let mut families = lock(&self.gatherer).gather_some(wanted);
        if let Some(queue) = &self.queue {
            let mut own = self.status.families(&lock(queue));
            if let Some(second) = &self.second {
                second.add_families(&mut own);
            }
            families.extend(own);
            families.extend(self.scraping.families());
        }
        families.extend(process_families());
        families
    }

    /// The page as text, for a URL's query. Blocks. The error is for whoever asked.
    pub(crate) fn page(&self, query: &str) -> Result<String, String> {
        let wanted = Wanted::of_query(query)?;
        if let Some(name) = lock(&self.gatherer).missing(&wanted) {
            return Err(format!("there is no collector {name:?}, or it does not run"));
        }
        let mut page = String::new();
        text::encode(&mut page, &self.families_of(&wanted));
        Ok(page)
    }
}

impl QueuePlace {
    /// The folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::FolderIfUsable(path) => path,
        }
    }

    /// The folder `name` within it.
    fn below(&self, name: &str) -> Self {
        match self {
            Self::Folder(path) => Self::Folder(path.join(name)),
            Self::FolderIfUsable(path) => Self::FolderIfUsable(path.join(name)),
        }
    }
}

fn open_queue(place: &QueuePlace, max_bytes: u64) -> anyhow::Result<Queue> {
    let path = place.path();
    let opened = OsFolder::open(path)
        .map_err(anyhow::Error::from)
        .and_then(|folder| Ok(Queue::open(Box::new(folder), max_bytes)?))
        .with_context(|| format!("cannot use the queue folder {}", path.display()));
    match (opened, place) {
        (Err(error), QueuePlace::FolderIfUsable(_)) => {
            tracing::warn!(
                err = format!("{error:#}"),
                "keeping what waits in memory only; name a folder with --queue-dir"
            );
            Ok(Queue::in_memory(MEMORY_QUEUE_BYTES))
        }
        (opened, _) => opened,
    }
}

/// A panic while holding one of our locks leaves counters at worst a little off; going on is better than stopping.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
