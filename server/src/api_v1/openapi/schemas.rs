//! The shapes of answers, as JSON Schema.

use serde_json::{Value, json};

/// The envelope around `data` of some schema.
pub(super) fn envelope(data: &Value) -> Value {
    object(
        &["status", "data"],
        json!({
            "status": {"const": "success"},
            "data": data,
            "warnings": reference("Texts"),
            "infos": reference("Texts"),
        }),
    )
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}

/// An object with these properties and no others.
#[expect(clippy::needless_pass_by_value, reason = "written in place by json!")]
fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// An object each of whose properties must be there.
fn whole(properties: Value) -> Value {
    let names: Vec<String> = properties.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
    object(&names.iter().map(String::as_str).collect::<Vec<_>>(), properties)
}

/// `[seconds, …]`
fn point(of: &Value) -> Value {
    json!({"type": "array", "prefixItems": [{"type": "number"}, of], "minItems": 2, "maxItems": 2})
}

/// Every schema that an endpoint names.
pub(super) fn all() -> Value {
    let (text, number, integer) =
        (json!({"type": "string"}), json!({"type": "number"}), json!({"type": "integer"}));
    let flag = json!({"type": "boolean"});
    let texts = reference("Texts");
    let sample = reference("Sample");
    let histogram = reference("HistogramSample");
    let counts = list(&whole(json!({"name": text, "value": integer})));
    let of_type = |name: &str, result: Value| {
        object(
            &["resultType", "result"],
            json!({"resultType": {"const": name}, "result": result, "stats": {"type": "object"}}),
        )
    };
    let metric = reference("Labels");
    json!({
        "Text": text,
        "Texts": list(&text),
        "Labels": {"type": "object", "additionalProperties": text},
        "Sample": point(&text),
        "HistogramSample": point(&object(&["count", "sum"], json!({
            "count": text, "sum": text,
            "buckets": list(&json!({"type": "array", "prefixItems": [integer, text, text, text]})),
        }))),
        "QueryData": {"oneOf": [
            of_type("scalar", sample.clone()),
            of_type("string", sample.clone()),
            of_type("vector", list(&object(&["metric"], json!({
                "metric": metric, "value": sample, "histogram": histogram,
            })))),
            of_type("matrix", list(&object(&["metric"], json!({
                "metric": metric, "values": list(&sample), "histograms": list(&histogram),
            })))),
        ]},
        "Tree": {"type": "object", "required": ["type"], "properties": {"type": text}},
        "Exemplars": list(&object(&["seriesLabels", "exemplars"], json!({
            "seriesLabels": metric, "exemplars": list(&json!({"type": "object"})),
        }))),
        "Series": list(&metric),
        "Metadata": {"type": "object", "additionalProperties": list(&whole(json!({
            "type": text, "help": text, "unit": text,
        })))},
        "Alerts": whole(json!({"alerts": list(&json!({"type": "object"}))})),
        "Snapshot": whole(json!({"name": text})),
        "Alertmanagers": whole(json!({
            "activeAlertmanagers": list(&json!({"type": "object"})),
            "droppedAlertmanagers": list(&json!({"type": "object"})),
        })),
        "Rules": object(&["groups"], json!({"groups": list(&json!({"type": "object"})), "groupNextToken": text})),
        "Targets": whole(json!({
            "activeTargets": list(&whole(json!({
                "discoveredLabels": metric, "labels": metric, "scrapePool": text, "scrapeUrl": text,
                "globalUrl": text, "lastError": text, "lastScrape": {"type": "string", "format": "date-time"},
                "lastScrapeDuration": number, "health": {"enum": ["up", "down", "unknown"]},
                "scrapeInterval": text, "scrapeTimeout": text,
            }))),
            "droppedTargets": list(&json!({"type": "object"})),
            "droppedTargetCounts": {"type": "object", "additionalProperties": integer},
        })),
        "TargetMetadata": list(&object(&["target", "type", "help", "unit"], json!({
            "target": metric, "metric": text, "type": text, "help": text, "unit": text,
        }))),
        "ScrapePools": whole(json!({"scrapePools": texts})),
        "Features": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": flag}},
        "Notifications": list(&whole(json!({
            "text": text, "date": {"type": "string", "format": "date-time"}, "active": flag,
        }))),
        "BuildInfo": whole(json!({
            "version": text, "revision": text, "branch": text, "buildUser": text, "buildDate": text,
            "goVersion": text, "crowsnest": text,
        })),
        "Config": whole(json!({"yaml": text})),
        "RuntimeInfo": whole(json!({
            "startTime": text, "CWD": text, "hostname": text, "serverTime": text, "reloadConfigSuccess": flag,
            "lastConfigTime": text, "corruptionCount": integer, "goroutineCount": integer, "GOMAXPROCS": integer,
            "GOMEMLIMIT": integer, "GOGC": text, "GODEBUG": text, "storageRetention": text,
        })),
        "TsdbStatus": whole(json!({
            "headStats": whole(json!({
                "numSeries": integer, "numLabelPairs": integer, "chunkCount": integer, "minTime": integer,
                "maxTime": integer,
            })),
            "seriesCountByMetricName": counts,
            "labelValueCountByLabelName": counts,
            "memoryInBytesByLabelName": counts,
            "seriesCountByLabelValuePair": counts,
            "seriesCountBySource": counts,
            "refusedSampleCountBySource": counts,
        })),
        "Blocks": whole(json!({"blocks": list(&whole(json!({
            "ulid": text, "minTime": integer, "maxTime": integer, "version": integer,
            "stats": whole(json!({"numSamples": integer, "numSeries": integer, "numChunks": integer, "numBytes": integer})),
            "compaction": whole(json!({"level": integer, "sources": texts})),
        })))})),
        "WalReplay": whole(json!({"min": integer, "max": integer, "current": integer})),
        "Error": whole(json!({"status": {"const": "error"}, "errorType": text, "error": text})),
        "Problem": object(&["status", "title"], json!({"status": integer, "title": text, "detail": text})),
    })
}
