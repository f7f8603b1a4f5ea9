//! Whose a control group is: pod and container, as far as file names tell.

use std::collections::BTreeMap;
use std::fs;

use crate::host::Host;

/// The kubelet's links to the logs of containers: `<pod>_<namespace>_<container>-<container's id>.log`.
const LOGS: &str = "var/log/containers";
/// The kubelet's folders of pods' logs: `<namespace>_<pod>_<uid>`.
const PODS: &str = "var/log/pods";
/// Names that are kept.
const MAX_NAMES: usize = 5000;

/// Whose a control group is; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// The container's identifier.
    pub(super) id: String,
    /// Whether the group is one of the kubelet's pods.
    in_pod: bool,
}

impl Owner {
    /// Whether the group holds the containers of a pod.
    pub(super) fn is_pod(&self) -> bool {
        self.in_pod && self.id.is_empty()
    }
}

/// Names that the kubelet has given to log files.
#[derive(Default)]
pub(super) struct Names {
    /// Container's id → (namespace, pod, container).
    containers: BTreeMap<String, (String, String, String)>,
    /// Pod's uid → (namespace, pod).
    pods: BTreeMap<String, (String, String)>,
}

impl Names {
    /// Reads the folders anew.
    pub(super) fn refresh(&mut self, host: &Host) {
        self.containers = entries(host, LOGS).iter().filter_map(|name| container(name)).collect();
        self.pods = entries(host, PODS).iter().filter_map(|name| pod(name)).collect();
    }

    /// Whose the group at this path is.
    pub(super) fn owner(&self, group: &str) -> Owner {
        let Some((uid, last)) = pod_uid(group) else { return Owner::default() };
        let (namespace, pod) = self.pods.get(&uid).cloned().unwrap_or_default();
        let owner = Owner { namespace, pod, in_pod: true, ..Owner::default() };
        let Some(id) = last.and_then(container_id) else { return owner };
        let id = id.to_owned();
        match self.containers.get(&id).cloned() {
            Some((namespace, pod, container)) => Owner { namespace, pod, container, id, in_pod: true },
            // The pod's own container, which only holds its network, has no log.
            None => Owner { id, ..owner },
        }
    }
}

fn entries(host: &Host, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(host.rootfs.join(folder)).into_iter().flatten().take(MAX_NAMES);
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

fn container(file: &str) -> Option<(String, (String, String, String))> {
    let (name, id) = file.strip_suffix(".log")?.rsplit_once('-')?;
    let mut parts = name.splitn(3, '_').map(str::to_owned);
    let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
    Some((id.to_owned(), (namespace, pod, container)))
}

fn pod(folder: &str) -> Option<(String, (String, String))> {
    let mut parts = folder.splitn(3, '_').map(str::to_owned);
    let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
    Some((uid, (namespace, pod)))
}

/// The uid in a path with a part `pod<uid>` or `kubepods-burstable-pod<uid with _>.slice`, and the part after it.
fn pod_uid(group: &str) -> Option<(String, Option<&str>)> {
    let mut parts = group.split('/').skip_while(|part| !part.starts_with("kubepods"));
    let uid = parts.find_map(|part| {
        let part = part.strip_suffix(".slice").unwrap_or(part);
        let uid = part.strip_prefix("pod").or_else(|| part.rsplit_once("-pod").map(|(_, uid)| uid))?;
        (!uid.is_empty() && uid != "s").then(|| uid.replace('_', "-"))
    })?;
    Some((uid, parts.next()))
}

/// The id in `cri-containerd-<id>.scope`, `crio-<id>.scope`, `docker-<id>.scope` or `<id>`.
fn container_id(part: &str) -> Option<&str> {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    let id = part.rsplit_once('-').map_or(part, |(_, id)| id);
    (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0a1b2c3d-1111-2222-3333-444455556666";

    #[test]
    fn groups_of_both_drivers_lead_to_the_pods_uid() {
        let systemd = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice";
        let cgroupfs = "/kubepods/besteffort/pod0a1b2c3d-1111-2222-3333-444455556666";
        for group in [systemd, cgroupfs] {
            assert_eq!(pod_uid(group), Some((UID.to_owned(), None)), "{group}");
            assert_eq!(pod_uid(&format!("{group}/x")), Some((UID.to_owned(), Some("x"))), "{group}");
        }
        for group in ["", "/system.slice", "/kubepods.slice/kubepods-burstable.slice", "/podman.slice/podx"] {
            assert_eq!(pod_uid(group), None, "{group}");
        }
    }

    #[test]
    fn containers_are_told_by_their_identifier() {
        let id = "a".repeat(64);
        for part in [format!("cri-containerd-{id}.scope"), format!("crio-{id}.scope"), id.clone()] {
            assert_eq!(container_id(&part), Some(id.as_str()));
        }
        assert_eq!(container_id("init.scope"), None);
        let file = format!("web-7d9-x_shop_nginx-{id}.log");
        let expected = ("shop".to_owned(), "web-7d9-x".to_owned(), "nginx".to_owned());
        assert_eq!(container(&file), Some((id, expected)));
    }
}
