//! How a running query is stopped from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::QueryError;

/// Cancellation and the clock, handed in so that the engine reads neither by itself.
///
/// Cheap to clone; clones share the cancellation flag.
#[derive(Clone)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    elapsed: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
    timeout: Option<Duration>,
}

impl Control {
    /// A query that nobody cancels and that has all the time it wants.
    pub fn unlimited() -> Self {
        Self { cancelled: Arc::default(), elapsed: None, timeout: None }
    }

    /// A query that ends with an error soon after `cancelled` becomes true, or after the engine's timeout has passed on
    /// the clock `elapsed`, which tells how long the query has been running.
    pub fn new(cancelled: Arc<AtomicBool>, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { cancelled, elapsed: Some(Arc::new(elapsed)), timeout: None }
    }

    /// Lowers the timeout below the engine's.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the query end with [`QueryError::Canceled`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// How long the query has been running; nothing without a clock.
    pub fn elapsed(&self) -> Duration {
        self.elapsed.as_ref().map_or(Duration::ZERO, |elapsed| elapsed())
    }

    /// Whether to go on, for work beside a query that has no engine's timeout but only its own.
    ///
    /// # Errors
    /// [`QueryError::Canceled`] and [`QueryError::Timeout`].
    pub fn check_running(&self) -> Result<(), QueryError> {
        self.check(Duration::MAX)
    }

    /// Whether to go on.
    pub(crate) fn check(&self, engine_timeout: Duration) -> Result<(), QueryError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(QueryError::Canceled);
        }
        let timeout = self.timeout.map_or(engine_timeout, |own| own.min(engine_timeout));
        match &self.elapsed {
            Some(elapsed) if elapsed() >= timeout => Err(QueryError::Timeout),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_of_both_timeouts_counts() {
        let control = Control::new(Arc::default(), || Duration::from_secs(5));
        assert!(control.check(Duration::from_secs(6)).is_ok());
        assert!(matches!(control.check(Duration::from_secs(5)), Err(QueryError::Timeout)));
        let control = control.with_timeout(Duration::from_secs(1));
        assert!(matches!(control.check(Duration::from_secs(60)), Err(QueryError::Timeout)));
    }

    #[test]
    fn a_clone_can_cancel() {
        let control = Control::unlimited();
        let clone = control.clone();
        clone.cancel();
        assert!(matches!(control.check(Duration::MAX), Err(QueryError::Canceled)));
    }
}
