//! Dashboards and panels as pictures, SVG and PNG: the drawing code of the browser, over the store as the caller may see it.
//!
//! Plain functions: the store, a time and a [`Control`] come in, bytes go out.

pub(crate) mod alert;
mod answers;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crowsnest_api::Timestamp;
use crowsnest_chart::{
    Annotation, Board, BoardItem, BoardPart, Face, Figure, FigureContext, PngError, Surface, Theme,
    TimeRange, View, instant_text, scene_png, scene_svg, svg_surface,
};
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::interpolate::{Bound, Format, Globals, Scope, interpolate};
use crowsnest_dashboards::layout::{Placed, What, layout};
use crowsnest_dashboards::marks::{self, Marked};
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::panel;
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::query::{self, panel_range};
use crowsnest_dashboards::time::range;
use crowsnest_dashboards::variables::{Loading, from_query};
use crowsnest_promql::{Control, QueryError};

use self::answers::Asker;
pub(crate) use self::answers::Source;

/// The largest picture, CSS pixels.
pub(crate) const LARGEST: (u32, u32) = (4_000, 8_000);
/// The most panels of a picture.
const MOST_PANELS: usize = 200;
/// The size of a panel's picture where nothing is said.
const PANEL: (u32, u32) = (1_000, 500);
/// The width of a dashboard's picture where nothing is said.
const BOARD_WIDTH: u32 = 1_440;
const MINUTE_MS: i64 = 60_000;

/// The face of pictures: a subset of Pretendard; see `deploy/picture-face.py`.
const FACE: &[u8] = include_bytes!("../assets/picture-face.ttf");

/// What a picture is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    /// One panel alone, by its number.
    pub(crate) panel: Option<i64>,
    /// The time range as it is written, `now-6h`; the dashboard's own where it is not said.
    pub(crate) from: Option<String>,
    /// Its end.
    pub(crate) to: Option<String>,
    /// CSS pixels.
    pub(crate) width: Option<u32>,
    /// CSS pixels.
    pub(crate) height: Option<u32>,
    /// Device pixels per CSS pixel, 1 to 3; of PNG alone.
    pub(crate) scale: u32,
    /// On dark ground.
    pub(crate) dark: bool,
    /// PNG and not SVG.
    pub(crate) png: bool,
    /// The viewer's distance from UTC, positive in the east.
    pub(crate) utc_offset_minutes: i32,
    /// `var-name` and a value each.
    pub(crate) variables: Vec<(String, String)>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    #[error("panel {0} is not in this dashboard")]
    NoPanel(i64),
    #[error("from or to is no time")]
    Time,
    #[error("at most {} by {} pixels are drawn", LARGEST.0, LARGEST.1)]
    TooLarge,
    #[error("cannot draw the picture")]
    Png(#[from] PngError),
    #[error("cannot draw the picture")]
    Svg,
    /// The time is up, or somebody ended it. What is wrong with single queries is in their panels.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// The picture of `dashboard` that `wish` asks for, at the time `now`.
pub(crate) fn render(
    dashboard: &Dashboard,
    wish: &Wish,
    source: &Source<'_>,
    control: &Control,
    now: Timestamp,
) -> Result<Vec<u8>, RenderError> {
    let artist = Artist::new(dashboard, wish, source, control, now)?;
    let theme = if wish.dark { Theme::dark() } else { Theme::light() };
    let text = face();
    let scene = match wish.panel {
        Some(id) => {
            let placed = artist.find(id).ok_or(RenderError::NoPanel(id))?;
            let What::Panel(panel) = &placed.what else { return Err(RenderError::NoPanel(id)) };
            let size = size(wish.width.unwrap_or(PANEL.0), wish.height.unwrap_or(PANEL.1))?;
            let (figure, range) = artist.figure(panel, &placed.scope, size.0)?;
            let hidden = std::collections::BTreeSet::new();
            let annotations = artist.annotations(panel.id);
            let view = View {
                utc_offset_minutes: wish.utc_offset_minutes,
                annotations: &annotations,
                ..View::new(range, &hidden)
            };
            (figure.panel(surface(wish, size), !panel.transparent, &view, &theme, text), size)
        }
        None => {
            let board = artist.board(wish.width.unwrap_or(BOARD_WIDTH))?;
            let whole = (board.height().ceil() as u32).min(LARGEST.1);
            let size = size(wish.width.unwrap_or(BOARD_WIDTH), wish.height.unwrap_or(whole))?;
            (board.scene(surface(wish, size), wish.utc_offset_minutes, &theme, text), size)
        }
    };
    let (scene, size) = scene;
    if wish.png {
        let mut picture = Vec::new();
        scene_png(&scene, size, wish.scale.clamp(1, 3), theme.canvas, text, &mut picture)?;
        Ok(picture)
    } else {
        scene_svg(&scene, size, &theme.font).map(String::into_bytes).ok_or(RenderError::Svg)
    }
}

fn surface(wish: &Wish, size: (u32, u32)) -> Surface {
    Surface { scale: if wish.png { f64::from(wish.scale.clamp(1, 3)) } else { 1.0 }, ..svg_surface(size) }
}

fn size(width: u32, height: u32) -> Result<(u32, u32), RenderError> {
    let fits = (1..=LARGEST.0).contains(&width) && (1..=LARGEST.1).contains(&height);
    if fits { Ok((width, height)) } else { Err(RenderError::TooLarge) }
}

/// The embedded face, read once.
#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
fn face() -> &'static Face<'static> {
    static READ: OnceLock<Face<'static>> = OnceLock::new();
    READ.get_or_init(|| Face::parse(FACE).expect("the embedded face is whole"))
}

/// Everything that the panels of one picture share.
struct Artist<'a> {
    dashboard: &'a Dashboard,
    wish: &'a Wish,
    asker: Asker<'a>,
    loading: Loading,
    globals: Globals,
    range: (i64, i64),
    now: i64,
    marked: Vec<Marked>,
}

impl<'a> Artist<'a> {
    fn new(
        dashboard: &'a Dashboard,
        wish: &'a Wish,
        source: &'a Source<'a>,
        control: &'a Control,
        now: Timestamp,
    ) -> Result<Self, RenderError> {
        let (from, to) = dashboard.time();
        let raw = (wish.from.clone().unwrap_or(from), wish.to.clone().unwrap_or(to));
        let offset = i64::from(wish.utc_offset_minutes) * MINUTE_MS;
        let zone = move |_: i64| offset;
        let context = range::Context {
            now: now.millis(),
            zone: &zone,
            week_start: 1,
            fiscal_start: dashboard.fiscal_year_start(),
        };
        let range = range::parse(&raw.0, &raw.1, &context).ok_or(RenderError::Time)?;
        let mut globals = Globals {
            from: range.0,
            to: range.1,
            raw,
            dashboard: dashboard.title(),
            dashboard_uid: dashboard.uid().unwrap_or_default(),
            ..Globals::default()
        };
        let variables = dashboard.variables();
        let given = || wish.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let wanted = variables
            .iter()
            .filter_map(|variable| Some((variable.name.clone(), from_query(variable, given())?)))
            .collect();
        let mut loading = Loading::new(variables, wanted);
        let mut asker = Asker { source, control, matchers: Vec::new() };
        while let Some(at) = loading.ready().first().copied() {
            let question = loading.question(at, &globals);
            let candidates = asker.candidates(&question, range)?;
            loading.answer(at, &candidates, &globals, &Fancy);
        }
        asker.matchers = answers::parsed(&loading.adhoc_matchers());
        globals.variables = loading.scope().clone();
        let now = now.millis();
        let mut artist = Self { dashboard, wish, asker, loading, globals, range, now, marked: Vec::new() };
        artist.marked = artist.find_marks()?;
        Ok(artist)
    }

    /// What the dashboard's sources of marks mark. One that cannot be evaluated marks nothing.
    fn find_marks(&self) -> Result<Vec<Marked>, RenderError> {
        let context = query::Context {
            range: self.range,
            width: 1,
            scrape: &self.asker.source.scrape,
            offset_ms: i64::from(self.wish.utc_offset_minutes) * MINUTE_MS,
            variables: self.loading.scope(),
            globals: &self.globals,
        };
        let mut found = Vec::new();
        for source in self.dashboard.annotations().into_iter().filter(|source| source.enabled) {
            if let Some(asked) = marks::events_asked(&source, &context) {
                let happened = (self.asker.source.events)(&asked);
                found.push(Marked { marks: marks::of_events(&source, &asked, &happened), source });
                continue;
            }
            let Some(question) = marks::query(&source, &context) else { continue };
            let step = question.step_ms.unwrap_or(1);
            match self.asker.answer(question) {
                Ok(answer) => {
                    found.push(Marked { marks: marks::marks(&source, step, &answer.series), source });
                }
                Err(error @ (QueryError::Timeout | QueryError::Canceled)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// What is marked in a panel.
    fn annotations(&self, panel: i64) -> Vec<Annotation> {
        marks::of_panel(&self.marked, panel).map(Annotation::of).collect()
    }

    /// Panels and rows at their places. Closed rows are closed, unless `open`.
    fn placed(&self, open: bool) -> Vec<Placed> {
        layout(self.dashboard, &|_, is_open| open || is_open, &|name| self.loading.repeat_values(name))
    }

    fn find(&self, id: i64) -> Option<Placed> {
        let is_it = |placed: &Placed| matches!(&placed.what, What::Panel(panel) if panel.id == id);
        self.placed(true).into_iter().find(is_it)
    }

    /// A panel drawn over its own time range, which comes with it.
    fn figure(
        &self,
        panel: &Panel,
        repeat: &BTreeMap<String, Bound>,
        width: u32,
    ) -> Result<(Figure, TimeRange), RenderError> {
        let scopes: &[&dyn Scope] = &[repeat, self.loading.scope(), &self.globals];
        let scope = Scopes(scopes);
        let offset = i64::from(self.wish.utc_offset_minutes) * MINUTE_MS;
        let zone = move |_: i64| offset;
        let context = range::Context { now: self.now, zone: &zone, week_start: 1, fiscal_start: 0 };
        let range = panel_range(panel, self.range, &context, &scope).unwrap_or(self.range);
        let globals = Globals { from: range.0, to: range.1, ..self.globals.clone() };
        let variables = Scopes(&[repeat, self.loading.scope()]);
        let questions = query::queries(
            panel,
            &query::Context {
                range,
                width: width.max(100),
                scrape: &self.asker.source.scrape,
                offset_ms: offset,
                variables: &variables,
                globals: &globals,
            },
        );
        let mut found = Vec::with_capacity(questions.len());
        let mut failed = None;
        for question in questions {
            match self.asker.answer(question) {
                Ok(answer) => found.push(answer),
                // Without time there is no picture; one wrong query leaves the others.
                Err(error @ (QueryError::Timeout | QueryError::Canceled)) => return Err(error.into()),
                Err(error) => failed = Some(error.to_string()),
            }
        }
        let scopes: &[&dyn Scope] = &[repeat, self.loading.scope(), &globals];
        let scope = Scopes(scopes);
        let frames = panel::frames(panel, &found, &scope, &Fancy);
        let range = TimeRange { start_ms: range.0, end_ms: range.1 };
        let context = FigureContext {
            range,
            utc_offset_minutes: self.wish.utc_offset_minutes,
            variables: &scope,
            engine: &Fancy,
        };
        let figure = match failed.filter(|_| frames.iter().all(crowsnest_dashboards::frame::Frame::is_empty))
        {
            Some(why) => Figure::failed(panel, &why, &context),
            None => Figure::new(panel, &frames, &context),
        };
        Ok((figure, range))
    }

    fn board(&self, width: u32) -> Result<Board, RenderError> {
        let mut items = Vec::new();
        let mut panels = 0;
        for placed in self.placed(false) {
            let what = match &placed.what {
                What::Row(row) => {
                    let scopes: &[&dyn Scope] = &[&placed.scope, self.loading.scope(), &self.globals];
                    BoardPart::Row {
                        title: interpolate(&row.title, scopes, &Format::Text),
                        hidden: if row.collapsed { row.panels } else { 0 },
                    }
                }
                What::Panel(panel) => {
                    panels += 1;
                    let room = Board::place(placed.grid, f64::from(width));
                    // What is below the largest picture is not asked for.
                    if panels > MOST_PANELS || room.top > f64::from(LARGEST.1) {
                        continue;
                    }
                    let (figure, range) = self.figure(panel, &placed.scope, room.width as u32)?;
                    BoardPart::Panel {
                        figure: Box::new(figure),
                        range,
                        annotations: self.annotations(panel.id),
                        transparent: panel.transparent,
                    }
                }
            };
            items.push(BoardItem { grid: placed.grid, what });
        }
        let text = |ms: i64| instant_text(ms, self.wish.utc_offset_minutes);
        let range = format!("{} – {}", text(self.range.0), text(self.range.1));
        Ok(Board { title: self.dashboard.title(), range, items })
    }
}

/// Scopes after one another, as one.
struct Scopes<'a>(&'a [&'a dyn Scope]);

impl Scope for Scopes<'_> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        self.0.find(name, field)
    }
}

#[cfg(test)]
mod tests;
