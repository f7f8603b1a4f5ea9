//! Colours of values and series: modes, and the names that dashboards use.

use serde_json::Value;

use crate::json;

/// Where a colour comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ColorMode {
    /// The palette, by the series' place.
    #[default]
    Palette,
    /// The palette, by the series' name.
    PaletteByName,
    /// One colour, a name or CSS.
    Fixed(String),
    /// Shades of one colour.
    Shades(String),
    /// The step that the value is in.
    Thresholds,
    /// A scale by the value's place between least and greatest: the words of `continuous-…`, `GrYlRd`.
    Continuous(String),
}

/// Which value of a series its colour goes by, where it goes by a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeriesBy {
    /// The last.
    #[default]
    Last,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl ColorMode {
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let fixed = || json::filled(value, "fixedColor").unwrap_or_else(|| "text".to_owned());
        Some(match json::text(value, "mode")?.as_str() {
            "fixed" => Self::Fixed(fixed()),
            "shades" => Self::Shades(fixed()),
            "thresholds" => Self::Thresholds,
            "palette-classic-by-name" => Self::PaletteByName,
            mode => match mode.strip_prefix("continuous-") {
                Some(scale) => Self::Continuous(scale.to_owned()),
                None => Self::Palette,
            },
        })
    }

    /// The colours of a continuous scale, from least to greatest; empty for one that is not known.
    pub fn scale(words: &str) -> &'static [&'static str] {
        SCALES.iter().find(|(known, _)| *known == words).map_or(&[], |(_, colors)| colors)
    }
}

impl SeriesBy {
    pub(crate) fn read(value: &Value) -> Self {
        match json::text(value, "seriesBy").as_deref() {
            Some("min") => Self::Min,
            Some("max") => Self::Max,
            _ => Self::Last,
        }
    }
}

/// Scales, by names of [`named_color`] or CSS.
const SCALES: &[(&str, &[&str])] = &[
    ("BlPu", &["blue", "purple"]),
    ("BlYlRd", &["dark-blue", "super-light-yellow", "dark-red"]),
    ("GrYlRd", &["green", "yellow", "red"]),
    ("RdYlGr", &["red", "yellow", "green"]),
    ("YlBl", &["super-light-yellow", "dark-blue"]),
    ("YlRd", &["super-light-yellow", "dark-red"]),
    ("blues", &["super-light-blue", "dark-blue"]),
    ("greens", &["super-light-green", "dark-green"]),
    ("purples", &["super-light-purple", "dark-purple"]),
    ("reds", &["super-light-red", "dark-red"]),
    ("viridis", &["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]),
    ("magma", &["#000004", "#51127c", "#b73779", "#fc8961", "#fcfdbf"]),
    ("plasma", &["#0d0887", "#7e03a8", "#cc4778", "#f89540", "#f0f921"]),
    ("inferno", &["#000004", "#57106e", "#bc3754", "#f98e09", "#fcffa4"]),
    ("cividis", &["#00224e", "#434e6c", "#7d7c78", "#bcae6c", "#fee838"]),
];

/// Hues with their shades: super-light, light, the hue itself, semi-dark, dark.
const HUES: &[(&str, [&str; 5])] = &[
    ("red", ["#FFA6B0", "#FF7383", "#F2495C", "#E02F44", "#C4162A"]),
    ("orange", ["#FFCB7D", "#FFB357", "#FF9830", "#FF780A", "#FA6400"]),
    ("yellow", ["#FFF899", "#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400"]),
    ("green", ["#C8F2C2", "#96D98D", "#73BF69", "#56A64B", "#37872D"]),
    ("blue", ["#C0D8FF", "#8AB8FF", "#5794F2", "#3274D9", "#1F60C4"]),
    ("purple", ["#DEB6F2", "#CA95E5", "#B877D9", "#A352CC", "#8F3BB8"]),
];
const SHADES: [&str; 5] = ["super-light-", "light-", "", "semi-dark-", "dark-"];

/// The colour of a name such as `semi-dark-red`, as `#RRGGBB`. `None` for other texts: CSS colours, and `text` and `transparent`, which are the theme's.
pub fn named_color(name: &str) -> Option<&'static str> {
    HUES.iter().find_map(|(hue, shades)| {
        let shade = name.strip_suffix(hue)?;
        let at = SHADES.iter().position(|known| *known == shade)?;
        shades.get(at).copied()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_hues_with_a_shade() {
        assert_eq!(named_color("red"), Some("#F2495C"));
        assert_eq!(named_color("super-light-blue"), Some("#C0D8FF"));
        assert_eq!((named_color("rgb(1, 2, 3)"), named_color("text")), (None, None));
        for (words, colors) in SCALES {
            assert!(
                colors.iter().all(|color| color.starts_with('#') || named_color(color).is_some()),
                "{words}"
            );
        }
    }

    #[test]
    fn modes_are_read_and_unknown_ones_are_the_palette() {
        let mode = |json: Value| ColorMode::read(&json);
        assert_eq!(mode(json!({"mode": "fixed", "fixedColor": "red"})), Some(ColorMode::Fixed("red".into())));
        assert_eq!(mode(json!({"mode": "continuous-GrYlRd"})), Some(ColorMode::Continuous("GrYlRd".into())));
        assert_eq!(mode(json!({"mode": "palette-saturated"})), Some(ColorMode::Palette));
        assert_eq!(mode(json!({})), None);
    }
}
