//! The machines of a case: a project with its operator, and hosts behind real sshds.
//!
//! An sshd runs per connection, started by ssh itself (`ProxyCommand sshd -i`). So no case needs an address or a port, none waits for a
//! daemon to listen, and none can leave one behind.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::{Case, File, Labels, Machine};

/// Everything of one case, below one folder that goes when it is dropped.
pub struct World {
    folder: TempDir,
    hosts: Vec<String>,
    /// The project's secrets: no value may be seen anywhere.
    pub secrets: BTreeMap<String, String>,
}

/// Why cases cannot run here, if so.
pub fn missing() -> Option<String> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let needed = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/git"];
    match needed.into_iter().find(|program| !Path::new(program).exists()) {
        _ if !is_root => Some("a private sshd needs root".to_string()),
        Some(program) => Some(format!("{program} is not installed")),
        None => None,
    }
}

impl World {
    /// Makes everything that a case is given.
    pub fn new(case: &Case, projects: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("case-").tempdir().expect("a temporary folder");
        let mut world = Self { folder, hosts: Vec::new(), secrets: BTreeMap::new() };
        for name in ["project", "operator", "tmp", "state"] {
            fs::create_dir(world.path(name)).expect("a new folder");
        }
        world.make_project(case, projects);
        world.make_programs(case);
        world.make_keys();
        world.make_state("local", case.machines.get("local").unwrap_or(&Machine::default()));
        for (name, machine) in case.machines.iter().filter(|(name, _)| *name != "local") {
            world.make_state(name, machine);
            world.make_host(name, machine);
        }
        if let Some(bastion) = &case.bastion {
            world.make_sshd(bastion, &["exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"".to_string()]);
        }
        world
    }

    /// A path below the case's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names of the hosts.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// A host's home.
    pub fn home(&self, host: &str) -> PathBuf {
        self.path("hosts").join(host).join("home")
    }

    /// The operator's PATH: the cases' own programs first.
    pub fn search_path(&self, case: &Case) -> String {
        format!("{}:{}", self.path("operator-programs").display(), self.system_programs(case.no_local_docker))
    }

    fn make_project(&mut self, case: &Case, projects: &Path) {
        let project = self.path("project");
        for name in &case.project {
            copy(&projects.join(name), &project);
        }
        for file in &case.files {
            write(&project, file);
        }
        for (name, path) in &case.components {
            component(name, &project.join(path));
        }
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(words)
                .current_dir(&project)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_SYSTEM", "/dev/null");
            git.envs([("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"), ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")]);
            assert!(git.output().is_ok_and(|done| done.status.success()), "git {words:?} failed");
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["config", "user.name", "Dev"]);
        git(&["config", "user.email", "dev@example.com"]);
        git(&["add", "--all", "--force"]);
        git(&["commit", "--quiet", "--message=first"]);
        self.secrets = secrets(&project.join(".kamal"));
    }

    /// The programs that stand before the system's: our docker, a sleep that only notes that it was asked, an ssh that finds the hosts.
    fn make_programs(&self, case: &Case) {
        for place in ["operator-programs", "host-programs"] {
            let place = self.path(place);
            fs::create_dir(&place).expect("a new folder");
            if !(case.no_local_docker && place.ends_with("operator-programs")) {
                symlink(crate::built("stub_docker"), place.join("docker")).expect("a link");
            }
            for name in ["sleep", "chown"] {
                program(&place.join(name), &noted(name));
            }
            program(&place.join("pack"), &pack());
        }
        // A host has room, and reaches what it wants to, unless the case says otherwise.
        program(&self.path("host-programs/df"), &saying("/dev/vda1 100000000 50000000 50000000 50% /"));
        program(&self.path("host-programs/timeout"), "exit 0");
        fs::create_dir(self.path("guest-programs")).expect("a new folder");
        program(&self.path("guest-programs/sudo"), "exit 1");
        program(&self.path("operator-programs/ssh"), &self.ssh(case));
        let case = self.folder.path().display();
        program(
            &self.path("sshd"),
            &format!("exec {}/usr/sbin/sshd -i -f {case}/hosts/$1/sshd_config -E {case}/hosts/$1/sshd.log", network()),
        );
    }

    /// An ssh that finds the hosts, through the bastion where there is one, and notes how it was started. The program's own
    /// configuration still counts; what leads to the hosts of the case goes before it.
    fn ssh(&self, case: &Case) -> String {
        let here = self.folder.path().display();
        let route = format!("-o \"ProxyCommand={here}/sshd %h\"");
        let mut options = vec![
            format!("UserKnownHostsFile={here}/known_hosts"),
            "IdentitiesOnly=yes".to_string(),
            "User=root".to_string(),
        ];
        options.extend((!case.no_key).then(|| format!("IdentityFile={here}/key")));
        let options: String = options.iter().map(|option| format!(" -o \"{option}\"")).collect();
        let shown = "hostname|user|port|identityfile|identitiesonly|forwardagent|loglevel";
        [
            format!("echo \"$*\" >> {here}/ssh.log"),
            // Every connection of the program's own: what ssh makes of its settings.
            format!("case \" $* \" in *\" -M \"*) /usr/bin/ssh -G \"$@\" | grep -E '^({shown}) ' >> {here}/connection;; esac"),
            // With a terminal: where it leads, and the line it carries.
            format!("case \" $1 $2 $3 \" in *\" -t \"*) {{ /usr/bin/ssh -G \"$@\" | grep -E '^(user|hostname|port|proxyjump) ' | sort; for last; do :; done; echo \"$last\"; }} >> {here}/terminal;; esac"),
            "words=(); through=; while [ $# -gt 0 ]; do case \"$1\" in -W) through=$2; shift;; *) words+=(\"$1\");; esac; shift; done".to_string(),
            // A jump: ssh calls itself for the bastion, and what would be a port of the host is its sshd.
            "through=${through#[}; through=${through%%]*}; through=${through%:*}".to_string(),
            format!("[ -z \"$through\" ] || exec /usr/bin/ssh -T{options} {route} \"${{words[@]}}\" \"{here}/sshd $through\""),
            format!("exec -a \"$0\" /usr/bin/ssh{options} {} \"${{words[@]}}\"", if case.bastion.is_some() { "" } else { &route }),
        ]
        .join("\n")
    }

    /// Where the system's programs are; for a machine without docker, a folder with links to all others.
    fn system_programs(&self, without_docker: bool) -> String {
        if !without_docker {
            return "/usr/bin:/bin".to_string();
        }
        let place = self.path("system-programs");
        if fs::create_dir(&place).is_ok() {
            for entry in
                ["/usr/bin", "/bin"].into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten()
            {
                if entry.file_name() != "docker" {
                    let _ = symlink(entry.path(), place.join(entry.file_name()));
                }
            }
        }
        place.display().to_string()
    }

    fn make_keys(&self) {
        for name in ["key", "host_key"] {
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(self.path(name)).status();
            assert!(made.is_ok_and(|status| status.success()), "ssh-keygen failed");
        }
        fs::create_dir_all("/run/sshd").expect("sshd's own folder");
    }

    fn make_state(&self, name: &str, machine: &Machine) {
        let labels = |labels: &Labels| {
            labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<serde_json::Map<_, _>>()
        };
        // An image is known by its first name.
        let first = |name: &str| {
            machine
                .images
                .iter()
                .find(|(names, _)| names.iter().any(|own| own == name))
                .map(|(names, _)| names[0].clone())
        };
        let id = |name: &str| format!("sha256:{}", identity(&first(name).unwrap_or_else(|| name.to_string())));
        let containers: Vec<Value> = machine
            .containers
            .iter()
            .map(|(state, name, image, own)| {
                json!({
                    "id": identity(name), "name": name, "image": image, "image_id": id(image), "state": state, "labels": labels(own),
                })
            })
            .collect();
        // What a container was started from is there too, unless the case says otherwise by naming the image itself.
        let mut images: Vec<Value> = Vec::new();
        for (names, own) in &machine.images {
            images.push(json!({ "id": id(&names[0]), "tags": names, "labels": labels(own) }));
        }
        for (_, _, image, own) in &machine.containers {
            if !images.iter().any(|known| known["id"] == id(image)) {
                let service = own.iter().filter(|(key, _)| key == "service").cloned().collect();
                images.push(json!({ "id": id(image), "tags": [image], "labels": labels(&service) }));
            }
        }
        let rules = machine.failing.iter().map(|(words, text)| json!({ "words": words, "fail": text }));
        let rules = rules.chain(machine.saying.iter().map(|(words, text)| json!({ "words": words, "say": text })));
        let rules = rules.chain(machine.holding.iter().map(|words| json!({ "words": words, "hold": true })));
        let service = machine.pulled_service.clone().unwrap_or_else(|| self.service());
        let state = json!({
            "containers": containers, "images": images, "networks": machine.networks, "rules": rules.collect::<Vec<_>>(),
            "builders": machine.builders, "contexts": machine.contexts,
            "routes": machine.routes.iter().map(|(service, name)| json!([service, identity(name)])).collect::<Vec<_>>(),
            "started": machine.started, "passwords": self.passwords(), "pulled_labels": { "service": service },
        });
        fs::write(self.path("state").join(format!("{name}.json")), state.to_string()).expect("the state is written");
    }

    fn make_host(&mut self, name: &str, machine: &Machine) {
        let home = self.home(name);
        fs::create_dir_all(&home).expect("a new home");
        for file in &machine.files {
            write(&home, &encoded(file));
        }
        for folder in &machine.folders {
            fs::create_dir_all(home.join(folder)).expect("a new folder");
        }
        let case = self.folder.path().display();
        let own = self.path("hosts").join(name).join("programs");
        fs::create_dir_all(&own).expect("a new folder");
        for (name, text) in &machine.programs {
            program(&own.join(name), &saying(text));
        }
        let system = self.system_programs(machine.no_docker);
        let programs = if machine.no_docker { system } else { format!("{case}/host-programs:{system}") };
        let (programs, user) = match machine.no_root {
            true => (format!("{case}/guest-programs:{programs}"), "EUID=1000"),
            false => (programs, ""),
        };
        let enter = [
            format!("export CASE='{case}' PATH='{}:{programs}' {user}", own.display()),
            format!("export STUB_MACHINE='{name}' STUB_STATE='{case}/state/{name}.json' STUB_LOG='{case}/calls'"),
            "cd \"$HOME\" && exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"".to_string(),
        ];
        self.make_sshd(name, &enter);
        self.hosts.push(name.to_string());
    }

    /// An sshd that is started for every connection, and does this.
    fn make_sshd(&self, name: &str, enter: &[String]) {
        let (place, home, case) = (self.path("hosts").join(name), self.home(name), self.folder.path().display());
        fs::create_dir_all(&home).expect("a new home");
        program(&place.join("enter"), &enter.join("\n"));
        let lines = [
            format!("HostKey {case}/host_key\nAuthorizedKeysFile {case}/key.pub\nForceCommand {}/enter", place.display()),
            "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nMaxSessions 100\nAllowAgentForwarding no".to_string(),
            // root's shell finds no profile of its own there.
            format!("SetEnv HOME={}", home.display()),
            // The quickest one: nobody listens, and every case connects a few times.
            "KexAlgorithms curve25519-sha256".to_string(),
            // A forwarded port stands in a network of the host's own, where loopback is down.
            "GatewayPorts yes\n".to_string(),
        ];
        fs::write(place.join("sshd_config"), lines.join("\n")).expect("sshd's settings are written");
        let mut known = fs::read_to_string(self.path("known_hosts")).unwrap_or_default();
        let key = fs::read_to_string(self.path("host_key.pub")).expect("the host's key");
        known.push_str(&format!("{name},[{name}]:* {key}"));
        fs::write(self.path("known_hosts"), known).expect("known hosts are written");
    }

    /// What registries take for a password: any secret, where the project has none of the usual name.
    fn passwords(&self) -> Vec<String> {
        match self.secrets.get("KAMAL_REGISTRY_PASSWORD") {
            Some(password) => vec![password.clone()],
            None => self.secrets.values().cloned().collect(),
        }
    }

    fn service(&self) -> String {
        let text = fs::read_to_string(self.path("project/config/deploy.yml")).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("service: ")).unwrap_or("app").to_string()
    }
}

/// 64 hexadecimal digits for a name, the same in every run.
fn identity(name: &str) -> String {
    let part = |number: u8| {
        let mut hasher = DefaultHasher::new();
        (name, number).hash(&mut hasher);
        hasher.finish()
    };
    (0..4).map(|number| format!("{:016x}", part(number))).collect()
}

/// What stands in the secrets files.
fn secrets(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("secrets"));
    let texts: Vec<String> = files.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
    let pairs = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_string(), value.trim_matches(['"', '\'']).to_string())).collect()
}

/// A file as it lies on a host: details of a lock are encoded there.
fn encoded(file: &File) -> File {
    if !is_lock_details(&file.path) {
        return file.clone();
    }
    let mut base64 = Command::new("sh");
    let output =
        base64.args(["-c", "printf %s \"$0\" | base64"]).arg(file.content.trim_end()).output().expect("base64 runs");
    File { content: String::from_utf8(output.stdout).expect("base64 is ASCII"), ..file.clone() }
}

/// Whether these are details of a lock.
pub fn is_lock_details(path: &str) -> bool {
    path.starts_with(".kamal/lock-") && path.ends_with("/details")
}

fn write(folder: &Path, file: &File) {
    let path = folder.join(&file.path);
    fs::create_dir_all(path.parent().expect("a path inside the folder")).expect("a new folder");
    let _ = fs::remove_file(&path);
    fs::write(&path, &file.content).expect("the file is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).expect("the file gets its mode");
}

/// A program that says something.
fn saying(text: &str) -> String {
    format!("cat <<'END'\n{text}\nEND")
}

/// A program that only notes that it was called.
fn noted(name: &str) -> String {
    let line = r#"{"machine":"%s","argv":["NAME"],"call":"%s","exit":0,"changes":true}\n"#.replace("NAME", name);
    format!("printf '{line}' \"$STUB_MACHINE\" \"{name} $*\" >> \"$STUB_LOG\"")
}

/// A `pack` that notes how it was asked, and whether it got what it is to pass on.
fn pack() -> String {
    let known = "${RAILS_MASTER_KEY:+ (knows RAILS_MASTER_KEY)}";
    format!("[ \"$1 $2\" = \"builder inspect\" ] && exit\nset -- \"$*{known}\"\n{}", noted("pack"))
}

/// What gives each host a network of its own, so that hosts can listen on the same port; without the right to, they share one.
fn network() -> &'static str {
    static MAY: LazyLock<bool> = LazyLock::new(|| {
        Command::new("unshare").args(["--net", "true"]).output().is_ok_and(|done| done.status.success())
    });
    if *MAY { "unshare --net " } else { "" }
}

fn program(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/bash\n{body}\n")).expect("the program is written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the program gets its mode");
}

fn copy(from: &Path, to: &Path) {
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a new folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("the file is copied");
        }
    }
}

/// Copies the component of a guest or an example.
fn component(name: &str, to: &Path) {
    let built = [env!("GUESTS"), env!("EXAMPLES")].map(|folder| Path::new(folder).join(format!("{name}.wasm")));
    let built = built.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("there is no component {name}"));
    fs::create_dir_all(to.parent().expect("it is in a folder")).expect("a folder can be made");
    fs::copy(built, to).expect("a component can be copied");
}
