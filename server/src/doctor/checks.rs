//! The table of what is looked at.

use std::future::ready;
use std::pin::Pin;

use super::finding::Finding;
use super::patient::Patient;
use super::{
    agents, certificates, cluster, control, disk, failing, folder, named_files, provisioning, rights, server,
    settings, store,
};

/// What a check finds, once it has looked.
pub(super) type Findings<'a> = Pin<Box<dyn Future<Output = Vec<Finding>> + Send + 'a>>;

/// Something that is looked at.
pub(super) struct Check {
    /// What its lines begin with.
    pub(super) subject: &'static str,
    /// What it looks at; a test holds docs/doctor.md against it.
    #[cfg_attr(not(test), expect(dead_code, reason = "documentation that a test reads"))]
    pub(super) looks_at: &'static str,
    /// One finding at least, unless there is nothing to look at.
    pub(super) run: for<'a> fn(&'a Patient) -> Findings<'a>,
}

/// In the order in which it is told: what stands on something comes after it.
pub(super) const CHECKS: &[Check] = &[
    Check {
        subject: settings::SUBJECT,
        looks_at: "flags, environment and crowsnest.toml together",
        run: |p| Box::pin(ready(settings::check(p))),
    },
    Check {
        subject: named_files::SUBJECT,
        looks_at: "files that settings name: there, readable, right, and secret where they hold secrets",
        run: |p| Box::pin(ready(named_files::check(p))),
    },
    Check {
        subject: provisioning::SUBJECT,
        looks_at: "rules, alertmanager.yml, scrape files, dashboards and events.yml of --provisioning",
        run: |p| Box::pin(ready(provisioning::check(p))),
    },
    Check {
        subject: folder::SUBJECT,
        looks_at: "the data folder: there, ours, private, in use or not; the keys in it",
        run: |p| Box::pin(ready(folder::check(p))),
    },
    Check {
        subject: disk::SUBJECT,
        looks_at: "free bytes and inodes of its file system, beside --retention-size",
        run: |p| Box::pin(ready(disk::check(p))),
    },
    Check {
        subject: store::SUBJECT,
        looks_at: "blocks and write-ahead log: every header and footer, the whole log",
        run: |p| Box::pin(ready(store::check(p))),
    },
    Check {
        subject: control::SUBJECT,
        looks_at: "control state in sled: readable as a whole, its size, copies that were set aside",
        run: |p| Box::pin(ready(control::check(p))),
    },
    Check {
        subject: certificates::SUBJECT,
        looks_at: "certificates and keys: that they fit, whom they name, who signed them, when they end",
        run: |p| Box::pin(certificates::check(p)),
    },
    Check {
        subject: cluster::SUBJECT,
        looks_at: "the API server: reachable, ready, its version",
        run: |p| Box::pin(cluster::check(p)),
    },
    Check {
        subject: rights::SUBJECT,
        looks_at: "the rights of the server's account, each that a feature which is on needs",
        run: |p| Box::pin(rights::check(p)),
    },
    Check {
        subject: server::SUBJECT,
        looks_at: "the running server: ready, of this version, damage, writes, maintenance and notifications that fail",
        run: |p| Box::pin(server::check(p)),
    },
    Check {
        subject: failing::SUBJECT,
        looks_at: "rules and targets of the running server that fail",
        run: |p| Box::pin(failing::check(p)),
    },
    Check {
        subject: agents::SUBJECT,
        looks_at: "who pushes: silent, late, refused; agents of another version, and what waits in their queues",
        run: |p| Box::pin(agents::check(p)),
    },
    Check {
        subject: cluster::CLOCKS,
        looks_at: "clocks: this machine's beside those of the API server, the running server and whoever pushes",
        run: |p| Box::pin(cluster::check_clocks(p)),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_subject_of_its_own_and_a_row_in_the_documentation() {
        let page = include_str!("../../../docs/doctor.md");
        for check in CHECKS {
            assert_eq!(CHECKS.iter().filter(|other| other.subject == check.subject).count(), 1);
            let row = format!("| `{}` | {} |", check.subject, check.looks_at);
            assert!(page.contains(&row), "docs/doctor.md has no row {row}");
        }
    }
}
