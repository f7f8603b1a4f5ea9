//! An Event: what was told, about what, how often and when last.

use crate::json::Value;

use super::object::{created, integer, moment, text};

/// When it was told last, in milliseconds since the epoch.
///
/// Events of both generations are read: `events.k8s.io` counts in a series, `core` in the event itself.
pub(crate) fn last_seen(event: &Value) -> Option<i64> {
    let paths: [&[&str]; 4] =
        [&["series", "lastObservedTime"], &["lastTimestamp"], &["eventTime"], &["firstTimestamp"]];
    paths.iter().find_map(|path| moment(text(event, path))).or_else(|| created(event))
}

/// How often it was told.
pub(crate) fn count(event: &Value) -> i64 {
    integer(event, &["series", "count"]).or_else(|| integer(event, &["count"])).unwrap_or(1).max(1)
}

/// Whether it is bad news.
pub(crate) fn is_warning(event: &Value) -> bool {
    text(event, &["type"]) != "Normal"
}

/// What it is about: kind, namespace and name.
pub(crate) fn about(event: &Value) -> (&str, &str, &str) {
    let of = |field| text(event, &["involvedObject", field]);
    (of("kind"), of("namespace"), of("name"))
}

/// Who told it.
pub(crate) fn source(event: &Value) -> &str {
    match text(event, &["reportingComponent"]) {
        "" => text(event, &["source", "component"]),
        component => component,
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn events_of_both_generations_are_read() {
        let old = json!({"type": "Warning", "count": 7, "lastTimestamp": "1970-01-01T00:00:09Z",
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web"}, "source": {"component": "kubelet"}});
        assert_eq!((last_seen(&old), count(&old), is_warning(&old)), (Some(9_000), 7, true));
        assert_eq!((about(&old), source(&old)), (("Pod", "shop", "web"), "kubelet"));
        let new = json!({"type": "Normal", "eventTime": "1970-01-01T00:00:01.500000Z", "lastTimestamp": null,
            "series": {"count": 3, "lastObservedTime": "1970-01-01T00:00:04.000000Z"}, "reportingComponent": "scheduler"});
        assert_eq!((last_seen(&new), count(&new), is_warning(&new)), (Some(4_000), 3, false));
        assert_eq!(source(&new), "scheduler");
    }
}
