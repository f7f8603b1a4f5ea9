//! What the families say about objects, as kube-state-metrics documents it.

mod memory;
mod objects;
mod pods;
mod table;

use serde_json::Value;

use crate::{AllowList, KINDS, Kind, Projector, Row};

pub(super) fn kind(resource: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.resource == resource).unwrap()
}

fn line(row: Row<'_>) -> String {
    let mut labels: Vec<_> = row.labels.iter().filter(|(_, value)| !value.is_empty()).collect();
    labels.sort();
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{}{{{}}} {}", row.name, labels.join(","), row.value)
}

/// The rows of an object with what is allowed of its labels and annotations, sorted, with sorted labels.
pub(super) fn rows_with(resource: &str, object: &Value, labels: &str, annotations: &str) -> Vec<String> {
    let (labels, annotations): (AllowList, AllowList) =
        (labels.parse().unwrap(), annotations.parse().unwrap());
    let mut projector = Projector::new(kind(resource), &labels, &annotations);
    let object = projector.project(&serde_json::to_vec(object).unwrap()).unwrap();
    let mut lines = Vec::new();
    object.rows(&mut |row| lines.push(line(row)));
    lines.sort();
    lines
}

/// The rows of an object are those in `expected`, a line each, in any order.
#[track_caller]
pub(super) fn check(resource: &str, object: &Value, expected: &str) {
    let mut expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    expected.sort_unstable();
    let found = rows_with(resource, object, "", "");
    let missing: Vec<_> = expected.iter().filter(|line| !found.iter().any(|row| row == *line)).collect();
    let surplus: Vec<_> = found.iter().filter(|row| !expected.contains(&row.as_str())).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:#?}\nsurplus: {surplus:#?}");
}

/// The rows of these families of an object.
#[track_caller]
pub(super) fn check_some(resource: &str, object: &Value, families: &[&str], expected: &[&str]) {
    let found = rows_with(resource, object, "", "");
    let name = |row: &str| row.split_once('{').unwrap().0.to_owned();
    let found: Vec<String> = found.into_iter().filter(|row| families.contains(&name(row).as_str())).collect();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
