//! How full the volumes of claims are, as the kubelets measure them.

use web_sys::AbortSignal;

use super::{ApiError, Client, Line, instant};
use crate::cluster::volume::{Filling, Room};

/// Used shares of space and inodes, and bytes left, told apart by the label `of`. A claim that several nodes have mounted
/// is measured by each.
const QUERY: &str = r#"
  label_replace(max by (namespace, persistentvolumeclaim)
    (1 - kubelet_volume_stats_available_bytes / (kubelet_volume_stats_capacity_bytes > 0)), "of", "bytes", "", "")
or
  label_replace(max by (namespace, persistentvolumeclaim)
    (1 - kubelet_volume_stats_inodes_free / (kubelet_volume_stats_inodes > 0)), "of", "inodes", "", "")
or
  label_replace(min by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes), "of", "free", "", "")
"#;

/// The volumes that the user may see the figures of.
pub(crate) async fn fetch_fillings(client: Client, abort: AbortSignal) -> Result<Vec<Filling>, ApiError> {
    let answer = instant(client, QUERY, None, &abort).await?;
    Ok(read(&answer.result.into_lines()))
}

fn read(lines: &[Line]) -> Vec<Filling> {
    let label = |line: &Line, name: &str| line.labels.get(name).map(ToString::to_string).unwrap_or_default();
    let is_of = |line: &Line, of: &str| line.labels.get("of").is_some_and(|value| value == of);
    let free = |like: &Line| {
        let same = |line: &&Line| {
            ["namespace", "persistentvolumeclaim"].iter().all(|name| label(line, name) == label(like, name))
        };
        lines.iter().filter(|line| is_of(line, "free")).find(same).and_then(value)
    };
    let of = |name, room| {
        lines.iter().filter(move |line| is_of(line, name)).filter_map(move |line| {
            Some(Filling {
                namespace: label(line, "namespace"),
                claim: label(line, "persistentvolumeclaim"),
                share: value(line)?,
                free: if room == Room::Bytes { free(line) } else { None },
                of: room,
            })
        })
    };
    of("bytes", Room::Bytes).chain(of("inodes", Room::Inodes)).collect()
}

fn value(line: &Line) -> Option<f64> {
    line.points.last().map(|(_, value)| *value).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    #[test]
    fn shares_and_what_is_left_come_together() {
        let line = |of: &str, claim: &str, value| Line {
            labels: Labels::from_pairs([("namespace", "data"), ("persistentvolumeclaim", claim), ("of", of)]),
            points: vec![(0, value)],
        };
        let lines = [
            line("bytes", "a", 0.99),
            line("bytes", "b", 0.1),
            line("free", "b", 90.0),
            line("free", "a", 1.0),
            line("inodes", "a", 0.2),
            line("bytes", "c", f64::NAN),
        ];
        let told: Vec<_> =
            read(&lines).into_iter().map(|one| (one.claim, one.share, one.free, one.of)).collect();
        assert_eq!(
            told,
            [
                ("a".to_owned(), 0.99, Some(1.0), Room::Bytes),
                ("b".to_owned(), 0.1, Some(90.0), Room::Bytes),
                ("a".to_owned(), 0.2, None, Room::Inodes),
            ]
        );
    }

    #[test]
    fn the_query_can_be_read() {
        assert!(crowsnest_promql::parse(QUERY).is_ok());
    }
}
