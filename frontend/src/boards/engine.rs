//! Patterns of dashboards, run by the browser's own engine, whose dialect they are written in.

use crowsnest_dashboards::pattern::{Engine, Match, Pattern};
use js_sys::{Array, Object, Reflect, RegExp};
use wasm_bindgen::{JsCast, JsValue};

use crate::pattern::regexp;

/// The most matches of one pattern in one text.
const MOST: usize = 10_000;

/// JavaScript's `RegExp`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BrowserPatterns;

struct BrowserPattern(RegExp);

impl Engine for BrowserPatterns {
    fn compile(&self, source: &str, flags: &str) -> Option<Box<dyn Pattern>> {
        // `g`, so that a search goes on where the one before ended; `d` is not in every browser.
        let flags: String = flags.chars().filter(|flag| "imsu".contains(*flag)).chain(['g']).collect();
        Some(Box::new(BrowserPattern(regexp(source, &flags)?)))
    }
}

impl Pattern for BrowserPattern {
    fn find_all(&self, text: &str) -> Vec<Match> {
        let mut found = Vec::new();
        self.0.set_last_index(0);
        while let Some(groups) = self.0.exec(text)
            && found.len() < MOST
        {
            let Some(one) = read(text, groups.unchecked_ref()) else { break };
            // An empty match would be found again for ever.
            if one.span.0 == one.span.1 {
                self.0.set_last_index(self.0.last_index() + 1);
            }
            found.push(one);
        }
        found
    }

    fn is_match(&self, text: &str) -> bool {
        self.0.set_last_index(0);
        self.0.test(text)
    }
}

/// A match as `exec` gives it: groups by number, `index` in UTF-16, `groups` by name.
fn read(text: &str, groups: &Array) -> Option<Match> {
    let whole = groups.get(0).as_string()?;
    let index = Reflect::get(groups, &"index".into()).ok()?.as_f64()? as usize;
    let begin = byte_of(text, index);
    let named = Reflect::get(groups, &"groups".into()).ok().filter(JsValue::is_object);
    let named = named.map(|named| {
        let entries = Object::entries(named.unchecked_ref::<Object>());
        let entries: Vec<Array> = entries.iter().map(|entry| Array::from(&entry)).collect();
        let pair = |entry: &Array| Some((entry.get(0).as_string()?, entry.get(1).as_string()?));
        entries.iter().filter_map(pair).collect()
    });
    Some(Match {
        span: (begin, begin + whole.len()),
        groups: groups.iter().map(|group| group.as_string()).collect(),
        named: named.unwrap_or_default(),
    })
}

/// The byte at which the UTF-16 unit `index` of a text begins.
fn byte_of(text: &str, index: usize) -> usize {
    let mut units = 0;
    for (byte, letter) in text.char_indices() {
        if units >= index {
            return byte;
        }
        units += letter.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_the_browser_are_found_in_our_text() {
        assert_eq!([0, 1, 2, 4, 9].map(|index| byte_of("aé𝄞b", index)), [0, 1, 3, 7, 8]);
    }
}
