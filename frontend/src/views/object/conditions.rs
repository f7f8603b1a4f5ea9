//! The conditions of an object: those that are not as they should be first.

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::arrange::Arrange as _;
use crate::cluster::node;
use crate::cluster::object::{list, moment, text};
use crate::components::{Icon, Panel, Tone};
use crate::i18n::{Msg, tr};
use crate::views::list::Age;

/// A condition as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    tone: Tone,
    kind: String,
    why: String,
    since: Option<i64>,
}

fn read(condition: &Value, is_over: bool) -> Shown {
    let (kind, status) = (text(condition, &["type"]), text(condition, &["status"]));
    let tone = match status {
        _ if node::is_well(kind, status) => Tone::Ok,
        // A pod that has done its work is not ready, and need not be.
        "False" if is_over => Tone::Done,
        "Unknown" => Tone::Unknown,
        _ => Tone::Warning,
    };
    let (reason, message) = (text(condition, &["reason"]), text(condition, &["message"]));
    let why = if tone == Tone::Ok || message.is_empty() { reason } else { message };
    Shown {
        tone,
        kind: kind.to_owned(),
        why: why.to_owned(),
        since: moment(text(condition, &["lastTransitionTime"])),
    }
}

/// All of them.
#[component]
pub(super) fn Conditions(page: ObjectPage) -> impl IntoView {
    let all = Memo::new(move |_| {
        page.about(|object| {
            let is_over = crate::cluster::pod::is_over(object);
            let mut all: Vec<Shown> =
                list(object, &["status", "conditions"]).iter().map(|one| read(one, is_over)).collect();
            all.arrange_by_key(|one| one.tone == Tone::Ok);
            all
        })
    });
    let line = |one: Shown| {
        let why = one.why.clone();
        view! {
            <li class="condition">
                <span class=format!("status {}", one.tone.class())>
                    <Icon name=one.tone.icon()/>
                    <span class="status__word">{one.kind}</span>
                </span>
                <span class="condition__since">{one.since.map(|at| view! { <Age at=at/> })}</span>
                <p class="condition__why">{why}</p>
            </li>
        }
    };
    let heading = tr(Msg::Conditions);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) class="grid__8">
            <Show
                when=move || all.with(|all| !all.is_empty())
                fallback=|| view! { <p class="panel__none">{tr(Msg::NoConditions)}</p> }
            >
                <ul>{move || all.get().into_iter().map(line).collect_view()}</ul>
            </Show>
        </Panel>
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[track_caller]
    fn check(condition: Value, is_over: bool, tone: Tone, why: &str) {
        let shown = read(&condition, is_over);
        assert_eq!((shown.tone, shown.why.as_str()), (tone, why));
    }

    #[test]
    fn a_condition_is_coloured_by_what_it_means() {
        check(
            json!({"type": "Ready", "status": "True", "reason": "r", "message": "m"}),
            false,
            Tone::Ok,
            "r",
        );
        check(
            json!({"type": "Ready", "status": "False", "reason": "r", "message": "m"}),
            false,
            Tone::Warning,
            "m",
        );
        check(
            json!({"type": "Ready", "status": "False", "reason": "PodCompleted"}),
            true,
            Tone::Done,
            "PodCompleted",
        );
        check(json!({"type": "DiskPressure", "status": "False", "reason": "r"}), false, Tone::Ok, "r");
        check(
            json!({"type": "DiskPressure", "status": "True", "message": "full"}),
            false,
            Tone::Warning,
            "full",
        );
        check(json!({"type": "Ready", "status": "Unknown"}), false, Tone::Unknown, "");
    }
}
