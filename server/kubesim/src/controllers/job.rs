//! Jobs: pods that run to their end.

use serde_json::{Value, json};

use super::{Step, events, pods, pods::set_condition};
use crate::object;

pub(super) const TABLE: &str = "jobs.batch";

pub(super) fn run(step: &mut Step<'_>) {
    for (key, job) in step.all(TABLE) {
        let over = ["Complete", "Failed"].iter().any(|kind| object::condition(&job, kind) == "True");
        let suspended = object::at(&job, &["spec", "suspend"]) == Some(&Value::Bool(true));
        if object::is_terminating(&job) || over || suspended {
            continue;
        }
        let owned = step.owned(pods::TABLE, &job);
        let in_phase = |phase: &str| {
            owned.iter().filter(|(_, pod)| object::text(pod, &["status", "phase"]) == phase).count()
        };
        let (succeeded, failed) = (in_phase("Succeeded"), in_phase("Failed"));
        let mut active = owned.iter().filter(|(_, pod)| pods::is_active(pod)).count();
        let count = |field: &str, default: i64| {
            usize::try_from(object::integer(&job, &["spec", field]).unwrap_or(default)).unwrap_or(0)
        };
        let (completions, retries) = (count("completions", 1), count("backoffLimit", 6));
        let mut object = job.as_ref().clone();
        let now = step.now_text();
        object::set_default(&mut object, &["status", "startTime"], now.as_str());
        if succeeded >= completions {
            set_condition(
                &mut object,
                "Complete",
                "True",
                "CompletionsReached",
                "Reached expected number of succeeded pods",
                &now,
            );
            object::set(&mut object, &["status", "completionTime"], now.as_str());
            events::tell(step, &job, "Normal", "Completed", "Job completed", "job-controller");
        } else if failed > retries {
            let message = "Job has reached the specified backoff limit";
            set_condition(&mut object, "Failed", "True", "BackoffLimitExceeded", message, &now);
            events::tell(step, &job, "Warning", "BackoffLimitExceeded", message, "job-controller");
        } else {
            let template = object::at(&job, &["spec", "template"]).cloned().unwrap_or_default();
            let wanted = count("parallelism", 1).min(completions - succeeded);
            for _ in active..wanted {
                let name = format!("{}-{}", object::name(&job), step.state.random.suffix(5));
                pods::create(step, &job, &template, &name, &[], "");
                events::tell(
                    step,
                    &job,
                    "Normal",
                    "SuccessfulCreate",
                    &format!("Created pod: {name}"),
                    "job-controller",
                );
            }
            active = active.max(wanted);
        }
        for (field, value) in [
            ("active", active),
            ("succeeded", succeeded),
            ("failed", failed),
            ("ready", owned.iter().filter(|(_, pod)| pods::is_ready(pod)).count()),
        ] {
            if value > 0 || field == "ready" {
                object::set(&mut object, &["status", field], value);
            } else {
                object::remove(&mut object, &["status", field]);
            }
        }
        object::set(&mut object, &["status", "uncountedTerminatedPods"], json!({}));
        step.write(TABLE, &key, object);
    }
}
