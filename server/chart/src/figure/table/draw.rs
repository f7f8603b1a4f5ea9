//! A table as a picture.

use super::{CellKind, Column, ColumnAlign, TableCell, TableModel};
use crate::data::TimeRange;
use crate::figure::picture::Drawn;
use crate::figure::stat;
use crate::fit::cut;
use crate::layout::Rect;
use crate::scene::{Align, Surface, Type};
use crate::text::MeasureText;
use crate::theme::Theme;

const HEAD: f64 = 26.0;
const ROW: f64 = 26.0;
/// Space on either side of a cell's text.
const PAD: f64 = 8.0;
/// Rows that decide how wide a column is.
const MEASURED: usize = 60;
/// Least and most width of a column nobody set.
const WIDTHS: (f64, f64) = (44.0, 420.0);
const GAUGE: f64 = 72.0;
/// What a column of words keeps.
const LEAST_WORDS: f64 = 72.0;

impl TableModel {
    pub(in crate::figure) fn draw(&self, surface: Surface, theme: &Theme, text: &dyn MeasureText) -> Drawn {
        let mut drawn = Drawn::default();
        let widths = self.widths(surface.width, text);
        let mut y = 0.0;
        if self.has_head {
            self.line(&mut drawn, y, HEAD, &widths, theme, text, &|at, column| {
                let title = TableCell { text: column.title.clone(), ..TableCell::default() };
                let _ = at;
                (title, CellKind::Plain, Type::plain(11.0))
            });
            y += HEAD;
        }
        let foot = if self.foot.is_empty() { 0.0 } else { ROW };
        let room = ((surface.height - y - foot) / ROW).floor().max(0.0) as usize;
        let cut_off = self.rows.len() > room;
        let shown = if cut_off { room.saturating_sub(1) } else { self.rows.len() };
        for row in self.rows.iter().take(shown) {
            self.line(&mut drawn, y, ROW, &widths, theme, text, &|at, column| {
                let cell = row.get(at).cloned().unwrap_or_default();
                (cell, column.kind, Type::BODY)
            });
            y += ROW;
        }
        if cut_off && room > 0 {
            let words = format!("{shown} of {} rows", self.total);
            drawn.scene.text(&words, (PAD, y + ROW / 2.0), Align::Start, theme.text);
            y += ROW;
        }
        if foot > 0.0 {
            self.line(&mut drawn, y, ROW, &widths, theme, text, &|at, _| {
                let text = self.foot.get(at).cloned().unwrap_or_default();
                (TableCell { text, ..TableCell::default() }, CellKind::Plain, Type::strong(12.0))
            });
        }
        drawn
    }

    /// The width of each column: what was set, else what its texts need, stretched or pressed to the surface's.
    fn widths(&self, width: f64, text: &dyn MeasureText) -> Vec<f64> {
        let own = |(at, column): (usize, &Column)| {
            let cells = self.rows.iter().take(MEASURED).filter_map(|row| row.get(at));
            let widest = cells.map(|cell| text.width(&cell.text, Type::BODY.size)).fold(0.0, f64::max);
            let has_bar = matches!(column.kind, CellKind::Gauge | CellKind::Sparkline);
            let bar = if has_bar { GAUGE + PAD } else { 0.0 };
            let title = text.width(&column.title, 11.0);
            (widest + bar).max(title).min(WIDTHS.1).max(WIDTHS.0) + 2.0 * PAD
        };
        let natural: Vec<f64> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| column.width.unwrap_or_else(|| own((at, column))))
            .collect();
        // Where there is little room, words give way and numbers do not: half a number is another number. Columns that still do not fit are left out.
        let gives = |column: &Column| column.align == ColumnAlign::Start && column.width.is_none();
        let least: Vec<f64> = self
            .columns
            .iter()
            .zip(&natural)
            .map(|(column, own)| if gives(column) { own.min(LEAST_WORDS) } else { *own })
            .collect();
        let mut shown = 0;
        let mut needed = 0.0;
        for own in &least {
            if shown > 0 && needed + own > width {
                break;
            }
            needed += own;
            shown += 1;
        }
        let wanted: f64 = natural.iter().take(shown).sum();
        if wanted <= width {
            // Plenty of room is not spread without end.
            let factor = if wanted > 0.0 { (width / wanted).min(2.5) } else { 1.0 };
            return natural.into_iter().take(shown).map(|one| one * factor).collect();
        }
        let share =
            if wanted > needed { ((width - needed) / (wanted - needed)).clamp(0.0, 1.0) } else { 0.0 };
        least.iter().zip(&natural).take(shown).map(|(least, own)| least + (own - least) * share).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "a line of head, body or foot has all of this in common")]
    fn line(
        &self,
        drawn: &mut Drawn,
        y: f64,
        height: f64,
        widths: &[f64],
        theme: &Theme,
        text: &dyn MeasureText,
        cell: &dyn Fn(usize, &Column) -> (TableCell, CellKind, Type),
    ) {
        let end: f64 = widths.iter().sum();
        let mut x = 0.0;
        let row_ground = self.columns.iter().enumerate().find_map(|(at, column)| {
            let (cell, kind, _) = cell(at, column);
            cell.paint.filter(|_| kind == CellKind::ColoredRow)
        });
        if let Some(paint) = row_ground {
            drawn.scene.paint_rect(Rect { left: 0.0, top: y, width: end, height }, paint, theme);
        }
        for (at, (column, width)) in self.columns.iter().zip(widths).enumerate() {
            let (cell, kind, letters) = cell(at, column);
            let place = Rect { left: x, top: y, width: *width, height };
            self.cell(drawn, place, column, &cell, (kind, letters, row_ground.is_some()), theme, text);
            x += width;
        }
        drawn.scene.horizontal((0.0, end), y + height - 1.0, theme.line, 1.0);
    }

    #[expect(clippy::too_many_arguments, reason = "a cell is drawn by all of this")]
    fn cell(
        &self,
        drawn: &mut Drawn,
        place: Rect,
        column: &Column,
        cell: &TableCell,
        (kind, letters, on_ground): (CellKind, Type, bool),
        theme: &Theme,
        text: &dyn MeasureText,
    ) {
        let scene = &mut drawn.scene;
        let is_head = letters.size < Type::BODY.size;
        let mut color = if is_head { theme.text } else { theme.strong };
        let mut room = place.width - 2.0 * PAD;
        match (kind, cell.paint) {
            (CellKind::ColoredText, Some(paint)) => color = paint.readable(theme.surface, theme),
            (CellKind::ColoredGround, Some(paint)) => {
                let ground = Rect { height: place.height - 1.0, ..place };
                scene.paint_rect(ground, paint, theme);
                let (ground, opacity) = paint.color(theme);
                color = theme.surface.mix(ground, opacity).ink();
            }
            (CellKind::Gauge, paint) => {
                let bar = (room - text.width(&cell.text, letters.size) - PAD).max(16.0);
                let track =
                    Rect { left: place.left + PAD, top: place.center().1 - 3.0, width: bar, height: 6.0 };
                scene.fill_rect(track, theme.track, 1.0);
                let filled = Rect { width: bar * cell.share, ..track };
                scene.paint_rect(filled, paint.unwrap_or(crate::paint::Paint::Palette(0)), theme);
                room = (room - bar - PAD).max(0.0);
            }
            (CellKind::Sparkline, paint) if !cell.curve.is_empty() => {
                let words = if cell.hides_text { 0.0 } else { text.width(&cell.text, letters.size) + PAD };
                let width = (room - words).max(16.0);
                let curve = Rect {
                    left: place.left + PAD,
                    top: place.top + 4.0,
                    width,
                    height: (place.height - 8.0).max(4.0),
                };
                let (color, _) = paint.unwrap_or(crate::paint::Paint::Palette(0)).color(theme);
                let time = |point: Option<&(i64, f64)>| point.map_or(0, |(at, _)| *at);
                let range = TimeRange { start_ms: time(cell.curve.first()), end_ms: time(cell.curve.last()) };
                stat::curve(scene, &cell.curve, curve, range, color, theme);
                room = (room - width - PAD).max(0.0);
            }
            _ => {}
        }
        if kind == CellKind::Sparkline && cell.hides_text {
            return;
        }
        if on_ground && let Some(paint) = cell.paint {
            color = paint.color(theme).0.ink();
        }
        let is_beside = matches!(kind, CellKind::Gauge | CellKind::Sparkline);
        let align = if is_beside { ColumnAlign::End } else { column.align };
        let words = cut(&cell.text, room.max(0.0), letters, text);
        let (x, align) = match align {
            ColumnAlign::Start => (place.left + PAD, Align::Start),
            ColumnAlign::Middle => (place.center().0, Align::Middle),
            ColumnAlign::End => (place.right() - PAD, Align::End),
        };
        scene.words(&words, (x, place.center().1), align, color, letters);
    }
}
