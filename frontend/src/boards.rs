//! Dashboards in the browser, apart from what they look like: their time range, variables, patterns, and how queries get their answers.

mod asking;
mod board;
pub(crate) mod change;
mod engine;
mod linking;
mod loading;
mod marking;
mod snapshot;
mod times;

pub(crate) use asking::{provide_asker, use_asker};
pub(crate) use board::{Board, PanelData, Scopes, panel_name};
pub(crate) use engine::BrowserPatterns;
pub(crate) use linking::{Carried, href, is_here};
pub(crate) use loading::keep_loaded;
pub(crate) use marking::keep_marked;
pub(crate) use snapshot::{Kept, kept};
pub(crate) use times::Times;
