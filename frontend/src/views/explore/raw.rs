//! The answer as the server writes it, indented, and where to ask for it.

use leptos::prelude::*;

use super::answer::Answered;
use crate::components::CopyButton;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::Feed;

/// More characters than this make a browser slow; the address has all of them.
const MOST: usize = 200_000;

/// The text, a link to it and a button that copies it.
#[component]
pub(super) fn Raw(feed: Feed<Answered>) -> impl IntoView {
    let lang = use_lang();
    let raw = Memo::new(move |_| {
        feed.value
            .with(|answered| answered.as_ref()?.raw.clone().map(|(address, text)| (address, indented(&text))))
    });
    let text = move |()| raw.get_untracked().map(|(_, text)| text).unwrap_or_default();
    let address = move || raw.get().map(|(address, _)| address);
    let shown = move || raw.with(|raw| raw.as_ref().map(|(_, text)| beginning(text).to_owned()));
    let rest = move || {
        let length = raw.with(|raw| raw.as_ref().map_or(0, |(_, text)| text.len()));
        (length > MOST).then(|| {
            let (shown, total) = ((MOST / 1_000).to_string(), (length / 1_000).to_string());
            let words = fill(Msg::RawCut.text(lang.get()), &[("shown", &shown), ("total", &total)]);
            view! { <p class="explore__rest">{words}</p> }
        })
    };
    view! {
        <div class="raw__head">
            <a class="raw__address mono" href=address target="_blank" rel="noopener" title=tr(Msg::RawOpen)>{address}</a>
            <CopyButton label=Msg::RawCopy text=text/>
        </div>
        <pre class="raw__text" tabindex="0" role="region" aria-label=tr(Msg::ViewRaw)>{shown}</pre>
        {rest}
    }
}

/// JSON over several lines; any other text as it is.
fn indented(text: &str) -> String {
    let parsed = js_sys::JSON::parse(text);
    let written = parsed.and_then(|parsed| {
        js_sys::JSON::stringify_with_replacer_and_space(&parsed, &wasm_bindgen::JsValue::NULL, &2.into())
    });
    written.ok().and_then(|text| text.as_string()).unwrap_or_else(|| text.to_owned())
}

/// So much of a text as is shown.
fn beginning(text: &str) -> &str {
    let end = (0..=MOST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(beginning("short"), "short");
        let long = format!("a{}", "대".repeat(MOST));
        assert!(beginning(&long).len() <= MOST && beginning(&long).ends_with('대'));
    }
}
