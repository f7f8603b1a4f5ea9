//! What lines of logs say and how they are kept: no browser, no requests.

mod buffer;
mod level;
mod lines;
mod text;
mod time;

pub(crate) use buffer::{Buffer, MAX_ROWS, Row};
pub(crate) use level::Level;
pub(crate) use lines::{Heights, lines_of};
pub(crate) use text::{Ink, Span, json_of, mark, plain, spans};
pub(crate) use time::Time;
