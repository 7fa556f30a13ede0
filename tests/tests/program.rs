//! The program itself: what starting it costs, and what it says to a command line or a project that makes no sense.

use std::path::Path;
use std::process::{Command, Output};

use tests::sextant;

const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry:
  username: acme
  password: hunter2
builder: { arch: amd64 }
";

#[test]
fn version_starts_without_touching_wasmtime() {
    let folder = project(PROJECT);
    let output = run(folder.path(), &["version"]);
    assert_eq!(text(&output.stdout), concat!(env!("CARGO_PKG_VERSION"), "\n"));
    // The engine comes with its cache and a thread of its own: neither is there.
    assert!(!folder.path().join("cache").exists());
    let threads = text(&traced(folder.path(), &["version"]));
    assert_eq!(threads.trim(), "", "`version` starts no thread");
}

#[test]
fn the_second_plan_compiles_nothing() {
    let folder = project(PROJECT);
    let plan = || text(&run(folder.path(), &["plan", "--offline", "--skip-push", "--version", "v1", "-v"]).stderr);
    assert_eq!(plan().matches(" compiled in ").count(), 3);
    let second = plan();
    assert_eq!(
        (second.matches(" compiled in ").count(), second.matches("loaded from the cache").count()),
        (0, 3),
        "{second}"
    );
}

#[test]
fn a_guest_that_loops_ends_the_plan_before_anything_happens() {
    let folder = project(&format!("{PROJECT}x-plugins: {{ slow: {{ source: loops.wasm }} }}\n"));
    std::fs::copy(Path::new(env!("GUESTS")).join("loops.wasm"), folder.path().join("loops.wasm")).expect("a guest");
    let output = run(folder.path(), &["plan", "--offline", "--skip-push", "--version", "v1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "note: plugin `slow` is not in sextant.lock; `sextant plugin add loops.wasm --name slow` pins it\n\
         error: plugin `slow` ran into a limit in `tag`: 2000 ms of time\n\
         hint: nothing was touched; if the plugin needs more, raise x-plugins/slow/limits/time, else tell its author\n"
    );
}

#[test]
fn settings_that_a_plugin_does_not_take_name_the_line() {
    let check = |text_of_project: &str, words: &[&str], said: &str| {
        let folder = project(text_of_project);
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies).expect("a folder");
        let list = "images:\n  source: images.wasm\n  with:\n    images: [a]\n    color: blue\n";
        std::fs::write(policies.join("policies.yml"), list).expect("a list of policies");
        for place in [folder.path(), &policies] {
            let component = Path::new(env!("EXAMPLES")).join("image_allowlist.wasm");
            std::fs::copy(component, place.join("images.wasm")).expect("an example");
        }
        let output = run(folder.path(), &[&["plan", "--offline", "--version", "v1", "--quiet"], words].concat());
        assert_eq!((text(&output.stderr).as_str(), output.status.code()), (said, Some(1)), "{words:?}");
    };
    check(
        &format!("{PROJECT}x-plugins:\n  mine:\n    source: images.wasm\n    with: {{ images: a }}\n"),
        &[],
        "  ERROR (Kamal::ConfigurationError): x-plugins/mine/with: setting `images` should be a list\n\
        \x20   ╭─[config/deploy.yml:11:13]\n\
        \x2011 │     with: { images: * }\n\
        \x20   ·             ───┬──\n\
        \x20   ·                ╰── setting `images` should be a list\n\
        \x20   ╰────\n\
         hint: `sextant plugin inspect` tells what it takes\n",
    );
    check(
        PROJECT,
        &["--policy-dir", "policies"],
        "  ERROR (Kamal::ConfigurationError): images/with: unknown setting `color`; the plugin takes images, require_digest, \
         trust_programs\n\
        \x20  ╭─[policies/policies.yml:5:5]\n\
        \x205 │     color: ****\n\
        \x20  ·     ──┬──\n\
        \x20  ·       ╰── unknown setting `color`; the plugin takes images, require_digest, trust_programs\n\
        \x20  ╰────\n\
         hint: `sextant plugin inspect` tells what it takes\n",
    );
}

#[test]
fn a_plan_tells_what_plugins_may_do_also_where_that_was_granted_by_pattern() {
    let check = |grants: &str, said: &str| {
        let entry = format!("x-plugins: {{ mine: {{ source: slack.wasm, grants: {grants} }} }}\n");
        let folder = project(&format!("{PROJECT}{entry}"));
        std::fs::copy(Path::new(env!("EXAMPLES")).join("slack.wasm"), folder.path().join("slack.wasm")).expect("it");
        let plan = text(&run(folder.path(), &["plan", "--offline", "--skip-push", "--version", "v1"]).stdout);
        let told: Vec<&str> = plan.lines().filter(|line| line.starts_with("Plugin ")).collect();
        assert_eq!(told.join("\n"), said, "{grants}");
    };
    check("{ secrets: [SLACK_WEBHOOK] }", "Plugin mine may use the secrets SLACK_WEBHOOK");
    check(
        "{ secrets: ['*'], network: ['hooks.slack.com:*'] }",
        "Plugin mine may use the secrets *WEBHOOK*; reach hooks.slack.com:*",
    );
    check("{ network: ['**:443'] }", "Plugin mine may reach **:443");
    check("{ programs: [docker] }", "");
}

#[test]
fn a_plugin_is_added_before_it_has_settings_and_none_is_taken_whose_settings_do_not_fit() {
    let folder = project(PROJECT);
    let place = |example: &str| {
        let component = Path::new(env!("EXAMPLES")).join(format!("{example}.wasm"));
        std::fs::copy(component, folder.path().join("mine.wasm")).expect("an example");
    };
    let configuration = folder.path().join("config/deploy.yml");
    let written = || std::fs::read_to_string(&configuration).expect("the configuration");
    place("image_allowlist");
    let add = || run(folder.path(), &["plugin", "add", "mine.wasm", "--name", "mine"]);
    let added = add();
    assert!(added.status.success(), "{}", text(&added.stderr));
    assert!(written().contains("#   images:"), "the setting that it takes is named: {}", written());

    // The entry is lost, the lock is not: it is written again, and until then nobody believes that the policy is asked.
    std::fs::write(&configuration, PROJECT).expect("the configuration");
    let verified = text(&run(folder.path(), &["plugin", "verify"]).stderr);
    assert_eq!(verified, "note: mine is pinned and not in x-plugins: no run asks it\n");
    assert!(add().status.success() && written().contains("  mine:\n"), "{}", written());

    let settled = format!("{PROJECT}x-plugins: {{ mine: {{ source: mine.wasm, with: {{ images: [a] }} }} }}\n");
    std::fs::write(&configuration, settled).expect("the configuration");
    place("freeze_window");
    let lock = || std::fs::read_to_string(folder.path().join("sextant.lock")).expect("the lock");
    let before = lock();
    let updated = run(folder.path(), &["plugin", "update", "--yes"]);
    let said = text(&updated.stderr);
    assert!(said.contains("x-plugins/mine/with: ") && said.contains("unknown setting `images`"), "{said}");
    assert_eq!((updated.status.code(), lock()), (Some(1), before));
}

#[test]
fn no_plugin_passes_for_a_builtin() {
    let folder = project(&format!("{PROJECT}x-plugins: {{ registry: {{ source: mine.wasm }} }}\n"));
    std::fs::copy(Path::new(env!("EXAMPLES")).join("no_privileged.wasm"), folder.path().join("mine.wasm")).expect("it");
    let said = text(&run(folder.path(), &["plan", "--offline", "--version", "v1", "--quiet"]).stderr);
    let expected = "error: plugin `registry` cannot be loaded: a builtin plugin has this name: give it another one\n\
                    hint: look at x-plugins/registry\n";
    assert_eq!(said, expected);
}

#[test]
fn a_denied_plan_is_one_json_document() {
    let entry = "x-plugins: { images: { source: images.wasm, with: { images: [nobody/nothing] } } }\n";
    let folder = project(&format!("{PROJECT}{entry}"));
    let component = Path::new(env!("EXAMPLES")).join("image_allowlist.wasm");
    std::fs::copy(component, folder.path().join("images.wasm")).expect("an example");
    let denied = run(folder.path(), &["plan", "--offline", "--version", "v1", "--output", "json"]);
    let plan: Result<serde_json::Value, _> = serde_json::from_slice(&denied.stdout);
    assert_eq!(plan.expect("one document")["service"], "shop");
    assert!(text(&denied.stderr).contains("error: "), "{}", text(&denied.stderr));
    assert_eq!(denied.status.code(), Some(1));
}

#[test]
fn a_run_that_came_to_no_plan_is_not_replayed() {
    let unreachable = "ssh: { port: 1, config: false }\n";
    let folder = project(&format!("{PROJECT}{unreachable}").replace("10.0.0.1", "127.0.0.1"));
    assert_eq!(run(folder.path(), &["deploy", "--skip-push", "--version", "v1"]).status.code(), Some(1));
    let replayed = run(folder.path(), &["replay"]);
    let said = text(&replayed.stderr);
    assert!(
        said.starts_with("error: the run 20") && said.contains(" ended before it had a plan\nhint: `sextant explain "),
        "{said}"
    );
    assert_eq!(replayed.status.code(), Some(1));
}

#[test]
fn bad_input_gets_a_clear_error() {
    let check = |text_of_project: &str, words: &[&str], code: i32, said: &str| {
        let folder = project(text_of_project);
        for destination in ["eu", "us"] {
            std::fs::write(folder.path().join(format!("config/deploy.{destination}.yml")), "").expect("an overlay");
        }
        let output = run(folder.path(), words);
        let stderr = text(&output.stderr).replace(&folder.path().display().to_string(), "$HERE");
        assert_eq!((stderr.as_str(), output.status.code()), (said, Some(code)), "{words:?}");
        assert_eq!(text(&output.stdout), "", "{words:?}");
    };
    check(
        PROJECT,
        &["frobnicate"],
        2,
        "error: Could not find command \"frobnicate\".\nhint: `sextant --help` lists the subcommands\n",
    );
    check(
        PROJECT,
        &["app", "logs", "-n", "abc"],
        2,
        "error: Expected numeric value for '--lines'; got \"abc\"\nhint: `sextant help app logs` tells what it takes\n",
    );
    check(
        PROJECT,
        &["plan", "-d", "staging"],
        1,
        "  ERROR (RuntimeError): Configuration file not found in $HERE/config/deploy.staging.yml\n\
         hint: the destination `staging` is read from config/deploy.staging.yml; there are: eu, us\n",
    );
    check(
        "",
        &["plan"],
        1,
        "  ERROR (Kamal::ConfigurationError): registry/username: is required\n\
        \x20  ╭─[config/deploy.yml:1:1]\n\
        \x20  ╰────\n\
        hint: the file is empty: remove it, and `sextant init` writes one to begin with\n",
    );
    let closed =
        |servers: &str, ssh: &str| format!("{}ssh: {{ port: 1, {ssh} }}\n", PROJECT.replace("[10.0.0.1]", servers));
    check(
        &closed("[127.0.0.1]", "user: app, keys: [config/key], config: false"),
        &["plan", "--version", "v1"],
        1,
        "error: failed to reach `127.0.0.1`: connect to host 127.0.0.1 port 1: Connection refused\n\
         hint: check that 127.0.0.1 is up and that `ssh -p 1 -i config/key app@127.0.0.1` works from here; \
         --hosts leaves hosts out\n",
    );
    check(
        &closed("[127.0.0.1, 127.0.0.2]", "config: false"),
        &["plan", "--version", "v1"],
        1,
        "error: 2 hosts cannot be looked at\n\
        \x20 failed to reach `127.0.0.1`: connect to host 127.0.0.1 port 1: Connection refused\n\
        \x20 failed to reach `127.0.0.2`: connect to host 127.0.0.2 port 1: Connection refused\n\
        hint: check that 127.0.0.1 is up and that `ssh -p 1 root@127.0.0.1` works from here; --hosts leaves hosts out\n",
    );
    check(
        &format!("{PROJECT}ssh: {{ key_data: [DEPLOY_KEY] }}\n"),
        &["plan", "--version", "v1"],
        1,
        "  ERROR (Kamal::ConfigurationError): Secret 'DEPLOY_KEY' not found, no secret files (.kamal/secrets-common, .kamal/secrets) \
         provided\n\
         hint: write a line DEPLOY_KEY=… into .kamal/secrets, and keep the file out of git\n",
    );
    check(
        &format!("{PROJECT}ssh: {{ port: 1, config: false, key_data: ['-----BEGIN KEY-----'] }}\n")
            .replace("10.0.0.1", "127.0.0.1"),
        &["plan", "--version", "v1"],
        1,
        "Inline key_data usage is deprecated and will be removed in Kamal 3. Please store your key_data in a secret.\n\
         error: failed to reach `127.0.0.1`: connect to host 127.0.0.1 port 1: Connection refused\n\
         hint: check that 127.0.0.1 is up and that `ssh -p 1 root@127.0.0.1` works from here; --hosts leaves hosts out\n",
    );
    check(
        PROJECT,
        &["plan", "--hosts", "9.9.9.9"],
        1,
        "  ERROR (ArgumentError): No --hosts match for 9.9.9.9\nhint: there are: 10.0.0.1\n",
    );
    check(
        &format!("{PROJECT}proxi: true\n"),
        &["plan"],
        1,
        "  ERROR (Kamal::ConfigurationError): unknown key: proxi\n\
        \x20  ╭─[config/deploy.yml:8:1]\n\
        \x208 │ proxi: ****\n\
        \x20  · ──┬──\n\
        \x20  ·   ╰── unknown key: proxi\n\
        \x20  ╰────\n\
        hint: did you mean `proxy`?\n",
    );
    check(
        &PROJECT.replace("username: acme", "usrname: acme"),
        &["plan"],
        1,
        "  ERROR (Kamal::ConfigurationError): registry: unknown key: usrname\n\
        \x20  ╭─[config/deploy.yml:5:3]\n\
        \x205 │   usrname: ****\n\
        \x20  ·   ───┬───\n\
        \x20  ·      ╰── unknown key: usrname\n\
        \x20  ╰────\n\
        hint: did you mean `username`?\n",
    );
    check(
        &format!("{PROJECT}x-plugins: {{ mine: {{ source: nowhere.wasm }} }}\n"),
        &["plan", "--offline", "--version", "v1"],
        1,
        "error: plugin `mine` cannot be read from nowhere.wasm: No such file or directory (os error 2)\n\
         hint: the path of a plugin is relative to the project\n",
    );
}

#[test]
fn a_key_that_takes_a_command_is_looked_up_for_connections_alone() {
    let check = |command: &str, words: &[&str], looked_up: bool, said: &str| {
        let folder = project(
            &format!("{PROJECT}ssh: {{ port: 1, config: false, key_data: [DEPLOY_KEY] }}\n")
                .replace("10.0.0.1", "127.0.0.1"),
        );
        std::fs::create_dir_all(folder.path().join(".kamal")).expect("a folder");
        let line = format!("DEPLOY_KEY=$(touch looked-up; {command})\n");
        std::fs::write(folder.path().join(".kamal/secrets"), line).expect("secrets");
        let output = run(folder.path(), &[&["plan", "--version", "v1"], words].concat());
        let stderr = text(&output.stderr);
        assert_eq!(
            (folder.path().join("looked-up").exists(), stderr.lines().next().unwrap_or_default()),
            (looked_up, said),
            "{command} {words:?}\n{stderr}"
        );
    };
    check("echo key", &["--offline"], false, "");
    let refused = "error: failed to reach `127.0.0.1`: connect to host 127.0.0.1 port 1: Connection refused";
    check("echo key", &[], true, refused);
    check("true", &[], true, "error: the secret `DEPLOY_KEY`, which ssh/key_data names, is empty");
}

#[test]
fn programs_are_told_of_bad_command_lines_as_json() {
    let check = |words: &[&str], message: &str, hint: &str| {
        let folder = project(PROJECT);
        let output = run(folder.path(), words);
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
        let expected = serde_json::json!({ "event": "failed", "exit": 2, "message": message, "hint": hint });
        assert_eq!(object, expected);
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(2), ""), "{words:?}");
    };
    let (unknown, all) = ("Could not find command \"frobnicate\".", "`sextant --help` lists the subcommands");
    check(&["frobnicate", "--output", "json"], unknown, all);
    let (missing, taken) = ("No value provided for option '--version'", "write it as --version=VALUE");
    check(&["deploy", "--output=json", "--version"], missing, taken);
}

#[test]
fn a_repository_without_commits_is_told_from_none() {
    let folder = project(PROJECT);
    let says = |lacks: &str, hint: &str| {
        let said = text(&run(folder.path(), &["plan", "--offline"]).stderr);
        let here = folder.path().display();
        let text = format!("Can't use commit hash as version, {lacks} in {here}\nhint: {hint}\n");
        assert!(said.ends_with(&text), "{said}");
    };
    says("no git repository found", "name a version with --version");
    Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status().expect("git runs");
    says("the git repository has no commit", "commit, or name a version with --version");
}

#[test]
fn what_init_writes_is_a_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |words: &[&str]| {
        let output = run(folder.path(), words);
        assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(0)), "{words:?}");
        text(&output.stdout)
    };
    assert_eq!(
        said(&["init", "--bundle"]),
        "Created configuration file in config/deploy.yml\n\
         Created .kamal/secrets file\n\
         Created sample hooks in .kamal/hooks\n\
         Created binstub file in bin/kamal\n"
    );
    assert_eq!(
        said(&["init", "--bundle"]),
        "Config file already exists in config/deploy.yml (remove first to create a new one)\n\
         Binstub already exists in bin/kamal (remove first to create a new one)\n"
    );
    let scripts = std::fs::read_dir(folder.path().join(".kamal/hooks")).expect("a folder of samples");
    let mut scripts: Vec<String> =
        scripts.flatten().map(|script| script.file_name().to_string_lossy().into_owned()).collect();
    scripts.sort();
    let names = [
        "docker-setup.sample",
        "post-app-boot.sample",
        "post-deploy.sample",
        "post-proxy-reboot.sample",
        "pre-app-boot.sample",
        "pre-build.sample",
        "pre-connect.sample",
        "pre-deploy.sample",
        "pre-proxy-reboot.sample",
    ];
    assert_eq!(scripts, names);
    // With a registry elsewhere, as its comments say, it is a whole configuration.
    let path = folder.path().join("config/deploy.yml");
    let template = std::fs::read_to_string(&path).expect("a configuration");
    let filled = template.replace("server: localhost:5555", "server: ghcr.io").replace(
        "  # username: my-user\n  # password:\n  #   - KAMAL",
        "  username: my-user\n  password:\n    - KAMAL",
    );
    std::fs::write(&path, filled).expect("the configuration is written");
    assert!(said(&["config", "--version", "v1"]).contains(":absolute_image: ghcr.io/my-user/my-app:v1\n"));
}

#[test]
fn docs_of_every_section() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |words: &[&str]| text(&run(folder.path(), words).stdout);
    let sections =
        "accessory alias boot builder env logging output proxy registry role servers ssh sshkit x-approvals x-plugins";
    for section in sections.split(' ') {
        assert!(said(&["docs", section]).lines().count() > 5, "{section}");
    }
    assert!(said(&["docs"]).contains("\nservice: "));
    assert_eq!(said(&["docs", "configuration"]), "No documentation found for configuration\n");
    let hint = text(&run(folder.path(), &["docs", "configuration"]).stderr);
    assert_eq!(hint, format!("hint: there are: {}\n", sections.replace(' ', ", ")));
}

#[test]
fn a_file_that_is_no_text_names_the_line() {
    let folder = project("");
    std::fs::write(folder.path().join("config/deploy.yml"), b"service: a\nimage: \xff\n").expect("a file");
    let said = text(&run(folder.path(), &["config"]).stderr);
    assert_eq!(said, "error: config/deploy.yml line 2 is not UTF-8\nhint: save the file as UTF-8\n");
}

/// A folder with a configuration.
fn project(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("config")).expect("a folder in it");
    std::fs::write(folder.path().join("config/deploy.yml"), text).expect("a file in that");
    folder
}

fn run(folder: &Path, words: &[&str]) -> Output {
    command(sextant().as_os_str(), folder).args(words).output().expect("sextant can be run")
}

/// The threads that a run of the program starts, as strace sees them.
fn traced(folder: &Path, words: &[&str]) -> Vec<u8> {
    let trace = folder.join("trace");
    let mut strace = command("strace".as_ref(), folder);
    strace.args(["--quiet=all", "--trace=clone,clone3", "--output"]).arg(&trace).arg(sextant()).args(words);
    let status = strace.status().expect("strace can be run: cargo xtask test installs it");
    assert!(status.success());
    std::fs::read(trace).expect("strace wrote what it saw")
}

fn command(program: &std::ffi::OsStr, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("VERSION")
        .env_remove("CI")
        .env("NO_COLOR", "1");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8")
}
