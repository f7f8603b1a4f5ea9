//! Reading the recordings.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// The folder of recordings.
pub(crate) struct Corpus(PathBuf);

/// One recorded request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    /// The identity it was sent as.
    pub(crate) sender: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) request_body: Value,
    /// Absent where the answer was no ordinary one.
    pub(crate) status: Option<u16>,
    pub(crate) body: Value,
    /// What a watch told.
    pub(crate) events: Vec<Value>,
    /// How many events a backend streamed.
    pub(crate) streamed: Option<usize>,
    /// After how many seconds the stream was cut, if it was.
    pub(crate) cut_after: Option<f64>,
    /// The subprotocols of a WebSocket; empty if it offered none, nothing if it is none.
    pub(crate) websocket: Option<String>,
    /// The headers of the answer, where they were recorded line by line.
    pub(crate) answer_headers: Vec<String>,
}

impl Exchange {
    /// Whether it reached a server behind the API server.
    pub(crate) fn is_passed_on(&self) -> bool {
        self.path.contains("/proxy/") || self.path.starts_with("/apis/ui.crowsnest.dev")
    }
}

/// The recordings, if there are any.
pub(crate) fn open() -> Option<Corpus> {
    let folder = match std::env::var_os("CROWSNEST_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    }
    .join("apiserver");
    if !folder.is_dir() {
        println!("corpus absent: set CROWSNEST_CORPUS to replay recorded conversations");
        return None;
    }
    Some(Corpus(folder))
}

impl Corpus {
    /// The OpenAPI document of a version of a group, such as `apis/apps/v1`; none where it was not recorded.
    pub(crate) fn openapi(&self, path: &str) -> Option<Value> {
        let file = self.0.join(format!("openapi/{}.json.gz", path.replace('/', "_")));
        serde_json::from_reader(flate2::read::GzDecoder::new(fs::File::open(file).ok()?)).ok()
    }

    /// The exchanges of one recording, in order.
    pub(crate) fn exchanges(&self, recording: &str) -> impl Iterator<Item = Exchange> + use<> {
        let text = fs::read_to_string(self.0.join(format!("{recording}.json"))).unwrap();
        let exchanges: Vec<Value> = serde_json::from_str(&text).unwrap();
        exchanges.into_iter().map(|exchange| {
            let text =
                |path: &str| exchange.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
            let value = |path: &str| exchange.pointer(path).cloned().unwrap_or_default();
            // A WebSocket is recorded as the lines of the answer's head and the first thing that was said.
            let lines: Vec<String> =
                serde_json::from_value(value("/response/status_line_and_headers")).unwrap_or_default();
            let said: Option<Value> = serde_json::from_str(&text("/response/first_message")).ok();
            let status_line = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
            let (events, seconds) = (value("/response/events"), value("/response/seconds"));
            let cut = events
                .as_f64()
                .is_some_and(|events| !text("/request/path").ends_with(&format!("n={events}")));
            Exchange {
                name: text("/name"),
                sender: text("/as"),
                method: text("/request/method"),
                path: text("/request/path"),
                headers: value("/request/headers")
                    .as_object()
                    .map(|headers| {
                        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                        headers.iter().map(|(name, value)| (name.clone(), text(value))).collect()
                    })
                    .unwrap_or_default(),
                request_body: value("/request/body"),
                status: value("/response/status").as_u64().and_then(|s| s.try_into().ok()).or(status_line),
                body: said.unwrap_or_else(|| value("/response/body")),
                events: events.as_array().cloned().unwrap_or_default(),
                streamed: value("/response/events_seconds_after_headers")
                    .as_array()
                    .map(Vec::len)
                    .or_else(|| events.as_u64().and_then(|count| count.try_into().ok())),
                cut_after: seconds.as_f64().filter(|_| cut),
                websocket: value("/request/websocket")
                    .as_bool()
                    .filter(|is| *is)
                    .map(|_| text("/request/subprotocols")),
                answer_headers: lines.into_iter().skip(1).collect(),
            }
        })
    }
}
