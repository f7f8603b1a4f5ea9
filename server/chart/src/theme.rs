//! The colours and sizes of a chart, from the design tokens.

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red, green and blue.
    pub rgb: (u8, u8, u8),
}

impl Color {
    /// The colour `#rrggbb` (or `#rgb`), as design tokens and browsers' computed styles write it; also
    /// `rgb(r, g, b)`. `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(list) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
            let mut parts = list.split(',').map(|part| part.trim().parse().ok());
            return Some(Self { rgb: (parts.next()??, parts.next()??, parts.next()??) });
        }
        let digits = text.strip_prefix('#')?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            6 => Some(Self::hex(value)),
            3 => {
                let nibble = |shift: u32| ((value >> shift & 0xf) * 0x11) as u8;
                Some(Self { rgb: (nibble(8), nibble(4), nibble(0)) })
            }
            _ => None,
        }
    }

    pub(crate) const fn hex(value: u32) -> Self {
        Self { rgb: ((value >> 16) as u8, (value >> 8) as u8, value as u8) }
    }
}

/// Colours, by the names of the tokens they come from, and the font.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// `--bg-surface`: what the chart stands on.
    pub surface: Color,
    /// `--bg-canvas`: what panels stand on.
    pub canvas: Color,
    /// `--line`: borders of panels, lines of tables.
    pub line: Color,
    /// `--bg-active`: what bars and gauges have not filled.
    pub track: Color,
    /// `--text-1`: figures and names.
    pub strong: Color,
    /// `--text-2`: words beside figures.
    pub soft: Color,
    /// `--text-3`: shading of gaps, neutral thresholds.
    pub text: Color,
    /// `--line-strong`: the zero line between positive and negative.
    pub zero: Color,
    /// `--chart-grid`.
    pub grid: Color,
    /// `--chart-axis`: tick labels.
    pub axis: Color,
    /// `--chart-crosshair`.
    pub crosshair: Color,
    /// `--chart-annotation`: also the stretch being selected.
    pub annotation: Color,
    /// `--status-ok`.
    pub fine: Color,
    /// `--status-warning`.
    pub warning: Color,
    /// `--status-critical`.
    pub critical: Color,
    /// `--chart-1` to `--chart-8`.
    pub palette: [Color; 8],
    /// `--heat-0` to `--heat-6`, from nothing to most.
    pub heat: [Color; 7],
    /// `--chart-fill`: opacity of the area under a line.
    pub fill: f64,
    /// A CSS font family list; the page's own.
    pub font: String,
}

impl Theme {
    /// Font size of tick labels in CSS pixels: `--text-2xs`.
    pub const TICK_SIZE: f64 = 10.5;
    /// Opacity of stacked areas.
    pub const STACK_FILL: f64 = 0.55;
    /// Width of series lines in CSS pixels.
    pub const LINE_WIDTH: f64 = 1.5;

    /// The light theme, as `style/tokens.css` has it.
    pub fn light() -> Self {
        Self {
            surface: Color::hex(0xff_ff_ff),
            canvas: Color::hex(0xf6_f7_f8),
            line: Color::hex(0xe3_e5_e9),
            track: Color::hex(0xe9_eb_ee),
            strong: Color::hex(0x16_19_1e),
            soft: Color::hex(0x4d_54_5f),
            text: Color::hex(0x5e_66_75),
            zero: Color::hex(0xcd_d1_d7),
            grid: Color::hex(0xec_ee_f1),
            axis: Color::hex(0x5e_66_75),
            crosshair: Color::hex(0x8d_95_a3),
            annotation: Color::hex(0x35_56_d4),
            fine: Color::hex(0x17_79_4a),
            warning: Color::hex(0x8f_5a_00),
            critical: Color::hex(0xc2_2a_2a),
            palette: [0x5270cc, 0xd07c1b, 0x20a36a, 0xb07dbe, 0x0d6573, 0x7c5800, 0x63409d, 0x797b7e]
                .map(Color::hex),
            heat: [0xf3f5f9, 0xdde5f8, 0xb9caf2, 0x8ea8e8, 0x6384da, 0x3c5fc4, 0x233f95].map(Color::hex),
            fill: 0.12,
            font: DEFAULT_FONT.to_owned(),
        }
    }

    /// The dark theme, as `style/tokens.css` has it.
    pub fn dark() -> Self {
        Self {
            surface: Color::hex(0x14_17_1b),
            canvas: Color::hex(0x0d_0f_12),
            line: Color::hex(0x24_29_30),
            track: Color::hex(0x23_28_2f),
            strong: Color::hex(0xe7_e9_ec),
            soft: Color::hex(0xab_b2_bd),
            text: Color::hex(0x8a_92_9f),
            zero: Color::hex(0x35_3c_46),
            grid: Color::hex(0x1e_23_29),
            axis: Color::hex(0x8a_92_9f),
            crosshair: Color::hex(0x7d_86_94),
            annotation: Color::hex(0x8b_a4_ff),
            fine: Color::hex(0x4f_c1_8a),
            warning: Color::hex(0xe5_ae_49),
            critical: Color::hex(0xff_7d_75),
            palette: [0x6ba3f5, 0xf5b452, 0x12a471, 0xde78aa, 0x45d2ea, 0xb08520, 0x9674d4, 0xb9bbbe]
                .map(Color::hex),
            heat: [0x171c26, 0x1c2742, 0x253b72, 0x34549f, 0x4d76c9, 0x79a3ea, 0xb6d2ff].map(Color::hex),
            fill: 0.14,
            font: DEFAULT_FONT.to_owned(),
        }
    }

    /// `self` with every colour that `token` knows replaced; `token` is asked for names like `--chart-1`.
    pub fn with_tokens(mut self, token: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str, color: &mut Color| {
            if let Some(parsed) = token(name).as_deref().and_then(Color::parse) {
                *color = parsed;
            }
        };
        set("--bg-surface", &mut self.surface);
        set("--bg-canvas", &mut self.canvas);
        set("--line", &mut self.line);
        set("--bg-active", &mut self.track);
        set("--text-1", &mut self.strong);
        set("--text-2", &mut self.soft);
        set("--text-3", &mut self.text);
        set("--line-strong", &mut self.zero);
        set("--chart-grid", &mut self.grid);
        set("--chart-axis", &mut self.axis);
        set("--chart-crosshair", &mut self.crosshair);
        set("--chart-annotation", &mut self.annotation);
        set("--status-ok", &mut self.fine);
        set("--status-warning", &mut self.warning);
        set("--status-critical", &mut self.critical);
        for (index, color) in self.palette.iter_mut().enumerate() {
            set(&format!("--chart-{}", index + 1), color);
        }
        for (index, color) in self.heat.iter_mut().enumerate() {
            set(&format!("--heat-{index}"), color);
        }
        if let Some(fill) = token("--chart-fill").and_then(|text| text.trim().parse::<f64>().ok()) {
            self.fill = fill.clamp(0.0, 1.0);
        }
        if let Some(font) = token("--font-sans").filter(|font| !font.trim().is_empty()) {
            self.font = font.trim().to_owned();
        }
        self
    }

    pub(crate) fn palette_color(&self, index: usize) -> Color {
        self.palette.get(index % self.palette.len()).copied().unwrap_or(self.axis)
    }

    /// The ramp's colour at a share of the most, 0 to 1.
    pub(crate) fn heat_color(&self, share: f64) -> Color {
        let at = share.clamp(0.0, 1.0) * (self.heat.len() - 1) as f64;
        let color = |at: f64| self.heat.get(at as usize).copied().unwrap_or(self.axis);
        color(at.floor()).mix(color(at.ceil()), at.fract())
    }
}

const DEFAULT_FONT: &str = "Inter, Roboto, \"Helvetica Neue\", Arial, sans-serif";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_tokens_and_browsers_write_them() {
        assert_eq!(Color::parse(" #5270cc "), Some(Color { rgb: (0x52, 0x70, 0xcc) }));
        assert_eq!(Color::parse("#fff"), Some(Color { rgb: (255, 255, 255) }));
        assert_eq!(Color::parse("rgb(1, 2, 3)"), Some(Color { rgb: (1, 2, 3) }));
        for nonsense in ["", "#", "#12345", "rgb(1,2)", "rgb(300,0,0)", "red", "#ééé"] {
            assert_eq!(Color::parse(nonsense), None, "{nonsense}");
        }
    }

    /// The tokens of one theme of the style sheet, by name.
    fn sheet(theme: &str) -> std::collections::HashMap<String, String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../style/tokens.css");
        let css = std::fs::read_to_string(path).unwrap();
        let head = format!("[data-theme=\"{theme}\"] {{");
        let (_, block) = css.split_once(&head).expect("the theme is in the sheet");
        let (block, _) = block.split_once('}').unwrap();
        // Each comment ends before the declarations that it is about.
        let declarations: String =
            block.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest)).collect();
        let pairs = declarations.split(';').filter_map(|line| line.trim().split_once(':'));
        pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
    }

    #[test]
    fn the_built_in_themes_are_those_of_the_style_sheet() {
        for (name, theme) in [("light", Theme::light()), ("dark", Theme::dark())] {
            let tokens = sheet(name);
            let from_sheet = Theme { fill: 0.5, ..Theme::light() }.with_tokens(|token| {
                let found = tokens.get(token).cloned();
                assert!(found.is_some() || token == "--font-sans", "{token} is missing in {name}");
                found
            });
            assert_eq!(from_sheet, theme, "{name}");
        }
    }

    #[test]
    fn tokens_replace_what_they_name_and_leave_the_rest() {
        let theme = Theme::light().with_tokens(|name| match name {
            "--chart-2" => Some("#010203".to_owned()),
            "--chart-fill" => Some(".2".to_owned()),
            _ => None,
        });
        assert_eq!(theme.palette[1].rgb, (1, 2, 3));
        assert_eq!(theme.palette[0], Theme::light().palette[0]);
        assert_eq!(theme.fill, 0.2);
    }
}
