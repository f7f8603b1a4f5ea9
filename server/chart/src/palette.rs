//! Which colour a series gets: the one its label set hashes to, so that it keeps it across panels and refreshes.

use crowsnest_api::METRIC_NAME;

use crate::data::ChartSeries;

/// How many colours the palette has.
const COLORS: usize = 8;
/// The order in which free colours are tried. Brown and grey come last, and no series asks for them by itself: alone
/// in a chart, they look switched off.
const ORDER: [usize; COLORS] = [0, 1, 2, 3, 4, 6, 5, 7];
/// How many of [`ORDER`] a series may ask for.
const ASKED_FOR: u64 = 6;

/// How one series is told from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Index into the theme's palette.
    pub color: usize,
    /// What tells it from another series of the same colour.
    pub stroke: Stroke,
}

/// How a line is drawn. With more series than colours, dashes come first, then paleness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// An unbroken line.
    Solid,
    /// A dashed line.
    Dashed,
    /// An unbroken pale line.
    Faded,
}

const STROKES: [Stroke; 3] = [Stroke::Solid, Stroke::Dashed, Stroke::Faded];

/// An ink for each series, by its index. All are different as long as there are at most 24 series.
///
/// The metric's name does not count, so `x` and `rate(x)` look alike; where it alone tells series apart, the series'
/// own name decides. Series whose colour is taken move on to the next free one, in the order of their hashes: the
/// order of the series in the answer never matters.
pub fn assign_inks(series: &[ChartSeries]) -> Vec<Ink> {
    let mut keys: Vec<(u64, usize)> = series.iter().map(label_hash).zip(0..).collect();
    keys.sort_unstable();
    // Series that share a label set are told apart by their names.
    for group in keys.chunk_by_mut(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        for (hash, index) in group {
            let name = series.get(*index).map_or("", |one| one.name.as_str());
            *hash = mixed(fnv1a(*hash, name.as_bytes()));
        }
    }
    keys.sort_unstable();

    let mut inks = vec![Ink { color: 0, stroke: Stroke::Solid }; series.len()];
    let mut taken = [0usize; COLORS];
    let mut moved = Vec::new();
    for (hash, index) in keys {
        let place = (hash % ASKED_FOR) as usize;
        let color = ORDER.get(place).copied().unwrap_or(0);
        match (taken.get_mut(color), inks.get_mut(index)) {
            (Some(count @ 0), Some(ink)) => {
                *count = 1;
                ink.color = color;
            }
            _ => moved.push((place, index)),
        }
    }
    for (place, index) in moved {
        // The colour used least; of several, the next after the one asked for, brown and grey last.
        let liked = (0..ASKED_FOR as usize).map(|step| (place + step) % ASKED_FOR as usize);
        let next = liked.chain(ASKED_FOR as usize..COLORS).filter_map(|place| ORDER.get(place).copied());
        let color = next.min_by_key(|color| taken.get(*color).copied()).unwrap_or(0);
        if let (Some(count), Some(ink)) = (taken.get_mut(color), inks.get_mut(index)) {
            let stroke = STROKES.get(*count).copied().unwrap_or(Stroke::Faded);
            *ink = Ink { color, stroke };
            *count += 1;
        }
    }
    inks
}

/// A hash of the labels but the metric's name. A series without labels asks for the first colour.
fn label_hash(series: &ChartSeries) -> u64 {
    let mut hash = FNV_OFFSET;
    if series.labels.iter().all(|label| label.name == METRIC_NAME) {
        return 0;
    }
    for label in series.labels.iter().filter(|label| label.name != METRIC_NAME) {
        for part in [label.name.as_str(), "\u{0}", label.value.as_str(), "\u{0}"] {
            hash = fnv1a(hash, part.as_bytes());
        }
    }
    mixed(hash)
}

/// Spreads the bits: the low ones of FNV-1a alone are close to a checksum of the last byte.
fn mixed(hash: u64) -> u64 {
    let spread = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    spread ^ (spread >> 33)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: small, and the same in every build and on every platform, which the standard hasher does not promise.
fn fnv1a(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crowsnest_api::Labels;

    use super::*;

    fn series(mode: &str) -> ChartSeries {
        ChartSeries {
            name: mode.to_owned(),
            labels: Labels::from_pairs([("__name__", "cpu"), ("mode", mode)]),
            points: Vec::new(),
        }
    }

    #[test]
    fn a_series_keeps_its_colour_when_others_come_and_go_without_colliding() {
        let alone = assign_inks(&[series("user")])[0];
        let colors: Vec<Ink> = assign_inks(&["idle", "user", "iowait"].map(series));
        let reversed: Vec<Ink> = assign_inks(&["iowait", "user", "idle"].map(series));
        assert_eq!(colors.iter().rev().collect::<Vec<_>>(), reversed.iter().collect::<Vec<_>>());
        assert_eq!(assign_inks(&[series("user")])[0], alone);
    }

    #[test]
    fn the_metric_name_does_not_change_the_colour() {
        let mut rate = series("user");
        rate.labels = Labels::from_pairs([("mode", "user")]);
        assert_eq!(assign_inks(&[rate]), assign_inks(&[series("user")]));
    }

    #[test]
    fn up_to_eight_series_have_eight_colours_and_up_to_24_differ() {
        let many: Vec<ChartSeries> = (0..24).map(|i| series(&format!("mode-{i}"))).collect();
        let eight = assign_inks(&many[..8]);
        assert_eq!(eight.iter().map(|ink| ink.color).collect::<HashSet<_>>().len(), 8);
        assert!(eight.iter().all(|ink| ink.stroke == Stroke::Solid));
        let all = assign_inks(&many);
        assert_eq!(all.iter().map(|ink| format!("{ink:?}")).collect::<HashSet<_>>().len(), 24);
    }

    #[test]
    fn series_with_equal_labels_are_told_apart_by_name() {
        let named = |name: &str| ChartSeries { name: name.to_owned(), ..series("x") };
        let inks = assign_inks(&[named("used"), named("cached")]);
        assert_ne!(inks[0].color, inks[1].color);
        assert_eq!(
            inks,
            assign_inks(&[named("cached"), named("used")]).into_iter().rev().collect::<Vec<_>>()
        );
    }
}
