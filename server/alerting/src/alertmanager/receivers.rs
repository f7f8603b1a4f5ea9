//! Receivers and their integrations: where notifications go, and with which settings.

use std::time::Duration;

use super::schema::{self, Field, check, has_any};
use crate::yaml::{Fault, Faults, Fields, Node};

/// Somebody who is notified, by each of the integrations.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The name that routes use.
    pub name: String,
    /// In the order of kinds, then of the file.
    pub integrations: Vec<Integration>,
}

/// One way of notifying.
#[derive(Clone, Debug)]
pub struct Integration {
    /// What it is called: `webhook`, `slack`, …
    pub kind: &'static str,
    /// Its number among those of its kind in the receiver, from 0.
    pub index: usize,
    /// Its own settings.
    settings: Node,
    /// What it has from the globals: its name for a setting, and the value.
    inherited: Vec<(&'static str, Node)>,
    sends_resolved: bool,
}

impl Integration {
    /// A setting: its own, or else the global one.
    pub fn setting(&self, name: &str) -> Option<&Node> {
        let own = self.settings.get(name).filter(|node| node.content != crate::yaml::Content::Null);
        own.or_else(|| self.inherited.iter().find(|(known, _)| *known == name).map(|(_, node)| node))
    }

    /// A setting that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.setting(name)?.text()
    }

    /// Whether it tells of alerts that have ended.
    pub fn send_resolved(&self) -> bool {
        match self.text("send_resolved") {
            Some(text) => text.eq_ignore_ascii_case("true"),
            None => self.sends_resolved,
        }
    }
}

/// A kind of integrations.
struct Kind {
    name: &'static str,
    /// Its list in a receiver.
    list: &'static str,
    fields: &'static [Field],
    sends_resolved: bool,
    /// Settings that it may have from the globals: its name, and the global one.
    inherits: &'static [(&'static str, &'static str)],
    /// One of these must be there, own or global; else the message.
    needs: &'static [(&'static [&'static str], &'static str)],
    is_sent: bool,
}

/// What every kind may have from the globals.
const HTTP: (&str, &str) = ("http_config", "http_config");

/// What chats with webhooks of their own must have.
const WEBHOOK_URL: (&[&str], &str) =
    (&["webhook_url", "webhook_url_file"], "one of webhook_url or webhook_url_file must be configured");

/// What receivers can have, in the order in which Alertmanager makes integrations of them.
const KINDS: &[Kind] = &[
    Kind {
        name: "webhook",
        list: "webhook_configs",
        fields: schema::WEBHOOK,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[(&["url", "url_file"], "one of url or url_file must be configured")],
        is_sent: true,
    },
    Kind {
        name: "email",
        list: "email_configs",
        fields: schema::EMAIL,
        sends_resolved: false,
        inherits: &[
            ("from", "smtp_from"),
            ("hello", "smtp_hello"),
            ("smarthost", "smtp_smarthost"),
            ("auth_username", "smtp_auth_username"),
            ("auth_password", "smtp_auth_password"),
            ("auth_password_file", "smtp_auth_password_file"),
            ("auth_secret", "smtp_auth_secret"),
            ("auth_secret_file", "smtp_auth_secret_file"),
            ("auth_identity", "smtp_auth_identity"),
            ("require_tls", "smtp_require_tls"),
            ("tls_config", "smtp_tls_config"),
            ("force_implicit_tls", "smtp_force_implicit_tls"),
        ],
        needs: &[
            (&["to"], "missing to address in email config"),
            (&["smarthost"], "no global SMTP smarthost set"),
            (&["from"], "no global SMTP from set"),
        ],
        is_sent: true,
    },
    Kind {
        name: "pagerduty",
        list: "pagerduty_configs",
        fields: schema::PAGERDUTY,
        sends_resolved: true,
        inherits: &[HTTP, ("url", "pagerduty_url")],
        needs: &[(
            &["routing_key", "routing_key_file", "service_key", "service_key_file"],
            "missing service or routing key in PagerDuty config",
        )],
        is_sent: true,
    },
    Kind {
        name: "opsgenie",
        list: "opsgenie_configs",
        fields: schema::OPSGENIE,
        sends_resolved: true,
        inherits: &[
            HTTP,
            ("api_url", "opsgenie_api_url"),
            ("api_key", "opsgenie_api_key"),
            ("api_key_file", "opsgenie_api_key_file"),
        ],
        needs: &[(&["api_key", "api_key_file"], "no global OpsGenie API Key set either inline or in a file")],
        is_sent: true,
    },
    Kind {
        name: "wechat",
        list: "wechat_configs",
        fields: schema::WECHAT,
        sends_resolved: false,
        inherits: &[
            HTTP,
            ("api_url", "wechat_api_url"),
            ("api_secret", "wechat_api_secret"),
            ("api_secret_file", "wechat_api_secret_file"),
            ("corp_id", "wechat_api_corp_id"),
        ],
        needs: &[
            (
                &["api_secret", "api_secret_file"],
                "no global Wechat Api Secret set either inline or in a file",
            ),
            (&["corp_id"], "no global Wechat CorpID set"),
        ],
        is_sent: false,
    },
    Kind {
        name: "slack",
        list: "slack_configs",
        fields: schema::SLACK,
        sends_resolved: false,
        inherits: &[
            HTTP,
            ("api_url", "slack_api_url"),
            ("api_url_file", "slack_api_url_file"),
            ("app_token", "slack_app_token"),
            ("app_token_file", "slack_app_token_file"),
            ("app_url", "slack_app_url"),
        ],
        needs: &[(
            &["api_url", "api_url_file", "app_token", "app_token_file"],
            "no global Slack API URL set either inline or in a file",
        )],
        is_sent: true,
    },
    Kind {
        name: "victorops",
        list: "victorops_configs",
        fields: schema::VICTOROPS,
        sends_resolved: true,
        inherits: &[
            HTTP,
            ("api_url", "victorops_api_url"),
            ("api_key", "victorops_api_key"),
            ("api_key_file", "victorops_api_key_file"),
        ],
        needs: &[
            (&["api_key", "api_key_file"], "no global VictorOps API Key set"),
            (&["routing_key"], "missing Routing key in VictorOps config"),
        ],
        is_sent: true,
    },
    Kind {
        name: "pushover",
        list: "pushover_configs",
        fields: schema::PUSHOVER,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[
            (&["user_key", "user_key_file"], "one of user_key or user_key_file must be configured"),
            (&["token", "token_file"], "one of token or token_file must be configured"),
        ],
        is_sent: true,
    },
    Kind {
        name: "sns",
        list: "sns_configs",
        fields: schema::SNS,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[(
            &["target_arn", "topic_arn", "phone_number"],
            "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config",
        )],
        is_sent: false,
    },
    Kind {
        name: "telegram",
        list: "telegram_configs",
        fields: schema::TELEGRAM,
        sends_resolved: true,
        inherits: &[
            HTTP,
            ("api_url", "telegram_api_url"),
            ("bot_token", "telegram_bot_token"),
            ("bot_token_file", "telegram_bot_token_file"),
        ],
        needs: &[
            (&["bot_token", "bot_token_file"], "missing bot_token or bot_token_file on telegram_config"),
            (&["chat_id", "chat_id_file"], "missing chat_id on telegram_config"),
        ],
        is_sent: true,
    },
    Kind {
        name: "discord",
        list: "discord_configs",
        fields: schema::DISCORD,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[WEBHOOK_URL],
        is_sent: true,
    },
    Kind {
        name: "webex",
        list: "webex_configs",
        fields: schema::WEBEX,
        sends_resolved: true,
        inherits: &[HTTP, ("api_url", "webex_api_url")],
        needs: &[
            (&["room_id"], "missing room_id on webex_config"),
            (&["http_config"], "missing webex_configs.http_config.authorization"),
        ],
        is_sent: true,
    },
    Kind {
        name: "msteams",
        list: "msteams_configs",
        fields: schema::TEAMS,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[WEBHOOK_URL],
        is_sent: true,
    },
    Kind {
        name: "msteamsv2",
        list: "msteamsv2_configs",
        fields: schema::TEAMS,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[WEBHOOK_URL],
        is_sent: true,
    },
    Kind {
        name: "ntfy",
        list: "ntfy_configs",
        fields: schema::NTFY,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[(&["topic"], "missing topic on ntfy_config")],
        is_sent: true,
    },
    Kind {
        name: "matrix",
        list: "matrix_configs",
        fields: schema::MATRIX,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[
            (&["homeserver"], "missing homeserver on matrix_config"),
            (&["room_id"], "missing room_id on matrix_config"),
            (
                &["access_token", "access_token_file"],
                "missing access_token or access_token_file on matrix_config",
            ),
        ],
        is_sent: true,
    },
    Kind {
        name: "jira",
        list: "jira_configs",
        fields: schema::JIRA,
        sends_resolved: true,
        inherits: &[HTTP, ("api_url", "jira_api_url")],
        needs: &[
            (&["api_url"], "no global Jira Cloud URL set"),
            (&["project"], "missing project in jira_config"),
            (&["issue_type"], "missing issue_type in jira_config"),
        ],
        is_sent: false,
    },
    Kind {
        name: "rocketchat",
        list: "rocketchat_configs",
        fields: schema::ROCKETCHAT,
        sends_resolved: false,
        inherits: &[
            HTTP,
            ("api_url", "rocketchat_api_url"),
            ("token", "rocketchat_token"),
            ("token_file", "rocketchat_token_file"),
            ("token_id", "rocketchat_token_id"),
            ("token_id_file", "rocketchat_token_id_file"),
        ],
        needs: &[
            (&["token_id", "token_id_file"], "no global Rocketchat TokenID set either inline or in a file"),
            (&["token", "token_file"], "no global Rocketchat Token set either inline or in a file"),
        ],
        is_sent: true,
    },
    Kind {
        name: "mattermost",
        list: "mattermost_configs",
        fields: schema::MATTERMOST,
        sends_resolved: true,
        inherits: &[
            HTTP,
            ("webhook_url", "mattermost_webhook_url"),
            ("webhook_url_file", "mattermost_webhook_url_file"),
        ],
        needs: &[(
            &["webhook_url", "webhook_url_file"],
            "no global Mattermost webhook URL set either inline or in a file",
        )],
        is_sent: true,
    },
    Kind {
        name: "incidentio",
        list: "incidentio_configs",
        fields: schema::INCIDENTIO,
        sends_resolved: true,
        inherits: &[HTTP],
        needs: &[
            (&["url", "url_file"], "one of url or url_file must be configured"),
            (
                &["alert_source_token", "alert_source_token_file", "http_config"],
                "at least one of alert_source_token, alert_source_token_file or http_config must be configured",
            ),
        ],
        is_sent: false,
    },
];

/// What the integrations of each kind may have.
pub(super) fn tables() -> impl Iterator<Item = &'static [Field]> {
    KINDS.iter().map(|kind| kind.fields)
}

/// The global settings.
pub(super) struct Global<'n> {
    fields: Option<Fields<'n>>,
    pub(super) resolve_timeout: Duration,
}

impl<'n> Global<'n> {
    pub(super) fn read(node: Option<&'n Node>, faults: &mut Faults) -> Self {
        let fields = node.map(|node| check(node, "global", &[schema::GLOBAL], faults));
        let timeout = fields.and_then(|fields| fields.duration("resolve_timeout", &mut Faults::default()));
        Self { fields, resolve_timeout: timeout.unwrap_or(Duration::from_mins(5)) }
    }

    fn node(&self, name: &str) -> Option<&'n Node> {
        self.fields.and_then(|fields| fields.node(name))
    }
}

pub(super) fn read(
    fields: &Fields<'_>,
    global: &Global<'_>,
    notes: &mut Vec<Fault>,
    faults: &mut Faults,
) -> Vec<Receiver> {
    let mut receivers: Vec<Receiver> = Vec::new();
    let mut known: Vec<&str> = KINDS.iter().map(|kind| kind.list).collect();
    known.push("name");
    for node in fields.list("receivers", faults) {
        let fields = Fields::of(node, "receiver", &known, faults);
        let name = fields.text("name", faults).unwrap_or_default();
        if name.is_empty() {
            faults.add(node.at, "missing name in receiver");
        }
        if receivers.iter().any(|receiver| receiver.name == name) {
            faults.add(node.at, format!("notification config name {name:?} is not unique"));
        }
        let mut integrations = Vec::new();
        for kind in KINDS {
            for (index, node) in fields.list(kind.list, faults).iter().enumerate() {
                integrations.push(integration(kind, index, node, global, faults));
                if !kind.is_sent {
                    let what = format!(
                        "{}: read and checked, but notifications of this kind are not sent",
                        kind.list
                    );
                    schema::note(notes, node, what);
                }
            }
        }
        receivers.push(Receiver { name: name.to_owned(), integrations });
    }
    receivers
}

fn integration(
    kind: &Kind,
    index: usize,
    node: &Node,
    global: &Global<'_>,
    faults: &mut Faults,
) -> Integration {
    let own = check(node, kind.list, &[schema::COMMON, kind.fields], faults);
    let is_there = |name: &&str| has_any(&own, &[*name]);
    let mut inherited = Vec::new();
    for (name, of_global) in kind.inherits {
        // A secret of its own takes the place of the global one's file, and the other way round.
        let twin = name.strip_suffix("_file").map_or_else(|| format!("{name}_file"), str::to_owned);
        if !is_there(name) && !is_there(&twin.as_str()) {
            inherited.extend(global.node(of_global).map(|node| (*name, node.clone())));
        }
    }
    for (names, message) in kind.needs {
        let is_inherited = inherited.iter().any(|(name, _)| names.contains(name));
        if !is_inherited && !names.iter().any(is_there) {
            faults.add(node.at, *message);
        }
    }
    Integration {
        kind: kind.name,
        index,
        settings: node.clone(),
        inherited,
        sends_resolved: kind.sends_resolved,
    }
}
