//! What looks like a secret, without knowing it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MASKED;

/// Such as `password_file`, `--token-file`: what follows says where a secret is, and is none.
pub(super) fn names_file(key: &str) -> bool {
    let key = key.trim_end_matches(['"', '\'', ' ', ':', '=']).to_ascii_lowercase();
    key.ends_with("file") || key.ends_with("dir")
}

#[expect(clippy::expect_used, reason = "constants, which the tests compile")]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is well-formed")
}

/// `password: x`, `"client_secret": "x"`, `token=x`, `Authorization: x`: the key in 1, the value in 2.
pub(super) static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r#"(?i)([\w.-]*(?:password|passwd|secret|token|credential|api[_-]?key|routing_key|service_key|user_key"#,
        r#"|authorization|cookie|key-data|private[_-]?key)[\w.-]*["']?\s*[=:]\s*)"#,
        r#"("[^"\n]*"|'[^'\n]*'|[^\s,;&{}\[\]"']+)"#
    ))
});
/// Addresses that receivers have: whoever has one of Slack's may post there.
pub(super) static URLS: LazyLock<Regex> =
    LazyLock::new(|| compiled(r#"(?i)([\w]*url["']?\s*:\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;{}\[\]"']+)"#));
/// `https://user:password@host`.
static USERINFO: LazyLock<Regex> = LazyLock::new(|| compiled(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@?#]+@"));
static SCHEMES: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=~-]{6,}"));

/// What is a secret whatever stands before it.
pub(super) static ALONE: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        // A private key, whole or cut short.
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        // A JSON Web Token, as ServiceAccounts have.
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",
        // A bootstrap token.
        r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
        // Addresses that are secrets themselves.
        r"https://(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|[a-z0-9.-]*webhook\.office\.com)/[^\s\x22']+",
    ]
    .map(compiled)
});

pub(super) fn hide_likely(text: &str) -> String {
    let mut text = text.to_owned();
    for net in ALONE.iter() {
        text = net.replace_all(&text, MASKED).into_owned();
    }
    let text = USERINFO.replace_all(&text, format!("${{1}}{MASKED}@"));
    let text = SCHEMES.replace_all(&text, format!("${{1}} {MASKED}"));
    let hidden = NAMED.replace_all(&text, |found: &Captures<'_>| {
        let [key, value] = [1, 2].map(|group| found.get(group).map_or("", |part| part.as_str()));
        // Of `Authorization: Bearer <masked>` the first word remains.
        let is_harmless = names_file(key)
            || value.contains(MASKED)
            || ["bearer", "basic"].contains(&value.to_ascii_lowercase().as_str());
        if is_harmless {
            return format!("{key}{value}");
        }
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\'')).map(String::from);
        let quote = quote.unwrap_or_default();
        format!("{key}{quote}{MASKED}{quote}")
    });
    hidden.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(hide_likely(text), expected);
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_without_being_known() {
        check("a\n-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----\nb", "a\n<masked>\nb");
        check("-----BEGIN PRIVATE KEY-----\nMIGH", "<masked>");
        check("got eyJhbGciOiJSUzI1.eyJpc3MiOiJr.c2ln from", "got <masked> from");
        check("join abcdef.0123456789abcdef", "join <masked>");
        check("get https://ann:hunter22@nest.example/x", "get https://<masked>@nest.example/x");
        check("Authorization: Bearer abcdefgh", "Authorization: Bearer <masked>");
        check("authorization=Basic YW5uOmh1bnRlcg==", "authorization=Basic <masked>");
        check(r#"{"client_secret": "hunter22", "n": 1}"#, r#"{"client_secret": "<masked>", "n": 1}"#);
        check("POST /x?token=hunter22&n=1", "POST /x?token=<masked>&n=1");
        check("smtp_auth_password: 'hunter 22'", "smtp_auth_password: '<masked>'");
        check("client-key-data: aHVudGVy", "client-key-data: <masked>");
        check("at https://hooks.slack.com/services/T0/B0/xyz done", "at <masked> done");
    }

    #[test]
    fn where_secrets_are_and_what_is_none_stays() {
        for text in [
            r#""static-token-file": "/etc/crowsnest/users.yaml""#,
            "password_file: /run/secrets/p",
            "--token-file /x",
            "up{job=\"a\"} 1",
            "blocks/0000000001.block 984",
            "https://nest.example:8443/p/",
            "sample is too old",
        ] {
            check(text, text);
        }
    }
}
