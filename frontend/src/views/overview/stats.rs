//! Four figures of one node: what can run short, and how much of it is left.

use leptos::prelude::*;

use super::{about, tone_of};
use crate::api::Node;
use crate::components::{Stat, Tone};
use crate::format::{self, NONE, bytes, duration, percent_figure};
use crate::i18n::{Lang, Msg, count, fill, use_lang};
use crate::range::MINUTE;
use crate::verdict;

/// The row of figures.
#[component]
pub(super) fn Stats(node: Memo<Option<Node>>) -> impl IntoView {
    let lang = use_lang();
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let text = move |read: fn(Lang, &Node) -> Option<String>| {
        about(node, move |node| read(lang.get(), node).unwrap_or_default(), String::new)
    };
    let figure = move |read: fn(&Node) -> Option<f64>| {
        about(
            node,
            move |node| read(node).map_or_else(|| NONE.to_owned(), percent_figure),
            || NONE.to_owned(),
        )
    };
    let share = move |read: fn(&Node) -> Option<f64>| about(node, read, || None);
    let tone = move |read: fn(&Node) -> Option<Tone>| about(node, read, || None);
    let load = about(
        node,
        |node| {
            let [one, _, _] = node.load;
            one.map_or_else(|| NONE.to_owned(), format::load)
        },
        || NONE.to_owned(),
    );
    view! {
        <dl class="panel overview__stats">
            <Stat
                label=word(Msg::StatCpu)
                aside=text(cpu_aside)
                value=figure(|node| node.cpu)
                unit="%"
                share=share(|node| node.cpu)
                tone=tone(|node| tone_of(node.cpu, (verdict::CPU, f64::INFINITY)))
                note=text(uptime_note)
            />
            <Stat
                label=word(Msg::StatMemory)
                aside=text(memory_aside)
                value=figure(Node::memory)
                unit="%"
                share=share(Node::memory)
                tone=tone(|node| tone_of(node.memory(), verdict::MEMORY))
                note=text(memory_note)
            />
            <Stat
                label=word(Msg::StatDisk)
                aside=text(disk_aside)
                value=figure(disk_share)
                unit="%"
                share=share(disk_share)
                tone=tone(|node| tone_of(disk_share(node), verdict::DISK))
                note=text(disk_note)
            />
            <Stat
                label=word(Msg::StatLoad)
                aside=text(|lang, node| node.cores.map(|cores| cores_words(lang, cores)))
                value=load
                unit=""
                share=share(load_share)
                tone=tone(|node| tone_of(load_share(node), (verdict::LOAD, f64::INFINITY)))
                note=text(load_note)
            />
        </dl>
    }
}

fn cores_words(lang: Lang, cores: f64) -> String {
    count(lang, cores as usize, Msg::CoresOne, Msg::CoresMany)
}

fn cpu_aside(lang: Lang, node: &Node) -> Option<String> {
    let (busy, cores) = (node.cpu?, node.cores?);
    let used = format!("{:.1}", busy * cores);
    Some(fill(Msg::CoresBusy.text(lang), &[("used", &used), ("cores", &cores_words(lang, cores))]))
}

fn uptime_note(lang: Lang, node: &Node) -> Option<String> {
    let uptime = node.uptime?;
    let time = duration(lang, uptime - uptime % MINUTE);
    Some(fill(Msg::UptimeNote.text(lang), &[("time", &time)]))
}

fn used_of(lang: Lang, used: f64, total: f64) -> String {
    fill(Msg::UsedOf.text(lang), &[("used", &bytes(used)), ("total", &bytes(total))])
}

fn memory_aside(lang: Lang, node: &Node) -> Option<String> {
    let total = node.memory_total?;
    Some(used_of(lang, total - node.memory_available?, total))
}

fn memory_note(lang: Lang, node: &Node) -> Option<String> {
    Some(fill(Msg::MemoryAvailable.text(lang), &[("free", &bytes(node.memory_available?))]))
}

fn disk_share(node: &Node) -> Option<f64> {
    node.disk().map(crate::api::Filesystem::used)
}

fn disk_aside(lang: Lang, node: &Node) -> Option<String> {
    let disk = node.disk()?;
    Some(used_of(lang, disk.size - disk.available, disk.size))
}

fn disk_note(lang: Lang, node: &Node) -> Option<String> {
    Some(match node.disk() {
        Some(disk) => fill(Msg::FullestMount.text(lang), &[("mount", &disk.mount)]),
        None => Msg::NoFilesystem.text(lang).to_owned(),
    })
}

/// Load per core: 1 means that every core has work.
fn load_share(node: &Node) -> Option<f64> {
    let [one, _, _] = node.load;
    Some(one? / node.cores.filter(|cores| *cores > 0.0)?)
}

fn load_note(lang: Lang, node: &Node) -> Option<String> {
    let [_, five, fifteen] = node.load;
    Some(fill(
        Msg::LoadNote.text(lang),
        &[("five", &format::load(five?)), ("fifteen", &format::load(fifteen?))],
    ))
}
