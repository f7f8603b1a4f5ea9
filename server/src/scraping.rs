//! What the server scrapes itself: `scrape_configs` in `--provisioning DIR/scrape`, for what no agent is near, and what the
//! cluster's own objects say (`--scrape-monitors`).
//!
//! Files are read like rule files: all of them or none, and a pool whose file has not changed goes on. Everything that is asked goes
//! through the one way out (`fetch.rs`); what comes of it goes straight into the store.

mod ask;
mod discover;
mod kubernetes;
mod lists;
mod monitors;
mod pool;
mod probe;
mod task;
mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use crowsnest_api::{Labels, Timestamp};
use crowsnest_scrape::Target;
use crowsnest_scrape::config::{ScrapeFile, ScrapeJob};
use crowsnest_tsdb::Appender;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use crate::cluster::Cluster;
use crate::config_folder::{self, ConfigFolder};
use crate::fetch::Fetcher;
pub(crate) use kubernetes::{ListError, PAGE, list_pages};
use lists::Lists;
use monitors::Monitors;
use pool::{Ending, Pool};

/// All pools.
pub(crate) struct Scraping {
    /// Folder of files; without one nothing is scraped.
    folder: ConfigFolder,
    tools: Arc<Tools>,
    /// What the files say, by the name of the job.
    wanted: Mutex<BTreeMap<String, Wanted>>,
    /// The same of the cluster's objects. A file's job wins where one has the same name.
    monitored: Mutex<BTreeMap<String, Wanted>>,
    pools: Mutex<BTreeMap<String, Running>>,
    changed: Notify,
}

/// What every pool works with.
pub(crate) struct Tools {
    pub(super) fetcher: Fetcher,
    pub(super) appender: Arc<dyn Appender>,
    /// Whose objects are targets.
    pub(super) cluster: Option<Arc<Cluster>>,
    /// What is listed there for several pools.
    pub(super) lists: Lists,
}

/// A job, and the text of the file or the object that it is from: when that changes, the pool begins anew.
#[derive(Clone)]
struct Wanted {
    job: Arc<ScrapeJob>,
    text: Arc<str>,
}

struct Running {
    text: Arc<str>,
    pool: Arc<Pool>,
    ending: watch::Sender<Ending>,
}

/// A target as it is doing.
#[derive(Clone, Debug)]
pub(crate) struct TargetState {
    pub(crate) pool: String,
    pub(crate) target: Target,
    pub(crate) health: Health,
}

/// How the last scrape went.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Health {
    /// When it began; none before the first.
    pub(crate) at: Option<Timestamp>,
    pub(crate) seconds: f64,
    /// Why it failed; empty when it did not.
    pub(crate) error: String,
}

impl Scraping {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// When anything is wrong with one.
    pub(crate) fn open(
        folder: Option<PathBuf>,
        fetcher: Fetcher,
        appender: Arc<dyn Appender>,
        cluster: Option<Arc<Cluster>>,
    ) -> anyhow::Result<Self> {
        let scraping = Self {
            folder: ConfigFolder::new(folder, config_folder::YAML),
            tools: Arc::new(Tools { fetcher, appender, cluster, lists: Lists::default() }),
            wanted: Mutex::default(),
            monitored: Mutex::default(),
            pools: Mutex::default(),
            changed: Notify::new(),
        };
        scraping.reload()?;
        Ok(scraping)
    }

    /// Reads all files again. When anything is wrong with any of them, nothing changes.
    ///
    /// # Errors
    /// What is wrong, with file, line and column.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let Some(folder) = self.folder.begin() else { return Ok(()) };
        *self.wanted.lock() = read(folder)?;
        self.changed.notify_one();
        Ok(())
    }

    /// Reads files again if any has changed, and says in the log what is wrong with them.
    pub(crate) fn reload_if_changed(&self) {
        if !self.folder.has_changed() {
            return;
        }
        match self.reload() {
            Ok(()) => info!(jobs = self.wanted.lock().len(), "read scrape files again"),
            Err(error) => {
                warn!(err = &*error as &dyn std::error::Error, "cannot read scrape files; the old ones stay");
            }
        }
    }

    /// Scrapes until `stopped`.
    pub(crate) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            self.apply();
            tokio::select! {
                () = self.changed.notified() => {}
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        // Whatever is scraped will most likely go on after a restart, so nothing ends.
        for (_, running) in std::mem::take(&mut *self.pools.lock()) {
            running.ending.send_replace(Ending::Stopped);
        }
    }

    /// Does what the objects of the cluster say, until `stopped`.
    pub(crate) async fn follow_monitors(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let Some(cluster) = self.tools.cluster.clone() else { return };
        let mut monitors = Monitors::default();
        loop {
            let look = async {
                monitors.refresh(&cluster).await;
                *self.monitored.lock() = monitors.wanted();
                self.changed.notify_one();
                tokio::time::sleep(kubernetes::REFRESH).await;
            };
            tokio::select! {
                () = look => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Makes the pools those that the files and the objects name.
    fn apply(&self) {
        let mut wanted = self.monitored.lock().clone();
        wanted.extend(self.wanted.lock().clone());
        let mut pools = self.pools.lock();
        pools.retain(|name, running| {
            let stays = wanted.get(name).is_some_and(|wanted| wanted.text == running.text);
            if !stays {
                running.ending.send_replace(Ending::Gone);
            }
            stays
        });
        for (name, Wanted { job, text }) in wanted {
            pools.entry(name).or_insert_with(|| {
                let (ending, told) = watch::channel(Ending::NotYet);
                let pool = Arc::new(Pool::new(job, Arc::clone(&self.tools)));
                tokio::spawn(Arc::clone(&pool).run(told));
                Running { text, pool, ending }
            });
        }
    }

    /// The names of all pools.
    pub(crate) fn pool_names(&self) -> Vec<String> {
        self.pools.lock().keys().cloned().collect()
    }

    /// Every target, by pool and address.
    pub(crate) fn targets(&self) -> Vec<TargetState> {
        self.pools.lock().values().flat_map(|running| running.pool.targets()).collect()
    }

    /// What relabelling has dropped of each pool: some of it, and how much there is.
    pub(crate) fn dropped(&self) -> Vec<(String, Vec<Labels>, u64)> {
        let pools = self.pools.lock();
        let one = |(name, running): (&String, &Running)| {
            let (some, count) = running.pool.dropped();
            (name.clone(), some, count)
        };
        pools.iter().map(one).collect()
    }
}

/// Reads every file in a folder and those below it.
fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let mut jobs: BTreeMap<String, Wanted> = BTreeMap::new();
    let mut faults = Vec::new();
    for path in config_folder::paths(folder, config_folder::YAML)? {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        match ScrapeFile::parse(&text, path.parent().unwrap_or(folder)) {
            Ok(read) => {
                let text: Arc<str> = text.into();
                for job in read.jobs {
                    let name = job.job.name.clone();
                    let wanted = Wanted { job: Arc::new(job), text: Arc::clone(&text) };
                    if jobs.insert(name.clone(), wanted).is_some() {
                        faults.push(format!("{file}:1:1: another file has a job {name:?}, too"));
                    }
                }
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("{file}:{fault}"))),
        }
    }
    config_folder::or_faults(jobs, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_any_file_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a.yml", "scrape_configs: [{job_name: a}]\n");
        assert_eq!(read(folder.path()).unwrap().len(), 1);
        write("b.yml", "scrape_configs: [{job_name: b, scheme: ftp}]\n");
        let error = read(folder.path()).err().unwrap().to_string();
        assert!(error.contains("b.yml:1:40: scheme: "), "{error}");
        write("b.yml", "scrape_configs: [{job_name: a}]\n");
        let error = read(folder.path()).err().unwrap().to_string();
        assert!(error.contains("b.yml:1:1: another file has a job \"a\", too"), "{error}");
    }
}
