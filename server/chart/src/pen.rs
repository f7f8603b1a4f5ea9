//! Drawing in CSS pixels with fractions over a back-end that counts in whole numbers.
//!
//! plotters places everything on integers. So every coordinate is multiplied by [`SUBPIXELS`], and the surface is
//! scaled down by as much: the canvas by its transform, SVG by its view box. A line of 1.5 px is then 12 units wide,
//! and positions are exact to an eighth of a device pixel, while hairlines land on whole device pixels.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontError, IntoFont, RGBAColor, ShapeStyle, TextStyle};
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontFamily, FontStyle,
};

use crate::text::{ApproximateText, MeasureText};
use crate::theme::{Color, Theme};

/// Back-end units per device pixel.
pub const SUBPIXELS: f64 = 8.0;

/// What is drawn on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// Device pixels per CSS pixel.
    pub scale: f64,
    /// Which back-end it is.
    pub dialect: Dialect,
}

/// Where back-ends differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A canvas whose transform scales by 1 / [`SUBPIXELS`].
    Canvas,
    /// plotters' SVG, which writes fonts smaller by 1.24 than it is asked to.
    Svg,
}

impl Surface {
    /// A canvas of so many CSS pixels.
    pub fn canvas(width: f64, height: f64, scale: f64) -> Self {
        Self { width, height, scale, dialect: Dialect::Canvas }
    }

    /// Back-end units per CSS pixel.
    pub fn units(&self) -> f64 {
        self.scale * SUBPIXELS
    }
}

/// A failure of the back-end.
pub(crate) type DrawError<DB> = DrawingErrorKind<<DB as DrawingBackend>::ErrorType>;

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// Draws in CSS pixels.
pub(crate) struct Pen<'a, DB: DrawingBackend> {
    backend: &'a mut DB,
    surface: Surface,
}

impl<'a, DB: DrawingBackend> Pen<'a, DB> {
    pub(crate) fn new(backend: &'a mut DB, surface: Surface) -> Self {
        Self { backend, surface }
    }

    /// A line through `points`.
    pub(crate) fn polyline(
        &mut self,
        points: &[(f64, f64)],
        width: f64,
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        if points.len() < 2 {
            return Ok(());
        }
        let units = self.surface.units();
        let style = stroke(color, opacity, width * units);
        self.backend.draw_path(points.iter().map(|point| to_units(*point, units)), &style)
    }

    /// A line through `points`, broken into dashes that follow it round corners.
    pub(crate) fn dashed(
        &mut self,
        points: &[(f64, f64)],
        width: f64,
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        for dash in dashes(points) {
            self.polyline(&dash, width, color, opacity)?;
        }
        Ok(())
    }

    /// A filled polygon.
    pub(crate) fn polygon(
        &mut self,
        points: &[(f64, f64)],
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        if points.len() < 3 {
            return Ok(());
        }
        let units = self.surface.units();
        let style = fill(color, opacity);
        self.backend.fill_polygon(points.iter().map(|point| to_units(*point, units)), &style)
    }

    /// A filled rectangle, its edges moved to whole device pixels.
    pub(crate) fn rect(
        &mut self,
        (left, top): (f64, f64),
        (right, bottom): (f64, f64),
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        let snap = |(x, y)| (self.snapped(x), self.snapped(y));
        let (from, to) = (snap((left, top)), snap((right, bottom)));
        if to.0 <= from.0 || to.1 <= from.1 {
            return Ok(());
        }
        self.backend.draw_rect(from, to, &fill(color, opacity), true)
    }

    /// A hairline along the pixel row that `y` falls on.
    pub(crate) fn horizontal(
        &mut self,
        (from, to): (f64, f64),
        y: f64,
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        let (top, thickness) = (self.snapped(y), self.hairline());
        let (left, right) = (self.snapped(from), self.snapped(to));
        self.backend.draw_rect((left, top), (right, top + thickness), &fill(color, opacity), true)
    }

    /// A hairline along the pixel column that `x` falls on.
    pub(crate) fn vertical(
        &mut self,
        x: f64,
        (from, to): (f64, f64),
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        let (left, thickness) = (self.snapped(x), self.hairline());
        let (top, bottom) = (self.snapped(from), self.snapped(to));
        self.backend.draw_rect((left, top), (left + thickness, bottom), &fill(color, opacity), true)
    }

    /// A horizontal hairline of dashes.
    pub(crate) fn dashed_horizontal(
        &mut self,
        (from, to): (f64, f64),
        y: f64,
        color: Color,
    ) -> Result<(), DrawError<DB>> {
        for (start, end) in dash_stretches(from, to) {
            self.horizontal((start, end), y, color, 1.0)?;
        }
        Ok(())
    }

    /// A vertical hairline of dashes.
    pub(crate) fn dashed_vertical(
        &mut self,
        x: f64,
        (from, to): (f64, f64),
        color: Color,
    ) -> Result<(), DrawError<DB>> {
        for (start, end) in dash_stretches(from, to) {
            self.vertical(x, (start, end), color, 1.0)?;
        }
        Ok(())
    }

    /// A filled circle.
    pub(crate) fn dot(
        &mut self,
        center: (f64, f64),
        radius: f64,
        color: Color,
        opacity: f64,
    ) -> Result<(), DrawError<DB>> {
        let units = self.surface.units();
        let radius = (radius * units).round() as u32;
        self.backend.draw_circle(to_units(center, units), radius, &fill(color, opacity), true)
    }

    /// A text whose middle line lies at `y`, in the size of tick labels.
    pub(crate) fn text(
        &mut self,
        text: &str,
        (x, y): (f64, f64),
        align: Align,
        color: Color,
        font: &str,
    ) -> Result<(), DrawError<DB>> {
        let units = self.surface.units();
        let correction = match self.surface.dialect {
            Dialect::Canvas => 1.0,
            Dialect::Svg => 1.24,
        };
        let style = Lettering { color, font, size: Theme::TICK_SIZE * units * correction, align };
        self.backend.draw_text(text, &style, to_units((x, y), units))
    }

    /// The back-end unit of the device pixel edge next to `position`.
    fn snapped(&self, position: f64) -> i32 {
        ((position * self.surface.scale).round() * SUBPIXELS) as i32
    }

    /// One CSS pixel in whole device pixels, in back-end units.
    fn hairline(&self) -> i32 {
        (self.surface.scale.round().max(1.0) * SUBPIXELS) as i32
    }
}

/// Lengths of dash and space in CSS pixels.
const DASH: (f64, f64) = (4.0, 3.0);

fn dash_stretches(from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
    let count = ((to - from) / (DASH.0 + DASH.1)).ceil().clamp(0.0, 10_000.0) as usize;
    (0..count).map(move |index| {
        let start = from + index as f64 * (DASH.0 + DASH.1);
        (start, (start + DASH.0).min(to))
    })
}

/// The dashes of a polyline.
fn dashes(points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut dashes = Vec::new();
    let mut current: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let mut drawing = true;
    let mut left = DASH.0;
    for pair in points.windows(2) {
        let [from, to] = pair else { continue };
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (from.0 + (to.0 - from.0) * done / length, from.1 + (to.1 - from.1) * done / length);
            if drawing {
                current.push(at);
                dashes.push(std::mem::take(&mut current));
            } else {
                current = vec![at];
            }
            drawing = !drawing;
            left = if drawing { DASH.0 } else { DASH.1 };
        }
        left -= length - done;
        if drawing {
            current.push(*to);
        }
    }
    if drawing {
        dashes.push(current);
    }
    dashes
}

fn to_units((x, y): (f64, f64), units: f64) -> BackendCoord {
    ((x * units).round() as i32, (y * units).round() as i32)
}

fn rgba(color: Color, opacity: f64) -> RGBAColor {
    let (r, g, b) = color.rgb;
    RGBAColor(r, g, b, opacity)
}

fn fill(color: Color, opacity: f64) -> ShapeStyle {
    ShapeStyle { color: rgba(color, opacity), filled: true, stroke_width: 0 }
}

fn stroke(color: Color, opacity: f64, width: f64) -> ShapeStyle {
    ShapeStyle { color: rgba(color, opacity), filled: false, stroke_width: width.round().max(1.0) as u32 }
}

/// plotters' text style without its fonts: the browser and SVG viewers set the text, so nothing is looked up here,
/// and SVG works whether or not some other crate turned plotters' font features on.
struct Lettering<'a> {
    color: Color,
    font: &'a str,
    /// In back-end units.
    size: f64,
    align: Align,
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
        FontStyle::Normal
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
        // Only bitmap back-ends ask for pixels; they take plotters' own, registered font.
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
    fn dashes_follow_the_line_round_a_corner() {
        let drawn = dashes(&[(0.0, 0.0), (6.0, 0.0), (6.0, 20.0)]);
        assert_eq!(drawn[0], vec![(0.0, 0.0), (4.0, 0.0)]);
        assert_eq!(drawn[1], vec![(6.0, 1.0), (6.0, 5.0)]);
    }

    #[test]
    fn a_dash_that_turns_keeps_the_corner() {
        let drawn = dashes(&[(0.0, 0.0), (2.0, 0.0), (2.0, 9.0)]);
        assert_eq!(drawn[0], vec![(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)]);
    }
}
