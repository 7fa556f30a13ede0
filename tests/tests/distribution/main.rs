//! Plugins that are pinned, shipped and verified: what is let into a run, and what is refused before anything is touched.

mod clients;
mod machine;
mod registry;
mod website;

use machine::{LITTLE, Machine, PROJECT, Said, component, digest};
use registry::Registry;
use website::Website;

/// A field of `sextant.lock`.
fn locked(machine: &Machine, key: &str) -> String {
    let text = machine.read("sextant.lock");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
    line.and_then(|line| line.strip_suffix('"')).unwrap_or_default().to_string()
}

/// A machine with a plugin in its project that is pinned.
fn pinned(component: &[u8]) -> Machine {
    let machine = Machine::new();
    machine.write("login.wasm", component);
    let said = machine.run(&["plugin", "add", "login.wasm"]);
    assert_eq!(said.exit, 0, "{}", said.stderr);
    machine
}

/// A registry with a signed plugin, and a machine that pinned it.
fn shipped() -> Option<(Registry, Machine, Machine)> {
    let registry = Registry::start()?;
    let author = Machine::new();
    author.write("login.wasm", &component("1.0.0", LITTLE));
    assert_eq!(author.run(&["plugin", "keygen", "acme"]).exit, 0);
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let said = author.run(&["plugin", "push", "login.wasm", &source, "--sign", "acme.key"]);
    assert_eq!(said.exit, 0, "{}", said.stderr);
    let user = Machine::new();
    user.write("acme.pub", author.read("acme.pub").as_bytes());
    let said = user.run(&["plugin", "add", &source, "--key", "acme.pub", "--grant"]);
    assert_eq!(said.exit, 0, "{}", said.stderr);
    Some((registry, author, user))
}

#[test]
fn a_signed_plugin_goes_through_a_registry_to_a_clean_machine() {
    let Some(registry) = Registry::start() else { return };
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let bytes = component("1.0.0", LITTLE);
    let author = Machine::new();
    author.write("login.wasm", &bytes);
    let made = author.run(&["plugin", "keygen", "acme", "--output", "json"]);
    let made: serde_json::Value = serde_json::from_str(&made.stdout).expect("JSON");
    let signer = made["fingerprint"].as_str().expect("a fingerprint");
    let pushed = author.run(&["plugin", "push", "login.wasm", &source, "--sign", "acme.key"]);
    let artifact = pushed.stdout.lines().find_map(|line| line.strip_prefix("  artifact   ")).unwrap_or_default();
    assert_eq!(
        pushed.stdout,
        format!("Pushed {source}\n  digest     {}\n  artifact   {artifact}\n  signer     {signer}\n", digest(&bytes))
    );
    // Pushing it again changes nothing.
    assert_eq!(author.run(&["plugin", "push", "login.wasm", &source, "--sign", "acme.key"]), pushed);

    let user = Machine::new();
    user.write("acme.pub", author.read("acme.pub").as_bytes());
    let said = user.run(&["plugin", "add", &source, "--key", "acme.pub", "--grant"]);
    assert_eq!(
        said.stdout,
        format!(
            "Pinned eu-login in sextant.lock\n  digest     {}\n  hooks      pre-login of sextant:deploy {}\n  signer     {signer}\n  \
             asks for   network: api.example.com:443\n  asks for   programs: aws\nAdded x-plugins/eu-login to config/deploy.yml\n",
            digest(&bytes),
            locked(&user, "contract")
        )
    );
    assert_eq!(said.stderr, format!("Compiling eu-login ({} KiB)\n", bytes.len().div_ceil(1024)));
    assert_eq!(
        user.read("config/deploy.yml"),
        format!(
            "{PROJECT}\nx-plugins:\n  eu-login:\n    source: {source}\n    key: acme.pub\n    grants:\n      \
             network: [\"api.example.com:443\"]\n      programs: [\"aws\"]\n    # with:\n    #   region:  # a string: where it is\n"
        )
    );
    assert_eq!((locked(&user, "digest"), locked(&user, "artifact")), (digest(&bytes), artifact.to_string()));
    assert_eq!(locked(&user, "signer"), signer);

    // Adding it again changes nothing.
    let lock = user.read("sextant.lock");
    let again = user.run(&["plugin", "add", &source, "--key", "acme.pub"]);
    assert_eq!((again.exit, again.stdout.as_str()), (0, "eu-login is pinned already\n"));
    assert_eq!(user.read("sextant.lock"), lock);

    // Another machine has the project alone, and CI is set.
    let runner = user.cloned().with_variable("CI", "true");
    runner.plans("");
    drop(registry);
    // Both have it now, and need no registry any more.
    runner.plans("");
    user.plans("");
    // A machine that never had it does.
    let source = source.as_str();
    let late = user.cloned().plan(&[]);
    assert_eq!(late.exit, 1);
    assert!(
        late.stderr.starts_with(&format!("error: plugin `eu-login` cannot be fetched from {source}: failed to ")),
        "{}",
        late.stderr
    );
}

#[test]
fn a_private_registry_is_asked_with_the_login_that_docker_has() {
    let Some(registry) = Registry::start_private() else { return };
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let machine = Machine::new();
    machine.write("login.wasm", &component("1.0.0", LITTLE));
    let push = ["plugin", "push", "login.wasm", &source];
    assert_eq!(
        machine.run(&push),
        Said {
            exit: 1,
            stdout: String::new(),
            stderr: format!(
                "error: {source}: failed to log in for acme/eu-login: {} refuses the login\nhint: registries are asked with docker's logins: \
                 `docker login` first\n",
                registry.address
            ),
        }
    );
    std::fs::create_dir(machine.home(".docker")).expect("a folder");
    // `me:pass` in base64.
    let login = format!(r#"{{ "auths": {{ "{}": {{ "auth": "bWU6cGFzcw==" }} }} }}"#, registry.address);
    std::fs::write(machine.home(".docker/config.json"), login).expect("a file");
    assert_eq!(machine.run(&push).exit, 0);
    assert_eq!(machine.run(&["plugin", "add", &source]).exit, 0);
}

#[test]
fn a_component_with_one_byte_changed_is_refused() {
    let mut bytes = component("1.0.0", LITTLE);
    let machine = pinned(&bytes);
    machine.plans("");
    let before = digest(&bytes);
    let last = bytes.len() - 20;
    bytes[last] = bytes[last].wrapping_add(1);
    machine.write("login.wasm", &bytes);
    let said = machine.plan(&[]);
    assert_eq!((said.exit, said.stdout.as_str()), (1, ""));
    let expected =
        format!("error: plugin `eu-login` is not the one in sextant.lock\n  digest: {before} → {}\n", digest(&bytes));
    assert!(said.stderr.starts_with(&expected), "{}", said.stderr);
    assert!(
        said.stderr
            .ends_with("hint: nothing was touched; if you want this one, run `sextant plugin update eu-login`\n"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_component_that_was_harmed_in_the_cache_is_fetched_again() {
    let Some((registry, _, user)) = shipped() else { return };
    let kept = user.home(&format!(".cache/sextant/plugins/{}.wasm", locked(&user, "digest").replace(':', "-")));
    let bytes = std::fs::read(&kept).expect("it was kept");
    std::fs::write(&kept, &bytes[..bytes.len() - 1]).expect("it can be harmed");
    user.plans("");
    assert!(std::fs::read(&kept).expect("it is kept again") == bytes);
    std::fs::write(&kept, b"").expect("it can be harmed");
    drop(registry);
    assert_eq!(user.plan(&[]).exit, 1);
}

#[test]
fn a_tag_that_moves_changes_nothing_until_somebody_says_so() {
    let Some((registry, author, user)) = shipped() else { return };
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let (old, lock) = (locked(&user, "digest"), user.read("sextant.lock"));
    let wider = component("1.1.0", "network = [\"api.example.com:443\", \"**:443\"]\nprograms = [\"aws\"]");
    author.write("login.wasm", &wider);
    assert_eq!(author.run(&["plugin", "push", "login.wasm", &source, "--sign", "acme.key"]).exit, 0);
    let new = digest(&wider);

    // Deploys go on with the one that is pinned, on other machines as well.
    user.plans("");
    user.cloned().plans("");
    assert_eq!(
        user.run(&["plugin", "verify"]),
        Said {
            exit: 0,
            stdout: format!("eu-login  ok  {old}\n"),
            stderr: format!("note: {source} leads to another component by now; the pinned one is used\n"),
        }
    );
    let changes = format!("  digest: {old} → {new}\n  + network **:443\n");
    assert_eq!(
        user.run(&["plugin", "add", &source, "--key", "acme.pub"]),
        Said {
            exit: 1,
            stdout: String::new(),
            stderr: format!(
                "error: plugin `eu-login` is pinned already, and this is another one\n{changes}hint: run `sextant plugin update eu-login` if you want this one\n"
            ),
        }
    );
    assert_eq!(
        user.run(&["plugin", "update"]),
        Said {
            exit: 1,
            stdout: format!("eu-login: changes\n{changes}"),
            stderr: "Pin this one of eu-login? [y, N] (N) Aborted\n".to_string(),
        }
    );
    assert_eq!(user.read("sextant.lock"), lock);
    assert_eq!(user.run(&["plugin", "update", "eu-login", "--yes"]).exit, 0);
    assert_eq!(locked(&user, "digest"), new);
    user.plans("");
    assert_eq!(user.run(&["plugin", "update"]).stdout, "eu-login: up to date\n");
}

#[test]
fn another_signer_is_refused() {
    let Some((registry, author, user)) = shipped() else { return };
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let signer = locked(&user, "signer");
    assert_eq!(author.run(&["plugin", "keygen", "evil"]).exit, 0);
    let other = author.run(&["plugin", "list", "--output", "json"]);
    assert_eq!(other.stdout, "{\"plugins\":[]}\n");

    // The project names another key than the lock.
    user.write("acme.pub", author.read("evil.pub").as_bytes());
    let said = user.plan(&[]);
    assert!(said.stderr.starts_with("error: plugin `eu-login` has to be signed by sha256:"), "{}", said.stderr);
    assert!(
        said.stderr.ends_with(&format!(
            ", sextant.lock has {signer}\nhint: nothing was touched; `sextant plugin update eu-login` looks for the signature\n"
        )),
        "{}",
        said.stderr
    );
    assert_eq!(said.exit, 1);

    // The tag leads to what somebody else signed.
    user.write("acme.pub", author.read("acme.pub").as_bytes());
    author.write("login.wasm", &component("6.6.6", LITTLE));
    assert_eq!(author.run(&["plugin", "push", "login.wasm", &source, "--sign", "evil.key"]).exit, 0);
    let unsigned = format!(
        "error: plugin `eu-login` carries no signature of the key {signer}\nhint: nothing was touched; ask its author which key signs it\n"
    );
    let refused = Said { exit: 1, stdout: String::new(), stderr: unsigned };
    assert_eq!(user.run(&["plugin", "update", "--yes"]), refused);
    let newcomer = Machine::new();
    newcomer.write("acme.pub", author.read("acme.pub").as_bytes());
    assert_eq!(newcomer.run(&["plugin", "add", &source, "--name", "eu-login", "--key", "acme.pub"]), refused);
    assert!(!newcomer.path("sextant.lock").exists());
}

#[test]
fn a_lock_that_was_edited_by_hand_does_not_pass_for_signed() {
    let Some((registry, author, user)) = shipped() else { return };
    let source = format!("oci://{}/acme/eu-login:1", registry.address);
    let evil = component("6.6.6", LITTLE);
    author.write("login.wasm", &evil);
    let pushed = author.run(&["plugin", "push", "login.wasm", &source, "--output", "json"]);
    let pushed: serde_json::Value = serde_json::from_str(&pushed.stdout).expect("JSON");
    let lock = user.read("sextant.lock");
    let lock = lock.replace(&locked(&user, "digest"), &digest(&evil));
    let lock = lock.replace(&locked(&user, "artifact"), pushed["artifact"].as_str().expect("an artifact"));
    user.write("sextant.lock", lock.as_bytes());
    user.refuses(&format!(
        "error: plugin `eu-login` carries no signature of the key {}\nhint: nothing was touched; ask its author which key signs it\n",
        locked(&user, "signer")
    ));
}

#[test]
fn a_wider_capability_is_refused_though_the_digest_is_the_one_in_the_lock() {
    let old = component("1.0.0", LITTLE);
    let machine = pinned(&old);
    let wider =
        component("1.0.0", "network = [\"api.example.com:443\"]\nprograms = [\"aws\", \"sh\"]\nreveal = [\"PIN\"]");
    machine.write("login.wasm", &wider);
    let lock = machine.read("sextant.lock").replace(&digest(&old), &digest(&wider));
    machine.write("sextant.lock", lock.as_bytes());
    machine.refuses(
        "error: sextant.lock does not say what plugin `eu-login` is\n  + reveal PIN\n  + programs sh\nhint: nothing was touched; \
         somebody edited sextant.lock: look at what changed, then run `sextant plugin update eu-login`\n",
    );
}

#[test]
fn a_revoked_digest_is_refused_wherever_it_is_listed() {
    let bytes = component("1.0.0", LITTLE);
    let refused = |file: &str| {
        format!(
            "error: plugin `eu-login` is revoked: leaks tokens ({}, in {file})\nhint: nothing was touched; name a newer version and \
             run `sextant plugin update eu-login`, or take it out\n",
            digest(&bytes)
        )
    };
    let line = format!("# since May\n\n{} leaks tokens\n", digest(&bytes));
    let machine = pinned(&bytes);
    machine.write(".sextant/revoked", line.as_bytes());
    machine.refuses(&refused("$HERE/.sextant/revoked"));
    let said = Machine::new();
    said.write("login.wasm", &bytes);
    said.write(".sextant/revoked", line.as_bytes());
    assert_eq!(said.run(&["plugin", "add", "login.wasm"]).stderr, refused("$HERE/.sextant/revoked"));

    let machine = pinned(&bytes);
    let list = machine.home(".config/sextant");
    std::fs::create_dir_all(&list).expect("a folder");
    std::fs::write(list.join("revoked"), line).expect("a file");
    machine.refuses(&refused(&list.join("revoked").display().to_string()));
    std::fs::write(list.join("revoked"), "sha256:12 x\n").expect("a file");
    machine.refuses(&format!(
        "error: {} line 1: `sha256:12` is no digest\nhint: each line is `sha256:…` and a reason; # begins a comment\n",
        list.join("revoked").display()
    ));
}

#[test]
fn a_plugin_of_the_project_is_let_in_unpinned_but_not_where_nobody_looks_on() {
    let machine = Machine::new();
    machine.write("login.wasm", &component("1.0.0", LITTLE));
    let entry = "x-plugins:\n  eu-login: { source: login.wasm }\n";
    machine.write("config/deploy.yml", format!("{PROJECT}{entry}").as_bytes());
    machine.plans(
        "note: plugin `eu-login` is not in sextant.lock; `sextant plugin add login.wasm --name eu-login` pins it\n",
    );
    let refused = "error: plugin `eu-login` is not in sextant.lock\nhint: run `sextant plugin add login.wasm --name eu-login` and \
                   commit sextant.lock\n";
    assert_eq!(machine.plan(&["--frozen"]).stderr, refused);
    let machine = machine.with_variable("CI", "1");
    machine.refuses(refused);
    assert_eq!(machine.run(&["plugin", "add", "login.wasm", "--name", "eu-login"]).exit, 0);
    machine.plans("");
    // Entries that were there are left alone.
    assert_eq!(machine.read("config/deploy.yml"), format!("{PROJECT}{entry}"));
}

#[test]
fn a_plugin_from_elsewhere_has_to_be_pinned() {
    let elsewhere = Machine::new();
    elsewhere.write("login.wasm", &component("1.0.0", LITTLE));
    let file = elsewhere.path("login.wasm").display().to_string();
    for (source, what) in [
        (file.as_str(), ", and its file is outside of the project"),
        ("oci://ghcr.io/acme/eu-login:1", ""),
        ("https://example.com/eu-login.wasm", ""),
    ] {
        let machine = Machine::new();
        let entry = format!("x-plugins:\n  eu-login: {{ source: '{source}' }}\n");
        machine.write("config/deploy.yml", format!("{PROJECT}{entry}").as_bytes());
        machine.refuses(&format!(
            "error: plugin `eu-login` is not in sextant.lock{what}\nhint: run `sextant plugin add {source} --name eu-login` and commit \
             sextant.lock\n"
        ));
    }
}

#[test]
fn another_source_and_another_digest_than_the_pinned_ones_are_refused() {
    let bytes = component("1.0.0", LITTLE);
    let machine = pinned(&bytes);
    let project = machine.read("config/deploy.yml");
    machine.write("config/deploy.yml", project.replace("login.wasm", "other.wasm").as_bytes());
    machine.refuses(
        "error: plugin `eu-login` comes from other.wasm, sextant.lock has it from login.wasm\nhint: nothing was touched; if you want \
         this one, run `sextant plugin update eu-login`\n",
    );
    let other = digest(b"another");
    let with_digest = project.replace("source: login.wasm\n", &format!("source: login.wasm\n    digest: {other}\n"));
    machine.write("config/deploy.yml", with_digest.as_bytes());
    let refused = format!(
        "error: plugin `eu-login` has the digest {}, {other} was expected\nhint: nothing was touched; find out why it changed before you \
         name another digest\n",
        digest(&bytes)
    );
    machine.refuses(&refused);
    let said = Machine::new();
    said.write("login.wasm", &bytes);
    let added = said.run(&["plugin", "add", "login.wasm", "--name", "eu-login", "--digest", &other]);
    assert_eq!(added.stderr, refused);
}

#[test]
fn a_file_has_its_signature_beside_it() {
    let machine = Machine::new();
    machine.write("login.wasm", &component("1.0.0", LITTLE));
    assert_eq!(machine.run(&["plugin", "keygen"]).exit, 0);
    let add = ["plugin", "add", "login.wasm", "--key", "plugin.pub"];
    assert_eq!(machine.run(&add).exit, 1);
    assert_eq!(machine.run(&["plugin", "sign", "login.wasm", "--sign", "plugin.key"]).exit, 0);
    assert_eq!(machine.run(&add).exit, 0);
    machine.plans("");
    std::fs::remove_file(machine.path("login.wasm.sig")).expect("it is there");
    machine.refuses(&format!(
        "error: plugin `eu-login` carries no signature of the key {}\nhint: nothing was touched; ask its author which key signs it\n",
        locked(&machine, "signer")
    ));
    // A pair of keys is never written over.
    assert_eq!(
        machine.run(&["plugin", "keygen"]).stderr,
        "error: plugin.key is there already\nhint: give another name\n"
    );
}

#[test]
fn a_plugin_from_the_web_is_held_to_the_digest_that_was_pinned() {
    let Some(site) = Website::start() else { return };
    let (bytes, other) = (component("1.0.0", LITTLE), component("1.0.1", LITTLE));
    site.write("login.wasm", &bytes);
    let source = format!("https://{}/login.wasm", site.address);
    let machine = Machine::new().with_variable("SSL_CERT_FILE", &site.authority());
    let said = machine.run(&["plugin", "add", &source]);
    assert_eq!((said.exit, locked(&machine, "digest")), (0, digest(&bytes)), "{}", said.stderr);
    machine.plans("");
    // A machine without it fetches it, and takes nothing else.
    site.write("login.wasm", &other);
    machine.plans("");
    let late = machine.cloned().with_variable("SSL_CERT_FILE", &site.authority());
    late.refuses(&format!(
        "error: plugin `eu-login` is not the one in sextant.lock\n  digest: {} → {}\nhint: nothing was touched; if you want this one, \
         run `sextant plugin update eu-login`\n",
        digest(&bytes),
        digest(&other)
    ));
    site.write("login.wasm", &bytes);
    late.plans("");
    // Whoever does not trust the site's certificate gets nothing from it.
    let stranger = machine.cloned();
    assert_eq!(stranger.plan(&[]).exit, 1);
    let said = Machine::new().run(&["plugin", "add", "http://example.com/login.wasm"]);
    assert_eq!(
        said.stderr,
        "error: `http://example.com/login.wasm` is no source of a plugin: only `https://` and `oci://` are known\nhint: name a path, \
         `https://…/mine.wasm` or `oci://registry/repository:tag`\n"
    );
}

#[test]
fn the_pinned_plugins_are_listed_and_removed() {
    let bytes = component("1.0.0", LITTLE);
    let machine = pinned(&bytes);
    let said = machine.run(&["plugin", "list"]);
    assert_eq!(
        said.stdout,
        format!(
            "eu-login  login.wasm  (locked)\n  digest     {}\n  hooks      pre-login of sextant:deploy {}\n  signer     none\n  \
             asks for   network: api.example.com:443\n  asks for   programs: aws\n",
            digest(&bytes),
            locked(&machine, "contract")
        )
    );
    assert_eq!(
        machine.read("config/deploy.yml"),
        format!(
            "{PROJECT}\nx-plugins:\n  eu-login:\n    source: login.wasm\n    # It asks for these; nothing is granted as long as they are \
             comments.\n    # grants:\n    #   network: [\"api.example.com:443\"]\n    #   programs: [\"aws\"]\n    # with:\n    \
             #   region:  # a string: where it is\n"
        )
    );
    let removed = machine.run(&["plugin", "remove", "eu-login"]);
    assert_eq!(
        removed.stdout,
        "Removed eu-login from sextant.lock; take x-plugins/eu-login out of config/deploy.yml as well\n"
    );
    assert_eq!(
        machine.run(&["plugin", "remove", "eu-login"]).stderr,
        "error: sextant.lock has no plugin `eu-login`\nhint: `sextant plugin list` shows those that there are\n"
    );
}

#[test]
fn nothing_is_pinned_under_the_name_of_a_builtin() {
    let machine = Machine::new();
    machine.write("login.wasm", bundle::PLUGINS[0].1);
    let said = machine.run(&["plugin", "add", "login.wasm", "--name", "registry"]);
    let expected = "error: a builtin plugin has the name `registry`\n\
                    hint: give this one another: --name, and its key in x-plugins\n";
    assert_eq!((said.exit, said.stderr.as_str()), (1, expected));
    for name in ["", "Bad Name"] {
        let said = machine.run(&["plugin", "add", "login.wasm", "--name", name]);
        let expected = format!("error: `{name}` is no name of a plugin\nhint: {}\n", manifest::NAMES);
        assert_eq!((said.exit, said.stderr.as_str()), (2, expected.as_str()));
    }
    assert!(!machine.path("sextant.lock").exists());
}

#[test]
fn grants_that_stand_in_the_project_are_not_touched() {
    let machine = pinned(&component("1.0.0", LITTLE));
    let before = machine.read("config/deploy.yml");
    let said = machine.run(&["plugin", "add", "login.wasm", "--grant"]);
    let expected = "eu-login is pinned already\nx-plugins/eu-login is there already: its grants are yours to change\n";
    assert_eq!((said.exit, said.stdout.as_str()), (0, expected));
    assert_eq!(machine.read("config/deploy.yml"), before);
}

#[test]
fn what_is_no_component_is_not_signed() {
    let machine = Machine::new();
    machine.write("native.wasm", b"\x7fELF compiled code");
    assert_eq!(machine.run(&["plugin", "keygen", "acme"]).exit, 0);
    let said = machine.run(&["plugin", "sign", "native.wasm", "--sign", "acme.key"]);
    let expected = "error: native.wasm: it is not a WebAssembly component: it does not begin as one\n\
                    hint: `sextant plugin build` makes a component of a plugin's folder\n";
    assert_eq!((said.exit, said.stderr.as_str()), (1, expected));
    assert!(!machine.path("native.wasm.sig").exists());
}

#[test]
fn what_is_no_component_is_not_pinned() {
    let machine = Machine::new();
    machine.write("native.wasm", b"\x7fELF compiled code");
    let said = machine.run(&["plugin", "add", "native.wasm"]);
    let expected = "error: plugin `native`: it is not a WebAssembly component: it does not begin as one\n\
                    hint: `sextant plugin build` makes a component of a plugin's folder\n";
    assert_eq!(said.stderr, expected);
    assert_eq!((said.exit, machine.path("sextant.lock").exists()), (1, false));
    let entry = "x-plugins:\n  a: { source: x.wasm, grants: { network: [example.com] } }\n";
    machine.write("config/deploy.yml", format!("{PROJECT}{entry}").as_bytes());
    machine.refuses(
        "error: x-plugins/a/grants/network: `example.com` is no `host:port`, such as `api.example.com:443`\nhint: a grant of the network \
         names host and port\n",
    );
}
