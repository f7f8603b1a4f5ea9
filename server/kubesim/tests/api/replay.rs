//! Replays recorded conversations with a real Kubernetes API server against the simulated one.
//!
//! The recordings are found in `CROWSNEST_CORPUS`, or beside the repository in `../shared/corpus`; without them these
//! tests do nothing. Each recorded request is sent as the identity that it was recorded with. The answer must have the
//! recorded status code; a `Status` body must be equal field by field; every other body must have the same fields and
//! types throughout, and the same values but for times, uids, revisions and generated names.
//!
//! What is not supported yet stands in [`exceptions`], which only shrinks: a listed exchange that passes is a failure.
//! WebSockets carry a message each way; streams of ninety seconds pass in two, by a faster clock.

pub(crate) mod backend;
mod cluster;
mod compare;
mod corpus;
mod exceptions;
mod websocket;

use std::{collections::BTreeSet, time::Instant};

use corpus::Exchange;
use serde_json::Value;

use crate::client::{Answer, BoxError, Client, Request};

/// Ordinary exchanges, in the order in which the recordings were made.
const RECORDINGS: &[&str] = &[
    "discovery",
    "lists",
    "tables",
    "paging-and-selectors",
    "errors",
    "identity",
    "writes",
    "certificates",
    "service-proxy",
    "aggregated-api",
    "streams-90s",
];

#[tokio::test]
async fn every_recorded_exchange_is_answered_as_it_was() {
    let Some(corpus) = corpus::open() else { return };
    let mut failures = Vec::new();
    let mut passed = BTreeSet::new();
    let mut total = 0;
    for recording in RECORDINGS {
        // Each recording starts from the same cluster, so that one failure does not lead to others.
        let simulated = cluster::start(&corpus).await;
        let mut memory = compare::Memory::default();
        for exchange in corpus.exchanges(recording) {
            total += 1;
            cluster::before(&simulated, recording, &exchange).await;
            let result = replay(&simulated.client, &exchange, &mut memory).await;
            match (result, exceptions::reason(recording, &exchange.name)) {
                (Ok(()), _) => {
                    passed.insert((*recording, exchange.name.clone()));
                }
                (Err(_), Some(_)) => {}
                (Err(problem), None) => failures.push(format!("{recording}: {}: {problem}", exchange.name)),
            }
        }
        simulated.running.shutdown().await;
    }
    println!("{} of {total} recorded exchanges are answered as they were; not yet:", passed.len());
    for (recording, name, reason) in exceptions::EXCEPTIONS.iter().filter(|row| row.0 != "watches") {
        println!("  {recording}: {name}: {reason}");
        if passed.contains(&(*recording, (*name).to_owned())) {
            failures.push(format!("{recording}: {name}: passes now; take it off the list of exceptions"));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test]
async fn every_recorded_watch_tells_what_it_told() {
    let Some(corpus) = corpus::open() else { return };
    let mut failures = Vec::new();
    // Watches last for seconds, so they are replayed side by side.
    let mut replays = tokio::task::JoinSet::new();
    for exchange in corpus.exchanges("watches") {
        let simulated = cluster::start(&corpus).await;
        replays.spawn(async move {
            let result = watch(&simulated, &exchange).await;
            simulated.running.shutdown().await;
            (exchange, result)
        });
    }
    while let Some(replayed) = replays.join_next().await {
        let (exchange, result) = replayed.unwrap();
        match (result, exceptions::reason("watches", &exchange.name)) {
            (Ok(()), None) => {}
            (Err(_), Some(reason)) => println!("  watches: {}: {reason}", exchange.name),
            (Err(problem), None) => failures.push(format!("{}: {problem}", exchange.name)),
            (Ok(()), Some(_)) => {
                failures.push(format!("{}: passes now; take it off the list of exceptions", exchange.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test]
async fn every_exception_is_of_a_recorded_exchange() {
    let Some(corpus) = corpus::open() else { return };
    for (recording, name, _) in exceptions::EXCEPTIONS {
        let known = corpus.exchanges(recording).any(|exchange| exchange.name == *name);
        assert!(known, "{recording}: {name} is in no recording");
    }
}

/// Every type that is described is one of the recorded ones, and every field of it one of theirs, with the same type.
#[tokio::test]
async fn the_openapi_documents_say_nothing_that_the_recorded_ones_do_not() {
    let Some(corpus) = corpus::open() else { return };
    let simulated = cluster::start(&corpus).await;
    let ask = async |path: &str| {
        let request =
            Request { sender: "admin", method: "GET", path, headers: Vec::new(), body: String::new() };
        simulated.client.send(request).await.unwrap().body()
    };
    let index = ask("/openapi/v3").await;
    let mut types = 0;
    for (path, group) in index["paths"].as_object().unwrap() {
        let url = group["serverRelativeURL"].as_str().unwrap();
        assert!(url.starts_with(&format!("/openapi/v3/{path}?hash=")), "{url}");
        let Some(recorded) = corpus.openapi(path) else { continue };
        let told = ask(url).await;
        for (name, schema) in told["components"]["schemas"].as_object().unwrap() {
            let real = &recorded["components"]["schemas"][name];
            assert!(real.is_object(), "{path}: there is no type {name}");
            for (field, of_field) in schema["properties"].as_object().into_iter().flatten() {
                let real = &real["properties"][field];
                assert!(real.is_object(), "{path}: {name} has no field {field}");
                assert_eq!(shape(of_field), shape(real), "{path}: {name}.{field}");
            }
            types += 1;
        }
    }
    assert!(types > 50, "only {types} types were compared");
    simulated.running.shutdown().await;
}

/// What a field is, as far as an editor cares: an object that is not described is the same as one that is.
fn shape(field: &Value) -> String {
    if let Some(reference) = field["allOf"][0]["$ref"].as_str().or_else(|| field["$ref"].as_str()) {
        return match reference.rsplit('.').next().unwrap_or_default() {
            "IntOrString" => "int-or-string".to_owned(),
            "Quantity" => "quantity".to_owned(),
            "Time" | "MicroTime" => "date-time".to_owned(),
            _ => "object".to_owned(),
        };
    }
    match field["type"].as_str().unwrap_or_default() {
        "array" => format!("[{}]", shape(&field["items"])),
        _ if matches!(field["format"].as_str(), Some("int-or-string" | "quantity" | "date-time")) => {
            field["format"].as_str().unwrap_or_default().to_owned()
        }
        other => other.to_owned(),
    }
}

/// Sends a recorded request.
async fn send(client: &Client, exchange: &Exchange) -> Result<Answer, BoxError> {
    // Recordings have a text in the place of tokens.
    let body = match &exchange.request_body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // The recorder's library writes a space there, and the backend told of it.
        other if exchange.is_passed_on() => other.to_string().replace("\":", "\": "),
        other => other.to_string().replace("<token of viewer>", client.token("viewer")),
    };
    let mut headers = exchange.headers.clone();
    if exchange.is_passed_on() && !headers.iter().any(|(name, _)| name == "Accept-Encoding") {
        // Its library added this, too.
        headers.push(("Accept-Encoding".to_owned(), "identity".to_owned()));
    }
    let (method, path) = (exchange.method.as_str(), exchange.path.as_str());
    client.send(Request { sender: &exchange.sender, method, path, headers, body }).await
}

async fn replay(client: &Client, exchange: &Exchange, memory: &mut compare::Memory) -> Result<(), String> {
    if let Some(subprotocols) = &exchange.websocket {
        return websocket::replay(client, exchange, subprotocols).await;
    }
    let request = memory.substituted(exchange);
    let begun = Instant::now();
    let answer = send(client, &request).await.map_err(|error| format!("no answer: {error}"))?;
    if Some(answer.status) != exchange.status {
        return Err(format!("status {} instead of {:?}: {}", answer.status, exchange.status, answer.text()));
    }
    if let Some(count) = exchange.streamed {
        let got = answer.text().lines().filter(|line| line.starts_with("data: ")).count();
        let is_right = match exchange.cut_after {
            // The clock of this run is faster, and how many events fit in before a cut is up to the machine.
            Some(seconds) => {
                got > 0 && got < 90 && begun.elapsed() >= backend::EVENT_INTERVAL.mul_f64(seconds)
            }
            None => got == count,
        };
        return if is_right { Ok(()) } else { Err(format!("{got} events instead of {count}")) };
    }
    memory.learn(&exchange.body, &answer.body());
    let recorded = exceptions::corrected(exchange);
    compare::bodies(&memory.rewritten(&recorded), &answer.body())
}

/// Replays a watch: starts it, makes the changes that were made while it was recorded, and reads it to its end.
async fn watch(simulated: &cluster::Simulated, exchange: &Exchange) -> Result<(), String> {
    let mut request = exchange.clone();
    // The recorded revision was the newest one.
    request.path =
        exchange.path.replace("resourceVersion=760", &format!("resourceVersion={}", cluster::REVISION));
    let changes = cluster::changes_during(&exchange.name);
    let (answer, ()) =
        tokio::join!(send(&simulated.client, &request), cluster::carry_out(simulated, changes));
    let answer = answer.map_err(|error| format!("no answer: {error}"))?;
    if Some(answer.status) != exchange.status {
        return Err(format!("status {} instead of {:?}: {}", answer.status, exchange.status, answer.text()));
    }
    let told: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
    compare::bodies(&Value::Array(exchange.events.clone()), &Value::Array(told))
}
