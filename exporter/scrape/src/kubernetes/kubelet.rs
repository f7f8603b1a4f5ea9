//! The kubelet of a node: its pages as jobs and targets, with the labels that dashboards and rules look for.

use crowsnest_api::{INSTANCE, JOB, Labels};

use crate::job::{Honor, Job};
use crate::relabel::{Action, Rule, RuleText};
use crate::target::{ADDRESS, PATH, SCHEME, Scheme, Target};

/// The job of all pages, unless cAdvisor's is to have another.
pub const KUBELET: &str = "kubelet";

/// Whether series are dropped that nobody looks at, or that are there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drops {
    /// They are.
    Usual,
    /// Everything is kept.
    None,
}

/// Labels, and what their values are of series that are dropped.
type Drop = (&'static [&'static str], &'static str);

/// A page, whose times count, and what is dropped of it.
struct Page {
    path: &'static str,
    times: Honor,
    drops: &'static [Drop],
}

const CADVISOR: &str = "/metrics/cadvisor";
const PAGES: &[Page] = &[
    Page { path: "/metrics", times: Honor::Page, drops: &[] },
    // It stamps samples with times of its own, ten to fifteen seconds old, which staleness does not get along with.
    Page { path: CADVISOR, times: Honor::Target, drops: CADVISOR_DROPS },
    Page { path: "/metrics/resource", times: Honor::Target, drops: RESOURCE_DROPS },
    Page { path: "/metrics/probes", times: Honor::Page, drops: &[] },
];

/// What cAdvisor's page has under the same names: whoever sums containers would count them twice.
const RESOURCE_DROPS: &[Drop] =
    &[(&["__name__"], "container_(cpu_usage_seconds_total|memory_working_set_bytes|start_time_seconds)")];

/// What kube-prometheus drops of cAdvisor: a third of the series, which no dashboard of the mixins asks for.
const CADVISOR_DROPS: &[Drop] = &[
    (
        &["__name__"],
        "container_(network_tcp_usage_total|network_udp_usage_total|tasks_state|cpu_load_average_10s)",
    ),
    (
        &["__name__", "pod", "namespace"],
        "(container_spec_.*|container_file_descriptors|container_sockets|container_threads_max|container_threads|container_start_time_seconds|container_last_seen);;",
    ),
    (&["__name__", "container"], "(container_blkio_device_usage_total);.+"),
];

/// A job for each page of a kubelet, and the page's path.
pub fn kubelet_jobs(cadvisor_job: &str, drops: Drops) -> Vec<(&'static str, Job)> {
    let job = |page: &Page| {
        let job = Job {
            honor_labels: Honor::Page,
            honor_timestamps: page.times,
            metric_relabel: if drops == Drops::Usual { rules(page.drops) } else { Vec::new() },
            ..Job::new(if page.path == CADVISOR { cadvisor_job } else { KUBELET })
        };
        (page.path, job)
    };
    PAGES.iter().map(job).collect()
}

/// Where a kubelet is: its own address, or a path of the API server's that leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Kubelet<'a> {
    /// The node.
    pub node: &'a str,
    /// How it is asked.
    pub scheme: Scheme,
    /// Host and port.
    pub address: &'a str,
    /// What stands before the paths of its pages; often nothing.
    pub base: &'a str,
}

/// A page of a kubelet as a target; `None` if its address can be none.
pub fn kubelet_target(job: &Job, kubelet: Kubelet<'_>, path: &str) -> Option<Target> {
    let discovered = Labels::from_pairs([
        (ADDRESS, kubelet.address),
        (SCHEME, kubelet.scheme.as_str()),
        (PATH, &format!("{}{path}", kubelet.base.trim_end_matches('/'))),
        (JOB, &job.name),
        (INSTANCE, kubelet.node),
        ("node", kubelet.node),
        ("metrics_path", path),
    ]);
    Target::new(job, &discovered).ok().flatten()
}

fn rules(drops: &[Drop]) -> Vec<Rule> {
    let rule = |(labels, regex): &Drop| RuleText {
        source_labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        regex: Some((*regex).to_owned()),
        action: Action::Drop,
        ..RuleText::default()
    };
    // A test reads them.
    drops.iter().map(rule).filter_map(|text| Rule::new(&text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relabel::{Verdict, relabel};

    fn found(cadvisor_job: &str, address: &str, base: &str) -> Vec<String> {
        let kubelet = Kubelet { node: "n1", scheme: Scheme::Https, address, base };
        let jobs = kubelet_jobs(cadvisor_job, Drops::Usual);
        let targets = jobs.iter().map(|(path, job)| kubelet_target(job, kubelet, path).unwrap());
        targets.map(|target| format!("{} {}", target.url(), target.labels)).collect()
    }

    #[test]
    fn each_page_of_the_kubelet_is_a_target_with_the_labels_that_dashboards_look_for() {
        let labels = |job: &str, path: &str| {
            format!(r#"{{instance="n1", job="{job}", metrics_path="{path}", node="n1"}}"#)
        };
        let expected =
            |page: &Page| format!("https://127.0.0.1:10250{} {}", page.path, labels("kubelet", page.path));
        assert_eq!(found("kubelet", "127.0.0.1:10250", ""), PAGES.iter().map(expected).collect::<Vec<_>>());
        let proxied = found("cadvisor", "api", "/api/v1/nodes/n1/proxy/");
        let path = CADVISOR;
        assert_eq!(
            proxied[1],
            format!("https://api/api/v1/nodes/n1/proxy{path} {}", labels("cadvisor", path))
        );
    }

    #[test]
    fn of_cadvisor_what_nobody_looks_at_is_dropped() {
        let count = |page: &Page| (rules(page.drops).len(), page.drops.len());
        assert!(PAGES.iter().map(count).all(|(read, written)| read == written));
        let rules = rules(CADVISOR_DROPS);
        let kept = |labels: &[(&str, &str)]| {
            relabel(&rules, &mut Labels::from_pairs(labels.iter().copied()).to_builder()) == Verdict::Kept
        };
        assert!(!kept(&[("__name__", "container_tasks_state"), ("pod", "p")]));
        assert!(!kept(&[("__name__", "container_spec_cpu_period")]));
        assert!(kept(&[("__name__", "container_spec_cpu_period"), ("pod", "p"), ("namespace", "n")]));
        assert!(!kept(&[("__name__", "container_blkio_device_usage_total"), ("container", "c")]));
        assert!(kept(&[("__name__", "container_memory_rss"), ("container", "c")]));
    }
}
