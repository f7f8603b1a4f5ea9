//! Canvases that plotters draws on, at the density of the screen.

use std::cell::RefCell;
use std::collections::HashMap;

use crowsnest_chart::{MeasureText, SUBPIXELS, Surface};
use leptos::prelude::document;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// A canvas as a plotters back-end.
pub(crate) struct PlotCanvas {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl PlotCanvas {
    /// The canvas, cleared and sized for `surface`. `None` where the browser gives no 2D context.
    pub(crate) fn cleared(canvas: HtmlCanvasElement, surface: Surface) -> Option<Self> {
        let context = context_of(&canvas)?;
        let pixels = |length: f64| (length * surface.scale).round().max(1.0) as u32;
        let (width, height) = (pixels(surface.width), pixels(surface.height));
        // Setting the size, even to what it is, throws the picture away and flashes.
        if (canvas.width(), canvas.height()) != (width, height) {
            canvas.set_width(width);
            canvas.set_height(height);
            // Whole device pixels on the page, too, or the browser would smooth the picture.
            let style = canvas.style();
            let _ = style.set_property("width", &format!("{}px", f64::from(width) / surface.scale));
            let _ = style.set_property("height", &format!("{}px", f64::from(height) / surface.scale));
        }
        context.reset_transform().ok()?;
        context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
        context.scale(1.0 / SUBPIXELS, 1.0 / SUBPIXELS).ok()?;
        context.set_line_join("round");
        Some(Self { canvas, context })
    }

    /// The back-end to draw with.
    pub(crate) fn backend(&self) -> Option<CanvasBackend> {
        debug_assert!(self.context.canvas().is_some(), "the context lives as long as its canvas");
        CanvasBackend::with_canvas_object(self.canvas.clone())
    }
}

/// The size that texts are measured in, CSS pixels.
const MEASURED: f64 = 10.5;

/// Measures text in the page's font, each text once.
pub(crate) struct PageText {
    context: CanvasRenderingContext2d,
    font: String,
    widths: RefCell<HashMap<String, f64>>,
}

thread_local! {
    /// A canvas that is never shown; made once, because measuring needs one and every chart measures.
    static RULER: Option<CanvasRenderingContext2d> = document()
        .create_element("canvas")
        .ok()
        .and_then(|element| element.dyn_into().ok())
        .and_then(|canvas| context_of(&canvas));
}

impl PageText {
    /// A ruler for the CSS font family list `font`.
    pub(crate) fn new(font: &str) -> Option<Self> {
        let context = RULER.with(Clone::clone)?;
        Some(Self { context, font: font.to_owned(), widths: RefCell::default() })
    }
}

impl MeasureText for PageText {
    fn width(&self, text: &str, size: f64) -> f64 {
        // One size is measured and the others follow from it: widths grow with the size.
        if let Some(width) = self.widths.borrow().get(text) {
            return width * size / MEASURED;
        }
        self.context.set_font(&format!("{MEASURED}px {}", self.font));
        let width = self.context.measure_text(text).map_or(0.0, |metrics| metrics.width());
        self.widths.borrow_mut().insert(text.to_owned(), width);
        width * size / MEASURED
    }
}

fn context_of(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}
