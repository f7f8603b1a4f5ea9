//! The charts of nodes, pods, what keeps pods, claims and the cluster: one row each, read by the pages.

use crowsnest_chart::{NegativeLabels, Stacking};

use crate::i18n::Msg;
use crate::range::{MINUTE, write_duration};

/// A chart of metrics of one subject.
pub(crate) struct ChartSpec {
    pub(crate) title: Msg,
    /// What the title leaves open.
    pub(crate) note: Option<Msg>,
    /// A unit id of the dashboards' registry.
    pub(crate) unit: &'static str,
    pub(crate) stacking: Stacking,
    /// What stands below zero is an amount as well: sent beside received.
    pub(crate) negative: NegativeLabels,
    /// The series, each a query or a family of them.
    pub(crate) targets: &'static [Target],
}

/// One query of a chart.
pub(crate) struct Target {
    pub(crate) legend: Legend,
    /// PromQL with placeholders: `$node`, `$pod`, `$claim` and `$ns` for the matchers of the subject, `$window` for the range of rates.
    pub(crate) query: &'static str,
}

/// What a series is called.
#[derive(Clone, Copy)]
pub(crate) enum Legend {
    /// Fixed words: the query gives one series.
    Words(Msg),
    /// The value of a label: the query gives several.
    Label(&'static str),
}

/// A row of charts on the node page.
pub(crate) struct Section {
    pub(crate) title: Msg,
    pub(crate) charts: &'static [ChartSpec],
}

/// The charts of the overview: one for each thing that runs short.
pub(crate) fn overview() -> [&'static ChartSpec; 4] {
    [&CPU, &MEMORY, &DISK, &NETWORK]
}

const CPU: ChartSpec = ChartSpec {
    title: Msg::ChartCpu,
    note: Some(Msg::ChartCpuNote),
    unit: "percentunit",
    stacking: Stacking::Stacked,
    negative: NegativeLabels::Signed,
    targets: &[Target {
        legend: Legend::Label("mode"),
        query: r#"avg by (mode) (rate(node_cpu_seconds_total{$node,mode!="idle"}[$window]))"#,
    }],
};

const MEMORY: ChartSpec = ChartSpec {
    title: Msg::ChartMemory,
    note: None,
    unit: "bytes",
    stacking: Stacking::Stacked,
    negative: NegativeLabels::Signed,
    targets: &[
        Target {
            legend: Legend::Words(Msg::SeriesUsed),
            query: "node_memory_MemTotal_bytes{$node} - node_memory_MemFree_bytes{$node} \
                    - node_memory_Buffers_bytes{$node} - node_memory_Cached_bytes{$node}",
        },
        Target { legend: Legend::Words(Msg::SeriesCache), query: "node_memory_Cached_bytes{$node}" },
        Target { legend: Legend::Words(Msg::SeriesBuffers), query: "node_memory_Buffers_bytes{$node}" },
        Target { legend: Legend::Words(Msg::SeriesFree), query: "node_memory_MemFree_bytes{$node}" },
    ],
};

const DISK: ChartSpec = ChartSpec {
    title: Msg::ChartDisk,
    note: Some(Msg::ChartDiskNote),
    unit: "Bps",
    stacking: Stacking::None,
    negative: NegativeLabels::Signed,
    targets: &[
        Target {
            legend: Legend::Words(Msg::SeriesRead),
            query: r#"sum(rate(node_disk_read_bytes_total{$node,device!~"loop.*|ram.*|dm-.*|md.*"}[$window]))"#,
        },
        Target {
            legend: Legend::Words(Msg::SeriesWritten),
            query: r#"sum(rate(node_disk_written_bytes_total{$node,device!~"loop.*|ram.*|dm-.*|md.*"}[$window]))"#,
        },
    ],
};

const NETWORK: ChartSpec = ChartSpec {
    title: Msg::ChartNetwork,
    note: Some(Msg::ChartNetworkNote),
    unit: "Bps",
    stacking: Stacking::None,
    negative: NegativeLabels::Absolute,
    targets: &[
        Target {
            legend: Legend::Words(Msg::SeriesReceived),
            query: r#"sum(rate(node_network_receive_bytes_total{$node,device!="lo"}[$window]))"#,
        },
        Target {
            legend: Legend::Words(Msg::SeriesSent),
            query: r#"-sum(rate(node_network_transmit_bytes_total{$node,device!="lo"}[$window]))"#,
        },
    ],
};

/// The charts of a whole cluster. Those of the machines need nothing of Kubernetes but their agents.
pub(crate) const CLUSTER: &[ChartSpec] = &[
    ChartSpec {
        title: Msg::ChartCpu,
        note: Some(Msg::ChartByNamespaceCores),
        unit: "short",
        stacking: Stacking::Stacked,
        negative: NegativeLabels::Signed,
        targets: &[Target {
            legend: Legend::Label("namespace"),
            query: r#"sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""$ns}[$window]))"#,
        }],
    },
    ChartSpec {
        title: Msg::ChartMemory,
        note: Some(Msg::ChartByNamespace),
        unit: "bytes",
        stacking: Stacking::Stacked,
        negative: NegativeLabels::Signed,
        targets: &[Target {
            legend: Legend::Label("namespace"),
            query: r#"sum by (namespace) (max by (namespace, pod, container) (container_memory_working_set_bytes{container!=""$ns}))"#,
        }],
    },
    ChartSpec {
        title: Msg::ChartDisk,
        note: Some(Msg::ChartDiskNodesNote),
        unit: "Bps",
        stacking: Stacking::None,
        negative: NegativeLabels::Signed,
        targets: &[
            Target {
                legend: Legend::Words(Msg::SeriesRead),
                query: r#"sum(rate(node_disk_read_bytes_total{job="node-exporter",device!~"loop.*|ram.*|dm-.*|md.*"}[$window]))"#,
            },
            Target {
                legend: Legend::Words(Msg::SeriesWritten),
                query: r#"sum(rate(node_disk_written_bytes_total{job="node-exporter",device!~"loop.*|ram.*|dm-.*|md.*"}[$window]))"#,
            },
        ],
    },
    ChartSpec {
        title: Msg::ChartNetwork,
        note: Some(Msg::ChartNetworkPodsNote),
        unit: "Bps",
        stacking: Stacking::None,
        negative: NegativeLabels::Absolute,
        targets: &[
            Target {
                legend: Legend::Words(Msg::SeriesReceived),
                query: r#"sum(rate(container_network_receive_bytes_total{pod!=""$ns}[$window]))"#,
            },
            Target {
                legend: Legend::Words(Msg::SeriesSent),
                query: r#"-sum(rate(container_network_transmit_bytes_total{pod!=""$ns}[$window]))"#,
            },
        ],
    },
];

/// The charts of a pod, from the series of its containers.
pub(crate) const POD: &[ChartSpec] = &[
    ChartSpec {
        title: Msg::ChartMemory,
        note: Some(Msg::ChartWorkingSetNote),
        unit: "bytes",
        stacking: Stacking::None,
        negative: NegativeLabels::Signed,
        targets: &[Target {
            legend: Legend::Label("container"),
            query: r#"max by (container) (container_memory_working_set_bytes{$pod,container!=""})"#,
        }],
    },
    ChartSpec {
        title: Msg::ChartCpu,
        note: Some(Msg::ChartCoresNote),
        unit: "short",
        stacking: Stacking::None,
        negative: NegativeLabels::Signed,
        targets: &[Target {
            legend: Legend::Label("container"),
            query: r#"sum by (container) (rate(container_cpu_usage_seconds_total{$pod,container!=""}[$window]))"#,
        }],
    },
    ChartSpec {
        title: Msg::ChartNetwork,
        note: Some(Msg::ChartNetworkNote),
        unit: "Bps",
        stacking: Stacking::None,
        negative: NegativeLabels::Absolute,
        targets: &[
            Target {
                legend: Legend::Words(Msg::SeriesReceived),
                query: r#"sum(rate(container_network_receive_bytes_total{$pod}[$window]))"#,
            },
            Target {
                legend: Legend::Words(Msg::SeriesSent),
                query: r#"-sum(rate(container_network_transmit_bytes_total{$pod}[$window]))"#,
            },
        ],
    },
];

/// One of several charts that differ in title, note and query only.
const fn plain(title: Msg, note: Msg, unit: &'static str, targets: &'static [Target]) -> ChartSpec {
    ChartSpec {
        title,
        note: Some(note),
        unit,
        stacking: Stacking::None,
        negative: NegativeLabels::Absolute,
        targets,
    }
}

/// The charts of what keeps pods: each pod a line, the pods of the last hours among them.
pub(crate) const PODS: &[ChartSpec] = &[
    plain(
        Msg::ChartCpu,
        Msg::ChartCoresByPod,
        "short",
        &[Target {
            legend: Legend::Label("pod"),
            query: r#"sum by (pod) (rate(container_cpu_usage_seconds_total{$pod,container!=""}[$window]))"#,
        }],
    ),
    plain(
        Msg::ChartMemory,
        Msg::ChartWorkingSetByPod,
        "bytes",
        &[Target {
            legend: Legend::Label("pod"),
            query: r#"sum by (pod) (max by (pod, container) (container_memory_working_set_bytes{$pod,container!=""}))"#,
        }],
    ),
    plain(
        Msg::ChartNetwork,
        Msg::ChartNetworkAllPods,
        "Bps",
        &[
            Target {
                legend: Legend::Words(Msg::SeriesReceived),
                query: "sum(rate(container_network_receive_bytes_total{$pod}[$window]))",
            },
            Target {
                legend: Legend::Words(Msg::SeriesSent),
                query: "-sum(rate(container_network_transmit_bytes_total{$pod}[$window]))",
            },
        ],
    ),
    plain(
        Msg::ColumnRestartCount,
        Msg::ChartRestartsNote,
        "short",
        &[Target {
            legend: Legend::Label("pod"),
            query: "sum by (pod) (kube_pod_container_status_restarts_total{$pod})",
        }],
    ),
];

/// The charts of a namespace. It may have thousands of pods: those that use most are told apart.
pub(crate) const NAMESPACE: &[ChartSpec] = &[
    plain(
        Msg::ChartCpu,
        Msg::ChartCoresByPod,
        "short",
        &[Target {
            legend: Legend::Label("pod"),
            query: r#"topk(12, sum by (pod) (rate(container_cpu_usage_seconds_total{container!=""$ns}[$window])))"#,
        }],
    ),
    plain(
        Msg::ChartMemory,
        Msg::ChartWorkingSetByPod,
        "bytes",
        &[Target {
            legend: Legend::Label("pod"),
            query: r#"topk(12, sum by (pod) (max by (pod, container) (container_memory_working_set_bytes{container!=""$ns})))"#,
        }],
    ),
    plain(
        Msg::ChartNetwork,
        Msg::ChartNetworkAllPods,
        "Bps",
        &[
            Target {
                legend: Legend::Words(Msg::SeriesReceived),
                query: r#"sum(rate(container_network_receive_bytes_total{pod!=""$ns}[$window]))"#,
            },
            Target {
                legend: Legend::Words(Msg::SeriesSent),
                query: r#"-sum(rate(container_network_transmit_bytes_total{pod!=""$ns}[$window]))"#,
            },
        ],
    ),
    plain(
        Msg::ColumnRestartCount,
        Msg::ChartRestartsNote,
        "short",
        &[Target {
            legend: Legend::Label("pod"),
            query: r#"topk(12, sum by (pod) (kube_pod_container_status_restarts_total{pod!=""$ns}) > 0)"#,
        }],
    ),
];

/// The charts of a claim, as the kubelets that have mounted its volume measure it.
pub(crate) const CLAIM: &[ChartSpec] = &[
    plain(
        Msg::ChartSpace,
        Msg::ChartSpaceNote,
        "bytes",
        &[
            Target {
                legend: Legend::Words(Msg::SeriesUsed),
                query: "max(kubelet_volume_stats_used_bytes{$claim})",
            },
            Target {
                legend: Legend::Words(Msg::ColumnCapacity),
                query: "max(kubelet_volume_stats_capacity_bytes{$claim})",
            },
        ],
    ),
    plain(
        Msg::ChartInodes,
        Msg::ChartInodesNote,
        "percentunit",
        &[Target {
            legend: Legend::Words(Msg::SeriesUsed),
            query: "max(1 - kubelet_volume_stats_inodes_free{$claim} / (kubelet_volume_stats_inodes > 0))",
        }],
    ),
];

/// Every chart of the node page, in order.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        title: Msg::SectionCpuMemory,
        charts: &[
            CPU,
            MEMORY,
            ChartSpec {
                title: Msg::ChartLoad,
                note: Some(Msg::ChartLoadNote),
                unit: "short",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[
                    Target { legend: Legend::Words(Msg::SeriesLoad1), query: "node_load1{$node}" },
                    Target { legend: Legend::Words(Msg::SeriesLoad5), query: "node_load5{$node}" },
                    Target { legend: Legend::Words(Msg::SeriesLoad15), query: "node_load15{$node}" },
                ],
            },
            ChartSpec {
                title: Msg::ChartPaging,
                note: Some(Msg::ChartPagingNote),
                unit: "ops",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[
                    Target {
                        legend: Legend::Words(Msg::SeriesFaults),
                        query: "rate(node_vmstat_pgmajfault{$node}[$window])",
                    },
                    Target {
                        legend: Legend::Words(Msg::SeriesSwapIn),
                        query: "rate(node_vmstat_pswpin{$node}[$window])",
                    },
                    Target {
                        legend: Legend::Words(Msg::SeriesSwapOut),
                        query: "rate(node_vmstat_pswpout{$node}[$window])",
                    },
                ],
            },
        ],
    },
    Section {
        title: Msg::SectionDisk,
        charts: &[
            DISK,
            ChartSpec {
                title: Msg::ChartDiskBusy,
                note: Some(Msg::ChartDiskBusyNote),
                unit: "percentunit",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[Target {
                    legend: Legend::Label("device"),
                    query: r#"rate(node_disk_io_time_seconds_total{$node,device!~"loop.*|ram.*"}[$window])"#,
                }],
            },
            ChartSpec {
                title: Msg::ChartFilesystem,
                note: Some(Msg::ChartFilesystemNote),
                unit: "percentunit",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[Target {
                    legend: Legend::Label("mountpoint"),
                    query: r#"1 - node_filesystem_avail_bytes{$node,fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660|overlay"} / (node_filesystem_size_bytes > 0)"#,
                }],
            },
        ],
    },
    Section {
        title: Msg::SectionNetwork,
        charts: &[
            NETWORK,
            ChartSpec {
                title: Msg::ChartNetworkDevices,
                note: Some(Msg::ChartNetworkDevicesNote),
                unit: "Bps",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[Target {
                    legend: Legend::Label("device"),
                    query: "rate(node_network_receive_bytes_total{$node}[$window])",
                }],
            },
            ChartSpec {
                title: Msg::ChartPackets,
                note: Some(Msg::ChartNetworkNote),
                unit: "pps",
                stacking: Stacking::None,
                negative: NegativeLabels::Absolute,
                targets: &[
                    Target {
                        legend: Legend::Words(Msg::SeriesReceived),
                        query: r#"sum(rate(node_network_receive_packets_total{$node,device!="lo"}[$window]))"#,
                    },
                    Target {
                        legend: Legend::Words(Msg::SeriesSent),
                        query: r#"-sum(rate(node_network_transmit_packets_total{$node,device!="lo"}[$window]))"#,
                    },
                ],
            },
        ],
    },
    Section {
        title: Msg::SectionKernel,
        charts: &[
            ChartSpec {
                title: Msg::ChartProcesses,
                note: Some(Msg::ChartProcessesNote),
                unit: "short",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[
                    Target { legend: Legend::Words(Msg::SeriesRunning), query: "node_procs_running{$node}" },
                    Target { legend: Legend::Words(Msg::SeriesBlocked), query: "node_procs_blocked{$node}" },
                    Target {
                        legend: Legend::Words(Msg::SeriesForks),
                        query: "rate(node_forks_total{$node}[$window])",
                    },
                ],
            },
            ChartSpec {
                title: Msg::ChartSwitches,
                note: Some(Msg::ChartSwitchesNote),
                unit: "ops",
                stacking: Stacking::None,
                negative: NegativeLabels::Signed,
                targets: &[
                    Target {
                        legend: Legend::Words(Msg::SeriesSwitches),
                        query: "rate(node_context_switches_total{$node}[$window])",
                    },
                    Target {
                        legend: Legend::Words(Msg::SeriesInterrupts),
                        query: "rate(node_intr_total{$node}[$window])",
                    },
                ],
            },
        ],
    },
];

/// The shortest range of a rate: four of the agent's default intervals, so that one lost sample leaves no hole.
const SHORTEST_WINDOW: i64 = MINUTE;

impl ChartSpec {
    /// Whether it shows something of each namespace, rather than of machines.
    pub(crate) fn is_of_namespaces(&self) -> bool {
        self.targets.iter().all(|target| target.query.contains("$ns"))
    }
}

/// What charts are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A machine with an agent, by its name.
    Node(String),
    /// A pod: namespace and name.
    Pod(String, String),
    /// The pods of one that keeps them: namespace, name, and how the names of its pods go on.
    PodsOf(String, String, &'static str),
    /// A claim: namespace and name.
    Claim(String, String),
    /// The pods of these namespaces, and all machines; of all namespaces where there are none.
    #[default]
    Cluster,
    /// The pods of these namespaces.
    Namespaces(Vec<String>),
}

impl Target {
    /// The query for one subject, drawn with a point every `step` milliseconds.
    pub(crate) fn of(&self, subject: &Subject, step: i64) -> String {
        // Twice the step: each sample is in two windows, and none falls between two points.
        let window = write_duration((step * 2).max(SHORTEST_WINDOW));
        let query = match subject {
            Subject::Node(node) => self.query.replace("$node", &node_matchers(node)),
            Subject::Pod(namespace, pod) => {
                let matchers = format!("namespace={},pod={}", quoted(namespace), quoted(pod));
                self.query.replace("$pod", &matchers)
            }
            Subject::PodsOf(namespace, name, pods_named) => {
                let matchers = format!(
                    "namespace={},pod=~{}",
                    quoted(namespace),
                    quoted(&format!("{name}{pods_named}"))
                );
                self.query.replace("$pod", &matchers)
            }
            Subject::Claim(namespace, claim) => {
                let matchers =
                    format!("namespace={},persistentvolumeclaim={}", quoted(namespace), quoted(claim));
                self.query.replace("$claim", &matchers)
            }
            Subject::Cluster => in_namespaces(self.query, &[]),
            Subject::Namespaces(names) => in_namespaces(self.query, names),
        };
        query.replace("$window", &window)
    }
}

/// `query` with its `$ns` filled in: a matcher after others, or nothing where all namespaces are meant.
pub(crate) fn in_namespaces(query: &str, names: &[String]) -> String {
    // Names of namespaces have no letters that mean something in an expression.
    let matcher = match names {
        [] => String::new(),
        names => format!(",namespace=~{}", quoted(&names.join("|"))),
    };
    query.replace("$ns", &matcher)
}

/// The matchers of a node's own series.
fn node_matchers(node: &str) -> String {
    format!(r#"job="node-exporter",node={}"#, quoted(node))
}

/// `text` as a PromQL string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::HOUR;

    fn of_nodes() -> impl Iterator<Item = &'static ChartSpec> {
        SECTIONS.iter().flat_map(|section| section.charts)
    }

    fn all() -> impl Iterator<Item = &'static ChartSpec> {
        of_nodes().chain(CLUSTER).chain(POD).chain(PODS).chain(NAMESPACE).chain(CLAIM)
    }

    #[test]
    fn charts_have_units_of_the_registry() {
        for chart in all() {
            assert_eq!(crowsnest_dashboards::Unit::parse(chart.unit).id(), chart.unit, "{:?}", chart.title);
        }
    }

    #[track_caller]
    fn check_all(charts: &[&ChartSpec], subject: &Subject, needle: &str) {
        for target in charts.iter().flat_map(|chart| chart.targets) {
            let query = target.of(subject, 15_000);
            assert!(query.contains(needle), "{query}");
            assert!(!query.contains('$'), "{query}");
            assert!(crowsnest_promql::parse(&query).is_ok(), "{query}");
        }
    }

    #[test]
    fn every_query_is_about_its_subject_and_leaves_no_placeholder() {
        let nodes: Vec<_> = of_nodes().collect();
        check_all(&nodes, &Subject::Node("demo-1".into()), r#"job="node-exporter",node="demo-1""#);
        let pods: Vec<_> = POD.iter().collect();
        check_all(&pods, &Subject::Pod("shop".into(), "web".into()), r#"namespace="shop",pod="web""#);
        let own: Vec<_> = PODS.iter().collect();
        let web = Subject::PodsOf("shop".into(), "web".into(), "-[0-9]+");
        check_all(&own, &web, r#"namespace="shop",pod=~"web-[0-9]+""#);
        let namespace: Vec<_> = NAMESPACE.iter().collect();
        check_all(&namespace, &Subject::Namespaces(vec!["shop".into()]), r#",namespace=~"shop""#);
        let claim: Vec<_> = CLAIM.iter().collect();
        let disk = Subject::Claim("data".into(), "disk".into());
        check_all(&claim, &disk, r#"namespace="data",persistentvolumeclaim="disk""#);
        let cluster: Vec<_> = CLUSTER.iter().collect();
        check_all(&cluster, &Subject::Cluster, "sum");
        let [cpu, memory, _, network] = cluster.as_slice() else { panic!("four charts expected") };
        let two = Subject::Namespaces(vec!["shop".into(), "data".into()]);
        check_all(&[cpu, memory, network], &two, r#",namespace=~"shop|data""#);
    }

    #[test]
    fn rates_widen_with_the_step() {
        let target = Target { legend: Legend::Label("x"), query: "rate(x{$node}[$window])" };
        let node = Subject::Node("a".into());
        assert_eq!(target.of(&node, 5_000), r#"rate(x{job="node-exporter",node="a"}[1m])"#);
        assert_eq!(target.of(&node, HOUR), r#"rate(x{job="node-exporter",node="a"}[2h])"#);
    }

    #[test]
    fn a_name_with_quotes_cannot_leave_its_string() {
        assert_eq!(quoted("a\"} or {x=\"\\\n"), r#""a\"} or {x=\"\\\n""#);
    }
}
