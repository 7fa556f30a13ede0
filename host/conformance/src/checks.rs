//! The checks, but for idempotency.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use manifest::{Capabilities, Kind};
use plan::hooks::Refusal;
use plan::{Action, HookError};
use plugin_runtime::{Limits, Told};
use serde_json::Value;

use crate::world::{PLANTED, planted};
use crate::{Outcome, Trial, Tried, is_adapter};

/// Its manifest is there and fits the settings that it is tried with.
pub(crate) fn manifest(trial: &Trial<'_>) -> Outcome {
    let Some(manifest) = trial.specimen.manifest() else {
        let contract = trial.specimen.contract();
        return Outcome::Skipped(format!("it has none, so it asks for nothing (contract {contract})"));
    };
    let settings = trial.setting.settings.as_deref().unwrap_or("{}");
    let settings: Value = serde_json::from_str(settings).unwrap_or_default();
    match manifest.check_settings(&settings) {
        Ok(()) => Outcome::Ok,
        Err(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            let hint = if trial.setting.settings.is_none() { "; give some with --config" } else { "" };
            Outcome::Fail(format!("{}{hint}", mistakes.join("; ")))
        }
    }
}

/// It gives an answer, or says why not; it neither crashes nor runs into a limit.
pub(crate) fn answers(trial: &Trial<'_>) -> Outcome {
    if is_adapter(trial.specimen.hooks()) {
        return Outcome::Skipped("a secret adapter answers nothing without its store".to_string());
    }
    let wrong = |tried: &Tried| match &tried.attempt.error {
        Some(error @ (HookError::Crash { .. } | HookError::Limit { .. } | HookError::Undeclared { .. })) => {
            Some(error.to_string())
        }
        _ => None,
    };
    let failures = trial.wrong(wrong);
    if !failures.is_empty() {
        return Outcome::of(failures);
    }
    match trial.attempts.first().and_then(|tried| tried.attempt.error.as_ref()) {
        Some(first) if trial.is_mute() => {
            let takes_settings = trial.specimen.manifest().is_some_and(|manifest| !manifest.settings.is_empty());
            let hint = if takes_settings { "; it may need settings by --config" } else { "" };
            Outcome::Fail(format!("it has no answer at all{hint}: {first}"))
        }
        _ => Outcome::Ok,
    }
}

/// What it reaches for and what its steps use is what its manifest asks for.
pub(crate) fn asks(trial: &Trial<'_>) -> Outcome {
    let Some(manifest) = trial.specimen.manifest() else {
        return Outcome::Skipped("it has no manifest".to_string());
    };
    let asked = &manifest.capabilities;
    let wrong = |tried: &Tried| match &tried.attempt.error {
        Some(HookError::Refused { what, refusal: Refusal::NotAsked, .. }) => Some(format!("it reaches for {what}")),
        _ => tried.attempt.told.steps().into_iter().find_map(|step| {
            let own = match &step.action {
                Action::Run { words } => words.first().map(String::as_str),
                Action::Pack { .. } => Some("pack"),
                _ => None,
            };
            let probe = step.unless.as_ref().and_then(|words| words.first()).map(String::as_str);
            let unasked = own.into_iter().chain(probe).find(|program| !asked.covers(Kind::Programs, program))?;
            Some(format!("the step `{}` runs `{unasked}`", step.title))
        }),
    };
    Outcome::of(trial.wrong(wrong))
}

/// A hook that plans proposes and reaches for nothing.
pub(crate) fn plans_inside(trial: &Trial<'_>) -> Outcome {
    let wrong = |tried: &Tried| match &tried.attempt.error {
        Some(HookError::Refused { what, refusal: Refusal::Planning, .. }) => Some(format!("it reaches for {what}")),
        _ => None,
    };
    Outcome::of(trial.wrong(wrong))
}

/// Asked again, it answers the same, byte for byte.
pub(crate) fn is_pure(trial: &Trial<'_>) -> Outcome {
    let wrong = |tried: &Tried| {
        let again = trial.ask(tried.stage, &tried.question)?;
        (text(&again.told) != text(&tried.attempt.told)).then(|| "the second answer differs".to_string())
    };
    Outcome::of(trial.wrong(wrong))
}

/// Granted nothing, it comes to an end: it neither crashes nor runs into a limit.
pub(crate) fn bears_refusals(trial: &Trial<'_>) -> Outcome {
    if !trial.acts() {
        return Outcome::Skipped("none of its hooks acts".to_string());
    }
    let nothing = Capabilities::default();
    let wrong = |tried: &Tried| {
        if !tried.question.hook().acts() {
            return None;
        }
        let stage = &trial.stages[tried.stage];
        let refused = trial.ask_on(&stage.run, &stage.facts, &tried.question, &nothing)?;
        match refused.error? {
            error @ HookError::Refused { .. } if refused.usage.crashed => Some(format!("{error}, and crashes")),
            error @ (HookError::Crash { .. } | HookError::Limit { .. }) => Some(error.to_string()),
            _ => None,
        }
    };
    Outcome::of(trial.wrong(wrong))
}

/// Its calls take less than a tenth of each limit.
pub(crate) fn limits(trial: &Trial<'_>, limits: &Limits) -> Outcome {
    let near = |tried: &Tried| {
        let usage = &tried.attempt.usage;
        let parts = [
            (usage.memory, limits.memory, "memory", "bytes"),
            (usage.time.as_millis() as usize, limits.time.as_millis() as usize, "time", "ms"),
            (usage.output, limits.output, "output", "bytes"),
            (usage.steps, limits.steps, "steps", "steps"),
        ];
        let (used, limit, what, unit) = parts.into_iter().find(|(used, limit, ..)| used * 10 > *limit)?;
        Some(format!("it takes {used} of {limit} {unit} of {what}"))
    };
    let near = trial.wrong(near);
    near.into_iter().next().map_or(Outcome::Ok, Outcome::Warn)
}

/// The value of a secret stands in nothing it says, plain or encoded. A login is for docker alone, so it is not looked at.
pub(crate) fn keeps_secrets(trial: &Trial<'_>) -> Outcome {
    if !trial.acts() {
        return Outcome::Skipped("none of its hooks can see a secret".to_string());
    }
    let whole = planted(&trial.asked());
    let hexadecimal: String = PLANTED.bytes().map(|byte| format!("{byte:02x}")).collect();
    let reversed: String = PLANTED.chars().rev().collect();
    // The last letters of the encoded value depend on what follows it.
    let encoded = BASE64.encode(&whole[..whole.len() / 3 * 3]);
    let forms = [PLANTED.to_string(), hexadecimal, reversed, encoded];
    let wrong = |tried: &Tried| {
        if matches!(tried.attempt.told, Told::Credential { .. }) {
            return None;
        }
        let said = text(&tried.attempt.told);
        forms.iter().any(|form| said.contains(form)).then(|| "the value of a secret is in its answer".to_string())
    };
    Outcome::of(trial.wrong(wrong))
}

/// No text in an answer moves a cursor, forges a line or turns the direction of a text.
pub(crate) fn is_clean(trial: &Trial<'_>) -> Outcome {
    let wrong = |tried: &Tried| {
        let told = serde_json::to_value(&tried.attempt.told).unwrap_or_default();
        dirty(&told).map(|text| format!("a control character is in {text:?}"))
    };
    Outcome::of(trial.wrong(wrong))
}

fn dirty(value: &Value) -> Option<&str> {
    let unfit = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match value {
        Value::String(text) => text.contains(unfit).then_some(text.as_str()),
        Value::Array(items) => items.iter().find_map(dirty),
        Value::Object(map) => map.values().find_map(dirty),
        _ => None,
    }
}

fn text(told: &Told) -> String {
    serde_json::to_string(told).unwrap_or_default()
}
