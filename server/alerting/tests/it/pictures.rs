//! Requests that carry a picture along.

use crowsnest_alerting::message::{Carriage, Sending, carriage};

use crate::own_receivers::made;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n--not a boundary";

fn carried(kind: &str, settings: &str) -> Option<Carriage> {
    carriage(kind, &made(kind, settings), PNG)
}

#[track_caller]
fn within(kind: &str, settings: &str) -> Sending {
    let carried = carried(kind, settings);
    let within = |carriage| match carriage {
        Carriage::Within(sending) => Some(sending),
        Carriage::After(_) | Carriage::Uploaded { .. } => None,
    };
    carried.and_then(within).unwrap()
}

/// The parts of a form: what stands above each, and what is in it.
#[track_caller]
fn parts(sending: &Sending) -> Vec<(String, Vec<u8>)> {
    let boundary = sending.content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = sending.body.strip_suffix(format!("--{boundary}--\r\n").as_bytes()).unwrap();
    let delimiter = format!("--{boundary}\r\n").into_bytes();
    let starts: Vec<usize> =
        (0..body.len()).filter(|at| body[*at..].starts_with(&delimiter)).chain([body.len()]).collect();
    let part = |pair: &[usize]| {
        let part = body[pair[0] + delimiter.len()..pair[1]].strip_suffix(b"\r\n").unwrap();
        let head = part.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        (String::from_utf8(part[..head].to_vec()).unwrap(), part[head + 4..].to_vec())
    };
    starts.windows(2).map(part).collect()
}

#[test]
fn discord_gets_a_form_whose_embed_shows_the_file() {
    let sending = within("discord", "{webhook_url: 'http://d/x'}");
    assert_eq!((sending.method, sending.url.as_str()), ("POST", "http://d/x"));
    let parts = parts(&sending);
    let [(head, json), (file_head, file)] = parts.as_slice() else { panic!("{parts:?}") };
    assert!(head.contains("name=\"payload_json\"\r\nContent-Type: application/json"), "{head}");
    let json: serde_json::Value = serde_json::from_slice(json).unwrap();
    assert_eq!(json["embeds"][0]["image"]["url"], "attachment://chart.png");
    assert!(json["embeds"][0]["title"].as_str().unwrap().contains("Full"), "{json}");
    assert!(file_head.contains("name=\"files[0]\"; filename=\"chart.png\"\r\nContent-Type: image/png"));
    assert_eq!(file, PNG);
}

#[test]
fn telegram_gets_a_photo_with_its_text_below_and_a_long_text_before_it() {
    let bot = "api_url: 'http://t', bot_token: '1:s', chat_id: 7";
    let sending = within("telegram", &format!("{{{bot}, message: hi}}"));
    assert_eq!(sending.url, "http://t/bot1:s/sendPhoto");
    let texts: Vec<_> = parts(&sending)
        .into_iter()
        .map(|(head, body)| (head, String::from_utf8_lossy(&body).into_owned()))
        .collect();
    for (name, text) in [("chat_id", "7"), ("caption", "hi"), ("parse_mode", "HTML")] {
        let is_it =
            |(head, body): &(String, String)| head.contains(&format!("name=\"{name}\"")) && body == text;
        assert!(texts.iter().any(is_it), "{name}: {texts:?}");
    }
    let long = format!("{{{bot}, message: '{}'}}", "x".repeat(1025));
    let Some(Carriage::After(sending)) = carried("telegram", &long) else {
        panic!("no caption is that long")
    };
    let heads: Vec<_> = parts(&sending).into_iter().map(|(head, _)| head).collect();
    assert!(heads.iter().all(|head| !head.contains("caption")), "{heads:?}");
}

#[test]
fn pushover_gets_the_file_in_its_json() {
    let sending = within("pushover", "{user_key: u, token: t}");
    let json: serde_json::Value = serde_json::from_slice(&sending.body).unwrap();
    assert_eq!(json["attachment_base64"], "iVBORw0KGgotLW5vdCBhIGJvdW5kYXJ5");
    assert_eq!((&json["attachment_type"], &json["token"]), (&"image/png".into(), &"t".into()));
}

#[test]
fn ntfy_gets_the_file_as_its_body_and_the_text_in_the_address() {
    let settings =
        |message: &str| format!("{{topic: ops, url: 'http://n', token: s, message: '{message}', title: 가}}");
    let sending = within("ntfy", &settings("a & b"));
    assert_eq!((sending.method, sending.content_type.as_str()), ("PUT", "image/png"));
    assert_eq!(
        sending.url,
        "http://n/ops?filename=chart.png&title=%EA%B0%80&message=a%20%26%20b&priority=4&tags=rotating_light"
    );
    assert_eq!(sending.headers, [("Authorization".to_owned(), "Bearer s".to_owned())]);
    assert_eq!(sending.body, PNG);
    let Some(Carriage::After(sending)) = carried("ntfy", &settings(&"가".repeat(1000))) else {
        panic!("no address is that long")
    };
    assert_eq!(sending.url, "http://n/ops?filename=chart.png&title=%EA%B0%80&priority=1");
}

#[test]
fn matrix_uploads_the_file_and_tells_of_it_under_a_name_of_its_own() {
    let settings = "{homeserver: 'http://m', room_id: '!a:m', access_token: s}";
    let Some(Carriage::Uploaded { upload, event }) = carried("matrix", settings) else { panic!("no upload") };
    assert_eq!(
        (upload.method, upload.url.as_str()),
        ("POST", "http://m/_matrix/media/v3/upload?filename=chart.png")
    );
    assert_eq!((upload.body.as_slice(), upload.headers), (PNG, event.clone().sending("PUT").headers));
    assert_eq!(event.url, format!("{}-chart", made("matrix", settings).url));
    assert_eq!(
        (&event.body["msgtype"], &event.body["info"]["mimetype"]),
        (&"m.image".into(), &"image/png".into())
    );
}

#[test]
fn those_that_cannot_carry_one_are_told_without_and_take_no_such_setting() {
    for (kind, settings) in [
        ("mattermost", "webhook_url: 'http://x'"),
        ("msteamsv2", "webhook_url: 'http://x'"),
        ("slack", "api_url: 'http://x'"),
    ] {
        assert_eq!(carried(kind, &format!("{{{settings}}}")), None, "{kind}");
        let text = format!(
            "route: {{receiver: a}}\nreceivers: [{{name: a, {kind}_configs: [{{{settings}, chart: true}}]}}]\n"
        );
        let faults = crowsnest_alerting::alertmanager::Config::parse(&text).err().unwrap();
        assert!(faults[0].to_string().contains("chart"), "{faults:?}");
    }
}
