//! A case as it stands in its file: what is given, what is run, what must have happened. README.md beside the cases tells the format.

use std::collections::BTreeMap;

/// One case.
#[derive(Default)]
pub struct Case {
    /// Folders below `cases/projects` that make up the project, later ones over earlier ones.
    pub project: Vec<String>,
    /// The words after `sextant`.
    pub arguments: Vec<String>,
    /// Command lines that are played first, and must go well.
    pub before: Vec<Vec<String>>,
    /// More variables for the program.
    pub environment: Vec<(String, String)>,
    /// What is typed.
    pub stdin: String,
    /// Signals sent once something holds: `INT`, `TERM`.
    pub signals: Vec<String>,
    /// Whether the operator's machine has no docker.
    pub no_local_docker: bool,
    /// Whether ssh finds no key but those that the project names.
    pub no_key: bool,
    /// The host that connections to all others go through.
    pub bastion: Option<String>,
    /// More files of the project.
    pub files: Vec<File>,
    /// Components of guests and examples: name, path in the project.
    pub components: Vec<(String, String)>,
    /// What the machines have at the beginning, by name.
    pub machines: BTreeMap<String, Machine>,
    /// What must have happened, by the heading of its section.
    pub expected: BTreeMap<String, Vec<String>>,
    /// Keys, subcommands and flags that the case shows.
    pub shows: Vec<String>,
    /// What Kamal did, line by line, where that was recorded.
    pub recorded: Vec<String>,
    /// The deviations from it that must be seen.
    pub differs: Vec<String>,
}

/// A file with its content.
#[derive(Clone)]
pub struct File {
    /// Below the folder it belongs to.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// Its text.
    pub content: String,
}

/// What a machine has at the beginning.
#[derive(Default)]
pub struct Machine {
    /// Whether docker is not installed.
    pub no_docker: bool,
    /// Whether the ssh user is not root, and cannot become it.
    pub no_root: bool,
    /// Networks of docker.
    pub networks: Vec<String>,
    /// Names and labels.
    pub images: Vec<(Vec<String>, Labels)>,
    /// State, name, image, labels; oldest first.
    pub containers: Vec<(String, String, String, Labels)>,
    /// Words of `docker run` that were said before, as docker gets them.
    pub started: Vec<Vec<String>>,
    /// Programs that say this, whatever they are asked.
    pub programs: Vec<(String, String)>,
    /// What kamal-proxy routes to: service and container.
    pub routes: Vec<(String, String)>,
    /// Builders of buildx.
    pub builders: Vec<String>,
    /// Contexts of docker, with the docker that they lead to.
    pub contexts: Vec<(String, String)>,
    /// Calls that begin with these words fail and say this.
    pub failing: Vec<(String, String)>,
    /// Calls that begin with these words say this.
    pub saying: Vec<(String, String)>,
    /// Calls that begin with these words wait.
    pub holding: Vec<String>,
    /// The label `service` of images that are pulled, where it is not the project's.
    pub pulled_service: Option<String>,
    /// Files in the home. Details of a lock stand here decoded.
    pub files: Vec<File>,
    /// Empty folders in the home.
    pub folders: Vec<String>,
}

/// Pairs of key and value.
pub type Labels = Vec<(String, String)>;

impl Case {
    /// Reads a case, or says what is wrong with its file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut case = Self::default();
        for section in sections(text)? {
            case.take(section)?;
        }
        if !case.expected.contains_key("exit") {
            return Err("a case says how the program exits: `exit 0`".to_string());
        }
        Ok(case)
    }

    /// Whether the program exits as it should when all went well.
    pub fn succeeds(&self) -> bool {
        self.expected.get("exit").is_some_and(|lines| *lines == ["0"])
    }

    /// Whether the command line is one that can be rehearsed with `--dry-run`.
    pub fn changes_machines(&self) -> bool {
        let words: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["setup" | "deploy" | "redeploy" | "rollback" | "prune" | "server" | "remove", ..]
                | ["app", "boot" | "start" | "stop" | "remove", ..]
                | ["accessory", "boot" | "remove", ..]
                | ["proxy", "boot" | "reboot" | "remove", ..]
                | ["build", "deliver" | "push" | "pull" | "create" | "remove" | "dev", ..]
                | ["lock", "acquire" | "release", ..]
        )
    }

    fn take(&mut self, section: Section) -> Result<(), String> {
        let (word, rest) = section.heading.split_once(' ').unwrap_or((&section.heading, ""));
        match word {
            "project" => self.project = rest.split(' ').map(str::to_string).collect(),
            "run" => self.arguments = words(rest),
            "before" => self.before.push(words(rest)),
            "variable" => self.environment.push(pair(rest)?),
            "type" => self.stdin.push_str(&format!("{rest}\n")),
            "signals" => self.signals = rest.split(' ').map(str::to_string).collect(),
            "without" if rest == "docker" => self.no_local_docker = true,
            "without" if rest == "key" => self.no_key = true,
            "bastion" => self.bastion = Some(rest.to_string()),
            "component" => {
                let (name, path) = rest.split_once(' ').ok_or("component NAME PATH")?;
                self.components.push((name.to_string(), path.to_string()));
            }
            "file" => self.files.push(file(rest, section.body)?),
            "machine" => {
                self.machines.insert(rest.to_string(), Machine::parse(section.body)?);
            }
            "exit" => {
                self.expected.insert("exit".to_string(), vec![rest.to_string()]);
            }
            "for" => self.shows.extend(rest.split(',').map(|part| part.trim().to_string())),
            "recorded" => self.recorded = section.body,
            "differs" => self.differs.extend(rest.split_whitespace().map(str::to_string)),
            "calls" | "containers" | "files" | "stdout" | "stderr" | "order" | "hooks" | "ssh" | "connection" => {
                self.expected.insert(section.heading, section.body);
            }
            _ => return Err(format!("there is no section `{}`", section.heading)),
        }
        Ok(())
    }
}

impl Machine {
    fn parse(body: Vec<String>) -> Result<Self, String> {
        let mut machine = Self::default();
        let mut pulled = Vec::new();
        for section in sections(&body.join("\n"))? {
            let (word, rest) = section.heading.split_once(' ').unwrap_or((&section.heading, ""));
            match word {
                "without" if rest == "docker" => machine.no_docker = true,
                "without" if rest == "root" => machine.no_root = true,
                "network" => machine.networks.push(rest.to_string()),
                "image" => {
                    let (labels, names): (Vec<&str>, Vec<&str>) = rest.split(' ').partition(|part| part.contains('='));
                    let labels = labels.into_iter().map(pair).collect::<Result<_, _>>()?;
                    machine.images.push((names.into_iter().map(str::to_string).collect(), labels));
                }
                "container" => {
                    let mut parts = rest.split(' ');
                    let mut next = || parts.next().unwrap_or_default().to_string();
                    let (state, name, image) = (next(), next(), next());
                    machine.containers.push((state, name, image, parts.map(pair).collect::<Result<_, _>>()?));
                }
                "started" => machine.started.push(words(rest)),
                "program" => machine.programs.push((rest.to_string(), section.body.join("\n"))),
                "route" => machine.routes.push(pair(rest)?),
                "context" => machine.contexts.push(pair(rest)?),
                "builder" => machine.builders.push(rest.to_string()),
                "failing" => machine.failing.push((rest.to_string(), section.body.join("\n"))),
                "saying" => machine.saying.push((rest.to_string(), section.body.join("\n"))),
                "holding" => machine.holding.push(rest.to_string()),
                "pulled" => pulled.push(pair(rest)?),
                "file" => machine.files.push(file(rest, section.body)?),
                "folder" => machine.folders.push(rest.to_string()),
                "lock" => machine.files.push(file(&format!("0644 {rest}/details"), section.body)?),
                _ => return Err(format!("a machine has no `{}`", section.heading)),
            }
        }
        machine.pulled_service = pulled.into_iter().find(|(key, _)| key == "service").map(|(_, value)| value);
        Ok(machine)
    }
}

/// A heading and the lines below it, without their indentation.
struct Section {
    heading: String,
    body: Vec<String>,
}

fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix("  "), sections.last_mut()) {
            (Some(line), Some(section)) => section.body.push(line.to_string()),
            (None, Some(section)) if line.is_empty() => section.body.push(String::new()),
            (None, _) if !line.is_empty() => {
                sections.push(Section { heading: line.trim_end().to_string(), body: Vec::new() })
            }
            (Some(line), None) => return Err(format!("`{line}` stands below no heading")),
            _ => {}
        }
    }
    for section in &mut sections {
        while section.body.last().is_some_and(String::is_empty) {
            section.body.pop();
        }
    }
    Ok(sections)
}

/// `0755 .kamal/hooks/pre-deploy` and its lines.
fn file(heading: &str, body: Vec<String>) -> Result<File, String> {
    let wrong = || format!("`{heading}` is no mode and path");
    let (mode, path) = heading.split_once(' ').ok_or_else(wrong)?;
    let mode = u32::from_str_radix(mode, 8).map_err(|_| wrong())?;
    let content = body.iter().map(|line| format!("{line}\n")).collect();
    Ok(File { path: path.to_string(), mode, content })
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no KEY=VALUE"))?;
    Ok((key.to_string(), value.to_string()))
}

/// Words of a command line; single quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('\'').enumerate();
    let mut words = Vec::new();
    for (number, part) in quoted {
        if number % 2 == 1 {
            words.push(part.to_string());
        } else {
            words.extend(part.split_whitespace().map(str::to_string));
        }
    }
    words
}
