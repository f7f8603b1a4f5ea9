//! Languages: every word the interface shows comes from one table, [`messages`].
//!
//! What the server says (error messages, label values, PromQL) is shown as it came.

mod messages;

use leptos::prelude::*;

pub(crate) use messages::Msg;

/// The languages of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    English,
    Korean,
}

impl Lang {
    /// In the order they are offered.
    pub(crate) const ALL: &[Self] = &[Self::English, Self::Korean];

    /// The BCP 47 tag, for the `lang` attribute and for storage.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// Its name in itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Korean => "한국어",
        }
    }

    /// The language of a tag such as `ko-KR`; English where it is another.
    pub(crate) fn from_tag(tag: &str) -> Self {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL
            .iter()
            .copied()
            .find(|lang| lang.tag().eq_ignore_ascii_case(primary))
            .unwrap_or(Self::English)
    }
}

/// Words for a thing: ours, in every language, or somebody else's, which are shown as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Ours(Msg),
    Theirs(&'static str),
}

impl Words {
    /// The words in `lang`.
    pub(crate) fn text(self, lang: Lang) -> &'static str {
        match self {
            Self::Ours(msg) => msg.text(lang),
            Self::Theirs(words) => words,
        }
    }
}

impl Msg {
    /// This message where words of either sort can stand.
    pub(crate) const fn words(self) -> Words {
        Words::Ours(self)
    }
}

impl From<Msg> for Words {
    fn from(msg: Msg) -> Self {
        Self::Ours(msg)
    }
}

/// The current language, from the context.
pub(crate) fn use_lang() -> Signal<Lang> {
    expect_context()
}

/// The words of `msg`, following the language; for use inside `view!`.
pub(crate) fn tr(words: impl Into<Words>) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let (lang, words) = (use_lang(), words.into());
    move || words.text(lang.get())
}

/// `template` with each `{name}` replaced by its value. Names without a value stay, so that a mistake is seen.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let value = after.split_once('}').and_then(|(name, tail)| {
            values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value, tail))
        });
        match value {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The words for `count` things: `one` for exactly one, else `many`, with `{n}` filled in.
pub(crate) fn count(lang: Lang, count: usize, one: Msg, many: Msg) -> String {
    let msg = if count == 1 { one } else { many };
    fill(msg.text(lang), &[("n", &count.to_string())])
}

/// "5 of 12"; the number alone where all are shown, and nothing where there are none.
pub(crate) fn shown_of(lang: Lang, shown: usize, total: usize) -> String {
    match total {
        0 => String::new(),
        _ if shown == total => total.to_string(),
        _ => {
            let values = [shown.to_string(), total.to_string()];
            let [shown, total] = values.each_ref().map(String::as_str);
            fill(Msg::Shown.text(lang), &[("shown", shown), ("total", total)])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn a_number_stands_alone_where_all_are_shown() {
        let words = |shown, total| shown_of(Lang::English, shown, total);
        assert_eq!([words(0, 0), words(7, 7), words(2, 7)], ["", "7", "2 of 7"]);
    }

    #[test]
    fn every_message_has_words_in_both_languages() {
        for msg in Msg::ALL {
            let (english, korean) = (msg.text(Lang::English), msg.text(Lang::Korean));
            assert!(!english.trim().is_empty() && !korean.trim().is_empty(), "{msg:?} has no words");
            assert_eq!(placeholders(english), placeholders(korean), "{msg:?} loses a value");
        }
    }

    #[test]
    fn korean_is_korean_and_english_is_not() {
        let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        // Names, units and symbols that read the same in both.
        let alike = ["CPU", "YAML"];
        for msg in Msg::ALL {
            let (english, korean) = (msg.text(Lang::English), msg.text(Lang::Korean));
            assert!(!hangul(english), "{msg:?} is Korean in English");
            assert!(
                hangul(korean) || (english == korean && alike.contains(&english)),
                "{msg:?} is not translated"
            );
        }
    }

    #[test]
    fn words_follow_the_house_rules() {
        for msg in Msg::ALL {
            let english = msg.text(Lang::English);
            assert!(!english.contains('!'), "{msg:?} shouts");
            let lower = english.to_lowercase();
            assert!(
                !lower.contains("please") && !lower.contains("oops") && !lower.contains("sorry"),
                "{msg:?}"
            );
        }
    }

    #[test]
    fn a_value_is_filled_in_and_a_missing_one_is_seen() {
        assert_eq!(fill("{n} of {total}", &[("n", "2"), ("total", "5")]), "2 of 5");
        assert_eq!(fill("{n} of {total}", &[("n", "{total}")]), "{total} of {total}");
        assert_eq!(fill("open { brace", &[("n", "2")]), "open { brace");
    }

    #[test]
    fn an_unknown_language_falls_back_to_english() {
        assert_eq!(Lang::from_tag("ko-KR"), Lang::Korean);
        assert_eq!(Lang::from_tag("KO"), Lang::Korean);
        assert_eq!(Lang::from_tag("fi"), Lang::English);
        assert_eq!(Lang::from_tag(""), Lang::English);
    }
}
