//! How wide a text is.

/// Tells how wide text will be on the surface at hand.
pub trait MeasureText {
    /// Width of `text` in CSS pixels, set in the theme's font at `size` CSS pixels.
    fn width(&self, text: &str, size: f64) -> f64;
}

/// Widths without a font: those of the Helvetica family, which the others are close to.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApproximateText;

impl MeasureText for ApproximateText {
    fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|c| advance(c) * size).sum()
    }
}

/// Advance width in em.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' => 0.222,
        ' ' | '.' | ',' | ':' | ';' | '/' | 'f' | 't' | 'I' | '!' | '|' => 0.278,
        '-' | 'r' | '(' | ')' => 0.333,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 0.5,
        'm' | 'M' => 0.833,
        'w' | 'G' | 'O' | 'Q' => 0.778,
        '%' => 0.889,
        'W' => 0.944,
        'A'..='Z' => 0.67,
        c if u32::from(c) >= 0x1100 => 1.0,
        _ => 0.556,
    }
}
