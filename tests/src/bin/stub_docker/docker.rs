//! What a machine's docker has, and what becomes of a call.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::template::filled;
use crate::words::{Words, digest, fits};

/// What one machine has.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Docker {
    /// Oldest first.
    containers: Vec<Container>,
    images: Vec<Image>,
    networks: Vec<String>,
    builders: Vec<String>,
    /// Contexts with the docker that they lead to.
    contexts: Vec<(String, String)>,
    /// What kamal-proxy routes to: service and container id.
    routes: Vec<(String, String)>,
    /// What registries take for a password.
    passwords: Vec<String>,
    /// Labels of images that are pulled.
    pulled_labels: serde_json::Map<String, Value>,
    /// Words of `docker run` that were said before everything else.
    started: Vec<Vec<String>>,
    rules: Vec<Rule>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Container {
    id: String,
    name: String,
    image: String,
    image_id: String,
    state: String,
    labels: serde_json::Map<String, Value>,
    /// What it was started with, where it was started here: what docker tells under `Config` and `HostConfig`.
    #[serde(default)]
    settings: Option<(Value, Value)>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Image {
    id: String,
    tags: Vec<String>,
    labels: serde_json::Map<String, Value>,
}

/// What becomes of calls that begin with these words.
#[derive(Serialize, Deserialize)]
pub struct Rule {
    words: String,
    /// The call fails and says this.
    #[serde(default)]
    fail: Option<String>,
    /// The call says this.
    #[serde(default)]
    say: Option<String>,
    /// The call writes `held` into `$CASE` and waits until `go` is there.
    #[serde(default)]
    pub hold: bool,
}

impl Rule {
    /// What the rule has docker say.
    pub fn answer(&self) -> Option<Answer> {
        let failed = self.fail.clone().map(failed);
        failed.or(self.say.clone().map(said))
    }
}

/// The answer to a call: exit code, standard output, standard error.
pub type Answer = (u8, String, String);

fn said(text: impl Into<String>) -> Answer {
    (0, text.into(), String::new())
}

fn failed(text: impl Into<String>) -> Answer {
    (1, String::new(), text.into())
}

impl Docker {
    /// The call as one line, with names where ids stand.
    pub fn shown(&self, words: &[String]) -> String {
        let named = |word: &String| {
            self.containers.iter().fold(word.clone(), |word, container| {
                let name = format!("<{}>", container.name);
                word.replace(&container.id, &name).replace(&container.id[..12], &name)
            })
        };
        let quoted = |word: String| {
            if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word }
        };
        words.iter().map(named).map(quoted).collect::<Vec<_>>().join(" ")
    }

    /// The rule for a call, if there is one.
    pub fn rule(&self, words: &[String]) -> Option<&Rule> {
        let call = self.shown(words);
        self.rules.iter().find(|rule| call.starts_with(&rule.words))
    }

    /// What docker does and says.
    pub fn answer(&mut self, words: &[String]) -> Answer {
        let names: Vec<&str> = words.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["-v" | "--version" | "version", ..] => said("Docker version 28.2.2, build e6534b4"),
            ["login", ..] => self.login(&words[1..]),
            ["logout", ..] => said("Removing login credentials"),
            ["ps", ..] => self.list_containers(&words[1..]),
            ["container", "ls" | "list", ..] => self.list_containers(&words[2..]),
            ["inspect", ..] => self.inspect(&words[1..], true),
            ["image", "inspect", ..] => self.inspect(&words[2..], false),
            ["image", "ls", ..] => self.list_images(&words[2..]),
            ["network", "ls", ..] => self.list_networks(&words[2..]),
            ["network", "inspect", name] => match self.networks.iter().any(|network| network == name) {
                true => said("[]"),
                false => failed(format!("Error response from daemon: network {name} not found")),
            },
            ["network", "create", name] => self.create_network(name),
            ["pull", name] => {
                self.add_image(name, &self.pulled_labels.clone());
                said(*name)
            }
            ["image", "pull", name] => {
                self.add_image(name, &serde_json::Map::new());
                said(*name)
            }
            ["tag", image, name] => self.tag(image, name),
            ["run", ..] => self.run(&words[1..], "running"),
            ["container", "create", ..] => self.run(&words[2..], "created"),
            ["container", "cp", "-L", source, folder] => self.copy(source, folder),
            ["container", "start" | "stop" | "rm", ..] => self.change_containers(names[1], &words[2..]),
            ["start" | "stop" | "rm", ..] => self.change_containers(names[0], &words[1..]),
            ["rename", from, to] => self.rename(from, to),
            ["container", "prune", ..] => self.prune_containers(&words[2..]),
            ["image", "prune", ..] => self.prune_images(&words[2..]),
            ["rmi", ..] => self.remove_image(&words[1..]),
            ["image", "rm", ..] => self.remove_image(&words[2..]),
            ["exec", "kamal-proxy", "kamal-proxy", rest @ ..] => self.proxy(rest),
            ["exec", ..] => self.exec(&words[1..]),
            ["logs", ..] => self.logs(&words[1..]),
            ["buildx", rest @ ..] => self.buildx(rest),
            ["context", rest @ ..] => self.context(rest),
            ["info", ..] => self.info(&words[1..]),
            ["push", ..] => said("pushed"),
            _ => failed(format!("docker: unknown command: {}", names.join(" "))),
        }
    }

    /// Starts what a case says was started before.
    pub fn start_what_was_started(&mut self) {
        for words in std::mem::take(&mut self.started) {
            let (exit, _, stderr) = self.run(&words, "running");
            assert_eq!(exit, 0, "{stderr}");
        }
    }

    fn login(&self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let mut password = String::new();
        if words.has(&["--password-stdin"]) {
            let _ = std::io::stdin().read_to_string(&mut password);
        } else {
            password = words.one(&["-p", "--password"]).unwrap_or_default().to_string();
        }
        match self.passwords.iter().any(|known| known == password.trim_end_matches('\n')) {
            true => said("Login Succeeded"),
            false => failed("Error response from daemon: login attempt failed with status: 401 Unauthorized"),
        }
    }

    fn list_containers(&self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let filters = words.all(&["--filter", "-f"]);
        let wide = words.has(&["--all", "-a"]) || filters.iter().any(|filter| filter.starts_with("status="));
        let matching = self.containers.iter().rev().filter(|container| wide || container.state == "running");
        let matching = matching.filter(|container| container.matches(&filters));
        let quiet = words.has(&["--quiet", "-q"]).then_some("{{.ID}}");
        let format = quiet.or(words.one(&["--format"])).unwrap_or("{{.ID}} {{.Image}} {{.State}} {{.Names}}");
        let lines: Vec<String> = matching
            .map(|container| {
                let id = if words.has(&["--no-trunc"]) { container.id.as_str() } else { &container.id[..12] };
                let fields = json!({
                    "ID": id, "Names": container.name, "Image": container.image, "State": container.state,
                });
                filled(format, &fields)
            })
            .collect();
        said(lines.join("\n"))
    }

    fn info(&self, words: &[String]) -> Answer {
        let record = json!({
            "ServerVersion": "28.2.2", "Architecture": "x86_64", "HTTPSProxy": "", "DockerRootDir": "/var/lib/docker",
        });
        let words = Words::split(words, usize::MAX);
        said(words.one(&["--format", "-f"]).map_or("x86_64".to_string(), |format| filled(format, &record)))
    }

    fn inspect(&self, words: &[String], containers: bool) -> Answer {
        let words = Words::split(words, usize::MAX);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in &words.rest {
            let container = self.find(name).filter(|_| containers).map(|at| self.containers[at].record());
            match container.or_else(|| self.image(name).map(|at| self.images[at].record())) {
                Some(record) => found
                    .push(words.one(&["--format", "-f"]).map_or(record.to_string(), |format| filled(format, &record))),
                None => missing.push(format!("Error: No such object: {name}")),
            }
        }
        (u8::from(!missing.is_empty()), found.join("\n"), missing.join("\n"))
    }

    fn list_images(&self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let filters = words.all(&["--filter", "-f"]);
        let format = words.one(&["--format"]).unwrap_or("{{.Repository}} {{.Tag}} {{.ID}}");
        let mut lines = Vec::new();
        for image in self.images.iter().filter(|image| carries(&image.labels, &filters)) {
            let none = ["<none>:<none>".to_string()];
            for tag in if image.tags.is_empty() { &none[..] } else { &image.tags } {
                let (repository, tag) = tag.rsplit_once(':').unwrap_or((tag, "latest"));
                lines.push(filled(format, &json!({ "ID": &image.id[7..19], "Repository": repository, "Tag": tag })));
            }
        }
        said(lines.join("\n"))
    }

    fn list_networks(&self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let filters = words.all(&["--filter", "-f"]);
        let wanted = |name: &&String| {
            filters.iter().all(|filter| filter.strip_prefix("name=").is_none_or(|pattern| fits(pattern, name)))
        };
        let names: Vec<String> = self.networks.iter().filter(wanted).cloned().collect();
        said(names.join("\n"))
    }

    fn create_network(&mut self, name: &str) -> Answer {
        if self.networks.iter().any(|network| network == name) {
            return failed(format!("Error response from daemon: network with name {name} already exists"));
        }
        self.networks.push(name.to_string());
        said(digest(name))
    }

    /// The image of that name, added with these labels if it is not there.
    fn add_image(&mut self, name: &str, labels: &serde_json::Map<String, Value>) -> usize {
        if let Some(at) = self.image(name) {
            return at;
        }
        let name = if name.rsplit('/').next().is_some_and(|last| last.contains(':')) {
            name.to_string()
        } else {
            format!("{name}:latest")
        };
        self.images.push(Image { id: format!("sha256:{}", digest(&name)), tags: vec![name], labels: labels.clone() });
        self.images.len() - 1
    }

    fn tag(&mut self, image: &str, name: &str) -> Answer {
        let Some(at) = self.image(image) else {
            return failed(format!("Error response from daemon: No such image: {image}"));
        };
        for image in &mut self.images {
            image.tags.retain(|tag| tag != name);
        }
        self.images[at].tags.push(name.to_string());
        said("")
    }

    fn run(&mut self, words: &[String], state: &str) -> Answer {
        let words = Words::split(words, 1);
        let refused = |text: String| (125, String::new(), format!("docker: {text}"));
        let Some(image) = words.rest.first() else { return refused("no image is named".into()) };
        let name = words.one(&["--name"]).unwrap_or("unnamed");
        if self.containers.iter().any(|container| container.name == name) {
            return refused(format!(
                "Error response from daemon: Conflict. The container name \"/{name}\" is already in use"
            ));
        }
        if let Some(network) =
            words.all(&["--network"]).into_iter().find(|network| !self.networks.iter().any(|known| known == network))
        {
            return refused(format!("Error response from daemon: network {network} not found"));
        }
        if let Some(file) = words.all(&["--env-file"]).into_iter().find(|file| !Path::new(file).is_file()) {
            return refused(format!("open {file}: no such file or directory"));
        }
        // An image that is not there is pulled; the only one of them whose labels matter is kamal-proxy's.
        let title = ("org.opencontainers.image.title".to_string(), json!("kamal-proxy"));
        let labels = serde_json::Map::from_iter([title].into_iter().filter(|_| image.contains("kamal-proxy")));
        let at = self.add_image(image, &labels);
        let mut labels = self.images[at].labels.clone();
        for label in words.all(&["--label"]) {
            let (key, text) = label.split_once('=').unwrap_or((label, ""));
            labels.insert(key.to_string(), json!(text));
        }
        let id = digest(&format!("{name} {}", self.containers.len()));
        let (image, image_id) = ((*image).to_string(), self.images[at].id.clone());
        self.containers.push(Container {
            id: id.clone(),
            name: name.to_string(),
            image,
            image_id,
            state: state.into(),
            labels,
            settings: Some(settings(&words)),
        });
        said(id)
    }

    /// Copies what an image holds at a path: one file, which tells the image's tag.
    fn copy(&self, source: &str, folder: &str) -> Answer {
        let (name, path) = source.split_once(':').unwrap_or((source, ""));
        let Some(at) = self.find(name) else {
            return failed(format!("Error response from daemon: No such container: {name}"));
        };
        let tag = self.containers[at].image.rsplit(':').next().unwrap_or_default();
        match std::fs::write(Path::new(folder).join(format!("{tag}.css")), format!("{path} of {tag}\n")) {
            Ok(()) => said(""),
            Err(error) => failed(error.to_string()),
        }
    }

    fn change_containers(&mut self, verb: &str, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        if words.rest.is_empty() {
            return failed(format!("docker {verb} requires at least 1 argument"));
        }
        let (mut done, mut wrong) = (Vec::new(), Vec::new());
        for name in &words.rest {
            match self.find(name) {
                None => wrong.push(format!("Error response from daemon: No such container: {name}")),
                Some(at) if verb == "rm" && self.containers[at].state == "running" => {
                    wrong.push(format!(
                        "Error response from daemon: cannot remove container \"/{name}\": container is running"
                    ));
                }
                Some(at) => {
                    match verb {
                        "rm" => drop(self.containers.remove(at)),
                        "start" => self.containers[at].state = "running".into(),
                        _ => self.containers[at].state = "exited".into(),
                    }
                    done.push(*name);
                }
            }
        }
        (u8::from(!wrong.is_empty()), done.join("\n"), wrong.join("\n"))
    }

    fn rename(&mut self, from: &str, to: &str) -> Answer {
        if self.find(to).is_some() {
            return failed(format!(
                "Error response from daemon: Conflict. The container name \"/{to}\" is already in use"
            ));
        }
        let Some(at) = self.find(from) else {
            return failed(format!("Error response from daemon: No such container: {from}"));
        };
        self.containers[at].name = to.to_string();
        said("")
    }

    fn prune_containers(&mut self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let filters = words.all(&["--filter"]);
        self.containers.retain(|container| container.state == "running" || !container.matches(&filters));
        said("Total reclaimed space: 0B")
    }

    fn prune_images(&mut self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let filters = words.all(&["--filter"]);
        let used: Vec<String> = self.containers.iter().map(|container| container.image_id.clone()).collect();
        let goes = |image: &Image| (words.has(&["--all"]) || image.tags.is_empty()) && !used.contains(&image.id);
        self.images.retain(|image| !(goes(image) && carries(&image.labels, &filters)));
        said("Total reclaimed space: 0B")
    }

    fn remove_image(&mut self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        let force = words.has(&["--force"]);
        for name in &words.rest {
            let Some(at) = self.image(name) else {
                let text = format!("Error response from daemon: No such image: {name}");
                return (u8::from(!force), String::new(), text);
            };
            let image = &mut self.images[at];
            if image.tags.len() < 2 && !force && self.containers.iter().any(|container| container.image_id == image.id)
            {
                return failed(format!(
                    "Error response from daemon: conflict: unable to remove repository reference \"{name}\""
                ));
            }
            image.tags.retain(|tag| tag != name);
            if image.tags.is_empty() {
                self.images.remove(at);
            }
        }
        said("")
    }

    /// A command of kamal-proxy, in its container.
    fn proxy(&mut self, words: &[&str]) -> Answer {
        if self.find("kamal-proxy").is_none_or(|at| self.containers[at].state != "running") {
            return failed("Error response from daemon: container kamal-proxy is not running");
        }
        let target = words.iter().find_map(|word| word.strip_prefix("--target="));
        match words {
            ["list"] => said(self.routes.iter().map(|(service, _)| format!("{service}\n")).collect::<String>()),
            ["deploy", service, ..] => {
                let id = target.and_then(|target| target.split(':').next()).unwrap_or_default();
                match self.find(id).map(|at| self.containers[at].clone()) {
                    Some(container) if container.state == "running" => {
                        self.routes.retain(|(other, _)| other != service);
                        self.routes.push(((*service).to_string(), container.id));
                        said("")
                    }
                    _ => failed(format!("Error: target {id} does not answer")),
                }
            }
            ["remove", service] => {
                let before = self.routes.len();
                self.routes.retain(|(other, _)| other != service);
                if self.routes.len() < before { said("") } else { failed("Error: service not found") }
            }
            ["resume" | "stop", service, ..] => match self.routes.iter().any(|(other, _)| other == service) {
                true => said(""),
                false => failed("Error: service not found"),
            },
            _ => failed(format!("kamal-proxy: unknown command: {}", words.join(" "))),
        }
    }

    /// Tells what runs and where, if the container does.
    fn exec(&self, words: &[String]) -> Answer {
        let words = Words::split(words, 1);
        let (name, command) = words.rest.split_first().map_or(("", &[][..]), |(name, command)| (*name, command));
        match self.find(name).map(|at| self.containers[at].state.as_str()) {
            Some("running") => said(format!("{name} runs {}", command.join(" "))),
            Some(_) => failed(format!("Error response from daemon: container {name} is not running")),
            None => failed(format!("Error response from daemon: No such container: {name}")),
        }
    }

    fn logs(&self, words: &[String]) -> Answer {
        let words = Words::split(words, usize::MAX);
        match words.rest.first().and_then(|name| self.find(name)) {
            Some(at) => said(format!("last words of {}", self.containers[at].name)),
            None => failed("Error response from daemon: No such container"),
        }
    }

    fn buildx(&mut self, words: &[&str]) -> Answer {
        match words {
            ["version"] => said("github.com/docker/buildx v0.24.0"),
            ["inspect", name] if self.builders.iter().any(|builder| builder == name) => {
                let context = self.contexts.iter().find(|(context, _)| *context == format!("{name}-context"));
                said(context.map(|(context, _)| format!("Endpoint: {context}")).unwrap_or_default())
            }
            ["inspect" | "rm", name] if !self.builders.iter().any(|builder| builder == name) => {
                failed(format!("ERROR: no builder \"{name}\" found"))
            }
            ["rm", name] => {
                self.builders.retain(|builder| builder != name);
                said(format!("{name} removed"))
            }
            ["ls"] => said(self.builders.join("\n")),
            ["create", rest @ ..] => {
                let name = rest.iter().skip_while(|word| **word != "--name").nth(1).or(rest.last());
                self.builders.extend(name.map(|name| (*name).to_string()));
                said("")
            }
            ["build", ..] => said("#1 DONE"),
            _ => failed(format!("docker: unknown command: buildx {}", words.join(" "))),
        }
    }

    fn context(&mut self, words: &[&str]) -> Answer {
        let known = |name: &str| self.contexts.iter().find(|(context, _)| context == name);
        match words {
            ["ls"] => said(self.contexts.iter().map(|(name, _)| format!("{name}\n")).collect::<String>()),
            ["inspect", name, ..] => match known(name) {
                Some((_, host)) => said(host.clone()),
                None => failed(format!("context \"{name}\": context not found")),
            },
            ["create", name, ..] if known(name).is_some() => failed(format!("context \"{name}\" already exists")),
            ["create", name, .., place] => {
                let host = place.strip_prefix("host=").unwrap_or(place);
                self.contexts.push(((*name).to_string(), host.to_string()));
                said(*name)
            }
            ["rm", name] if known(name).is_none() => failed(format!("context \"{name}\": context not found")),
            ["rm", name] => {
                self.contexts.retain(|(context, _)| context != name);
                said(*name)
            }
            _ => failed(format!("docker: unknown command: context {}", words.join(" "))),
        }
    }

    /// The container of that name, or of the id that begins so.
    fn find(&self, name: &str) -> Option<usize> {
        let by_id = |container: &Container| name.len() >= 12 && container.id.starts_with(name);
        self.containers.iter().position(|container| container.name == name || by_id(container))
    }

    fn image(&self, name: &str) -> Option<usize> {
        let latest = format!("{name}:latest");
        self.images
            .iter()
            .position(|image| image.id == name || image.tags.iter().any(|tag| tag == name || *tag == latest))
    }
}

impl Container {
    fn record(&self) -> Value {
        let running = self.state == "running";
        let (mut config, host) = self.settings.clone().unwrap_or((json!({}), json!({})));
        config["Image"] = json!(self.image);
        config["Labels"] = json!(self.labels);
        json!({
            "Id": self.id, "ID": self.id, "Name": format!("/{}", self.name), "Image": self.image_id,
            "State": { "Status": self.state, "Running": running, "Health": null },
            "Config": config, "HostConfig": host,
        })
    }

    fn matches(&self, filters: &[&str]) -> bool {
        let of = |kind: &str| -> Vec<&str> {
            filters.iter().filter_map(|filter| filter.strip_prefix(kind)?.strip_prefix('=')).collect()
        };
        let (names, states) = (of("name"), of("status"));
        (names.is_empty() || names.iter().any(|pattern| fits(pattern, &self.name)))
            && (states.is_empty() || states.contains(&self.state.as_str()))
            && carries(&self.labels, filters)
    }
}

impl Image {
    fn record(&self) -> Value {
        json!({
            "Id": self.id, "ID": self.id, "RepoTags": self.tags, "Architecture": "amd64", "Size": 100_000_000,
            "Config": { "Labels": self.labels, "Env": ["PATH=/usr/bin"], "Cmd": null },
        })
    }
}

/// Whether the labels satisfy every filter that is about labels.
fn carries(labels: &serde_json::Map<String, Value>, filters: &[&str]) -> bool {
    let wanted = filters.iter().filter_map(|filter| filter.strip_prefix("label="));
    wanted.into_iter().all(|wanted| match wanted.split_once('=') {
        Some((key, text)) => labels.get(key).and_then(Value::as_str) == Some(text),
        None => labels.contains_key(wanted),
    })
}

/// What docker tells of a container that was started with these words.
fn settings(words: &Words<'_>) -> (Value, Value) {
    let mut environment = vec!["PATH=/usr/bin".to_string()];
    for file in words.all(&["--env-file"]) {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        environment.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_string));
    }
    let given = words.all(&["--env"]);
    environment.extend(given.iter().filter(|given| given.contains('=')).map(|given| (*given).to_string()));
    let mut ports = serde_json::Map::new();
    for port in words.all(&["--publish"]) {
        let (place, container) = port.rsplit_once(':').unwrap_or(("", port));
        let (address, host) = place.rsplit_once(':').unwrap_or(("", place));
        ports.insert(format!("{container}/tcp"), json!([{ "HostIp": address, "HostPort": host }]));
    }
    let restart = words.one(&["--restart"]).unwrap_or("no");
    let log: serde_json::Map<String, Value> = words
        .all(&["--log-opt"])
        .into_iter()
        .filter_map(|option| option.split_once('='))
        .map(|(name, text)| (name.to_string(), json!(text)))
        .collect();
    let memory = words.one(&["--memory"]).and_then(|text| text.trim_end_matches('m').parse::<i64>().ok());
    let config = json!({ "Env": environment, "Cmd": words.rest.get(1..).filter(|rest| !rest.is_empty()), "User": "" });
    let host = json!({
        "Binds": words.all(&["--volume"]), "PortBindings": ports, "NetworkMode": words.one(&["--network"]).unwrap_or("bridge"),
        "RestartPolicy": { "Name": restart, "MaximumRetryCount": 0 },
        "LogConfig": { "Type": words.one(&["--log-driver"]).unwrap_or("json-file"), "Config": log },
        "Memory": memory.unwrap_or_default() << 20, "NanoCPUs": 0, "CapAdd": null, "CapDrop": null,
        "Privileged": words.has(&["--privileged"]), "ReadonlyRootfs": false, "Init": null, "ShmSize": 67_108_864, "ExtraHosts": null,
    });
    (config, host)
}
