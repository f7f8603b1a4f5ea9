//! E-mails against a server of the test's own, which keeps what was said to it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use crowsnest_alerting::alertmanager::Config;
use crowsnest_alerting::dispatch::{Dispatcher, PostedAlert};
use crowsnest_api::{Labels, Timestamp};
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

use super::*;

/// What a server can do, and what it does.
#[derive(Clone, Default)]
struct Habits {
    starttls: bool,
    implicit_tls: bool,
    auth: Option<&'static str>,
    /// What it answers to a line that begins so, instead of consent.
    refuses: Option<(&'static str, &'static str)>,
}

/// A certificate of 127.0.0.1 that signs itself.
fn certificate() -> (X509, PKey<Private>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "127.0.0.1").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    let names =
        SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

/// Speaks SMTP until the other side goes, or wants TLS, which it tells by `true`.
fn converse<S: Read + Write>(stream: &mut BufReader<S>, habits: &Habits, said: &mut Vec<String>) -> bool {
    let challenge = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        "<1896.697170952@postoffice.reston.mci.net>",
    );
    let (mut in_data, mut in_login) = (false, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let line = line.trim_end().to_owned();
        said.push(line.clone());
        let answer = if in_data {
            if line != "." {
                continue;
            }
            in_data = false;
            "250 2.0.0 taken as 17".to_owned()
        } else if let Some((_, answer)) = habits.refuses.filter(|(start, _)| line.starts_with(start)) {
            answer.to_owned()
        } else if line.starts_with("EHLO") {
            let starttls = if habits.starttls { "250-STARTTLS\r\n" } else { "" };
            let auth = habits.auth.map(|ways| format!("250-AUTH {ways}\r\n")).unwrap_or_default();
            format!("250-sink\r\n{starttls}{auth}250 8BITMIME")
        } else if line == "STARTTLS" {
            stream.get_mut().write_all(b"220 go\r\n").unwrap();
            return true;
        } else if line == "AUTH CRAM-MD5" {
            in_login = 1;
            format!("334 {challenge}")
        } else if line == "AUTH LOGIN" {
            in_login = 2;
            "334 VXNlcm5hbWU6".to_owned()
        } else if in_login > 0 {
            in_login -= 1;
            if in_login > 0 { "334 UGFzc3dvcmQ6" } else { "235 welcome" }.to_owned()
        } else if line == "DATA" {
            in_data = true;
            "354 go".to_owned()
        } else {
            "250 fine".to_owned()
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).unwrap();
    }
}

fn serve(stream: TcpStream, habits: &Habits, tls: &SslAcceptor) -> Vec<String> {
    let mut said = Vec::new();
    if !habits.implicit_tls {
        let mut plain = BufReader::new(stream.try_clone().unwrap());
        plain.get_mut().write_all(b"220 sink\r\n").unwrap();
        if !converse(&mut plain, habits, &mut said) {
            return said;
        }
    }
    let Ok(mut encrypted) = tls.accept(stream) else { return said };
    said.push("(TLS)".to_owned());
    if habits.implicit_tls {
        encrypted.write_all(b"220 sink\r\n").unwrap();
    }
    let after = Habits { starttls: false, ..habits.clone() };
    converse(&mut BufReader::new(encrypted), &after, &mut said);
    said
}

/// A server with these habits: its port, its certificate, and what was said in each conversation.
fn sink(habits: Habits) -> (u16, tempfile::NamedTempFile, Receiver<Vec<String>>) {
    let (certificate, key) = certificate();
    let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    tls.set_certificate(&certificate).unwrap();
    tls.set_private_key(&key).unwrap();
    let tls = tls.build();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.to_pem().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if sender.send(serve(stream.unwrap(), &habits, &tls)).is_err() {
                return;
            }
        }
    });
    (port, file, receiver)
}

/// Tells this integration of an alert: how that went, what can be shown of it, and what the log keeps of the answer.
async fn told(settings: &str) -> (Result<(), Failure>, Shown, Answer) {
    told_with(settings, None).await
}

/// The same with a chart.
async fn told_with(settings: &str, chart: Option<&[u8]>) -> (Result<(), Failure>, Shown, Answer) {
    let text = format!(
        "route: {{receiver: a, group_wait: 0s}}\nreceivers: [{{name: a, email_configs: [{{from: 'Alerts <am@x.org>', {settings}}}]}}]\n"
    );
    let config = Config::parse(&text).unwrap();
    let integration = config.receivers[0].integrations[0].clone();
    let mut dispatcher = Dispatcher::new(std::sync::Arc::new(config));
    let now = Timestamp::from_millis(1_790_000_000_000);
    let posted = PostedAlert {
        labels: Labels::from_pairs([("alertname", "디스크"), ("pod", "web")]),
        ..PostedAlert::default()
    };
    dispatcher.put(posted.into_alert(now, Duration::from_mins(5)).unwrap(), now);
    let flush = dispatcher.due(now).remove(0);
    let notification = dispatcher.decide(&flush, &integration, now).unwrap();
    let templates = Templates::new([]).unwrap();
    let letter = match Letter::new(&integration, &notification, "http://x", &templates, chart) {
        Ok(letter) => letter,
        Err(failure) => return (Err(failure), Shown::default(), Answer::default()),
    };
    let (answer, result) = letter.send(&Fetcher::default()).await;
    (result, letter.shown(), answer)
}

#[track_caller]
fn has(said: &[String], line: &str) {
    assert!(said.iter().any(|found| found == line), "{line}: {said:#?}");
}

#[tokio::test]
async fn an_e_mail_goes_out_over_starttls_with_a_password() {
    let (port, ca, conversations) =
        sink(Habits { starttls: true, auth: Some("XOAUTH2 PLAIN"), ..Habits::default() });
    let path = ca.path().display();
    let (result, shown, answer) = told(&format!(
        "to: 'ops@x.org, Boss <boss@x.org>', smarthost: '127.0.0.1:{port}', hello: crow.x.org, auth_username: am, auth_password: geheim, tls_config: {{ca_file: {path}}}, text: '{{{{ .CommonLabels.pod }}}}'"
    ))
    .await;
    result.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (Some(250), "2.0.0 taken as 17"));
    let said = conversations.recv().unwrap();
    let encrypted = said.iter().position(|line| line == "(TLS)").unwrap();
    assert_eq!(said[..encrypted], ["EHLO crow.x.org", "STARTTLS"]);
    for line in
        ["AUTH PLAIN AGFtAGdlaGVpbQ==", "MAIL FROM:<am@x.org>", "RCPT TO:<ops@x.org>", "RCPT TO:<boss@x.org>"]
    {
        has(&said, line);
    }
    for line in ["From: Alerts <am@x.org>", "To: ops@x.org, Boss <boss@x.org>", "MIME-Version: 1.0"] {
        has(&said, line);
    }
    has(&said, "Date: Mon, 21 Sep 2026 14:13:20 +0000");
    for start in ["Subject: [FIRING:1]  =?utf-8?", "Message-ID: <", "Content-Type: multipart/alternative"] {
        assert!(said.iter().any(|line| line.starts_with(start)), "{start}: {said:#?}");
    }
    let kinds: Vec<_> = said.iter().filter(|line| line.starts_with("Content-Type: text/")).collect();
    assert_eq!(kinds, ["Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"]);
    assert_eq!(shown.target, format!("smtp://127.0.0.1:{port}"));
    assert!(shown.payload.contains("디스크") && !shown.payload.contains("geheim"), "{}", shown.payload);
}

#[tokio::test]
async fn a_server_without_tls_is_written_to_only_when_the_configuration_allows_it() {
    let (port, _ca, conversations) = sink(Habits::default());
    let at = format!("to: ops@x.org, smarthost: '127.0.0.1:{port}'");
    let (result, ..) = told(&at).await;
    let Err(Failure::Passing(error)) = result else { panic!("{result:?}") };
    assert!(error.contains("does not advertise the STARTTLS extension"), "{error}");
    assert!(!conversations.recv().unwrap().iter().any(|line| line.starts_with("MAIL")));
    told(&format!("{at}, require_tls: false")).await.0.unwrap();
    has(&conversations.recv().unwrap(), "RCPT TO:<ops@x.org>");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let (port, _ca, conversations) =
        sink(Habits { starttls: true, auth: Some("PLAIN"), ..Habits::default() });
    let at = format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', auth_username: a, auth_password: b");
    assert!(matches!(told(&at).await.0, Err(Failure::Passing(_))));
    assert!(!conversations.recv().unwrap().iter().any(|line| line.starts_with("AUTH")));
    told(&format!("{at}, tls_config: {{insecure_skip_verify: true}}")).await.0.unwrap();
}

/// Secret, challenge and answer are those of RFC 2195.
#[tokio::test]
async fn tls_may_be_there_from_the_beginning_and_a_challenge_is_answered_as_rfc_2195_has_it() {
    let (port, ca, conversations) =
        sink(Habits { implicit_tls: true, auth: Some("CRAM-MD5 PLAIN"), ..Habits::default() });
    let path = ca.path().display();
    let at = format!(
        "to: ops@x.org, smarthost: '127.0.0.1:{port}', force_implicit_tls: true, tls_config: {{ca_file: {path}}}"
    );
    told(&format!("{at}, auth_username: tim, auth_secret: tanstaaftanstaaf")).await.0.unwrap();
    let said = conversations.recv().unwrap();
    assert_eq!(said[0], "(TLS)");
    has(&said, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    // Without a secret for the first, it is the second.
    told(&format!("{at}, auth_username: tim, auth_password: p, auth_identity: i")).await.0.unwrap();
    has(&conversations.recv().unwrap(), "AUTH PLAIN aQB0aW0AcA==");
}

#[tokio::test]
async fn a_name_and_a_password_are_told_when_they_are_asked_for() {
    let (port, _ca, conversations) = sink(Habits { auth: Some("LOGIN"), ..Habits::default() });
    let at = format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', require_tls: false, auth_username: am");
    told(&format!("{at}, auth_password: geheim")).await.0.unwrap();
    let said = conversations.recv().unwrap();
    has(&said, "YW0=");
    has(&said, "Z2VoZWlt");
    let Err(Failure::Final(error)) = told(&at).await.0 else { panic!("it has no secret") };
    assert!(error.contains("offers LOGIN"), "{error}");
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_not_tried_again_and_what_it_puts_off_is() {
    let refusing = |answer| Habits { refuses: Some(("RCPT", answer)), ..Habits::default() };
    let (port, _ca, _conversations) = sink(refusing("550 5.1.1 nobody here"));
    let (result, _, answer) =
        told(&format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', require_tls: false")).await;
    assert!(matches!(result, Err(Failure::Final(_))));
    assert!(answer.text.contains("nobody here"), "{}", answer.text);
    let (port, _ca, _conversations) = sink(refusing("451 later"));
    let (result, ..) =
        told(&format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', require_tls: false")).await;
    assert!(matches!(result, Err(Failure::Passing(_))));
}

#[tokio::test]
async fn nothing_goes_to_where_clouds_hand_out_credentials_nor_to_mailboxes_that_are_none() {
    let Err(Failure::Passing(error)) = told("to: ops@x.org, smarthost: '169.254.169.254:25'").await.0 else {
        panic!("it was written to")
    };
    assert!(error.contains("where nothing is sent"), "{error}");
    let Err(Failure::Final(error)) = told("to: nobody, smarthost: '127.0.0.1:1'").await.0 else {
        panic!("sent")
    };
    assert!(error.contains("nobody"), "{error}");
}

#[tokio::test]
async fn a_chart_is_inside_the_page_or_beside_the_text() {
    let (port, _ca, conversations) = sink(Habits::default());
    let at = format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', require_tls: false");
    let chart: &[u8] = b"\x89PNG\r\n\x1a\nIEND";
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, chart);
    let kinds = |said: &[String]| -> Vec<String> {
        let kind = |line: &String| Some(line.strip_prefix("Content-Type: ")?.split(';').next()?.to_owned());
        said.iter().filter_map(kind).collect()
    };
    told_with(&format!("{at}, text: hi"), Some(chart)).await.0.unwrap();
    let said = conversations.recv().unwrap();
    let expected = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
    assert_eq!(kinds(&said), expected);
    for line in ["Content-ID: <chart.png@crowsnest>", "Content-Transfer-Encoding: base64", &encoded] {
        has(&said, line);
    }
    let html = said.join("\n").replace("=\n", "");
    assert!(html.contains("cid:chart.png@crowsnest"), "{html}");
    told_with(&format!("{at}, html: '', text: hi"), Some(chart)).await.0.unwrap();
    let said = conversations.recv().unwrap();
    assert_eq!(kinds(&said), ["multipart/mixed", "text/plain", "image/png"]);
    assert!(said.iter().any(|line| line.starts_with("Content-Disposition: attachment")), "{said:#?}");
}

#[tokio::test]
async fn e_mails_of_a_group_answer_one_message() {
    let (port, _ca, conversations) = sink(Habits::default());
    let at = format!("to: ops@x.org, smarthost: '127.0.0.1:{port}', require_tls: false");
    told(&format!("{at}, threading: {{enabled: true, thread_by_date: daily}}")).await.0.unwrap();
    let said = conversations.recv().unwrap();
    let roots: Vec<_> = ["References: ", "In-Reply-To: "]
        .iter()
        .map(|name| said.iter().find_map(|line| line.strip_prefix(name)).unwrap().to_owned())
        .collect();
    assert_eq!(roots[0], roots[1]);
    assert!(roots[0].starts_with("<alert-") && roots[0].ends_with("-2026-09-21@alertmanager>"), "{roots:?}");
}
