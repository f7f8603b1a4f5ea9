//! The templates that every configuration can call. What they print is worked out in [`super::data`]; users' templates
//! build on these names.

pub(super) const DEFINITIONS: &str = r#"
{{ define "__alertmanager" }}Alertmanager{{ end }}
{{ define "__alertmanagerURL" }}{{ .DefaultLink }}{{ end }}
{{ define "__subject" }}{{ .DefaultTitle }}{{ end }}
{{ define "__text_alert_list" }}{{ range . }}{{ .DefaultText }}{{ end }}{{ end }}
{{ define "slack.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "slack.default.username" }}Alertmanager{{ end }}
{{ define "slack.default.fallback" }}{{ .DefaultTitle }} | {{ .DefaultLink }}{{ end }}
{{ define "slack.default.titlelink" }}{{ .DefaultLink }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}
{{ define "slack.default.text" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "pagerduty.default.description" }}{{ .DefaultTitle }}{{ end }}
{{ define "pagerduty.default.client" }}Alertmanager{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ .DefaultLink }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ range . }}{{ .DefaultText }}{{ end }}{{ end }}
{{ define "opsgenie.default.message" }}{{ .DefaultTitle }}{{ end }}
{{ define "opsgenie.default.description" }}{{ .DefaultDescription }}{{ end }}
{{ define "opsgenie.default.source" }}{{ .DefaultLink }}{{ end }}
{{ define "victorops.default.state_message" }}{{ .DefaultDescription }}{{ end }}
{{ define "victorops.default.entity_display_name" }}{{ .DefaultTitle }}{{ end }}
{{ define "victorops.default.monitoring_tool" }}Alertmanager{{ end }}
{{ define "pushover.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "pushover.default.message" }}{{ .DefaultDescription }}{{ end }}
{{ define "pushover.default.url" }}{{ .DefaultLink }}{{ end }}
{{ define "telegram.default.message" }}{{ .DefaultList }}{{ end }}
{{ define "discord.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "discord.default.message" }}{{ .DefaultList }}{{ end }}
{{ define "discord.default.content" }}{{ end }}
{{ define "webex.default.message" }}{{ .DefaultSummary }}{{ .DefaultList }}{{ end }}
{{ define "msteams.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "msteams.default.summary" }}{{ .DefaultTitle }}{{ end }}
{{ define "msteams.default.text" }}{{ .DefaultList }}{{ end }}
{{ define "msteamsv2.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ .DefaultList }}{{ end }}
{{ define "rocketchat.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "rocketchat.default.titlelink" }}{{ .DefaultLink }}{{ end }}
{{ define "rocketchat.default.text" }}{{ end }}
{{ define "mattermost.default.text" }}{{ .DefaultTitle }}
{{ .DefaultList }}{{ end }}
{{ define "mattermost.default.username" }}Alertmanager{{ end }}
{{ define "ntfy.default.title" }}{{ .DefaultTitle }}{{ end }}
{{ define "ntfy.default.message" }}{{ .DefaultList }}{{ end }}
{{ define "matrix.default.message" }}{{ .DefaultTitle }}
{{ .DefaultList }}{{ end }}
{{ define "email.default.subject" }}{{ .DefaultTitle }}{{ end }}
"#;

/// Those of e-mail, whose text is longer.
pub(super) const MAIL: &str = include_str!("mail.tmpl");
