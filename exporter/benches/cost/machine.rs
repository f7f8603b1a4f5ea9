//! Files of a machine with 32 processors, 24 disks and 10 network devices: about 1,500 series.

use std::fmt::Write;
use std::fs;
use std::path::Path;

const PROCESSORS: usize = 32;
const DISKS: usize = 24;
const DEVICES: usize = 10;

/// Writes `proc`, `sys` and `udev` below `root`.
pub(crate) fn write(root: &Path) {
    for (path, content) in files() {
        let path = root.join(path);
        let folder = path.parent().expect("every file has a folder");
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, content)).expect("the tree is written");
    }
}

fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut add = |path: &str, content: &str| files.push((path.to_owned(), content.to_owned()));
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();

    let processors = lines(PROCESSORS, &|n| format!("cpu{n} 44490{n} 19 21045 1087069 220 1 3410 7 2 1\n"));
    add(
        "proc/stat",
        &format!(
            "cpu  301854 612 111922 8979004 3552 2 3944 0 0 0\n{processors}intr 8885917 17 0 0\nctxt 38014093\n\
             btime 1418183276\nprocesses 26442\nprocs_running 2\nprocs_blocked 1\nsoftirq 5057579 1 2 3 4 5 6 7 8 9 10\n"
        ),
    );
    let schedstat =
        lines(PROCESSORS, &|n| format!("cpu{n} 0 0 0 0 0 0 20459367781630{n} 343796328169361 4767485306\n"));
    add("proc/schedstat", &format!("version 15\ntimestamp 15819019232\n{schedstat}"));
    let softnet =
        lines(PROCESSORS, &|n| format!("000492{n:02x} 00000001 00000029 0 0 0 0 0 0 0 0 0 {n:08x}\n"));
    add("proc/net/softnet_stat", &softnet);
    let disks = lines(DISKS, &|n| {
        let name = char::from(b'a' + n as u8);
        format!(
            "   8 {} sd{name} 25354637{n} 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804 1 2 3 4 5 6\n",
            n * 16
        )
    });
    add("proc/diskstats", &disks);
    let traffic = lines(DEVICES, &|n| {
        format!("  eth{n}: 1031483{n}0 3304263 0 0 0 0 0 12 9315587528 3304263 0 0 0 0 0 0\n")
    });
    add(
        "proc/net/dev",
        &format!(
            "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n{traffic}"
        ),
    );
    for n in 0..DEVICES {
        for (file, content) in DEVICE_FILES {
            add(&format!("sys/class/net/eth{n}/{file}"), content);
        }
    }
    let meminfo = MEMINFO.iter().zip(1..).fold(String::new(), |mut text, (field, n)| {
        let _ = writeln!(text, "{field}: {} kB", n * 12_345);
        text
    });
    add("proc/meminfo", &meminfo);
    for (path, content) in FIXED {
        add(path, content);
    }
    files
}

const DEVICE_FILES: [(&str, &str); 19] = [
    ("operstate", "up\n"),
    ("address", "01:01:01:01:01:01\n"),
    ("addr_assign_type", "3\n"),
    ("broadcast", "ff:ff:ff:ff:ff:ff\n"),
    ("carrier", "1\n"),
    ("carrier_changes", "2\n"),
    ("carrier_up_count", "1\n"),
    ("carrier_down_count", "1\n"),
    ("dev_id", "0x20\n"),
    ("dormant", "1\n"),
    ("duplex", "full\n"),
    ("flags", "0x1303\n"),
    ("ifindex", "2\n"),
    ("iflink", "2\n"),
    ("link_mode", "1\n"),
    ("mtu", "1500\n"),
    ("speed", "1000\n"),
    ("tx_queue_len", "1000\n"),
    ("type", "1\n"),
];

const MEMINFO: [&str; 40] = [
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "Buffers",
    "Cached",
    "SwapCached",
    "Active",
    "Inactive",
    "Active(anon)",
    "Inactive(anon)",
    "Active(file)",
    "Inactive(file)",
    "Unevictable",
    "Mlocked",
    "SwapTotal",
    "SwapFree",
    "Dirty",
    "Writeback",
    "AnonPages",
    "Mapped",
    "Shmem",
    "KReclaimable",
    "Slab",
    "SReclaimable",
    "SUnreclaim",
    "KernelStack",
    "PageTables",
    "NFS_Unstable",
    "Bounce",
    "WritebackTmp",
    "CommitLimit",
    "Committed_AS",
    "VmallocTotal",
    "VmallocUsed",
    "VmallocChunk",
    "Percpu",
    "AnonHugePages",
    "Hugepagesize",
    "DirectMap4k",
    "DirectMap2M",
];

const FIXED: [(&str, &str); 13] = [
    ("proc/loadavg", "0.02 0.04 0.05 1/1034 24232\n"),
    (
        "proc/vmstat",
        "pgpgin 7344136\npgpgout 1541180581\npswpin 1476\npswpout 35045\npgfault 2320168809\npgmajfault 507162\noom_kill 0\n",
    ),
    ("proc/sys/fs/file-nr", "1024\t0\t1631329\n"),
    ("proc/sys/kernel/random/entropy_avail", "1337\n"),
    ("proc/sys/kernel/random/poolsize", "4096\n"),
    ("proc/sys/net/netfilter/nf_conntrack_count", "123\n"),
    ("proc/sys/net/netfilter/nf_conntrack_max", "65536\n"),
    (
        "proc/net/arp",
        "IP address       HW type     Flags       HW address            Mask     Device\n192.168.1.1      0x1         0x2         cc:aa:dd:ee:aa:bb     *        eth0\n",
    ),
    (
        "proc/net/sockstat",
        "sockets: used 229\nTCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1\nUDP: inuse 0 mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
    ),
    (
        "proc/net/netstat",
        "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 0 0 2 0 0 115\nIpExt: InOctets OutOctets\nIpExt: 6286396970 2786264347\n",
    ),
    (
        "proc/net/snmp",
        "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: ActiveOpens PassiveOpens CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts\nTcp: 3556 230 0 57252008 54915039 227 5 1003\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 88542 120 0 53028 9 8\n",
    ),
    ("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781\n"),
    (
        "proc/mdstat",
        "Personalities : [raid1]\nmd0 : active raid1 sdi1[0] sdj1[1]\n      248896 blocks [2/2] [UU]\n\nunused devices: <none>\n",
    ),
];
