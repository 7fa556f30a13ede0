//! Tells a webhook what happens.

use sextant_sdk::network::Request;
use sextant_sdk::{Deployment, Event, Fault, Notify, secret};
use serde::Serialize;

struct Webhook;

/// What the webhook gets.
#[derive(Serialize)]
struct Message {
    text: String,
}

impl Notify for Webhook {
    fn tell(deployment: &Deployment, event: &Event) -> Result<(), Fault> {
        let what = format!("{} of {} {}", deployment.subcommand(), deployment.service(), deployment.version());
        let text = sentence(&what, &event.kind(), event.seconds(), event.error().as_deref());
        Request::post(secret("WEBHOOK_URL")).with_json(&Message { text })?.send()?.successful()?;
        Ok(())
    }
}

/// What happened, in a sentence.
fn sentence(what: &str, kind: &str, seconds: u64, error: Option<&str>) -> String {
    match (kind, error) {
        ("started", _) => format!("{what} begins"),
        (_, Some(error)) => format!("{what} failed after {seconds} s: {error}"),
        _ => format!("{what} {kind} after {seconds} s"),
    }
}

sextant_sdk::export!(Webhook: notify);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_a_sentence() {
        let check = |kind: &str, error: Option<&str>, expected: &str| {
            assert_eq!(sentence("deploy of shop v1", kind, 12, error), expected);
        };
        check("started", None, "deploy of shop v1 begins");
        check("finished", None, "deploy of shop v1 finished after 12 s");
        check("failed", Some("no answer"), "deploy of shop v1 failed after 12 s: no answer");
    }
}
