//! The parameter `stats`: how much is told of what a query cost.

use std::time::Duration;

use crowsnest_api::query_stats::{PartStatistics, QueryStatistics, SampleCounts, Timings};
use crowsnest_promql::{NodeStats, QueryStats, StatsDetail};

use crate::api_v1::params::Params;

/// What the parameter asks for: `all` is each step and each part, anything else the sums, as in Prometheus.
pub(super) fn detail(params: &Params) -> StatsDetail {
    match params.get("stats") {
        None => StatsDetail::Least,
        Some("all") => StatsDetail::All,
        Some(_) => StatsDetail::Totals,
    }
}

/// What is told of a query that waited for so long.
pub(super) fn told(stats: QueryStats, detail: StatsDetail, queued: Duration) -> Option<QueryStatistics> {
    if detail == StatsDetail::Least {
        return None;
    }
    let QueryStats {
        samples, samples_per_step, peak_samples, preparation, evaluation, sorting, root, ..
    } = stats;
    let evaluated = preparation + evaluation + sorting;
    let per_step = || samples_per_step.into_iter().map(|(at, count)| (at.seconds(), count)).collect();
    Some(QueryStatistics {
        timings: Timings {
            eval_total_time: evaluated.as_secs_f64(),
            result_sort_time: sorting.as_secs_f64(),
            query_preparation_time: preparation.as_secs_f64(),
            inner_eval_time: evaluation.as_secs_f64(),
            exec_queue_time: queued.as_secs_f64(),
            exec_total_time: (queued + evaluated).as_secs_f64(),
        },
        samples: SampleCounts {
            total_queryable_samples_per_step: (detail == StatsDetail::All).then(per_step),
            total_queryable_samples: samples,
            peak_samples,
        },
        root: root.map(part),
    })
}

fn part(node: NodeStats) -> PartStatistics {
    PartStatistics {
        start: node.span.start,
        end: node.span.end,
        series: node.series,
        samples: node.samples,
        seconds: node.elapsed.as_secs_f64(),
        parts: node.children.into_iter().map(part).collect(),
    }
}
