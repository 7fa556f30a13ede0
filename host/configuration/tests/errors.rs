//! What is said about a wrong file, where it points and what it advises.

use configuration::{PolicyMode, Source, Sources, load};

const BASE: &str = "\
service: app
image: app
builder: { arch: amd64 }
registry: { username: u, password: [ P ] }
";
const SERVERS: &str = "servers: [ h1 ]\n";

/// Line, column and length, message and hint of what is wrong with the base and `text` after it.
#[track_caller]
fn check(text: &str, place: &str, message: &str, hint: &str) {
    check_whole(&format!("{BASE}{text}"), place, message, hint);
}

#[track_caller]
fn check_whole(text: &str, place: &str, message: &str, hint: &str) {
    let base = Source { path: "deploy.yml".to_owned(), text: text.to_owned() };
    let error = load(&Sources { base, overlay: None, destination: None }).unwrap_err();
    let found = error.origin.map(|origin| format!("{}:{}+{}", origin.line, origin.column, origin.length));
    assert_eq!(
        (found.unwrap_or_default().as_str(), error.message.as_str(), error.hint.unwrap_or_default().as_str()),
        (place, message, hint)
    );
}

#[test]
fn unknown_keys() {
    check("servers: [ h1 ]\nservce: x\n", "6:1+6", "unknown key: servce", "did you mean `service`?");
    check("servers: [ h1 ]\nfoo: 1\nbar: 2\n", "6:1+3", "unknown keys: foo, bar", "");
    check(
        "traefik:\n  args: {}\n",
        "5:1+7",
        "unknown key: traefik",
        "Kamal 2 replaced Traefik by kamal-proxy: move hosts and TLS to `proxy:` and drop `traefik`",
    );
    check(
        "healthcheck:\n  path: /up\n",
        "5:1+11",
        "unknown key: healthcheck",
        "since Kamal 2 the health check is `proxy/healthcheck`, and its port is `proxy/app_port`",
    );
    check("servers: [ h1 ]\nproxy:\n  hostt: x\n", "7:3+5", "proxy: unknown key: hostt", "did you mean `host`?");
    check(
        "servers: [ h1 ]\nssh:\n  x-foo: x\n",
        "7:3+5",
        "ssh: unknown key: x-foo",
        "keys that start with `x-` are free at the root only",
    );
    check(
        "servers: [ h1 ]\nenv:\n  clear: { A: 1 }\n  B: 2\n",
        "8:3+1",
        "env: unknown key: B",
        "beside `clear` or `secret`, clear variables stand under `clear`",
    );
}

#[test]
fn wrong_types() {
    check(
        "servers: [ h1 ]\nretain_containers: \"3\"\n",
        "6:20+3",
        "retain_containers: should be an integer",
        "write the number without quotes",
    );
    check(
        "servers: [ h1 ]\nlabels:\n  since: 2026-01-14\n",
        "7:10+10",
        "labels/since: should be a string",
        "put the date in quotes",
    );
    check("servers:\n  web:\n    hosts: h1\n", "7:12+2", "servers/web/hosts: should be an array", "");
    check(
        "servers:\n  web:\n",
        "6:7+1",
        "servers/web: should be an array or a hash",
        "a role without hosts is written `[]`",
    );
    check("servers:\n  - h1\n  - { h2: a, h3: b }\n", "7:5+1", "servers/1: multiple hosts found", "");
    check("servers:\n  web:\n    - h2: [ [] ]\n", "7:13+1", "servers/web/0/h2/0: should be a string", "");
    check(
        "servers: [ h1 ]\nhooks_output:\n  pre-deploy: []\n",
        "7:15+1",
        "hooks_output/pre-deploy: should be a string or a symbol",
        "",
    );
    check(
        "servers: [ h1 ]\nenv:\n  clear:\n",
        "7:9+1",
        "env/clear: should be a hash",
        "drop the key where there is nothing under it",
    );
    check("servers: [ h1 ]\nssh:\n  config: [ {} ]\n", "7:13+1", "ssh/config/0: should be a string", "");
    check(
        "servers: [ h1 ]\nenv:\n  tags: { t: { tags: {} } }\n",
        "7:22+1",
        "env/tags/t: tags are only allowed in the root env",
        "",
    );
}

#[test]
fn builders_of_kamal_1() {
    let check = |builder: &str, place: &str, message: &str, hint: &str| {
        let rest = "service: app\nimage: app\nregistry: { username: u, password: [ P ] }\n";
        check_whole(&format!("{rest}{SERVERS}builder: {builder}\n"), place, message, hint);
    };
    check(
        "{}",
        "5:10+1",
        "builder: Builder arch not set",
        "say for which processors to build: `builder: { arch: amd64 }`, `arm64`, or a list of both",
    );
    check(
        "{ multiarch: false }",
        "5:12+9",
        "builder: unknown key: multiarch",
        "since Kamal 2 the architectures are listed: `builder: { arch: [amd64, arm64] }`",
    );
    check(
        "{ arch: amd64, remote: { arch: amd64, host: ssh://x } }",
        "5:33+1",
        "builder/remote: should be a string",
        "since Kamal 2 the remote builder is one URL: `remote: ssh://user@host`, and `arch` says what to build",
    );
    check(
        "{ arch: amd64, local: { arch: amd64 } }",
        "5:32+1",
        "builder/local: should be a boolean",
        "since Kamal 2 `local` is a boolean, and `arch` says what to build",
    );
    check(
        "{ arch: [ a, b ], pack: { builder: x } }",
        "5:34+1",
        "builder: buildpacks only support building for one arch",
        "",
    );
    check("{ arch: a, local: false }", "5:28+5", "builder: Cannot disable local builds, no remote is set", "");
}

#[test]
fn rules_of_the_project() {
    check(
        "servers:\n  web: [ h1 ]\n  job: []\n",
        "7:8+1",
        "No servers specified for the job role. You can ignore this with allow_empty_roles: true",
        "",
    );
    check(
        "servers: [ h1 ]\nprimary_role: app\n",
        "6:15+3",
        "The primary_role app isn't defined",
        "roles that are there: web",
    );
    check("servers: [ h1 ]\nminimum_version: latest\n", "6:18+6", "Malformed version number string latest", "");
    check(
        "servers: [ h1 ]\nrequire_destination: true\n",
        "6:22+4",
        "You must specify a destination",
        "name one with -d; it reads `config/deploy.<destination>.yml`",
    );
    check(
        "servers:\n  web:\n    hosts: [ h1 ]\n    proxy: { hosts: [ a ] }\nproxy: { host: b }\n",
        "8:21+1",
        "proxy: Specify one of 'host' or 'hosts', not both",
        "",
    );
    check(
        "servers:\n  web: [ h1 ]\n  api: { hosts: [ h2 ], proxy: { ssl: true } }\nproxy: { host: b }\n",
        "7:39+4",
        "servers/api/proxy: Must set a host to enable automatic SSL",
        "name the host that the certificate is for beside it: `host: app.example.com`",
    );
    check(
        "servers:\n  web: [ h1 ]\n  api: { hosts: [ h1 ], proxy: { run: { http_port: 1 } } }\nproxy: { run: { http_port: 2 } }\n",
        "8:15+1",
        "Conflicting proxy run configurations for host h1",
        "",
    );
    check(
        "servers: [ h1 ]\nboot: { limit: many }\n",
        "6:16+4",
        "boot/limit: should be a number of hosts or a percentage",
        "",
    );
    check("servers: [ h1 ]\ndeploy_timeout: -1\n", "6:17+2", "deploy_timeout: should not be negative", "");
    check(
        "servers: [ h1 ]\naliases: { Bad Name: x }\n",
        "6:22+1",
        "aliases/Bad Name: Invalid alias name: 'Bad Name'. Must only contain lowercase letters, alphanumeric, hyphens and underscores.",
        "",
    );
    check(
        "servers:\n  web: { hosts: [ h1 ], options: { restart: sometimes } }\n",
        "6:45+9",
        "servers/web/options/restart: should be no, always, unless-stopped, on-failure, or on-failure:N",
        "",
    );
    check(
        "servers: [ h1 ]\naccessories: { db: { image: x, role: nope } }\n",
        "6:38+4",
        "accessories/db: unknown role nope",
        "roles that are there: web",
    );
}

#[test]
fn keys_without_effect_are_no_reason_to_refuse() {
    let text = format!(
        "{BASE}{SERVERS}asset_path: ''\noutput: {{}}\nrun_directory: /x\nsshkit: {{ dns_retries: 0 }}\nssh: {{ key_data: [], log_level: debug }}\naccessories: {{ db: {{ host: h, files: [] }} }}\n"
    );
    let text = text.replace("arch: amd64", "arch: amd64, remote: false, local: true, cache: {}, pack: {}");
    let base = Source { path: "deploy.yml".to_owned(), text };
    load(&Sources { base, overlay: None, destination: None }).unwrap();
}

#[test]
fn mounts_of_accessories_name_both_ends() {
    for key in ["files", "directories"] {
        for (mount, message) in [
            ("a", "should be local:remote"),
            ("{ local: a }", "local and remote are required"),
            ("{ remote: /a }", "local and remote are required"),
        ] {
            let text = format!("{SERVERS}accessories:\n  db:\n    image: a\n    host: h\n    {key}:\n    - {mount}\n");
            check(&text, "11:7+1", &format!("accessories/db/{key}/0: {message}"), "");
        }
    }
}

#[test]
fn plugins() {
    let check = |plugin: &str, place: &str, message: &str| {
        check(&format!("{SERVERS}x-plugins:\n  p: {plugin}\n"), place, message, "");
    };
    check("{}", "7:6+1", "x-plugins/p/source: is required");
    check("x.wasm", "7:6+6", "x-plugins/p: should be a hash");
    check("{ source: [ x ] }", "7:16+1", "x-plugins/p/source: should be a string");
    check("{ source: x, how: enforce }", "7:19+3", "x-plugins/p: unknown key: how");
    // YAML reads it as false, which must not count as nothing.
    check("{ source: x, mode: off }", "7:25+3", "x-plugins/p/mode: should be `monitor`, `warn` or `enforce`");
    check("{ source: x, mode: deny }", "7:25+4", "x-plugins/p/mode: should be `monitor`, `warn` or `enforce`");
    check("{ source: x, override: maybe }", "7:29+5", "x-plugins/p/override: should be a boolean");
    check("{ source: x, grants: { disk: [] } }", "7:29+4", "x-plugins/p/grants: unknown key: disk");
    check("{ source: x, limits: { stack: 1 } }", "7:29+5", "x-plugins/p/limits: unknown key: stack");
    check(
        "{ source: x, limits: { memory: 64MB } }",
        "7:37+4",
        "x-plugins/p/limits/memory: should be an amount such as `64MiB`",
    );
    check("{ source: x, limits: { time: 2 } }", "7:35+1", "x-plugins/p/limits/time: should be a time such as `2s`");
    check(
        "{ source: x, limits: { steps: many } }",
        "7:36+4",
        "x-plugins/p/limits/steps: should be a number such as `1000`",
    );
    check("{ source: x, with: 1 }", "7:25+1", "x-plugins/p/with: should be a hash");
}

#[test]
fn plugins_come_from_known_places() {
    for (source, place) in [("http://x", "7:16+8"), ("ftp://x", "7:16+7"), ("5", "7:16+1")] {
        check(
            &format!("{SERVERS}x-plugins:\n  p: {{ source: {source} }}\n"),
            place,
            "x-plugins/p/source: is neither a path nor an address",
            "name a path such as `plugins/mine.wasm`, `https://…/mine.wasm` or `oci://registry/repository:tag`",
        );
    }
    check(
        &format!("{SERVERS}x-plugins:\n  p: {{ source: x, digest: 'sha256:12' }}\n"),
        "7:27+11",
        "x-plugins/p/digest: is no digest",
        "write `sha256:` and 64 hexadecimal digits; `sextant plugin list` shows them",
    );
}

#[test]
fn broken_yaml() {
    check_whole(
        "service: app\n\timage: x\n",
        "2:1+1",
        "deploy.yml is not valid YAML: line 2, column 1: found a tab character that violates indentation while scanning a plain scalar",
        "",
    );
    check_whole(
        "service: app\n<<<<<<< HEAD\nimage: x\n",
        "3:1+1",
        "deploy.yml is not valid YAML: line 3, column 1: could not find expected ':' while scanning a simple key",
        "",
    );
    check_whole(
        "image: \"x\nservice: app\n",
        "1:8+1",
        "deploy.yml is not valid YAML: line 1, column 8: found unexpected end of stream while scanning a quoted scalar",
        "",
    );
    check_whole(
        "image: x\nservers: [a\n",
        "2:10+1",
        "deploy.yml is not valid YAML: line 2, column 10: did not find expected ',' or ']' while parsing a flow sequence",
        "",
    );
    check_whole(
        "image: \"x\\qb\"\n",
        "1:10+2",
        "deploy.yml is not valid YAML: line 1, column 10: found unknown escape character while parsing a quoted scalar",
        "",
    );
    check_whole("- a\n", "1:1+1", "deploy.yml: should be a hash", "");
    check_whole(
        "a: !ruby/object:X {}\n",
        "1:4+1",
        "deploy.yml is not valid YAML: line 1, column 4: the tag `!ruby/object:X` is not supported",
        "",
    );
    check_whole("a: *b\n", "1:4+2", "An alias referenced an unknown anchor: b", "");
    check_whole("", "1:1+1", "registry/username: is required", "");
    check_whole(
        "service: app\nbuilder:\n",
        "2:9+1",
        "builder: should be a hash",
        "say for which processors to build: `builder: { arch: amd64 }`, `arm64`, or a list of both",
    );
}

#[test]
fn templates() {
    check_whole(
        "service: app\nimage: <%= ENV[\"IMAGE\"] %>\n",
        "2:7+1",
        "image: should be a string",
        "IMAGE is not set, so `ENV[\"IMAGE\"]` gives nothing here",
    );
    check_whole(
        "<% if true -%>\nservice: app\n<% end -%>\nimage: <%= \"[x\" %>\nb: 1\n",
        "4:8+11",
        "deploy.yml is not valid YAML: line 4, column 8: did not find expected ',' or ']' while parsing a flow sequence",
        "",
    );
    check_whole(
        "<%# a\ncomment -%>\nservice: app\n<% [1, 2].each do |n| -%>\nkey_<%= n %>: x\n<% end %>\n",
        "5:1+12",
        "unknown keys: key_1, key_2",
        "",
    );
    check_whole(
        "service: <%= ENV.fetch(\"APP\") %>\n",
        "1:18+15",
        "key not found: \"APP\"",
        "set APP in the environment, or give a default: ENV.fetch(\"APP\", …)",
    );
    check_whole(
        "service: app\nimage: <%= `git describe` %>\n",
        "2:12+17",
        "deploy.yml line 2: the command in `<%= `git describe` %>` was not run",
        "if you trust this file, allow it: --allow-erb-commands or SEXTANT_ALLOW_ERB_COMMANDS=1",
    );
    check_whole(
        "service: app\nimage: <%= Time.now.to_i %>\n",
        "2:12+16",
        "deploy.yml line 2, column 12: this Ruby is not understood: `Time` in `<%= Time.now.to_i %>`",
        "write it in another way, or let the Ruby of this machine render the file: --erb-ruby or SEXTANT_ERB_RUBY=1",
    );
}

#[test]
fn approvals() {
    let check = |approvals: &str, place: &str, message: &str| {
        check(&format!("{SERVERS}x-approvals: {approvals}\n"), place, message, "");
    };
    check("config/approvers", "6:14+16", "x-approvals: should be a hash");
    check("{ signers: [ a ] }", "6:25+1", "x-approvals/signers: should be a string");
    check("{ roles: a }", "6:16+5", "x-approvals: unknown key: roles");
}

#[test]
fn policies_of_a_folder() {
    let check = |text: &str, place: &str, message: &str| {
        let error = configuration::policies("policies.yml", text).expect_err(text);
        let origin = error.origin.as_ref().expect("it has a place");
        let found = format!("{}:{}+{}", origin.line, origin.column, origin.length);
        assert_eq!((found.as_str(), error.message.as_str()), (place, message), "{text}");
    };
    check("- a\n", "1:1+1", "should be a hash");
    check("freeze: {}\n", "1:9+1", "freeze/source: is required");
    check("freeze: { source: f.wasm, grants: {} }\n", "1:27+6", "freeze: unknown key: grants");
    check("freeze: { source: f.wasm, mode: off }\n", "1:33+3", "freeze/mode: should be `monitor`, `warn` or `enforce`");
    let read = configuration::policies("policies.yml", "freeze: { source: f.wasm, mode: warn, override: true }\n");
    let freeze = &read.expect("it is valid")[0];
    assert_eq!((freeze.name.as_str(), freeze.source.as_str()), ("freeze", "f.wasm"));
    assert_eq!((freeze.mode, freeze.may_override), (Some(PolicyMode::Warn), true));
    assert!(configuration::policies("policies.yml", "").expect("it is valid").is_empty());
}
