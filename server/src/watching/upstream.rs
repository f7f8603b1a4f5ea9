//! What the API server says: pages of a list, and lines of a watch.

use std::error::Error;

use bytes::Bytes;
use crowsnest_api::cluster::{Kind, WatchForm, WatchTarget};
use crowsnest_api::stream::{Change, ChangeType};
use crowsnest_rbac::Credential;
use hyper::body::Body;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{As, Cluster, ClusterError, Form, JsonLines, Path, Rows, Status, trim_listed};

/// Objects of one page: what is in memory at once.
const PAGE: usize = 250;
/// One page of a list, its objects as they are.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    pub(super) items: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata {
    r#continue: String,
    resource_version: String,
}

impl Page {
    /// With what the next page is asked for, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        Some(self.metadata.r#continue.clone()).filter(|token| !token.is_empty())
    }

    /// From where to watch.
    pub(super) fn version(&self) -> Option<String> {
        Some(self.metadata.resource_version.clone()).filter(|version| !version.is_empty())
    }
}

/// Asks for a page of what is to be watched.
pub(super) async fn page(
    cluster: &Cluster,
    credential: &Credential,
    target: &WatchTarget,
    next: Option<&str>,
) -> Result<Page, ClusterError> {
    let mut path = selected(target).with("limit", &PAGE.to_string());
    if let Some(next) = next {
        path = path.with("continue", next);
    }
    if target.form == WatchForm::Objects {
        return cluster.get(As::User(credential), &path, Form::of_list(&target.kind)).await;
    }
    let mut answer: Value = cluster.get(As::User(credential), &path, Form::Table).await?;
    let metadata = answer.get_mut("metadata").map(Value::take).unwrap_or_default();
    let metadata =
        serde_json::from_value(metadata).map_err(|error| ClusterError::Answer(error.to_string()))?;
    Ok(Page { metadata, items: Rows::default().read(answer) })
}

/// Begins to watch after `version`.
pub(super) async fn watch(
    cluster: &Cluster,
    credential: &Credential,
    target: &WatchTarget,
    version: &str,
) -> Result<Lines<kube::client::Body>, ClusterError> {
    let (form, rows) = match target.form {
        WatchForm::Objects => (Form::of_watch(&target.kind), None),
        WatchForm::Rows => (Form::Table, Some(Rows::default())),
    };
    let lines = cluster.watch(As::User(credential), selected(target), form, version).await?;
    Ok(Lines { kind: target.kind.clone(), rows, lines })
}

fn selected(target: &WatchTarget) -> Path {
    let path = Path::list(&target.kind, &target.scope);
    let include = match target.form {
        WatchForm::Objects => "",
        WatchForm::Rows => "Metadata",
    };
    let parameters = [
        ("includeObject", include),
        ("labelSelector", &target.label_selector),
        ("fieldSelector", &target.field_selector),
    ];
    parameters
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(path, |path, (name, value)| path.with(name, value))
}

/// A line of a watch.
#[derive(Debug)]
pub(super) enum Line {
    /// An object has changed, and how many bytes were needed to say so.
    Change(Change, usize, Option<String>),
    /// All changes up to here have been told.
    Bookmark(Option<String>),
    /// Something is wrong, most often that the watch is too far behind.
    Error(Status),
}

#[derive(Deserialize)]
struct RawLine {
    r#type: String,
    #[serde(default)]
    object: Value,
}

/// The lines of a watch.
pub(super) struct Lines<B> {
    kind: Kind,
    /// The columns, of a watch of rows.
    rows: Option<Rows>,
    lines: JsonLines<B>,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    /// The next line; `None` at the end. Nothing is lost when it is given up half-way and asked for again.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, ClusterError> {
        let line = self.lines.next().await?;
        line.map(|line| parse(&self.kind, self.rows.as_mut(), &line)).transpose()
    }
}

fn parse(kind: &Kind, rows: Option<&mut Rows>, line: &[u8]) -> Result<Line, ClusterError> {
    let RawLine { r#type, object } =
        serde_json::from_slice(line).map_err(|error| ClusterError::Answer(error.to_string()))?;
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
    let what = match r#type.as_str() {
        "ADDED" => ChangeType::Added,
        "MODIFIED" => ChangeType::Modified,
        "DELETED" => ChangeType::Deleted,
        "BOOKMARK" => {
            // It may be the first event of a watch, which alone says the columns.
            if let Some(rows) = rows {
                rows.read(object);
            }
            return Ok(Line::Bookmark(version));
        }
        "ERROR" => {
            let code = object.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            return Ok(Line::Error(Status::of(code.unwrap_or(500), object.to_string().as_bytes())));
        }
        other => return Err(ClusterError::Answer(format!("a watch has an event of type {other:?}"))),
    };
    let (mut object, version) = match rows {
        None => (object, version),
        Some(rows) => {
            let none = || ClusterError::Answer("an event of a watch has no row".to_owned());
            let object = rows.read(object).pop().ok_or_else(none)?;
            // A table has the version of its row.
            let own = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
            (object, own.or(version))
        }
    };
    trim_listed(kind, &mut object);
    Ok(Line::Change(Change { what, object }, line.len(), version))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    fn lines(chunks: &[&'static str]) -> Lines<impl Body<Data = Bytes, Error = std::io::Error> + use<>> {
        let frames: Vec<_> = chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from(*chunk)))).collect();
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let lines = JsonLines::new(body, Duration::from_secs(30));
        Lines { kind: "core.v1.pods".parse().unwrap(), rows: None, lines }
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_network_cuts_them() {
        let mut lines = lines(&[
            "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\",\"managedFields\":[]}}}\n{\"type\":",
            "\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}",
            "\n\n{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}}\n{\"typ",
        ]);
        let Some(Line::Change(change, _, version)) = lines.next().await.unwrap() else { panic!("no change") };
        assert_eq!((change.what, version.as_deref()), (ChangeType::Added, Some("7")));
        assert_eq!(change.object["metadata"].get("managedFields"), None);
        assert!(matches!(lines.next().await, Ok(Some(Line::Bookmark(Some(version)))) if version == "9"));
        assert!(matches!(lines.next().await, Ok(Some(Line::Error(status))) if status.code == 410));
        assert!(matches!(lines.next().await, Ok(None)), "half a line is none");
    }

    #[tokio::test]
    async fn nonsense_is_told_as_such() {
        for nonsense in ["x\n", "{\"type\":\"OTHER\",\"object\":{}}\n"] {
            assert!(matches!(lines(&[nonsense]).next().await, Err(ClusterError::Answer(_))), "{nonsense}");
        }
    }
}
