//! What only the browser knows: where words stand on the screen, and how a text is changed so that it can be undone.

use std::ops::Range;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element, HtmlDocument, HtmlTextAreaElement};

/// Between a word and what is shown below it, in pixels: as much as a line has below its letters.
const GAP: f64 = 5.0;

/// A place relative to the editor, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    /// How wide the editor is.
    pub(super) room: f64,
}

/// Replaces a stretch of a text area, in units of UTF-16. Undo takes it back where the browser still knows the old
/// command for it, which is the only way there is.
pub(super) fn replace(area: &HtmlTextAreaElement, from: u32, to: u32, text: &str) {
    let _ = area.focus();
    let _ = area.set_selection_range(from, to);
    let document = document().dyn_into::<HtmlDocument>().ok();
    let typed = document.is_some_and(|document| {
        let command = if text.is_empty() { "delete" } else { "insertText" };
        document.exec_command_with_show_ui_and_value(command, false, text) == Ok(true)
    });
    if !typed {
        let _ = area.set_range_text_with_start_and_end(text, from, to);
    }
}

/// Below the painted word that begins at or holds a byte, in the editor `root`.
pub(super) fn below(root: &Element, byte: usize) -> Option<Place> {
    let mut pieces = pieces(root);
    let (_, last) = pieces.last().cloned()?;
    let found = pieces.drain(..).find(|(range, _)| range.contains(&byte));
    Some(below_element(root, &found.map_or(last, |(_, piece)| piece)))
}

/// The byte at which the painted word at a point of the window begins, and the place below it.
pub(super) fn word_at(root: &Element, x: f64, y: f64) -> Option<(usize, Place)> {
    let is_here =
        |rect: &DomRect| rect.left() <= x && x < rect.right() && rect.top() <= y && y < rect.bottom();
    let (range, piece) = pieces(root).into_iter().find(|(_, piece)| {
        let rects = piece.get_client_rects();
        (0..rects.length()).filter_map(|at| rects.get(at)).any(|rect| is_here(&rect))
    })?;
    Some((range.start, below_element(root, &piece)))
}

/// The painted pieces and the bytes that they stand for.
fn pieces(root: &Element) -> Vec<(Range<usize>, Element)> {
    let Ok(list) = root.query_selector_all(".editor__paint > span") else { return Vec::new() };
    let mut end = 0;
    let pieces = (0..list.length()).filter_map(|at| list.get(at)?.dyn_into::<Element>().ok());
    pieces
        .map(|piece| {
            let start = end;
            end += piece.text_content().unwrap_or_default().len();
            (start..end, piece)
        })
        .collect()
}

fn below_element(root: &Element, element: &Element) -> Place {
    let (root, own) = (root.get_bounding_client_rect(), element.get_bounding_client_rect());
    // The first line of what is broken over several.
    let first = element.get_client_rects().get(0).unwrap_or(own);
    Place { left: first.left() - root.left(), top: first.bottom() - root.top() + GAP, room: root.width() }
}
