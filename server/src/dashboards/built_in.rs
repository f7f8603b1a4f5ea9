//! The dashboards that come with the server.

use std::sync::OnceLock;

use crowsnest_api::dashboards::Source;

use super::{Given, OWN_FOLDER};

/// Name and text of each.
const FILES: &[(&str, &str)] = &[];

/// All of them. They are read once.
pub(super) fn given() -> Given {
    static GIVEN: OnceLock<Given> = OnceLock::new();
    let read = || {
        let mut given = Given::default();
        for (name, text) in FILES {
            given.take(name, OWN_FOLDER, Source::BuiltIn, text);
        }
        given
    };
    GIVEN.get_or_init(read).clone()
}
