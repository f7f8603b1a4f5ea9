//! Colours of heat maps as dashboards choose them: a named scheme, or one colour that becomes dense.
//!
//! The names are those of Grafana's heat map, the colours those of ColorBrewer and matplotlib, as d3-scale-chromatic has them.

use crowsnest_dashboards::json;
use serde_json::Value;

use crate::paint::Paint;
use crate::theme::{Color, Theme};

/// Which end of a scheme stands for little: the one next to the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turned {
    /// In the dark theme, for what goes from light to dark.
    InDark,
    /// In the light theme, for what goes from dark to light.
    InLight,
    /// Always, for what goes from bad to good.
    Always,
    /// Never.
    Never,
}

/// Name, when it is turned around, and its colours.
type Scheme = (&'static str, Turned, &'static [u32]);

#[rustfmt::skip]
const SCHEMES: &[Scheme] = &[
    ("Blues", Turned::InDark, &[0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b]),
    ("BrBG", Turned::Never, &[0x543005, 0x8c510a, 0xbf812d, 0xdfc27d, 0xf6e8c3, 0xf5f5f5, 0xc7eae5, 0x80cdc1, 0x35978f, 0x01665e, 0x003c30]),
    ("BuGn", Turned::InDark, &[0xf7fcfd, 0xe5f5f9, 0xccece6, 0x99d8c9, 0x66c2a4, 0x41ae76, 0x238b45, 0x006d2c, 0x00441b]),
    ("BuPu", Turned::InDark, &[0xf7fcfd, 0xe0ecf4, 0xbfd3e6, 0x9ebcda, 0x8c96c6, 0x8c6bb1, 0x88419d, 0x810f7c, 0x4d004b]),
    ("Cividis", Turned::InLight, &[0x00204d, 0x00336f, 0x39486b, 0x575c6d, 0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xe4cf5b, 0xffea46]),
    ("GnBu", Turned::InDark, &[0xf7fcf0, 0xe0f3db, 0xccebc5, 0xa8ddb5, 0x7bccc4, 0x4eb3d3, 0x2b8cbe, 0x0868ac, 0x084081]),
    ("Greens", Turned::InDark, &[0xf7fcf5, 0xe5f5e0, 0xc7e9c0, 0xa1d99b, 0x74c476, 0x41ab5d, 0x238b45, 0x006d2c, 0x00441b]),
    ("Greys", Turned::InDark, &[0xffffff, 0xf0f0f0, 0xd9d9d9, 0xbdbdbd, 0x969696, 0x737373, 0x525252, 0x252525, 0x000000]),
    ("Inferno", Turned::InLight, &[0x000004, 0x1b0c41, 0x4a0c6b, 0x781c6d, 0xa52c60, 0xcf4446, 0xed6925, 0xfb9b06, 0xf7d13d, 0xfcffa4]),
    ("Magma", Turned::InLight, &[0x000004, 0x1c1044, 0x4f127b, 0x812581, 0xb5367a, 0xe55064, 0xfb8761, 0xfec287, 0xfcfdbf]),
    ("OrRd", Turned::InDark, &[0xfff7ec, 0xfee8c8, 0xfdd49e, 0xfdbb84, 0xfc8d59, 0xef6548, 0xd7301f, 0xb30000, 0x7f0000]),
    ("Oranges", Turned::InDark, &[0xfff5eb, 0xfee6ce, 0xfdd0a2, 0xfdae6b, 0xfd8d3c, 0xf16913, 0xd94801, 0xa63603, 0x7f2704]),
    ("PRGn", Turned::Never, &[0x40004b, 0x762a83, 0x9970ab, 0xc2a5cf, 0xe7d4e8, 0xf7f7f7, 0xd9f0d3, 0xa6dba0, 0x5aae61, 0x1b7837, 0x00441b]),
    ("PiYG", Turned::Never, &[0x8e0152, 0xc51b7d, 0xde77ae, 0xf1b6da, 0xfde0ef, 0xf7f7f7, 0xe6f5d0, 0xb8e186, 0x7fbc41, 0x4d9221, 0x276419]),
    ("Plasma", Turned::InLight, &[0x0d0887, 0x4b03a1, 0x7d03a8, 0xa82296, 0xcb4679, 0xe56b5d, 0xf89441, 0xfdc328, 0xf0f921]),
    ("PuBu", Turned::InDark, &[0xfff7fb, 0xece7f2, 0xd0d1e6, 0xa6bddb, 0x74a9cf, 0x3690c0, 0x0570b0, 0x045a8d, 0x023858]),
    ("PuBuGn", Turned::InDark, &[0xfff7fb, 0xece2f0, 0xd0d1e6, 0xa6bddb, 0x67a9cf, 0x3690c0, 0x02818a, 0x016c59, 0x014636]),
    ("PuOr", Turned::Never, &[0x2d004b, 0x542788, 0x8073ac, 0xb2abd2, 0xd8daeb, 0xf7f7f7, 0xfee0b6, 0xfdb863, 0xe08214, 0xb35806, 0x7f3b08]),
    ("PuRd", Turned::InDark, &[0xf7f4f9, 0xe7e1ef, 0xd4b9da, 0xc994c7, 0xdf65b0, 0xe7298a, 0xce1256, 0x980043, 0x67001f]),
    ("Purples", Turned::InDark, &[0xfcfbfd, 0xefedf5, 0xdadaeb, 0xbcbddc, 0x9e9ac8, 0x807dba, 0x6a51a3, 0x54278f, 0x3f007d]),
    ("RdBu", Turned::Never, &[0x67001f, 0xb2182b, 0xd6604d, 0xf4a582, 0xfddbc7, 0xf7f7f7, 0xd1e5f0, 0x92c5de, 0x4393c3, 0x2166ac, 0x053061]),
    ("RdGy", Turned::Never, &[0x67001f, 0xb2182b, 0xd6604d, 0xf4a582, 0xfddbc7, 0xffffff, 0xe0e0e0, 0xbababa, 0x878787, 0x4d4d4d, 0x1a1a1a]),
    ("RdPu", Turned::InDark, &[0xfff7f3, 0xfde0dd, 0xfcc5c0, 0xfa9fb5, 0xf768a1, 0xdd3497, 0xae017e, 0x7a0177, 0x49006a]),
    ("RdYlBu", Turned::Always, &[0xa50026, 0xd73027, 0xf46d43, 0xfdae61, 0xfee090, 0xffffbf, 0xe0f3f8, 0xabd9e9, 0x74add1, 0x4575b4, 0x313695]),
    ("RdYlGn", Turned::Always, &[0xa50026, 0xd73027, 0xf46d43, 0xfdae61, 0xfee08b, 0xffffbf, 0xd9ef8b, 0xa6d96a, 0x66bd63, 0x1a9850, 0x006837]),
    ("Reds", Turned::InDark, &[0xfff5f0, 0xfee0d2, 0xfcbba1, 0xfc9272, 0xfb6a4a, 0xef3b2c, 0xcb181d, 0xa50f15, 0x67000d]),
    ("Spectral", Turned::Always, &[0x9e0142, 0xd53e4f, 0xf46d43, 0xfdae61, 0xfee08b, 0xffffbf, 0xe6f598, 0xabdda4, 0x66c2a5, 0x3288bd, 0x5e4fa2]),
    ("Turbo", Turned::InLight, &[0x23171b, 0x4a58dd, 0x2f9df5, 0x27d7c4, 0x4df884, 0x95fb51, 0xdedd32, 0xffa423, 0xf65f18, 0xba2208, 0x900c00]),
    ("Viridis", Turned::InLight, &[0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xfde725]),
    ("YlGn", Turned::InDark, &[0xffffe5, 0xf7fcb9, 0xd9f0a3, 0xaddd8e, 0x78c679, 0x41ab5d, 0x238443, 0x006837, 0x004529]),
    ("YlGnBu", Turned::InDark, &[0xffffd9, 0xedf8b1, 0xc7e9b4, 0x7fcdbb, 0x41b6c4, 0x1d91c0, 0x225ea8, 0x253494, 0x081d58]),
    ("YlOrBr", Turned::InDark, &[0xffffe5, 0xfff7bc, 0xfee391, 0xfec44f, 0xfe9929, 0xec7014, 0xcc4c02, 0x993404, 0x662506]),
    ("YlOrRd", Turned::InDark, &[0xffffcc, 0xffeda0, 0xfed976, 0xfeb24c, 0xfd8d3c, 0xfc4e2a, 0xe31a1c, 0xbd0026, 0x800026]),
];

/// The least of the theme's own ramp that stands out from the ground.
const LEAST: f64 = 0.18;

/// How the counts of a heat map are coloured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coloring {
    way: Way,
    /// Counts at and below the first are as little as can be, at and above the second as much; where they are not set, the data's own ends.
    ends: (Option<f64>, Option<f64>),
}

#[derive(Clone, Debug, PartialEq)]
enum Way {
    /// The theme's ramp.
    Own,
    /// Of a scheme, by its place in the table, and whether somebody wants it the other way round.
    Scheme(usize, bool),
    /// One colour; the share to this power is its opacity.
    Opacity(Paint, f64),
}

impl Coloring {
    /// That of a panel's options.
    pub(super) fn read(options: &Value) -> Self {
        let color = json::at(options, "color");
        let text = |name: &str| json::filled(color, name).unwrap_or_default();
        let name = text("scheme");
        let way = match text("mode").as_str() {
            "opacity" => {
                let is_linear = text("scale") == "linear";
                let power = json::number(color, "exponent").filter(|_| !is_linear).unwrap_or(1.0);
                Way::Opacity(Paint::parse(&text("fill")), power.clamp(0.05, 10.0))
            }
            _ => match SCHEMES.iter().position(|(known, ..)| *known == name) {
                Some(at) => Way::Scheme(at, json::flag(color, "reverse")),
                None => Way::Own,
            },
        };
        Self { way, ends: (json::number(color, "min"), json::number(color, "max")) }
    }

    /// The colour of `count`, where the greatest is `most`.
    pub(super) fn paint(&self, count: f64, most: f64, theme: &Theme) -> Paint {
        let low = self.ends.0.unwrap_or(0.0);
        let high = self.ends.1.unwrap_or(most);
        let share = if high > low { ((count - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        match self.way {
            // The eye counts orders more than numbers.
            Way::Own => Paint::Heat(LEAST + share.sqrt() * (1.0 - LEAST)),
            Way::Scheme(at, reversed) => {
                let Some((_, turned, colors)) = SCHEMES.get(at) else { return Paint::Heat(share) };
                let is_dark = theme.surface.luminance() < 0.5;
                let is_turned = match turned {
                    Turned::InDark => is_dark,
                    Turned::InLight => !is_dark,
                    Turned::Always => true,
                    Turned::Never => false,
                };
                let share = if is_turned == reversed { share } else { 1.0 - share };
                Paint::Exact(between(colors, share), 1.0)
            }
            Way::Opacity(paint, power) => {
                let (color, opacity) = paint.color(theme);
                Paint::Exact(color, opacity * share.powf(power).max(0.02))
            }
        }
    }
}

/// The colour at a share of the way through `colors`.
fn between(colors: &[u32], share: f64) -> Color {
    let at = share * colors.len().saturating_sub(1) as f64;
    let color = |at: f64| Color::hex(colors.get(at as usize).copied().unwrap_or_default());
    color(at.floor()).mix(color(at.ceil()), at.fract())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn css(options: &Value, count: f64, theme: &Theme) -> String {
        Coloring::read(options).paint(count, 100.0, theme).css(theme)
    }

    #[test]
    fn a_scheme_begins_next_to_the_ground_and_goes_the_other_way_when_somebody_wants_that() {
        let (light, dark) = (Theme::light(), Theme::dark());
        let oranges = json!({"color": {"mode": "scheme", "scheme": "Oranges"}});
        assert_eq!(
            [0.0, 50.0, 100.0].map(|count| css(&oranges, count, &light)),
            ["#fff5eb", "#fd8d3c", "#7f2704"]
        );
        assert_eq!([0.0, 100.0].map(|count| css(&oranges, count, &dark)), ["#7f2704", "#fff5eb"]);
        let reversed = json!({"color": {"mode": "scheme", "scheme": "Oranges", "reverse": true}});
        assert_eq!(css(&reversed, 0.0, &light), "#7f2704");
        let viridis = json!({"color": {"scheme": "Viridis"}});
        assert_eq!(
            (css(&viridis, 0.0, &light), css(&viridis, 0.0, &dark)),
            ("#fde725".into(), "#440154".into())
        );
    }

    #[test]
    fn counts_beyond_the_set_ends_are_at_the_ends_and_one_colour_becomes_dense() {
        let light = Theme::light();
        let ended = json!({"color": {"scheme": "Greys", "min": 20, "max": 40}});
        assert_eq!(
            [10.0, 20.0, 99.0].map(|count| css(&ended, count, &light)),
            ["#ffffff", "#ffffff", "#000000"]
        );
        let dense =
            json!({"color": {"mode": "opacity", "fill": "#ff0000", "exponent": 0.5, "scale": "exponential"}});
        assert_eq!(css(&dense, 25.0, &light), "rgba(255, 0, 0, 0.5)");
        assert_eq!(css(&dense, 100.0, &light), "#ff0000");
        let unknown = Coloring::read(&json!({"color": {"scheme": "Sinebow"}}));
        assert_eq!(unknown.paint(100.0, 100.0, &light), Paint::Heat(1.0));
        assert!(SCHEMES.is_sorted_by_key(|(name, ..)| *name));
    }
}
