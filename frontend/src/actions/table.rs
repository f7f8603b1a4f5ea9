//! The actions themselves, in the order of the page.

use super::{
    Action, Danger, Field, KindName, Place, Takes, Then, Window, batch, kubectl_name, look, meta, network,
    nodes, right, workloads,
};
use crate::api::ObjectRef;
use crate::components::IconName;
use crate::i18n::Msg;
use crowsnest_api::access::Right;

const DEPLOYMENT: KindName = ("apps", "deployments");
const STATEFUL_SET: KindName = ("apps", "statefulsets");
const DAEMON_SET: KindName = ("apps", "daemonsets");
const REPLICA_SET: KindName = ("apps", "replicasets");
const CRON_JOB: KindName = ("batch", "cronjobs");
const JOB: KindName = ("batch", "jobs");
const POD: KindName = ("", "pods");
const NODE: KindName = ("", "nodes");
const REQUEST: KindName = ("certificates.k8s.io", "certificatesigningrequests");

/// Kinds of which a deletion takes much more with it than itself.
pub(super) const LOSES_MUCH: &[KindName] = &[
    ("", "namespaces"),
    NODE,
    ("", "persistentvolumes"),
    ("", "persistentvolumeclaims"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
];

/// The action with this name.
pub(crate) fn find(id: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.id == id)
}

fn patch(target: &ObjectRef) -> Vec<Right> {
    vec![right(target, "patch", "")]
}

fn create(target: &ObjectRef, group: &'static str, resource: &'static str) -> Vec<Right> {
    vec![Right::to("create", group, resource, "").within(target.namespace.clone())]
}

fn create_job(target: &ObjectRef) -> Vec<Right> {
    create(target, "batch", "jobs")
}

fn decide(target: &ObjectRef) -> Vec<Right> {
    vec![right(target, "patch", "approval"), Right::to("approve", "certificates.k8s.io", "signers", "")]
}

/// `kubectl VERB KIND/NAME`.
fn simple(verb: &str, target: &ObjectRef) -> String {
    format!("kubectl {verb} {}", kubectl_name(target))
}

/// `kubectl patch` with what is set.
fn patched(target: &ObjectRef, patch: &str) -> String {
    format!("kubectl patch {} --type=merge -p '{patch}'", kubectl_name(target))
}

/// A row of an ordinary kind, from which the others differ.
const PLAIN: Action = Action {
    id: "",
    label: Msg::Restart,
    icon: IconName::Progress,
    kinds: &[],
    applies: |_| true,
    rights: patch,
    danger: Danger::Plain,
    place: Place::Menu,
    bulk: false,
    window: Window::Form,
    why: Msg::RestartWhy,
    fields: &[],
    then: Then::Nothing,
    changes: |_, _, _| Ok(Vec::new()),
    kubectl: |target, _| simple("get", target),
};

const RUN_NAME: Field =
    Field { label: Msg::JobName, hint: None, takes: Takes::Text, initial: batch::run_name };

/// All of them.
pub(crate) static ACTIONS: &[Action] = &[
    Action {
        id: "scale",
        label: Msg::Scale,
        icon: IconName::Metrics,
        kinds: &[DEPLOYMENT, STATEFUL_SET, REPLICA_SET, ("", "replicationcontrollers")],
        rights: |target| vec![right(target, "patch", "scale")],
        place: Place::Button,
        bulk: true,
        why: Msg::ScaleWhy,
        fields: &[Field {
            label: Msg::Replicas,
            hint: None,
            takes: Takes::Number,
            initial: workloads::replicas,
        }],
        changes: workloads::scale,
        kubectl: workloads::kubectl_scale,
        ..PLAIN
    },
    Action {
        id: "restart",
        kinds: &[DEPLOYMENT, STATEFUL_SET, DAEMON_SET],
        danger: Danger::Confirm,
        place: Place::Button,
        bulk: true,
        changes: workloads::restart,
        kubectl: |target, _| simple("rollout restart", target),
        ..PLAIN
    },
    Action {
        id: "rollback",
        label: Msg::RollBack,
        icon: IconName::Left,
        kinds: &[DEPLOYMENT, STATEFUL_SET, DAEMON_SET],
        danger: Danger::Confirm,
        window: Window::RollBack,
        why: Msg::RollBackWhy,
        kubectl: |target, given| {
            format!("{} --to-revision={}", simple("rollout undo", target), given.text(0))
        },
        ..PLAIN
    },
    Action {
        id: "image",
        label: Msg::SetImage,
        icon: IconName::Upload,
        kinds: &[DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB],
        danger: Danger::Confirm,
        why: Msg::SetImageWhy,
        fields: &[
            Field {
                label: Msg::Container,
                hint: None,
                takes: Takes::Choice(workloads::containers),
                initial: |object| workloads::containers(object).into_iter().next().unwrap_or_default(),
            },
            Field { label: Msg::Image, hint: None, takes: Takes::Text, initial: workloads::first_image },
        ],
        changes: workloads::set_image,
        kubectl: workloads::kubectl_image,
        ..PLAIN
    },
    Action {
        id: "pause",
        label: Msg::PauseRollout,
        icon: IconName::Pause,
        kinds: &[DEPLOYMENT],
        applies: |object| !workloads::is_paused(object),
        why: Msg::PauseRolloutWhy,
        changes: workloads::pause,
        kubectl: |target, _| simple("rollout pause", target),
        ..PLAIN
    },
    Action {
        id: "resume",
        label: Msg::ResumeRollout,
        icon: IconName::Play,
        kinds: &[DEPLOYMENT],
        applies: workloads::is_paused,
        why: Msg::ResumeRolloutWhy,
        changes: workloads::pause,
        kubectl: |target, _| simple("rollout resume", target),
        ..PLAIN
    },
    Action {
        id: "trigger",
        label: Msg::RunNow,
        icon: IconName::Play,
        kinds: &[CRON_JOB],
        rights: create_job,
        place: Place::Button,
        why: Msg::RunNowWhy,
        fields: &[RUN_NAME],
        changes: batch::trigger,
        kubectl: |target, given| {
            format!(
                "kubectl create job {} --from=cronjob/{} -n {}",
                given.text(0),
                target.name,
                target.namespace
            )
        },
        ..PLAIN
    },
    Action {
        id: "suspend",
        label: Msg::Suspend,
        icon: IconName::Pause,
        kinds: &[CRON_JOB, JOB],
        applies: |object| !batch::is_suspended(object),
        place: Place::Button,
        bulk: true,
        why: Msg::SuspendWhy,
        changes: batch::suspend,
        kubectl: |target, _| patched(target, r#"{"spec":{"suspend":true}}"#),
        ..PLAIN
    },
    Action {
        id: "unsuspend",
        label: Msg::Unsuspend,
        icon: IconName::Play,
        kinds: &[CRON_JOB, JOB],
        applies: batch::is_suspended,
        place: Place::Button,
        why: Msg::UnsuspendWhy,
        changes: batch::suspend,
        kubectl: |target, _| patched(target, r#"{"spec":{"suspend":false}}"#),
        ..PLAIN
    },
    Action {
        id: "run-again",
        label: Msg::RunAgain,
        icon: IconName::Progress,
        kinds: &[JOB],
        rights: create_job,
        place: Place::Button,
        why: Msg::RunAgainWhy,
        fields: &[RUN_NAME],
        changes: batch::run_again,
        kubectl: |target, _| format!("kubectl get {} -o yaml | kubectl create -f -", kubectl_name(target)),
        ..PLAIN
    },
    Action {
        id: "cordon",
        label: Msg::Cordon,
        icon: IconName::Lock,
        kinds: &[NODE],
        applies: |node| !nodes::is_cordoned(node),
        place: Place::Button,
        bulk: true,
        why: Msg::CordonWhy,
        changes: nodes::cordon,
        kubectl: |target, _| format!("kubectl cordon {}", target.name),
        ..PLAIN
    },
    Action {
        id: "uncordon",
        label: Msg::Uncordon,
        icon: IconName::Unlock,
        kinds: &[NODE],
        applies: nodes::is_cordoned,
        place: Place::Button,
        bulk: true,
        why: Msg::UncordonWhy,
        changes: nodes::cordon,
        kubectl: |target, _| format!("kubectl uncordon {}", target.name),
        ..PLAIN
    },
    Action {
        id: "drain",
        label: Msg::Drain,
        icon: IconName::Leave,
        kinds: &[NODE],
        rights: |target| {
            vec![
                right(target, "patch", ""),
                Right::to("list", "", "pods", ""),
                Right::to("create", "", "pods", "").below("eviction"),
            ]
        },
        danger: Danger::Confirm,
        place: Place::Button,
        window: Window::Drain,
        why: Msg::DrainWhy,
        kubectl: |target, _| {
            format!("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", target.name)
        },
        ..PLAIN
    },
    Action {
        id: "taints",
        label: Msg::EditTaints,
        icon: IconName::Namespaces,
        kinds: &[NODE],
        why: Msg::EditTaintsWhy,
        fields: &[Field {
            label: Msg::Taints,
            hint: Some(Msg::TaintsHint),
            takes: Takes::Lines,
            initial: nodes::taints,
        }],
        changes: nodes::set_taints,
        kubectl: nodes::kubectl_taints,
        ..PLAIN
    },
    Action {
        id: "debug",
        label: Msg::Debug,
        icon: IconName::Search,
        kinds: &[POD],
        applies: look::runs,
        rights: |target| {
            vec![right(target, "patch", "ephemeralcontainers"), right(target, "create", "attach")]
        },
        danger: Danger::Confirm,
        why: Msg::DebugWhy,
        fields: &[
            Field {
                label: Msg::Image,
                hint: Some(Msg::DebugHint),
                takes: Takes::Text,
                initial: |_| look::IMAGE.to_owned(),
            },
            Field {
                label: Msg::Container,
                hint: None,
                takes: Takes::Choice(look::containers),
                initial: |object| look::containers(object).into_iter().next().unwrap_or_default(),
            },
        ],
        then: Then::Attach,
        changes: look::debug,
        kubectl: look::kubectl_debug,
        ..PLAIN
    },
    Action {
        id: "browser",
        label: Msg::OpenInBrowser,
        icon: IconName::Compass,
        kinds: &[POD, ("", "services")],
        applies: |object| !look::ports(object).is_empty(),
        rights: |target| {
            vec![Right::to("create", "", "pods", "").below("portforward").within(target.namespace.clone())]
        },
        why: Msg::OpenInBrowserWhy,
        fields: &[
            Field {
                label: Msg::Port,
                hint: None,
                takes: Takes::Choice(look::ports),
                initial: |object| look::ports(object).into_iter().next().unwrap_or_default(),
            },
            Field {
                label: Msg::Protocol,
                hint: None,
                takes: Takes::Choice(|_| ["http", "https"].map(str::to_owned).to_vec()),
                initial: look::scheme,
            },
        ],
        then: Then::Browser,
        changes: look::open_port,
        kubectl: look::kubectl_forward,
        ..PLAIN
    },
    Action {
        id: "evict",
        label: Msg::Evict,
        icon: IconName::Leave,
        kinds: &[POD],
        rights: |target| vec![right(target, "create", "eviction")],
        danger: Danger::Confirm,
        place: Place::Button,
        bulk: true,
        why: Msg::EvictWhy,
        changes: |target, _, _| Ok(vec![crate::api::Change::Evict { target: target.clone() }]),
        kubectl: |target, _| {
            let ObjectRef { namespace, name, .. } = target;
            format!(
                "kubectl create --raw /api/v1/namespaces/{namespace}/pods/{name}/eviction -f eviction.json"
            )
        },
        ..PLAIN
    },
    Action {
        id: "expand",
        label: Msg::Expand,
        icon: IconName::ZoomOut,
        kinds: &[("", "persistentvolumeclaims")],
        danger: Danger::Confirm,
        place: Place::Button,
        why: Msg::ExpandWhy,
        fields: &[Field {
            label: Msg::Size,
            hint: Some(Msg::SizeHint),
            takes: Takes::Text,
            initial: meta::room,
        }],
        changes: meta::expand,
        kubectl: |target, given| {
            patched(
                target,
                &format!(r#"{{"spec":{{"resources":{{"requests":{{"storage":"{}"}}}}}}}}"#, given.text(0)),
            )
        },
        ..PLAIN
    },
    Action {
        id: "approve",
        label: Msg::Approve,
        icon: IconName::Done,
        kinds: &[REQUEST],
        applies: meta::is_undecided,
        rights: decide,
        danger: Danger::Confirm,
        place: Place::Button,
        why: Msg::ApproveWhy,
        changes: meta::approve,
        kubectl: |target, _| format!("kubectl certificate approve {}", target.name),
        ..PLAIN
    },
    Action {
        id: "deny",
        label: Msg::Deny,
        icon: IconName::Close,
        kinds: &[REQUEST],
        applies: meta::is_undecided,
        rights: decide,
        danger: Danger::Confirm,
        place: Place::Button,
        why: Msg::DenyWhy,
        changes: meta::deny,
        kubectl: |target, _| format!("kubectl certificate deny {}", target.name),
        ..PLAIN
    },
    Action {
        id: "expose",
        label: Msg::Expose,
        icon: IconName::Service,
        kinds: &[DEPLOYMENT, STATEFUL_SET, REPLICA_SET, POD],
        rights: |target| create(target, "", "services"),
        why: Msg::ExposeWhy,
        fields: &[
            Field { label: Msg::ColumnName, hint: None, takes: Takes::Text, initial: network::own_name },
            Field { label: Msg::ServicePort, hint: None, takes: Takes::Number, initial: network::first_port },
            Field { label: Msg::TargetPort, hint: None, takes: Takes::Number, initial: network::first_port },
            Field {
                label: Msg::ServiceType,
                hint: None,
                takes: Takes::Choice(network::types),
                initial: |_| "ClusterIP".into(),
            },
        ],
        changes: network::expose,
        kubectl: network::kubectl_expose,
        ..PLAIN
    },
    Action {
        id: "labels",
        label: Msg::EditLabels,
        icon: IconName::Lines,
        why: Msg::EditLabelsWhy,
        fields: &[Field {
            label: Msg::LabelsTitle,
            hint: Some(Msg::PairsHint),
            takes: Takes::Lines,
            initial: meta::labels,
        }],
        changes: meta::set_labels,
        kubectl: meta::kubectl_labels,
        ..PLAIN
    },
    Action {
        id: "annotations",
        label: Msg::EditAnnotations,
        icon: IconName::Lines,
        why: Msg::EditAnnotationsWhy,
        fields: &[Field {
            label: Msg::Annotations,
            hint: Some(Msg::PairsHint),
            takes: Takes::Lines,
            initial: meta::annotations,
        }],
        changes: meta::set_annotations,
        kubectl: meta::kubectl_annotations,
        ..PLAIN
    },
    Action {
        id: "delete",
        label: Msg::Delete,
        icon: IconName::Close,
        rights: |target| vec![right(target, "delete", "")],
        danger: Danger::Confirm,
        bulk: true,
        window: Window::Delete,
        why: Msg::DeleteWhy,
        fields: &[Field {
            label: Msg::Propagation,
            hint: Some(Msg::PropagationHint),
            takes: Takes::Choice(meta::policies),
            initial: |_| "Background".into(),
        }],
        changes: meta::delete,
        kubectl: meta::kubectl_delete,
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::actions::Given;
    use crate::i18n::Lang;
    use crate::json::json;

    #[test]
    fn every_action_has_a_name_words_and_rights() {
        let ids: BTreeSet<&str> = ACTIONS.iter().map(|action| action.id).collect();
        assert_eq!(ids.len(), ACTIONS.len());
        assert!(!ids.contains(""));
        let (kind, namespace) = ("core.v1.pods".parse().unwrap(), "n".to_owned());
        let target = ObjectRef { kind, namespace, name: "x".into() };
        let values = vec![String::new(); 4];
        for action in ACTIONS {
            assert!(!(action.rights)(&target).is_empty(), "{}", action.id);
            let given = Given { values: &values, now: "" };
            assert!((action.kubectl)(&target, &given).starts_with("kubectl "), "{}", action.id);
            assert!(Lang::ALL.iter().all(|lang| !action.why.text(*lang).is_empty()), "{}", action.id);
            let asks = !action.fields.is_empty() || action.window != Window::Form;
            assert!(!action.bulk || action.fields.len() <= 1, "{}", action.id);
            assert!(
                asks || (action.changes)(&target, &json!({"metadata": {}}), &given)
                    .is_ok_and(|all| all.len() == 1)
            );
        }
    }

    #[test]
    fn a_kind_has_its_actions_and_those_that_all_have() {
        let of = |kind| {
            ACTIONS.iter().filter(|action| action.is_for(kind)).map(|action| action.id).collect::<Vec<_>>()
        };
        assert_eq!(of(("", "configmaps")), ["labels", "annotations", "delete"]);
        assert_eq!(of(NODE), ["cordon", "uncordon", "drain", "taints", "labels", "annotations", "delete"]);
        assert!(of(DEPLOYMENT).starts_with(&["scale", "restart", "rollback"]));
    }

    #[test]
    fn what_loses_much_has_to_be_typed() {
        let delete = find("delete").unwrap();
        let target = |kind: &str| ObjectRef {
            kind: kind.parse().unwrap(),
            namespace: String::new(),
            name: "x".into(),
        };
        assert_eq!(delete.danger_to(&target("core.v1.namespaces")), Danger::TypeName);
        assert_eq!(delete.danger_to(&target("core.v1.pods")), Danger::Confirm);
    }
}
