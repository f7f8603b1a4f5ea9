//! The variables of a dashboard, above its panels.

use std::collections::BTreeMap;

use crowsnest_dashboards::variables::{ALL, Choice, ChoiceOption, Hide, Settled, Variable, VariableKind};
use leptos::prelude::*;

use crate::boards::Board;
use crate::components::{Icon, IconName, Popover, Select};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::router::VARIABLE;

/// Options that are listed at once; the filter finds the others.
const MOST_LISTED: usize = 200;
/// Choices that a button names.
const MOST_NAMED: usize = 2;

/// One control a variable that is not hidden.
#[component]
pub(super) fn VariableBar(board: Board, failed: RwSignal<BTreeMap<String, String>>) -> impl IntoView {
    let shown = Memo::new(move |_| {
        board.loading.with(|loading| {
            let is_shown = |variable: &Variable| {
                let offers = !matches!(variable.kind, VariableKind::DataSource(_) | VariableKind::AdHoc(_));
                variable.hide != Hide::All && offers
            };
            let variables = loading.variables().iter().enumerate();
            variables
                .filter(|(_, variable)| is_shown(variable))
                .map(|(at, one)| (at, one.clone()))
                .collect::<Vec<_>>()
        })
    });
    let filters = Memo::new(move |_| board.loading.with(|loading| loading.adhoc_matchers()));
    let lang = use_lang();
    view! {
        <Show when=move || !shown.with(Vec::is_empty) || !filters.with(Vec::is_empty)>
            <div class="board__variables" role="group" aria-label=move || Msg::Variables.text(lang.get())>
                <For each=move || shown.get() key=|(at, variable)| (*at, variable.name.clone()) let((at, variable))>
                    <VariableControl board=board at=at variable=variable failed=failed/>
                </For>
                {move || filters.get().into_iter().map(|filter| view! { <code class="chip">{filter}</code> }).collect_view()}
            </div>
        </Show>
    }
}

#[component]
fn VariableControl(
    board: Board,
    at: usize,
    variable: Variable,
    failed: RwSignal<BTreeMap<String, String>>,
) -> impl IntoView {
    let settled = Memo::new(move |before: Option<&Settled>| {
        // While it is loaded anew, what was there stays.
        board.loading.with(|loading| loading.settled(at).cloned()).or(before.cloned()).unwrap_or_default()
    });
    let name = variable.name.clone();
    let choose = Callback::new(move |values: Vec<String>| {
        let route = board.router.route_now();
        let values = if values.is_empty() { vec![String::new()] } else { values };
        let params = route.params.with_all(&format!("{VARIABLE}{name}"), &values);
        board.router.push(crate::router::Route { page: route.page, params });
    });
    let label = if variable.hide == Hide::Label { String::new() } else { variable.label.clone() };
    let name = variable.name.clone();
    let trouble = move || failed.with(|failed| failed.get(&name).cloned());
    let mark = move || {
        let why = trouble()?;
        let said = why.clone();
        Some(view! {
            <span class="board__trouble" title=why>
                <Icon name=IconName::Critical/>
                <span class="visually-hidden">{said}</span>
            </span>
        })
    };
    let control = if matches!(variable.kind, VariableKind::Textbox(_)) {
        view! { <TextControl label=label settled=settled choose=choose/> }.into_any()
    } else if variable.multi {
        view! { <ManyControl label=variable.label.clone() variable=variable settled=settled choose=choose/> }
            .into_any()
    } else {
        view! { <OneControl label=variable.label.clone() variable=variable settled=settled choose=choose/> }
            .into_any()
    };
    view! { <div class="board__variable">{control}{mark}</div> }
}

/// A text of one's own.
#[component]
fn TextControl(label: String, settled: Memo<Settled>, choose: Callback<Vec<String>>) -> impl IntoView {
    let text = move || settled.with(|settled| settled.choice.values.first().cloned().unwrap_or_default());
    view! {
        <label class="select">
            <span class="select__label">{label}</span>
            <input class="select__value board__text" type="text" prop:value=text
                on:change:target=move |event| choose.run(vec![event.target().value()])/>
        </label>
    }
}

/// One of the options.
#[component]
fn OneControl(
    label: String,
    variable: Variable,
    settled: Memo<Settled>,
    choose: Callback<Vec<String>>,
) -> impl IntoView {
    let lang = use_lang();
    let include_all = variable.include_all;
    let options = Signal::derive(move || {
        let all = include_all.then(|| (ALL.to_owned(), Msg::All.text(lang.get()).to_owned()));
        settled.with(|settled| {
            let chosen = settled.choice.values.first().zip(settled.choice.texts.first());
            let is_listed = |value: &String| {
                value == ALL || settled.options.list.iter().any(|option| option.value == *value)
            };
            // What is chosen is among the options, whatever these are.
            let odd = chosen
                .filter(|(value, _)| !is_listed(value))
                .map(|(value, text)| (value.clone(), text.clone()));
            let own = settled.options.list.iter().map(|option| (option.value.clone(), option.text.clone()));
            all.into_iter().chain(odd).chain(own).collect::<Vec<_>>()
        })
    });
    let value = Signal::derive(move || {
        settled.with(|settled| settled.choice.values.first().cloned().unwrap_or_default())
    });
    view! {
        <Select label=Signal::stored(label) options=options value=value on_change=move |value: String| choose.run(vec![value])/>
    }
}

/// Several of the options.
#[component]
fn ManyControl(
    label: String,
    variable: Variable,
    settled: Memo<Settled>,
    choose: Callback<Vec<String>>,
) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    let filter = RwSignal::new(String::new());
    let words = move || settled.with(|settled| chosen_words(lang.get(), &settled.choice));
    let spoken = {
        let label = label.clone();
        move || format!("{label}: {}", words())
    };
    let include_all = variable.include_all;
    let is_all = Memo::new(move |_| settled.with(|settled| settled.choice.is_all()));
    let toggle = move |value: String| {
        let mut values = settled.with_untracked(|settled| match settled.choice.is_all() {
            true => Vec::new(),
            false => settled.choice.values.clone(),
        });
        match values.iter().position(|known| *known == value) {
            Some(at) => drop(values.remove(at)),
            None => values.push(value),
        }
        if values.is_empty() && include_all {
            values.push(ALL.to_owned());
        }
        choose.run(values);
    };
    let listed = Memo::new(move |_| {
        let wanted = filter.get().to_lowercase();
        settled.with(|settled| {
            let fits =
                |option: &&ChoiceOption| wanted.is_empty() || option.text.to_lowercase().contains(&wanted);
            settled.options.list.iter().filter(fits).take(MOST_LISTED).cloned().collect::<Vec<_>>()
        })
    });
    let item = move |option: ChoiceOption| {
        let (value, other) = (option.value.clone(), option.value.clone());
        let is_on = move || settled.with(|settled| settled.choice.values.contains(&value));
        view! {
            <li>
                <label class="menu__item board__option">
                    <input type="checkbox" prop:checked=is_on on:change=move |_| toggle(other.clone())/>
                    <span>{option.text}</span>
                </label>
            </li>
        }
    };
    let trigger = move || {
        view! {
            <span class="select__label">{label.clone()}</span>
            <span class="board__chosen">{words}</span>
            <Icon name=IconName::Down/>
        }
    };
    view! {
        <Popover open=open label=Signal::derive(spoken) class="select board__many" trigger=trigger>
            <div class="board__options">
                <label class="input">
                    <Icon name=IconName::Search/>
                    <input type="search" aria-label=tr(Msg::FilterOptions) placeholder=tr(Msg::FilterOptions)
                        prop:value=move || filter.get() on:input:target=move |event| filter.set(event.target().value())/>
                </label>
                <ul>
                    {include_all.then(|| view! {
                        <li>
                            <label class="menu__item board__option">
                                <input type="checkbox" prop:checked=move || is_all.get() on:change=move |_| choose.run(vec![ALL.to_owned()])/>
                                <span>{tr(Msg::All)}</span>
                            </label>
                        </li>
                    })}
                    <For each=move || listed.get() key=|option| option.value.clone() children=item/>
                </ul>
            </div>
        </Popover>
    }
}

/// The first few choices, and how many more there are.
fn chosen_words(lang: Lang, choice: &Choice) -> String {
    if choice.is_all() {
        return Msg::All.text(lang).to_owned();
    }
    let named = choice.texts.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match choice.texts.len().saturating_sub(MOST_NAMED) {
        0 if named.is_empty() => "–".to_owned(),
        0 => named,
        more => format!("{named} {}", fill(Msg::AndMore.text(lang), &[("n", &more.to_string())])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_names_the_first_choices_and_counts_the_others() {
        let words = |values: &[&str]| chosen_words(Lang::English, &Choice::of(values.iter().copied()));
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b", "c", "d"]), "a, b and 2 more");
        assert_eq!(words(&[]), "–");
        assert_eq!(chosen_words(Lang::English, &Choice::all()), "All");
    }
}
