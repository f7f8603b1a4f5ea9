//! Which columns a list shows: all that there is room for, or those that the address names.

use leptos::prelude::*;

use crate::components::{Icon, IconName, Popover};
use crate::i18n::{Msg, tr, use_lang};
use crate::kinds::{Column, KindRow};
use crate::router::use_router;

/// The columns that somebody has chosen, by their places; `None` where nobody has.
pub(super) type Chosen = Option<Vec<usize>>;

/// The choice that a text makes. The name is always there.
pub(super) fn chosen(row: &KindRow, text: Option<&str>) -> Chosen {
    let wanted: Vec<&str> = text?.split(',').collect();
    let is_shown = |column: &Column| column.id == "name" || wanted.contains(&column.id);
    let places: Vec<usize> =
        row.columns.iter().enumerate().filter(|(_, column)| is_shown(column)).map(|(at, _)| at).collect();
    (wanted.iter().any(|id| row.column(id).is_some())).then_some(places)
}

/// The text of the choice after a column was switched; empty for all of them.
fn switched(row: &KindRow, chosen: &Chosen, at: usize) -> String {
    let all = || (0..row.columns.len()).collect();
    let mut places: Vec<usize> = chosen.clone().unwrap_or_else(all);
    match places.iter().position(|place| *place == at) {
        Some(found) => drop(places.remove(found)),
        None => places.push(at),
    }
    places.sort_unstable();
    if places.len() == row.columns.len() {
        return String::new();
    }
    let ids = places.iter().filter_map(|place| row.columns.get(*place)).map(|column| column.id);
    ids.collect::<Vec<_>>().join(",")
}

/// The button that offers the columns.
#[component]
pub(super) fn ColumnChooser(row: &'static KindRow) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let param = router.param("columns");
    let now = Memo::new(move |_| chosen(row, param.get().as_deref()));
    let open = RwSignal::new(false);
    let label = tr(Msg::ChooseColumns);
    let set = move |text: &str| router.replace(router.route_now().with("columns", text));
    let option = move |(at, column): (usize, &'static Column)| {
        let is_on = move || now.with(|now| now.as_ref().is_none_or(|places| places.contains(&at)));
        view! {
            <label class="menu__item">
                <input
                    type="checkbox"
                    prop:checked=is_on
                    disabled=column.id == "name"
                    on:change=move |_| set(&now.with_untracked(|now| switched(row, now, at)))
                />
                <span>{move || column.title.text(lang.get())}</span>
            </label>
        }
    };
    view! {
        <Popover
            open=open
            label=Signal::derive(move || label().to_owned())
            class="btn btn--quiet btn--icon"
            trigger=|| view! { <Icon name=IconName::Columns/> }
        >
            <div class="menu" role="group" aria-label=label>
                {row.columns.iter().enumerate().map(option).collect_view()}
                <Show when=move || now.with(Option::is_some)>
                    <button type="button" class="btn btn--sm" on:click=move |_| set("")>{tr(Msg::AllColumns)}</button>
                </Show>
            </div>
        </Popover>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::PODS;

    #[test]
    fn a_choice_is_written_and_read_and_all_columns_are_no_choice() {
        let text = switched(PODS, &None, PODS.column("ip").unwrap());
        let now = chosen(PODS, Some(&text));
        assert!(text.contains("status") && !text.split(',').any(|id| id == "ip"), "{text}");
        assert_eq!(now.as_ref().map(Vec::len), Some(PODS.columns.len() - 1));
        assert_eq!(switched(PODS, &now, PODS.column("ip").unwrap()), "");
    }

    #[test]
    fn the_name_is_always_there_and_nonsense_is_no_choice() {
        assert_eq!(chosen(PODS, Some("age")).map(|places| places.len()), Some(2));
        assert_eq!(chosen(PODS, Some("colour")), None);
        assert_eq!(chosen(PODS, None), None);
    }
}
