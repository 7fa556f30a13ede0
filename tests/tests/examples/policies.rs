//! Policies judge plans that the real planner makes: what they let pass, what they deny and why.

use std::sync::Arc;

use plan::hooks::{Hooks, Verdict};
use plan::{Intent, Run};

use crate::scene::{plan_of, scene};

/// A project with everything that policies look at in its plainest form.
const PROJECT: &str = "
service: shop
image: acme/shop
servers:
  web: { hosts: [10.0.0.1, 10.0.0.2], options: { memory: 512m } }
registry: { server: ghcr.io, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
accessories:
  db: { image: postgres:17, host: 10.0.0.3, volumes: [data:/var/lib/postgresql] }
";

/// A run that a policy judges.
struct Case {
    policy: &'static str,
    settings: &'static str,
    project: String,
    subcommand: &'static str,
    destination: Option<&'static str>,
    started: u64,
}

impl Case {
    /// A setup of the plain project on a Saturday: 2026-01-31T10:00:00Z.
    fn of(policy: &'static str, settings: &'static str) -> Self {
        let project = PROJECT.to_string();
        Self { policy, settings, project, subcommand: "setup", destination: None, started: 1_769_853_600 }
    }

    /// The same, with a text of the project replaced.
    fn with(self, text: &str, other: &str) -> Self {
        assert!(self.project.contains(text), "the project has no `{text}`");
        Self { project: self.project.replace(text, other), ..self }
    }

    #[track_caller]
    fn passes(self) {
        self.comes_to(&[]);
    }

    /// Checks the verdicts, each with the title of its first step, if it is about steps.
    #[track_caller]
    fn comes_to(self, expected: &[&str]) {
        let intent = match self.subcommand {
            "app stop" => Intent::AppStop,
            "app boot" => Intent::AppBoot,
            "deploy" => Intent::Deploy { skip_push: true },
            _ => Intent::Setup { skip_push: true },
        };
        let entry = format!("with: {{ {} }}", self.settings);
        let (run, catalogue) = scene(self.policy, &entry, &self.project, self.destination, intent);
        let subcommand = self.subcommand.split(' ').map(str::to_string).collect();
        let run = Arc::new(Run { subcommand, started: self.started, ..run });
        let plan = Arc::new(plan_of(&run, &catalogue).expect("it plans"));
        let title = |steps: &[u32]| {
            let first = plan.steps().find(|(_, step)| Some(&step.id) == steps.first());
            first.map(|(_, step)| format!(": {}", step.title)).unwrap_or_default()
        };
        let told = |verdict: &Verdict| match verdict {
            Verdict::Warn { reason, steps } => format!("warns: {reason}{}", title(steps)),
            Verdict::Deny { reason, steps } => format!("denies: {reason}{}", title(steps)),
            Verdict::RequireApproval { reason, roles, count } => format!("approval of {count} {roles:?}: {reason}"),
        };
        let opinions = catalogue.review(&run, &Arc::default(), &plan);
        assert_eq!(opinions.len(), 1, "one policy judges");
        let mut found: Vec<String> = opinions[0].verdicts.iter().map(told).collect();
        found.dedup();
        assert_eq!(found, expected, "{} {}", self.policy, self.settings);
    }
}

#[test]
fn freeze_window_denies_what_brings_a_version_on_frozen_days() {
    let weekend = "days: [sat, sun]";
    let reason = ["denies: nobody deploys on a sat, and it is 2026-01-31 at UTC+00:00"];
    Case::of("freeze-window", weekend).comes_to(&reason);
    Case { subcommand: "deploy", ..Case::of("freeze-window", weekend) }.comes_to(&reason);
    Case { subcommand: "app boot", ..Case::of("freeze-window", weekend) }.comes_to(&reason);
    Case { subcommand: "app stop", ..Case::of("freeze-window", weekend) }.passes();
    Case { started: 1_769_853_600 - 86_400, ..Case::of("freeze-window", weekend) }.passes();
    Case::of("freeze-window", "").passes();
    Case::of("freeze-window", "days: [fri]").passes();
    Case::of("freeze-window", "days: [fri], utc_offset: '-11:00'")
        .comes_to(&["denies: nobody deploys on a fri, and it is 2026-01-30 at UTC-11:00"]);
    Case::of("freeze-window", "dates: ['2026-01-31']").comes_to(&["denies: nobody deploys on 2026-01-31"]);
}

#[test]
fn a_mistake_in_the_settings_of_a_policy_denies() {
    Case::of("freeze-window", "days: [friday]").comes_to(&[
        "denies: it gave no verdict: plugin `freeze-window` has no answer for `policy`: the setting `days` \
         has `friday`, which is none of mon, tue, wed, thu, fri, sat, sun",
    ]);
}

#[test]
fn image_allowlist_denies_images_from_elsewhere() {
    let all = "images: ['ghcr.io/acme/*', postgres, basecamp/kamal-proxy]";
    Case::of("image-allowlist", all).passes();
    Case { subcommand: "deploy", ..Case::of("image-allowlist", "images: ['ghcr.io/acme/*', basecamp/*]") }.passes();
    Case::of("image-allowlist", all)
        .with("postgres:17", "evil/postgres:17")
        .comes_to(&["denies: the image evil/postgres:17 is not among those that may be used: start container shop-db from evil/postgres:17"]);
    Case { subcommand: "app boot", ..Case::of("image-allowlist", "images: [postgres]") }.comes_to(&[
        "denies: the image ghcr.io/acme/shop:v1 is not among those that may be used: start container shop-web-v1",
    ]);
}

#[test]
fn image_allowlist_wants_digests_of_what_others_made() {
    let all = "images: ['ghcr.io/acme/*', postgres, basecamp/*], require_digest: true";
    let digest = format!("postgres@sha256:{}", "0".repeat(64));
    Case { subcommand: "app boot", ..Case::of("image-allowlist", all) }.passes();
    Case { subcommand: "app boot", ..Case::of("image-allowlist", all) }.with("postgres:17", &digest).passes();
    Case::of("image-allowlist", all).comes_to(&[
        "denies: the image postgres:17 is not named by its digest: start container shop-db from postgres:17",
    ]);
}

#[test]
fn no_privileged_denies_what_makes_a_container_master_of_its_host() {
    let check = |text: &str, other: &str, expected: &[&str]| {
        Case::of("no-privileged", "").with(text, other).comes_to(expected);
    };
    Case::of("no-privileged", "").passes();
    let app = |option: &'static str, reason: &'static str| {
        let expected = format!("denies: {reason}: start container shop-web-v1");
        check("memory: 512m", option, &[&expected]);
    };
    check("memory: 512m", "memory: 512m, init: true", &[]);
    app("privileged: true", "a privileged container is master of its host");
    app("cap-add: NET_ADMIN", "the capability NET_ADMIN is more than a container needs");
    app("pid: host", "a container with `--pid host` sees what its host does");
    app("network: host", "a container with `--network host` sees what its host does");
    app("volume: '/:/host'", "the volume /:/host gives the container its host");
    app("security-opt: apparmor=unconfined", "`--security-opt apparmor=unconfined` takes a guard away");
    let accessory = |other: &str, reason: &str| {
        check(
            "volumes: [data:/var/lib/postgresql]",
            other,
            &[&format!("denies: {reason}: start container shop-db from postgres:17")],
        );
    };
    check("volumes: [data:/var/lib/postgresql]", "volumes: [/srv/data:/var/lib/postgresql]", &[]);
    accessory(
        "volumes: ['/var/run/docker.sock:/sock']",
        "the volume /var/run/docker.sock:/sock gives the container its host",
    );
    accessory("volumes: ['/srv/../:/host']", "the volume /srv/../:/host gives the container its host");
    accessory("options: { privileged: true }", "a privileged container is master of its host");
    accessory("network: host", "a container with `--network host` sees what its host does");
}

#[test]
fn require_approval_asks_for_what_is_big_or_in_production() {
    Case::of("require-approval", "").passes();
    Case { destination: Some("staging"), ..Case::of("require-approval", "") }.passes();
    Case { destination: Some("production"), ..Case::of("require-approval", "roles: [lead], count: 2") }
        .comes_to(&[r#"approval of 2 ["lead"]: it is for production"#]);
    Case::of("require-approval", "more_hosts_than: 3").passes();
    Case::of("require-approval", "more_hosts_than: 2").comes_to(&["approval of 1 []: it touches 3 hosts, more than 2"]);
}

#[test]
fn preflight_denies_what_was_found_on_hosts() {
    let check = |settings: &str, expected: &[&str]| {
        let entry = format!("with: {{ {settings} }}");
        let (run, catalogue) = scene("preflight", &entry, PROJECT, None, Intent::Deploy { skip_push: true });
        let run = Arc::new(run);
        let engine = plan::Engine {
            version: "28.2.2".into(),
            architecture: "amd64".into(),
            proxied: false,
            folder: "/var/lib/docker".into(),
        };
        let condition =
            plan::Condition { engine: Some(engine), free: Some(1000), skew: Some(95), ..plan::Condition::unknown() };
        let hosts = [("10.0.0.1".to_string(), plan::HostFacts { condition, ..plan::HostFacts::bare() })];
        let facts = Arc::new(plan::Facts { hosts: hosts.into(), architecture: None });
        let plan = Arc::new(plan::plan(&run, &facts, &catalogue).expect("it plans"));
        let opinions = catalogue.review(&run, &facts, &plan);
        let reason = |verdict: &Verdict| match verdict {
            Verdict::Deny { reason, .. } => reason.clone(),
            other => panic!("{other:?}"),
        };
        let found: Vec<String> = opinions.iter().flat_map(|opinion| opinion.verdicts.iter().map(reason)).collect();
        assert_eq!(found, expected, "{settings}");
    };
    let disk = "10.0.0.1: only 0 MiB are free in /var/lib/docker, where docker keeps its data";
    let clock = "10.0.0.1: the clock is 95 seconds ahead of this machine's";
    check("", &[disk, clock]);
    check("deny: [clock-skew]", &[clock]);
    check("deny: [port-conflict]", &[]);
    check("allow_hosts: [10.0.0.1]", &[]);
}
