//! `/proc/sys/kernel/hung_task_detect_count`: tasks that the kernel found stuck (Linux 6.13 and later).

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("sys/kernel/hung_task_detect_count")?;
    let family = Family::counter(
        "node_kernel_hung_tasks_total",
        "Total number of tasks that have been detected as hung since the system booted.",
    );
    Ok(vec![family.with(&[], file.number(file.value())?)])
}
