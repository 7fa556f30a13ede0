//! `docs/plugins.md`: its commands are run as they are printed, in every language.

use tests::house;

use crate::bench::{bring_dependencies, fails, lacks, works, write_project};

const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [10.0.0.1, 10.0.0.2, 10.0.0.3]
registry: { username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
";

#[test]
fn the_first_plugin_in_rust() {
    bring_dependencies();
    first_plugin("rust");
}

#[test]
fn the_first_plugin_in_python() {
    if !lacks(&[&["python3", "-c", "import ensurepip, venv"]]) {
        first_plugin("python");
    }
}

#[test]
fn the_first_plugin_in_javascript() {
    if !lacks(&[&["node", "--version"], &["npm", "--version"]]) {
        first_plugin("js");
    }
}

/// Follows the page from the empty folder to the plan that is denied.
fn first_plugin(language: &str) {
    let page = std::fs::read_to_string(house().join("docs/plugins.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let (app, plugin) = (folder.path().join("my-app"), folder.path().join("few-hosts"));
    let entry = blocks(&page, "yaml").remove(0);
    write_project(&app, &format!("{PROJECT}{entry}"));

    works(folder.path(), &commands(&blocks(&page, &format!("console {language}"))[0]));
    let used = blocks(&page, "console use");
    let inspected = works(&plugin, &commands(&used[0]));
    assert!(inspected.contains("  hooks      policy\n"), "{inspected}");
    works(&app, &commands(&used[1]));
    assert!(app.join("sextant.lock").exists());
    let denied = blocks(&page, "").into_iter().find(|block| block.starts_with("error: ")).expect("the page shows it");
    let complaint = fails(&app, &commands(&used[2]), 1);
    assert!(complaint.ends_with(&denied), "{complaint}");
    // Fewer hosts are no matter for it.
    works(&app, &format!("{} --hosts 10.0.0.1", commands(&used[2]).trim_end()));
}

/// The fenced blocks of a page with these words behind their fence.
fn blocks(page: &str, words: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(own) = line.strip_prefix("```") {
            let block: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            if own == words {
                found.push(block);
            }
        }
    }
    found
}

/// The lines behind `$ `.
fn commands(block: &str) -> String {
    block.lines().filter_map(|line| line.strip_prefix("$ ")).map(|line| format!("{line}\n")).collect()
}
