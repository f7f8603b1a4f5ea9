//! Configurations that are typed into the interface: by somebody who may say who is told of alerts, but reads no files of the server's.
//!
//! They are kept where no secrets are kept, so secrets are named and not written: `…_file: NAME` is a file of that name in one folder.

use std::path::Path;

use super::{Config, receivers, schema};
use crate::yaml::{Content, Fault, Faults, Node, load};

/// Settings that name a secret elsewhere.
const FILE: &str = "_file";
/// Characters of a file's name beside letters and digits.
const OTHERS: &[char] = &['-', '_', '.'];

impl Config {
    /// Reads a configuration that was typed; the files that it names are in the folder `secrets`.
    ///
    /// # Errors
    /// Everything that is wrong with it, secrets that are written out and names that lead elsewhere included.
    pub fn parse_typed(text: &str, secrets: Option<&Path>) -> Result<Self, Vec<Fault>> {
        let mut documents = load(text).map_err(|fault| vec![fault])?;
        let mut document = if documents.is_empty() { Node::nothing() } else { documents.swap_remove(0) };
        let mut faults = Faults::default();
        if let Some(templates) = document.get("templates").filter(|node| node.content != Content::Null) {
            faults.add(templates.at, "templates are files: they go with an alertmanager.yml");
        }
        confine(&mut document, secrets, &mut faults);
        faults.or(())?;
        Self::of(&document)
    }
}

fn confine(node: &mut Node, secrets: Option<&Path>, faults: &mut Faults) {
    match &mut node.content {
        Content::Map(entries) => {
            for entry in entries {
                if is_secret(&entry.key) && entry.value.text().is_some_and(|text| !text.is_empty()) {
                    let key = &entry.key;
                    let what =
                        format!("{key} is a secret: put it into a file, and name that with {key}{FILE}");
                    faults.add(entry.value.at, what);
                } else if entry.key.ends_with(FILE) {
                    confine_file(&mut entry.value, secrets, faults);
                } else {
                    confine(&mut entry.value, secrets, faults);
                }
            }
        }
        Content::List(nodes) => nodes.iter_mut().for_each(|node| confine(node, secrets, faults)),
        Content::Null | Content::Scalar(_) => {}
    }
}

/// Makes the name of a file its path.
fn confine_file(node: &mut Node, secrets: Option<&Path>, faults: &mut Faults) {
    let Content::Scalar(name) = &mut node.content else { return };
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || OTHERS.contains(&c));
    if name.is_empty() || name.starts_with('.') || !is_name {
        faults.add(node.at, format!("{name:?} is not the name of a file: letters, digits, '-', '_' and '.'"));
        return;
    }
    match secrets {
        Some(folder) => *name = folder.join(&name).display().to_string(),
        None => faults.add(node.at, "there is no folder of secrets: the server needs --provisioning"),
    }
}

/// Whether a setting of this name holds a secret, wherever it stands.
fn is_secret(name: &str) -> bool {
    let mut tables = receivers::tables().chain([schema::GLOBAL, schema::COMMON]);
    tables.any(|table| schema::has_secret(table, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &str, secrets: Option<&Path>) -> Result<Config, Vec<Fault>> {
        let text = format!("route: {{receiver: a}}\nreceivers:\n- name: a\n  {settings}\n");
        Config::parse_typed(&text, secrets)
    }

    #[track_caller]
    fn refused(settings: &str, expected: &str) {
        let faults = of(settings, Some(Path::new("/p/secrets"))).unwrap_err();
        assert!(faults.iter().any(|fault| fault.to_string().contains(expected)), "{faults:?}");
    }

    #[test]
    fn a_file_is_one_of_the_folder_of_secrets() {
        let config =
            of("slack_configs: [{api_url_file: slack, channel: c}]", Some(Path::new("/p/secrets"))).unwrap();
        assert_eq!(config.receivers[0].integrations[0].text("api_url_file"), Some("/p/secrets/slack"));
        for name in ["/etc/shadow", "../x", "..", "a/b", "''", ".x"] {
            refused(
                &format!("slack_configs: [{{api_url_file: {name}, channel: c}}]"),
                "is not the name of a file",
            );
        }
        let ca = "webhook_configs: [{url: 'http://x', http_config: {tls_config: {ca_file: /etc/passwd}}}]";
        refused(ca, "is not the name of a file");
        let none = of("slack_configs: [{api_url_file: slack, channel: c}]", None).unwrap_err();
        assert!(none[0].to_string().contains("--provisioning"), "{none:?}");
    }

    #[test]
    fn a_secret_is_not_written_out() {
        refused("ntfy_configs: [{topic: t, token: s}]", "4:36: token is a secret");
        refused("webhook_configs: [{url: 'http://x', hmac: {secret: s}}]", "secret is a secret");
        refused("webhook_configs: [{url: 'http://x', http_config: {basic_auth: {password: s}}}]", "password");
        of("webhook_configs: [{url: 'http://x', max_alerts: 3}]", None).unwrap();
    }

    #[test]
    fn the_rest_is_read_as_ever() {
        refused("webhook_configs: [{}]", "one of url or url_file must be configured");
        assert!(Config::parse_typed("templates: [x]", None).unwrap_err()[0].message.contains("templates"));
    }
}
