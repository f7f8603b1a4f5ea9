//! What is wrong with a source, and what to do about it.

use crowsnest_api::sources::{Limits, RefusalReason, Source};

use crate::components::Tone;
use crate::i18n::Msg;

/// For how long a refusal is worth a look, in seconds.
const LATELY: f64 = 3600.0;

/// A sender that may end at any time is quiet after so long, in seconds.
const QUIET: f64 = 300.0;
/// The share of the series that it may have at which a source is near its limit.
const NEAR: f64 = 0.8;

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Silent,
    /// It pushes, and some of it was refused within the hour.
    Refused,
    /// It has most of the series that it may have.
    NearLimit,
    Pushing,
    /// It pushes no more, and need not.
    Quiet,
}

impl State {
    /// `now` in seconds since the epoch.
    pub(super) fn of(source: &Source, limits: &Limits, now: f64) -> Self {
        let lately = |at: f64| now - at < LATELY;
        match &source.last_refusal {
            _ if source.silent => Self::Silent,
            Some(refusal) if lately(refusal.at) => Self::Refused,
            _ if is_near(source, limits) => Self::NearLimit,
            _ if source.way.may_end() && now - source.last_push > QUIET => Self::Quiet,
            _ => Self::Pushing,
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Silent => Tone::Critical,
            Self::Refused | Self::NearLimit => Tone::Warning,
            Self::Pushing => Tone::Ok,
            Self::Quiet => Tone::Done,
        }
    }

    pub(super) fn word(self) -> Msg {
        match self {
            Self::Silent => Msg::SourceSilent,
            Self::Refused => Msg::SourceRefused,
            Self::NearLimit => Msg::SourceNearLimit,
            Self::Pushing => Msg::SourcePushing,
            Self::Quiet => Msg::SourceQuiet,
        }
    }
}

/// Whether a source has most of the series that it may have.
fn is_near(source: &Source, limits: &Limits) -> bool {
    limits.series_per_source > 0 && source.series as f64 >= NEAR * limits.series_per_source as f64
}

/// Why samples were refused, in few words.
pub(super) fn word(reason: RefusalReason) -> Msg {
    match reason {
        RefusalReason::TooOld => Msg::RefusedTooOld,
        RefusalReason::BeyondRetention => Msg::RefusedBeyondRetention,
        RefusalReason::TooNew => Msg::RefusedTooNew,
        RefusalReason::Conflict => Msg::RefusedConflict,
        RefusalReason::InvalidHistogram | RefusalReason::InvalidPoint | RefusalReason::InvalidLabels => {
            Msg::RefusedInvalid
        }
        RefusalReason::SeriesLimit => Msg::RefusedSeriesLimit,
        RefusalReason::SourceSeriesLimit => Msg::RefusedSourceSeriesLimit,
        RefusalReason::Rate => Msg::RefusedRate,
        RefusalReason::Push => Msg::RefusedPush,
    }
}

/// What to do about samples that are refused.
pub(super) fn advice(reason: RefusalReason) -> Msg {
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
        RefusalReason::Rate => Msg::AdviceRate,
        RefusalReason::Push => Msg::AdvicePush,
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::sources::{Refusal, Way};

    use super::*;

    #[test]
    fn silence_is_worse_than_a_refusal_and_an_old_refusal_is_none() {
        let refusal = Refusal { at: 1000.0, reason: RefusalReason::TooOld, message: String::new() };
        let mut source = Source { last_refusal: Some(refusal), ..Source::default() };
        let of = |source: &Source, now| State::of(source, &Limits::default(), now);
        assert_eq!(of(&source, 1000.0 + LATELY / 2.0), State::Refused);
        assert_eq!(of(&source, 1000.0 + 2.0 * LATELY), State::Pushing);
        source.silent = true;
        assert_eq!(of(&source, 1000.0), State::Silent);
    }

    #[test]
    fn one_that_may_end_is_quiet_where_another_would_be_silent() {
        let mut source = Source { way: Way::OtlpHttp, last_push: 1000.0, ..Source::default() };
        let of = |source: &Source, now| State::of(source, &Limits::default(), now);
        assert_eq!(of(&source, 1000.0 + QUIET), State::Pushing);
        assert_eq!(of(&source, 1001.0 + QUIET), State::Quiet);
        source.way = Way::RemoteWrite2;
        assert_eq!(of(&source, 1001.0 + QUIET), State::Pushing, "the server says when it is silent");
    }

    #[test]
    fn a_source_is_told_before_its_series_are_refused() {
        let limits = Limits { series_per_source: 1000, samples_per_second: None };
        let of = |series| State::of(&Source { series, ..Source::default() }, &limits, 0.0);
        assert_eq!((of(799), of(800)), (State::Pushing, State::NearLimit));
    }
}
