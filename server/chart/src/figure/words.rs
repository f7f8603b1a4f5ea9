//! Text panels: blocks for a page, and a plain setting of them for pictures.

use crowsnest_dashboards::interpolate::{Format, interpolate};
use crowsnest_dashboards::json;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::prose::{Block, Inline, html, markdown, plain};

use super::FigureContext;
use super::picture::Drawn;
use crate::fit::{cut, wrap};
use crate::scene::{Align, Surface, Type};
use crate::text::MeasureText;
use crate::theme::{Color, Theme};

/// The blocks of a text panel, its variables filled in. Values that go in are text: they cannot bring markup.
pub(super) fn read(panel: &Panel, context: &FigureContext<'_>) -> Vec<Block> {
    let text = json::text(&panel.options, "content").unwrap_or_default();
    let mode = json::text(&panel.options, "mode").unwrap_or_default();
    let scope = context.variables;
    match mode.as_str() {
        "html" => html(&interpolate(&text, scope, &Format::Html)),
        "code" | "text" => vec![Block::Code(interpolate(&text, scope, &Format::Text))],
        _ => markdown(&interpolate(&text, scope, &Format::Html)),
    }
}

/// Where the next line goes.
struct Setting<'a> {
    drawn: Drawn,
    y: f64,
    surface: Surface,
    theme: &'a Theme,
    text: &'a dyn MeasureText,
}

pub(super) fn draw(blocks: &[Block], surface: Surface, theme: &Theme, text: &dyn MeasureText) -> Drawn {
    let mut setting = Setting { drawn: Drawn::default(), y: 4.0, surface, theme, text };
    setting.blocks(blocks, 8.0, "");
    setting.drawn
}

impl Setting<'_> {
    fn blocks(&mut self, blocks: &[Block], left: f64, mark: &str) {
        let mut mark = mark.to_owned();
        for block in blocks {
            if self.y > self.surface.height {
                return;
            }
            let (strong, soft) = (self.theme.strong, self.theme.soft);
            match block {
                Block::Heading(level, inlines) => {
                    let size = [19.0, 16.0, 14.0].get(usize::from(*level) - 1).copied().unwrap_or(12.5);
                    self.lines(&plain(inlines), left, &mark, Type::strong(size), strong);
                }
                Block::Paragraph(inlines) => {
                    let color = if inlines.iter().all(|one| matches!(one, Inline::Link { .. })) {
                        self.theme.annotation
                    } else {
                        strong
                    };
                    self.lines(&plain(inlines), left, &mark, Type::BODY, color);
                }
                Block::Code(code) => {
                    for line in code.lines().take(200) {
                        self.lines(line, left, "", Type::plain(11.5), soft);
                        self.y -= 6.0;
                    }
                    self.y += 6.0;
                }
                Block::Quote(inside) => self.blocks(inside, left + 12.0, ""),
                Block::List { start, items } => {
                    for (at, item) in items.iter().enumerate() {
                        let mark = start.map_or_else(
                            || "•".to_owned(),
                            |start| format!("{}.", start.saturating_add(at as u64)),
                        );
                        self.blocks(item, left + 18.0, &mark);
                        self.y -= 4.0;
                    }
                    self.y += 4.0;
                }
                Block::Rule => {
                    self.drawn.scene.horizontal(
                        (left, self.surface.width - 8.0),
                        self.y + 4.0,
                        self.theme.line,
                        1.0,
                    );
                    self.y += 12.0;
                }
                Block::Table { head, rows } => self.table(*head, rows, left),
            }
            mark.clear();
        }
    }

    fn lines(&mut self, words: &str, left: f64, mark: &str, letters: Type, color: Color) {
        let height = (letters.size * 1.45).round();
        self.drawn.scene.words(
            mark,
            (left - 6.0, self.y + height / 2.0),
            Align::End,
            self.theme.soft,
            letters,
        );
        for line in words.lines() {
            for line in wrap(line, self.surface.width - left - 8.0, letters, self.text) {
                if self.y + height > self.surface.height + 2.0 {
                    return;
                }
                self.drawn.scene.words(&line, (left, self.y + height / 2.0), Align::Start, color, letters);
                self.y += height;
            }
        }
        self.y += 6.0;
    }

    fn table(&mut self, head: bool, rows: &[Vec<Vec<Inline>>], left: f64) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let width = (self.surface.width - left - 8.0) / columns as f64;
        for (at, row) in rows.iter().enumerate() {
            if self.y + 22.0 > self.surface.height {
                return;
            }
            let letters = if head && at == 0 { Type::strong(12.0) } else { Type::BODY };
            for (column, cell) in row.iter().enumerate() {
                let words = cut(&plain(cell), width - 10.0, letters, self.text);
                let x = left + width * column as f64;
                self.drawn.scene.words(&words, (x, self.y + 11.0), Align::Start, self.theme.strong, letters);
            }
            self.y += 22.0;
            self.drawn.scene.horizontal((left, self.surface.width - 8.0), self.y, self.theme.line, 1.0);
        }
        self.y += 8.0;
    }
}
