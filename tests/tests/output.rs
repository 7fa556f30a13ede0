//! Where the story of a run goes: the terminal, a file, a log collector. The run is one that ends early, so it needs no host: a hook
//! script prints a secret, then the host cannot be reached.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread::JoinHandle;

use regex_lite::Regex;
use serde_json::Value;
use tests::sextant;

const PROJECT: &str = "\
service: shop
image: acme/shop
servers: [127.0.0.1]
ssh: { port: 1, user: app, keys_only: true }
registry:
  username: acme
  password: [PASSWORD]
builder: { arch: amd64 }
";

#[test]
fn hook_scripts_are_shown_as_the_project_asks_unless_the_operator_asks_otherwise() {
    let check = |setting: &str, words: &[&str], expected: &[&str]| {
        let run = Run::of(&format!("{PROJECT}{setting}\n"), words);
        let shown = ["run the hook script pre-connect  ok", "| on standard output", "| on standard error", "error: "];
        let found: Vec<&str> = shown.into_iter().filter(|text| run.stderr.contains(text)).collect();
        assert_eq!(found, expected, "{setting} {words:?}\n{}", run.stderr);
        assert!(!run.stderr.contains("hunter22"), "{}", run.stderr);
    };
    let [ended, out, err, error] =
        ["run the hook script pre-connect  ok", "| on standard output", "| on standard error", "error: "];
    check("", &[], &[ended, error]);
    check("", &["-v"], &[ended, out, err, error]);
    check("", &["-q"], &[error]);
    check("hooks_output: :verbose", &[], &[ended, out, err, error]);
    check("hooks_output: :verbose", &["-q"], &[error]);
    check("hooks_output: :quiet", &[], &[error]);
    check("hooks_output: quiet", &["-v"], &[ended, out, err, error]);
    check("hooks_output: { pre-connect: verbose }", &[], &[ended, out, err, error]);
    check("hooks_output: { pre-deploy: verbose }", &[], &[ended, error]);
}

#[test]
fn a_run_is_written_to_a_file() {
    let run = Run::of(&format!("{PROJECT}output: {{ file: {{ path: log/deploys }} }}\n"), &["-d", "staging"]);
    let mut files = std::fs::read_dir(run.folder.path().join("log/deploys")).expect("the folder of logs");
    let file = files.next().expect("one log").expect("that can be read");
    assert!(files.next().is_none());
    let name = file.file_name().into_string().expect("a name in UTF-8");
    assert!(pattern(r"^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_staging_prune_all\.log$").is_match(&name), "{name}");
    let written = std::fs::read_to_string(file.path()).expect("a log");
    let written = pattern(r"\d+\.\d+( seconds|s\))").replace_all(&written, "N$1").into_owned();
    let written = in_order(written.lines().map(str::to_string).collect()).join("\n") + "\n";
    assert_eq!(
        written,
        "  INFO Hook script pre-connect
  INFO [0] run the hook script pre-connect on local
 DEBUG [0] Command: KAMAL_RECORDED_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ) exec ./.kamal/hooks/pre-connect
 DEBUG [0] \ton standard output: [REDACTED]
 DEBUG [0] \ton standard error
  INFO [0] Finished in N seconds with exit status 0 (successful)
  INFO Looking at 127.0.0.1
# FAILED: SSHKit::Runner::ExecuteError: failed to reach `127.0.0.1`: connect to host 127.0.0.1 port 1: Connection refused (Ns)
"
    );
    assert!(run.stderr.contains(&format!("Logs written to log/deploys/{name}\n")), "{}", run.stderr);
}

#[test]
fn a_run_is_sent_to_a_collector() {
    let collector = Collector::start();
    let endpoint = format!("http://127.0.0.1:{}/", collector.port);
    let run = Run::of(&format!("{PROJECT}output: {{ otel: {{ endpoint: '{endpoint}' }} }}\n"), &["-d", "staging"]);
    assert!(run.stderr.contains(&format!("Logs sent to {endpoint}\n")), "{}", run.stderr);
    let request = collector.request.join().expect("one request");
    assert_eq!(request.line, "POST /v1/logs HTTP/1.1");
    assert!(!request.body.contains("hunter22"), "{}", request.body);

    let document: Value = serde_json::from_str(&request.body).expect("a document");
    let attributes = |node: &Value| -> Vec<String> {
        let pair = |attribute: &Value| {
            let value =
                attribute["value"].as_object().and_then(|value| value.values().next()).cloned().unwrap_or_default();
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            format!("{}={value}", attribute["key"].as_str().unwrap_or_default())
        };
        node["attributes"].as_array().into_iter().flatten().map(pair).collect()
    };
    let resource = &document["resourceLogs"][0];
    let mut sender = attributes(&resource["resource"]);
    assert!(
        pattern(r"^kamal\.run_id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            .is_match(&sender.remove(2))
    );
    let version = concat!("telemetry.distro.version=", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        sender,
        [
            "service.name=kamal",
            "service.version=2.12.0",
            "service.namespace=shop",
            "kamal.deploy_version=v1",
            "kamal.performer=dev@example.com",
            "telemetry.distro.name=sextant",
            version,
            "deployment.environment.name=staging",
        ]
    );
    let records = resource["scopeLogs"][0]["logRecords"].as_array().expect("records");
    let shown: Vec<String> = records
        .iter()
        .map(|record| {
            let text = record["body"]["stringValue"].as_str().unwrap_or_default();
            let shown = format!(
                "{} {text} {}",
                record["severityText"].as_str().unwrap_or_default(),
                attributes(record).join(" ")
            );
            pattern(r"(in |runtime=)\d+\.\d+").replace_all(shown.trim_end(), "${1}N").into_owned()
        })
        .collect();
    assert_eq!(
        in_order(shown),
        [
            "INFO kamal.start event.name=kamal.start kamal.command=prune all kamal.hosts=127.0.0.1",
            "INFO Hook script pre-connect",
            "INFO [0] run the hook script pre-connect on local",
            "DEBUG [0] Command: KAMAL_RECORDED_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ) exec ./.kamal/hooks/pre-connect",
            "DEBUG [0] \ton standard output: [REDACTED] log.iostream=stdout",
            "DEBUG [0] \ton standard error log.iostream=stderr",
            "INFO [0] Finished in N seconds with exit status 0 (successful)",
            "INFO Looking at 127.0.0.1",
            "ERROR kamal.failed event.name=kamal.failed kamal.command=prune all kamal.runtime=N \
             exception.type=SSHKit::Runner::ExecuteError exception.message=failed to reach `127.0.0.1`: connect to host 127.0.0.1 \
             port 1: Connection refused",
        ]
    );
    assert!(records.iter().all(|record| record["timeUnixNano"].as_str().is_some_and(|time| time.len() == 19)));
}

#[test]
fn a_collector_that_is_away_costs_one_line() {
    let run = Run::of(&format!("{PROJECT}output: {{ otel: {{ endpoint: 'http://127.0.0.1:1' }} }}\n"), &[]);
    assert_eq!(run.stderr.matches("OTel log shipping failed: ").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("Logs sent"), "{}", run.stderr);
    assert!(run.stderr.contains("error: failed to reach `127.0.0.1`"), "{}", run.stderr);
}

/// One run of `prune all` that ends at the host.
struct Run {
    folder: tempfile::TempDir,
    stderr: String,
}

impl Run {
    fn of(project: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str, mode: u32| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder in it");
            std::fs::write(&path, text).expect("a file in that");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        };
        write("config/deploy.yml", project, 0o644);
        write("config/deploy.staging.yml", "{}\n", 0o644);
        write(".kamal/secrets-common", "PASSWORD=hunter22\n", 0o600);
        write(".kamal/secrets", "PASSWORD=hunter22\n", 0o600);
        let script = "#!/bin/sh\necho \"on standard output: $PASSWORD\"\necho on standard error >&2\n";
        write(".kamal/hooks/pre-connect", script, 0o755);
        let git = |words: &[&str]| {
            let done = Command::new("git").args(words).current_dir(folder.path()).output().expect("git");
            assert!(done.status.success(), "git {words:?}");
        };
        git(&["init", "--quiet"]);
        git(&["config", "user.email", "dev@example.com"]);
        let output = Command::new(sextant())
            .args(["prune", "all"])
            .args(words)
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", cache())
            .env("VERSION", "v1")
            .env("NO_COLOR", "1")
            .output()
            .expect("sextant can be run");
        assert_eq!(output.status.code(), Some(1));
        Self { folder, stderr: String::from_utf8(output.stderr).expect("the program writes UTF-8") }
    }
}

/// Compiled plugins outlive a test: every run would compile them again otherwise.
fn cache() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("output-cache")
}

/// A collector that takes one request.
struct Collector {
    port: u16,
    request: JoinHandle<Request>,
}

struct Request {
    line: String,
    body: String,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let request = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(&stream);
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line");
                if line.trim().is_empty() {
                    break;
                }
                head.push(
                    line.trim()
                        .to_ascii_lowercase()
                        .split_once(": ")
                        .map_or_else(|| line.trim().to_string(), |(name, value)| format!("{name}: {value}")),
                );
            }
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            let mut body = vec![0; length.parse().expect("a number")];
            reader.read_exact(&mut body).expect("a body");
            (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").expect("an answer");
            Request { line: head[0].clone(), body: String::from_utf8(body).expect("UTF-8") }
        });
        Self { port, request }
    }
}

/// The lines with the script's two outputs in the order in which it wrote them: they come by different ways, and either may be first.
fn in_order(mut lines: Vec<String>) -> Vec<String> {
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    if let (Some(out), Some(err)) = (place("on standard output"), place("on standard error"))
        && err < out
    {
        lines.swap(out, err);
    }
    lines
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}
