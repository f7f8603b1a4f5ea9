//! A whole dashboard as one picture: its panels at their places on the grid.

use std::collections::BTreeSet;

use crowsnest_dashboards::model::Grid;

use crate::data::TimeRange;
use crate::figure::{Figure, View};
use crate::fit::cut;
use crate::layout::Rect;
use crate::scene::{Align, Scene, Surface, Type};
use crate::spec::Annotation;
use crate::text::MeasureText;
use crate::theme::Theme;

/// Height of a unit of the grid and the space between two, CSS pixels.
const UNIT: f64 = 30.0;
const SPACE: f64 = 8.0;
/// Space around everything.
const MARGIN: f64 = 16.0;
/// Height of the dashboard's title.
const HEAD: f64 = 40.0;

/// A dashboard with all that is drawn of it.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Its title.
    pub title: String,
    /// Its time range in words.
    pub range: String,
    /// Panels and rows, from the top.
    pub items: Vec<BoardItem>,
}

/// What is at a place of the grid.
#[derive(Clone, Debug)]
pub struct BoardItem {
    /// The place.
    pub grid: Grid,
    /// What is there.
    pub what: BoardPart,
}

/// A panel, or the header of a row.
#[derive(Clone, Debug)]
pub enum BoardPart {
    /// A panel with the time range that it is drawn over.
    Panel {
        /// The panel.
        figure: Box<Figure>,
        /// Its own time range.
        range: TimeRange,
        /// What is marked in it.
        annotations: Vec<Annotation>,
        /// Whether it has no ground of its own.
        transparent: bool,
    },
    /// The header of a row.
    Row {
        /// Its title.
        title: String,
        /// How many panels are below it where they are not shown.
        hidden: usize,
    },
}

impl Board {
    /// How high the picture is, CSS pixels.
    pub fn height(&self) -> f64 {
        let bottom = self.items.iter().map(|item| item.grid.bottom()).max().unwrap_or(0);
        HEAD + MARGIN + f64::from(bottom) * (UNIT + SPACE)
    }

    /// Where a place of the grid is in a picture of that width.
    pub fn place(grid: Grid, width: f64) -> Rect {
        let column = (width - 2.0 * MARGIN + SPACE) / f64::from(Grid::COLUMNS);
        Rect {
            left: (MARGIN + f64::from(grid.x) * column).round(),
            top: HEAD + f64::from(grid.y) * (UNIT + SPACE),
            width: (f64::from(grid.w) * column - SPACE).round().max(1.0),
            height: f64::from(grid.h) * (UNIT + SPACE) - SPACE,
        }
    }

    /// Everything on a surface, whose height cuts off what is further down.
    pub fn scene(
        &self,
        surface: Surface,
        utc_offset_minutes: i32,
        theme: &Theme,
        text: &dyn MeasureText,
    ) -> Scene {
        let mut scene = Scene::default();
        scene.fill_rect(surface.rect(), theme.canvas, 1.0);
        let range = text.width(&self.range, Type::BODY.size);
        let title = cut(&self.title, surface.width - 3.0 * MARGIN - range, Type::strong(17.0), text);
        scene.words(&title, (MARGIN, HEAD / 2.0), Align::Start, theme.strong, Type::strong(17.0));
        scene.words(&self.range, (surface.width - MARGIN, HEAD / 2.0), Align::End, theme.soft, Type::BODY);
        let hidden = BTreeSet::new();
        for item in &self.items {
            let place = Self::place(item.grid, surface.width);
            if place.top >= surface.height {
                continue;
            }
            match &item.what {
                BoardPart::Panel { figure, range, annotations, transparent } => {
                    let own = Surface { width: place.width, height: place.height, ..surface };
                    let view = View { utc_offset_minutes, annotations, ..View::new(*range, &hidden) };
                    let panel = figure.panel(own, !transparent, &view, theme, text);
                    scene.put(&panel, (place.left, place.top));
                }
                BoardPart::Row { title, hidden } => row(&mut scene, title, *hidden, place, theme, text),
            }
        }
        scene
    }
}

fn row(scene: &mut Scene, title: &str, hidden: usize, place: Rect, theme: &Theme, text: &dyn MeasureText) {
    let middle = place.center().1;
    let words = cut(title, place.width * 0.7, Type::TITLE, text);
    scene.words(&words, (place.left, middle), Align::Start, theme.strong, Type::TITLE);
    let mut x = place.left + text.width(&words, Type::TITLE.size) * 1.06 + 10.0;
    if hidden > 0 {
        let count = if hidden == 1 { "1 panel".to_owned() } else { format!("{hidden} panels") };
        scene.words(&count, (x, middle), Align::Start, theme.text, Type::plain(11.0));
        x += text.width(&count, 11.0) + 10.0;
    }
    scene.horizontal((x.min(place.right()), place.right()), middle, theme.line, 1.0);
}
