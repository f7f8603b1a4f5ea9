//! Making the API server fail on purpose.

use std::time::Duration;

/// What goes wrong. `Chaos::default()` is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    /// Added before every answer.
    pub latency: Duration,
    /// Of a thousand requests, how many are answered with 500.
    pub errors_per_thousand: u16,
    /// Connections are refused, and those that are there are cut.
    pub cut: bool,
}
