//! One view a route, and the frame around them.

mod about_cluster;
mod access;
mod act;
mod chart_panel;
mod cluster;
mod create;
mod dashboard;
mod dashboards;
mod explore;
mod key_list;
mod kinds_served;
mod list;
mod list_face;
mod live_controls;
mod logs;
mod machine_charts;
mod map;
mod namespace_picker;
mod node;
mod node_status;
mod nodes;
mod not_found;
mod object;
mod overview;
mod palette;
mod parts;
mod range_param;
mod shell;
mod sign_in;
mod situation;
mod sources;
mod terminal;
mod watch;

pub(crate) use key_list::KeyList;
pub(crate) use shell::Shell;
pub(crate) use sign_in::SignIn;
