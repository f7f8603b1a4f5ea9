//! Metrics that other programs write to files.

use std::fs;

use crowsnest_agent::Gatherer;
use crowsnest_agent::collector::{Collectors, Settings};
use crowsnest_scrape::text;

use crate::tree::Tree;

/// The page of textfile and loadavg, without help texts, times and what the collectors took.
fn page(tree: &Tree, folder: &str) -> String {
    let settings = Settings { textfile_folders: vec![tree.path().join(folder)], ..Settings::default() };
    let wanted = Collectors::choose(|row| ["loadavg", "textfile"].contains(&row.name));
    let mut page = String::new();
    text::encode(&mut page, &Gatherer::new(tree.host(), settings, &wanted).gather());
    let left_out = ["# HELP", "node_scrape", "# TYPE node_scrape", "node_load", "# TYPE node_load"];
    let lines = page.lines().filter(|line| !left_out.iter().any(|start| line.starts_with(start)));
    let path = tree.path().to_str().unwrap();
    lines.map(|line| format!("{}\n", line.replace(path, ""))).collect()
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(&[("proc/loadavg", "1 2 3 1/2 3\n")]);
    for (file, content) in files {
        tree.write(file, content);
    }
    tree
}

#[test]
fn families_of_several_files_and_folders_are_merged() {
    let tree = tree(&[
        ("a_text/one.prom", "# TYPE jobs gauge\njobs{queue=\"a\"} 1\n"),
        ("b_text/two.prom", "# TYPE jobs gauge\njobs{queue=\"a\"} 9\njobs{queue=\"b\"} 2\n"),
        ("b_text/other.txt", "jobs{queue=\"c\"} 3\n"),
    ]);
    let given = page(&tree, "*_text");
    let given: Vec<&str> = given.lines().filter(|line| !line.contains("mtime")).collect();
    let expected = [
        "# TYPE jobs gauge",
        r#"jobs{queue="a"} 1"#,
        r#"jobs{queue="b"} 2"#,
        "# TYPE node_textfile_scrape_error gauge",
        "node_textfile_scrape_error 0",
    ];
    assert_eq!(given, expected);
}

#[test]
fn a_file_with_times_or_mistakes_is_left_out_and_told() {
    for content in ["jobs 1 1700000000000\n", "jobs{ 1\n", "jobs one\n"] {
        let tree = tree(&[("text/bad.prom", content), ("text/good.prom", "fine 1\n")]);
        let given = page(&tree, "text");
        assert!(given.contains("fine 1\n") && given.contains("node_textfile_scrape_error 1\n"), "{given}");
        assert!(!given.contains("jobs") && given.contains(r#"{file="/text/good.prom"}"#), "{given}");
    }
    let given = page(&tree(&[]), "missing");
    assert!(given.contains("node_textfile_scrape_error 1\n"), "{given}");
}

#[test]
fn what_another_collector_reports_already_is_not_reported_twice() {
    let tree = tree(&[("text/load.prom", "node_load1 99\nnode_load1{by=\"me\"} 4\n")]);
    let settings = Settings { textfile_folders: vec![tree.path().join("text")], ..Settings::default() };
    let wanted = Collectors::choose(|row| ["loadavg", "textfile"].contains(&row.name));
    let families = Gatherer::new(tree.host(), settings, &wanted).gather();
    let load: Vec<_> = families.iter().filter(|family| family.name == "node_load1").collect();
    let [load] = load[..] else { panic!("{load:?}") };
    let samples: Vec<(String, f64)> =
        load.samples.iter().map(|sample| (sample.labels.to_string(), sample.value)).collect();
    assert_eq!(samples, [("node_load1".to_owned(), 1.0), (r#"node_load1{by="me"}"#.to_owned(), 4.0)]);
    fs::remove_dir_all(tree.path().join("text")).unwrap();
}
