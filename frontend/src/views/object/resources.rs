//! What a node has, how much of it is asked for, and how much is used.

use leptos::prelude::*;

use super::ObjectPage;
use crate::api::Node;
use crate::cluster::capacity::{self, Capacity, Demand};
use crate::cluster::object::text;
use crate::components::Stat;
use crate::format::{NONE, bytes, number, percent, percent_figure};
use crate::i18n::{Lang, Msg, fill, use_lang};
use crate::views::watch::use_watch;

/// Four figures.
#[component]
pub(super) fn NodeResources(page: ObjectPage) -> impl IntoView {
    let name = page.wanted.with_value(|(_, name)| name.clone());
    let machine = use_watch().node(Signal::stored(name.clone()));
    let pods = page.cluster.pods;
    let capacity = Memo::new(move |_| {
        page.shown.with(|entry| {
            let node = entry.as_ref().map(|entry| &entry.object);
            pods.with(|pods| {
                let here = pods.map(|pod| &pod.object).filter(|pod| text(pod, &["spec", "nodeName"]) == name);
                capacity::by_node(node.into_iter(), here).into_values().next().unwrap_or_default()
            })
        })
    });
    view! { <ResourceStats capacity=capacity machines=Signal::derive(move || machine.get().into_iter().collect())/> }
}

/// The figures of some machines together.
#[component]
pub(in crate::views) fn ResourceStats(
    capacity: Memo<Capacity>,
    /// What their agents report; nothing where none does.
    machines: Signal<Vec<Node>>,
) -> impl IntoView {
    let lang = use_lang();
    let used = Memo::new(move |_| machines.with(|machines| Used::of(machines)));
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let note = move |of: fn(&Capacity) -> Demand| {
        Signal::derive(move || capacity.with(|capacity| asked_words(lang.get(), of(capacity))))
    };
    let asked =
        move |of: fn(&Capacity) -> Demand| Signal::derive(move || capacity.with(|all| of(all).asked()));
    let cpu = Signal::derive(move || used.with(|used| used.cpu()));
    let memory = Signal::derive(move || used.with(|used| used.memory()));
    let disk = Signal::derive(move || used.with(|used| used.disk()));
    let pods = Signal::derive(move || capacity.with(|all| all.pods.asked()));
    let figure = |share: Signal<Option<f64>>| {
        Signal::derive(move || share.get().map_or_else(|| NONE.to_owned(), percent_figure))
    };
    // Where no agent reports what is used, what is asked for is the figure.
    let or_asked = move |share: Signal<Option<f64>>, of: fn(&Capacity) -> Demand| {
        Signal::derive(move || share.get().or_else(|| capacity.with(|all| of(all).asked())))
    };
    let tone = |share: Signal<Option<f64>>, (look, broken): (f64, f64)| {
        Signal::derive(move || {
            share.get().and_then(|share| match share {
                _ if share >= broken => Some(crate::components::Tone::Critical),
                _ if share >= look => Some(crate::components::Tone::Warning),
                _ => None,
            })
        })
    };
    let aside = move |write: fn(Lang, &Used, &Capacity) -> Option<String>| {
        Signal::derive(move || {
            used.with(|used| capacity.with(|all| write(lang.get(), used, all))).unwrap_or_default()
        })
    };
    view! {
        <dl class="panel overview__stats">
            <Stat
                label=word(Msg::StatCpu)
                aside=aside(|lang, used, all| {
                    // What is busy is told of the machines that report, which may not be all.
                    let room = if used.cores_busy.is_some() { used.cores } else { all.cpu.room };
                    let cores = crate::i18n::count(lang, room as usize, Msg::CoresOne, Msg::CoresMany);
                    of_words(lang, used.cores_busy.map(number), &cores, room)
                })
                value=figure(or_asked(cpu, |all| all.cpu))
                unit="%"
                share=cpu
                asked=asked(|all| all.cpu)
                tone=tone(cpu, (crate::verdict::CPU, f64::INFINITY))
                note=note(|all| all.cpu)
            />
            <Stat
                label=word(Msg::StatMemory)
                aside=aside(|lang, used, all| {
                    let room = used.memory.map_or(all.memory.room, |(_, total)| total);
                    of_words(lang, used.memory.map(|(used, _)| bytes(used)), &bytes(room), room)
                })
                value=figure(or_asked(memory, |all| all.memory))
                unit="%"
                share=memory
                asked=asked(|all| all.memory)
                tone=tone(memory, crate::verdict::MEMORY)
                note=note(|all| all.memory)
            />
            <Stat
                label=word(Msg::StatDisk)
                aside=aside(|lang, used, _| {
                    let (used, size) = used.disk?;
                    of_words(lang, Some(bytes(used)), &bytes(size), size)
                })
                value=figure(disk)
                unit=Signal::derive(move || disk.get().map(|_| "%".to_owned()).unwrap_or_default())
                share=disk
                tone=tone(disk, crate::verdict::DISK)
                note=aside(|lang, used, _| {
                    Some(match &used.fullest {
                        Some((place, share)) => fill(Msg::FullestPlace.text(lang), &[("place", place), ("share", &percent(*share))]),
                        None => Msg::NoFilesystem.text(lang).to_owned(),
                    })
                })
            />
            <Stat
                label=word(Msg::Pods)
                aside=aside(|lang, _, all| of_words(lang, Some(number(all.pods.requests)), &number(all.pods.room), all.pods.room))
                value=figure(pods)
                unit="%"
                share=pods
                tone=tone(pods, (0.9, f64::INFINITY))
                note=aside(|lang, _, all| {
                    let free = (all.pods.room - all.pods.requests).max(0.0);
                    Some(fill(Msg::RoomForPods.text(lang), &[("n", &number(free))]))
                })
            />
        </dl>
    }
}

/// "66 % requested · limits 124 %".
fn asked_words(lang: Lang, demand: Demand) -> String {
    match (demand.asked(), demand.limited()) {
        (Some(asked), Some(limited)) => fill(
            Msg::RequestedAndLimits.text(lang),
            &[("asked", &percent(asked)), ("limits", &percent(limited))],
        ),
        _ => String::new(),
    }
}

/// "7.4 of 20 cores", or only what there is.
fn of_words(lang: Lang, used: Option<String>, total: &str, room: f64) -> Option<String> {
    (room > 0.0).then(|| match used {
        Some(used) => fill(Msg::UsedOf.text(lang), &[("used", &used), ("total", total)]),
        None => total.to_owned(),
    })
}

/// What agents report as used, of how much.
#[derive(Clone, Debug, Default, PartialEq)]
struct Used {
    cores_busy: Option<f64>,
    cores: f64,
    memory: Option<(f64, f64)>,
    disk: Option<(f64, f64)>,
    /// Where the fullest file system is, and its share.
    fullest: Option<(String, f64)>,
}

impl Used {
    fn of(machines: &[Node]) -> Self {
        let reporting = || machines.iter().filter(|machine| machine.reporting);
        let is_one = machines.len() == 1;
        let sum = |pairs: Vec<(f64, f64)>| {
            (!pairs.is_empty())
                .then(|| pairs.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
        };
        let cpu = sum(reporting().filter_map(|one| Some((one.cpu? * one.cores?, one.cores?))).collect());
        let memory = reporting().filter_map(|one| {
            let total = one.memory_total?;
            Some((total - one.memory_available?, total))
        });
        let disks = reporting().filter_map(|one| {
            let disk = one.disk()?;
            Some((disk.size - disk.available, disk.size))
        });
        let fullest = reporting()
            .filter_map(|one| {
                let disk = one.disk()?;
                let place = if is_one { disk.mount.clone() } else { format!("{} {}", one.name, disk.mount) };
                Some((place, disk.used()))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1));
        Self {
            cores_busy: cpu.map(|(busy, _)| busy),
            cores: cpu.map_or(0.0, |(_, cores)| cores),
            memory: sum(memory.collect()),
            disk: sum(disks.collect()),
            fullest,
        }
    }

    fn cpu(&self) -> Option<f64> {
        self.cores_busy.filter(|_| self.cores > 0.0).map(|busy| busy / self.cores)
    }

    fn memory(&self) -> Option<f64> {
        self.memory.filter(|(_, total)| *total > 0.0).map(|(used, total)| used / total)
    }

    fn disk(&self) -> Option<f64> {
        self.disk.filter(|(_, size)| *size > 0.0).map(|(used, size)| used / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_summed_and_silent_ones_left_out() {
        let machine = |name: &str, reporting, cpu| Node {
            name: name.into(),
            reporting,
            cpu: Some(cpu),
            cores: Some(4.0),
            memory_total: Some(100.0),
            memory_available: Some(40.0),
            ..Node::default()
        };
        let used = Used::of(&[machine("a", true, 0.5), machine("b", true, 1.0), machine("c", false, 1.0)]);
        assert_eq!((used.cores_busy, used.cpu(), used.memory()), (Some(6.0), Some(0.75), Some(0.6)));
        assert_eq!(Used::of(&[]), Used::default());
        assert_eq!(Used::default().cpu(), None);
    }

    #[test]
    fn what_is_asked_for_is_told_beside_the_limits() {
        let demand = Demand { room: 10.0, requests: 6.6, limits: 12.4 };
        assert_eq!(asked_words(Lang::English, demand), "66 % requested · limits 124 %");
        assert_eq!(asked_words(Lang::English, Demand::default()), "");
    }
}
