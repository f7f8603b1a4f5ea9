//! Pictures as PNG: a plotters back-end that fills paths smoothly, and a face whose outlines are the text.

use std::io::Write;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{GlyphId, OutlineBuilder};

use crate::scene::{Dialect, SUBPIXELS, Scene, Surface};
use crate::text::MeasureText;
use crate::theme::Color;

/// Rows that are drawn at a time: a picture as high as a dashboard never is in memory as a whole.
const BAND: u32 = 512;
/// Heavy letters are drawn with an edge of this many em.
const HEAVY: f32 = 0.034;

/// Why there is no picture.
#[derive(Debug)]
pub enum PngError {
    /// It has no size, or too large a one.
    Size,
    /// It could not be written.
    Write(png::EncodingError),
}

impl std::fmt::Display for PngError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Size => f.write_str("the picture has no size that can be drawn"),
            Self::Write(_) => f.write_str("cannot write the picture"),
        }
    }
}

impl std::error::Error for PngError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Size => None,
            Self::Write(error) => Some(error),
        }
    }
}

/// A typeface: outlines and widths.
pub struct Face<'a> {
    face: ttf_parser::Face<'a>,
    /// Of a size of 1.
    unit: f32,
}

impl<'a> Face<'a> {
    /// The first face of a TrueType or OpenType file; `None` when it is not one.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let face = ttf_parser::Face::parse(bytes, 0).ok()?;
        let unit = 1.0 / f32::from(face.units_per_em().max(1));
        Some(Self { face, unit })
    }

    /// The glyph of a character; that for what is missing where there is none.
    fn glyph(&self, c: char) -> GlyphId {
        self.face.glyph_index(c).unwrap_or(GlyphId(0))
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * self.unit
    }

    /// The outlines of `text` with its left end at `x` and its middle line at `y`.
    fn outlines(&self, text: &str, (mut x, y): (f32, f32), size: f32) -> Option<Path> {
        // The middle of small letters, as browsers have it for text in the middle.
        let middle = f32::from(self.face.x_height().unwrap_or(1000)) * self.unit * 0.5 + 0.08;
        let mut builder =
            Outline { path: PathBuilder::new(), x, y: y + middle * size, size: size * self.unit };
        for c in text.chars() {
            let glyph = self.glyph(c);
            builder.x = x;
            self.face.outline_glyph(glyph, &mut builder);
            x += self.advance(glyph) * size;
        }
        builder.path.finish()
    }
}

impl MeasureText for Face<'_> {
    fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|c| f64::from(self.advance(self.glyph(c)))).sum::<f64>() * size
    }
}

/// Takes outlines of glyphs to where they stand.
struct Outline {
    path: PathBuilder,
    x: f32,
    y: f32,
    size: f32,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.size, self.y - y * self.size)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Writes `scene` as a PNG of `width` by `height` CSS pixels, `scale` device pixels each, on `ground`.
///
/// # Errors
/// When the size is none, or `out` takes no more.
pub fn scene_png<W: Write>(
    scene: &Scene,
    (width, height): (u32, u32),
    scale: u32,
    ground: Color,
    face: &Face<'_>,
    out: W,
) -> Result<(), PngError> {
    let (columns, rows) = match (width.checked_mul(scale), height.checked_mul(scale)) {
        (Some(columns), Some(rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => return Err(PngError::Size),
    };
    let mut encoder = png::Encoder::new(out, columns, rows);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(PngError::Write)?;
    let mut stream = writer.stream_writer().map_err(PngError::Write)?;
    let surface = Surface {
        width: f64::from(width),
        height: f64::from(height),
        scale: f64::from(scale),
        dialect: Dialect::Canvas,
    };
    let (r, g, b) = ground.rgb;
    let mut row = Vec::with_capacity(columns as usize * 3);
    for top in (0..rows).step_by(BAND as usize) {
        let pixmap = Pixmap::new(columns, BAND.min(rows - top)).ok_or(PngError::Size)?;
        let mut band = Band { pixmap, top: top as f32, face };
        band.pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
        // The back-end reports nothing: it draws into memory.
        let _ = scene.play(&mut band, surface, "");
        for pixels in band.pixmap.pixels().chunks(columns as usize) {
            row.clear();
            row.extend(pixels.iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]));
            stream.write_all(&row).map_err(|error| PngError::Write(error.into()))?;
        }
    }
    stream.finish().map_err(PngError::Write)
}

/// Some rows of a picture.
struct Band<'a> {
    pixmap: Pixmap,
    top: f32,
    face: &'a Face<'a>,
}

type Drawn = Result<(), DrawingErrorKind<std::convert::Infallible>>;

impl Band<'_> {
    fn at(&self, (x, y): BackendCoord) -> (f32, f32) {
        (x as f32 / SUBPIXELS as f32, y as f32 / SUBPIXELS as f32 - self.top)
    }

    /// Whether anything between two rows, in this band's pixels, is in it.
    fn sees(&self, low: f32, high: f32) -> bool {
        high >= -2.0 && low <= self.pixmap.height() as f32 + 2.0
    }

    fn path(&self, points: impl IntoIterator<Item = BackendCoord>) -> Option<Path> {
        let mut builder = PathBuilder::new();
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for point in points {
            let (x, y) = self.at(point);
            (low, high) = (low.min(y), high.max(y));
            if builder.is_empty() { builder.move_to(x, y) } else { builder.line_to(x, y) }
        }
        if self.sees(low - 8.0, high + 8.0) { builder.finish() } else { None }
    }

    fn fill(&mut self, path: &Path, color: BackendColor) {
        let paint = paint(color);
        self.pixmap.fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    fn stroke(&mut self, path: &Path, color: BackendColor, width: f32) {
        let stroke =
            Stroke { width, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
        self.pixmap.stroke_path(path, &paint(color), &stroke, Transform::identity(), None);
    }
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (r, g, b) = color.rgb;
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, (color.alpha.clamp(0.0, 1.0) * 255.0).round() as u8);
    paint.anti_alias = true;
    paint
}

impl DrawingBackend for Band<'_> {
    type ErrorType = std::convert::Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.pixmap.width() * SUBPIXELS as u32, self.pixmap.height() * SUBPIXELS as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let (x, y) = self.at(point);
        if let Some(rect) = Rect::from_xywh(x, y, 1.0, 1.0) {
            self.pixmap.fill_rect(rect, &paint(color), Transform::identity(), None);
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        _: bool,
    ) -> Drawn {
        let ((left, top), (right, bottom)) = (self.at(from), self.at(to));
        if self.sees(top, bottom)
            && let Some(rect) = Rect::from_ltrb(left, top, right, bottom)
        {
            // Edges are on whole pixels already.
            let mut paint = paint(style.color());
            paint.anti_alias = false;
            self.pixmap.fill_rect(rect, &paint, Transform::identity(), None);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if let Some(path) = self.path(path) {
            self.stroke(&path, style.color(), style.stroke_width() as f32 / SUBPIXELS as f32);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        if let Some(path) = self.path(points) {
            self.fill(&path, style.color());
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        _: bool,
    ) -> Drawn {
        let (x, y) = self.at(center);
        let radius = radius as f32 / SUBPIXELS as f32;
        if self.sees(y - radius, y + radius)
            && let Some(path) = PathBuilder::from_circle(x, y, radius)
        {
            self.fill(&path, style.color());
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let size = (style.size() / SUBPIXELS) as f32;
        let (x, y) = self.at(at);
        if !self.sees(y - size, y + size) {
            return Ok(());
        }
        let width = self.face.width(text, f64::from(size)) as f32;
        let x = match style.anchor().h_pos {
            plotters_backend::text_anchor::HPos::Left => x,
            plotters_backend::text_anchor::HPos::Center => x - width / 2.0,
            plotters_backend::text_anchor::HPos::Right => x - width,
        };
        if let Some(path) = self.face.outlines(text, (x, y), size) {
            self.fill(&path, style.color());
            if matches!(style.style(), FontStyle::Bold) {
                self.stroke(&path, style.color(), size * HEAVY);
            }
        }
        Ok(())
    }
}
