//! How rules that users make come to be evaluated.

use super::given::Origin;
use super::written::{Record, SaveError};
use super::{Rules, written};
use crate::control::ControlError;

impl Rules {
    /// Keeps a rule, as [`written::Written::save`] does, and has it evaluated.
    pub(crate) fn save(&self, id: &str, base: u64, record: Record) -> Result<u64, SaveError> {
        written::group(&record.rule, &record.folder, &self.engine).map_err(SaveError::Wrong)?;
        let version = self.written.save(id, base, record)?;
        self.take_written();
        self.saved.notify_one();
        Ok(version)
    }

    /// A rule is no more.
    pub(crate) fn delete(&self, id: &str) -> Result<(), ControlError> {
        self.written.delete(id)?;
        self.take_written();
        Ok(())
    }

    /// A rule is evaluated no more, or again.
    pub(super) fn set_stopped(&self, id: &str, stopped: Option<String>) -> Result<(), ControlError> {
        self.written.set_stopped(id, stopped)?;
        self.take_written();
        Ok(())
    }

    pub(super) fn take_written(&self) {
        self.set(Origin::Written, self.written.groups(&self.engine));
    }
}
