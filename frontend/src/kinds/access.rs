//! Who may do what: ServiceAccounts, roles and their bindings.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells};
use crate::cluster::object::{at, list, namespace, text};
use crate::components::IconName;
use crate::i18n::Msg;
use crate::json::Value;

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) static ACCOUNTS: KindRow = KindRow {
    icon: IconName::Account,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("pull", Msg::ColumnPullSecrets, |account| {
            let names = list(account, &["imagePullSecrets"]).iter().map(|one| text(one, &["name"]));
            Cell::dim(&names.collect::<Vec<_>>().join(", "))
        })
        .wide(),
        Column::words("token", Msg::ColumnMounts, |account| {
            cells::scalar(account, &["automountServiceAccountToken"])
        })
        .widest(),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Access,
        ("", "v1", "serviceaccounts"),
        "ServiceAccount",
        KindScope::Namespaced,
        Msg::ServiceAccounts,
    )
};

const RULE_COUNT: Column =
    Column::figure("rules", Msg::RulesTitle, |role| cells::number(list(role, &["rules"]).len()));
const RESOURCES: Column = Column::words("resources", Msg::ColumnResources, |role| {
    let mut names: Vec<String> = Vec::new();
    for one in
        list(role, &["rules"]).iter().flat_map(|rule| list(rule, &["resources"])).map(cells::scalar_text)
    {
        if !names.contains(&one) && names.len() < MOST_NAMES {
            names.push(one);
        }
    }
    Cell::dim(&names.join(", "))
})
.wide();
/// Resources that are named in a list's cell.
const MOST_NAMES: usize = 12;

pub(super) static ROLES: KindRow = KindRow {
    icon: IconName::Lock,
    columns: &[Column::NAME, Column::NAMESPACE, RULE_COUNT, RESOURCES, Column::AGE],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&RULES), Part::Events, Part::Labels],
    ..KindRow::new(Group::Access, (RBAC, "v1", "roles"), "Role", KindScope::Namespaced, Msg::Roles)
};

pub(super) static CLUSTER_ROLES: KindRow = KindRow {
    icon: IconName::Lock,
    columns: &[Column::NAME, RULE_COUNT, RESOURCES, Column::AGE],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&RULES), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Access,
        (RBAC, "v1", "clusterroles"),
        "ClusterRole",
        KindScope::Cluster,
        Msg::ClusterRoles,
    )
};

/// What a role lets its subjects do.
static RULES: Listing = Listing {
    title: Msg::RulesTitle,
    heads: &[Msg::ColumnVerbs, Msg::ColumnResources, Msg::ColumnApiGroups, Msg::ColumnNames],
    read: |role| {
        let line = |rule: &Value| {
            let groups = list(rule, &["apiGroups"]).iter().map(|group| match group.as_str() {
                Some("") | None => "core",
                Some(group) => group,
            });
            let resources = cells::texts(rule, &["resources"]);
            let urls = cells::texts(rule, &["nonResourceURLs"]);
            vec![
                Cell::text(&cells::texts(rule, &["verbs"])),
                Cell::text(if resources.is_empty() { &urls } else { &resources }),
                Cell::dim(&groups.collect::<Vec<_>>().join(", ")),
                Cell::text(&cells::texts(rule, &["resourceNames"])),
            ]
        };
        list(role, &["rules"]).iter().map(line).collect()
    },
};

const ROLE: Column = Column::words("role", Msg::RoleLabel, |binding| {
    at(binding, &["roleRef"]).map_or(Cell::None, |one| cells::reference(one, namespace(binding)))
});
const SUBJECTS: Column = Column::words("subjects", Msg::SubjectsTitle, |binding| {
    let names = list(binding, &["subjects"]).iter().map(|one| match text(one, &["namespace"]) {
        "" => text(one, &["name"]).to_owned(),
        namespace => format!("{namespace}/{}", text(one, &["name"])),
    });
    Cell::text(&names.collect::<Vec<_>>().join(", "))
});

pub(super) static ROLE_BINDINGS: KindRow = KindRow {
    icon: IconName::Link,
    columns: &[Column::NAME, Column::NAMESPACE, ROLE, SUBJECTS, Column::AGE],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&SUBJECT_LIST), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Access,
        (RBAC, "v1", "rolebindings"),
        "RoleBinding",
        KindScope::Namespaced,
        Msg::RoleBindings,
    )
};

pub(super) static CLUSTER_ROLE_BINDINGS: KindRow = KindRow {
    icon: IconName::Link,
    columns: &[Column::NAME, ROLE, SUBJECTS, Column::AGE],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Listing(&SUBJECT_LIST), Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Access,
        (RBAC, "v1", "clusterrolebindings"),
        "ClusterRoleBinding",
        KindScope::Cluster,
        Msg::ClusterRoleBindings,
    )
};

/// Whom a binding gives the role to.
static SUBJECT_LIST: Listing = Listing {
    title: Msg::SubjectsTitle,
    heads: &[Msg::MetricType, Msg::ColumnName, Msg::ColumnNamespace],
    read: |binding| {
        let line = |one: &Value| {
            let (kind, namespace, name) =
                (text(one, &["kind"]), text(one, &["namespace"]), text(one, &["name"]));
            let name = match kind {
                "ServiceAccount" => cells::link_in("serviceaccounts", namespace, name),
                _ => Cell::text(name),
            };
            vec![Cell::text(kind), name, Cell::dim(namespace)]
        };
        list(binding, &["subjects"]).iter().map(line).collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::router::Page;

    #[test]
    fn a_binding_leads_to_its_role_and_to_accounts() {
        let binding = json!({"metadata": {"namespace": "shop"},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "release"},
            "subjects": [{"kind": "ServiceAccount", "name": "ci", "namespace": "data"}, {"kind": "Group", "name": "team"}]});
        let cells = ROLE_BINDINGS.cells(&binding);
        let cell = |id| ROLE_BINDINGS.column(id).and_then(|at| cells.get(at)).unwrap();
        assert_eq!(
            cell("role"),
            &Cell::Link("Role release".into(), Page::Object("roles", "shop".into(), "release".into()))
        );
        assert_eq!(cell("subjects"), &Cell::Text("data/ci, team".into()));
        let account = Page::Object("serviceaccounts", "data".into(), "ci".into());
        assert_eq!(
            (SUBJECT_LIST.read)(&binding).first().and_then(|line| line.get(1)),
            Some(&Cell::Link("ci".into(), account))
        );
    }

    #[test]
    fn a_rule_names_what_it_allows() {
        let role = json!({"rules": [{"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["get", "list"]},
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]});
        let lines = (RULES.read)(&role);
        let words: Vec<&str> = lines.iter().flatten().map(Cell::words).collect();
        assert_eq!(words, ["get, list", "pods", "core, apps", "", "get", "/metrics", "", ""]);
    }
}
