//! `/proc/[pid]`: how many processes and threads there are, in which states, and the limits.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::{Host, SourceFile};

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut states: BTreeMap<char, u64> = BTreeMap::new();
    let mut thread_states: BTreeMap<char, u64> = BTreeMap::new();
    let (mut processes, mut threads) = (0u64, 0u64);
    for pid in numbers(host.list_proc("")?) {
        // A process that has ended since the folder was listed is none.
        let Ok(stat) = host.read_proc(&format!("{pid}/stat")) else { continue };
        let Some((state, count)) = state_and_threads(&stat) else { continue };
        processes += 1;
        threads += count;
        *states.entry(state).or_default() += 1;
        for tid in numbers(host.list_proc(&format!("{pid}/task")).unwrap_or_default()) {
            // A process of one thread is in the state of that thread.
            let state = if count == 1 {
                Some(state)
            } else {
                let stat = host.read_proc(&format!("{pid}/task/{tid}/stat")).ok();
                stat.as_ref().and_then(state_and_threads).map(|(state, _)| state)
            };
            if let Some(state) = state {
                *thread_states.entry(state).or_default() += 1;
            }
        }
    }
    let limit = |file: &str| -> Result<f64, CollectError> {
        let file = host.read_proc(&format!("sys/kernel/{file}"))?;
        file.number(file.value())
    };
    let by_state = |name: &str, help: &str, label: &str, counts: &BTreeMap<char, u64>| {
        let mut family = Family::gauge(name, help);
        for (state, count) in counts {
            family.push(&[(label, state.encode_utf8(&mut [0; 4]))], *count as f64);
        }
        family
    };
    #[rustfmt::skip]
    let families = vec![
        Family::gauge("node_processes_threads", "Allocated threads in system").with(&[], threads as f64),
        Family::gauge("node_processes_max_threads", "Limit of threads in the system").with(&[], limit("threads-max")?),
        by_state("node_processes_state", "Number of processes in each state.", "state", &states),
        by_state("node_processes_threads_state", "Number of threads in each state.", "thread_state", &thread_states),
        Family::gauge("node_processes_pids", "Number of PIDs").with(&[], processes as f64),
        Family::gauge("node_processes_max_processes", "Number of max PIDs limit").with(&[], limit("pid_max")?),
    ];
    Ok(families)
}

fn numbers(names: Vec<String>) -> impl Iterator<Item = String> {
    names.into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Fields 3 and 20 of proc_pid_stat(5). The second, the program's name, may hold blanks and parentheses.
fn state_and_threads(stat: &SourceFile) -> Option<(char, u64)> {
    let (_, rest) = stat.text.rsplit_once(") ")?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(16)?.parse().ok()?))
}
