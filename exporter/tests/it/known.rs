//! Collectors against node_exporter 1.12's own words: from trees of files made here they must give series that its
//! recorded page has, with the same types, help texts and values.
//!
//! The page is found in `CROWSNEST_CORPUS`, or beside the repository in `../shared/corpus`; without it these tests say so
//! and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crowsnest_agent::collector::{COLLECTORS, Settings};
use crowsnest_api::Labels;
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Limits, parse};

use crate::tree::Tree;

/// The families of the recorded page by their names.
static PAGE: LazyLock<Option<BTreeMap<String, Family>>> = LazyLock::new(|| {
    let corpus = std::env::var_os("CROWSNEST_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    let page = std::fs::read(corpus.join("agent/node_exporter-1.12-fixture.prom")).ok()?;
    let families = parse(&page, Limits::default()).expect("the recorded page can be read");
    Some(families.into_iter().map(|family| (family.name.to_string(), family)).collect())
});

/// What the collector `name` gives for the tree must be on the page, and be `series` series.
#[track_caller]
fn check(name: &str, tree: &Tree, settings: &Settings, series: usize) {
    let row = COLLECTORS.iter().find(|row| row.name == name).unwrap();
    let families = (row.build)(settings).collect(&tree.host()).unwrap();
    let Some(page) = &*PAGE else { return println!("corpus absent: nothing to compare with") };
    let mut wrong = Vec::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let Some(known) = page.get(family.name.as_str()) else {
            wrong.push(format!("{}: not on the page", family.name));
            continue;
        };
        if (family.kind, &family.help) != (known.kind, &known.help) {
            wrong.push(format!(
                "{}: {:?} {:?}, on the page {:?} {:?}",
                family.name, family.kind, family.help, known.kind, known.help
            ));
        }
        let values: BTreeMap<&Labels, f64> =
            known.samples.iter().map(|sample| (&sample.labels, sample.value)).collect();
        for sample in &family.samples {
            match values.get(&sample.labels) {
                Some(value) if *value == sample.value => {}
                other => wrong.push(format!("{} {}: {other:?} on the page", sample.labels, sample.value)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let given: BTreeSet<&Labels> =
        families.iter().flat_map(|family| &family.samples).map(|sample| &sample.labels).collect();
    assert_eq!(given.len(), series, "{given:#?}");
}

/// As [`check`], with default settings and files as (path, content).
#[track_caller]
fn check_files(name: &str, files: &[(&str, &str)], series: usize) {
    check(name, &Tree::new(files), &Settings::default(), series);
}

/// Files of one folder.
fn below(tree: &Tree, folder: &str, files: &[(&str, &str)]) {
    for (file, content) in files {
        tree.write(&format!("{folder}/{file}"), content);
    }
}

#[test]
fn thermal_zones_and_cooling() {
    check_files(
        "thermal_zone",
        &[
            ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
            ("sys/class/thermal/thermal_zone0/temp", "12376\n"),
            ("sys/class/thermal/cooling_device0/type", "Processor\n"),
            ("sys/class/thermal/cooling_device0/cur_state", "0\n"),
            ("sys/class/thermal/cooling_device0/max_state", "3\n"),
        ],
        3,
    );
}

#[test]
fn batteries_and_mains() {
    let tree = Tree::new(&[]);
    below(&tree, "sys/class/power_supply/AC", &[("type", "Mains\n"), ("online", "0\n")]);
    below(
        &tree,
        "sys/class/power_supply/BAT0",
        &[
            ("type", "Battery\n"),
            ("capacity", "81\n"),
            ("capacity_level", "Normal\n"),
            ("cycle_count", "0\n"),
            ("energy_full", "45070000\n"),
            ("energy_full_design", "47520000\n"),
            ("energy_now", "36580000\n"),
            ("power_now", "5002000\n"),
            ("present", "1\n"),
            ("voltage_min_design", "10800000\n"),
            ("voltage_now", "11660000\n"),
            ("manufacturer", "LGC\n"),
            ("model_name", "LNV-45N1\u{fffd}\u{fffd}\n"),
            ("serial_number", "38109\n"),
            ("status", "Discharging\n"),
            ("technology", "Li-ion\n"),
        ],
    );
    check("powersupplyclass", &tree, &Settings::default(), 12);
}

#[test]
fn watchdogs() {
    let tree = Tree::new(&[("sys/class/watchdog/watchdog1/timeout", "")]);
    below(
        &tree,
        "sys/class/watchdog/watchdog0",
        &[
            ("access_cs0", "0\n"),
            ("bootstatus", "1\n"),
            ("fw_version", "2\n"),
            ("nowayout", "0\n"),
            ("pretimeout", "120\n"),
            ("timeleft", "300\n"),
            ("timeout", "60\n"),
            ("identity", "Software Watchdog\n"),
            ("options", "0x8380\n"),
            ("pretimeout_governor", "noop\n"),
            ("state", "active\n"),
            ("status", "0x8000\n"),
        ],
    );
    check("watchdog", &tree, &Settings::default(), 9);
}

#[test]
fn nvme_controllers_and_namespaces() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/class/nvme/nvme0",
        &[
            ("cntlid", "1997\n"),
            ("firmware_rev", "1B2QEXP7\n"),
            ("model", "Samsung SSD 970 PRO 512GB               \n"),
            ("serial", "S680HF8N190894I     \n"),
            ("state", "live\n"),
            ("nvme0c0n1/ana_state", "optimized\n"),
            ("nvme0c0n1/size", "3906250000\n"),
            ("nvme0c0n1/nuse", "488281250\n"),
            ("nvme0c0n1/queue/logical_block_size", "4096\n"),
            ("power/control", "on\n"),
        ],
    );
    check("nvme", &tree, &Settings::default(), 6);
}

#[test]
fn fibre_channel_adapters() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/class/fc_host/host1",
        &[
            ("port_state", "Online\n"),
            ("speed", "8 Gbit\n"),
            ("statistics/rx_frames", "0x30\n"),
            ("statistics/tx_words", "0x60\n"),
            ("statistics/nos_count", "0xffffffffffffffff\n"),
        ],
    );
    check("fibrechannel", &tree, &Settings::default(), 3);
}

#[test]
fn infiniband_ports() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/class/infiniband/mlx4_0",
        &[
            ("board_id", "SM_1141000001000\n"),
            ("fw_ver", "2.31.5050\n"),
            ("hca_type", "MT4099\n"),
            ("ports/1/state", "4: ACTIVE\n"),
            ("ports/1/phys_state", "5: LinkUp\n"),
            ("ports/1/rate", "40 Gb/sec (4X QDR)\n"),
            ("ports/1/counters/port_rcv_data", "4631917\n"),
            ("ports/1/counters/port_xmit_wait", "4294967295\n"),
            ("ports/1/counters_ext/port_xmit_data_64", "3733440\n"),
        ],
    );
    check("infiniband", &tree, &Settings::default(), 7);
}

#[test]
fn tape_drives() {
    let tree = Tree::new(&[("sys/class/scsi_tape/nst0/stats/in_flight", "1\n")]);
    below(
        &tree,
        "sys/class/scsi_tape/st0/stats",
        &[
            ("in_flight", "1\n"),
            ("io_ns", "9247011087720\n"),
            ("other_cnt", "1409\n"),
            ("read_byte_cnt", "979383912\n"),
            ("read_cnt", "3741\n"),
            ("read_ns", "33788355744\n"),
            ("resid_cnt", "19\n"),
            ("write_byte_cnt", "1496246784000\n"),
            ("write_cnt", "53772916\n"),
            ("write_ns", "5233597394395\n"),
        ],
    );
    check("tapestats", &tree, &Settings::default(), 10);
}

#[test]
fn frequencies_and_governors() {
    let tree = Tree::new(&[("sys/devices/system/cpu/cpuidle/x", "")]);
    below(
        &tree,
        "sys/devices/system/cpu/cpu0/cpufreq",
        &[
            ("scaling_cur_freq", "1699981\n"),
            ("scaling_min_freq", "800000\n"),
            ("scaling_max_freq", "3700000\n"),
            ("scaling_governor", "powersave\n"),
            ("scaling_available_governors", "performance powersave\n"),
        ],
    );
    check("cpufreq", &tree, &Settings::default(), 5);
}

#[test]
fn bonds_and_their_links() {
    let net = "sys/class/net";
    let tree = Tree::new(&[("sys/class/net/bonding_masters", "bond0 dmz int\n")]);
    for (bond, slaves) in [("bond0", "\n"), ("dmz", "eth0 eth4\n"), ("int", "eth5 eth1\n")] {
        tree.write(&format!("{net}/{bond}/bonding/slaves"), slaves);
    }
    for (path, status) in [
        ("dmz/slave_eth0", "up"),
        ("dmz/lower_eth4", "up"),
        ("int/slave_eth5", "up"),
        ("int/slave_eth1", "down"),
    ] {
        tree.write(&format!("{net}/{path}/bonding_slave/mii_status"), status);
    }
    check("bonding", &tree, &Settings::default(), 6);
}

#[test]
fn memory_errors() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/devices/system/edac/mc/mc0",
        &[
            ("ce_count", "1\n"),
            ("ue_count", "5\n"),
            ("ce_noinfo_count", "2\n"),
            ("ue_noinfo_count", "6\n"),
            ("csrow0/ce_count", "3\n"),
            ("csrow0/ue_count", "4\n"),
            ("csrow0/ch0_ce_count", "0\n"),
            ("csrow0/ch0_ue_count", "2\n"),
            ("csrow0/ch0_dimm_label", "mc0_csrow0_channel0\n"),
        ],
    );
    check("edac", &tree, &Settings::default(), 8);
}

#[test]
fn btrfs_filesystems() {
    let tree = Tree::new(&[("sys/fs/btrfs/features/raid56", "1\n")]);
    let folder = "sys/fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d";
    below(
        &tree,
        folder,
        &[
            ("label", "fixture\n"),
            ("devices/loop25/size", "20971520\n"),
            ("devices/loop26/size", "20971520\n"),
            ("allocation/global_rsv_size", "16777216\n"),
            ("allocation/data/bytes_reserved", "0\n"),
            ("allocation/data/raid0/used_bytes", "808189952\n"),
            ("allocation/data/raid0/total_bytes", "2147483648\n"),
            ("allocation/metadata/raid1/used_bytes", "933888\n"),
            ("allocation/metadata/raid1/total_bytes", "1073741824\n"),
            (
                "commit_stats",
                "commits 258051\nlast_commit_ms 1000\nmax_commit_ms 51462\ntotal_commit_ms 47836090\n",
            ),
        ],
    );
    check("btrfs", &tree, &Settings::default(), 15);
}

#[test]
fn bcache_sets_and_devices() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74",
        &[
            ("average_key_size", "0\n"),
            ("btree_cache_size", "0\n"),
            ("cache_available_percent", "100\n"),
            ("congested", "0\n"),
            ("root_usage_percent", "0\n"),
            ("tree_depth", "0\n"),
            ("internal/active_journal_entries", "1\n"),
            ("internal/btree_nodes", "0\n"),
            ("internal/btree_read_average_duration_us", "1.305\n"),
            ("internal/cache_read_races", "0\n"),
            ("bdev0/dirty_data", "0\n"),
            ("bdev0/stats_total/bypassed", "0\n"),
            ("bdev0/stats_total/cache_hits", "546\n"),
            (
                "bdev0/writeback_rate_debug",
                "rate:\t\t1.1M/sec\ndirty:\t\t20.4G\ntarget:\t\t20.4G\nproportional:\t427.5k\nintegral:\t790.0k\nchange:\t\t321.5k/sec\nnext io:\t17ms\n",
            ),
            ("cache0/io_errors", "0\n"),
            ("cache0/metadata_written", "512\n"),
            ("cache0/priority_stats", "Unused:\t\t99%\nMetadata:\t0%\nAverage:\t10473\n"),
        ],
    );
    let settings = Settings { bcache_priority_stats: true, ..Settings::default() };
    check("bcache", &tree, &settings, 22);
}

#[test]
fn bcachefs_filesystems_and_devices() {
    let tree = Tree::new(&[]);
    below(
        &tree,
        "sys/fs/bcachefs/deadbeef-1234-5678-9012-abcdefabcdef",
        &[
            ("btree_cache_size", "2.05G\n"),
            ("counters/bucket_alloc", "since mount:\t12\nsince filesystem creation:\t37363674\n"),
            (
                "btree_write_stats",
                "      nr  size\n initial:  3298401  100 KiB\n cache_reclaim:  14401  720 B\n",
            ),
            (
                "compression_stats",
                "type compressed uncompressed average\ngzip 0 B 0 B 0 B\nlz4_old 0 B 0 B 0 B\n",
            ),
            ("errors", "accounting_mismatch 6 1700000000\nalloc_key_data_type_wrong 4415 1700000000\n"),
            ("dev-10/label", "disk-10\n"),
            ("dev-10/state", "[rw] ro evacuating spare\n"),
            ("dev-10/bucket_size", "512k\n"),
            ("dev-10/nbuckets", "953880\n"),
            ("dev-10/durability", "1\n"),
            (
                "dev-10/io_done",
                "read:\nbtree       : 5242880\nwrite:\nsb          : 645120\nbtree       : 16384\n",
            ),
            (
                "dev-10/io_errors",
                "IO errors since filesystem creation\n  read:    0\n  write:   0\n  checksum:0\nIO errors since 8 y ago\n  read:    9\n",
            ),
        ],
    );
    check("bcachefs", &tree, &Settings::default(), 23);
}

#[test]
fn devices_reached_over_several_paths() {
    let tree = Tree::new(&[("sys/block/dm-0/dm/uuid", "LVM-x\n")]);
    below(
        &tree,
        "sys/block",
        &[
            ("dm-5/dm/uuid", "mpath-3600508b1001c1234567890abcdef1234\n"),
            ("dm-5/dm/name", "mpathA\n"),
            ("dm-5/dm/suspended", "0\n"),
            ("dm-5/size", "104857600\n"),
            ("dm-5/slaves/sdi/x", ""),
            ("dm-5/slaves/sdj/x", ""),
            ("dm-5/slaves/sdk/x", ""),
            ("dm-5/slaves/sdl/x", ""),
            ("sdi/device/state", "running\n"),
            ("sdj/device/state", "running\n"),
            ("sdk/device/state", "running\n"),
            ("sdl/device/state", "offline\n"),
        ],
    );
    check("dmmultipath", &tree, &Settings::default(), 10);
}

#[test]
fn sensors_of_all_kinds() {
    let tree = Tree::new(&[]);
    let hwmon = "sys/class/hwmon";
    tree.write("sys/devices/platform/coretemp.0/driver", "");
    tree.link(&format!("{hwmon}/hwmon0/device"), "sys/devices/platform/coretemp.0");
    below(
        &tree,
        &format!("{hwmon}/hwmon0"),
        &[
            ("name", "coretemp\n"),
            ("temp1_input", "55000\n"),
            ("temp1_label", "Physical id 0\n"),
            ("temp1_crit", "100000\n"),
            ("temp1_crit_alarm", "0\n"),
        ],
    );
    // Two chips of one device; the driver's name tells them apart.
    tree.write("sys/devices/platform/asus-nb-wmi/driver", "");
    for (chip, name) in [("hwmon2", "asus"), ("hwmon3", "asus_wmi_sensors")] {
        tree.link(&format!("{hwmon}/{chip}/device"), "sys/devices/platform/asus-nb-wmi");
        below(&tree, &format!("{hwmon}/{chip}"), &[("name", name), ("pwm1_enable", "2\n")]);
    }
    // Neither a device nor a name.
    below(
        &tree,
        &format!("{hwmon}/hwmon4"),
        &[
            ("temp1_input", "55000\n"),
            ("temp1_label", "foosensor\n"),
            ("freq1_input", "214000000\n"),
            ("freq1_label", "sclk\n"),
        ],
    );
    below(
        &tree,
        &format!("{hwmon}/hwmon5"),
        &[
            ("name", "nct6779\n"),
            ("fan2_input", "1098\n"),
            ("fan2_alarm", "0\n"),
            ("fan2_beep", "0\n"),
            ("fan2_target", "27000\n"),
            ("fan2_pulses", "2\n"),
            ("in0_input", "792\n"),
            ("in0_max", "1744\n"),
            ("intrusion0_alarm", "1\n"),
            ("pwm1_auto_point1_temp", "30000\n"),
            ("uevent", "x\n"),
        ],
    );
    check("hwmon", &tree, &Settings::default(), 23);
}

#[test]
fn software_raid() {
    let mdstat = "\
Personalities : [linear] [raid1] [raid6]

md4 : inactive raid1 sda3[0](F) sdb3[1](S)
      4883648 blocks [2/2] [UU]

md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
      195310144 blocks [2/1] [U_]
      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec

md7 : active raid6 sdb1[0] sde1[3](F) sdd1[2] sdc1[1]
      7813735424 blocks super 1.2 level 6, 512k chunk, algorithm 2 [4/3] [U_UU]
      bitmap: 0/30 pages [0KB], 65536KB chunk

md10 : active raid0 sda1[0] sdb1[1]
      314159265 blocks 64k chunks

md11 : active (auto-read-only) raid1 sdb2[0] sdc2[1] sdc3[2](F) hda[4](S) ssdc2[3](S)
      4190208 blocks super 1.2 [2/2] [UU]
        resync=PENDING

md120 : active linear sda1[1] sdb1[0]
      2095104 blocks super 1.2 0k rounding

md201 : active raid1 sda3[0] sdb3[1]
      1993728 blocks super 1.2 [2/2] [UU]
      [=>...................]  check =  5.7% (114176/1993728) finish=0.2min speed=114176K/sec

md219 : inactive sdb[2](S) sdc[1](S) sda[0](S)
      7932 blocks super external:imsm

unused devices: <none>
";
    let files = [
        ("proc/mdstat", mdstat),
        ("sys/block/md10/md/degraded", "0\n"),
        ("sys/block/md10/md/raid_disks", "4\n"),
    ];
    check_files("mdadm", &files, 8 * 11 + 2);
}

#[test]
fn the_operating_system() {
    let release = "\
NAME=\"Ubuntu\"
VERSION=\"20.04.2 LTS (Focal Fossa)\"
ID=ubuntu
ID_LIKE=debian
PRETTY_NAME=\"Ubuntu 20.04.2 LTS\"
VERSION_ID=\"20.04\"
VERSION_CODENAME=focal
";
    check_files("os", &[("root/usr/lib/os-release", release)], 2);
}

#[test]
fn processors_that_are_kept_apart_and_what_they_are() {
    let cpuinfo = "\
processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 142
model name\t: Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz
stepping\t: 10
microcode\t: 0xb4
cpu MHz\t\t: 799.998
cache size\t: 8192 KB
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu aes avx avx2 constant_tsc
bugs\t\t: cpu_meltdown spectre_v1 l1tf

";
    let tree = Tree::new(&[
        ("proc/stat", "cpu0 44490 19 21045 1087069 220 1 3410 0 2 1\n"),
        ("proc/cpuinfo", cpuinfo),
        ("sys/devices/system/cpu/isolated", "1,3-5,9\n"),
    ]);
    let mut settings = Settings::default();
    settings.cpu.info = true;
    settings.cpu.flags = Some(regex_lite::Regex::new("^(aes|avx.?|constant_tsc)$").unwrap());
    settings.cpu.bugs = Some(regex_lite::Regex::new("^(cpu_meltdown|spectre_.*|mds)$").unwrap());
    check("cpu", &tree, &settings, 8 + 2 + 5 + 2 + 4 + 2);
}

#[test]
fn the_scheduler() {
    let stat = "version 15\ntimestamp 15819019232\ncpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306\ndomain0 00000000,00000003 212499247\n";
    check_files("schedstat", &[("proc/schedstat", stat)], 3);
}

#[test]
fn the_load_balancer() {
    let stats = "   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
 16AA370 E33656E5        0     51D8C8883AB3                0

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       4     1FB3        0          1282A8F                0
";
    let table = "IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A80016:0CEA wlc
  -> C0A85216:0CEA      Tunnel  100    248        2
  -> C0A85318:0CEA      Tunnel  100    248        2
FWM  10001000 wlc
  -> C0A8321A:0CEA      Route   20     64         1
";
    check_files("ipvs", &[("proc/net/ip_vs_stats", stats), ("proc/net/ip_vs", table)], 5 + 9);
}

#[test]
fn nfs_clients_and_servers() {
    let client = "net 70 70 69 45
rpc 1218785755 374636 1218815394
proc2 18 16 57 74 52 71 73 45 86 0 52 83 61 17 53 50 23 70 82
";
    check_files("nfs", &[("proc/net/rpc/nfs", client)], 6 + 18);
    let server = "rc 0 6 18622
fh 0 0 0 0 0
io 157286400 72864
th 8 0 0.000 0.000
ra 32 0 0 0 0 0 0 0 0 0 0 0
net 972 55 917 1
rpc 18628 3 1 2 0
proc2 18 2 69 0 0 4410 0 0 0 0 0 0 0 0 0 0 0 99 2
wdeleg_getattr 16
";
    // What the page says of these versions is checked by the first lines; the counts of procedures differ in `Lookup`.
    let page_has = PAGE.as_ref().and_then(|page| page.get("node_nfsd_requests_total"));
    let value = |method: &str| {
        let samples = page_has.map(|family| &family.samples).into_iter().flatten();
        let labels = Labels::from_pairs([
            ("__name__", "node_nfsd_requests_total"),
            ("method", method),
            ("proto", if method == "WdelegGetattr" { "4" } else { "2" }),
        ]);
        samples.filter(|sample| sample.labels == labels).map(|sample| sample.value).next().unwrap_or_default()
    };
    let names = [
        "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink", "Read", "WrCache", "Write", "Create", "Remove",
        "Rename", "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat",
    ];
    let counts: Vec<String> = names.iter().map(|name| value(name).to_string()).collect();
    let counts = format!("proc2 18 2 {}\n", counts.join(" "));
    let delegations = format!("wdeleg_getattr {}\n", value("WdelegGetattr"));
    let lines: String = server
        .lines()
        .filter(|line| !line.starts_with("proc2") && !line.starts_with("wdeleg"))
        .map(|line| format!("{line}\n"))
        .collect();
    check_files("nfsd", &[("proc/net/rpc/nfsd", &(lines + &counts + &delegations))], 16 + 17 + 1);
}

#[test]
fn xfs_filesystems() {
    let stats = "extent_alloc 1 872 0 0
abt 0 0 0 0
blk_map 61 29 1 1 1 91 0
bmbt 0 0 0 0
dir 3 2 1 52
trans 4 40 0
ig 5 1 0 4 0 0 1
log 1 2 3
rw 28 0
vnodes 4 0 0 0 1 1 1 0
";
    check_files("xfs", &[("sys/fs/xfs/sda1/stats/stats", stats), ("sys/fs/xfs/debug/x", "")], 39);
}

#[test]
fn zfs_pools_and_datasets() {
    let kstat = |rows: &str| format!("7 1 0x01 36 1696 7995 74000\nname  type  data\n{rows}");
    let tree = Tree::new(&[
        ("proc/spl/kstat/zfs/abdstats", &kstat("linear_cnt 4 62\n")),
        ("proc/spl/kstat/zfs/arcstats", &kstat("memory_available_bytes 3 -922337203685477580\n")),
        ("proc/spl/kstat/zfs/fm", &kstat("erpt-dropped 4 18\nerpt-set-failed 4 0\nfmri-set-failed 4 0\n")),
        ("proc/spl/kstat/zfs/zil", &kstat("zil_commit_count 4 10\n")),
        ("proc/spl/kstat/zfs/dbgmsg", "timestamp message\n"),
        ("proc/spl/kstat/zfs/pool1/state", "ONLINE\n"),
        (
            "proc/spl/kstat/zfs/pool1/io",
            "12 3 0x00 1 80 79205351707403 395818011156865\nnread nwritten reads writes wtime wlentime wupdate rtime rlentime rupdate wcnt rcnt\n1884160 3206144 22 132 7155162 104112268 79210489694949 24168078 104112268 79210489849220 0 0\n",
        ),
        (
            "proc/spl/kstat/zfs/pool3/objset-2",
            &kstat("dataset_name 7 pool3/dataset with  space\nwrites 4 4\nnwritten 4 12302\nnunlinks 4 3\n"),
        ),
    ]);
    check("zfs", &tree, &Settings::default(), 6 + 7 + 12 + 3);
}

#[test]
fn waiting_datagrams() {
    let table =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 07 00000015:00000000 00:00000000 00000000     0        0 2740 1
";
    check_files("udp_queues", &[("proc/net/udp", table)], 2);
}

#[test]
fn processes_and_threads() {
    let stat = |name: &str, state: char| {
        format!("1 ({name}) {state} 0 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 77\n")
    };
    check_files(
        "processes",
        &[
            ("proc/1/stat", &stat("init", 'S')),
            ("proc/10/stat", &stat("a b) (c", 'I')),
            ("proc/11/stat", &stat("kworker/0:1", 'S')),
            ("proc/sys/kernel/pid_max", "123\n"),
            ("proc/sys/kernel/threads-max", "7801\n"),
        ],
        6,
    );
}

#[test]
fn small_tables() {
    check_files("buddyinfo", &[("proc/buddyinfo", "Node 0, zone   Normal   4381   1093\n")], 2);
    let groups = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t5\t47\t1\ncpu\t3\t172\t1\n";
    check_files("cgroups", &[("proc/cgroups", groups)], 4);
    let slabs = "slabinfo - version: 2.1\n# name <active_objs> ...\ntw_sock_TCP 704 864 256 32 2 : tunables 0 0 0 : slabdata 27 27 0\n";
    check_files("slabinfo", &[("proc/slabinfo", slabs)], 5);
    let softirqs = "                    CPU0       CPU1\n          HI:          7          1\n      NET_RX:      43066     104508\n";
    check_files("softirqs", &[("proc/softirqs", softirqs)], 4);
    check_files("kernel_hung", &[("proc/sys/kernel/hung_task_detect_count", "42\n")], 1);
    let folder = "sys/devices/system/cpu/vulnerabilities";
    check_files(
        "cpu_vulnerabilities",
        &[
            (&format!("{folder}/itlb_multihit"), "Not affected\n"),
            (
                &format!("{folder}/mds"),
                "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable\n",
            ),
            (
                &format!("{folder}/retbleed"),
                "Mitigation: untrained return thunk; SMT enabled with STIBP protection\n",
            ),
        ],
        3,
    );
    let node = "sys/devices/system/node/node0";
    check_files(
        "meminfo_numa",
        &[
            (
                &format!("{node}/meminfo"),
                "Node 0 Active:           5456380 kB\nNode 0 Active(anon):      691324 kB\n",
            ),
            (&format!("{node}/numastat"), "local_node 193454780853\n"),
        ],
        3,
    );
}

#[test]
fn interrupts_by_processor() {
    let table = "           CPU0       CPU1
  9:     398553       2320   IR-IO-APIC-fasteoi   acpi
 16:     328511     322879   IR-IO-APIC-fasteoi   ehci_hcd:usb1, mmc0
NMI:         47       5031   Non-maskable interrupts
ERR:          0
";
    check_files("interrupts", &[("proc/interrupts", table)], 6);
    let settings = Settings { softirqs: true, ..Settings::default() };
    let stat =
        "btime 1418183276\nsoftirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444\n";
    check("stat", &Tree::new(&[("proc/stat", stat)]), &settings, 11);
}
