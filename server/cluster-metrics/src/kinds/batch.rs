//! Jobs and CronJobs.

use serde::Deserialize;

use super::kept_as_read;
use super::node::Condition;
use crate::cron::Schedule;
use crate::family::Family;
use crate::meta::Meta;
use crate::object::Identity;
use crate::rows::{Rows, truth};
use crate::when::When;

/// Why a job can fail, as Kubernetes words it.
const FAILURES: &[&str] = &["BackoffLimitExceeded", "DeadlineExceeded", "Evicted"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Job {
    spec: JobSpec,
    status: JobStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JobSpec {
    parallelism: Option<i32>,
    completions: Option<i32>,
    active_deadline_seconds: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JobStatus {
    active: i32,
    succeeded: i32,
    failed: i32,
    ready: Option<i32>,
    start_time: When,
    completion_time: When,
    conditions: Vec<Condition>,
}

impl Job {
    fn condition(&self, kind: &str, rows: &mut Rows<'_>) {
        for condition in self.status.conditions.iter().filter(|condition| &*condition.r#type == kind) {
            rows.status("condition", &condition.status, &[]);
        }
    }

    /// How many pods have failed; once the job itself has, why.
    fn failed(&self, rows: &mut Rows<'_>) {
        let failed = f64::from(self.status.failed);
        if self.status.failed == 0 || self.status.conditions.is_empty() {
            return rows.one(failed);
        }
        for condition in self.status.conditions.iter().filter(|condition| &*condition.r#type == "Failed") {
            if FAILURES.contains(&&*condition.reason) {
                rows.each_of("reason", FAILURES, &condition.reason);
            } else {
                rows.one(failed);
            }
        }
    }
}

kept_as_read!(
    Job,
    Identity::Namespaced("job_name"),
    &[
        Family::annotations("kube_job_annotations"),
        Family::gauge(
            "kube_job_complete",
            "[STABLE] The job has completed its execution.",
            |_, job, rows| job.condition("Complete", rows),
        ),
        Family::created("kube_job_created"),
        Family::gauge("kube_job_failed", "[STABLE] The job has failed its execution.", |_, job, rows| {
            job.condition("Failed", rows);
        }),
        Family::gauge("kube_job_info", "[STABLE] Information about job.", |_, _, rows| rows.one(1.0)),
        Family::labels("kube_job_labels"),
        Family::owner("kube_job_owner", "[STABLE] Information about the Job's owner."),
        Family::gauge(
            "kube_job_spec_active_deadline_seconds",
            "[STABLE] The duration in seconds relative to the startTime that the job may be active before the system tries to \
         terminate it.",
            |_, job, rows| rows.maybe(job.spec.active_deadline_seconds.map(|seconds| seconds as f64)),
        ),
        Family::gauge(
            "kube_job_spec_completions",
            "[STABLE] The desired number of successfully finished pods the job should be run with.",
            |_, job, rows| rows.maybe(job.spec.completions),
        ),
        Family::gauge(
            "kube_job_spec_parallelism",
            "[STABLE] The maximum desired number of pods the job should run at any given time.",
            |_, job, rows| rows.maybe(job.spec.parallelism),
        ),
        Family::gauge(
            "kube_job_status_active",
            "[STABLE] The number of actively running pods.",
            |_, job, rows| rows.one(job.status.active.into()),
        ),
        Family::gauge(
            "kube_job_status_completion_time",
            "[STABLE] CompletionTime represents time when the job was completed.",
            |_, job, rows| rows.time(job.status.completion_time),
        ),
        Family::gauge(
            "kube_job_status_failed",
            "[STABLE] The number of pods which reached Phase Failed and the reason for failure.",
            |_, job, rows| job.failed(rows),
        ),
        Family::gauge(
            "kube_job_status_ready",
            "The number of ready pods that belong to this Job.",
            |_, job, rows| rows.maybe(job.status.ready),
        ),
        Family::gauge(
            "kube_job_status_start_time",
            "[STABLE] StartTime represents time when the job was acknowledged by the Job Manager.",
            |_, job, rows| rows.time(job.status.start_time),
        ),
        Family::gauge(
            "kube_job_status_succeeded",
            "[STABLE] The number of pods which reached Phase Succeeded.",
            |_, job, rows| rows.one(job.status.succeeded.into()),
        ),
        Family::gauge(
            "kube_job_status_suspended",
            "The number of pods which reached Phase Suspended.",
            |_, job, rows| job.condition("Suspended", rows),
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CronJob {
    spec: CronJobSpec,
    status: CronJobStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CronJobSpec {
    schedule: Box<str>,
    time_zone: Option<Box<str>>,
    concurrency_policy: Box<str>,
    suspend: Option<bool>,
    starting_deadline_seconds: Option<i64>,
    successful_jobs_history_limit: Option<i32>,
    failed_jobs_history_limit: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CronJobStatus {
    active: Vec<serde::de::IgnoredAny>,
    last_schedule_time: When,
    last_successful_time: When,
}

impl CronJob {
    /// When it is due next: after the time that it was last, or was made.
    fn next(&self, meta: &Meta) -> Option<f64> {
        if self.spec.suspend == Some(true) {
            return None;
        }
        let last = self.status.last_schedule_time;
        let after = if last.is_set() { last } else { meta.created };
        let schedule = Schedule::parse(&self.spec.schedule, self.spec.time_zone.as_deref())?;
        Some(schedule.next(after.timestamp()?)?.as_second() as f64)
    }
}

kept_as_read!(
    CronJob,
    Identity::Namespaced("cronjob"),
    &[
        Family::annotations("kube_cronjob_annotations"),
        Family::created("kube_cronjob_created"),
        Family::gauge("kube_cronjob_info", "[STABLE] Info about cronjob.", |_, job, rows| {
            rows.info(&[
                ("schedule", &job.spec.schedule),
                ("concurrency_policy", &job.spec.concurrency_policy),
                ("timezone", job.spec.time_zone.as_deref().unwrap_or("local")),
            ]);
        }),
        Family::labels("kube_cronjob_labels"),
        Family::resource_version(
            "kube_cronjob_metadata_resource_version",
            "[STABLE] Resource version representing a specific version of the cronjob.",
        ),
        Family::gauge(
            "kube_cronjob_next_schedule_time",
            "[STABLE] Next time the cronjob should be scheduled. The time after lastScheduleTime, or after the cron job's creation \
         time if it's never been scheduled. Use this to determine if the job is delayed.",
            |meta, job, rows| rows.maybe(job.next(meta)),
        ),
        Family::gauge(
            "kube_cronjob_spec_failed_job_history_limit",
            "Failed job history limit tells the controller how many failed jobs should be preserved.",
            |_, job, rows| rows.maybe(job.spec.failed_jobs_history_limit),
        ),
        Family::gauge(
            "kube_cronjob_spec_starting_deadline_seconds",
            "[STABLE] Deadline in seconds for starting the job if it misses scheduled time for any reason.",
            |_, job, rows| rows.maybe(job.spec.starting_deadline_seconds.map(|seconds| seconds as f64)),
        ),
        Family::gauge(
            "kube_cronjob_spec_successful_job_history_limit",
            "Successful job history limit tells the controller how many completed jobs should be preserved.",
            |_, job, rows| rows.maybe(job.spec.successful_jobs_history_limit),
        ),
        Family::gauge(
            "kube_cronjob_spec_suspend",
            "[STABLE] Suspend flag tells the controller to suspend subsequent executions.",
            |_, job, rows| rows.maybe(job.spec.suspend.map(truth)),
        ),
        Family::gauge(
            "kube_cronjob_status_active",
            "[STABLE] Active holds pointers to currently running jobs.",
            |_, job, rows| rows.one(job.status.active.len() as f64),
        ),
        Family::gauge(
            "kube_cronjob_status_last_schedule_time",
            "[STABLE] LastScheduleTime keeps information of when was the last time the job was successfully scheduled.",
            |_, job, rows| rows.time(job.status.last_schedule_time),
        ),
        Family::gauge(
            "kube_cronjob_status_last_successful_time",
            "[STABLE] LastSuccessfulTime keeps information of when was the last time the job was completed successfully.",
            |_, job, rows| rows.time(job.status.last_successful_time),
        ),
    ]
);
