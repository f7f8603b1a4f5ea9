//! What runs to an end: Jobs, and the CronJobs that start them.

use super::workloads::{DROPPED, SEARCH, TEMPLATE};
use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells, selects};
use crate::charts;
use crate::cluster::object::{integer, is_true, list, moment, text};
use crate::cluster::workload;
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static JOBS: KindRow = KindRow {
    icon: IconName::Job,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("status", Msg::ColumnStatus, |job| {
            let state = workload::job_state(job);
            Cell::Status(state.tone, state.word, state.note)
        }),
        Column::figure("completions", Msg::ColumnCompletions, |job| {
            let number = |path: &[&str]| usize::try_from(integer(job, path).unwrap_or(0)).unwrap_or(0);
            let wanted = integer(job, &["spec", "completions"]).or(integer(job, &["spec", "parallelism"]));
            Cell::Ratio(number(&["status", "succeeded"]), usize::try_from(wanted.unwrap_or(1)).unwrap_or(1))
        }),
        Column::figure("failed", Msg::ColumnFailed, |job| {
            Cell::Count(integer(job, &["status", "failed"]).unwrap_or(0))
        })
        .wide(),
        Column::figure("duration", Msg::ColumnDuration, |job| {
            duration(job).map_or(Cell::None, Cell::Duration)
        })
        .wide(),
        Column::words("owner", Msg::FactOwner, cells::owner).wide(),
        Column::words("images", Msg::ColumnImages, |job| Cell::dim(&workload::images(job).join(", ")))
            .widest(),
        Column::AGE,
    ],
    order: "status",
    search: SEARCH,
    dropped: DROPPED,
    tone: Some(|job| workload::job_state(job).tone),
    selects: Some(selects::of_workload),
    pod_spec: Some(TEMPLATE),
    pods_named: "(-[0-9]+)?-[a-z0-9]{5}",
    parts: &[
        Part::Charts(charts::PODS),
        Part::Pods,
        Part::Listing(&RULES),
        Part::Tree,
        Part::Conditions,
        Part::Events,
        Part::Labels,
        Part::PodSpec,
    ],
    ..KindRow::new(Group::Workloads, ("batch", "v1", "jobs"), "Job", KindScope::Namespaced, Msg::Jobs)
};

/// From its start to its end, in milliseconds; nothing while it runs.
fn duration(job: &Value) -> Option<i64> {
    let start = moment(text(job, &["status", "startTime"]))?;
    let end = moment(text(job, &["status", "completionTime"]));
    end.map(|end| (end - start).max(0))
}

/// By what rules it runs.
static RULES: Listing = Listing {
    title: Msg::JobRules,
    heads: &[Msg::ColumnName, Msg::ColumnValue],
    read: |job| {
        let of = |path: &[&str]| cells::scalar(job, path);
        let lines = [
            (Msg::JobParallelism, of(&["spec", "parallelism"])),
            (Msg::ColumnCompletions, of(&["spec", "completions"])),
            (Msg::JobMode, of(&["spec", "completionMode"])),
            (Msg::JobBackoff, of(&["spec", "backoffLimit"])),
            (Msg::JobDeadline, of(&["spec", "activeDeadlineSeconds"])),
            (Msg::JobTtl, of(&["spec", "ttlSecondsAfterFinished"])),
            (Msg::JobStarted, Cell::age(moment(text(job, &["status", "startTime"])))),
            (Msg::JobFinished, Cell::age(moment(text(job, &["status", "completionTime"])))),
        ];
        let told = lines.into_iter().filter(|(_, cell)| *cell != Cell::None);
        told.map(|(title, cell)| vec![Cell::Label(title), cell]).collect()
    },
};

pub(super) static CRON_JOBS: KindRow = KindRow {
    icon: IconName::Clock,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("status", Msg::ColumnStatus, cron_status),
        Column::words("schedule", Msg::ColumnSchedule, |cron| Cell::text(text(cron, &["spec", "schedule"]))),
        Column::words("zone", Msg::ColumnTimeZone, |cron| Cell::dim(text(cron, &["spec", "timeZone"])))
            .widest(),
        Column::figure("active", Msg::ColumnActive, |cron| {
            cells::number(list(cron, &["status", "active"]).len())
        }),
        Column::words("last", Msg::ColumnLastRun, |cron| {
            Cell::age(moment(text(cron, &["status", "lastScheduleTime"])))
        }),
        Column::words("success", Msg::ColumnLastSuccess, |cron| {
            Cell::age(moment(text(cron, &["status", "lastSuccessfulTime"])))
        })
        .wide(),
        Column::words("concurrency", Msg::ColumnConcurrency, |cron| {
            Cell::dim(text(cron, &["spec", "concurrencyPolicy"]))
        })
        .widest(),
        Column::AGE,
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    dropped: &[&["spec", "jobTemplate"]],
    tone: Some(cron_tone),
    pod_spec: Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
    children: &["jobs"],
    parts: &[Part::Tree, Part::Events, Part::Labels, Part::PodSpec],
    ..KindRow::new(
        Group::Workloads,
        ("batch", "v1", "cronjobs"),
        "CronJob",
        KindScope::Namespaced,
        Msg::CronJobs,
    )
};

fn cron_tone(cron: &Value) -> Tone {
    match cron_status(cron) {
        Cell::Status(tone, ..) => tone,
        _ => Tone::Unknown,
    }
}

fn cron_status(cron: &Value) -> Cell {
    let (tone, word) = match () {
        () if is_true(cron, &["spec", "suspend"]) => (Tone::Done, "Suspended"),
        () if !list(cron, &["status", "active"]).is_empty() => (Tone::Progress, "Running"),
        () => (Tone::Ok, "Scheduled"),
    };
    Cell::Status(tone, word.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_job_counts_what_it_has_completed_and_how_long_that_took() {
        let job = json!({"spec": {"completions": 5}, "status": {"succeeded": 2, "startTime": "1970-01-01T00:00:01Z",
            "completionTime": "1970-01-01T00:01:01Z"}});
        let cells = JOBS.cells(&job);
        let cell = |id| JOBS.column(id).and_then(|at| cells.get(at)).unwrap();
        assert_eq!((cell("completions"), cell("duration")), (&Cell::Ratio(2, 5), &Cell::Duration(60_000)));
    }

    #[test]
    fn a_cron_job_that_is_suspended_says_so() {
        assert_eq!(cron_tone(&json!({"spec": {"suspend": true}})), Tone::Done);
        assert_eq!(cron_tone(&json!({"status": {"active": [{}]}})), Tone::Progress);
        assert_eq!(cron_tone(&json!({})), Tone::Ok);
    }
}
