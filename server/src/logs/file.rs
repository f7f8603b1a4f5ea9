//! Logs as one file of text, for keeping.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use crowsnest_api::logs::{LogLine, LogQuestion};
use crowsnest_rbac::Credential;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::lines::Lines;
use super::pods::{Container, Pods, Run};
use super::source::{log_path, since};
use crate::cluster::{As, Cluster, ClusterError, Form};
use crate::watching::{LOOK, Place, Subscriber, ended, every, stop};

/// Parts that wait to be sent.
const QUEUE: usize = 2;

/// All that is there now, container after container. Where there are several, each line has its pod and container before it. A log
/// that breaks half-way breaks the download, rather than look like all of it.
pub(crate) async fn download(
    subscriber: Subscriber,
    place: Place,
    question: LogQuestion,
    pods: Pods,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, ClusterError> {
    let found = pods.look(&subscriber.cluster, &subscriber.credential).await?;
    let (out, parts) = mpsc::channel(QUEUE);
    let writer = Writer {
        question,
        cluster: Arc::clone(&subscriber.cluster),
        credential: subscriber.credential.clone(),
        out,
        several: found.len() > 1,
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(writer.write(found));
    let state = (subscriber, parts, every(LOOK), tasks, place);
    Ok(stream::unfold(Some(state), |state| async {
        let (subscriber, mut parts, mut look, tasks, place) = state?;
        let cut = || Err(io::Error::other("the session is over, or the server stops"));
        let mut stopped = subscriber.stopped.clone();
        tokio::select! {
            biased;
            () = stop(&mut stopped) => Some((cut(), None)),
            _ = ended(&mut look, &subscriber.end) => Some((cut(), None)),
            part = parts.recv() => match part? {
                Ok(part) => Some((Ok(part), Some((subscriber, parts, look, tasks, place)))),
                Err(error) => Some((Err(error), None)),
            },
        }
    }))
}

struct Writer {
    question: LogQuestion,
    cluster: Arc<Cluster>,
    credential: Credential,
    out: mpsc::Sender<io::Result<Bytes>>,
    several: bool,
}

impl Writer {
    async fn write(self, found: Vec<Container>) {
        for container in found.iter().filter(|container| matches!(container.run, Run::Number(..))) {
            if let Err(error) = self.write_one(container).await {
                self.out.send(Err(io::Error::other(error.told()))).await.ok();
                return;
            }
        }
    }

    async fn write_one(&self, container: &Container) -> Result<(), ClusterError> {
        let question = &self.question;
        let mut path =
            log_path(&question.of.scope, &container.pod, &container.name).with("timestamps", "true");
        if question.previous {
            path = path.with("previous", "true");
        }
        for (name, value) in [
            ("tailLines", question.tail.map(|tail| tail.to_string())),
            ("limitBytes", question.limit_bytes.map(|limit| limit.to_string())),
        ] {
            path = value.iter().fold(path, |path, value| path.with(name, value));
        }
        path = since(path, question.since.as_ref());
        let response = self.cluster.open(As::User(&self.credential), &path, Form::Whole).await?;
        let mut lines = Lines::new(response.into_body());
        while let Some(some) = lines.next().await? {
            let text: String = some.iter().map(|line| self.line(container, line)).collect();
            if self.out.send(Ok(Bytes::from(text))).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn line(&self, container: &Container, line: &LogLine) -> String {
        let mut text = String::with_capacity(line.m.len() + 80);
        if self.several {
            text.extend([container.pod.as_str(), "/", container.name.as_str(), " "]);
        }
        if self.question.timestamps && !line.t.is_empty() {
            text.extend([line.t.as_str(), " "]);
        }
        text.push_str(&line.m);
        if line.cut > 0 {
            text.push_str(&format!(" […{} more bytes]", line.cut));
        }
        text.push('\n');
        text
    }
}
