//! Dashboards in the browser, apart from what they look like: their time range, variables, patterns, and how queries get their answers.

mod asking;
mod board;
pub(crate) mod change;
mod engine;
mod loading;
mod times;

pub(crate) use asking::{provide_asker, use_asker};
pub(crate) use board::{Board, PanelData, Scopes};
pub(crate) use engine::BrowserPatterns;
pub(crate) use loading::keep_loaded;
pub(crate) use times::{Times, browser_zone};
