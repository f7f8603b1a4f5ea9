//! Looking into what runs: a container that is added to a pod, and a port in the browser.

use serde_json::json;

use super::{Change, Given, ObjectRef, Wrong, kubectl_name, shell};
use crate::cluster::object::{integer, list, text};
use crate::i18n::Msg;
use crate::json::Value;

/// What a container is added from where nothing else is said: small, and with a shell.
pub(super) const IMAGE: &str = "busybox:1.37";
const ADDED: [&str; 2] = ["spec", "ephemeralContainers"];

pub(super) fn runs(pod: &Value) -> bool {
    text(pod, &["status", "phase"]) == "Running"
}

/// The names of a pod's own containers.
pub(super) fn containers(pod: &Value) -> Vec<String> {
    let all = list(pod, &["spec", "containers"]).iter();
    all.map(|container| text(container, &["name"]).to_owned()).collect()
}

/// `debug-1`, or the first after it that no container has.
fn free_name(pod: &Value) -> String {
    let is_taken = |name: &str| {
        let lists = [["spec", "containers"], ["spec", "initContainers"], ADDED];
        lists.iter().any(|path| list(pod, path).iter().any(|other| text(other, &["name"]) == name))
    };
    (1..).map(|number| format!("debug-{number}")).find(|name| !is_taken(name)).unwrap_or_default()
}

/// The container that was added to a pod last.
pub(crate) fn added_last(pod: &Value) -> Option<String> {
    list(pod, &ADDED).last().map(|container| text(container, &["name"]).to_owned())
}

pub(super) fn debug(target: &ObjectRef, pod: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let (image, of) = (given.text(0), given.text(1));
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(Msg::WrongImage);
    }
    let mut container = json!({"name": free_name(pod), "image": image, "stdin": true, "tty": true});
    if !of.is_empty() {
        container["targetContainerName"] = of.into();
    }
    let patch = json!({"spec": {"ephemeralContainers": [container]}});
    Ok(vec![Change::Strategic { target: target.clone(), below: "ephemeralcontainers", patch }])
}

pub(super) fn kubectl_debug(target: &ObjectRef, given: &Given<'_>) -> String {
    let ObjectRef { namespace, name, .. } = target;
    let (image, of) = (shell(given.text(0)), shell(given.text(1)));
    format!("kubectl debug {name} -n {namespace} -it --image={image} --target={of}")
}

/// The ports that speak TCP, of a pod's containers or of a Service.
pub(super) fn ports(object: &Value) -> Vec<String> {
    let of_pod = list(object, &["spec", "containers"])
        .iter()
        .flat_map(|container| list(container, &["ports"]))
        .filter_map(|port| Some((port, integer(port, &["containerPort"])?)));
    let of_service =
        list(object, &["spec", "ports"]).iter().filter_map(|port| Some((port, integer(port, &["port"])?)));
    let tcp = |(port, number): (&Value, i64)| {
        matches!(text(port, &["protocol"]), "" | "TCP").then(|| number.to_string())
    };
    of_pod.chain(of_service).filter_map(tcp).collect()
}

/// What is spoken at most such ports.
pub(super) fn scheme(object: &Value) -> String {
    let is_secure = ports(object).first().is_some_and(|port| port.ends_with("443"));
    if is_secure { "https" } else { "http" }.to_owned()
}

pub(super) fn open_port(target: &ObjectRef, _: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let port = given.text(0).parse::<u16>().ok().filter(|port| *port > 0).ok_or(Msg::WrongPort)?;
    Ok(vec![Change::OpenPort { target: target.clone(), port, tls: given.text(1) == "https" }])
}

pub(super) fn kubectl_forward(target: &ObjectRef, given: &Given<'_>) -> String {
    format!("kubectl port-forward {} {}", kubectl_name(target), shell(given.text(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    #[test]
    fn a_container_is_added_beside_the_one_that_is_looked_at() {
        let pod: Value = json!({"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {
            "containers": [{"name": "web"}], "ephemeralContainers": [{"name": "debug-1"}]}})
        .into();
        let target = target_of(("", "v1", "pods"), &pod).unwrap();
        assert_eq!(
            (containers(&pod), added_last(&pod)),
            (vec!["web".to_owned()], Some("debug-1".to_owned()))
        );
        let given = ["busybox", "web"].map(str::to_owned);
        let changes = debug(&target, &pod, &Given { values: &given, now: "" }).unwrap();
        let Change::Strategic { below, patch, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(*below, "ephemeralcontainers");
        assert_eq!(
            patch["spec"]["ephemeralContainers"],
            json!([{"name": "debug-2", "image": "busybox", "stdin": true, "tty": true, "targetContainerName": "web"}])
        );
        let wrong = ["a b", ""].map(str::to_owned);
        assert_eq!(debug(&target, &pod, &Given { values: &wrong, now: "" }), Err(Msg::WrongImage));
    }

    #[test]
    fn only_ports_that_speak_tcp_are_opened() {
        let pod: Value = json!({"spec": {"containers": [{"ports": [
            {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 8443, "protocol": "TCP"}]}]}})
        .into();
        assert_eq!((ports(&pod), scheme(&pod)), (vec!["8443".to_owned()], "https".to_owned()));
        let service: Value = json!({"spec": {"ports": [{"port": 80}]}}).into();
        assert_eq!((ports(&service), scheme(&service)), (vec!["80".to_owned()], "http".to_owned()));
        assert!(ports(&json!({}).into()).is_empty());
    }
}
