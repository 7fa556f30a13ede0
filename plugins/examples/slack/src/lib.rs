//! Tells a Slack channel what is deployed, by whom, where, and what became of it.

mod message;

use serde::Deserialize;
use sextant_sdk::{Deployment, Event, Fault, Notify, Text, network};

use message::Message;

/// What can be told.
const KINDS: [&str; 3] = ["started", "finished", "failed"];

/// What stands below `with:`.
#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    webhook: String,
    only: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { webhook: "SLACK_WEBHOOK".to_string(), only: KINDS.map(str::to_string).to_vec() }
    }
}

struct Slack;

impl Notify for Slack {
    fn tell(deployment: &Deployment, event: &Event) -> Result<(), Fault> {
        let settings: Settings =
            serde_json::from_str(&deployment.settings()).map_err(|error| invalid("with", error.to_string()))?;
        if let Some(unknown) = settings.only.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(invalid("only", format!("has `{unknown}`, which is none of {}", KINDS.join(", "))));
        }
        if !settings.only.contains(&event.kind()) {
            return Ok(());
        }
        let message = Message {
            kind: event.kind(),
            subcommand: deployment.subcommand(),
            service: deployment.service(),
            version: deployment.version(),
            destination: deployment.destination(),
            performer: deployment.performer(),
            hosts: event.hosts(),
            seconds: event.seconds(),
            error: event.error(),
        };
        post(&settings.webhook, &message)
    }
}

/// Posts a message. The webhook is the name of a secret: its value joins in the host.
fn post(webhook: &str, message: &Message) -> Result<(), Fault> {
    let body = serde_json::json!({ "text": message.text() }).to_string();
    let request = network::Request::new("POST", &Text::Secret(webhook.to_string()));
    request.header("Content-Type", &[Text::Clear("application/json".to_string())]);
    request.body(&[Text::Clear(body)]);
    let answer = network::send(&request)?;
    match answer.status() {
        200..=299 => Ok(()),
        status => {
            let said = String::from_utf8_lossy(&answer.body()).chars().take(100).collect::<String>();
            Err(Fault::Failed(format!("the webhook answered {status}: {said}")))
        }
    }
}

fn invalid(setting: &str, reason: String) -> Fault {
    Fault::InvalidSetting((setting.to_string(), reason))
}

sextant_sdk::export!(Slack: notify);
