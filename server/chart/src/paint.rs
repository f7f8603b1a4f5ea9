//! Colours as dashboards write them: names, CSS, and what the theme decides.

use crowsnest_dashboards::field::named_color;

use crate::theme::{Color, Theme};

/// A colour that may depend on the theme, with its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paint {
    /// Of the palette, by index.
    Palette(usize),
    /// What is fine: the theme's own green, so that it is told apart and read in both themes.
    Fine,
    /// What needs a look: the theme's amber.
    Warning,
    /// What needs action: the theme's red.
    Critical,
    /// Of the ramp of heat, 0 to 1.
    Heat(f64),
    /// Words.
    Text,
    /// Words beside others.
    Muted,
    /// Nothing is drawn.
    Transparent,
    /// One colour in every theme, and its opacity from 0 to 1.
    Exact(Color, f64),
}

impl Paint {
    /// The colour that a dashboard means: `green`, `semi-dark-red`, `#1f60c4`, `rgba(…)`, `text`. The plain names of traffic lights are the theme's
    /// status colours. What is not known is [`Self::Muted`].
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text {
            "green" => return Self::Fine,
            "yellow" => return Self::Warning,
            "red" => return Self::Critical,
            "blue" => return Self::Palette(0),
            "orange" => return Self::Palette(1),
            "purple" => return Self::Palette(6),
            "text" => return Self::Text,
            "transparent" => return Self::Transparent,
            "" => return Self::Muted,
            _ => {}
        }
        let css = named_color(text).unwrap_or(text);
        css_color(css).map_or(Self::Muted, |(color, opacity)| Self::Exact(color, opacity))
    }

    /// The colour in `theme`, and its opacity.
    pub fn color(self, theme: &Theme) -> (Color, f64) {
        match self {
            Self::Palette(index) => (theme.palette_color(index), 1.0),
            Self::Fine => (theme.fine, 1.0),
            Self::Warning => (theme.warning, 1.0),
            Self::Critical => (theme.critical, 1.0),
            Self::Heat(share) => (theme.heat_color(share), 1.0),
            Self::Text => (theme.strong, 1.0),
            Self::Muted => (theme.text, 1.0),
            Self::Transparent => (theme.surface, 0.0),
            Self::Exact(color, opacity) => (color, opacity),
        }
    }

    /// The colour in `theme` for words on `ground`: moved towards black or white until it can be read.
    pub fn readable(self, ground: Color, theme: &Theme) -> Color {
        let (color, opacity) = self.color(theme);
        let color = if opacity < 0.2 { theme.strong } else { color.mix(ground, 1.0 - opacity) };
        color.readable_on(ground)
    }

    /// The colour in `theme` as CSS.
    pub fn css(self, theme: &Theme) -> String {
        let (Color { rgb: (r, g, b) }, opacity) = self.color(theme);
        if opacity >= 1.0 {
            format!("#{r:02x}{g:02x}{b:02x}")
        } else {
            format!("rgba({r}, {g}, {b}, {opacity})")
        }
    }
}

impl Color {
    /// `self` with a share of `other` in it.
    #[must_use]
    pub fn mix(self, other: Self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let one = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let (a, b) = (self.rgb, other.rgb);
        Self { rgb: (one(a.0, b.0), one(a.1, b.1), one(a.2, b.2)) }
    }

    /// Relative luminance, 0 to 1, as WCAG has it.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.rgb.0) + 0.7152 * linear(self.rgb.1) + 0.0722 * linear(self.rgb.2)
    }

    /// Contrast of the two, 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever is read better on `self`.
    #[must_use]
    pub fn ink(self) -> Self {
        let (black, white) = (Self { rgb: (0x16, 0x19, 0x1e) }, Self { rgb: (0xff, 0xff, 0xff) });
        if self.contrast(black) >= self.contrast(white) { black } else { white }
    }

    /// `self`, or as much nearer to black or white as it takes to stand out from `ground`.
    #[must_use]
    pub fn readable_on(self, ground: Self) -> Self {
        const ENOUGH: f64 = 3.6;
        let end = ground.ink();
        let steps = (0..=10).map(|step| self.mix(end, f64::from(step) / 10.0));
        steps.into_iter().find(|color| color.contrast(ground) >= ENOUGH).unwrap_or(end)
    }
}

/// A CSS colour and its opacity.
fn css_color(text: &str) -> Option<(Color, f64)> {
    let lower = text.to_ascii_lowercase();
    if let Some(color) = Color::parse(&lower) {
        return Some((color, 1.0));
    }
    if let Some(digits) = lower.strip_prefix('#')
        && digits.len() == 8
    {
        let alpha = u8::from_str_radix(digits.get(6..)?, 16).ok()?;
        return Some((Color::parse(&format!("#{}", digits.get(..6)?))?, f64::from(alpha) / 255.0));
    }
    for (name, is_hsl) in [("rgba(", false), ("rgb(", false), ("hsla(", true), ("hsl(", true)] {
        if let Some(inner) = lower.strip_prefix(name).and_then(|rest| rest.strip_suffix(')')) {
            return channels(inner, is_hsl);
        }
    }
    NAMES.iter().find(|(name, _)| *name == lower).and_then(|(_, hex)| Some((Color::parse(hex)?, 1.0)))
}

fn channels(inner: &str, is_hsl: bool) -> Option<(Color, f64)> {
    let parts = inner.split([',', '/', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let numbers: Vec<(f64, bool)> = parts
        .map(|part| {
            let number = part.trim_end_matches("deg");
            let percent = number.ends_with('%');
            let value: f64 = number.trim_end_matches('%').parse().ok()?;
            value.is_finite().then_some((value, percent))
        })
        .collect::<Option<_>>()?;
    let [a, b, c, rest @ ..] = numbers.as_slice() else { return None };
    let opacity = match rest {
        [] => 1.0,
        [(value, true)] => value / 100.0,
        [(value, false)] => *value,
        _ => return None,
    };
    let color = if is_hsl {
        hsl(a.0, b.0 / 100.0, c.0 / 100.0)
    } else {
        let one =
            |(value, percent): &(f64, bool)| (if *percent { value * 2.55 } else { *value }).round() as u8;
        Color { rgb: (one(a), one(b), one(c)) }
    };
    Some((color, opacity.clamp(0.0, 1.0)))
}

fn hsl(hue: f64, saturation: f64, lightness: f64) -> Color {
    let (saturation, lightness) = (saturation.clamp(0.0, 1.0), lightness.clamp(0.0, 1.0));
    let reach = saturation * lightness.min(1.0 - lightness);
    let one = |offset: f64| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        let value = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    };
    Color { rgb: (one(0.0), one(8.0), one(4.0)) }
}

/// The CSS names that dashboards have been seen to use.
const NAMES: &[(&str, &str)] = &[
    ("aqua", "#00ffff"),
    ("black", "#000000"),
    ("brown", "#a52a2a"),
    ("cyan", "#00ffff"),
    ("darkblue", "#00008b"),
    ("darkgreen", "#006400"),
    ("darkred", "#8b0000"),
    ("gray", "#808080"),
    ("grey", "#808080"),
    ("lightblue", "#add8e6"),
    ("lightgreen", "#90ee90"),
    ("magenta", "#ff00ff"),
    ("pink", "#ffc0cb"),
    ("silver", "#c0c0c0"),
    ("white", "#ffffff"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Paint::parse(text).css(&Theme::light()), expected, "{text}");
    }

    #[test]
    fn colours_are_read_as_dashboards_write_them() {
        check("green", "#17794a");
        check("semi-dark-red", "#e02f44");
        check("#299c46", "#299c46");
        check("#FFF", "#ffffff");
        check("#12345680", "rgba(18, 52, 86, 0.5019607843137255)");
        check("rgba(245, 54, 54, 0.9)", "rgba(245, 54, 54, 0.9)");
        check("hsl(120, 100%, 25%)", "#008000");
        check("White", "#ffffff");
        check("transparent", "rgba(255, 255, 255, 0)");
    }

    #[test]
    fn what_is_no_colour_is_grey() {
        for nonsense in ["", "url(x)", "red;background:url(x)", "rgb(1)", "hsl(a,b,c)", "#é", "expression(1)"]
        {
            assert_eq!(Paint::parse(nonsense), Paint::Muted, "{nonsense}");
        }
    }

    #[test]
    fn words_are_readable_on_their_ground() {
        for theme in [Theme::light(), Theme::dark()] {
            for text in ["green", "yellow", "#FADE2A", "white", "black", "super-light-blue", "dark-purple"] {
                let color = Paint::parse(text).readable(theme.surface, &theme);
                assert!(color.contrast(theme.surface) >= 3.5, "{text}");
            }
        }
    }
}
