//! A case for every failure that people ask about: what the journal holds, and what is made of it.

mod rig;

use explanation::Explanation;
use rig::{Failing, good, run};

/// A failure is explained with this cause, this limit, this key to look at first, and this line among the evidence.
#[track_caller]
fn check(failing: Failing, cause: &str, limit: Option<(&str, u64)>, key: &str, line: &str) -> Explanation {
    let explained = failing.explained();
    let shown = serde_json::to_string_pretty(&explained).expect("an explanation can be written");
    assert_eq!(explained.cause, cause, "{shown}");
    let found = explained.limit.as_ref().map(|limit| (limit.name.as_str(), limit.seconds));
    assert_eq!(found, limit, "{shown}");
    assert!(explained.look_at.iter().any(|look| look == key), "no {key} in {shown}");
    assert!(explained.evidence.iter().any(|said| said.contains(line)), "no {line} in {shown}");
    explained
}

const UNHEALTHY: &str = "Error: target failed to become healthy within configured timeout (30s)";
const TIMEOUT: Option<(&str, u64)> = Some(("deploy_timeout", 30));

#[test]
fn an_app_that_starts_too_slowly() {
    let failing =
        Failing::step("route").saying(UNHEALTHY).logging(&["=> Booting Puma", "=> Rails 8.1 application starting"]);
    let explained = check(failing, "deploy-timeout", TIMEOUT, "deploy_timeout", "Booting Puma");
    let place = explained.place.expect("a step failed");
    assert_eq!((place.machine.to_string().as_str(), place.role.as_deref()), ("10.0.0.1", Some("web")));
    assert_eq!(place.title.as_deref(), Some("route requests to shop-web-v2 once it is healthy"));
}

#[test]
fn an_app_that_listens_on_another_port() {
    let failing = Failing::step("route").saying(UNHEALTHY).logging(&["* Listening on http://0.0.0.0:8080"]);
    let explained = check(failing, "wrong-app-port", TIMEOUT, "servers/web/proxy/app_port", "0.0.0.0:8080");
    assert_eq!(explained.what, "the app listens on port 8080, and the proxy asks port 3000");
}

#[test]
fn an_app_that_listens_where_it_should_is_not_at_fault_for_its_port() {
    let failing = Failing::step("route").saying(UNHEALTHY).logging(&["* Listening on http://0.0.0.0:3000"]);
    check(failing, "deploy-timeout", TIMEOUT, "proxy/healthcheck/path", "0.0.0.0:3000");
}

#[test]
fn an_app_that_answers_the_check_with_an_error() {
    let log = ["* Listening on http://0.0.0.0:3000", "10.0.0.2 - \"GET /up HTTP/1.1\" 404 0.01"];
    check(
        Failing::step("route").saying(UNHEALTHY).logging(&log),
        "health-check-refused",
        TIMEOUT,
        "proxy/healthcheck/path",
        "GET /up",
    );
    let log = ["[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: 172.18.0.4:3000"];
    check(
        Failing::step("route").saying(UNHEALTHY).logging(&log),
        "health-check-refused",
        TIMEOUT,
        "proxy/host",
        "Blocked hosts",
    );
}

#[test]
fn an_app_that_crashes() {
    let log = ["bin/rails aborted!", "KeyError: key not found: \"DATABASE_URL\"", "config/database.yml:3"];
    check(Failing::step("route").saying(UNHEALTHY).logging(&log), "app-crashes", TIMEOUT, "env", "DATABASE_URL");
}

#[test]
fn a_worker_that_ends_before_it_counts_as_ready() {
    let said = "container not ready after 30 seconds (restarting)";
    let failing = Failing::step("await-healthy").saying(said).logging(&["Traceback (most recent call last):"]);
    check(failing, "app-crashes", TIMEOUT, "readiness_delay", "Traceback");
    let failing = Failing::step("await-healthy").saying("container not ready after 30 seconds (starting)");
    check(failing, "deploy-timeout", TIMEOUT, "readiness_delay", "(starting)");
}

#[test]
fn an_image_that_cannot_be_pulled() {
    let denied = "Error response from daemon: pull access denied for acme/shop, repository does not exist or may require 'docker login'";
    check(Failing::step("pull").saying(denied), "pull-denied", None, "registry/password", "pull access denied");
    let unknown =
        "Error response from daemon: manifest for ghcr.io/acme/shop:v2 not found: manifest unknown: manifest unknown";
    check(Failing::step("pull").saying(unknown), "image-not-found", None, "--version", "manifest unknown");
    let refused =
        "Error response from daemon: Get \"https://ghcr.io/v2/\": dial tcp 1.2.3.4:443: connect: connection refused";
    check(Failing::step("pull").saying(refused), "registry-unreachable", None, "registry/server", "refused");
    check(
        Failing::step("require-service-label").saying("Image is missing the 'service' label"),
        "image-of-another-service",
        None,
        "service",
        "label",
    );
}

#[test]
fn a_registry_that_does_not_let_us_in() {
    let said = "Error response from daemon: Get \"https://ghcr.io/v2/\": unauthorized: incorrect username or password";
    check(Failing::step("login").saying(said), "registry-login", None, "registry/password", "unauthorized");
    check(
        Failing::step("login").saying("dial tcp: lookup ghcr.io: no such host"),
        "registry-unreachable",
        None,
        "registry/server",
        "no such host",
    );
}

#[test]
fn a_disk_that_is_full() {
    let said = "failed to register layer: write /usr/lib/libc.so: no space left on device";
    for step in ["pull", "start-container", "write-environment-file", "build"] {
        check(Failing::step(step).saying(said), "disk-full", None, "retain_containers", "no space left");
    }
}

#[test]
fn a_port_that_is_taken() {
    let said = "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated";
    check(Failing::step("boot-proxy").saying(said), "port-in-use", None, "proxy/run/http_port", "already allocated");
    check(
        Failing::step("start-container").saying(said),
        "port-in-use",
        None,
        "servers/web/options/publish",
        "already allocated",
    );
}

#[test]
fn an_image_for_another_processor() {
    let log = ["exec /rails/bin/docker-entrypoint: exec format error"];
    check(
        Failing::step("route").saying(UNHEALTHY).logging(&log),
        "wrong-architecture",
        None,
        "builder/arch",
        "exec format error",
    );
    let said = "no matching manifest for linux/arm64/v8 in the manifest list entries";
    check(Failing::step("pull").saying(said), "wrong-architecture", None, "builder/arch", "no matching manifest");
}

#[test]
fn a_host_without_memory() {
    let log = ["Killed", "container exited (137), OOMKilled: true"];
    check(
        Failing::step("route").saying(UNHEALTHY).logging(&log),
        "out-of-memory",
        None,
        "servers/web/options/memory",
        "OOMKilled",
    );
}

#[test]
fn a_hook_script_that_fails() {
    let explained = check(
        Failing::step("hook-script").exiting(1).saying("tests are red"),
        "hook-script",
        None,
        ".kamal/hooks/pre-deploy",
        "tests are red",
    );
    assert_eq!(explained.why, "it ended with exit code 1, which stops the run");
    check(
        Failing::step("hook-script").exiting(126).saying("Permission denied"),
        "hook-script",
        None,
        "`chmod +x .kamal/hooks/pre-deploy`",
        "denied",
    );
}

#[test]
fn a_host_that_does_not_answer() {
    let refused = "failed to reach `10.0.0.1`: connect to host 10.0.0.1 port 22: Connection refused";
    check(Failing::before(refused), "unreachable", None, "ssh/port", "refused");
    let silent = "failed to reach `10.0.0.1`: connect to host 10.0.0.1 port 22: Connection timed out";
    check(Failing::before(silent), "unreachable", Some(("time to connect", 15)), "servers", "timed out");
    let unauthorized = "failed to log in to `10.0.0.1`: root@10.0.0.1: Permission denied (publickey)";
    check(Failing::before(unauthorized), "ssh-refused", None, "ssh/keys", "publickey");
    let failing = Failing::step("start-container")
        .because("time-limit", "failed to finish start container on `10.0.0.1` within 600 s");
    check(failing, "time-limit", Some(("the step's own", 600)), "ssh", "within 600 s");
    let failing = Failing::step("start-container").because("connection", "failed to hear from `10.0.0.1`: closed");
    check(failing, "connection-lost", None, "ssh", "closed");
}

#[test]
fn a_lock_that_somebody_else_holds() {
    check(
        Failing::before("the deploy lock on 10.0.0.1 is held"),
        "lock-held",
        None,
        "--lock-wait waits for it",
        "held",
    );
    let failing = Failing::before("Timed out after 900s waiting for the deploy lock");
    check(failing, "lock-held", Some(("--lock-wait-timeout", 900)), "--lock-wait-timeout", "900s");
    check(
        Failing::before("Deploy lock held manually, not waiting"),
        "lock-held",
        None,
        "`sextant lock release`",
        "manually",
    );
}

#[test]
fn a_secret_that_does_not_exist() {
    let said = "Secret 'RAILS_MASTER_KEY' not found in .kamal/secrets-common, .kamal/secrets";
    let explained = check(Failing::before(said), "missing-secret", None, ".kamal/secrets", "RAILS_MASTER_KEY");
    assert_eq!(explained.what, "the secret `RAILS_MASTER_KEY` does not exist");
}

#[test]
fn a_proxy_that_is_too_old() {
    let said = "kamal-proxy version v0.8.1 on 10.0.0.2 is too old, at least v0.9.0 is needed";
    check(Failing::before(said), "proxy-too-old", None, "proxy/run/version", "v0.8.1");
}

#[test]
fn a_rollback_to_a_version_that_is_gone() {
    let said = "the app version `v0` is not available as a container on 10.0.0.1";
    check(Failing::before(said), "missing-version", None, "retain_containers", "v0");
}

#[test]
fn an_accessory_that_drifted() {
    let said = "Conflict. The container name \"/shop-db\" is already in use by container \"1f2e\".";
    check(Failing::step("start-accessory").saying(said), "accessory-drift", None, "accessories", "already in use");
}

#[test]
fn a_fleet_that_is_left_in_pieces() {
    let explained = Failing::step("route").saying(UNHEALTHY).on("10.0.0.2").explained();
    assert_eq!(
        explained.fleet,
        ["10.0.0.1, role web: runs the new version", "10.0.0.2, role web: failed, and keeps the version that it had",]
    );
    assert!(Failing::step("route").saying(UNHEALTHY).explained().fleet.is_empty(), "all hosts are alike");
}

#[test]
fn what_differs_from_the_last_run_that_went_well() {
    let now = run("v2", "    proxy: { app_port: 3000 }\n", "0.2.0");
    let differs = Failing::step("route").saying(UNHEALTHY).of(now).explained_after(&good()).differs;
    assert_eq!(
        differs,
        [
            "version: v1 then, v2 now",
            "Sextant: 0.1.0 then, 0.2.0 now",
            "plugin app: aaaaaaaaaaaa then, bbbbbbbbbbbb now",
            "configuration: -       app_port: 80",
            "configuration: +       app_port: 3000",
        ]
    );
}

#[test]
fn a_failure_that_nobody_knows() {
    let explained = Failing::step("tag").saying("something strange").explained();
    assert_eq!(
        (explained.cause, explained.evidence.as_slice()),
        ("unknown", ["something strange".to_string()].as_slice())
    );
}

#[test]
fn a_failure_that_looked_like_success_elsewhere_has_its_exit_code_told() {
    // A script that calls a program which is not there: a shell goes on after it, a run does not.
    let explained = Failing::step("hook-script").exiting(127).saying("kamla: not found").explained();
    assert_eq!(explained.why, "a program that it calls, or its interpreter, is not on this machine");
    // So does a rollback to a version that does not exist: Kamal ends with 0.
    let said = "the app version `--help` is not available as a container on 10.0.0.1";
    check(Failing::before(said), "missing-version", None, "retain_containers", "--help");
}

#[test]
fn an_explanation_that_programs_read() {
    let explained =
        Failing::step("route").saying(UNHEALTHY).logging(&["* Listening on http://0.0.0.0:8080"]).explained();
    let told = serde_json::to_value(&explained).expect("an explanation can be written");
    assert_eq!((&told["cause"], &told["limit"]["seconds"]), (&"wrong-app-port".into(), &30.into()));
    assert_eq!((&told["place"]["role"], &told["look_at"][0]), (&"web".into(), &"servers/web/proxy/app_port".into()));
    assert!(told["evidence"].as_array().is_some_and(|lines| !lines.is_empty()), "{told}");
}

#[test]
fn a_log_of_thousands_of_lines_is_told_by_its_end() {
    let noise: Vec<String> = (0..5000).map(|line| format!("DEBUG line {line}")).collect();
    let log: Vec<&str> = noise.iter().map(String::as_str).chain(["FATAL: password authentication failed"]).collect();
    let explained = Failing::step("tag").saying("something strange").logging(&log).explained();
    assert_eq!(explained.evidence.len(), 20);
    assert_eq!(explained.evidence.last().map(String::as_str), Some("FATAL: password authentication failed"));
}
