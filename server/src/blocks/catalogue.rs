//! The catalogue in sled, which has the blocks on record, beside the blocks that are there.
//!
//! Opening a sled database writes to it, and a running server keeps it to itself: what is opened is a copy, and only when
//! no server runs.

use std::fmt;
use std::fs::File;
use std::path::Path;

use crowsnest_tsdb::{Fault, Inspection, OnRecord};

use crate::control::SledStore;
use crate::folder_copy::FolderCopy;

/// What the catalogue says.
pub(crate) enum Catalogue {
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
    pub(crate) fn read(dir: &Path, inspection: &Inspection) -> Self {
        let control = dir.join("control");
        if !control.is_dir() {
            return Self::None;
        }
        let lock = File::open(dir.join("lock"));
        if lock.as_ref().is_ok_and(|lock| lock.try_lock_shared().is_err()) {
            return Self::InUse;
        }
        let read = FolderCopy::of(&control).and_then(|copy| {
            let manifest = SledStore::open(copy.path())?.block_manifest()?;
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
