//! Bad requests, asked of Debian's `prometheus` as well: both refuse them alike.
//!
//! A line is a method, a path with its query and, perhaps, a form.

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde_json::Value;

use crate::support::Server;
use crate::support::server::ADMIN;
use crate::support::tools::{self, Peer};

/// Status, `errorType` and text are those of 2.42, capital letters aside.
const ALIKE: &[&str] = &[
    "GET api/v1/query?",
    "GET api/v1/query?query=",
    "GET api/v1/query?query=up{",
    "GET api/v1/query?query=up&time=noon",
    "GET api/v1/query?query=up&time=1e400",
    "GET api/v1/query?query=up&time=2020-13-01T00:00:00Z",
    "GET api/v1/query?query=up&time=2020-01-01",
    "GET api/v1/query?query=up&timeout=x",
    "GET api/v1/query?query=up&timeout=1y2x",
    "GET api/v1/query?query=up&timeout=1e300",
    "GET api/v1/query?query=rate(up)",
    "GET api/v1/query?query=up[0s]",
    "GET api/v1/query?query=sum(",
    "GET api/v1/query?query=1%2B",
    "GET api/v1/query?query=foo(up)",
    "GET api/v1/query?query=up+and+1",
    "GET api/v1/query?query={}",
    r#"GET api/v1/query?query={a=~".*"}"#,
    r#"GET api/v1/query?query="abc"#,
    r#"GET api/v1/query?query=label_replace(up,"a","b")"#,
    r#"GET api/v1/query?query=-"a""#,
    "GET api/v1/query?query=1+>+2",
    "GET api/v1/query?query=up[5m]+%2B+1",
    "GET api/v1/query?query=topk(up)",
    "GET api/v1/query?query=count_values(up)",
    "GET api/v1/query?query=sum+by(+1)(up)",
    "GET api/v1/query?query=up+@+x",
    "GET api/v1/query?query=/",
    "GET api/v1/query?query=vector(up)",
    r#"GET api/v1/query?query=a{__name__="b"}"#,
    "GET api/v1/query?query=up+or+on(",
    "GET api/v1/query?query=up+group_left+up",
    "GET api/v1/query?query=sum(1)",
    "GET api/v1/query?query=scalar(1)",
    "GET api/v1/query?query=absent(1)",
    "GET api/v1/query?query=time(1)",
    "GET api/v1/query?query=1+and+2",
    "GET api/v1/query?query=up+%2B+on(a)+group_left(a)+up",
    "GET api/v1/query?query=up+and+on(a)+group_left+up",
    "GET api/v1/query?query=histogram_quantile(up,1)",
    "GET api/v1/query?query=[5m]",
    "GET api/v1/query?query=up+bool+up",
    "GET api/v1/query?query=up+%2B+bool+up",
    "GET api/v1/query?query=1+==+bool",
    "GET api/v1/query?query=$",
    "GET api/v1/query?query=up{a=b}",
    "GET api/v1/query?query=up{a}",
    r#"GET api/v1/query?query=up{a="b""#,
    "GET api/v1/query?query=up{,}",
    "GET api/v1/query?query=sum+without",
    "GET api/v1/query?query=quantile(1)",
    "GET api/v1/query?query=nan(1)",
    "GET api/v1/query?query=up%3B",
    "GET api/v1/query?query=avg_over_time(up)",
    "GET api/v1/query?query=%2Bup[5m]",
    "GET api/v1/query?query=-up[5m]",
    "GET api/v1/query_range?",
    "GET api/v1/query_range?query=up",
    "GET api/v1/query_range?query=up&start=1",
    "GET api/v1/query_range?query=up&start=1&end=2",
    "GET api/v1/query_range?query=up&start=x&end=2&step=1",
    "GET api/v1/query_range?query=up&start=1&end=x&step=1",
    "GET api/v1/query_range?query=up&start=2&end=1&step=1",
    "GET api/v1/query_range?query=up&start=1&end=2&step=0",
    "GET api/v1/query_range?query=up&start=1&end=2&step=-1",
    "GET api/v1/query_range?query=up&start=1&end=2&step=x",
    "GET api/v1/query_range?query=up&start=0&end=90000&step=1",
    "GET api/v1/query_range?query=up&start=1&end=2&step=1e300",
    "GET api/v1/query_range?query=up&start=1&end=2&step=1&timeout=x",
    "GET api/v1/query_range?query=up&start=1&end=2&step=0s",
    "GET api/v1/query_range?query=foo&start=1&end=2&step=NaN",
    "GET api/v1/query_range?query=up&start=1&end=2&step=-1m",
    "GET api/v1/query_range?query=up&start=1&end=2&step=1ms1s",
    "GET api/v1/series?",
    "GET api/v1/series?match[]=",
    "GET api/v1/labels?match[]=",
    "GET api/v1/label/job/values?match[]=",
    "GET api/v1/series?match[]=up{",
    "GET api/v1/labels?match[]=up{",
    "GET api/v1/label/job/values?match[]=up{",
    r#"GET api/v1/series?match[]={a=~".*"}"#,
    r#"GET api/v1/labels?match[]={a=~".*"}"#,
    r#"GET api/v1/label/job/values?match[]={a=~".*"}"#,
    "GET api/v1/series?match[]={}",
    "GET api/v1/labels?match[]={}",
    "GET api/v1/label/job/values?match[]={}",
    "GET api/v1/series?match[]=rate(up[5m])",
    "GET api/v1/labels?match[]=rate(up[5m])",
    "GET api/v1/label/job/values?match[]=rate(up[5m])",
    "GET api/v1/series?match[]=up&start=x",
    "GET api/v1/labels?match[]=up&start=x",
    "GET api/v1/label/job/values?match[]=up&start=x",
    "GET api/v1/series?match[]=up&end=x",
    "GET api/v1/labels?match[]=up&end=x",
    "GET api/v1/label/job/values?match[]=up&end=x",
    "GET api/v1/series?match[]=up[5m]",
    "GET api/v1/labels?match[]=up[5m]",
    "GET api/v1/label/job/values?match[]=up[5m]",
    "GET api/v1/series?match[]=up+offset+5m",
    "GET api/v1/labels?match[]=up+offset+5m",
    "GET api/v1/label/job/values?match[]=up+offset+5m",
    "GET api/v1/series?match[]=1",
    "GET api/v1/labels?match[]=1",
    "GET api/v1/label/job/values?match[]=1",
    "GET api/v1/series?match[]=up&match[]={",
    "GET api/v1/labels?match[]=up&match[]={",
    "GET api/v1/label/job/values?match[]=up&match[]={",
    "GET api/v1/series?start=x",
    "GET api/v1/labels?start=x",
    "GET api/v1/label/job/values?start=x",
    "GET api/v2/query",
    "GET api/v1/metadata?limit=x",
    "GET api/v1/metadata?limit=1e3",
    "GET api/v1/targets/metadata?limit=x",
    "GET api/v1/targets/metadata?match_target={",
    "GET api/v1/rules?type=x",
    "GET api/v1/query_exemplars",
    "GET api/v1/query_exemplars?query=up&start=x",
    "GET api/v1/query_exemplars?query=up&end=x",
    "GET api/v1/query_exemplars?query=up&start=2&end=1",
    "GET api/v1/query_exemplars?query=up{&start=1&end=2",
    "GET api/v1/format_query",
    "GET api/v1/format_query?query=up{",
    "GET federate?match[]=up{",
    "GET federate?match[]=1",
    "POST api/v1/query",
    "POST api/v1/query query=up{",
    "POST api/v1/query_range query=up",
    "POST api/v1/series",
    "POST api/v1/labels match[]={",
    "DELETE api/v1/series",
    "DELETE api/v1/series?match[]=up",
    "POST api/v1/admin/tsdb/delete_series",
    "PUT api/v1/admin/tsdb/snapshot",
    "POST api/v1/admin/tsdb/clean_tombstones",
    "POST federate",
    "POST api/v1/query %zz=1",
];

/// Status and `errorType` are; the text is that of Prometheus 3, or says more.
const IN_OTHER_WORDS: &[&str] = &[
    "GET api/v1/query?query=up[5m",
    r#"GET api/v1/query?query={a=~"("}"#,
    "GET api/v1/query?query=up+offset",
    "GET api/v1/query?query=0x",
    r#"GET api/v1/query?query=label_replace(up,"a","b","c","(")"#,
    "GET api/v1/query?query=up[5m:][5m]",
    "GET api/v1/query?query=%23",
    "GET api/v1/query_range?query=&start=1&end=2&step=1",
    "GET api/v1/query_range?query=up[5m]&start=1&end=2&step=1",
    r#"GET api/v1/query_range?query="a"&start=1&end=2&step=1"#,
    "GET api/v1/query_range?query=up&start=NaN&end=2&step=1",
    r#"GET api/v1/series?match[]={a=~"("}"#,
    r#"GET api/v1/labels?match[]={a=~"("}"#,
    r#"GET api/v1/label/job/values?match[]={a=~"("}"#,
];

/// Refused with this status where 2.42 says something else: as Prometheus 3 does, or because 2.42 makes no sense of it.
const OTHERWISE: &[(&str, u16)] = &[
    ("GET api/v1/query?query=up&time=NaN", 400),
    ("GET api/v1/query?query=up&timeout=-1", 400),
    (r#"GET api/v1/query?query={__name__="a",__name__="b"}"#, 400),
    ("GET api/v1/query_range?query=up&start=1&end=2&step=0.0001", 400),
    ("GET api/v1/series?match[]=up&start=2&end=1", 400),
    ("GET api/v1/labels?match[]=up&start=2&end=1", 400),
    ("GET api/v1/label/job/values?match[]=up&start=2&end=1", 400),
    ("GET api/v1/status/tsdb?limit=x", 400),
    ("GET api/v1/status/tsdb?limit=-1", 400),
];

/// Refused with the same status, where Prometheus has a plain text and no type.
const IN_PLAIN_TEXT: &[&str] = &[
    "GET api/v1/label/job",
    "GET api/v1/label",
    "GET api/v1/",
    "GET api/v1/nothing",
    "GET api/v1/status/nothing",
    "GET api/v1/read",
    "GET api/v1/write",
    "GET api/v1/query/x?query=1",
    "POST api/v1/label/job/values",
    "POST api/v1/metadata",
    "PUT api/v1/query",
    "DELETE api/v1/query",
    "POST api/v1/read",
    "GET api/v1/admin/tsdb/snapshot",
    "POST api/v1/rules",
    "POST api/v1/targets",
];

/// What is told: the status and, where the answer is an error of the API, its type and text.
fn told(request: RequestBuilder) -> (u16, Option<String>, String) {
    let answer = request.send().unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().unwrap_or_default();
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    (status, text("errorType"), text("error").unwrap_or_default().to_lowercase())
}

/// The request of a line, to the server at `base`.
fn request(http: &reqwest::blocking::Client, base: &str, line: &str) -> RequestBuilder {
    let mut words = line.splitn(3, ' ');
    let method: Method = words.next().unwrap().parse().unwrap();
    let request = http.request(method, format!("{base}{}", words.next().unwrap()));
    match words.next() {
        Some(form) => {
            request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
        }
        None => request,
    }
}

#[test]
fn bad_requests_are_refused_as_prometheus_refuses_them() {
    if !tools::is_there("prometheus") {
        return;
    }
    let server = Server::start();
    let peer = Peer::start(|_| "global: {}\n".to_owned());
    let ours = |line: &str| told(request(&server.http, &server.url, line).bearer_auth(ADMIN));
    let client = reqwest::blocking::Client::new();
    let theirs = |line: &str| told(request(&client, &format!("{}/", peer.url()), line));
    let mut differences = Vec::new();
    for (lines, same_text) in [(ALIKE, true), (IN_OTHER_WORDS, false)] {
        for line in lines {
            let (ours, theirs) = (ours(line), theirs(line));
            if theirs.0 < 400 {
                differences.push(format!("{line}: Prometheus does not refuse it"));
            }
            if (ours.0, &ours.1) != (theirs.0, &theirs.1) || same_text != (ours.2 == theirs.2) {
                differences.push(format!("{line}: {ours:?} instead of {theirs:?}"));
            }
        }
    }
    for line in IN_PLAIN_TEXT {
        let (ours, theirs) = (ours(line), theirs(line));
        if ours.0 != theirs.0 || ours.1.is_none() || theirs.1.is_some() {
            differences.push(format!("{line}: {ours:?} instead of {theirs:?}"));
        }
    }
    for (line, status) in OTHERWISE {
        let found = ours(line);
        if found.0 != *status || theirs(line).0 == *status {
            differences.push(format!("{line}: {found:?}, not differently with {status}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
