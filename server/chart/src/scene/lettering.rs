//! Text in pictures.

use std::borrow::Cow;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontError, IntoFont, RGBAColor, TextStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, FontFamily, FontStyle};

use super::{Align, Dialect, Surface};
use crate::text::{ApproximateText, MeasureText};
use crate::theme::{Color, Theme};

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    /// In CSS pixels.
    pub size: f64,
    /// Heavier than the rest.
    pub strong: bool,
}

impl Type {
    /// Labels of axes.
    pub const TICK: Self = Self { size: Theme::TICK_SIZE, strong: false };
    /// Names, cells of tables.
    pub const BODY: Self = Self { size: 12.0, strong: false };
    /// Titles of panels.
    pub const TITLE: Self = Self { size: 12.5, strong: true };

    /// Heavy, of that size.
    pub fn strong(size: f64) -> Self {
        Self { size, strong: true }
    }

    /// Of that size.
    pub fn plain(size: f64) -> Self {
        Self { size, strong: false }
    }
}

/// The longest text of a mark, in characters; more cannot be seen.
const LONGEST: usize = 400;

/// `text` as one line without characters that no picture may hold: controls, which XML forbids, and those that turn the direction of what
/// follows.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    if text.len() <= LONGEST && !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(LONGEST).map(|c| if bad(c) { ' ' } else { c }).collect())
}

/// plotters' text style without its fonts: the browser and SVG viewers set the text, so nothing is looked up here,
/// and SVG works whether or not some other crate turned plotters' font features on.
pub(super) struct Lettering<'a> {
    color: Color,
    font: &'a str,
    /// In back-end units.
    size: f64,
    strong: bool,
    align: Align,
}

impl<'a> Lettering<'a> {
    pub(super) fn new(color: Color, font: &'a str, kind: Type, align: Align, surface: Surface) -> Self {
        let correction = match surface.dialect {
            Dialect::Canvas => 1.0,
            Dialect::Svg => 1.24,
        };
        Self { color, font, size: kind.size * surface.units() * correction, strong: kind.strong, align }
    }
}

impl BackendTextStyle for Lettering<'_> {
    type FontError = FontError;

    fn color(&self) -> BackendColor {
        BackendColor { alpha: 1.0, rgb: self.color.rgb }
    }

    fn size(&self) -> f64 {
        self.size
    }

    fn style(&self) -> FontStyle {
        if self.strong { FontStyle::Bold } else { FontStyle::Normal }
    }

    fn anchor(&self) -> Pos {
        let horizontal = match self.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        Pos::new(horizontal, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::from(self.font)
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Self::FontError> {
        let width = ApproximateText.width(text, self.size);
        Ok(((0, 0), (width.round() as i32, self.size.round() as i32)))
    }

    fn draw<E, DrawFunc: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        pos: BackendCoord,
        draw: DrawFunc,
    ) -> Result<Result<(), E>, Self::FontError> {
        // Only back-ends without text of their own ask for pixels; they take plotters' own, registered font.
        let (r, g, b) = self.color.rgb;
        TextStyle::from(("sans-serif", self.size).into_font())
            .color(&RGBAColor(r, g, b, 1.0))
            .pos(self.anchor())
            .draw(text, pos, draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_leaves_the_text() {
        assert_eq!(clean("a\u{0}b\nc\u{202e}d"), "a b c d");
        assert_eq!(clean("데이터 없음"), "데이터 없음");
        assert_eq!(clean(&"x".repeat(10_000)).len(), LONGEST);
    }
}
