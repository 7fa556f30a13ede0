//! `sextant config`: the configuration with every default filled in, as YAML in Kamal's shape.

use configuration::{Node, Value};

use crate::arguments::{Options, Output};
use crate::failure::Failure;
use crate::invocation;
use crate::project::Project;
use crate::report::{print, print_raw};

pub fn run(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    if options.output == Output::Json {
        print(&project.configuration.document.to_json());
        return Ok(0);
    }
    let version = invocation::version(&project, options)?;
    print_raw(&dump(&project, &version));
    Ok(0)
}

fn dump(project: &Project, version: &str) -> String {
    let configuration = &project.configuration;
    let mut text = String::from("---\n");
    let mut roles: Vec<&str> = configuration.roles.iter().map(|role| role.name.as_str()).collect();
    roles.sort_unstable();
    list(&mut text, "roles", roles.into_iter());
    list(&mut text, "hosts", project.selection.all_hosts.iter().map(String::as_str));
    line(&mut text, "primary_host", project.selection.primary_host.as_deref().unwrap_or_default());
    line(&mut text, "version", version);
    line(&mut text, "repository", &configuration.repository());
    line(&mut text, "absolute_image", &configuration.absolute_image(version));
    line(&mut text, "service_with_version", &format!("{}-{version}", configuration.service));
    let volumes = configuration.document.get("volumes").and_then(Node::as_list).unwrap_or_default();
    let volumes: Vec<String> =
        volumes.iter().flat_map(|volume| ["--volume".to_string(), volume.to_ruby_string()]).collect();
    list(&mut text, "volume_args", volumes.iter().map(String::as_str));
    text.push_str(&format!(
        ":ssh_options:\n  :user: {}\n  :port: {}\n",
        configuration.ssh.user, configuration.ssh.port
    ));
    text.push_str("  :keepalive: true\n  :keepalive_interval: 30\n");
    for key in ["sshkit", "builder", "accessories"] {
        if let Some(node) = configuration.document.get(key) {
            text.push_str(&format!(":{key}:"));
            yaml(&mut text, node, 0);
        }
    }
    text
}

fn line(text: &mut String, key: &str, value: &str) {
    text.push_str(&format!(":{key}: {value}\n"));
}

fn list<'a>(text: &mut String, key: &str, items: impl Iterator<Item = &'a str>) {
    let items: Vec<String> = items.map(|item| format!("- {}\n", scalar(item))).collect();
    let items = if items.is_empty() { " []\n".to_string() } else { format!("\n{}", items.concat()) };
    text.push_str(&format!(":{key}:{items}"));
}

/// A node behind its key, as block YAML.
fn yaml(text: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Map(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Map(map) => {
            text.push('\n');
            for (key, entry) in map {
                text.push_str(&format!("{:1$}{key}:", "", indent + 2));
                yaml(text, &entry.node, indent + 2);
            }
        }
        Value::List(items) if items.is_empty() => text.push_str(" []\n"),
        Value::List(items) => {
            text.push('\n');
            for item in items {
                text.push_str(&format!("{:1$}-", "", indent + 2));
                yaml(text, item, indent + 2);
            }
        }
        _ => text.push_str(&format!(" {}\n", scalar(&node.to_ruby_string()))),
    }
}

/// A scalar, quoted where YAML would read it otherwise.
fn scalar(text: &str) -> String {
    let special =
        text.is_empty() || text.starts_with(['-', '*', '&', '!', '%', '@', '`', '"', '\'', '{', '[', '#', '|', '>']);
    if special || text.contains(": ") || text.contains(" #") { format!("{text:?}") } else { text.to_string() }
}
