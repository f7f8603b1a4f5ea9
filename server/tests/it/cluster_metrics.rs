//! Metrics as users of a cluster may see them.

use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::push::labelled;
use crate::support::{Server, now_ms};

/// The names of the series, sorted, that a question finds.
#[track_caller]
fn found(server: &Server, cookie: &str, path: &str) -> Vec<String> {
    let (status, body) = server.get_as(cookie, path);
    assert_eq!(status, 200, "{path}: {body}");
    let name = |series: &Value| {
        let labels = series.get("metric").unwrap_or(series);
        labels["__name__"].as_str().or(series.as_str()).unwrap().to_owned()
    };
    let data = &body["data"];
    let series = data.get("result").unwrap_or(data).as_array().unwrap();
    let mut names: Vec<String> = series.iter().map(name).filter(|name| name != "up").collect();
    names.sort();
    names
}

#[test]
fn a_user_sees_the_series_of_namespaces_whose_pods_that_user_may_list() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let push = |name: &str, namespace: &str| {
        let labels = [("__name__", name), ("instance", "i"), ("job", "j"), ("namespace", namespace)];
        let given = labels.into_iter().filter(|(_, value)| !value.is_empty());
        server.push(vec![labelled(&given.collect::<Vec<_>>(), &[(now_ms(), 1.0)])]);
    };
    for (name, namespace) in [("of_shop", "shop"), ("of_data", "data"), ("of_node", "")] {
        push(name, namespace);
    }
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));
    let all = "query={job%3D%22j%22}";
    let range = format!("start={}&end={}&step=60", now_ms() / 1000 - 60, now_ms() / 1000 + 60);
    for path in [
        format!("api/v1/query?{all}"),
        // Nothing that is written gets around it.
        "api/v1/query?query={namespace!~%22shop%22,job%3D%22j%22}%20or%20{job%3D%22j%22}".to_owned(),
        format!("api/v1/query_range?{all}&{range}"),
        "api/v1/series?match[]={job%3D%22j%22}".to_owned(),
        "api/v1/label/__name__/values?match[]={job%3D%22j%22}".to_owned(),
        "api/v1/label/__name__/values".to_owned(),
    ] {
        assert_eq!(found(&server, &viewer, &path), ["of_shop"], "{path}");
        let seen = found(&server, &admin, &path);
        assert_eq!(seen, ["of_data", "of_node", "of_shop"], "{path}");
    }
    assert_eq!(found(&server, &viewer, "api/v1/label/namespace/values"), ["shop"]);
    let nothing = json!([]);
    let (_, other) = server.get_as(&viewer, "api/v1/query?query={namespace%3D%22data%22}");
    assert_eq!(other["data"]["result"], nothing);
    assert_eq!(server.get_as(&viewer, "api/v1/targets").0, 403, "targets are of all namespaces");
    sim.cut(true);
    let other_admin = server.get("api/v1/query?query=1").bearer_auth(sim.admin()).send().unwrap();
    assert_eq!(other_admin.status().as_u16(), 503, "nobody knows now what this caller may see");
}
