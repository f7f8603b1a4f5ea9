//! The tables of what makes pods.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    AGE, Column, Columns, NAME,
    cells::{age, containers, duration, labels, number, or_none, selector, since},
    count, shown, wide,
};
use crate::object;

const TEMPLATE: &[&str] = &["spec", "template", "spec"];

pub(super) const TABLES: &[Columns] = &[
    Columns {
        resource: "deployments.apps",
        columns: &[
            NAME,
            shown("Ready"),
            shown("Up-to-date"),
            shown("Available"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        cells: |object, now| {
            let mut cells = vec![
                object::name(object).into(),
                ready(object),
                number(object, &["status", "updatedReplicas"]),
                number(object, &["status", "availableReplicas"]),
                age(object, now),
            ];
            cells.extend(template(object));
            cells
        },
    },
    Columns { resource: "replicasets.apps", columns: REPLICAS, cells: replicas },
    Columns { resource: "replicationcontrollers", columns: REPLICAS, cells: replicas },
    Columns {
        resource: "statefulsets.apps",
        columns: &[NAME, shown("Ready"), AGE, wide("Containers"), wide("Images")],
        cells: |object, now| {
            vec![
                object::name(object).into(),
                ready(object),
                age(object, now),
                containers(object, TEMPLATE, "name"),
                containers(object, TEMPLATE, "image"),
            ]
        },
    },
    Columns {
        resource: "daemonsets.apps",
        columns: &[
            NAME,
            count("Desired"),
            count("Current"),
            count("Ready"),
            count("Up-to-date"),
            count("Available"),
            shown("Node Selector"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        cells: |object, now| {
            let status = |field: &str| number(object, &["status", field]);
            let mut cells = vec![
                object::name(object).into(),
                status("desiredNumberScheduled"),
                status("currentNumberScheduled"),
                status("numberReady"),
                status("updatedNumberScheduled"),
                status("numberAvailable"),
                labels(object, &["spec", "template", "spec", "nodeSelector"]),
                age(object, now),
            ];
            cells.extend(template(object));
            cells
        },
    },
    Columns {
        resource: "jobs.batch",
        columns: &[
            NAME,
            shown("Status"),
            shown("Completions"),
            shown("Duration"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        cells: job,
    },
    Columns {
        resource: "cronjobs.batch",
        columns: &[
            NAME,
            shown("Schedule"),
            shown("Timezone"),
            Column { name: "Suspend", kind: "boolean", priority: 0 },
            count("Active"),
            shown("Last Schedule"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        cells: cron_job,
    },
];

const REPLICAS: &[Column] = &[
    NAME,
    count("Desired"),
    count("Current"),
    count("Ready"),
    AGE,
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

fn replicas(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![
        object::name(object).into(),
        number(object, &["spec", "replicas"]),
        number(object, &["status", "replicas"]),
        number(object, &["status", "readyReplicas"]),
        age(object, now),
    ];
    cells.extend(template(object));
    cells
}

fn ready(object: &Value) -> Value {
    let ready = object::integer(object, &["status", "readyReplicas"]).unwrap_or(0);
    format!("{ready}/{}", object::integer(object, &["spec", "replicas"]).unwrap_or(0)).into()
}

/// Containers, images and selector.
fn template(object: &Value) -> [Value; 3] {
    [
        containers(object, TEMPLATE, "name"),
        containers(object, TEMPLATE, "image"),
        selector(object, &["spec", "selector"]),
    ]
}

fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let status = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"]
        .into_iter()
        .find(|kind| object::condition(object, kind) == "True");
    let status = match status {
        _ if object::is_terminating(object) => "Terminating",
        None => "Running",
        Some(other) => other,
    };
    let succeeded = object::integer(object, &["status", "succeeded"]).unwrap_or(0);
    let completions = match object::integer(object, &["spec", "completions"]) {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None => {
            format!("{succeeded}/1 of {}", object::integer(object, &["spec", "parallelism"]).unwrap_or(1))
        }
    };
    let started = object::text(object, &["status", "startTime"]);
    let ended = object::text(object, &["status", "completionTime"]);
    let took = match (started.parse::<Timestamp>(), ended.parse::<Timestamp>()) {
        (Err(_), _) => String::new(),
        (Ok(_), Err(_)) => since(started, now),
        (Ok(started), Ok(ended)) => duration(ended.as_second() - started.as_second()),
    };
    let mut cells =
        vec![object::name(object).into(), status.into(), completions.into(), took.into(), age(object, now)];
    cells.extend(template(object));
    cells
}

fn cron_job(object: &Value, now: Timestamp) -> Vec<Value> {
    const SPEC: &[&str] = &["spec", "jobTemplate", "spec", "template", "spec"];
    let last = match object::text(object, &["status", "lastScheduleTime"]) {
        "" => "<none>".into(),
        at => since(at, now),
    };
    let suspended = object::at(object, &["spec", "suspend"]) == Some(&Value::Bool(true));
    vec![
        object::name(object).into(),
        object::text(object, &["spec", "schedule"]).into(),
        or_none(object::text(object, &["spec", "timeZone"])),
        if suspended { "True" } else { "False" }.into(),
        object::list(object, &["status", "active"]).len().into(),
        last.into(),
        age(object, now),
        containers(object, SPEC, "name"),
        containers(object, SPEC, "image"),
        selector(object, &["spec", "jobTemplate", "spec", "selector"]),
    ]
}
