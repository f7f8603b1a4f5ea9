//! What a scrape carries: metric families, and the exposition formats they are written in.
//!
//! Pure: text in, values out and back. Knows no sockets, no clock and no files; the agent and the server bring those.

mod family;
pub mod text;

pub use family::{Family, MetricSample};
