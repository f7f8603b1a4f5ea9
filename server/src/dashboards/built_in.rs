//! The dashboards that come with the server.

use std::sync::OnceLock;

use crowsnest_api::dashboards::Source;

use super::{Given, OWN_FOLDER};

/// Name and text of each.
const FILES: &[(&str, &str)] = &[
    ("apiserver", include_str!("built_in/apiserver.json")),
    ("cluster", include_str!("built_in/cluster.json")),
    ("crowsnest", include_str!("built_in/crowsnest.json")),
    ("namespace", include_str!("built_in/namespace.json")),
    ("network", include_str!("built_in/network.json")),
    ("node", include_str!("built_in/node.json")),
    ("pod", include_str!("built_in/pod.json")),
    ("storage", include_str!("built_in/storage.json")),
    ("workload", include_str!("built_in/workload.json")),
];

/// All of them. They are read once.
pub(super) fn given() -> Given {
    static GIVEN: OnceLock<Given> = OnceLock::new();
    let read = || {
        let mut given = Given::default();
        for (name, text) in FILES {
            given.take(name, OWN_FOLDER, Source::BuiltIn, text, None);
        }
        given
    };
    GIVEN.get_or_init(read).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_server_has_no_fault_and_names_that_links_can_use() {
        let given = given();
        assert!(given.faults.is_empty(), "{:?}", given.faults);
        let uids: Vec<String> = given.list().iter().map(|found| found.head.uid.clone()).collect();
        assert_eq!(uids.len(), FILES.len());
        assert!(uids.iter().all(|uid| uid.starts_with("crowsnest-")), "{uids:?}");
    }
}
