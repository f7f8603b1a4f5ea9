//! Hash routes: which page is shown, and with what parameters, read from and written to the URL's fragment.
//!
//! A pasted link shows a colleague the same view, so everything that decides what is on the screen lives here, and
//! nothing secret does. The part after `#` never reaches the server, so any base path works.

mod address;
mod history;

pub(crate) use address::{Page, Params, Route, VARIABLE, encode};
pub(crate) use history::{Router, provide_router, use_router};
