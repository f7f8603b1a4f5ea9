//! A certificate and its key become the text of a Secret, which goes the way of every other text.

use leptos::ev;
use leptos::prelude::*;
use serde_json::json;

use crate::components::{Icon, IconName, Panel, TextInput};
use crate::i18n::{Msg, tr, use_lang};

#[component]
pub(super) fn TlsForm(text: RwSignal<String>) -> impl IntoView {
    let lang = use_lang();
    let (name, certificate, key) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let wrong = RwSignal::new(None::<Msg>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match manifest(&name.get_untracked(), &certificate.get_untracked(), &key.get_untracked()) {
            Ok(manifest) => {
                wrong.set(None);
                text.set(manifest);
                // The key need not stand in two places.
                key.set(String::new());
            }
            Err(msg) => wrong.set(Some(msg)),
        }
    };
    let lines = |label: Msg, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span class="field__label">{tr(label)}</span>
                <textarea
                    class="act__lines mono"
                    rows="5"
                    spellcheck="false"
                    autocomplete="off"
                    prop:value=move || value.get()
                    on:input:target=move |event| value.set(event.target().value())
                ></textarea>
            </label>
        }
    };
    let heading = tr(Msg::TlsSecret);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned())>
            <form class="act" on:submit=submit novalidate>
                <p class="field__hint">{tr(Msg::TlsSecretWhat)}</p>
                <label class="field">
                    <span class="field__label">{tr(Msg::ColumnName)}</span>
                    <TextInput value=name/>
                </label>
                {lines(Msg::CertificateChain, certificate)}
                {lines(Msg::PrivateKey, key)}
                <p class="act__complaint" role="alert">{move || wrong.get().map(|msg| msg.text(lang.get()))}</p>
                <div class="act__buttons">
                    <button type="submit" class="btn"><Icon name=IconName::Certificate/>{tr(Msg::WriteManifest)}</button>
                </div>
            </form>
        </Panel>
    }
}

/// The text of a Secret; whether certificate and key fit each other, the API server says.
fn manifest(name: &str, certificate: &str, key: &str) -> Result<String, Msg> {
    let name = name.trim();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if name.is_empty() || !name.chars().all(good) {
        return Err(Msg::WrongName);
    }
    let is_pem = |text: &str, what: &str| {
        text.lines().any(|line| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(what))
    };
    if !is_pem(certificate, "CERTIFICATE-----") || !is_pem(key, "PRIVATE KEY-----") {
        return Err(Msg::WrongPem);
    }
    let pem = |text: &str| format!("{}\n", text.trim());
    Ok(crowsnest_yaml::print(&json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": name},
        "stringData": {"tls.crt": pem(certificate), "tls.key": pem(key)},
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nBBBB\n-----END EC PRIVATE KEY-----\n\n";

    #[test]
    fn a_certificate_and_its_key_become_a_secret() {
        let text = manifest("web", CERTIFICATE, KEY).unwrap();
        assert!(
            text.contains("type: kubernetes.io/tls")
                && text.contains("  tls.key: |\n    -----BEGIN EC PRIVATE KEY-----\n"),
            "{text}"
        );
        assert_eq!(manifest("Web", CERTIFICATE, KEY), Err(Msg::WrongName));
        assert_eq!(manifest("web", KEY, CERTIFICATE), Err(Msg::WrongPem));
        assert_eq!(manifest("web", CERTIFICATE, ""), Err(Msg::WrongPem));
    }
}
