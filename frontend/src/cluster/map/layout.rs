//! Where cards stand: in columns from left to right, what hangs together side by side, the same cards always at the same places.
//!
//! Only names and lines decide, never states: a pod that fails moves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, CardId, Group, Lane};

/// In CSS pixels. The style sheet draws the cards in this size.
pub(crate) const WIDTH: f64 = 212.0;
/// From one column to the next.
const STEP: f64 = 262.0;
const HEIGHT: f64 = 48.0;
/// A row of pods, and how many stand in one.
const DOTS: f64 = 24.0;
const DOTS_IN_ROW: usize = 7;
/// Between cards, and between what does not hang together.
const GAP: f64 = 10.0;
const SPACE: f64 = 22.0;

/// How wide all columns are.
pub(crate) const ALL: f64 = STEP * 3.0 + WIDTH;

/// Where a card stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) height: f64,
}

impl Place {
    fn middle(self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// The places of a group's cards.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) places: BTreeMap<CardId, Place>,
    pub(crate) height: f64,
}

impl Layout {
    /// The way of a line, as the data of an SVG path; empty where one of its ends is not there.
    pub(crate) fn path(&self, from: &CardId, to: &CardId) -> String {
        let (Some(from), Some(to)) = (self.places.get(from), self.places.get(to)) else {
            return String::new();
        };
        let (x1, y1, x2, y2) = (from.x + WIDTH, from.middle(), to.x, to.middle());
        let bend = (x2 - x1) / 2.0;
        format!("M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}", x1 + bend, x2 - bend)
    }
}

/// Whether a card is everybody's: nodes hold nothing together.
pub(super) fn is_shared(id: &CardId) -> bool {
    id.0 == Lane::Below && id.1.starts_with("Node")
}

/// What hangs together, in the order of the names of what comes first in it. Nodes are in none.
pub(super) fn components(group: &Group) -> Vec<BTreeSet<CardId>> {
    let mut neighbours: BTreeMap<&CardId, Vec<&CardId>> = BTreeMap::new();
    for (from, to) in &group.edges {
        if !is_shared(to) && group.cards.contains_key(from) && group.cards.contains_key(to) {
            neighbours.entry(from).or_default().push(to);
            neighbours.entry(to).or_default().push(from);
        }
    }
    let mut seen: BTreeSet<&CardId> = BTreeSet::new();
    let mut parts = Vec::new();
    for id in group.cards.keys().filter(|id| !is_shared(id)) {
        let (mut part, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                part.insert(id.clone());
                open.extend(neighbours.get(id).into_iter().flatten());
            }
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

/// The places of all cards.
pub(crate) fn layout(group: &Group) -> Layout {
    let mut layout = Layout::default();
    let mut top = 0.0;
    for part in components(group) {
        let bottom = place_part(group, &part, top, &mut layout.places);
        layout.height = bottom;
        top = bottom + SPACE;
    }
    let mut shared = 0.0;
    for (id, card) in group.cards.iter().filter(|(id, _)| is_shared(id)) {
        let wish = wish(group, id, &layout.places, height(card));
        shared = put(id, card, wish.map_or(shared, |wish| wish.max(shared)), &mut layout.places) + GAP;
        layout.height = layout.height.max(shared - GAP);
    }
    layout
}

/// Places what hangs together below `top`; gives where it ends. The column with most cards stands first, the others look where those
/// are that they are tied to.
fn place_part(group: &Group, part: &BTreeSet<CardId>, top: f64, places: &mut BTreeMap<CardId, Place>) -> f64 {
    let of_lane = |lane: Lane| part.iter().filter(move |id| id.0 == lane);
    // Of two as long, the one further to the right, where the cards are taller.
    let Some(longest) = Lane::ALL.into_iter().max_by_key(|lane| of_lane(*lane).count()) else { return top };
    let nearest = {
        let mut lanes = Lane::ALL;
        let distance = |lane: &Lane| (*lane as usize).abs_diff(longest as usize);
        lanes.sort_by_key(distance);
        lanes
    };
    let mut end = top;
    for lane in nearest {
        let mut cards: Vec<(Option<f64>, &CardId, &Card)> = of_lane(lane)
            .filter_map(|id| {
                group.cards.get(id).map(|card| (wish(group, id, places, height(card)), id, card))
            })
            .collect();
        // Those that want to stand higher come first; names decide between equals.
        cards.sort_by(|a, b| {
            let order = |wish: Option<f64>| wish.unwrap_or(f64::INFINITY);
            order(a.0).total_cmp(&order(b.0)).then_with(|| a.1.cmp(b.1))
        });
        let mut next = top;
        for (wish, id, card) in cards {
            let bottom = put(id, card, wish.map_or(next, |wish| wish.max(next)), places);
            next = bottom + GAP;
            end = f64::max(end, bottom);
        }
    }
    end
}

/// Puts a card; gives where it ends.
fn put(id: &CardId, card: &Card, y: f64, places: &mut BTreeMap<CardId, Place>) -> f64 {
    let place = Place { x: STEP * (id.0 as usize as f64), y: y.round(), height: height(card) };
    places.insert(id.clone(), place);
    place.y + place.height
}

/// Where a card would stand in the middle of those that are placed and tied to it.
fn wish(group: &Group, id: &CardId, places: &BTreeMap<CardId, Place>, height: f64) -> Option<f64> {
    let ends = group.edges.iter().filter_map(|(from, to)| match id {
        id if id == from => Some(to),
        id if id == to => Some(from),
        _ => None,
    });
    let middles: Vec<f64> = ends.filter_map(|other| places.get(other)).map(|place| place.middle()).collect();
    let mean = middles.iter().sum::<f64>() / middles.len().max(1) as f64;
    (!middles.is_empty()).then_some(mean - height / 2.0)
}

fn height(card: &Card) -> f64 {
    HEIGHT + DOTS * (card.dots.len().div_ceil(DOTS_IN_ROW) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::map::Dot;
    use crate::components::{IconName, Tone};

    fn group(cards: &[(Lane, &str, usize)], edges: &[(usize, usize)]) -> Group {
        let id = |(lane, name, _): &(Lane, &str, usize)| {
            let kind = if name.starts_with("node") { "Node" } else { "Any" };
            (*lane, kind.to_owned(), (*name).to_owned())
        };
        let dot = Dot { name: String::new(), word: String::new(), tone: Tone::Ok, href: String::new() };
        let card = |dots: usize| Card {
            icon: IconName::Pods,
            href: String::new(),
            title: String::new(),
            note: String::new(),
            tone: Tone::Ok,
            dots: vec![dot.clone(); dots],
            more: 0,
        };
        Group {
            cards: cards.iter().map(|one| (id(one), card(one.2))).collect(),
            edges: edges.iter().map(|(from, to)| (id(&cards[*from]), id(&cards[*to]))).collect(),
            ..Group::default()
        }
    }

    fn shop() -> Group {
        group(
            &[
                (Lane::Ingress, "shop", 0),
                (Lane::Service, "web", 0),
                (Lane::Service, "api", 0),
                (Lane::Workload, "api", 3),
                (Lane::Workload, "web", 9),
                (Lane::Below, "node-1", 0),
                (Lane::Service, "alone", 0),
            ],
            &[(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)],
        )
    }

    #[test]
    fn what_hangs_together_stands_together_and_nodes_hold_nothing_together() {
        let parts: Vec<usize> = components(&shop()).iter().map(BTreeSet::len).collect();
        assert_eq!(parts, [5, 1]);
        let apart = group(
            &[(Lane::Workload, "a", 0), (Lane::Workload, "b", 0), (Lane::Below, "node", 0)],
            &[(0, 2), (1, 2)],
        );
        assert_eq!(components(&apart).len(), 2);
    }

    #[test]
    fn no_two_cards_overlap_and_all_are_within() {
        let layout = layout(&shop());
        let places: Vec<&Place> = layout.places.values().collect();
        for (at, a) in places.iter().enumerate() {
            assert!(a.y >= 0.0 && a.y + a.height <= layout.height && a.x + WIDTH <= ALL);
            for b in places.iter().skip(at + 1).filter(|b| b.x == a.x) {
                assert!(a.y + a.height <= b.y || b.y + b.height <= a.y, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_card_stands_beside_what_it_is_tied_to() {
        let layout = layout(&shop());
        let middle = |lane: Lane, name: &str| {
            layout.places.iter().find(|(id, _)| id.0 == lane && id.2 == name).map(|(_, place)| place.middle())
        };
        assert_eq!(middle(Lane::Service, "api"), middle(Lane::Workload, "api"));
        assert_eq!(middle(Lane::Service, "web"), middle(Lane::Workload, "web"));
        let (api, web) = (middle(Lane::Service, "api").unwrap(), middle(Lane::Service, "web").unwrap());
        assert!((middle(Lane::Ingress, "shop").unwrap() - (api + web) / 2.0).abs() <= 1.0);
    }

    #[test]
    fn states_move_nothing() {
        let mut other = shop();
        for card in other.cards.values_mut() {
            card.tone = Tone::Critical;
            card.note = "long words about what is wrong".to_owned();
        }
        assert_eq!(layout(&other), layout(&shop()));
    }

    #[test]
    fn a_line_ends_where_its_cards_are() {
        let (group, layout) = (shop(), layout(&shop()));
        let paths: Vec<String> = group.edges.iter().map(|(from, to)| layout.path(from, to)).collect();
        assert!(paths.iter().all(|path| path.starts_with('M')), "{paths:?}");
        let nobody = (Lane::Below, String::new(), String::new());
        assert_eq!(layout.path(&nobody, &nobody), "");
    }
}
