//! The frame of a panel: title, what went wrong, and its menu.

use crowsnest_dashboards::interpolate::Format;
use leptos::prelude::*;

use super::edit::use_editing;
use super::grid::alone;
use super::links::PanelLinks;
use super::panel::{SharedFigure, Shown};
use crate::alerts::alert_of;
use crate::boards::{PanelData, change};
use crate::components::{Icon, IconName, Popover};
use crate::download::download;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::Feed;
use crate::router::{Page, Route};

/// Frame and head around a panel's content.
#[component]
pub(super) fn PanelFrame(
    shown: Shown,
    figure: SharedFigure,
    feed: Feed<PanelData>,
    errors: Memo<Vec<(String, String)>>,
    remarks: Memo<Vec<String>>,
    is_late: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let lang = use_lang();
    let title = Memo::new(move |_| text(shown, |panel| panel.title.clone()));
    let about = Memo::new(move |_| text(shown, |panel| panel.description.clone()));
    let is_plain = move || shown.panel.with(|panel| panel.as_ref().is_some_and(|panel| panel.transparent));
    let own_time = move || {
        shown.panel.with(|panel| {
            let panel = panel.as_ref().filter(|panel| !panel.hide_time_override)?;
            let shift = panel
                .time_shift
                .as_ref()
                .map(|shift| fill(Msg::TimeShifted.text(lang.get()), &[("time", shift)]));
            let from =
                panel.time_from.as_ref().map(|from| fill(Msg::LastRange.text(lang.get()), &[("time", from)]));
            Some([from, shift].into_iter().flatten().collect::<Vec<_>>().join(", "))
        })
    };
    let trouble = move || {
        let mut lines: Vec<String> =
            errors.with(|errors| errors.iter().map(|(name, why)| format!("{name}: {why}")).collect());
        if let Some(failure) = feed.failure.get() {
            let ours = Msg::CannotReachWhy.text(lang.get());
            lines.push(failure.error.said().unwrap_or(ours).to_owned());
        }
        lines
    };
    let is_wrong = move || !trouble().is_empty();
    let label = move || match title.get() {
        title if title.is_empty() => Msg::Panel.text(lang.get()).to_owned(),
        title => title,
    };
    view! {
        <section role="group" class="panel board__frame" class:board__frame--plain=is_plain aria-label=label aria-busy=move || is_late.get().to_string()>
            <header class="panel__head" class:is-empty=move || title.with(String::is_empty)>
                <h2 class="panel__title" title=move || title.get()>{move || title.get()}</h2>
                <span class="panel__note">{own_time}</span>
                <Show when=move || !about.with(String::is_empty)><Note icon=IconName::Help label=Msg::AboutPanel lines=Signal::derive(move || vec![about.get()])/></Show>
                <Show when=is_wrong><Note icon=IconName::Critical label=Msg::PanelFailed lines=Signal::derive(trouble)/></Show>
                <Show when=move || !remarks.with(Vec::is_empty)><Note icon=IconName::Warning label=Msg::Remarks lines=remarks/></Show>
                <PanelLinks shown=shown figure=figure/>
                <div class="panel__tools"><Menu shown=shown figure=figure title=title/></div>
            </header>
            <div class="board__body" class:is-late=move || is_late.get()>{children()}</div>
        </section>
    }
}

/// A text of the panel with its variables filled in; tracked.
fn text(shown: Shown, of: impl Fn(&crowsnest_dashboards::model::Panel) -> String) -> String {
    let text = shown.panel.with(|panel| panel.as_ref().map(of)).unwrap_or_default();
    shown.fill(&text, &Format::Text)
}

/// A mark in the head that says more when it is pressed.
#[component]
fn Note(icon: IconName, label: Msg, #[prop(into)] lines: Signal<Vec<String>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let lang = use_lang();
    let tone = match icon {
        IconName::Critical => "is-critical",
        IconName::Warning => "is-warning",
        _ => "",
    };
    view! {
        <Popover
            open=open
            label=Signal::derive(move || label.text(lang.get()).to_owned())
            class=format!("btn btn--quiet btn--icon btn--sm board__note {tone}")
            trigger=move || view! { <Icon name=icon/> }
        >
            <div class="board__words">
                {move || lines.get().into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
            </div>
        </Popover>
    }
}

/// What can be done with a panel.
#[component]
fn Menu(shown: Shown, figure: SharedFigure, title: Memo<String>) -> impl IntoView {
    let open = RwSignal::new(false);
    let lang = use_lang();
    let board = shown.board;
    let is_alone = alone(board);
    let look = move || {
        let name = if is_alone.with(Option::is_some) { String::new() } else { shown.name.get_value() };
        board.router.route().with("viewPanel", "").with("view", &name).to_string()
    };
    let look_words = move || {
        if is_alone.with(Option::is_some) { Msg::BackToBoard } else { Msg::ViewPanel }.text(lang.get())
    };
    let explore = move || {
        let panel = shown.panel.get()?;
        let (_, queries) = shown.scope.with(|scope| board.questions(&panel, scope, 1_000));
        let query = queries.first()?.expr.clone();
        let range = board.times.get().range(board.now.get(), &board.zone.read());
        Some(Route::to(Page::Explore).with("q", &query).with("range", &range.to_string()).to_string())
    };
    let make_alert = move || {
        let panel = shown.panel.get()?;
        let (_, queries) = shown.scope.with(|scope| board.questions(&panel, scope, 1_000));
        Some(alert_of(&queries.first()?.expr).to_string())
    };
    let save_csv = move |_| {
        open.set(false);
        if let Some(figure) = figure.get_untracked() {
            let name = match title.get_untracked() {
                title if title.is_empty() => "panel".to_owned(),
                title => title,
            };
            download(&format!("{name}.csv"), super::table::csv_of(&figure, shown).as_bytes());
        }
    };
    let editing = use_editing();
    let id = move || shown.panel.with_untracked(|panel| panel.as_ref().map(|panel| panel.id));
    let edit = move |_| {
        open.set(false);
        editing.set(id());
    };
    // What is changed is shown at once and saved by the dashboard's own button.
    let duplicate = move |_| {
        open.set(false);
        if let Some(id) = id() {
            board.change(|json| change::duplicate(json, id));
        }
    };
    let remove = move |_| {
        open.set(false);
        if let Some(id) = id() {
            board.change(|json| change::remove(json, id));
        }
    };
    view! {
        <Popover
            open=open
            label=Signal::derive(move || Msg::PanelMenu.text(lang.get()).to_owned())
            class="btn btn--quiet btn--icon btn--sm board__menu"
            trigger=|| view! { <Icon name=IconName::More/> }
        >
            <ul class="board__menu-list">
                <li><a class="menu__item" href=look on:click=move |_| open.set(false)>{look_words}</a></li>
                {move || explore().map(|href| view! { <li><a class="menu__item" href=href>{tr(Msg::OpenInExplore)}</a></li> })}
                {move || make_alert().map(|href| view! { <li><a class="menu__item" href=href>{tr(Msg::MakeAlert)}</a></li> })}
                <li><button type="button" class="menu__item" on:click=save_csv>{tr(Msg::SaveCsv)}</button></li>
                <Show when=move || !board.is_kept()>
                    <li><button type="button" class="menu__item" on:click=edit>{tr(Msg::EditPanel)}</button></li>
                    <li><button type="button" class="menu__item" on:click=duplicate>{tr(Msg::DuplicatePanel)}</button></li>
                    <li><button type="button" class="menu__item is-critical" on:click=remove>{tr(Msg::RemovePanel)}</button></li>
                </Show>
            </ul>
        </Popover>
    }
}
