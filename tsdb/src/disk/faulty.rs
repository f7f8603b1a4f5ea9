//! A disk in memory that fails on demand and forgets what was not synced when its power is cut: all of it, its end, or
//! whatever pages and names chance takes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::{Disk, FileBytes, FileEntry, WriteFile};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Create,
    Write,
    Sync,
    Rename,
    SyncDir,
}

/// How it fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// With an input/output error. A failed sync loses what it was to save.
    Error,
    /// With an input/output error after half of the bytes.
    Short,
}

#[derive(Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    locks: BTreeSet<PathBuf>,
    /// How many more operations succeed, and what happens to the one after them.
    faults: BTreeMap<Operation, (u64, Fault)>,
    counts: BTreeMap<Operation, u64>,
    capacity: Option<usize>,
    /// Counts power cuts: handles from before one are dead.
    generation: u64,
    /// After how many more changes the power goes, and what decides by chance what stays.
    outage: Option<(u64, u64)>,
    /// The power has gone and is not back.
    off: bool,
}

/// A write that was not synced survives a random power cut, or does not, in pieces of this many bytes: small, so that small
/// tests have many.
const PAGE: usize = 64;

#[derive(Clone, Default)]
struct Content {
    data: Vec<u8>,
    durable: Vec<u8>,
    /// From here on a failed sync has lost the data: no later sync saves it.
    lost_from: Option<usize>,
}

impl FaultyDisk {
    /// Makes the operation fail once, after `successes` more of its kind.
    pub(crate) fn fail(&self, operation: Operation, successes: u64, fault: Fault) {
        self.0.lock().faults.insert(operation, (successes, fault));
    }

    /// Takes back what was to fail.
    pub(crate) fn heal(&self) {
        self.0.lock().faults.clear();
    }

    /// Bytes that all files together may take; `None`: no limit.
    pub(crate) fn set_capacity(&self, capacity: Option<usize>) {
        self.0.lock().capacity = capacity;
    }

    pub(crate) fn used(&self) -> usize {
        self.0.lock().used()
    }

    /// How many operations of a kind there have been.
    pub(crate) fn count(&self, operation: Operation) -> u64 {
        self.0.lock().counts.get(&operation).copied().unwrap_or(0)
    }

    /// Keeps what was synced, and of every file's unsynced tail about `keep` parts of 256, the last of them garbled.
    pub(crate) fn cut_power(&self, keep: u8) {
        let mut state = self.0.lock();
        state.generation += 1;
        state.names = state.durable_names.clone();
        state.locks.clear();
        for file in &mut state.files {
            let tail = file.data.get(file.durable.len()..).unwrap_or_default();
            let kept = tail.len() * usize::from(keep) / 256;
            let mut data = file.durable.clone();
            data.extend(tail.iter().take(kept));
            if kept > 0 {
                *data.last_mut().unwrap() ^= keep;
            }
            *file = Content { durable: data.clone(), data, lost_from: None };
        }
    }

    /// Cuts the power after so many more changes to files and names. Of what was not synced each page and each file's
    /// names stay or go by chance, one independently of the other.
    pub(crate) fn cut_power_after(&self, changes: u64, seed: u64) {
        self.0.lock().outage = Some((changes, seed));
    }

    /// Whether the power has gone.
    pub(crate) fn is_off(&self) -> bool {
        self.0.lock().off
    }

    /// The power is back.
    pub(crate) fn power_on(&self) {
        let mut state = self.0.lock();
        (state.off, state.outage) = (false, None);
    }

    /// Changes the content of a file in place, as a failing medium does.
    pub(crate) fn corrupt(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let file = state.names[path];
        change(&mut state.files[file].data);
        state.files[file].durable = state.files[file].data.clone();
    }
}

impl State {
    fn used(&self) -> usize {
        self.names.values().map(|&file| self.files[file].data.len()).sum()
    }

    /// Before each change: nothing changes any more once the power has gone.
    fn change(&mut self) -> io::Result<()> {
        if let Some((left, seed)) = &mut self.outage {
            if *left == 0 {
                let seed = *seed;
                self.outage = None;
                self.lose_at_random(seed);
            } else {
                *left -= 1;
            }
        }
        if self.off { Err(io::Error::other("the power was cut")) } else { Ok(()) }
    }

    fn lose_at_random(&mut self, seed: u64) {
        let mut coins = Coins(seed);
        self.generation += 1;
        self.off = true;
        self.locks.clear();
        // A file that was renamed has its old name or its new one.
        let names_of = |names: &BTreeMap<PathBuf, usize>, file: usize| -> Vec<PathBuf> {
            names.iter().filter(|(_, of)| **of == file).map(|(path, _)| path.clone()).collect()
        };
        let mut left = BTreeMap::new();
        for file in 0..self.files.len() {
            let (before, after) = (names_of(&self.durable_names, file), names_of(&self.names, file));
            let stays = if before == after || coins.toss() { after } else { before };
            left.extend(stays.into_iter().map(|path| (path, file)));
        }
        (self.names, self.durable_names) = (left.clone(), left);
        for file in &mut self.files {
            let mut data = file.durable.clone();
            let tail = file.data.get(data.len()..).unwrap_or_default();
            let mut kept = 0;
            for page in tail.chunks(PAGE) {
                let stays = coins.toss();
                data.extend(page.iter().map(|byte| if stays { *byte } else { 0 }));
                kept = if stays { data.len() } else { kept };
            }
            // The length may be known where the content is not.
            if coins.toss() {
                data.truncate(kept.max(file.durable.len()));
            }
            *file = Content { durable: data.clone(), data, lost_from: None };
        }
    }

    /// The fault that is due, if one is.
    fn due(&mut self, operation: Operation) -> Option<Fault> {
        *self.counts.entry(operation).or_default() += 1;
        let (left, fault) = self.faults.get_mut(&operation)?;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        let fault = *fault;
        self.faults.remove(&operation);
        Some(fault)
    }

    fn check(&mut self, operation: Operation) -> io::Result<()> {
        match self.due(operation) {
            Some(_) => Err(io::Error::other(format!("injected: {operation:?}"))),
            None => Ok(()),
        }
    }

    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = *self.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.files[file].data.clone())
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<FileEntry>> {
        let state = self.0.lock();
        let names = state.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        Ok(names
            .map(|(path, &file)| FileEntry {
                name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                bytes: state.files[file].data.len() as u64,
            })
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let mut state = self.0.lock();
        state.change()?;
        state.check(Operation::Create)?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(Content::default());
        state.names.insert(path.to_owned(), file);
        Ok(Box::new(FaultyFile { disk: self.clone(), file, generation: state.generation }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.lock().file(path)?)))
    }

    fn map(&self, path: &Path) -> io::Result<FileBytes> {
        Ok(Arc::new(self.0.lock().file(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.check(Operation::Rename)?;
        if let Some(file) = state.names.remove(from) {
            state.names.insert(to.to_owned(), file);
            return Ok(());
        }
        // A folder: what is durable in it is so under the new name, too.
        let State { names, durable_names, .. } = &mut *state;
        for names in [names, durable_names] {
            let moved: Vec<PathBuf> = names.keys().filter(|path| path.starts_with(from)).cloned().collect();
            for path in moved {
                let name = to.join(path.strip_prefix(from).unwrap());
                let file = names.remove(&path).unwrap();
                names.insert(name, file);
            }
        }
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.check(Operation::Create)?;
        let file = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.names.remove(path).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.check(Operation::SyncDir)?;
        let State { names, durable_names, .. } = &mut *state;
        durable_names.retain(|path, _| path.parent() != Some(dir));
        durable_names.extend(
            names.iter().filter(|(path, _)| path.parent() == Some(dir)).map(|(p, &f)| (p.clone(), f)),
        );
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        if !self.0.lock().locks.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Lock(self.clone(), path.to_owned())))
    }
}

struct Lock(FaultyDisk, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.0.lock().locks.remove(&self.1);
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    file: usize,
    generation: u64,
}

impl FaultyFile {
    /// The disk, unless the power was cut since the file was opened, or goes now.
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.disk.0.lock();
        state.change()?;
        let alive = state.generation == self.generation;
        if alive { Ok(state) } else { Err(io::Error::other("the power was cut")) }
    }
}

/// Chance that is the same each time.
struct Coins(u64);

impl Coins {
    fn toss(&mut self) -> bool {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 >> 63 == 1
    }
}

impl WriteFile for FaultyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.alive()?;
        let room = state.capacity.map_or(bytes.len(), |capacity| capacity.saturating_sub(state.used()));
        let (fits, outcome) = match state.due(Operation::Write) {
            Some(Fault::Error) => (0, Err(io::Error::other("injected: write"))),
            Some(Fault::Short) => (bytes.len() / 2, Err(io::Error::other("injected: short write"))),
            None if room < bytes.len() => (room, Err(io::ErrorKind::StorageFull.into())),
            None => (bytes.len(), Ok(())),
        };
        state.files[self.file].data.extend_from_slice(&bytes[..fits]);
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.alive()?;
        let failed = state.check(Operation::Sync);
        let file = &mut state.files[self.file];
        match failed {
            Ok(()) => {
                file.durable = file.data[..file.lost_from.unwrap_or(file.data.len())].to_vec();
                Ok(())
            }
            Err(error) => {
                file.lost_from = Some(file.lost_from.unwrap_or(file.durable.len()));
                Err(error)
            }
        }
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.alive()?;
        let file = &mut state.files[self.file];
        file.data.truncate(len as usize);
        file.durable.truncate(len as usize);
        Ok(())
    }
}
