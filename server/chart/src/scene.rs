//! A picture as a list of marks, in CSS pixels with fractions, and playing it on a back-end that counts in whole numbers.
//!
//! Everything drawn is recorded first, so that what draws a kind of panel is plain code that knows no back-end, and pictures can be put
//! into others. plotters places everything on integers. So every coordinate is multiplied by [`SUBPIXELS`] when a scene is played, and the
//! surface is scaled down by as much: the canvas by its transform, SVG by its view box. A line of 1.5 px is then 12
//! units wide, and positions are exact to an eighth of a device pixel, while hairlines land on whole device pixels.

mod dash;
mod lettering;

use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

pub use lettering::Type;
pub(crate) use lettering::clean;

use crate::layout::Rect;
use crate::paint::Paint;
use crate::theme::{Color, Theme};
use dash::{dash_stretches, dashes};
use lettering::Lettering;

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
    /// A canvas or bitmap whose transform scales by 1 / [`SUBPIXELS`].
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

    /// The whole of it.
    pub(crate) fn rect(&self) -> Rect {
        Rect { left: 0.0, top: 0.0, width: self.width, height: self.height }
    }
}

/// A failure of the back-end.
pub type DrawError<DB> = DrawingErrorKind<<DB as DrawingBackend>::ErrorType>;

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// A colour and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tint {
    color: Color,
    opacity: f64,
}

/// Where a mark's points lie in the scene's list.
type Span = (usize, usize);

#[derive(Clone, Debug, PartialEq)]
enum Mark {
    Path { points: Span, width: f64, tint: Tint },
    Polygon { points: Span, tint: Tint },
    Rect { from: (f64, f64), to: (f64, f64), tint: Tint },
    Row { from: f64, to: f64, y: f64, tint: Tint },
    Column { x: f64, from: f64, to: f64, tint: Tint },
    Dot { center: (f64, f64), radius: f64, tint: Tint },
    Text { text: Box<str>, at: (f64, f64), align: Align, color: Color, kind: Type },
}

/// Marks from the back to the front.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    marks: Vec<Mark>,
    points: Vec<(f64, f64)>,
}

impl Scene {
    /// How many marks it has.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Puts `other` in front, moved by whole pixels.
    pub fn put(&mut self, other: &Self, (dx, dy): (f64, f64)) {
        let before = self.points.len();
        self.points.extend(other.points.iter().map(|(x, y)| (x + dx, y + dy)));
        let moved = |(x, y): (f64, f64)| (x + dx, y + dy);
        let later = |(from, to): Span| (from + before, to + before);
        self.marks.extend(other.marks.iter().cloned().map(|mark| match mark {
            Mark::Path { points, width, tint } => Mark::Path { points: later(points), width, tint },
            Mark::Polygon { points, tint } => Mark::Polygon { points: later(points), tint },
            Mark::Rect { from, to, tint } => Mark::Rect { from: moved(from), to: moved(to), tint },
            Mark::Row { from, to, y, tint } => Mark::Row { from: from + dx, to: to + dx, y: y + dy, tint },
            Mark::Column { x, from, to, tint } => {
                Mark::Column { x: x + dx, from: from + dy, to: to + dy, tint }
            }
            Mark::Dot { center, radius, tint } => Mark::Dot { center: moved(center), radius, tint },
            Mark::Text { text, at, align, color, kind } => {
                Mark::Text { text, at: moved(at), align, color, kind }
            }
        }));
    }

    /// Draws all marks. The surface must be clear.
    ///
    /// # Errors
    /// What the back-end reports; a canvas reports nothing in practice.
    pub fn play<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        surface: Surface,
        font: &str,
    ) -> Result<(), DrawError<DB>> {
        let grid = Grid { units: surface.units(), scale: surface.scale };
        let span =
            |(from, to): Span| self.points.get(from..to).unwrap_or_default().iter().map(|at| grid.units(*at));
        for mark in &self.marks {
            match mark {
                Mark::Path { points, width, tint } => {
                    backend.draw_path(span(*points), &stroke(*tint, width * grid.units))?;
                }
                Mark::Polygon { points, tint } => backend.fill_polygon(span(*points), &fill(*tint))?,
                Mark::Rect { from, to, tint } => {
                    let (from, to) = (grid.snapped(*from), grid.snapped(*to));
                    if to.0 > from.0 && to.1 > from.1 {
                        backend.draw_rect(from, to, &fill(*tint), true)?;
                    }
                }
                Mark::Row { from, to, y, tint } => {
                    let (start, end) = (grid.snapped((*from, *y)), grid.snapped((*to, *y)));
                    backend.draw_rect(start, (end.0, end.1 + grid.hairline()), &fill(*tint), true)?;
                }
                Mark::Column { x, from, to, tint } => {
                    let (start, end) = (grid.snapped((*x, *from)), grid.snapped((*x, *to)));
                    backend.draw_rect(start, (end.0 + grid.hairline(), end.1), &fill(*tint), true)?;
                }
                Mark::Dot { center, radius, tint } => {
                    let radius = (radius * grid.units).round() as u32;
                    backend.draw_circle(grid.units(*center), radius, &fill(*tint), true)?;
                }
                Mark::Text { text, at, align, color, kind } => {
                    let style = Lettering::new(*color, font, *kind, *align, surface);
                    backend.draw_text(text, &style, grid.units(*at))?;
                }
            }
        }
        Ok(())
    }

    /// A line through `points`.
    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], width: f64, color: Color, opacity: f64) {
        if points.len() >= 2 {
            let points = self.remember(points);
            self.marks.push(Mark::Path { points, width, tint: Tint { color, opacity } });
        }
    }

    /// A line through `points`, broken into dashes that follow it round corners. `pattern` is the lengths of dash and space in CSS pixels.
    pub(crate) fn dashed(
        &mut self,
        points: &[(f64, f64)],
        width: f64,
        pattern: (f64, f64),
        color: Color,
        opacity: f64,
    ) {
        for dash in dashes(points, pattern) {
            self.polyline(&dash, width, color, opacity);
        }
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], color: Color, opacity: f64) {
        if points.len() >= 3 && opacity > 0.0 {
            let points = self.remember(points);
            self.marks.push(Mark::Polygon { points, tint: Tint { color, opacity } });
        }
    }

    /// A filled rectangle, its edges moved to whole device pixels.
    pub(crate) fn rect(&mut self, from: (f64, f64), to: (f64, f64), color: Color, opacity: f64) {
        if opacity > 0.0 {
            self.marks.push(Mark::Rect { from, to, tint: Tint { color, opacity } });
        }
    }

    /// A filled rectangle.
    pub(crate) fn fill_rect(&mut self, rect: Rect, color: Color, opacity: f64) {
        self.rect((rect.left, rect.top), (rect.right(), rect.bottom()), color, opacity);
    }

    /// A filled rectangle of a paint.
    pub(crate) fn paint_rect(&mut self, rect: Rect, paint: Paint, theme: &Theme) {
        let (color, opacity) = paint.color(theme);
        self.fill_rect(rect, color, opacity);
    }

    /// A hairline frame within `rect`.
    pub(crate) fn frame(&mut self, rect: Rect, color: Color) {
        let (right, bottom) = (rect.right() - 1.0, rect.bottom() - 1.0);
        for y in [rect.top, bottom] {
            self.horizontal((rect.left, rect.right()), y, color, 1.0);
        }
        for x in [rect.left, right] {
            self.vertical(x, (rect.top, rect.bottom()), color, 1.0);
        }
    }

    /// A hairline along the pixel row that `y` falls on.
    pub(crate) fn horizontal(&mut self, (from, to): (f64, f64), y: f64, color: Color, opacity: f64) {
        self.marks.push(Mark::Row { from, to, y, tint: Tint { color, opacity } });
    }

    /// A hairline along the pixel column that `x` falls on.
    pub(crate) fn vertical(&mut self, x: f64, (from, to): (f64, f64), color: Color, opacity: f64) {
        self.marks.push(Mark::Column { x, from, to, tint: Tint { color, opacity } });
    }

    /// A horizontal hairline of dashes.
    pub(crate) fn dashed_horizontal(&mut self, (from, to): (f64, f64), y: f64, color: Color) {
        for (start, end) in dash_stretches(from, to) {
            self.horizontal((start, end), y, color, 1.0);
        }
    }

    /// A vertical hairline of dashes.
    pub(crate) fn dashed_vertical(&mut self, x: f64, (from, to): (f64, f64), color: Color) {
        for (start, end) in dash_stretches(from, to) {
            self.vertical(x, (start, end), color, 1.0);
        }
    }

    /// A filled circle.
    pub(crate) fn dot(&mut self, center: (f64, f64), radius: f64, color: Color, opacity: f64) {
        self.marks.push(Mark::Dot { center, radius, tint: Tint { color, opacity } });
    }

    /// A text whose middle line lies at `y`, in the size of tick labels.
    pub(crate) fn text(&mut self, text: &str, at: (f64, f64), align: Align, color: Color) {
        self.words(text, at, align, color, Type::TICK);
    }

    /// A text whose middle line lies at `y`.
    pub(crate) fn words(&mut self, text: &str, at: (f64, f64), align: Align, color: Color, kind: Type) {
        let text = clean(text);
        if !text.trim().is_empty() {
            self.marks.push(Mark::Text { text: text.into(), at, align, color, kind });
        }
    }

    fn remember(&mut self, points: &[(f64, f64)]) -> Span {
        let from = self.points.len();
        self.points.extend_from_slice(points);
        (from, self.points.len())
    }
}

/// From CSS pixels to back-end units.
#[derive(Clone, Copy)]
struct Grid {
    units: f64,
    scale: f64,
}

impl Grid {
    fn units(self, (x, y): (f64, f64)) -> BackendCoord {
        ((x * self.units).round() as i32, (y * self.units).round() as i32)
    }

    /// The unit of the device pixel edge next to the position.
    fn snapped(self, (x, y): (f64, f64)) -> BackendCoord {
        let one = |position: f64| ((position * self.scale).round() * SUBPIXELS) as i32;
        (one(x), one(y))
    }

    /// One CSS pixel in whole device pixels.
    fn hairline(self) -> i32 {
        (self.scale.round().max(1.0) * SUBPIXELS) as i32
    }
}

fn rgba(tint: Tint) -> RGBAColor {
    let (r, g, b) = tint.color.rgb;
    RGBAColor(r, g, b, tint.opacity)
}

fn fill(tint: Tint) -> ShapeStyle {
    ShapeStyle { color: rgba(tint), filled: true, stroke_width: 0 }
}

fn stroke(tint: Tint, width: f64) -> ShapeStyle {
    ShapeStyle { color: rgba(tint), filled: false, stroke_width: width.round().max(1.0) as u32 }
}
