//! What there is, and how much of it is asked for.

use std::collections::BTreeMap;

use crate::json::Value;

use super::object::{name, text};
use super::{node, pod};

/// An amount of a resource: cores, bytes or pods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Demand {
    /// What pods can get.
    pub(crate) room: f64,
    /// What the scheduler keeps free for them.
    pub(crate) requests: f64,
    /// What they may take; those without a limit are not counted.
    pub(crate) limits: f64,
}

/// The resources of a node, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Capacity {
    pub(crate) cpu: Demand,
    pub(crate) memory: Demand,
    /// Pods that there is room for, and those that are there.
    pub(crate) pods: Demand,
}

/// The capacity of every node by its name.
pub(crate) fn by_node<'v>(
    nodes: impl Iterator<Item = &'v Value>,
    pods: impl Iterator<Item = &'v Value>,
) -> BTreeMap<String, Capacity> {
    let room = |node: &Value, resource| Demand {
        room: node::allocatable(node, resource).unwrap_or(0.0),
        ..Demand::default()
    };
    let mut found: BTreeMap<String, Capacity> = nodes
        .map(|node| {
            let [cpu, memory, pods] = ["cpu", "memory", "pods"].map(|resource| room(node, resource));
            (name(node).to_owned(), Capacity { cpu, memory, pods })
        })
        .collect();
    for pod in pods.filter(|pod| !pod::is_over(pod)) {
        let Some(capacity) = found.get_mut(text(pod, &["spec", "nodeName"])) else { continue };
        capacity.pods.requests += 1.0;
        for (demand, resource) in [(&mut capacity.cpu, "cpu"), (&mut capacity.memory, "memory")] {
            demand.requests += pod::resources(pod, "requests", resource).unwrap_or(0.0);
            demand.limits += pod::resources(pod, "limits", resource).unwrap_or(0.0);
        }
    }
    found
}

/// All of them together.
pub(crate) fn total<'c>(capacities: impl Iterator<Item = &'c Capacity>) -> Capacity {
    let add = |a: Demand, b: Demand| Demand {
        room: a.room + b.room,
        requests: a.requests + b.requests,
        limits: a.limits + b.limits,
    };
    capacities.fold(Capacity::default(), |sum, one| Capacity {
        cpu: add(sum.cpu, one.cpu),
        memory: add(sum.memory, one.memory),
        pods: add(sum.pods, one.pods),
    })
}

impl Demand {
    /// The share of the room that is asked for; `None` without room.
    pub(crate) fn asked(self) -> Option<f64> {
        (self.room > 0.0).then(|| self.requests / self.room)
    }

    /// The share that may be taken.
    pub(crate) fn limited(self) -> Option<f64> {
        (self.room > 0.0).then(|| self.limits / self.room)
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn pods_count_where_they_are_and_while_they_are() {
        let node = |name: &str| json!({"metadata": {"name": name}, "status": {"allocatable": {"cpu": "4", "memory": "1Gi", "pods": "110"}}});
        let pod = |node: &str, phase: &str| {
            json!({"spec": {"nodeName": node, "containers": [{"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}}]},
            "status": {"phase": phase}})
        };
        let nodes = [node("a"), node("b")];
        let pods = [
            pod("a", "Running"),
            pod("a", "Pending"),
            pod("a", "Succeeded"),
            pod("", "Pending"),
            pod("b", "Running"),
        ];
        let found = by_node(nodes.iter(), pods.iter());
        let a = &found["a"];
        assert_eq!((a.cpu.requests, a.cpu.limits, a.pods.requests), (1.0, 2.0, 2.0));
        assert_eq!(a.cpu.asked(), Some(0.25));
        let all = total(found.values());
        assert_eq!((all.cpu.room, all.cpu.limits, all.pods.requests), (8.0, 3.0, 3.0));
        assert_eq!(Demand::default().asked(), None);
    }
}
