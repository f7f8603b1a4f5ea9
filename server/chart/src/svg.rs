//! Pictures as SVG text.

use plotters::prelude::SVGBackend;
use plotters_backend::DrawingBackend;

use crate::chart::Chart;
use crate::scene::{Dialect, SUBPIXELS, Scene, Surface};
use crate::spec::ChartSpec;
use crate::text::{ApproximateText, MeasureText};
use crate::theme::Theme;

/// `spec` as an SVG document of `width` by `height` pixels. `None` when plotters' SVG back-end reports an error, which
/// it has no reason to: it writes into memory and needs no fonts.
pub fn render_svg(spec: &ChartSpec<'_>, size: (u32, u32), theme: &Theme) -> Option<String> {
    let chart = Chart::prepare(spec, svg_surface(size), &ApproximateText);
    scene_svg(&chart.scene(theme, &ApproximateText as &dyn MeasureText), size, &theme.font)
}

/// The surface of an SVG document of so many pixels.
pub fn svg_surface((width, height): (u32, u32)) -> Surface {
    Surface { width: f64::from(width), height: f64::from(height), scale: 1.0, dialect: Dialect::Svg }
}

/// `scene` as an SVG document of `width` by `height` pixels with the CSS font family list `font`.
pub fn scene_svg(scene: &Scene, (width, height): (u32, u32), font: &str) -> Option<String> {
    let mut svg = String::new();
    let units = SUBPIXELS as u32;
    {
        let mut backend = SVGBackend::with_string(&mut svg, (width * units, height * units));
        scene.play(&mut backend, svg_surface((width, height)), font).ok()?;
        backend.present().ok()?;
    }
    // The view box stays in back-end units; the document has the size that was asked for. Corners are round, as on
    // the canvas.
    let (oversized, sized) = (
        format!("width=\"{}\" height=\"{}\"", width * units, height * units),
        format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\""),
    );
    Some(svg.replacen(&oversized, &sized, 1))
}
