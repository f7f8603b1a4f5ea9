//! What is wrong with a source, and what to do about it.

use crowsnest_api::sources::{RefusalReason, Source};

use crate::components::Tone;
use crate::i18n::Msg;

/// For how long a refusal is worth a look, in seconds.
const LATELY: f64 = 3600.0;

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Silent,
    /// It pushes, and some of it was refused within the hour.
    Refused,
    Pushing,
}

impl State {
    /// `now` in seconds since the epoch.
    pub(super) fn of(source: &Source, now: f64) -> Self {
        let lately = |at: f64| now - at < LATELY;
        match &source.last_refusal {
            _ if source.silent => Self::Silent,
            Some(refusal) if lately(refusal.at) => Self::Refused,
            _ => Self::Pushing,
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Silent => Tone::Critical,
            Self::Refused => Tone::Warning,
            Self::Pushing => Tone::Ok,
        }
    }

    pub(super) fn word(self) -> Msg {
        match self {
            Self::Silent => Msg::SourceSilent,
            Self::Refused => Msg::SourceRefused,
            Self::Pushing => Msg::SourcePushing,
        }
    }
}

/// What to do about samples that are refused.
pub(super) fn advice(reason: &RefusalReason) -> Msg {
    match reason {
        RefusalReason::TooOld => Msg::AdviceTooOld,
        RefusalReason::BeyondRetention => Msg::AdviceBeyondRetention,
        RefusalReason::TooNew => Msg::AdviceTooNew,
        RefusalReason::Conflict => Msg::AdviceConflict,
        RefusalReason::InvalidHistogram | RefusalReason::InvalidPoint | RefusalReason::InvalidLabels => {
            Msg::AdviceInvalid
        }
        RefusalReason::SeriesLimit => Msg::AdviceSeriesLimit,
        RefusalReason::SourceSeriesLimit => Msg::AdviceSourceSeriesLimit,
        RefusalReason::Push => Msg::AdvicePush,
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::sources::Refusal;

    use super::*;

    #[test]
    fn silence_is_worse_than_a_refusal_and_an_old_refusal_is_none() {
        let refusal = Refusal { at: 1000.0, reason: RefusalReason::TooOld, message: String::new() };
        let mut source = Source { last_refusal: Some(refusal), ..Source::default() };
        assert_eq!(State::of(&source, 1000.0 + LATELY / 2.0), State::Refused);
        assert_eq!(State::of(&source, 1000.0 + 2.0 * LATELY), State::Pushing);
        source.silent = true;
        assert_eq!(State::of(&source, 1000.0), State::Silent);
    }
}
