//! Inputs to begin with, made here: by the product's own writers where it has some.

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509NameBuilder};

/// The `meta.json` of a block of Prometheus.
pub(crate) const PROMETHEUS_META: &str =
    r#"{"ulid": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "minTime": 0, "maxTime": 7200000, "version": 1}"#;

/// What the store's own writers write.
pub(crate) fn of_store(target: &str) -> Vec<Vec<u8>> {
    let seeds = crowsnest_tsdb::fuzzing::seeds().into_iter();
    seeds.filter(|(of, _)| *of == target).map(|(_, seed)| seed).collect()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// An index of one series with one chunk; checksums do not count here.
pub(crate) fn prometheus_block() -> Vec<Vec<u8>> {
    let mut index = vec![0xba, 0xaa, 0xd7, 0, 2];
    let symbols = b"\x08__name__\x02up";
    index.extend((4 + symbols.len() as u32).to_be_bytes());
    index.extend(2u32.to_be_bytes());
    index.extend(symbols);
    index.extend([0; 4]);
    index.resize(index.len().next_multiple_of(16), 0);
    let series = index.len() as u64;
    // Labels: one, of symbols 0 and 1. Chunks: one, from 0, spanning 5, at 8.
    index.extend([7, 1, 0, 1, 1, 0, 5, 8]);
    index.extend([0; 4]);
    let end = index.len() as u64;
    for table in [5, series, end, end, end, end] {
        index.extend(u64::to_be_bytes(table));
    }
    index.extend([0; 4]);
    let mut chunks = vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0];
    // XOR, two samples.
    let data = [0, 2, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 10, 0];
    chunks.push(data.len() as u8);
    chunks.push(1);
    chunks.extend(data);
    chunks.extend([0; 4]);
    let length = (index.len() as u16).to_le_bytes();
    vec![[&length[..], &index, &chunks].concat()]
}

/// A page with a record of series and one of samples.
pub(crate) fn prometheus_log() -> Vec<Vec<u8>> {
    let mut log = Vec::new();
    let series = [&[1][..], &[0, 0, 0, 0, 0, 0, 0, 1], &[1, 8], b"__name__", &[2], b"up"].concat();
    let samples = [
        &[2][..],
        &[0, 0, 0, 0, 0, 0, 0, 1],
        &[0, 0, 0, 0, 0, 0, 3, 232],
        &[0, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    for record in [series, samples] {
        log.push(1);
        log.extend((record.len() as u16).to_be_bytes());
        log.extend([0; 4]);
        log.extend(record);
    }
    vec![log]
}

pub(crate) fn promql() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m])) / on (job) group_left up offset -1h @ end()",
        "histogram_quantile(0.9, sum(rate(a_bucket[1h:5m] @ 1.5)) by (le)) > bool 0x1F unless {\"b.c\"!=\"d\"}",
        "label_replace(-up ^ 2, 'a', '$1', 'b', `(.*)`) or vector(Inf) # comment",
        "topk(3, max_over_time(a[1d2h3m4s5ms])) and ignoring(x) b == NaN",
    ]);
    seeds.extend(
        crowsnest_promql::FUNCTIONS.iter().map(|function| format!("{}(a)", function.name).into_bytes()),
    );
    seeds
}

pub(crate) fn scrape_configs() -> Vec<Vec<u8>> {
    texts(&[
        "global: {scrape_interval: 1m}\nscrape_configs:\n- job_name: j\n  params: {a: [b]}\n  basic_auth: {username: u}\n  \
         static_configs: [{targets: ['h:1'], labels: {x: y}}]\n  file_sd_configs: [{files: ['*.yml']}]\n  \
         kubernetes_sd_configs: [{role: pod}]\n  relabel_configs: [{action: hashmod, source_labels: [a], modulus: 3, target_label: b}]\n  \
         metric_relabel_configs: [{source_labels: [__name__], regex: '(a|b)c', replacement: '${1}x', target_label: y}]\n",
        "- targets: ['a:1']\n  labels: {b: c}\n",
    ])
}

pub(crate) fn scraping() -> Vec<Vec<u8>> {
    let open =
        b"\x01\x40# TYPE a counter\n# UNIT a bytes\na_total{b=\"c\"} 1 1.5 # {id=\"x\"} 0.5 1.5\n# EOF\n";
    // A counter and a native histogram.
    let proto = b"\x82\x40\x12\x0a\x01a\x18\x00\x22\x0b\x1a\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\
        \x19\x0a\x01h\x18\x04\x22\x12\x3a\x10\x08\x03\x28\x06\x62\x04\x08\x00\x10\x02\x68\x02\x68\x00\x38\x01";
    let text = exposition().into_iter().map(|page| [&[0, 0x40], page.as_slice()].concat());
    text.chain([open.to_vec(), proto.to_vec()]).collect()
}

/// The first byte says which form it is.
#[cfg(feature = "server")]
pub(crate) fn senders() -> Vec<Vec<u8>> {
    texts(&[
        r#"j{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeMetrics":[{"metrics":[{"name":"b","unit":"By/s","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"timeUnixNano":"5","asInt":"7"}]}}]}]}]}"#,
        r#"j{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"count":"3","scale":2,"positive":{"offset":1,"bucketCounts":["1",2]}}]}},{"name":"l","histogram":{"aggregationTemporality":2,"dataPoints":[{"count":1,"bucketCounts":[1,0],"explicitBounds":[0.5]}]}}]}]}]}"#,
        "icpu\\ x,host=a,b=c\\,d user=1.5,n=2i,up=t,s=\"a\\\"b\" 17\n# c\nm v=1u\n",
        "gjob@base64/YS9i/instance/x",
        r#"g{"labels":{"job":"a"},"page":"a 1\n","pushed_ms":1,"failed_ms":null}"#,
        "p\n\x20\n\x0e\n\x0c\n\x04name\x12\x04\n\x02ab\x12\x0e\x12\x0c\n\x01b\x1a\x01s\x3a\x04\n\x02(\x01",
    ])
}

pub(crate) fn exposition() -> Vec<Vec<u8>> {
    texts(&[
        "# HELP a Help \\\\ \\n.\n# TYPE a counter\na{b=\"c\\\"\",d=\"e\"} 1.5e3 1700000000000\na NaN\n",
        "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n{\"x.y\",\"z z\"=\"1\"} -Inf\n",
    ])
}

pub(crate) fn rules() -> Vec<Vec<u8>> {
    texts(&[
        "groups:\n- name: g\n  interval: 1m\n  rules:\n  - record: a:b\n    expr: sum(a)\n  - alert: A\n    expr: up == 0\n    \
             for: 5m\n    keep_firing_for: 1h\n    labels: {severity: page}\n    annotations:\n      summary: \"{{ $labels.x }} {{ \
             $value | humanize }}\"\n",
    ])
}

/// Of either sort, with the byte before them that says which.
pub(crate) fn templates() -> Vec<Vec<u8>> {
    let of_rules = [
        "{{ $v := .Value }}{{ .Labels.pod | toUpper | printf \"%-20q|\" }} {{ humanize $v }} {{ humanizeDuration 1e4 }} {{ humanizeTimestamp 1.5e9 }}",
        "{{ range $i, $x := query \"up\" | sortByLabel \"pod\" }}{{ if gt (value $x) 1.0 }}{{ label \"pod\" $x }}{{ else }}{{ continue }}{{ end }}{{ end }}",
        "{{- define \"a\" }}{{ template \"a\" . }}{{ end -}} {{ template \"a\" . }}",
        "{{ with query \"x\" }}{{ . | first | value | humanizePercentage }}{{ end }}{{ reReplaceAll \"(a+)b\" \"$1\" \"aab\" }}{{ parseDuration \"1h5m\" }}",
    ];
    let of_notifications = [
        "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts | len }}{{ end }}] {{ range .Alerts }}{{ .Labels.pod }}{{ break }}{{ end }}",
        "{{ block \"b\" .CommonLabels }}{{ index . \"pod\" | urlUnescape | safeHtml }}{{ end }}{{ printf \"%5.2f %x %v %T\" .Value .Words .Yes .Empty }}",
        "<a href=\"{{ .Labels.pod }}\" title='{{ .Labels.alertname }}'>{{ join \", \" .Words }}</a>{{ slice \"abc\" 1 2 }}{{ html \"<\" | js }}",
        "{{ $d := dict \"a\" (list 1 2 3) }}{{ range $k, $v := $d }}{{ $k }}{{ toJson $v }}{{ end }}{{ (now | tz \"Asia/Seoul\") | date \"2006-01-02\" }}{{ and 1 0 | not }}",
    ];
    let sorts = [(0, of_rules), (1, of_notifications), (3, of_notifications)];
    let with_sort = |(sort, all): (u8, [&str; 4])| all.map(|text| [&[sort][..], text.as_bytes()].concat());
    sorts.into_iter().flat_map(with_sort).collect()
}

pub(crate) fn dashboards() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"title":"T","rows":[{"height":"250px","panels":[{"type":"graph","span":6,"targets":[{"expr":"up"}],"seriesOverrides":[{"alias":"/a/","yaxis":2}],"yaxes":[{"format":"s"},{"format":"bytes"}]},{"type":"singlestat","thresholds":"1,2","gauge":{"show":true}}]}]}"#,
        r#"{"title":"T","panels":[{"id":1,"type":"timeseries","gridPos":{"x":0,"y":0,"w":12,"h":8},"fieldConfig":{"defaults":{"unit":"s"},"overrides":[{"matcher":{"id":"byName","options":"a"},"properties":[{"id":"unit","value":"bytes"}]}]}}],"templating":{"list":[{"name":"v","type":"query","query":"label_values(up, job)"}]}}"#,
        r#"{"apiVersion":"dashboard.grafana.app/v2","kind":"Dashboard","metadata":{"name":"u"},"spec":{"title":"T","elements":{"a":{"kind":"Panel","spec":{"id":1,"title":"P","vizConfig":{"group":"stat","spec":{}},"data":{"spec":{"queries":[]}}}}},"layout":{"kind":"GridLayout","spec":{"items":[{"kind":"GridLayoutItem","spec":{"x":0,"y":0,"width":12,"height":8,"element":{"name":"a"}}}]}}}}"#,
    ])
}

pub(crate) fn alertmanager() -> Vec<Vec<u8>> {
    texts(&[
        "global: {resolve_timeout: 5m}\nroute:\n  receiver: a\n  group_by: [b]\n  routes:\n  - matchers: ['x=\"y\"', 'z=~\"w.*\"']\n    \
             mute_time_intervals: [n]\n    receiver: c\ninhibit_rules:\n- source_matchers: [a=b]\n  target_matchers: [c=d]\n  equal: \
             [e]\nreceivers:\n- name: a\n- name: c\n  webhook_configs:\n  - url: http://localhost/\ntime_intervals:\n- name: n\n  \
             time_intervals:\n  - times: [{start_time: '09:00', end_time: '17:00'}]\n    weekdays: ['monday:friday']\n",
    ])
}

/// Protobuf by hand.
#[cfg(feature = "server")]
pub(crate) fn remote_write() -> Vec<Vec<u8>> {
    let label =
        |name: &str, value: &str| field(1, &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat());
    let sample = field(2, &[&[9][..], &1.5f64.to_le_bytes(), &[16, 0x80, 0x88, 1]].concat());
    let series = field(
        1,
        &[label("__name__", "up"), label("instance", "a:9100"), label("job", "node"), sample].concat(),
    );
    let metadata = field(3, &[vec![8, 1], field(2, b"up"), field(4, b"Help."), field(5, b"s")].concat());
    vec![[series.clone(), series, metadata].concat()]
}

#[cfg(feature = "server")]
pub(crate) fn remote_read() -> Vec<Vec<u8>> {
    let matcher = field(3, &[vec![8, 2], field(2, b"job"), field(3, b"a.*")].concat());
    let query = field(1, &[vec![8, 1, 16, 100], matcher].concat());
    vec![[query, vec![16, 1]].concat()]
}

/// A field of bytes.
#[cfg(feature = "server")]
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8][..], content].concat()
}

pub(crate) fn sign_in() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"token": "abc"}"#,
        r#"{"user": "ann", "password": "x"}"#,
        r#"{"p12": "AAAA", "password": "x"}"#,
        r#"{"kubeconfig": "users: []"}"#,
        r#"{"certificate": true}"#,
    ])
}

pub(crate) fn jwt() -> Vec<Vec<u8>> {
    crowsnest_rbac::install_crypto_provider();
    let tokens = crowsnest_rbac::SessionTokens::new(&[1; 32]);
    let claims =
        crowsnest_rbac::Claims { sub: "ann".to_owned(), sid: "s".to_owned(), iat: 0, exp: 4_102_444_800 };
    let signed = tokens.sign(claims).expect("a token");
    vec![
        signed.into_bytes(),
        b"e30.eyJleHAiOjEuNSwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmE6YiJ9.c2ln".to_vec(),
    ]
}

/// A certificate that signed itself, and its key.
fn identity() -> (X509, PKey<Private>) {
    let made = || -> Result<(X509, PKey<Private>), openssl::error::ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "operators")?;
        name.append_entry_by_nid(Nid::COMMONNAME, "ann")?;
        let name = name.build();
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        builder.set_pubkey(&key)?;
        let (from, to) = (Asn1Time::from_unix(0)?, Asn1Time::from_unix(4_102_444_800)?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&to)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok((builder.build(), key))
    };
    made().expect("OpenSSL makes a certificate")
}

pub(crate) fn pkcs12() -> Vec<Vec<u8>> {
    let (certificate, key) = identity();
    let mut builder = Pkcs12::builder();
    builder.name("ann").pkey(&key).cert(&certificate);
    vec![builder.build2("password").and_then(|file| file.to_der()).expect("OpenSSL writes a file")]
}

pub(crate) fn certificate() -> Vec<Vec<u8>> {
    let (certificate, key) = identity();
    let pem = certificate.to_pem().expect("PEM");
    let both = [pem.clone(), key.private_key_to_pem_pkcs8().expect("PEM")].concat();
    vec![certificate.to_der().expect("DER"), pem, both]
}

pub(crate) fn kubeconfig() -> Vec<Vec<u8>> {
    texts(&[
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {user: u, cluster: k}\nusers:\n- name: u\n  \
         user: {token: abc}\n",
        "current-context: c\ncontexts: [{name: c, context: {user: u}}]\nusers:\n- name: u\n  user: {client-certificate-data: LS0t, \
         client-key-data: LS0t}\n",
        "current-context: c\ncontexts: [{name: c, context: {user: u}}]\nusers:\n- name: u\n  user: {exec: {command: gke, args: [a]}}\n",
    ])
}
