//! The containers of a pod: how each is, how it ended last, what it runs, and what it may use.

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::{at, integer, is_true, list, moment, text};
use crate::cluster::{pod, quantity};
use crate::components::{Badge, Icon, Panel, Tone};
use crate::format::{NONE, bytes, number};
use crate::i18n::{Msg, tr, use_lang};
use crate::views::list::Age;

/// A container as it is shown.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    name: String,
    image: String,
    is_init: bool,
    tone: Tone,
    /// Kubernetes' word, or nothing where it runs.
    state: State,
    restarts: i64,
    /// How it ended last, and when.
    ended: Option<(String, Option<i64>)>,
    cpu: Asked,
    memory: Asked,
    ports: String,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Running { ready: bool },
    Word(String),
}

/// What is asked for and what is the limit.
type Asked = (Option<f64>, Option<f64>);

fn read_all(pod: &Value) -> Vec<Shown> {
    let of = |which: &'static str, statuses: &'static str, is_init: bool| {
        list(pod, &["spec", which]).iter().map(move |container| {
            let name = text(container, &["name"]);
            let status = list(pod, &["status", statuses]).iter().find(|one| text(one, &["name"]) == name);
            read(container, status.unwrap_or(&Value::Null), is_init)
        })
    };
    of("containers", "containerStatuses", false)
        .chain(of("initContainers", "initContainerStatuses", true))
        .collect()
}

fn read(container: &Value, status: &Value, is_init: bool) -> Shown {
    let ready = is_true(status, &["ready"]);
    let (tone, state) = if at(status, &["state", "running"]).is_some() {
        (if ready || is_init { Tone::Ok } else { Tone::Warning }, State::Running { ready: ready || is_init })
    } else {
        match pod::container_reason(status) {
            Some(word) => (tone_of(&word), State::Word(word)),
            None => (Tone::Progress, State::Word("Waiting".to_owned())),
        }
    };
    let last = at(status, &["lastState", "terminated"]);
    let last = last.or_else(|| at(status, &["state", "terminated"]).filter(|_| !is_init));
    let ended = last.map(|end| {
        let code = integer(end, &["exitCode"]).map(|code| format!(" {code}")).unwrap_or_default();
        (format!("{}{code}", pod::end_reason(end)), moment(text(end, &["finishedAt"])))
    });
    let asked = |resource: &str| {
        let of = |which| quantity::parse(text(container, &["resources", which, resource]));
        (of("requests"), of("limits"))
    };
    let ports = list(container, &["ports"]).iter().filter_map(|port| integer(port, &["containerPort"]));
    Shown {
        name: text(container, &["name"]).to_owned(),
        image: text(container, &["image"]).to_owned(),
        is_init,
        tone,
        state,
        restarts: integer(status, &["restartCount"]).unwrap_or(0),
        ended,
        cpu: asked("cpu"),
        memory: asked("memory"),
        ports: ports.map(|port| port.to_string()).collect::<Vec<_>>().join(", "),
    }
}

fn tone_of(word: &str) -> Tone {
    match word {
        "Completed" => Tone::Done,
        "ContainerCreating" | "PodInitializing" => Tone::Progress,
        _ => Tone::Critical,
    }
}

/// "0.2 / 0.5": asked for, and the limit.
fn asked_words((request, limit): Asked, write: fn(f64) -> String) -> String {
    let word = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), write);
    format!("{} / {}", word(request), word(limit))
}

/// All of them.
#[component]
pub(super) fn Containers(page: ObjectPage) -> impl IntoView {
    let lang = use_lang();
    let all = Memo::new(move |_| page.about(read_all));
    let line = move |one: Shown| {
        let state = match one.state {
            State::Word(word) => word,
            State::Running { ready: true } => Msg::StateRunning.text(lang.get()).to_owned(),
            State::Running { ready: false } => Msg::StateRunningNotReady.text(lang.get()).to_owned(),
        };
        let ended = one.ended.map(|(word, at)| {
            view! { {word}{at.map(|at| view! { <span class="table__dim">", "<Age at=at/></span> })} }
        });
        let has_ended = ended.is_some();
        let image = one.image.clone();
        view! {
            <tr>
                <th scope="row" class="table__name">
                    <span class="container__name">
                        {one.name}
                        {one.is_init.then(|| view! { <Badge tone=Tone::Unknown>"init"</Badge> })}
                    </span>
                    <code class="container__image" title=one.image>{image}</code>
                </th>
                <td>
                    <span class=format!("status {}", one.tone.class())>
                        <Icon name=one.tone.icon()/>
                        <span class="status__word">{state}</span>
                    </span>
                </td>
                <td>{ended}{(!has_ended).then(|| view! { <span class="table__dim">{NONE}</span> })}</td>
                <td class="table__num">{one.restarts.to_string()}</td>
                <td class="table__num">{asked_words(one.cpu, number)}</td>
                <td class="table__num">{asked_words(one.memory, bytes)}</td>
                <td class="table__num table__dim is-extra">{one.ports}</td>
            </tr>
        }
    };
    let heads = [
        (Msg::ColumnName, ""),
        (Msg::ColumnState, ""),
        (Msg::ColumnLastEnd, ""),
        (Msg::ColumnRestartCount, "table__num"),
        (Msg::ColumnCpuAsked, "table__num"),
        (Msg::ColumnMemoryAsked, "table__num"),
        (Msg::ColumnPorts, "table__num is-extra"),
    ];
    let head = |(title, class): (Msg, &'static str)| view! { <th scope="col" class=class>{tr(title)}</th> };
    let heading = tr(Msg::Containers);
    let note = Signal::derive(move || all.with(Vec::len).to_string());
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) note=note flush=true class="grid__16">
            <div class="table-wrap containers">
                <table class="table">
                    <caption class="visually-hidden">{tr(Msg::Containers)}</caption>
                    <thead><tr>{heads.map(head).collect_view()}</tr></thead>
                    <tbody>{move || all.get().into_iter().map(line).collect_view()}</tbody>
                </table>
            </div>
        </Panel>
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_container_is_read_from_both_of_its_halves() {
        let pod = json!({
            "spec": {
                "containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}],
                    "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}}],
                "initContainers": [{"name": "migrate", "image": "m"}],
            },
            "status": {
                "containerStatuses": [{"name": "web", "ready": false, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "1970-01-01T00:00:01Z"}}}],
                "initContainerStatuses": [{"name": "migrate", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}],
            },
        });
        let all = read_all(&pod);
        let [web, migrate] = all.as_slice() else { panic!("two containers expected") };
        assert_eq!((web.tone, &web.state), (Tone::Critical, &State::Word("CrashLoopBackOff".into())));
        assert_eq!(web.ended, Some(("OOMKilled 137".into(), Some(1_000))));
        assert_eq!(
            (asked_words(web.cpu, number), asked_words(web.memory, bytes)),
            ("0.1 / –".into(), "– / 1.0 GiB".into())
        );
        assert_eq!((migrate.tone, migrate.is_init, &migrate.ended), (Tone::Done, true, &None));
    }

    #[test]
    fn a_container_that_nothing_is_known_of_waits() {
        let all = read_all(&json!({"spec": {"containers": [{"name": "web"}]}}));
        assert_eq!(all.first().map(|one| one.tone), Some(Tone::Progress));
    }
}
