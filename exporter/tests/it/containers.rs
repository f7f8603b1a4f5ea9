//! Containers by their control groups, of both versions.

use crate::tree::{Tree, collector, page};

const UID: &str = "0a1b2c3d-1111-2222-3333-444455556666";

/// The lines about what `id` ends in, without the labels that all have.
fn lines_of(tree: &Tree, id: &str) -> Vec<String> {
    let given = page(&mut *collector("containers"), tree).unwrap();
    let is_it = |line: &&str| line.contains(&format!("{id}\",")) && !line.contains("last_seen");
    let common = [r#",job="kubelet""#, r#",metrics_path="/metrics/cadvisor""#];
    let lines = given.lines().filter(is_it);
    lines.map(|line| common.iter().fold(line.to_owned(), |line, common| line.replace(common, ""))).collect()
}

#[test]
fn a_container_of_the_second_version_has_cadvisors_names_and_the_kubelets_labels() {
    let id = "c".repeat(64);
    let slice = "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice";
    let pod = format!("sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/{slice}");
    let group = format!("{pod}/cri-containerd-{id}.scope");
    let tree = Tree::new(&[
        ("sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n"),
        ("sys/fs/cgroup/system.slice/ssh.service/memory.current", "1\n"),
        ("sys/dev/block/8:0/uevent", "MAJOR=8\nMINOR=0\nDEVNAME=sda\n"),
        (
            "proc/77/net/dev",
            "Inter-|\n face |\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 10 2 0 1 0 0 0 0 20 3 0 4 0 0 0 0\n",
        ),
    ]);
    tree.write(&format!("root/var/log/containers/web-1_shop_nginx-{id}.log"), "");
    tree.write(&format!("root/var/log/pods/shop_web-1_{UID}/nginx/0.log"), "");
    for (file, content) in [
        (
            "cpu.stat",
            "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 2\nthrottled_usec 250000\n",
        ),
        ("cpu.max", "200000 100000\n"),
        ("cpu.weight", "100\n"),
        ("cpu.pressure", "some avg10=0.00 total=2000000\nfull avg10=0.00 total=1000000\n"),
        ("memory.current", "1000\n"),
        ("memory.max", "max\n"),
        ("memory.stat", "anon 600\nfile 300\nfile_mapped 50\ninactive_file 100\npgfault 7\npgmajfault 1\n"),
        ("memory.events", "low 0\nmax 3\noom_kill 1\n"),
        ("io.stat", "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"),
        ("pids.current", "5\n"),
        ("cgroup.procs", "77\n78\n"),
    ] {
        tree.write(&format!("{group}/{file}"), content);
    }
    let labels = format!(
        r#"container="nginx",id="/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-{id}.scope",image="unknown",name="{id}",namespace="shop",pod="web-1""#
    );
    let plain = |name: &str, value: &str| format!("container_{name}{{{labels}}} {value}");
    let device = |name: &str, value: &str| {
        let labels = labels.replace(",id=", ",device=\"/dev/sda\",id=");
        format!("container_{name}{{{labels}}} {value}")
    };
    let faults = |kind: &str, value: &str| {
        let labels = labels.replace(",id=", &format!(",failure_type=\"{kind}\",id="));
        format!("container_memory_failures_total{{{labels},scope=\"hierarchy\"}} {value}")
    };
    let expected = [
        plain("cpu_usage_seconds_total", "1.5").replace(",id=", ",cpu=\"total\",id="),
        plain("cpu_user_seconds_total", "1"),
        plain("cpu_system_seconds_total", "0.5"),
        plain("cpu_cfs_periods_total", "10"),
        plain("cpu_cfs_throttled_periods_total", "2"),
        plain("cpu_cfs_throttled_seconds_total", "0.25"),
        plain("memory_usage_bytes", "1000"),
        plain("memory_working_set_bytes", "900"),
        plain("memory_rss", "600"),
        plain("memory_cache", "300"),
        plain("memory_mapped_file", "50"),
        plain("memory_failcnt", "3"),
        faults("pgfault", "7"),
        faults("pgmajfault", "1"),
        plain("oom_events_total", "1"),
        device("fs_reads_total", "1"),
        device("fs_reads_bytes_total", "4096"),
        device("fs_writes_total", "2"),
        device("fs_writes_bytes_total", "8192"),
        plain("processes", "2"),
        plain("threads", "5"),
        plain("pressure_cpu_waiting_seconds_total", "2"),
        plain("pressure_cpu_stalled_seconds_total", "1"),
        plain("spec_cpu_period", "100000"),
        plain("spec_cpu_quota", "200000"),
        plain("spec_cpu_shares", "2597"),
        plain("spec_memory_limit_bytes", "0"),
    ];
    assert_eq!(lines_of(&tree, &format!("{id}.scope")), expected);

    // The pod's network, told by one of its processes.
    let network: Vec<String> =
        lines_of(&tree, slice).into_iter().filter(|line| line.contains("network")).collect();
    let labels = format!(
        r#"{{id="/kubepods.slice/kubepods-burstable.slice/{slice}",interface="eth0",namespace="shop",pod="web-1"}}"#
    );
    let expected = [
        ("receive_bytes", 10),
        ("receive_packets", 2),
        ("receive_errors", 0),
        ("receive_packets_dropped", 1),
        ("transmit_bytes", 20),
        ("transmit_packets", 3),
        ("transmit_errors", 0),
        ("transmit_packets_dropped", 4),
    ];
    let expected = expected.map(|(name, value)| format!("container_network_{name}_total{labels} {value}"));
    assert_eq!(network, expected);
}

#[test]
fn a_container_of_the_first_version_is_put_together_from_its_controllers() {
    let id = "d".repeat(64);
    let group = format!("kubepods/besteffort/pod{UID}/{id}");
    let tree = Tree::new(&[("root/x", "")]);
    for (file, content) in [
        ("cpuacct/{}/cpuacct.usage", "1500000000\n"),
        ("cpu/{}/cpu.stat", "nr_periods 10\nnr_throttled 2\nthrottled_time 250000000\n"),
        ("cpu/{}/cpu.cfs_quota_us", "-1\n"),
        ("memory/{}/memory.usage_in_bytes", "1000\n"),
        ("memory/{}/memory.stat", "cache 1\ntotal_cache 300\ntotal_rss 600\ntotal_inactive_file 1200\n"),
        ("memory/{}/memory.limit_in_bytes", "9223372036854771712\n"),
        (
            "blkio/{}/blkio.throttle.io_service_bytes",
            "8:0 Read 4096\n8:0 Write 0\n8:0 Total 4096\nTotal 4096\n",
        ),
    ] {
        tree.write(&format!("sys/fs/cgroup/{}", file.replace("{}", &group)), content);
    }
    let lines = lines_of(&tree, &id);
    let values: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.split('{').next().unwrap(), line.rsplit(' ').next().unwrap()))
        .collect();
    let expected = [
        ("container_cpu_usage_seconds_total", "1.5"),
        ("container_cpu_cfs_periods_total", "10"),
        ("container_cpu_cfs_throttled_periods_total", "2"),
        ("container_cpu_cfs_throttled_seconds_total", "0.25"),
        ("container_memory_usage_bytes", "1000"),
        ("container_memory_working_set_bytes", "0"),
        ("container_memory_rss", "600"),
        ("container_memory_cache", "300"),
        ("container_fs_reads_bytes_total", "4096"),
        ("container_fs_writes_bytes_total", "0"),
        ("container_spec_memory_limit_bytes", "0"),
    ];
    assert_eq!(values, expected);
}
