//! The catalogue in sled, which has the blocks on record, beside the blocks that are there.
//!
//! Opening a sled database writes to it, and a running server keeps it to itself: what is opened is a copy, and only when
//! no server runs.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use crowsnest_tsdb::{Fault, Inspection, OnRecord};

use crate::control::SledStore;

/// What the catalogue says.
pub(super) enum Catalogue {
    /// The folder has none, as a snapshot.
    None,
    /// A server has it open.
    InUse,
    /// What it says of blocks.
    Read(OnRecord),
    /// It cannot be read; the server would begin a new one.
    Damaged(String),
}

impl Catalogue {
    /// The catalogue of the data folder `dir`.
    pub(super) fn read(dir: &Path, inspection: &Inspection) -> Self {
        let control = dir.join("control");
        if !control.is_dir() {
            return Self::None;
        }
        let lock = File::open(dir.join("lock"));
        if lock.as_ref().is_ok_and(|lock| lock.try_lock_shared().is_err()) {
            return Self::InUse;
        }
        let read = Copy::of(&control).and_then(|copy| {
            let manifest = SledStore::open(&copy.0)?.block_manifest()?;
            Ok(inspection.compare(&manifest)?)
        });
        match read {
            Ok(on_record) => Self::Read(on_record),
            Err(error) => Self::Damaged(format!("{error:#}")),
        }
    }

    /// Blocks that should be there, and a catalogue that cannot be read.
    pub(super) fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Read(on_record) => on_record.missing.clone(),
            Self::Damaged(what) => {
                vec![Fault { file: "../control".to_owned(), offset: 0, what: what.clone() }]
            }
            Self::None | Self::InUse => Vec::new(),
        }
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::InUse => {
                writeln!(f, "\nthe catalogue was not read: a server has it open; blocks may come and go")
            }
            Self::Damaged(_) => writeln!(f, "\nthe catalogue cannot be read"),
            Self::Read(on_record) => {
                let (blocks, unknown) = (on_record.blocks, on_record.unknown.len());
                write!(f, "\n{blocks} blocks are on record")?;
                if unknown > 0 {
                    write!(f, "; {unknown} are not, and will be when the server starts")?;
                }
                writeln!(f)
            }
        }
    }
}

/// A copy of a folder of files, for its owner only, that goes when this does.
struct Copy(PathBuf);

impl Copy {
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let copy = Self(std::env::temp_dir().join(format!("crowsnest-blocks-{}", std::process::id())));
        copy_folder(folder, &copy.0).with_context(|| format!("cannot copy {}", folder.display()))?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
