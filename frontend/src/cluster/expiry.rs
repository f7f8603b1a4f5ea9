//! When a certificate's end is worth a word.

use crowsnest_api::about::{Certificate, CertificateOf};

use crate::i18n::{Lang, Msg, fill};
use crate::range::DAY;
use crate::verdict::Severity;
use crate::{components::Tone, format};

/// What a certificate is for, in words, and how many days before its end that is to be looked at, and is broken.
const ROWS: &[(CertificateOf, Msg, i64, i64)] = &[
    // This one is made anew a month before its end, those of others a third of their time before.
    (CertificateOf::Server, Msg::CertificateServer, 14, 3),
    (CertificateOf::ServerAuthority, Msg::CertificateServerAuthority, 60, 14),
    (CertificateOf::ApiServer, Msg::CertificateApiServer, 30, 7),
    (CertificateOf::ApiAuthority, Msg::CertificateApiAuthority, 90, 30),
    (CertificateOf::Session, Msg::CertificateSession, 1, 0),
    (CertificateOf::CertManager, Msg::CertificateManaged, 14, 3),
    (CertificateOf::Secret, Msg::CertificateSecret, 14, 3),
    (CertificateOf::SigningRequest, Msg::CertificateSigned, 0, 0),
];

/// What a certificate is for.
pub(crate) fn words(of: CertificateOf) -> Msg {
    ROWS.iter().find(|row| row.0 == of).map_or(Msg::CertificateSigned, |row| row.1)
}

/// How bad it is that a certificate ends when it does; none while there is time. Whoever asked for a certificate once has
/// long had a new one: the end of one that was signed on request says nothing.
pub(crate) fn severity(certificate: &Certificate, now: i64) -> Option<Severity> {
    let (_, _, look, broken) = ROWS.iter().find(|row| row.0 == certificate.of)?;
    if certificate.of == CertificateOf::SigningRequest {
        return None;
    }
    let left = left(certificate, now);
    if left <= broken * DAY {
        Some(Severity::Critical)
    } else if left <= look * DAY {
        Some(Severity::Warning)
    } else {
        None
    }
}

/// Milliseconds until the end; below zero after it.
pub(crate) fn left(certificate: &Certificate, now: i64) -> i64 {
    (certificate.ends * 1e3) as i64 - now
}

/// "in 12 d", "3 h ago".
pub(crate) fn left_words(lang: Lang, left: i64) -> String {
    let msg = if left < 0 { Msg::EndedAgo } else { Msg::EndsIn };
    fill(msg.text(lang), &[("time", &format::age(lang, left.abs()))])
}

/// The colour of an end.
pub(crate) fn tone(certificate: &Certificate, now: i64) -> Tone {
    match severity(certificate, now) {
        Some(Severity::Critical) => Tone::Critical,
        Some(Severity::Warning) => Tone::Warning,
        None if left(certificate, now) < 0 => Tone::Done,
        None => Tone::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(of: CertificateOf, days: i64, expected: Option<Severity>) {
        let now = 1_800_000_000_000;
        let ends = (now + days * DAY) as f64 / 1e3;
        let certificate =
            Certificate { of, namespace: String::new(), name: String::new(), issuer: String::new(), ends };
        assert_eq!(severity(&certificate, now), expected, "{of:?} {days}");
    }

    #[test]
    fn an_end_is_told_of_in_time_and_one_of_those_signed_on_request_never() {
        check(CertificateOf::ApiServer, 31, None);
        check(CertificateOf::ApiServer, 29, Some(Severity::Warning));
        check(CertificateOf::ApiServer, 6, Some(Severity::Critical));
        check(CertificateOf::Secret, -1, Some(Severity::Critical));
        check(CertificateOf::Session, 2, None);
        check(CertificateOf::SigningRequest, -1, None);
    }

    #[test]
    fn an_end_is_told_before_and_after_it() {
        assert_eq!(left_words(Lang::English, 3 * DAY), "in 3 d");
        assert_eq!(left_words(Lang::English, -3 * DAY), "3 d ago");
    }
}
