//! The controllers together, stepped through time.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::step;
use crate::{Options, cluster::State, object, seed};

/// A cluster of three nodes, and its clock.
struct Lab {
    state: State,
    now: Timestamp,
}

impl Lab {
    fn new() -> Lab {
        let objects = (0..3)
            .map(|index| {
                json!({
                    "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{index}")},
                    "status": {
                        "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"},
                        "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{index}")}],
                        "conditions": [{"type": "Ready", "status": "True"}],
                    },
                })
            })
            .collect();
        let state = seed::state(
            &Options { objects, seed: Some(1), ..Options::default() },
            &seed::Believed::default(),
        )
        .unwrap();
        Lab { state, now: "2026-11-21T08:00:00Z".parse().unwrap() }
    }

    fn with(mut self, object: Value) -> Lab {
        self.add(object);
        self
    }

    fn add(&mut self, object: Value) {
        let kind = object["kind"].as_str().unwrap();
        let kind = self.state.registry.find_kind(object["apiVersion"].as_str().unwrap(), kind).unwrap();
        super::Step { state: &mut self.state, now: self.now }.create(&kind.table, None, object);
    }

    /// Lets time pass, a second at a time.
    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            step(&mut self.state, self.now);
            self.now += SignedDuration::from_secs(1);
        }
    }

    fn get(&self, table: &str, key: &str) -> Value {
        self.state.store.get(table, key).unwrap().as_ref().clone()
    }

    fn change(&mut self, table: &str, key: &str, path: &[&str], value: Value) {
        let mut object = self.get(table, key);
        object::set(&mut object, path, value);
        self.state.store.put(table, key, object);
    }

    fn pods(&self) -> Vec<Value> {
        self.state.store.list("pods", "").map(|(_, pod)| pod.as_ref().clone()).collect()
    }
}

fn deployment(replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27",
                    "resources": {"requests": {"cpu": "100m"}}}]},
            },
        },
    })
}

#[test]
fn a_deployment_becomes_ready_pods_behind_its_service() {
    let mut lab = Lab::new().with(deployment(3)).with(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }));
    lab.pass(8);
    let status = lab.get("deployments.apps", "default/web")["status"].clone();
    assert_eq!((&status["readyReplicas"], &status["updatedReplicas"]), (&json!(3), &json!(3)));
    let slices: Vec<_> = lab.state.store.list("endpointslices.discovery.k8s.io", "default/").collect();
    assert_eq!(object::list(slices[0].1, &["endpoints"]).len(), 3);
    // A settled cluster changes nothing but its heartbeats.
    let before = lab.state.store.revision();
    lab.pass(5);
    assert!(lab.state.store.revision() - before <= 3);
}

#[test]
fn a_new_template_rolls_out_without_a_gap() {
    let mut lab = Lab::new().with(deployment(3));
    lab.pass(8);
    lab.change(
        "deployments.apps",
        "default/web",
        &["spec", "template", "spec", "containers"],
        json!([{"name": "nginx", "image": "nginx:1.28"}]),
    );
    for _ in 0..40 {
        lab.pass(1);
        let ready = lab.pods().iter().filter(|pod| object::condition(pod, "Ready") == "True").count();
        assert!(ready >= 3, "only {ready} pods are ready");
    }
    let images: Vec<String> =
        lab.pods().iter().map(|pod| pod["spec"]["containers"][0]["image"].to_string()).collect();
    assert_eq!(images, ["\"nginx:1.28\"", "\"nginx:1.28\"", "\"nginx:1.28\""]);
    let deployment = lab.get("deployments.apps", "default/web");
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
}

#[test]
fn a_crashing_container_backs_off_and_restarts() {
    let mut crashing = deployment(1);
    object::set(
        &mut crashing,
        &["spec", "template", "metadata", "annotations"],
        json!({"kubesim.crowsnest.dev/behaviour": "oom"}),
    );
    let mut lab = Lab::new().with(crashing);
    lab.pass(12);
    let status = lab.pods()[0]["status"]["containerStatuses"][0].clone();
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status["lastState"]["terminated"]["reason"], "OOMKilled");
    lab.pass(20);
    assert!(lab.pods()[0]["status"]["containerStatuses"][0]["restartCount"].as_i64() >= Some(1));
}

#[test]
fn a_pod_that_fits_nowhere_waits_and_says_why() {
    let mut large = deployment(1);
    large["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "40".into();
    let mut lab = Lab::new().with(large);
    lab.pass(3);
    let conditions = lab.pods()[0]["status"]["conditions"].to_string();
    assert!(conditions.contains("0/3 nodes are available: 3 Insufficient cpu."), "{conditions}");
}

#[test]
fn stateful_pods_come_one_by_one() {
    let mut lab = Lab::new().with(json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "db"}}, "template": {
            "metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "pg", "image": "postgres:16"}]}}},
    }));
    lab.pass(3);
    assert_eq!(lab.pods().len(), 1);
    lab.pass(8);
    let names: Vec<String> = lab.pods().iter().map(|pod| object::name(pod).to_owned()).collect();
    assert_eq!(names, ["db-0", "db-1"]);
}

#[test]
fn a_job_ends_and_a_daemon_runs_everywhere() {
    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]});
    let mut lab = Lab::new()
        .with(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "default"},
            "spec": {"template": {"spec": spec}}}))
        .with(json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "d"}}, "template": {"metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [{"name": "c", "image": "agent:1"}]}}}}));
    lab.pass(25);
    assert_eq!(object::condition(&lab.get("jobs.batch", "default/j"), "Complete"), "True");
    assert_eq!(lab.get("daemonsets.apps", "default/d")["status"]["numberReady"], 3);
}

#[test]
fn a_silent_node_is_not_ready_until_it_speaks_again() {
    let mut lab = Lab::new().with(deployment(3));
    lab.pass(8);
    lab.change(
        "nodes",
        "node-1",
        &["metadata", "annotations", "kubesim.crowsnest.dev/silent"],
        json!("true"),
    );
    lab.pass(1);
    assert_eq!(object::condition(&lab.get("nodes", "node-1"), "Ready"), "Unknown");
    lab.change(
        "nodes",
        "node-1",
        &["metadata", "annotations", "kubesim.crowsnest.dev/silent"],
        json!("false"),
    );
    lab.pass(1);
    assert_eq!(object::condition(&lab.get("nodes", "node-1"), "Ready"), "True");
}
