//! The two axes: which values and instants get a label, and what the labels say.

mod time;
mod value;

pub(crate) use time::{TimeTick, time_ticks};
pub use time::{clock_text, instant_text};
pub(crate) use value::{ValueAxis, ValueAxisRules, ValueTick};
