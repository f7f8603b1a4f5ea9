//! Every series of a node that the dashboards and rules of the corpus name is reported, or it is said here why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crowsnest_agent::collector::{Collectors, Settings};
use crowsnest_agent::{Gatherer, Host};
use crowsnest_scrape::text::{Limits, parse};

use crate::systemd;
use crate::tree::Tree;

/// Files and folders about node_exporter.
const SOURCES: &[&str] = &[
    "dashboards/kube-prometheus--node-cluster-rsrc-use.json",
    "dashboards/kube-prometheus--node-rsrc-use.json",
    "dashboards/kube-prometheus--nodes.json",
    "dashboards/rfmoz--node-exporter-full.json",
    "rules/awesome/host-and-hardware.node-exporter.yml",
    "rules/awesome/zfs.node-exporter.yml",
    "rules/kube-prometheus/nodeExporter.rules.yaml",
    "rules/mixins/node-exporter.alerts.yaml",
    "rules/mixins/node-exporter.rules.yaml",
    "rules/node-exporter-mixin",
    "rules/openshift-cmo/node-exporter.prometheus-rule.rules.yaml",
];

/// Names that are no series of a collector, and why.
const EXPLAINED: &[(&str, &str)] = &[
    ("node_accelerator_card_info", "written to a text file by OpenShift's own script"),
    ("node_exporter", "the name of a job"),
    ("node_exporter_build_info", "about node_exporter itself; ours is crowsnest_agent_build_info"),
    ("node_kernel_hung_tasks", "misspelled there: it is node_kernel_hung_tasks_total"),
    ("node_netstat_Tcp_MaxConn", "reported with --collector.netstat.fields, as by node_exporter"),
];

/// Hardware and kernels that this machine may not have.
fn hardware() -> Tree {
    let chip = "sys/class/hwmon/hwmon0";
    let files = [
        ("name", "chip\n"),
        ("fan1_input", "1\n"),
        ("fan1_min", "1\n"),
        ("temp1_input", "1\n"),
        ("temp1_max", "1\n"),
        ("temp1_crit", "1\n"),
        ("temp1_crit_hyst", "1\n"),
        ("temp1_crit_alarm", "1\n"),
        ("temp1_alarm", "1\n"),
    ]
    .map(|(file, content)| (format!("{chip}/{file}"), content));
    let tree = Tree::new(&[
        ("sys/class/net/bonding_masters", "bond0\n"),
        ("sys/class/net/eth0/operstate", "up\n"),
        ("sys/class/net/eth0/speed", "1000\n"),
        ("sys/class/net/eth0/carrier", "1\n"),
        ("sys/class/thermal/cooling_device0/cur_state", "0\n"),
        ("sys/class/thermal/cooling_device0/max_state", "3\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq", "1\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", "1\n"),
        ("sys/devices/system/edac/mc/mc0/ce_count", "0\n"),
        ("sys/devices/system/edac/mc/mc0/ue_count", "0\n"),
        ("sys/class/power_supply/AC/online", "1\n"),
        ("proc/mdstat", "md0 : active raid1 sda1[0] sdb1[1]\n      248896 blocks [2/2] [UU]\n"),
        ("proc/spl/kstat/zfs/tank/state", "ONLINE\n"),
        ("proc/schedstat", "cpu0 0 0 0 0 0 0 1 2 3\n"),
        ("proc/pressure/cpu", "some total=1\n"),
        ("proc/pressure/io", "some total=1\nfull total=1\n"),
        ("proc/pressure/memory", "some total=1\nfull total=1\n"),
        ("proc/pressure/irq", "full total=1\n"),
        ("proc/sys/net/netfilter/nf_conntrack_count", "1\n"),
        ("proc/sys/net/netfilter/nf_conntrack_max", "1\n"),
        ("proc/interrupts", "CPU0\nNMI: 1 about it\n"),
        (
            "proc/meminfo",
            "NFS_Unstable: 1 kB\nHardwareCorrupted: 1 kB\nDirectMap1G: 1 kB\nShmemHugePages: 1 kB\nShmemPmdMapped: 1 kB\nPercpu: 1 kB\nZswap: 1 kB\nZswapped: 1 kB\n",
        ),
    ]);
    for (path, content) in &files {
        tree.write(path, content);
    }
    tree
}

fn reported() -> BTreeSet<String> {
    let all = Collectors::choose(|row| row.name != "systemd");
    let mut names = BTreeSet::new();
    for host in [Host::default(), hardware().host()] {
        let families = Gatherer::new(host, Settings::default(), &all).gather();
        names.extend(families.iter().map(|family| family.name.to_string()));
    }
    let page = systemd::collect("run/dbus/system_bus_socket", false);
    let families = parse(page.as_bytes(), Limits::default()).unwrap();
    names.extend(families.iter().map(|family| family.name.to_string()));
    // The scripted systemd is an old one.
    names.insert("node_systemd_socket_refused_connections_total".to_owned());
    names
}

/// The names in a file, or in all files of a folder, that start with `node_`; those with a colon are recorded by rules.
fn named(path: &Path, names: &mut BTreeSet<String>) {
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries {
            named(&entry.unwrap().path(), names);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')));
    // `\n` of JSON before a name is no part of it.
    let words =
        words.map(|word| word.strip_prefix('n').filter(|rest| rest.starts_with("node_")).unwrap_or(word));
    let ours = words.filter(|word| word.starts_with("node_") && !word.contains(':') && !word.ends_with('_'));
    names.extend(ours.map(str::to_owned));
}

#[test]
fn every_series_that_dashboards_and_rules_name_is_reported_or_explained() {
    let corpus = std::env::var_os("CROWSNEST_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    if !corpus.is_dir() {
        return println!("corpus absent: set CROWSNEST_CORPUS to look through its dashboards and rules");
    }
    let mut names = BTreeSet::new();
    for source in SOURCES {
        named(&corpus.join(source), &mut names);
    }
    assert!(names.len() > 200, "{names:?}");
    let reported = reported();
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !reported.contains(*name) && !EXPLAINED.iter().any(|(known, _)| known == name))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
    println!("{} names, {} explained", names.len(), EXPLAINED.len());
}
