//! `output.otel`: the story of a run as records for an OpenTelemetry collector, over HTTP as JSON.
//!
//! A thread sends them in batches. A collector that is slow or away costs nobody anything but one line on standard error: records that
//! find no room are left out, and the end of a run waits for the last ones a few seconds at most.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lifecycle::{Event, Events};
use plan::{Intent, Run};
use serde_json::{Value, json};
use transport::{Collector, Stream};

use super::errors::class;
use super::lines::{Level, Line, lines};
use crate::console::say;

/// How many records go in one request.
const BATCH: usize = 100;

/// How long a record waits for others.
const FLUSH: Duration = Duration::from_secs(5);

/// How many records may wait to be sent.
const ROOM: usize = 10_000;

/// How long the end of a run waits for what is not sent yet.
const LAST_MOMENT: Duration = Duration::from_secs(10);

/// Sends what it is told; everything is sent, or given up, when it is dropped.
pub struct OtelLogger {
    records: Option<SyncSender<Value>>,
    sender: Option<JoinHandle<bool>>,
    endpoint: String,
    deployment: Vec<Value>,
    command: String,
    quiet: bool,
}

impl OtelLogger {
    /// Begins with the event `kamal.start`.
    pub fn start(endpoint: &str, run: &Run, quiet: bool) -> std::io::Result<Self> {
        let collector = Collector::new(format!("{}/v1/logs", endpoint.trim_end_matches('/')));
        let resource = json!({ "attributes": resource(run) });
        let (records, arriving) = sync_channel(ROOM);
        let sender = std::thread::Builder::new()
            .name("log records".to_string())
            .spawn(move || send(&collector, &resource, &arriving))?;
        let logger = Self {
            records: Some(records),
            sender: Some(sender),
            endpoint: endpoint.to_string(),
            deployment: deployment(run),
            command: run.subcommand.join(" "),
            quiet,
        };
        let hosts = run.selection.hosts.join(",");
        logger.event("kamal.start", Level::Info, vec![attribute("kamal.hosts", &hosts)]);
        Ok(logger)
    }

    fn event(&self, name: &str, level: Level, more: Vec<Value>) {
        let mut attributes = vec![attribute("event.name", name), attribute("kamal.command", &self.command)];
        attributes.extend(self.deployment.iter().cloned());
        attributes.extend(more);
        let mut record = record(level, name, attributes);
        record["eventName"] = json!(name);
        self.record(record);
    }

    fn record(&self, record: Value) {
        if let Some(records) = &self.records {
            // Without room it is lost: a log must not hold up what it is about.
            let _ = records.try_send(record);
        }
    }
}

impl Events for OtelLogger {
    fn tell(&self, event: Event<'_>) {
        for line in lines(event) {
            self.record(of_line(&line));
        }
        let runtime = |took: Duration| json!({ "key": "kamal.runtime", "value": { "doubleValue": tenths(took) } });
        match event {
            Event::Finished { took } => {
                let mut attributes = vec![runtime(took)];
                attributes.extend(self.status("succeeded"));
                self.event("kamal.complete", Level::Info, attributes);
            }
            Event::Failed { error, took } => {
                let mut attributes = vec![
                    runtime(took),
                    attribute("exception.type", &class(error)),
                    attribute("exception.message", &error.to_string()),
                ];
                attributes.extend(self.status("failed"));
                self.event("kamal.failed", Level::Error, attributes);
            }
            _ => {}
        }
    }
}

impl OtelLogger {
    fn status(&self, status: &str) -> Option<Value> {
        (!self.deployment.is_empty()).then(|| attribute("deployment.status", status))
    }
}

impl Drop for OtelLogger {
    fn drop(&mut self) {
        drop(self.records.take());
        let sent = self.sender.take().is_some_and(|sender| sender.join().unwrap_or(false));
        if sent && !self.quiet {
            say(&format!("Logs sent to {}", self.endpoint));
        }
    }
}

/// Sends batches until there are no more records. Tells whether all went well.
fn send(collector: &Collector, resource: &Value, arriving: &Receiver<Value>) -> bool {
    let mut failed = false;
    let mut last_moment = None;
    loop {
        let (batch, is_last) = batch(arriving);
        if is_last {
            last_moment.get_or_insert_with(|| Instant::now() + LAST_MOMENT);
        }
        let too_late = last_moment.is_some_and(|moment| failed || Instant::now() > moment);
        if !batch.is_empty() && !too_late {
            let document = json!({
                "resourceLogs": [{ "resource": resource, "scopeLogs": [{ "scope": { "name": "kamal" }, "logRecords": batch }] }],
            });
            if let Err(reason) = collector.post(&document.to_string()) {
                if !failed {
                    say(&format!("OTel log shipping failed: {reason}"));
                }
                failed = true;
            }
        }
        if is_last {
            return !failed;
        }
    }
}

/// The next records, and whether they are the last.
fn batch(arriving: &Receiver<Value>) -> (Vec<Value>, bool) {
    let mut batch = Vec::new();
    let deadline = Instant::now() + FLUSH;
    while batch.len() < BATCH {
        match arriving.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(record) => batch.push(record),
            Err(RecvTimeoutError::Timeout) => return (batch, false),
            Err(RecvTimeoutError::Disconnected) => return (batch, true),
        }
    }
    (batch, false)
}

fn of_line(line: &Line) -> Value {
    let mut attributes = Vec::new();
    attributes.extend(line.host.as_ref().map(|host| attribute("server.address", host)));
    attributes.extend(
        line.stream.map(|stream| attribute("log.iostream", if stream == Stream::Stdout { "stdout" } else { "stderr" })),
    );
    record(line.level, &line.text, attributes)
}

fn record(level: Level, text: &str, attributes: Vec<Value>) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string();
    json!({
        "timeUnixNano": now, "observedTimeUnixNano": now,
        "severityNumber": level as u8, "severityText": level.name(),
        "body": { "stringValue": text }, "attributes": attributes,
    })
}

/// Who sends the records. `service.name` is Kamal's, so that dashboards find them.
fn resource(run: &Run) -> Vec<Value> {
    let mut attributes = vec![
        attribute("service.name", "kamal"),
        attribute("service.version", configuration::KAMAL_VERSION),
        attribute("kamal.run_id", &identifier(run, "run")),
        attribute("service.namespace", &run.configuration.service),
        attribute("kamal.deploy_version", &run.version),
        attribute("kamal.performer", &run.performer),
        attribute("telemetry.distro.name", "sextant"),
        attribute("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
    ];
    attributes
        .extend(run.configuration.destination.as_ref().map(|name| attribute("deployment.environment.name", name)));
    attributes
}

/// What names the deployment, where the run is one.
fn deployment(run: &Run) -> Vec<Value> {
    match run.intent {
        Intent::Setup { .. } | Intent::Deploy { .. } | Intent::Redeploy { .. } | Intent::Rollback => vec![
            attribute("deployment.id", &identifier(run, "deployment")),
            attribute("deployment.name", &format!("{} {}", run.subcommand.join(" "), run.configuration.service)),
        ],
        _ => Vec::new(),
    }
}

/// A random UUID for a purpose: the run's own token, with the bits that every such UUID has.
fn identifier(run: &Run, purpose: &str) -> String {
    let hex = run.token(purpose, 32);
    let variant = ["8", "9", "a", "b"][usize::from_str_radix(&hex[16..17], 16).unwrap_or_default() % 4];
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}
