//! One view a route, and the frame around them.

mod chart_panel;
mod explore;
mod key_list;
mod live_controls;
mod node;
mod node_status;
mod nodes;
mod not_found;
mod overview;
mod range_param;
mod shell;
mod sign_in;
mod watch;

pub(crate) use key_list::KeyList;
pub(crate) use shell::Shell;
pub(crate) use sign_in::SignIn;
