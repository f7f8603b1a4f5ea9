//! `/sys/class/nvme-subsystem`: the paths to NVMe subsystems that are reached over several controllers.

use crowsnest_scrape::Family;

use super::CollectError;
use super::table::Info;
use crate::host::Host;

const FOLDER: &str = "class/nvme-subsystem";

const INFO: Info = Info {
    name: "node_nvmesubsystem_info",
    help: "Non-numeric information about an NVMe subsystem.",
    labels: &[("iopolicy", "iopolicy"), ("model", "model"), ("nqn", "subsysnqn"), ("serial", "serial")],
};

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut info = INFO.family();
    let mut paths =
        Family::gauge("node_nvmesubsystem_paths", "Number of controller paths for an NVMe subsystem.");
    let mut live = Family::gauge(
        "node_nvmesubsystem_paths_live",
        "Number of controller paths in live state for an NVMe subsystem.",
    );
    let mut states = Family::gauge(
        "node_nvmesubsystem_path_state",
        "Current NVMe controller path state (1 for the current state).",
    );
    for subsystem in host.list_sys(FOLDER)? {
        let folder = format!("{FOLDER}/{subsystem}");
        let label = ("subsystem", subsystem.as_str());
        INFO.read(&mut info, host, &folder, &[label]);
        let (mut all, mut alive) = (0.0, 0.0);
        for controller in controllers(host, &folder) {
            let text =
                |file: &str| host.sys_text(&format!("{folder}/{controller}/{file}")).unwrap_or_default();
            let (transport, state) = (text("transport"), text("state"));
            all += 1.0;
            alive += f64::from(state == "live");
            let labels =
                [label, ("controller", &*controller), ("transport", &*transport), ("state", &*state)];
            states.push(&labels, 1.0);
        }
        paths.push(&[label], all);
        live.push(&[label], alive);
    }
    Ok(vec![info, paths, live, states])
}

/// `nvme0` and the like, not the namespaces `nvme0n1` beside them.
fn controllers(host: &Host, folder: &str) -> Vec<String> {
    let mut names = host.list_sys(folder).unwrap_or_default();
    names.retain(|name| {
        name.strip_prefix("nvme").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    names
}
