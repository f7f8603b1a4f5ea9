//! Credentials to take away: one's own as a kubeconfig, and new certificates for whoever may have them signed.

use crowsnest_api::access::Right;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::mint::MintForm;
use crate::access::use_access;
use crate::api::{ApiError, fetch_kubeconfig, use_client, use_session};
use crate::components::{Dialog, GatedButton, Icon, IconName, Panel};
use crate::download::download;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};

const CERTIFICATES: &str = "certificates.k8s.io";
const SIGNER: &str = "kubernetes.io/kube-apiserver-client";

/// What it takes to have a client certificate signed.
fn minting() -> Vec<Right> {
    vec![
        Right::to("create", CERTIFICATES, "certificatesigningrequests", ""),
        Right::to("get", CERTIFICATES, "certificatesigningrequests", ""),
        Right::to("update", CERTIFICATES, "certificatesigningrequests", "").below("approval"),
        Right::to("approve", CERTIFICATES, "signers", "").named(SIGNER),
    ]
}

/// Both, each with what it is for.
#[component]
pub(super) fn CredentialsPanel() -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let session = use_session();
    let missing = use_access().missing(minting);
    let open = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let take = move |_| {
        failure.set(None);
        spawn_local(async move {
            match fetch_kubeconfig(client).await {
                Ok(text) => download("kubeconfig.yaml", text.as_bytes()),
                Err(error) => _ = failure.try_set(Some(error)),
            }
        });
    };
    let complaint = move || failure.get().map(|error| why(lang.get(), &error));
    view! {
        <Panel title=Signal::derive(move || Msg::Credentials.text(lang.get()).to_owned()) flush=true>
            <ul class="own">
                <li class="own__line">
                    <div class="own__what">
                        <strong>{tr(Msg::KubeconfigFile)}</strong>
                        <span class="own__note">{tr(Msg::KubeconfigWhat)}</span>
                        <span class="own__note is-critical" role="alert">{complaint}</span>
                    </div>
                    <button type="button" class="btn" on:click=take>
                        <Icon name=IconName::Download/>
                        {tr(Msg::Download)}
                    </button>
                </li>
                <li class="own__line">
                    <div class="own__what">
                        <strong>{tr(Msg::NewCertificate)}</strong>
                        <span class="own__note">{tr(Msg::NewCertificateWhat)}</span>
                    </div>
                    <GatedButton
                        label=Msg::MakeCertificate
                        icon=IconName::Certificate
                        missing=missing
                        user=Signal::derive(move || session.user())
                        on_click=move |()| open.set(true)
                    />
                </li>
            </ul>
            <Dialog title=Signal::derive(move || Msg::NewCertificate.text(lang.get()).to_owned()) open=open>
                <MintForm/>
            </Dialog>
        </Panel>
    }
}

/// Why something did not work, in a sentence.
pub(super) fn why(lang: Lang, error: &ApiError) -> String {
    match error {
        ApiError::Denied(why) | ApiError::Query(why) | ApiError::Refused { message: why, .. } => {
            fill(Msg::ServerSaid.text(lang), &[("why", why)])
        }
        ApiError::Unreachable | ApiError::Aborted => Msg::CannotReachWhy.text(lang).to_owned(),
        ApiError::Unreadable | ApiError::SignedOut => Msg::NotUnderstood.text(lang).to_owned(),
    }
}
