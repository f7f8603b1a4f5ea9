//! Dashboards: those that are saved here, those of files and ConfigMaps, and those that came with the server.
//!
//! What is saved is control state ([`stored`]), with its last versions. What is [`given`] from elsewhere is read-only and kept in memory; it never
//! hides what is saved. Who may see which is not decided here: handlers do that.

mod built_in;
pub(crate) mod config_maps;
pub(crate) mod fetched;
mod files;
mod given;
mod intervals;
mod record;
mod series;
mod snapshots;
mod stars;
mod stored;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use crowsnest_api::Timestamp;
use crowsnest_api::dashboards::{Fault, Source, Version};
use crowsnest_dashboards::Dashboard;
use parking_lot::Mutex;
use serde_json::Value;
use tracing::warn;

pub(crate) use self::given::{Given, fault_of};
pub(crate) use self::intervals::{USUAL_MS, scrape_intervals};
pub(crate) use self::record::{Head, new_uid};
pub(crate) use self::series::series_of;
pub(crate) use self::snapshots::{SnapshotError, SnapshotHead, Snapshots};
pub(crate) use self::stored::{Base, SaveError, Saved};

use self::stars::Stars;
use self::stored::Stored;
use crate::config_folder::{self, ConfigFolder};
use crate::control::{ControlError, ControlStore};

/// The folder of what belongs to no namespace.
pub(crate) const OWN_FOLDER: &str = "crowsnest";

/// All of them.
pub(crate) struct Dashboards {
    stored: Stored,
    pub(crate) stars: Stars,
    pub(crate) snapshots: Snapshots,
    /// What files give, with what came with the server.
    files: Mutex<Given>,
    /// What ConfigMaps give.
    config_maps: Mutex<Given>,
    folder: ConfigFolder,
}

/// One of them, without its JSON.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) head: Arc<Head>,
    pub(crate) source: Source,
}

impl Dashboards {
    /// Reads what is stored, and `folder` for the first time. What is wrong with its files is told and keeps nobody from anything.
    ///
    /// # Errors
    /// When control state cannot be read.
    pub(crate) fn open(control: Arc<dyn ControlStore>, folder: Option<PathBuf>) -> anyhow::Result<Self> {
        let dashboards = Self {
            stored: Stored::open(Arc::clone(&control)).context("cannot read which dashboards there are")?,
            snapshots: Snapshots::open(Arc::clone(&control))
                .context("cannot read which snapshots there are")?,
            stars: Stars::new(control),
            files: Mutex::new(built_in::given()),
            config_maps: Mutex::default(),
            folder: ConfigFolder::new(folder, config_folder::JSON),
        };
        if let Err(error) = dashboards.reload() {
            warn!(error = format!("{error:#}"), "dashboards were not read");
        }
        Ok(dashboards)
    }

    /// Reads all files again. A file with a fault in it leaves what it gave before, and the others are read all the same.
    ///
    /// # Errors
    /// What is wrong with files.
    pub(crate) fn reload(&self) -> anyhow::Result<()> {
        let Some(folder) = self.folder.begin() else { return Ok(()) };
        let mut given = built_in::given();
        let read = files::read(folder, &self.files.lock(), &mut given);
        let faults = given.faults.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect();
        *self.files.lock() = given;
        read.and_then(|()| config_folder::or_faults((), faults))
    }

    /// The same, when a file has changed.
    pub(crate) fn reload_if_changed(&self) {
        if self.folder.has_changed()
            && let Err(error) = self.reload()
        {
            warn!(error = format!("{error:#}"), "dashboards were not read");
        }
    }

    /// All of them, by folder and title.
    pub(crate) fn list(&self) -> Vec<Found> {
        let mut all = self.stored.heads();
        for given in [&self.config_maps, &self.files] {
            for found in given.lock().list() {
                if !all.iter().any(|known| known.head.uid == found.head.uid) {
                    all.push(found);
                }
            }
        }
        all.sort_by(|a, b| (&a.head.folder, &a.head.title).cmp(&(&b.head.folder, &b.head.title)));
        all
    }

    /// The one with this uid.
    pub(crate) fn find(&self, uid: &str) -> Option<Found> {
        let given = || [&self.config_maps, &self.files].into_iter().find_map(|given| given.lock().find(uid));
        self.stored.find(uid).or_else(given)
    }

    /// The JSON of one, of a version of it where one is asked for. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be read.
    pub(crate) fn read(&self, uid: &str, version: Option<u64>) -> Result<Option<Value>, ControlError> {
        if self.stored.find(uid).is_some() {
            return self.stored.read(uid, version);
        }
        let given = [&self.config_maps, &self.files].into_iter().find_map(|given| given.lock().read(uid));
        Ok(given.filter(|_| version.is_none()))
    }

    /// The versions that are kept, the latest first.
    pub(crate) fn versions(&self, uid: &str) -> Vec<Version> {
        self.stored.versions(uid)
    }

    /// What files and ConfigMaps there are that give no dashboard.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let of = |given: &Mutex<Given>| given.lock().faults.clone();
        [of(&self.files), of(&self.config_maps)].concat()
    }

    /// Saves a version. Blocks the thread.
    ///
    /// # Errors
    /// Why it is not saved; then nothing has changed.
    pub(crate) fn save(
        &self,
        dashboard: &Dashboard,
        base: Base,
        saved: Saved<'_>,
        now: Timestamp,
    ) -> Result<u64, SaveError> {
        let uid = dashboard.uid().unwrap_or_default();
        if self.stored.find(&uid).is_none()
            && let Some(given) = self.find(&uid)
        {
            return Err(SaveError::ReadOnly(given.source));
        }
        self.stored.save(dashboard, base, saved, now)
    }

    /// Removes one that was saved, with all its versions; false when there is none. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be written.
    pub(crate) fn delete(&self, uid: &str) -> Result<bool, ControlError> {
        self.stored.delete(uid)
    }
}
