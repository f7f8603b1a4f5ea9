//! Probes: something looks at targets for us, each with the parameter `target`.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, LabelsBuilder};
use serde::Deserialize;

use super::rules::{OwnRule, Rules};
use super::selector::{LabelSelector, NamespaceSelector};
use super::{Monitor, MonitorFault, MonitorKind, Pages, Times, read, read_access, refuse, set_scheme};
use crate::config::{Discoveries, KubernetesDiscovery, KubernetesRole, ScrapeJob};
use crate::job::Job;
use crate::target::{ADDRESS, PARAM};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    job_name: String,
    module: String,
    params: Vec<Param>,
    prober: Prober,
    targets: Targets,
    #[serde(flatten)]
    times: Times,
    metric_relabelings: Vec<OwnRule>,
    #[serde(flatten)]
    pages: Pages,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Param {
    name: String,
    values: Vec<String>,
}

/// Who looks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prober {
    url: String,
    path: String,
    scheme: String,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Targets {
    static_config: Option<Static>,
    ingress: Option<Ingresses>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Static {
    r#static: Vec<String>,
    labels: BTreeMap<String, String>,
    relabeling_configs: Vec<OwnRule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ingresses {
    selector: LabelSelector,
    namespace_selector: NamespaceSelector,
    relabeling_configs: Vec<OwnRule>,
}

pub(super) fn translate(monitor: &Monitor) -> Result<ScrapeJob, MonitorFault> {
    let http = read_access(&monitor.spec)?;
    let prober = monitor.spec.get("prober").unwrap_or(&serde_json::Value::Null);
    refuse(prober, super::REFUSED).map_err(|fault| fault.within("prober"))?;
    let spec: Spec = read(&monitor.spec)?;
    if spec.prober.url.is_empty() {
        return Err(MonitorFault::new("prober.url", "it is missing; self is the server"));
    }
    let mut job = Job::new(monitor.job_name(MonitorKind::Probe));
    spec.pages.set(&mut job)?;
    spec.times.set(&mut job)?;
    set_scheme(&mut job, &spec.prober.scheme).map_err(|fault| fault.within("prober"))?;
    job.metrics_path =
        if spec.prober.path.is_empty() { "/probe".to_owned() } else { spec.prober.path.clone() };
    job.params = spec.params.iter().map(|param| (param.name.clone(), param.values.clone())).collect();
    if !spec.module.is_empty() {
        job.params.push(("module".to_owned(), vec![spec.module.clone()]));
    }
    let mut metric_rules = Rules::default();
    metric_rules.add_own("metricRelabelings", &spec.metric_relabelings)?;
    job.metric_relabel = metric_rules.0;
    let (rules, discoveries) = read_targets(&spec, &monitor.metadata.namespace)?;
    job.relabel = rules.0;
    Ok(ScrapeJob { job, http, discoveries })
}

fn read_targets(spec: &Spec, namespace: &str) -> Result<(Rules, Discoveries), MonitorFault> {
    let mut rules = Rules::default();
    rules.copy("job", "__tmp_prometheus_job_name")?;
    if !spec.job_name.is_empty() {
        rules.write("job", &spec.job_name)?;
    }
    let target = format!("{PARAM}target");
    let (own, field, discoveries) = match &spec.targets {
        Targets { static_config: Some(config), .. } => {
            rules.copy(ADDRESS, &target)?;
            let static_targets = config.targets(namespace);
            let discoveries = Discoveries { static_targets, ..Discoveries::default() };
            (&config.relabeling_configs, "targets.staticConfig.relabelingConfigs", discoveries)
        }
        Targets { ingress: Some(ingresses), .. } => {
            ingresses.add(&target, &mut rules).map_err(|fault| fault.within("targets.ingress"))?;
            let kubernetes = vec![ingresses.discovery(namespace)];
            let discoveries = Discoveries { kubernetes, ..Discoveries::default() };
            (&ingresses.relabeling_configs, "targets.ingress.relabelingConfigs", discoveries)
        }
        Targets { static_config: None, ingress: None } => {
            return Err(MonitorFault::new("targets", "neither staticConfig nor ingress is there"));
        }
    };
    rules.copy(&target, "instance")?;
    rules.write(ADDRESS, &spec.prober.url)?;
    rules.add_own(field, own)?;
    Ok((rules, discoveries))
}

impl Static {
    fn targets(&self, namespace: &str) -> Vec<Labels> {
        let one = |target: &String| {
            let mut labels = LabelsBuilder::default();
            for (name, value) in &self.labels {
                labels.set(name.as_str(), value.as_str());
            }
            labels.set("namespace", namespace);
            labels.set(ADDRESS, target.as_str());
            labels.build()
        };
        self.r#static.iter().map(one).collect()
    }
}

impl Ingresses {
    fn discovery(&self, own: &str) -> KubernetesDiscovery {
        KubernetesDiscovery {
            role: KubernetesRole::Ingress,
            namespaces: self.namespace_selector.namespaces(own),
            label_selector: String::new(),
            field_selector: String::new(),
        }
    }

    /// Makes the URL of each path of the Ingresses the target.
    fn add(&self, target: &str, rules: &mut Rules) -> Result<(), MonitorFault> {
        self.selector.add("ingress", rules).map_err(|fault| fault.within("selector"))?;
        rules.copy(ADDRESS, "__tmp_prometheus_ingress_address")?;
        let url = ["__meta_kubernetes_ingress_scheme", ADDRESS, "__meta_kubernetes_ingress_path"];
        rules.compose(&url, "(.+);(.+);(.+)", target, "${1}://${2}${3}")?;
        rules.copy("__meta_kubernetes_namespace", "namespace")?;
        rules.copy("__meta_kubernetes_ingress_name", "ingress")
    }
}
