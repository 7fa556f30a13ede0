//! Whole projects in, everything that was understood out.

use std::fmt::Write as _;

use configuration::{
    Accessory, Configuration, Environment, Filter, Logging, Proxy, Role, Selection, Source, Sources, Text, load,
};
use secrecy::ExposeSecret as _;

const SIMPLE: &str = include_str!("data/projects/simple.yml");
const SHOP: &str = include_str!("data/projects/shop.yml");
const SHOP_STAGING: &str = include_str!("data/projects/shop.staging.yml");
const RAILS_8_0: &str = include_str!("data/projects/rails_8_0.yml");
const RAILS_8_1: &str = include_str!("data/projects/rails_8_1.yml");

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

fn project(text: &str) -> Configuration {
    load(&Sources { base: source("config/deploy.yml", text), overlay: None, destination: None }).unwrap()
}

fn staging() -> Configuration {
    load(&Sources {
        base: source("config/deploy.yml", SHOP),
        overlay: Some(source("config/deploy.staging.yml", SHOP_STAGING)),
        destination: Some("staging".to_owned()),
    })
    .unwrap()
}

fn pairs<'p>(pairs: impl IntoIterator<Item = (&'p String, &'p Option<String>)>) -> String {
    let pair = |(name, value): (&String, &Option<String>)| match value {
        Some(value) => format!(" {name}={value}"),
        None => format!(" {name}"),
    };
    pairs.into_iter().map(pair).collect()
}

fn flags(flags: &[(String, Option<String>)]) -> String {
    pairs(flags.iter().map(|(name, value)| (name, value)))
}

fn environment(environment: &Environment) -> String {
    let secrets: String = environment.secret.iter().map(|(name, secret)| format!(" {name}<{secret}>")).collect();
    format!("{}{secrets}", pairs(&environment.clear))
}

fn logging(logging: &Logging) -> String {
    format!(" {}{}", logging.driver.as_deref().unwrap_or("-"), pairs(&logging.options))
}

fn proxy(proxy: &Proxy) -> String {
    let Proxy { app_port, hosts, ssl, options, .. } = proxy;
    format!(" port {app_port} hosts {hosts:?} ssl {ssl}{}", flags(options))
}

fn role(role: &Role) -> String {
    let mut text = format!("role {}\n", role.name);
    for host in &role.hosts {
        writeln!(text, "  host {} {:?}:{}", host.name, host.tags, environment(&role.environments[&host.name])).unwrap();
    }
    writeln!(text, "  command {:?}, restart {}, stop {:?}", role.command, role.restart, role.stop_timeout).unwrap();
    writeln!(text, "  options:{}", flags(&role.options)).unwrap();
    writeln!(text, "  labels:{}", pairs(&role.labels)).unwrap();
    writeln!(text, "  volumes: {:?}", role.volumes).unwrap();
    writeln!(text, "  logging:{}", logging(&role.logging)).unwrap();
    writeln!(text, "  proxy:{}", role.proxy.as_ref().map_or(" none".to_owned(), proxy)).unwrap();
    text
}

fn accessory(accessory: &Accessory) -> String {
    let mut text = format!("accessory {} ({}): {}\n", accessory.name, accessory.service_name, accessory.image);
    writeln!(text, "  hosts {:?}, port {:?}, network {}", accessory.hosts, accessory.port, accessory.network).unwrap();
    writeln!(text, "  command {:?}, restart {}", accessory.command, accessory.restart).unwrap();
    writeln!(text, "  options:{}", flags(&accessory.options)).unwrap();
    writeln!(text, "  labels:{}", pairs(&accessory.labels)).unwrap();
    writeln!(text, "  environment:{}", environment(&accessory.environment)).unwrap();
    writeln!(text, "  volumes: {:?}", accessory.volumes).unwrap();
    for directory in &accessory.directories {
        let [options, mode, owner] =
            [&directory.options, &directory.mode, &directory.owner].map(|text| text.as_deref().unwrap_or("-"));
        let (host, container) = (&directory.host_path, &directory.container_path);
        writeln!(text, "  directory {host} at {container}, options {options}, mode {mode}, owner {owner}").unwrap();
    }
    writeln!(text, "  logging:{}", logging(&accessory.logging)).unwrap();
    writeln!(text, "  proxy:{}", accessory.proxy.as_ref().map_or(" none".to_owned(), proxy)).unwrap();
    text
}

#[track_caller]
fn check(found: &str, expected: &str) {
    assert!(found.trim() == expected.trim(), "expected:\n{}\n\nfound:\n{}", expected.trim(), found.trim());
}

#[test]
fn roles_of_a_simple_project() {
    let configuration = project(SIMPLE);
    check(
        &configuration.roles.iter().map(role).collect::<String>(),
        r#"
role web
  host 10.0.0.1 []: DB_HOST=10.0.0.9 RAILS_MASTER_KEY<RAILS_MASTER_KEY>
  command None, restart unless-stopped, stop None
  options:
  labels:
  volumes: []
  logging: - max-size=10m
  proxy: port 3000 hosts ["app.example.com"] ssl true deploy-timeout=30s drain-timeout=30s buffer-requests buffer-responses log-request-header=Cache-Control log-request-header=Last-Modified log-request-header=User-Agent
"#,
    );
}

#[test]
fn roles_of_the_shop() {
    let configuration = project(SHOP);
    check(
        &configuration.roles.iter().map(role).collect::<String>(),
        r#"
role job
  host 10.0.0.3 []: A=1 B=true C=false EMPTY SIZE=10000000 TRICKY=a$b `c` "d" ${HOME} é ROLE=job DB_PASSWORD<JOB_DB_PASSWORD>
  host 10.0.0.1 []: A=1 B=true C=false EMPTY SIZE=10000000 TRICKY=a$b `c` "d" ${HOME} é ROLE=job DB_PASSWORD<JOB_DB_PASSWORD>
  command Some("bin/jobs"), restart on-failure:3, stop Some(60)
  options:
  labels: team=store front tier=1
  volumes: ["storage:/rails/storage"]
  logging: json-file max-size=50m max-file=3
  proxy: none
role web
  host 10.0.0.1 []: A=1 B=true C=false EMPTY SIZE=10000000 TRICKY=a$b `c` "d" ${HOME} é DB_PASSWORD<DB_PASSWORD>
  host 10.0.0.2 ["eu", "canary"]: A=eu B=true C=false EMPTY SIZE=10000000 TRICKY=a$b `c` "d" ${HOME} é REGION=eu CANARY=1 DB_PASSWORD<DB_PASSWORD> CANARY_KEY<CANARY_KEY>
  command None, restart unless-stopped, stop None
  options: memory=2g cap-add init=false ulimit=nofile=1024 ulimit=nproc=64
  labels: team=store front tier=web
  volumes: ["storage:/rails/storage"]
  logging: json-file max-size=50m
  proxy: port 3000 hosts ["shop.example.com", "www.example.com"] ssl false deploy-timeout=45s drain-timeout=20s health-check-interval=3s health-check-timeout=2s health-check-path=/health target-timeout=10s buffer-requests buffer-responses=false buffer-memory=2000000 max-request-body=40000000 max-response-body=0 path-prefix=/api path-prefix=/auth strip-path-prefix=false forward-headers tls-redirect=false log-request-header=X-A log-response-header=X-B
"#,
    );
}

#[test]
fn accessories_of_the_shop() {
    let configuration = project(SHOP);
    check(
        &configuration.accessories.iter().map(accessory).collect::<String>(),
        r#"
accessory db (shop-db): mysql:8.0
  hosts ["10.0.0.9"], port Some("3306:3306"), network kamal
  command None, restart always
  options: cpus=2
  labels: tier=db
  environment: MYSQL_ROOT_HOST=% MYSQL_ROOT_PASSWORD<MYSQL_ROOT_PASSWORD>
  volumes: ["/host/x:/x"]
  directory shop-db/data at /var/lib/mysql, options -, mode -, owner -
  directory /var/backups at /backups, options ro, mode -, owner -
  directory shop-db/logs at /var/log/mysql, options z, mode 0750, owner mysql:mysql
  logging: json-file max-size=50m
  proxy: none
accessory metrics (prom): ghcr.io/prom/node
  hosts ["10.0.0.1", "10.0.0.2"], port None, network monitoring
  command Some("--x --y"), restart unless-stopped
  options:
  labels:
  environment:
  volumes: []
  logging: json-file max-size=50m
  proxy: port 9100 hosts ["metrics.example.com"] ssl false deploy-timeout=45s drain-timeout=20s buffer-requests buffer-responses log-request-header=Cache-Control log-request-header=Last-Modified log-request-header=User-Agent
accessory cache (shop-cache): redis
  hosts [], port None, network kamal
  command None, restart unless-stopped
  options:
  labels:
  environment:
  volumes: []
  logging: json-file max-size=50m
  proxy: none
"#,
    );
}

#[test]
fn settings_of_the_shop() {
    let Configuration { builder, boot, ssh, registry, .. } = project(SHOP);
    check(
        &format!("{builder:?}\n{boot:?}\n{ssh:?}\n{registry:?}"),
        r#"
Builder { arches: ["amd64", "arm64"], remote: None, local: true, pack: None, cache: None, context: Some("."), dockerfile: "Dockerfile", target: Some("prod"), args: {"RUBY": Some("3.3"), "DEBUG": Some("false"), "EMPTY": None}, secrets: ["GITHUB_TOKEN"], ssh: None, driver: "docker", provenance: None, sbom: None }
Boot { limit: Some(Percent(25)), wait: Some(2), parallel_roles: false }
Ssh { user: "app", port: "2222", proxy: Some("root@bastion.example.com"), proxy_command: None, keys: ["~/.ssh/id"], key_data: [], log_level: Nothing, keys_only: true, config: Some([]), forward_agent: true }
Registry { server: Some("registry.example.com:5000"), credentials: Some(Credentials { username: Secret("REG_USER"), password: "REG_PW" }) }
"#,
    );
}

#[test]
fn defaults() {
    let Configuration { builder, boot, ssh, .. } = project(SIMPLE);
    let configuration = project(SIMPLE);
    let Configuration { deploy_timeout, drain_timeout, readiness_delay, retain_containers, .. } = configuration;
    let Configuration { hooks_path, secrets_path, primary_role, .. } = configuration;
    check(
        &format!(
            "{builder:?}\n{boot:?}\n{ssh:?}\n{deploy_timeout} {drain_timeout} {readiness_delay} {retain_containers} {hooks_path} {secrets_path} {primary_role}"
        ),
        r#"
Builder { arches: ["amd64"], remote: None, local: true, pack: None, cache: None, context: None, dockerfile: "Dockerfile", target: None, args: {}, secrets: [], ssh: None, driver: "docker-container", provenance: None, sbom: None }
Boot { limit: None, wait: None, parallel_roles: false }
Ssh { user: "root", port: "22", proxy: None, proxy_command: None, keys: [], key_data: [], log_level: Nothing, keys_only: false, config: None, forward_agent: true }
30 30 7 5 .kamal/hooks .kamal/secrets web
"#,
    );
}

#[test]
fn an_overlay_replaces_lists_and_merges_maps() {
    let configuration = staging();
    let web = &configuration.roles[1];
    assert_eq!(web.environments["10.0.0.1"].clear["A"].as_deref(), Some("2"));
    assert_eq!(web.environments["10.0.0.1"].clear["B"].as_deref(), Some("true"));
    assert_eq!(web.proxy.as_ref().unwrap().hosts, ["staging.example.com"]);
    assert_eq!(configuration.accessories[0].hosts, ["10.0.0.8"]);
    assert_eq!(configuration.retain_containers, 1);
    let origin = |pointer| configuration.document.pointer(pointer).unwrap().origin.file.to_string();
    assert_eq!(origin("/proxy/hosts/0"), "config/deploy.staging.yml");
    assert_eq!(origin("/proxy/app_port"), "config/deploy.yml");
}

#[test]
fn names() {
    let names = |configuration: &Configuration| {
        [
            configuration.repository(),
            configuration.absolute_image("v1"),
            configuration.latest_tag(),
            configuration.latest_image(),
            configuration.container_prefix("web"),
            configuration.application_directory(),
            configuration.lock_directory(),
            configuration.audit_log(),
            configuration.host_environment_file("web"),
            configuration.accessory_environment_file("db"),
        ]
        .join("\n")
    };
    check(
        &names(&staging()),
        r#"
registry.example.com:5000/acme/shop
registry.example.com:5000/acme/shop:v1
latest-staging
registry.example.com:5000/acme/shop:latest-staging
shop-web-staging
.kamal/apps/shop-staging
.kamal/lock-shop-staging
.kamal/shop-staging-audit.log
.kamal/apps/shop-staging/env/roles/web.env
.kamal/apps/shop-staging/env/accessories/db.env
"#,
    );
    check(
        &names(&project(RAILS_8_0)),
        r#"
your-user/blog
your-user/blog:v1
latest
your-user/blog:latest
blog-web
.kamal/apps/blog
.kamal/lock-blog
.kamal/blog-audit.log
.kamal/apps/blog/env/roles/web.env
.kamal/apps/blog/env/accessories/db.env
"#,
    );
}

#[test]
fn plugins() {
    let plugins: String = project(SHOP)
        .plugins
        .iter()
        .map(|plugin| {
            let (name, source, pattern) = (&plugin.name, &plugin.source, &plugin.registry_pattern);
            let (digest, key) = (plugin.digest.as_deref().map(|digest| &digest[..15]), &plugin.key);
            let (programs, secrets, settings) = (&plugin.programs, &plugin.secrets, plugin.settings.to_json());
            let others = [&plugin.reveal, &plugin.network, &plugin.variables, &plugin.files];
            let limits = &plugin.limits;
            format!(
                "{name} {source} {digest:?} {key:?} {pattern:?} {programs:?} {secrets:?} {settings}\n  {others:?}\n  \
                 {:?} {:?} {:?} {:?} {:?}\n",
                limits.memory, limits.time, limits.output, limits.steps, limits.calls
            )
        })
        .collect();
    check(
        &plugins,
        r#"
ecr plugins/ecr.wasm None None Some("*.dkr.ecr.*.amazonaws.com") ["aws"] ["AWS_KEY"] {"region":"eu-west-1"}
  [[], [], [], []]
  None None None None None
freeze oci://ghcr.io/acme/freeze:1.2 Some("sha256:e3b0c442") Some("config/acme.pub") None [] [] {}
  [["PIN"], ["*.example.com:443"], ["CI"], ["config/freeze.json"]]
  Some(134217728) Some(500ms) Some(2097152) Some(10) Some(100)
"#,
    );
}

#[test]
fn a_plain_password_leaves_the_document() {
    let configuration = project(SHOP);
    let registry = configuration.accessories[1].registry.as_ref().unwrap();
    let credentials = registry.credentials.as_ref().unwrap();
    assert_eq!(credentials.username, Text::Clear("u".to_owned()));
    assert_eq!(credentials.password, "accessories/metrics/registry/password");
    assert_eq!(configuration.literals[&credentials.password].expose_secret(), "hunter2");
    assert_eq!(
        configuration.document.pointer("/accessories/metrics/registry").unwrap().to_json(),
        r#"{"server":"ghcr.io","username":"u","password":"[REDACTED]"}"#
    );
    assert_eq!(
        configuration.document.pointer("/registry").unwrap().to_json(),
        r#"{"server":"registry.example.com:5000","username":["REG_USER"],"password":["REG_PW"]}"#
    );
    assert!(!format!("{configuration:?}").contains("hunter2"));

    let aliased = SIMPLE.replace("password:\n    - KAMAL_REGISTRY_PASSWORD", "password: *password");
    let aliased = project(&format!("x-password: &password hunter2\n{aliased}"));
    assert_eq!(aliased.literals["registry/password"].expose_secret(), "hunter2");
    assert!(!aliased.document.to_json().contains("hunter2"));
    assert!(!format!("{aliased:?}").contains("hunter2"));
}

#[test]
fn rails_templates() {
    let configuration = project(RAILS_8_0);
    assert_eq!(
        configuration.roles[0].environments["192.168.0.1"].clear["SOLID_QUEUE_IN_PUMA"].as_deref(),
        Some("true")
    );
    assert_eq!(configuration.document.pointer("/aliases/logs").unwrap().as_str(), Some("app logs -f"));
    let base = source("config/deploy.yml", RAILS_8_1);
    let configuration = load(&Sources { base, overlay: None, destination: None }).unwrap();
    assert_eq!(configuration.roles[0].assets.as_ref().map(|assets| assets.path.as_str()), Some("/rails/public/assets"));
}

fn selection(configuration: &Configuration, hosts: &[&str], roles: &[&str], primary: bool) -> String {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    match Selection::new(configuration, &Filter { hosts: own(hosts), roles: own(roles), primary }) {
        Ok(selection) => {
            let on: Vec<_> = selection.hosts.iter().map(|host| selection.roles_on(host).join("+")).collect();
            let Selection { hosts, roles, app_hosts, proxy_hosts, accessory_hosts, .. } = &selection;
            let [hosts, roles, on] = [hosts, roles, &on].map(|list| list.join(" "));
            let [app, proxy, accessory] = [app_hosts, proxy_hosts, accessory_hosts].map(|list| list.join(" "));
            let primary = [&selection.primary_host, &selection.primary_role].map(|name| name.as_deref().unwrap_or("-"));
            let groups: Vec<_> = selection.boot_groups(configuration).iter().map(|group| group.join(" ")).collect();
            format!(
                "hosts {hosts} ({on}); roles {roles}; app {app}; proxy {proxy}; accessories {accessory}; primary {} {}; groups {}",
                primary[0],
                primary[1],
                groups.join(" | ")
            )
        }
        Err(error) => format!("{}: {}", error.class, error.message),
    }
}

const SELECTED: &str = "
service: app
image: app
builder: { arch: amd64 }
registry: { username: u, password: [ P ] }
servers:
  web: [ h1, h2 ]
  job: { hosts: [ h3, h1 ] }
accessories:
  db: { image: db, host: h9 }
";

#[test]
fn selections() {
    let configuration = project(SELECTED);
    let check = |hosts: &[&str], roles: &[&str], primary: bool, expected: &str| {
        assert_eq!(selection(&configuration, hosts, roles, primary), expected);
    };
    let everything = Selection::new(&configuration, &Filter::default()).unwrap();
    assert_eq!(everything.all_hosts, ["h3", "h1", "h2", "h9"]);
    check(
        &[],
        &[],
        false,
        "hosts h1 h2 h3 h9 (web+job web job ); roles web job; app h1 h2 h3; proxy h1 h2; accessories h9; primary h1 web; groups h1 h2 h3",
    );
    check(
        &["h3", "h9"],
        &[],
        false,
        "hosts h3 h9 (job ); roles job; app h3; proxy ; accessories h9; primary h3 job; groups h3",
    );
    check(
        &["h*"],
        &["job"],
        false,
        "hosts h3 h1 (job job); roles job; app h3 h1; proxy h1; accessories ; primary h3 job; groups h3 h1",
    );
    check(
        &[],
        &["w*"],
        false,
        "hosts h1 h2 (web web); roles web; app h1 h2; proxy h1 h2; accessories ; primary h1 web; groups h1 h2",
    );
    check(
        &["h2"],
        &[],
        true,
        "hosts h1 (web+job); roles web job; app h1; proxy h1; accessories ; primary h1 web; groups h1",
    );
    check(&[], &["job"], true, "hosts h3 (job); roles job; app h3; proxy ; accessories ; primary h3 job; groups h3");
    check(&["h9"], &[], false, "hosts h9 (); roles ; app ; proxy ; accessories h9; primary h9 -; groups ");
    check(&["nope", "x*"], &[], false, "ArgumentError: No --hosts match for nope,x*");
    check(&[], &["nope"], false, "ArgumentError: No --roles match for nope");
}

#[test]
fn accessories_alone() {
    let text = SELECTED.replace("servers:\n  web: [ h1, h2 ]\n  job: { hosts: [ h3, h1 ] }\n", "");
    assert_eq!(
        selection(&project(&text), &[], &[], false),
        "hosts h9 (); roles ; app ; proxy ; accessories h9; primary h9 -; groups "
    );
}

#[test]
fn boot_groups() {
    let check = |limit: &str, expected: &[&[&str]]| {
        let configuration = project(&format!("{SELECTED}boot: {{ limit: {limit} }}\n"));
        let groups = Selection::new(&configuration, &Filter::default()).unwrap().boot_groups(&configuration);
        assert_eq!(groups, expected, "{limit}");
    };
    check("1", &[&["h1"], &["h2"], &["h3"]]);
    check("2", &[&["h1", "h2"], &["h3"]]);
    check("50%", &[&["h1", "h2"], &["h3"]]);
    check("25%", &[&["h1"], &["h2"], &["h3"]]);
    check("1%", &[&["h1"], &["h2"], &["h3"]]);
    check("100%", &[&["h1", "h2", "h3"]]);
}

#[test]
fn keys_in_the_file_are_moved_out_of_the_document() {
    let text = "ssh:\n  key_data:\n    - DEPLOY_KEY\n    - |\n      -----BEGIN KEY-----\n      b0dy\n";
    let configuration = project(&format!("{SIMPLE}{text}"));
    assert_eq!(configuration.ssh.key_data, ["DEPLOY_KEY", "ssh/key_data/1"]);
    assert_eq!(configuration.literals["ssh/key_data/1"].expose_secret(), "-----BEGIN KEY-----\nb0dy\n");
    assert_eq!(configuration.document.get("ssh").unwrap().to_json(), r#"{"key_data":["DEPLOY_KEY","[REDACTED]"]}"#);
}

#[test]
fn how_connections_and_outputs_are_set() {
    let check = |text: &str, expected: &str| {
        let Configuration { ssh, sshkit, hooks_output, output, .. } = project(&format!("{SIMPLE}{text}\n"));
        let level = |script: &str| hooks_output.of(script);
        let found = format!(
            "{:?} {} {} {} {:?} {:?} {:?} {:?}",
            ssh.log_level,
            sshkit.max_concurrent_starts,
            sshkit.pool_idle_timeout,
            sshkit.dns_retries,
            level("pre-deploy"),
            level("post-deploy"),
            output.file,
            output.otel
        );
        assert_eq!(found, expected, "{text}");
    };
    check("", "Nothing 30 900 3 None None None None");
    check("ssh: { log_level: debug }", "Everything 30 900 3 None None None None");
    check("ssh:\n  log_level: :warn", "Warnings 30 900 3 None None None None");
    check("ssh: { log_level: fatal }", "Nothing 30 900 3 None None None None");
    check(
        "sshkit: { max_concurrent_starts: 5, pool_idle_timeout: 60, dns_retries: 0 }",
        "Nothing 5 60 0 None None None None",
    );
    check("hooks_output: :verbose", "Nothing 30 900 3 Some(Verbose) Some(Verbose) None None");
    check("hooks_output: quiet", "Nothing 30 900 3 Some(Quiet) Some(Quiet) None None");
    check("hooks_output:\n  pre-deploy: :quiet", "Nothing 30 900 3 Some(Quiet) None None None");
    check(
        "output: { file: { path: log }, otel: { endpoint: 'http://collector:4318' } }",
        r#"Nothing 30 900 3 None None Some("log") Some("http://collector:4318")"#,
    );
}

#[test]
fn a_project_of_templates() {
    let configuration = project(include_str!("data/projects/templates.yml"));
    let roles: Vec<_> = configuration.roles.iter().map(|role| (role.name.as_str(), role.hosts.len())).collect();
    assert_eq!(roles, [("job", 1), ("web", 2)]);
    assert_eq!(configuration.roles[0].hosts[0].name, "10.0.0.2");
    assert_eq!(configuration.builder.arches, ["amd64"]);
    let clear = &configuration.roles[1].environments["10.0.0.1"].clear;
    assert_eq!(clear["DATABASE_URL"].as_deref(), Some("postgres://db:5432/shop"));
    assert_eq!(clear["HOST"], None);
}

#[test]
fn a_project_of_anchors_and_odd_scalars() {
    let configuration = project(include_str!("data/projects/anchors.yml"));
    let environment = &configuration.roles[1].environments["10.0.0.2"];
    let clear: Vec<_> =
        environment.clear.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        clear,
        [
            "TZ=Europe/Kyiv",
            "LEVEL=-1",
            "RATE=0.5",
            "DEBUG=false",
            "MASK=31",
            "OCTAL=8",
            "LIMIT=10000000",
            "WHEN=@daily",
            "LINES=one\ntwo\n",
            "FOLDED=one two",
            "THREADS=2",
            "REGION=eu",
        ]
    );
    let secret: Vec<_> = environment.secret.iter().map(|(name, secret)| format!("{name}:{secret}")).collect();
    assert_eq!(secret, ["DATABASE_URL:CRM_DATABASE_URL", "API_KEY:API_KEY", "SLOW_KEY:SLOW_KEY"]);
    let accessories: Vec<_> = configuration
        .accessories
        .iter()
        .map(|accessory| format!("{} {} {:?}", accessory.service_name, accessory.image, accessory.hosts))
        .collect();
    assert_eq!(
        accessories,
        [
            "crm-db postgres:17 [\"10.0.0.9\"]",
            "crm-db-replica postgres:17 [\"10.0.0.10\"]",
            "crm-cache_1 redis:7 [\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\"]",
        ]
    );
}
