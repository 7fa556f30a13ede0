//! What other ports of Kamal got wrong, and the case that shows it right here. Their unit tests were green throughout, so each of
//! these is a whole run: a project in, calls and files on hosts out.

use tests::house;

/// A mistake, the case that would show it, and what stands there that would be missing or different.
type Regression = (&'static str, &'static str, &'static [&'static str]);

const REGRESSIONS: [Regression; 18] = [
    (
        "secrets never reach containers",
        "deploy",
        &[
            "--env-file .kamal/apps/myapp/env/roles/web.env",
            "0600 .kamal/apps/myapp/env/roles/web.env",
            "RAILS_MASTER_KEY=m4st3rk3y",
        ],
    ),
    (
        "a database boots without its password",
        "accessory_boot",
        &["--env-file .kamal/apps/shop-staging/env/accessories/db.env", "MYSQL_ROOT_PASSWORD=r00t#pw"],
    ),
    (
        "a database boots although its password is missing",
        "accessory_boot_with_a_missing_secret",
        &["exit 1", "Secret 'MYSQL_ROOT_PASSWORD' not found"],
    ),
    (
        "a lock that is held on one host is passed by on the others",
        "lock_held_on_a_fleet",
        &["machine 10.0.0.2", "machine 10.0.0.3", "nothing was touched"],
    ),
    (
        "the lock is released on another host than it was taken on",
        "unhealthy_primary_role",
        &["machine 10.0.0.2", "files 10.0.0.1", "files 10.0.0.2"],
    ),
    (
        "with --hosts the lock is on a host that nobody named",
        "one_host_of_several",
        &["Took the deploy lock on 10.0.0.2"],
    ),
    ("the lock is where Kamal does not look", "lock_acquire", &["0644 .kamal/lock-myapp/details"]),
    (
        "the lock of a destination is where Kamal does not look",
        "lock_held_on_a_fleet",
        &["lock .kamal/lock-shop-staging"],
    ),
    (
        "the lock does not say who holds it",
        "lock_acquire",
        &["Locked by: Dev at T", "Version: v1", "Message: maint window"],
    ),
    ("docker's network is missing on a fresh host", "setup_of_a_fresh_host", &["network create kamal"]),
    (
        "docker's network is missing where only an accessory runs",
        "accessory_boot",
        &["calls 10.0.0.9", "network create kamal"],
    ),
    (
        "the proxy's settings are elsewhere for root",
        "setup_of_a_fresh_host",
        &["--volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config", "0755 .kamal/proxy/apps-config/"],
    ),
    ("the audit log is never written", "deploy", &["0644 .kamal/myapp-audit.log", "[web] Booted app version v1"]),
    ("what a command prints on a host is lost", "app_version", &["App Host: 10.0.0.1", "v0"]),
    (
        "the shell takes values apart",
        "one_host_of_several",
        &[r#"--env 'TRICKY=a$b `c` "d" $PWD'"#, r"DB_PASSWORD=f1rst\\nl1ne", "--env LEVEL=debug"],
    ),
    (
        "the registry's password is shown",
        "wrong_registry_password",
        &["login ghcr.io -u acme --password-stdin", "unauthorized: [REDACTED] is not the password of acme"],
    ),
    ("templates are not rendered", "templates", &["ENV.fetch", "- 10.0.0.2"]),
    ("a template's command runs unasked", "templates_run_no_commands", &["exit 1", "was not run"]),
];

#[test]
fn every_mistake_of_other_ports_has_a_case() {
    for (mistake, case, shown) in REGRESSIONS {
        let path = house().join("tests/cases").join(format!("{case}.case"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{mistake}: {}: {error}", path.display()));
        for line in shown {
            assert!(text.contains(line), "{mistake}: {case} does not show {line:?}");
        }
    }
}
