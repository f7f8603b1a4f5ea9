//! What an HTTP status means for the batch that was sent.
//!
//! The remote-write specification asks senders to retry 5xx, allows 429, and forbids to retry other 4xx. We part from
//! it for statuses that speak about the set-up and not about the batch (a wrong token, a wrong path, a proxy in
//! between): dropping a day's queue because a token expired would be the worse answer.

use http::StatusCode;

/// What to do with the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server has it: remove it.
    Accepted,
    /// The server cannot take anything now: try again.
    Retry,
    /// The server takes nothing until somebody changes something: keep it, and try again slowly.
    FixSetup,
    /// The server will never take this batch: drop and count it.
    Refused,
}

impl Verdict {
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Accepted,
            // A redirect is not followed: the token was meant for the host that was named.
            300..=399 | 401 | 402 | 403 | 404 | 405 | 407 | 421 | 426 => Self::FixSetup,
            408 | 425 | 429 => Self::Retry,
            400..=499 => Self::Refused,
            _ => Self::Retry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_about_the_batch_drop_it_and_all_others_keep_it() {
        let of = |status| Verdict::of(StatusCode::from_u16(status).unwrap());
        assert!([200, 204].iter().all(|&status| of(status) == Verdict::Accepted));
        assert!([400, 413, 415, 422].iter().all(|&status| of(status) == Verdict::Refused));
        assert!([301, 308, 401, 403, 404, 405].iter().all(|&status| of(status) == Verdict::FixSetup));
        assert!([408, 429, 500, 502, 503, 504, 599].iter().all(|&status| of(status) == Verdict::Retry));
    }
}
