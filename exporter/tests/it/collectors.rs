//! Collectors of procfs and of the system's state against small trees of files with known numbers.

use std::fs;

use crowsnest_agent::SourceFile;
use crowsnest_agent::collector::COLLECTORS;

use crate::tree::{Tree, check, check_error, collector, page, settings};

const STAT: &str = "\
cpu  30 0 0 0 0 0 0 0 0 0
cpu0 100 20 300 4000 50 6 7 8 9 10
cpu1 1 2 3 4 5 6 7 8
intr 12345 0 1 2
ctxt 67
btime 1700000000
processes 89
procs_running 3
procs_blocked 4
softirq 1 2 3
";

#[test]
fn cpu_gives_seconds_by_processor_and_mode() {
    check(
        "cpu",
        &[("proc/stat", STAT)],
        r#"# TYPE node_cpu_seconds_total counter
        node_cpu_seconds_total{cpu="0",mode="user"} 1
        node_cpu_seconds_total{cpu="0",mode="nice"} 0.2
        node_cpu_seconds_total{cpu="0",mode="system"} 3
        node_cpu_seconds_total{cpu="0",mode="idle"} 40
        node_cpu_seconds_total{cpu="0",mode="iowait"} 0.5
        node_cpu_seconds_total{cpu="0",mode="irq"} 0.06
        node_cpu_seconds_total{cpu="0",mode="softirq"} 0.07
        node_cpu_seconds_total{cpu="0",mode="steal"} 0.08
        node_cpu_seconds_total{cpu="1",mode="user"} 0.01
        node_cpu_seconds_total{cpu="1",mode="nice"} 0.02
        node_cpu_seconds_total{cpu="1",mode="system"} 0.03
        node_cpu_seconds_total{cpu="1",mode="idle"} 0.04
        node_cpu_seconds_total{cpu="1",mode="iowait"} 0.05
        node_cpu_seconds_total{cpu="1",mode="irq"} 0.06
        node_cpu_seconds_total{cpu="1",mode="softirq"} 0.07
        node_cpu_seconds_total{cpu="1",mode="steal"} 0.08
        # TYPE node_cpu_guest_seconds_total counter
        node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.09
        node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.1
        node_cpu_guest_seconds_total{cpu="1",mode="user"} 0
        node_cpu_guest_seconds_total{cpu="1",mode="nice"} 0"#,
    );
}

#[test]
fn cpu_counts_the_throttling_of_a_core_once_for_all_its_threads() {
    let cpu = |n: u32, file: &str| format!("sys/devices/system/cpu/cpu{n}/{file}");
    let mut files = vec![("proc/stat".to_owned(), "cpu0 0\n")];
    for n in 0..2 {
        files.push((cpu(n, "topology/physical_package_id"), "0\n"));
        files.push((cpu(n, "topology/core_id"), "1\n"));
        files.push((cpu(n, "thermal_throttle/core_throttle_count"), "5\n"));
        files.push((cpu(n, "thermal_throttle/package_throttle_count"), "6\n"));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (path.as_str(), *content)).collect();
    let given = page(&mut *collector("cpu"), &Tree::new(&files)).unwrap();
    let throttling: Vec<&str> = given.lines().filter(|line| line.contains("throttles_total{")).collect();
    let expected = [
        r#"node_cpu_core_throttles_total{core="1",package="0"} 5"#,
        r#"node_cpu_package_throttles_total{package="0"} 6"#,
    ];
    assert_eq!(throttling, expected);
}

#[test]
fn cpu_idle_time_that_runs_backwards_stands_still() {
    let tree = Tree::new(&[("proc/stat", "cpu0 10 0 0 1000\n")]);
    let mut collector = collector("cpu");
    page(&mut *collector, &tree).unwrap();
    tree.write("proc/stat", "cpu0 12 0 0 998\n");
    let given = page(&mut *collector, &tree).unwrap();
    assert!(
        given.contains(r#"{cpu="0",mode="idle"} 10"#) && given.contains(r#"{cpu="0",mode="user"} 0.12"#),
        "{given}"
    );
}

#[test]
fn cpu_leaves_out_a_processor_that_went_offline() {
    let tree = Tree::new(&[("proc/stat", "cpu0 1\ncpu1 1\n")]);
    let mut collector = collector("cpu");
    assert!(page(&mut *collector, &tree).unwrap().contains(r#"cpu="1""#));
    tree.write("proc/stat", "cpu0 1\n");
    assert!(!page(&mut *collector, &tree).unwrap().contains(r#"cpu="1""#));
}

#[test]
fn stat_gives_the_lines_that_are_not_about_processors() {
    check(
        "stat",
        &[("proc/stat", STAT)],
        "# TYPE node_intr_total counter
        node_intr_total 12345
        # TYPE node_context_switches_total counter
        node_context_switches_total 67
        # TYPE node_boot_time_seconds gauge
        node_boot_time_seconds 1700000000
        # TYPE node_forks_total counter
        node_forks_total 89
        # TYPE node_procs_running gauge
        node_procs_running 3
        # TYPE node_procs_blocked gauge
        node_procs_blocked 4",
    );
}

#[test]
fn meminfo_gives_bytes_and_counts() {
    check(
        "meminfo",
        &[("proc/meminfo", "MemTotal:  16 kB\nActive(anon):  2 kB\nHugePages_Total:  3\n")],
        "# TYPE node_memory_MemTotal_bytes gauge
        node_memory_MemTotal_bytes 16384
        # TYPE node_memory_Active_anon_bytes gauge
        node_memory_Active_anon_bytes 2048
        # TYPE node_memory_HugePages_Total gauge
        node_memory_HugePages_Total 3",
    );
    check_error("meminfo", &[("proc/meminfo", "MemTotal:  16 pages\n")], "unexpected MemTotal:  16 pages");
}

#[test]
fn loadavg_gives_three_averages() {
    check(
        "loadavg",
        &[("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n")],
        "# TYPE node_load1 gauge
        node_load1 0.5
        # TYPE node_load5 gauge
        node_load5 1.25
        # TYPE node_load15 gauge
        node_load15 2",
    );
}

#[test]
fn vmstat_gives_paging_and_faults_only() {
    check(
        "vmstat",
        &[("proc/vmstat", "nr_free_pages 1\npgpgin 2\npgmajfault 3\npgsteal 4\npswpout 5\noom_kill 6\n")],
        "# TYPE node_vmstat_pgpgin untyped
        node_vmstat_pgpgin 2
        # TYPE node_vmstat_pgmajfault untyped
        node_vmstat_pgmajfault 3
        # TYPE node_vmstat_pswpout untyped
        node_vmstat_pswpout 5
        # TYPE node_vmstat_oom_kill untyped
        node_vmstat_oom_kill 6",
    );
}

#[test]
fn diskstats_gives_bytes_and_seconds_and_what_udev_knows() {
    check(
        "diskstats",
        &[
            (
                "proc/diskstats",
                "7 0 loop0 1 1 1 1\n8 0 sda 1 2 3 4 5 6 7 8 9 7600 11 12 13 14 15 16 17\n8 1 sda1 1 2 3 4 5 6 7 8 9 10 11\n",
            ),
            ("udev/b8:0", "N:sda\nE:ID_MODEL=Fast\nE:ID_SERIAL_SHORT=S1\nE:ID_WWN=0x5\n"),
            ("sys/block/sda/queue/rotational", "1\n"),
            ("udev/b8:1", "E:ID_FS_TYPE=ext4\nE:ID_FS_USAGE=filesystem\nE:ID_FS_UUID=u-1\n"),
        ],
        r#"# TYPE node_disk_reads_completed_total counter
        node_disk_reads_completed_total{device="sda"} 1
        node_disk_reads_completed_total{device="sda1"} 1
        # TYPE node_disk_reads_merged_total counter
        node_disk_reads_merged_total{device="sda"} 2
        node_disk_reads_merged_total{device="sda1"} 2
        # TYPE node_disk_read_bytes_total counter
        node_disk_read_bytes_total{device="sda"} 1536
        node_disk_read_bytes_total{device="sda1"} 1536
        # TYPE node_disk_read_time_seconds_total counter
        node_disk_read_time_seconds_total{device="sda"} 0.004
        node_disk_read_time_seconds_total{device="sda1"} 0.004
        # TYPE node_disk_writes_completed_total counter
        node_disk_writes_completed_total{device="sda"} 5
        node_disk_writes_completed_total{device="sda1"} 5
        # TYPE node_disk_writes_merged_total counter
        node_disk_writes_merged_total{device="sda"} 6
        node_disk_writes_merged_total{device="sda1"} 6
        # TYPE node_disk_written_bytes_total counter
        node_disk_written_bytes_total{device="sda"} 3584
        node_disk_written_bytes_total{device="sda1"} 3584
        # TYPE node_disk_write_time_seconds_total counter
        node_disk_write_time_seconds_total{device="sda"} 0.008
        node_disk_write_time_seconds_total{device="sda1"} 0.008
        # TYPE node_disk_io_now gauge
        node_disk_io_now{device="sda"} 9
        node_disk_io_now{device="sda1"} 9
        # TYPE node_disk_io_time_seconds_total counter
        node_disk_io_time_seconds_total{device="sda"} 7.6
        node_disk_io_time_seconds_total{device="sda1"} 0.01
        # TYPE node_disk_io_time_weighted_seconds_total counter
        node_disk_io_time_weighted_seconds_total{device="sda"} 0.011
        node_disk_io_time_weighted_seconds_total{device="sda1"} 0.011
        # TYPE node_disk_discards_completed_total counter
        node_disk_discards_completed_total{device="sda"} 12
        # TYPE node_disk_discards_merged_total counter
        node_disk_discards_merged_total{device="sda"} 13
        # TYPE node_disk_discarded_sectors_total counter
        node_disk_discarded_sectors_total{device="sda"} 14
        # TYPE node_disk_discard_time_seconds_total counter
        node_disk_discard_time_seconds_total{device="sda"} 0.015
        # TYPE node_disk_flush_requests_total counter
        node_disk_flush_requests_total{device="sda"} 16
        # TYPE node_disk_flush_requests_time_seconds_total counter
        node_disk_flush_requests_time_seconds_total{device="sda"} 0.017
        # TYPE node_disk_info gauge
        node_disk_info{device="sda",major="8",minor="0",model="Fast",rotational="1",serial="S1",wwn="0x5"} 1
        node_disk_info{device="sda1",major="8",minor="1",rotational="0"} 1
        # TYPE node_disk_filesystem_info gauge
        node_disk_filesystem_info{device="sda1",type="ext4",usage="filesystem",uuid="u-1"} 1"#,
    );
}

const NET_DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
veth1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
";

#[test]
fn netdev_takes_its_columns_from_the_heading() {
    let given = page(
        &mut *collector("netdev"),
        &Tree::new(&[("proc/net/dev", NET_DEV), ("sys/class/net/eth0/statistics/rx_nohandler", "17\n")]),
    )
    .unwrap();
    let samples: Vec<&str> = given.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [
        "receive_bytes",
        "receive_packets",
        "receive_errs",
        "receive_drop",
        "receive_fifo",
        "receive_frame",
        "receive_compressed",
        "receive_multicast",
        "transmit_bytes",
        "transmit_packets",
        "transmit_errs",
        "transmit_drop",
        "transmit_fifo",
        "transmit_colls",
        "transmit_carrier",
        "transmit_compressed",
        "receive_nohandler",
    ];
    let expected: Vec<String> = (1..)
        .zip(expected)
        .map(|(n, name)| format!("node_network_{name}_total{{device=\"eth0\"}} {n}"))
        .collect();
    assert_eq!(samples, expected);
    assert!(given.lines().filter(|line| line.starts_with('#')).all(|line| line.ends_with(" counter")));
    check_error("netdev", &[("proc/net/dev", "one line\n")], "net/dev: unexpected");
}

#[test]
fn netclass_leaves_out_what_a_device_does_not_say() {
    check(
        "netclass",
        &[
            ("sys/class/net/eth0/operstate", "up\n"),
            ("sys/class/net/eth0/address", "02:00:00:00:00:01\n"),
            ("sys/class/net/eth0/flags", "0x1003\n"),
            ("sys/class/net/eth0/speed", "1000\n"),
            ("sys/class/net/ifb0/operstate", "down\n"),
            ("sys/class/net/ifb0/mtu", "1500\n"),
            ("sys/class/net/bonding_masters", ""),
        ],
        r#"# TYPE node_network_flags gauge
        node_network_flags{device="eth0"} 4099
        # TYPE node_network_mtu_bytes gauge
        node_network_mtu_bytes{device="ifb0"} 1500
        # TYPE node_network_speed_bytes gauge
        node_network_speed_bytes{device="eth0"} 125000000
        # TYPE node_network_up gauge
        node_network_up{device="eth0"} 1
        node_network_up{device="ifb0"} 0
        # TYPE node_network_info gauge
        node_network_info{address="02:00:00:00:00:01",adminstate="up",device="eth0",operstate="up"} 1
        node_network_info{device="ifb0",operstate="down"} 1"#,
    );
}

#[test]
fn netstat_gives_the_wanted_counters_of_three_files() {
    check(
        "netstat",
        &[
            (
                "proc/net/netstat",
                "TcpExt: SyncookiesSent TW ListenDrops\nTcpExt: 1 2 3\nIpExt: InOctets\nIpExt: 4\n",
            ),
            ("proc/net/snmp", "Ip: Forwarding DefaultTTL\nIp: 1 64\n"),
            ("proc/net/snmp6", "Ip6InOctets  5\nIp6InDelivers  6\nUdpLite6InErrors  7\n"),
        ],
        "# TYPE node_netstat_TcpExt_SyncookiesSent untyped
        node_netstat_TcpExt_SyncookiesSent 1
        # TYPE node_netstat_TcpExt_ListenDrops untyped
        node_netstat_TcpExt_ListenDrops 3
        # TYPE node_netstat_IpExt_InOctets untyped
        node_netstat_IpExt_InOctets 4
        # TYPE node_netstat_Ip_Forwarding untyped
        node_netstat_Ip_Forwarding 1
        # TYPE node_netstat_Ip6_InOctets untyped
        node_netstat_Ip6_InOctets 5
        # TYPE node_netstat_UdpLite6_InErrors untyped
        node_netstat_UdpLite6_InErrors 7",
    );
    check_error(
        "netstat",
        &[("proc/net/netstat", "A: x\nB: 1\n"), ("proc/net/snmp", "")],
        "values of \"B\" after the names of \"A\"",
    );
}

#[test]
fn sockstat_gives_memory_in_pages_and_bytes() {
    let tree = Tree::new(&[("proc/net/sockstat", "sockets: used 22\nTCP: inuse 4 mem 3\n")]);
    let given = page(&mut *collector("sockstat"), &tree).unwrap();
    let samples: Vec<&str> = given.lines().filter(|line| !line.starts_with('#')).collect();
    // Pages have 4, 16 or 64 KiB, depending on the machine.
    let [used, inuse, mem, bytes] = samples[..] else { panic!("{samples:?}") };
    assert_eq!(
        [used, inuse, mem],
        ["node_sockstat_sockets_used 22", "node_sockstat_TCP_inuse 4", "node_sockstat_TCP_mem 3"]
    );
    let bytes: u64 = bytes.strip_prefix("node_sockstat_TCP_mem_bytes ").unwrap().parse().unwrap();
    assert!(bytes >= 3 * 4096 && bytes.is_multiple_of(3 * 4096), "{bytes}");
}

#[test]
fn filefd_gives_allocated_and_maximum() {
    check(
        "filefd",
        &[("proc/sys/fs/file-nr", "1024\t0\t9223372\n")],
        "# TYPE node_filefd_allocated gauge
        node_filefd_allocated 1024
        # TYPE node_filefd_maximum gauge
        node_filefd_maximum 9223372",
    );
    check_error("filefd", &[("proc/sys/fs/file-nr", "1 2\n")], "file-nr: unexpected 1 2");
}

#[test]
fn pressure_gives_seconds_and_does_without_files_that_the_kernel_lacks() {
    check(
        "pressure",
        &[
            (
                "proc/pressure/cpu",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 total=9\n",
            ),
            ("proc/pressure/memory", "some avg10=0.00 total=1\nfull avg10=0.00 total=2\n"),
        ],
        "# TYPE node_pressure_cpu_waiting_seconds_total counter
        node_pressure_cpu_waiting_seconds_total 1.5
        # TYPE node_pressure_memory_waiting_seconds_total counter
        node_pressure_memory_waiting_seconds_total 0.000001
        # TYPE node_pressure_memory_stalled_seconds_total counter
        node_pressure_memory_stalled_seconds_total 0.000002",
    );
    let absent = page(&mut *collector("pressure"), &Tree::new(&[])).unwrap_err();
    assert!(absent.is_absent());
}

#[test]
fn arp_counts_neighbours_by_device() {
    let heading = "IP address  HW type  Flags  HW address  Mask  Device\n";
    let row = |n: u32, device: &str| format!("10.0.0.{n}  0x1  0x2  02:00:00:00:00:01  *  {device}\n");
    let table = [heading, &row(1, "eth0"), &row(2, "eth0"), &row(3, "eth1")].concat();
    check(
        "arp",
        &[("proc/net/arp", &table)],
        r#"# TYPE node_arp_entries gauge
        node_arp_entries{device="eth0"} 2
        node_arp_entries{device="eth1"} 1"#,
    );
}

#[test]
fn entropy_gives_what_is_there_and_what_there_may_be() {
    check(
        "entropy",
        &[("proc/sys/kernel/random/entropy_avail", "255\n"), ("proc/sys/kernel/random/poolsize", "256\n")],
        "# TYPE node_entropy_available_bits gauge
        node_entropy_available_bits 255
        # TYPE node_entropy_pool_size_bits gauge
        node_entropy_pool_size_bits 256",
    );
}

#[test]
fn softnet_reads_hexadecimal_and_the_processors_number_where_it_is_given() {
    let new = "000000ff 00000001 00000002 0 0 0 0 0 4 5 6 7 00000003\n";
    check(
        "softnet",
        &[("proc/net/softnet_stat", new)],
        r#"# TYPE node_softnet_processed_total counter
        node_softnet_processed_total{cpu="3"} 255
        # TYPE node_softnet_dropped_total counter
        node_softnet_dropped_total{cpu="3"} 1
        # TYPE node_softnet_times_squeezed_total counter
        node_softnet_times_squeezed_total{cpu="3"} 2
        # TYPE node_softnet_cpu_collision_total counter
        node_softnet_cpu_collision_total{cpu="3"} 4
        # TYPE node_softnet_received_rps_total counter
        node_softnet_received_rps_total{cpu="3"} 5
        # TYPE node_softnet_flow_limit_count_total counter
        node_softnet_flow_limit_count_total{cpu="3"} 6
        # TYPE node_softnet_backlog_len gauge
        node_softnet_backlog_len{cpu="3"} 7"#,
    );
    let old =
        page(&mut *collector("softnet"), &Tree::new(&[("proc/net/softnet_stat", "1 2 3 0\n4 5 6 0\n")]));
    assert!(old.unwrap().contains(r#"node_softnet_dropped_total{cpu="1"} 5"#));
}

#[test]
fn conntrack_sums_the_statistics_of_all_processors() {
    check(
        "conntrack",
        &[
            ("proc/sys/net/netfilter/nf_conntrack_count", "12\n"),
            ("proc/sys/net/netfilter/nf_conntrack_max", "65536\n"),
            (
                "proc/net/stat/nf_conntrack",
                "entries  found invalid drop\n0000000c 0000000a 00000001 0\n0000000c 00000001 00000001 f\n",
            ),
        ],
        "# TYPE node_nf_conntrack_entries gauge
        node_nf_conntrack_entries 12
        # TYPE node_nf_conntrack_entries_limit gauge
        node_nf_conntrack_entries_limit 65536
        # TYPE node_nf_conntrack_stat_found gauge
        node_nf_conntrack_stat_found 11
        # TYPE node_nf_conntrack_stat_invalid gauge
        node_nf_conntrack_stat_invalid 2
        # TYPE node_nf_conntrack_stat_drop gauge
        node_nf_conntrack_stat_drop 15",
    );
}

#[test]
fn time_gives_the_clock_and_its_sources() {
    let folder = "sys/devices/system/clocksource/clocksource0";
    let tree = Tree::new(&[]);
    tree.write(&format!("{folder}/available_clocksource"), "kvm-clock tsc \n");
    tree.write(&format!("{folder}/current_clocksource"), "tsc\n");
    let given = page(&mut *collector("time"), &tree).unwrap();
    for line in [
        r#"node_time_clocksource_available_info{clocksource="kvm-clock",device="0"} 1"#,
        r#"node_time_clocksource_available_info{clocksource="tsc",device="0"} 1"#,
        r#"node_time_clocksource_current_info{clocksource="tsc",device="0"} 1"#,
    ] {
        assert!(given.contains(line), "{given}");
    }
    let seconds = given.lines().find_map(|line| line.strip_prefix("node_time_seconds ")).unwrap();
    assert!(seconds.parse::<f64>().unwrap() > 1.7e9);
    assert!(given.contains("node_time_zone_offset_seconds{time_zone=\""));
}

#[test]
fn uname_gives_what_the_kernel_says_of_itself() {
    let given = page(&mut *collector("uname"), &Tree::new(&[])).unwrap();
    let release = SourceFile::read("/proc/sys/kernel/osrelease".into()).unwrap();
    assert!(given.contains(&format!("release=\"{}\"", release.value())), "{given}");
    assert!(given.contains("sysname=\"Linux\"") && given.contains("nodename=\""), "{given}");
}

/// The mount table of the next tests: the tree's own folder stands for a disk.
fn mount_table(tree: &Tree) {
    let disk = tree.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let disk = disk.to_str().unwrap();
    let line = |point: &str, fstype: &str, options: &str| {
        format!("1 2 8:1 / {point} {options} - {fstype} /dev/{fstype} rw\n")
    };
    let table = [
        line(disk, "ext4", "ro,noatime"),
        line(disk, "ext4", "ro,noatime"),
        line("/proc", "proc", "rw"),
        line("/does/not/exist", "nfs4", "rw"),
    ];
    tree.write("proc/1/mountinfo", &table.concat());
}

#[test]
fn filesystem_gives_sizes_flags_and_errors_of_the_wanted_mounts() {
    let tree = Tree::new(&[]);
    mount_table(&tree);
    let given = page(&mut *collector("filesystem"), &tree).unwrap();
    let disk = tree.path().join("disk");
    let labels = format!(r#"{{device="/dev/ext4",fstype="ext4",mountpoint="{}"}}"#, disk.display());
    let value = |name: &str| -> f64 {
        let prefix = format!("node_filesystem_{name}{labels} ");
        let values: Vec<&str> = given.lines().filter_map(|line| line.strip_prefix(prefix.as_str())).collect();
        assert_eq!(values.len(), 1, "{name} in\n{given}");
        values[0].parse().unwrap()
    };
    assert!(value("size_bytes") >= value("free_bytes") && value("free_bytes") >= value("avail_bytes"));
    assert!(value("size_bytes") > 1e6 && value("files") >= value("files_free"));
    assert_eq!((value("readonly"), value("device_error")), (1.0, 0.0));
    let broken: Vec<&str> = given.lines().filter(|line| line.contains("/does/not/exist")).collect();
    let error = r#"device_error="no such file or directory",fstype="nfs4""#;
    let labels = format!(r#"{{device="/dev/nfs4",{error},mountpoint="/does/not/exist"}}"#);
    let info = r#"{device="/dev/nfs4",major="8",minor="1",mountpoint="/does/not/exist"}"#;
    let expected = [
        format!("node_filesystem_readonly{labels} 0"),
        format!("node_filesystem_device_error{labels} 1"),
        format!("node_filesystem_mount_info{info} 1"),
    ];
    assert_eq!(broken, expected);
    assert!(!given.contains("mountpoint=\"/proc\""));
}

#[test]
fn every_collector_names_the_file_that_it_misses() {
    // These ask the kernel, or have something to say without a file.
    let others = ["bcache", "edac", "selinux", "textfile", "time", "timex", "uname"];
    let tree = Tree::new(&[("root/x", "")]);
    for row in COLLECTORS.iter().filter(|row| !others.contains(&row.name)) {
        let error = page(&mut *(row.build)(&settings()), &tree).unwrap_err();
        assert!(error.is_absent(), "{}: {error}", row.name);
    }
}

#[test]
fn no_collector_panics_on_damaged_files() {
    let files = [
        "proc/stat",
        "proc/meminfo",
        "proc/loadavg",
        "proc/vmstat",
        "proc/diskstats",
        "proc/net/dev",
        "proc/net/netstat",
        "proc/net/snmp",
        "proc/net/snmp6",
        "proc/net/sockstat",
        "proc/sys/fs/file-nr",
        "proc/pressure/cpu",
        "proc/pressure/io",
        "proc/1/mountinfo",
        "sys/class/net/x/operstate",
        "sys/class/net/x/speed",
        "sys/class/net/bonding_masters",
        "proc/cgroups",
        "proc/buddyinfo",
        "proc/cpuinfo",
        "proc/interrupts",
        "proc/mdstat",
        "proc/net/arp",
        "proc/net/ip_vs",
        "proc/net/rpc/nfs",
        "proc/net/rpc/nfsd",
        "proc/net/softnet_stat",
        "proc/net/tcp",
        "proc/net/udp6",
        "proc/schedstat",
        "proc/slabinfo",
        "proc/softirqs",
        "proc/12/stat",
        "proc/spl/kstat/zfs/arcstats",
        "proc/spl/kstat/zfs/tank/io",
        "proc/spl/kstat/zfs/tank/objset-1",
        "proc/spl/kstat/zfs/tank/state",
        "root/etc/os-release",
        "sys/block/dm-0/dm/uuid",
        "sys/class/dmi/id/bios_date",
        "sys/class/fc_host/h/statistics/nos_count",
        "sys/class/hwmon/hwmon0/temp1_input",
        "sys/class/infiniband/i/ports/1/rate",
        "sys/class/infiniband/i/ports/1/state",
        "sys/class/nvme/nvme0/nvme0n1/size",
        "sys/class/powercap/intel-rapl:0/energy_uj",
        "sys/class/powercap/intel-rapl:0/name",
        "sys/class/thermal/thermal_zone0/temp",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
        "sys/devices/system/cpu/isolated",
        "sys/devices/system/edac/mc/mc0/ce_count",
        "sys/devices/system/node/node0/meminfo",
        "sys/dev/block/8:0/uevent",
        "sys/fs/bcache/u/bdev0/writeback_rate_debug",
        "sys/fs/bcachefs/u/compression_stats",
        "sys/fs/bcachefs/u/counters/x",
        "sys/fs/bcachefs/u/dev-0/io_done",
        "sys/fs/btrfs/u/commit_stats",
        "sys/fs/btrfs/u/label",
        "sys/fs/cgroup/cgroup.controllers",
        "sys/fs/cgroup/kubepods.slice/cpu.max",
        "sys/fs/cgroup/kubepods.slice/cpu.stat",
        "sys/fs/cgroup/kubepods.slice/io.stat",
        "sys/fs/cgroup/kubepods.slice/memory.stat",
        "sys/fs/xfs/sda/stats/stats",
    ];
    let contents = [
        "",
        "\n",
        ":",
        "a:\n:b\n",
        "cpu\ncpux 1\ncpu0 -1\n",
        "a b\nc | d | e\n:\n",
        "\u{fffd} - \\777",
        "some total=x",
        "md0 : active raid1 x[\n  -1 blocks [/] (/)\nname 7 x\n",
        "0-65535,9-1,-,1-",
        "18446744073709551616 99999999999999999999\n0x 0xg\n-> : a b c d\n",
        "€: 1.9999k €/sec\nNode 0, zone €\nrate:\t-.kk\n",
        "net 1 2 3\nproc3 99 1 2\nwdeleg_getattr \nrpc\n",
        "VERSION_ID=\"\nSUPPORT_END=2024-02-31\nID='\n",
    ];
    // With everything that is off by default.
    let mut settings = settings();
    settings.cpu.info = true;
    settings.softirqs = true;
    settings.bcache_priority_stats = true;
    for content in contents {
        let tree = Tree::new(&files.map(|file| (file, content)));
        for row in COLLECTORS {
            let _ = page(&mut *(row.build)(&settings), &tree);
        }
    }
}
