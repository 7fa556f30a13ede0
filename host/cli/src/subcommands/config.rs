//! `sextant config`: the configuration with every default filled in, as YAML in Kamal's shape; with `--origins`, every value and
//! where it comes from.

use configuration::{Effective, Entry, Logging, Map, Node, SshLogLevel, Value};

use crate::arguments::{ConfigArguments, Options};
use crate::console::{Output, print, print_raw};
use crate::failure::Failure;
use crate::invocation;
use crate::project::Project;

pub fn run(options: &Options, arguments: &ConfigArguments) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let is_json = options.output == Output::Json;
    if arguments.origins {
        let origins = project.configuration.origins();
        print_raw(&if is_json { origins_as_json(&origins) } else { origins_as_text(&origins) });
        return Ok(0);
    }
    if is_json {
        print(&project.configuration.document.to_json());
        return Ok(0);
    }
    let version = invocation::version(&project, options)?;
    print_raw(&summary(&project, &version));
    Ok(0)
}

/// A line per value: where it stands, its keys, the value.
fn origins_as_text(origins: &[Effective]) -> String {
    let place = |effective: &Effective| match &effective.origin {
        Some(origin) => format!("{}:{}", origin.file, origin.line),
        None => "default".to_string(),
    };
    let width = origins.iter().map(|effective| place(effective).chars().count()).max().unwrap_or_default();
    let line = |effective: &Effective| {
        let Effective { path, value, .. } = effective;
        format!("{:width$}  {path}: {value}\n", place(effective))
    };
    origins.iter().map(line).collect()
}

/// An object per value and line.
fn origins_as_json(origins: &[Effective]) -> String {
    let line = |effective: &Effective| {
        let value: serde_json::Value = serde_json::from_str(&effective.value).unwrap_or_default();
        let mut object = serde_json::json!({ "path": effective.path, "value": value });
        if let Some(origin) = &effective.origin {
            object["file"] = (*origin.file).into();
            object["line"] = origin.line.into();
            object["column"] = origin.column.into();
        }
        format!("{object}\n")
    };
    origins.iter().map(line).collect()
}

/// What Kamal shows, in its order.
fn summary(project: &Project, version: &str) -> String {
    let configuration = &project.configuration;
    let document = &configuration.document;
    let mut roles: Vec<&str> = configuration.roles.iter().map(|role| role.name.as_str()).collect();
    roles.sort_unstable();
    let volumes = document.get("volumes").and_then(Node::as_list).unwrap_or_default();
    let volumes = volumes.iter().flat_map(|volume| [text("--volume"), text(&volume.to_ruby_string())]);
    let given = |key: &str| document.get(key).filter(|node| !node.is_null()).cloned();
    let map_of = |key: &str| given(key).unwrap_or_else(|| Node::made(Value::Map(Map::new())));
    let entries = [
        ("roles", Some(texts(roles.into_iter()))),
        ("hosts", Some(texts(project.selection.all_hosts.iter().map(String::as_str)))),
        ("primary_host", project.selection.primary_host.as_deref().map(text)),
        ("version", Some(text(version))),
        ("repository", Some(text(&configuration.repository()))),
        ("absolute_image", Some(text(&configuration.absolute_image(version)))),
        ("service_with_version", Some(text(&format!("{}-{version}", configuration.service)))),
        ("volume_args", Some(Node::made(Value::List(volumes.collect())))),
        ("ssh_options", Some(ssh_options(project))),
        ("sshkit", Some(map_of("sshkit"))),
        ("builder", Some(map_of("builder"))),
        ("accessories", given("accessories")),
        ("logging", Some(logging(&configuration.logging))),
    ];
    let dumped = configuration::dump(&symbols(entries));
    dumped.replacen(
        "  :proxy:\n    jump_proxies:",
        "  :proxy: !ruby/object:Net::SSH::Proxy::Jump\n    jump_proxies:",
        1,
    )
}

/// How Kamal would have its ssh library connect.
fn ssh_options(project: &Project) -> Node {
    let ssh = &project.configuration.ssh;
    let document = &project.configuration.document;
    let given = |key: &str| document.pointer(&format!("/ssh/{key}")).filter(|node| !node.is_null()).cloned();
    let jump = |proxy: &String| {
        let host = Entry { is_symbol: false, ..Entry::of_symbol(text(proxy)) };
        Node::made(Value::Map(Map::from_iter([("jump_proxies".to_string(), host)])))
    };
    let level = given("log_level").map(|level| Node::made(Value::Symbol(level.to_ruby_string())));
    let level = level.unwrap_or_else(|| match ssh.log_level {
        SshLogLevel::Nothing => Node::made(Value::Symbol("fatal".to_string())),
        SshLogLevel::Warnings => Node::made(Value::Symbol("warn".to_string())),
        SshLogLevel::Everything => Node::made(Value::Symbol("debug".to_string())),
    });
    symbols([
        ("user", Some(text(&ssh.user))),
        ("port", Some(given("port").unwrap_or_else(|| Node::made(Value::Int(22))))),
        ("proxy", ssh.proxy.as_ref().map(jump)),
        ("keepalive", Some(Node::made(Value::Bool(true)))),
        ("keepalive_interval", Some(Node::made(Value::Int(30)))),
        ("keys_only", given("keys_only")),
        ("keys", given("keys")),
        ("config", given("config")),
        ("forward_agent", given("forward_agent")),
        ("log_level", Some(level)),
    ])
}

/// The words for docker.
fn logging(logging: &Logging) -> Node {
    let driver =
        logging.driver.iter().flat_map(|driver| ["--log-driver".to_string(), commands::quoting::value(driver)]);
    let options = commands::quoting::argumentize("--log-opt", &logging.options);
    let options = options.iter().flat_map(|option| option.splitn(2, ' ')).map(str::to_string);
    Node::made(Value::List(driver.chain(options).map(|word| text(&word)).collect()))
}

fn symbols<'k>(entries: impl IntoIterator<Item = (&'k str, Option<Node>)>) -> Node {
    let entries = entries.into_iter();
    let entries = entries.filter_map(|(key, node)| Some((key.to_string(), Entry::of_symbol(node?))));
    Node::made(Value::Map(entries.collect()))
}

fn text(text: &str) -> Node {
    Node::made(Value::String(text.to_string()))
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Node {
    Node::made(Value::List(texts.map(text).collect()))
}
