//! Steps as a hostile plugin might propose them. Shared by the test beside it and by the fuzz target of this crate.

use commands::builds::{Builder, ImageBuild};
use commands::docker::Container;
use plan::hooks::Proposal;
use plan::{Action, AssembledFile, ImageAssembly, Username};
use serde_json::Value;

/// What a hostile text is made from. Whatever runs the program `pwn` has been broken out of.
pub const HOSTILE: [&str; 44] = [
    ";pwn",
    "; pwn; ",
    "|pwn",
    "&pwn",
    "&&pwn",
    "||pwn",
    "$(pwn)",
    "`pwn`",
    "\npwn\n",
    "\rpwn",
    "\0pwn",
    "'; pwn; '",
    "';pwn;#",
    "\"; pwn; \"",
    "\";pwn;#",
    "\\",
    "\\';pwn;#",
    "\\\";pwn;#",
    "$'\\'';pwn;#'",
    "${x:=$(pwn)}",
    "${x:-`pwn`}",
    "${x@P}",
    "${HOME}",
    "$HOME",
    "$",
    "${",
    "(pwn)",
    "<(pwn)",
    ">pwned",
    "#",
    " # ",
    "{a,pwn}",
    "*",
    "~",
    "!!",
    "-",
    "--pwn",
    "../../pwn",
    "/pwn",
    "é;pwn",
    "é$(pwn)",
    "\u{a0}pwn",
    "\u{202e};pwn",
    "\u{1b}[2J;pwn",
];

/// One of every action that a plugin can propose, with every text filled in.
pub fn harmless() -> Vec<Action> {
    let text = |text: &str| text.to_string();
    let some = |text: &str| Some(text.to_string());
    let pair = |name: &str, value: &str| (name.to_string(), Some(value.to_string()));
    let build = ImageBuild {
        context: text("."),
        directory: some("/clones/app/sub"),
        tags: vec![text("ghcr.io/acme/app:v2")],
        platforms: vec![text("linux/amd64")],
        builder: some("mine"),
        output: some("registry"),
        dockerfile: some("docker/Dockerfile"),
        target: some("prod"),
        labels: vec![pair("service", "app")],
        arguments: vec![pair("RUBY", "3.4")],
        secrets: vec![text("TOKEN")],
        cache_to: some("type=registry,ref=ghcr.io/acme/cache,mode=max"),
        cache_from: some("type=gha"),
        ssh: some("default"),
        provenance: some("mode=max"),
        sbom: Some(true),
        own_login: true,
        no_cache: true,
    };
    let builder = Builder {
        name: text("mine"),
        driver: some("docker-container"),
        cloud: None,
        platforms: vec![text("linux/amd64")],
        remote: some("ssh://build@farm"),
        remote_platforms: vec![text("linux/arm64")],
        host_network: true,
    };
    let container = Container {
        name: text("app-web-v2"),
        image: text("ghcr.io/acme/app:v2"),
        restart: some("unless-stopped"),
        network: some("kamal"),
        hostname: some("web-1"),
        environment: vec![pair("A", "b"), (text("C"), None)],
        environment_files: vec![text(".kamal/apps/app/env/roles/web.env")],
        log_driver: some("json-file"),
        log_options: vec![pair("max-size", "10m")],
        publish: vec![text("127.0.0.1:80:3000")],
        volumes: vec![text("$PWD/.kamal/data:/data:ro"), text("cache:/cache")],
        labels: vec![pair("role", "web")],
        flags: vec![pair("cpus", "2"), (text("init"), None)],
        command: some("bin/rails server"),
    };
    let (image, name) = (text("ghcr.io/acme/app:v2"), text("app-web-v2"));
    let directory = text(".kamal/apps/app/assets");
    vec![
        Action::Login { server: some("ghcr.io"), username: Username::Clear(text("me")), password: text("PASSWORD") },
        Action::Login { server: None, username: Username::Secret(text("USER_NAME")), password: text("PASSWORD") },
        Action::Pull { image: image.clone() },
        Action::Push { image: image.clone() },
        Action::Tag { image: image.clone(), name: text("ghcr.io/acme/app:latest") },
        Action::RequireBuildx,
        Action::Checkout { root: text("/app"), directory: text("/clones/app"), revision: text("abc") },
        Action::CreateBuilder { name: text("mine"), driver: text("docker-container") },
        Action::EnsureBuilder(builder.clone()),
        // What `build create` makes of it.
        Action::MakeBuilder(builder),
        Action::Pack {
            name: text("ghcr.io/acme/app"),
            builder: text("heroku/builder:24"),
            buildpacks: vec![text("heroku/ruby")],
            build: build.clone(),
        },
        Action::Build(ImageBuild { directory: None, dockerfile: None, ..build.clone() }),
        Action::Build(build),
        Action::StartContainer(container),
        Action::AwaitHealthy { container: name.clone(), readiness_delay: 1, timeout: 2 },
        Action::Route {
            service: text("app-web"),
            container: name.clone(),
            port: 80,
            options: vec![pair("host", "app.example"), (text("tls"), None)],
        },
        Action::Unroute { service: text("app-web") },
        Action::StopContainer { name: name.clone(), id: some("0123abcd"), timeout: Some(10) },
        Action::StopContainer { name: name.clone(), id: None, timeout: None },
        Action::RenameContainer { name: name.clone(), to: text("app-web-v2_replaced_0123") },
        Action::RemoveContainer { name: name.clone() },
        Action::ShowLogs { container: name },
        Action::MakeDirectory { path: text(".kamal/apps/app/env") },
        Action::WriteEnvironmentFile {
            path: text(".kamal/apps/app/env/roles/web.env"),
            secrets: vec![(text("KEY"), text("RAILS_MASTER_KEY"))],
        },
        Action::ExtractAssets {
            container: text("app-web-assets"),
            image,
            path: text("/rails/public"),
            directory: directory.clone(),
            name: text("web-v2"),
        },
        Action::SyncAssets { directory: directory.clone(), name: text("web-v2"), previous: some("web-v1") },
        Action::CleanAssets { directory, role: text("web"), name: text("web-v2") },
        Action::LoginWithCredentials { plugin: text("guest"), server: some("ghcr.io") },
        Action::Publish {
            image: ImageAssembly {
                names: vec![text("ghcr.io/acme/app:v2")],
                platform: text("linux/amd64"),
                base: some("debian:13"),
                files: vec![AssembledFile { source: text("dist/app"), path: text("/app"), mode: Some(0o755) }],
                ..ImageAssembly::default()
            },
            login: None,
        },
        Action::PublishFiles {
            path: text("dist/image"),
            names: vec![text("ghcr.io/acme/app:v2")],
            labels: Vec::new(),
            login: None,
        },
        Action::Run { words: vec![text("tool"), text("--flag"), text("a b")] },
    ]
}

/// A step that does this and nothing more.
pub fn proposal(action: Action) -> Proposal {
    Proposal {
        title: "do it".to_string(),
        action,
        unless: None,
        may_fail: false,
        audit: None,
        time_limit: None,
        prepares: false,
    }
}

/// The JSON pointers of every text in an action but the one that says which it is.
pub fn texts(action: &Action) -> Vec<String> {
    let mut found = Vec::new();
    walk(&serde_json::to_value(action).expect("an action is JSON"), String::new(), &mut found);
    found
}

fn walk(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) if pointer != "/kind" => found.push(pointer),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{pointer}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| walk(field, format!("{pointer}/{name}"), found));
        }
        _ => {}
    }
}

/// The action with another text at a pointer.
pub fn with_text(action: &Action, pointer: &str, text: impl FnOnce(&str) -> String) -> Action {
    let mut value = serde_json::to_value(action).expect("an action is JSON");
    let place = value.pointer_mut(pointer).expect("the pointer leads to a text");
    *place = Value::String(text(place.as_str().unwrap_or_default()));
    serde_json::from_value(value).expect("an action with another text is one too")
}

/// A step made from bytes: an action, several texts of it changed, and what stands around it.
pub fn from_bytes(bytes: &[u8]) -> Proposal {
    let mut bytes = Bytes(bytes);
    let actions = harmless();
    let mut action = actions[bytes.below(actions.len())].clone();
    let pointers = texts(&action);
    for _ in 0..1 + bytes.below(4) {
        if pointers.is_empty() {
            break;
        }
        let pointer = &pointers[bytes.below(pointers.len())];
        action = with_text(&action, pointer, |before| bytes.text(before));
    }
    let mut proposal = proposal(action);
    if bytes.below(4) == 0 {
        proposal.unless = Some((0..1 + bytes.below(3)).map(|_| bytes.text("test")).collect());
    }
    if bytes.below(4) == 0 {
        proposal.audit = Some(bytes.text("done"));
    }
    proposal.time_limit = (bytes.below(4) == 0).then_some(u64::MAX);
    proposal
}

/// Bytes that decide; when they are used up, everything is the first choice.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.next()) % count.max(1)
    }

    /// A text: the one before, pieces of hostile ones, and letters of the bytes' own.
    fn text(&mut self, before: &str) -> String {
        let mut text = String::new();
        for _ in 0..1 + self.below(4) {
            match self.below(4) {
                0 => text.push_str(before),
                1 | 2 => text.push_str(HOSTILE[self.below(HOSTILE.len())]),
                _ => text.push(char::from(self.next())),
            }
        }
        text
    }
}
