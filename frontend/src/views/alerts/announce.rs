//! Tells of alerts that begin to fire or are over, while the interface is open: at the edge of the page and, where the visitor wants it, by the browser.

use std::time::Duration;

use crowsnest_api::alerts::{Brief, Summary};
use leptos::prelude::*;

use super::browser;
use crate::alerts::{Known, News};
use crate::components::Tone;
use crate::i18n::{Msg, count, fill, use_lang};
use crate::notices::{Told, use_notices};
use crate::poll::is_hidden;
use crate::prefs::use_prefs;
use crate::router::{Page, Route};

/// So many are told of one by one; more at a time are told of as a number.
const ONE_BY_ONE: usize = 3;
/// How long the page tells of one.
const SEEN: Duration = Duration::from_secs(20);

/// What is told in one piece.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    tone: Tone,
    text: String,
    /// What there is to say beside it.
    more: String,
    way: String,
    /// One browser shows one of these only, also where several of its tabs tell the same.
    tag: String,
}

/// Shows nothing itself.
#[component]
pub(in crate::views) fn Announcer(
    /// What there was when the page was opened.
    first: Summary,
    now: Memo<Summary>,
) -> impl IntoView {
    let (lang, notices, prefs) = (use_lang(), use_notices(), use_prefs());
    let known = StoredValue::new(Known::of(&first));
    Effect::new(move || {
        let news = now.with(|now| known.try_update_value(|known| known.take(now)));
        let News { began, ended } = news.unwrap_or_default();
        let lang = lang.get_untracked();
        let is_seen = !is_hidden();
        let pieces =
            pieces(&began, Said { tone: worst(&began), one: Msg::AlertBegan, many: Msg::AlertsBegan }, lang)
                .into_iter()
                .chain(pieces(
                    &ended,
                    Said { tone: Tone::Ok, one: Msg::AlertEnded, many: Msg::AlertsEnded },
                    lang,
                ));
        for piece in pieces {
            if prefs.notify.get_untracked() {
                browser::show(&piece.text, &piece.more, &piece.tag, &piece.way);
            }
            // What nobody has seen stays until somebody has.
            let stays = is_seen.then_some(SEEN);
            notices.put(Told { tone: piece.tone, text: piece.text, way: Some(piece.way), stays });
        }
    });
}

/// The words for what has happened to alerts.
#[derive(Clone, Copy)]
struct Said {
    tone: Tone,
    one: Msg,
    many: Msg,
}

fn pieces(alerts: &[Brief], said: Said, lang: crate::i18n::Lang) -> Vec<Piece> {
    let page = Route::to(Page::Alerts);
    if alerts.len() > ONE_BY_ONE {
        let named: Vec<&str> = alerts.iter().take(ONE_BY_ONE).map(|one| one.words.as_str()).collect();
        return vec![Piece {
            tone: said.tone,
            text: count(lang, alerts.len(), said.many, said.many),
            more: format!("{} …", named.join("\n")),
            way: page.to_string(),
            tag: format!("{:?}", said.many),
        }];
    }
    let piece = |one: &Brief| Piece {
        tone: if said.tone == Tone::Ok { Tone::Ok } else { tone(one) },
        text: fill(said.one.text(lang), &[("what", &one.words)]),
        more: one.name.clone(),
        way: page.clone().with("alert", &one.fingerprint).to_string(),
        tag: one.fingerprint.clone(),
    };
    alerts.iter().map(piece).collect()
}

fn tone(alert: &Brief) -> Tone {
    if alert.critical { Tone::Critical } else { Tone::Warning }
}

fn worst(alerts: &[Brief]) -> Tone {
    if alerts.iter().any(|alert| alert.critical) { Tone::Critical } else { Tone::Warning }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn brief(fingerprint: &str, critical: bool) -> Brief {
        Brief {
            fingerprint: fingerprint.to_owned(),
            words: "It is full".to_owned(),
            critical,
            ..Brief::default()
        }
    }

    const BEGAN: Said = Said { tone: Tone::Critical, one: Msg::AlertBegan, many: Msg::AlertsBegan };

    #[test]
    fn a_few_are_told_of_one_by_one_and_lead_to_what_they_are_about() {
        let told = pieces(&[brief("1", true), brief("2", false)], BEGAN, Lang::English);
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].text.as_str(), told[0].tone), ("Firing: It is full", Tone::Critical));
        assert_eq!((told[1].way.as_str(), told[1].tone), ("#/alerts?alert=2", Tone::Warning));
    }

    #[test]
    fn many_at_once_are_told_of_as_a_number() {
        let many: Vec<Brief> = (0..4).map(|number| brief(&number.to_string(), false)).collect();
        let told = pieces(&many, BEGAN, Lang::Korean);
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((told.text.as_str(), told.way.as_str()), ("경보 4건이 발생했습니다", "#/alerts"));
    }
}
