//! When certificates end, the first one first.

use std::time::Duration;

use crowsnest_api::about::{Certificate, Certificates};
use leptos::prelude::*;

use super::{table, title, unread};
use crate::api::{fetch_certificates, fetch_kubelets, use_client};
use crate::clock::use_clock;
use crate::cluster::expiry;
use crate::components::{BoneRows, Faced, Icon, IconName, Panel, Status};
use crate::i18n::{Msg, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::range::{DAY, SECOND};
use crate::views::cluster::{Cluster, use_metrics};

const AGAIN: Duration = Duration::from_secs(300);
/// Namespaces that somebody who sees some only has looked through.
const PLACES: usize = 50;
const COLUMNS: [(Msg, &str); 4] =
    [(Msg::ColumnUse, ""), (Msg::ColumnName, ""), (Msg::ColumnIssuer, "is-optional"), (Msg::ColumnEnds, "")];
/// Of kubelets, whose certificates renew themselves, less time than this is worth a look.
const KUBELET: i64 = DAY;

/// All of them.
#[component]
pub(super) fn CertificatesPanel(cluster: Cluster) -> impl IntoView {
    let (client, clock, lang, metrics) = (use_client(), use_clock(), use_lang(), use_metrics());
    let secrets = RwSignal::new(false);
    let places = Memo::new(move |_| cluster.places(PLACES));
    let question = move || {
        let places = places.get();
        let cadence = if places.is_empty() { Cadence::Never } else { Cadence::Every(AGAIN) };
        ((places, secrets.get()), cadence)
    };
    let feed =
        poll(question, move |(places, secrets), abort| fetch_certificates(client, places, secrets, abort));
    let kubelets = poll(
        move || ((), metrics.cadence(Cadence::Every(AGAIN))),
        move |(), abort| async move { fetch_kubelets(client, &abort).await },
    );
    // Ends are days away: nothing moves by the second.
    let hour = Memo::new(move |_| clock.ticking() / crate::range::HOUR);
    let row = move |certificate: Certificate| {
        hour.track();
        let now = clock.now();
        let left = expiry::left(&certificate, now);
        let tone = expiry::tone(&certificate, now);
        let words = move || expiry::left_words(lang.get(), left);
        let name = if certificate.namespace.is_empty() {
            certificate.name
        } else {
            format!("{}/{}", certificate.namespace, certificate.name)
        };
        view! {
            <tr>
                <th scope="row" class="table__name">{tr(expiry::words(certificate.of))}</th>
                <td>{name}</td>
                <td class="is-optional table__dim">{certificate.issuer}</td>
                <td><Status tone=tone>{words}</Status></td>
            </tr>
        }
    };
    let kubelet = move |(node, is_shown, seconds): (String, bool, f64)| {
        let left = (seconds * SECOND as f64) as i64;
        let what = if is_shown { Msg::CertificateKubelet } else { Msg::CertificateKubeletClient };
        let words = move || expiry::left_words(lang.get(), left);
        view! {
            <tr>
                <th scope="row" class="table__name">{tr(what)}</th>
                <td>{node}</td>
                <td class="is-optional table__dim"></td>
                <td><Status tone=super::tone_within(left > KUBELET)>{words}</Status></td>
            </tr>
        }
    };
    let rows = move || {
        let all = feed
            .value
            .with(|found| found.as_ref().map(|found| found.certificates.clone()))
            .unwrap_or_default();
        let kubelets = kubelets.value.get().unwrap_or_default();
        (all.into_iter().map(row).collect_view(), kubelets.into_iter().map(kubelet).collect_view())
    };
    let missing = move || {
        let unread_of = |found: &Certificates| found.unread.clone();
        unread(feed.value.with(|found| found.as_ref().map(unread_of)).unwrap_or_default())
    };
    let tools = move || {
        view! {
            <Show when=move || !secrets.get()>
                <button type="button" class="btn btn--sm" title=tr(Msg::ReadTlsSecretsWhy) on:click=move |_| secrets.set(true)>
                    <Icon name=IconName::Eye/>
                    {tr(Msg::ReadTlsSecrets)}
                </button>
            </Show>
        }
    };
    let content = move || view! { {table(Msg::Certificates, &COLUMNS, rows)} {missing} };
    view! {
        <Panel title=title(Msg::Certificates) tools=tools flush=true class="grid__24">
            <Faced feed=feed what=Msg::CertificatesWord bones=|| view! { <BoneRows rows=4/> } content=content/>
        </Panel>
    }
}
