//! `/sys/devices/system/cpu/vulnerabilities`: what the kernel does about flaws of the processor.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    const FOLDER: &str = "devices/system/cpu/vulnerabilities";
    let help = "Details of each CPU vulnerability reported by sysfs. The value of the series is an int encoded state \
                of the vulnerability. The same state is stored as a string in the label";
    let mut family = Family::gauge("node_cpu_vulnerabilities_info", help);
    for codename in host.list_sys(FOLDER)? {
        let Some(text) = host.sys_text(&format!("{FOLDER}/{codename}")) else { continue };
        // `Not affected`, `Vulnerable` with or without more, `Mitigation: …`.
        let (state, mitigation) = match text.split_once(':') {
            Some((state, mitigation)) if state == "Mitigation" => (state, mitigation.trim()),
            Some((state, _)) => (state, ""),
            None => (text.as_str(), ""),
        };
        let state = state.split([';', ',']).next().unwrap_or_default().trim().to_lowercase();
        family.push(&[("codename", &codename), ("state", &state), ("mitigation", mitigation)], 1.0);
    }
    Ok(vec![family])
}
