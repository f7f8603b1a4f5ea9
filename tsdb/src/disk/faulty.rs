//! A disk in memory that fails on demand and forgets what was not synced when its power is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

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
}

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
        state.check(Operation::Create)?;
        let file = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.lock().names.remove(path).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
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

impl WriteFile for FaultyFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        if state.generation != self.generation {
            return Err(io::Error::other("the power was cut"));
        }
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
        let mut state = self.disk.0.lock();
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
        let mut state = self.disk.0.lock();
        let file = &mut state.files[self.file];
        file.data.truncate(len as usize);
        file.durable.truncate(len as usize);
        Ok(())
    }
}
