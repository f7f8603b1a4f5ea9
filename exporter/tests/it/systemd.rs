//! The systemd collector against a scripted D-Bus peer, byte by byte as the D-Bus specification lays messages out.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use crowsnest_agent::collector::{COLLECTORS, NameFilter, Settings};
use crowsnest_scrape::text;
use regex_lite::Regex;

use crate::tree::Tree;

/// A systemd with three units.
fn serve(listener: UnixListener) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            converse(stream);
        }
    });
}

fn converse(stream: UnixStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let mut line = String::new();
    let mut zero = [1];
    reader.read_exact(&mut zero).unwrap();
    reader.read_line(&mut line).unwrap();
    assert!(zero == [0] && line.starts_with("AUTH EXTERNAL ") && line.ends_with("\r\n"), "{line:?}");
    writer.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n").unwrap();
    line.clear();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "BEGIN\r\n");
    while let Some((serial, member, path, arguments)) = read_call(&mut reader) {
        let (signature, body) = answer(&member, &path, &arguments);
        // A signal in between must not confuse the caller.
        writer.write_all(&message(4, 0, "", &[])).unwrap();
        writer.write_all(&message(if signature == "e" { 3 } else { 2 }, serial, signature, &body)).unwrap();
    }
}

/// Serial, member, path and string arguments of a call.
fn read_call(reader: &mut impl Read) -> Option<(u32, String, String, Vec<String>)> {
    let mut head = [0; 16];
    reader.read_exact(&mut head).ok()?;
    let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
    let (body_bytes, serial, field_bytes) = (word(4) as usize, word(8), word(12) as usize);
    let mut fields = vec![0; field_bytes.next_multiple_of(8)];
    reader.read_exact(&mut fields).unwrap();
    let mut body = vec![0; body_bytes];
    reader.read_exact(&mut body).unwrap();
    let text = |bytes: &[u8], at: &mut usize| {
        *at = at.next_multiple_of(4);
        let length = u32::from_le_bytes(bytes[*at..*at + 4].try_into().unwrap()) as usize;
        let text = String::from_utf8(bytes[*at + 4..*at + 4 + length].to_vec()).unwrap();
        *at += 5 + length;
        text
    };
    let (mut member, mut path, mut at) = (String::new(), String::new(), 0);
    while at < field_bytes {
        at = at.next_multiple_of(8);
        let code = fields[at];
        at += 4;
        match code {
            1 => path = text(&fields, &mut at),
            3 => member = text(&fields, &mut at),
            8 => at += fields[at] as usize + 2,
            _ => drop(text(&fields, &mut at)),
        }
    }
    let (mut arguments, mut at) = (Vec::new(), 0);
    while at < body.len() {
        arguments.push(text(&body, &mut at));
    }
    Some((serial, member, path, arguments))
}

fn message(kind: u8, reply_to: u32, signature: &str, body: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    if reply_to != 0 {
        fields.extend([5, 1, b'u', 0]);
        fields.extend(reply_to.to_le_bytes());
    }
    fields.extend([8, 1, b'g', 0, signature.len() as u8]);
    fields.extend(signature.bytes().chain([0]));
    let mut message = vec![b'l', kind, 0, 1];
    for word in [body.len(), 1, fields.len()] {
        message.extend((word as u32).to_le_bytes());
    }
    message.extend(fields);
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body);
    message
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend((text.len() as u32).to_le_bytes());
    body.extend(text.bytes().chain([0]));
}

fn variant(text: &str) -> (&'static str, Vec<u8>) {
    let mut body = vec![1, b's', 0];
    push_text(&mut body, text);
    ("v", body)
}

fn number(kind: u8, value: u64) -> (&'static str, Vec<u8>) {
    let mut body = vec![1, kind, 0, 0];
    if kind == b't' {
        body.resize(8, 0);
        body.extend(value.to_le_bytes());
    } else {
        body.extend((value as u32).to_le_bytes());
    }
    ("v", body)
}

/// Name, load state, active state.
const UNITS: [(&str, &str, &str); 5] = [
    ("ssh.service", "loaded", "active"),
    ("backup.timer", "loaded", "active"),
    ("dbus.socket", "loaded", "failed"),
    ("gone.service", "not-found", "inactive"),
    ("dev-sda.device", "loaded", "active"),
];

fn answer(member: &str, path: &str, arguments: &[String]) -> (&'static str, Vec<u8>) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (member, path, &arguments[..]) {
        ("Hello", ..) => {
            let mut body = Vec::new();
            push_text(&mut body, ":1.7");
            ("s", body)
        }
        ("ListUnits", "/org/freedesktop/systemd1", []) => {
            let mut list = vec![0; 8];
            for (name, load, active) in UNITS {
                list.resize(list.len().next_multiple_of(8), 0);
                for text in [name, "about it", load, active, "sub", "", name] {
                    push_text(&mut list, text);
                }
                list.resize(list.len().next_multiple_of(4), 0);
                list.extend([0; 4]);
                push_text(&mut list, "");
                push_text(&mut list, "/");
            }
            let bytes = (list.len() - 8) as u32;
            list[..4].copy_from_slice(&bytes.to_le_bytes());
            ("a(ssssssouso)", list)
        }
        ("Get", "ssh.service", [_, "Type"]) => variant("notify"),
        ("Get", "ssh.service", [_, "NRestarts"]) => number(b'u', 3),
        ("Get", "backup.timer", [_, "LastTriggerUSec"]) => number(b't', 1_700_000_000_500_000),
        ("Get", "dbus.socket", [_, "NAccepted"]) => number(b'u', 12),
        ("Get", "dbus.socket", [_, "NConnections"]) => number(b'u', 2),
        // Older ones do not count refusals.
        ("Get", "dbus.socket", [_, "NRefused"]) => ("e", Vec::new()),
        ("Get", "/org/freedesktop/systemd1", [_, "SystemState"]) => variant("degraded"),
        ("Get", "/org/freedesktop/systemd1", [_, "Version"]) => variant("252.38-1~deb12u1"),
        ("Get", "/org/freedesktop/systemd1", [_, "Virtualization"]) => variant(""),
        other => panic!("{other:?}"),
    }
}

/// The page that the collector gives for the scripted systemd.
pub(crate) fn collect(socket: &str, private: bool) -> String {
    let tree = Tree::new(&[("root/run/dbus/x", ""), ("root/run/systemd/x", "")]);
    serve(UnixListener::bind(tree.path().join("root").join(socket)).unwrap());
    let exclude = Regex::new(r"^(?:.+\.(automount|device|mount|scope|slice))$").unwrap();
    let mut settings = Settings { systemd_units: NameFilter::excluding(exclude), ..Settings::default() };
    settings.systemd.restarts = true;
    settings.systemd.private = private;
    let row = COLLECTORS.iter().find(|row| row.name == "systemd").unwrap();
    let mut collector = (row.build)(&settings);
    let mut pages = Vec::new();
    // The second time it knows the services' types.
    for _ in 0..2 {
        let mut page = String::new();
        text::encode(&mut page, &collector.collect(&tree.host()).unwrap());
        pages.push(page);
    }
    assert_eq!(pages[0], pages[1]);
    pages.remove(0)
}

#[test]
fn systemd_is_asked_over_the_bus_or_directly() {
    let page = collect("run/dbus/system_bus_socket", false);
    assert_eq!(page, collect("run/systemd/private", true));
    let samples: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
    let state = |name: &str, kind: &str, active: &str| -> Vec<String> {
        let states = ["active", "activating", "deactivating", "inactive", "failed"];
        let line = |state: &&str| {
            let value = u8::from(**state == *active);
            format!("node_systemd_unit_state{{name=\"{name}\",state=\"{state}\"{kind}}} {value}")
        };
        states.iter().map(line).collect()
    };
    let mut expected = vec![
        r#"node_systemd_units{state="active"} 3"#.to_owned(),
        r#"node_systemd_units{state="activating"} 0"#.to_owned(),
        r#"node_systemd_units{state="deactivating"} 0"#.to_owned(),
        r#"node_systemd_units{state="inactive"} 1"#.to_owned(),
        r#"node_systemd_units{state="failed"} 1"#.to_owned(),
    ];
    expected.extend(state("ssh.service", ",type=\"notify\"", "active"));
    expected.extend(state("backup.timer", "", "active"));
    expected.extend(state("dbus.socket", "", "failed"));
    let rest = [
        r#"node_systemd_service_restart_total{name="ssh.service"} 3"#,
        r#"node_systemd_timer_last_trigger_seconds{name="backup.timer"} 1700000000.5"#,
        r#"node_systemd_socket_accepted_connections_total{name="dbus.socket"} 12"#,
        r#"node_systemd_socket_current_connections{name="dbus.socket"} 2"#,
        "node_systemd_system_running 0",
        r#"node_systemd_version{version="252.38-1~deb12u1"} 252.38"#,
        r#"node_systemd_virtualization_info{virtualization_type="none"} 1"#,
    ];
    expected.extend(rest.map(str::to_owned));
    assert_eq!(samples, expected);
}

#[test]
fn a_peer_that_refuses_or_breaks_off_is_an_error() {
    for greeting in ["REJECTED KERBEROS\r\n", "", "OK x\r\n"] {
        let tree = Tree::new(&[("root/run/dbus/x", "")]);
        let socket = tree.path().join("root/run/dbus/system_bus_socket");
        let listener = UnixListener::bind(socket).unwrap();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            let _ = stream.write_all(greeting.as_bytes());
        });
        let row = COLLECTORS.iter().find(|row| row.name == "systemd").unwrap();
        let error = (row.build)(&Settings::default()).collect(&tree.host()).unwrap_err();
        assert!(error.to_string().contains("asking systemd over D-Bus"), "{error}");
        peer.join().unwrap();
    }
}
