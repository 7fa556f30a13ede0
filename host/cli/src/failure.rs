//! What went wrong, in words: the message, the line of the file where one is at fault, and what to do next.

use std::ops::Range;

use commands::Machine;
use configuration::{ConfigurationError, Origin, Source};
use lifecycle::{Failure as StepFailure, FailureKind, LifecycleError};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use plan::hooks::Refusal;
use plan::{Action, HookError, Objection, ObjectionKind, PlanError};
use transport::TransportError;

use crate::console::{Output, print, say};
use crate::style::Style;

/// What to do where a plan cannot be carried out as it is.
pub const ANEW: &str = "nothing was touched; make the plan anew with `sextant plan --out`";

/// What to do about a run that began and did not end.
const UNFINISHED: &str =
    "`sextant resume` goes on with it, `sextant abort` undoes what it did, `sextant explain` tells how far it came";

/// Why the program ends with another code than zero.
pub enum Failure {
    /// A file of the project is at fault, or what was asked for does not fit it.
    Configuration { error: ConfigurationError, sources: Vec<Source> },
    /// A run failed, or could not begin.
    Lifecycle { error: LifecycleError, sources: Vec<Source> },
    /// A plugin cannot be used.
    Hook(HookError),
    /// A machine could not be asked.
    Transport(TransportError),
    /// The command line makes no sense.
    Usage { text: String, hint: String },
    /// The operator ended a run that had begun.
    Interrupted,
    /// Anything else.
    Message { text: String, hint: Option<String> },
    /// What was wrong has been told already.
    Told,
}

impl Failure {
    /// A failure in one sentence.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Message { text: text.into(), hint: None }
    }

    /// A failure in one sentence, and what to do about it.
    pub fn with_hint(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Message { text: text.into(), hint: Some(hint.into()) }
    }

    /// The program's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted
            | Self::Lifecycle { error: LifecycleError::Interrupted, .. }
            | Self::Transport(TransportError::Interrupted { .. }) => 130,
            Self::Usage { .. } => 2,
            _ => 1,
        }
    }

    /// Tells what went wrong: people on standard error, programs as one more object on standard output.
    pub fn tell(&self, output: Output) {
        let style = if output == Output::Json { Style::plain() } else { Style::for_stderr() };
        let Some(words) = self.words(style) else { return };
        match output {
            Output::Json => print(&words.object(self.exit_code()).to_string()),
            Output::Text => say(words.text(style).trim_end()),
        }
    }

    fn words(&self, style: Style) -> Option<Words> {
        Some(match self {
            Self::Told => return None,
            Self::Interrupted => Words::error("interrupted", Some(UNFINISHED.to_string())),
            Self::Configuration { error, sources } => of_configuration(style, error, sources),
            Self::Lifecycle { error: LifecycleError::Secret(error), sources } => {
                of_configuration(style, error, sources)
            }
            Self::Lifecycle { error, .. } => of_lifecycle(style, error),
            Self::Hook(error) => Words::error(error.to_string(), hook_hint(error)),
            Self::Transport(error) => Words::error(format!("failed to {error}"), transport_hint(error)),
            Self::Usage { text, hint } => Words::error(text, Some(hint.clone())),
            Self::Message { text, hint } => Words::error(text, hint.clone()),
        })
    }
}

/// What went wrong, and what to do about it.
struct Words {
    /// Whether `error:` stands before it; Kamal's own line has its own heading.
    has_heading: bool,
    /// One line or more.
    message: String,
    hint: Option<String>,
}

impl Words {
    fn error(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { has_heading: true, message: message.into(), hint }
    }

    /// `error: …`, then the hint on its own line.
    fn text(&self, style: Style) -> String {
        let message = self.message.trim_end();
        let mut text =
            if self.has_heading { format!("{} {message}\n", style.bad("error:")) } else { format!("{message}\n") };
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{} {hint}\n", style.strong("hint:")));
        }
        text
    }

    fn object(&self, exit: u8) -> serde_json::Value {
        let message = self.message.trim();
        serde_json::json!({ "event": "failed", "exit": exit, "message": message, "hint": self.hint })
    }
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        Self::Configuration { error, sources: Vec::new() }
    }
}

impl From<HookError> for Failure {
    fn from(error: HookError) -> Self {
        Self::Hook(error)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

/// Kamal's line, which people search for, then the place in the file.
fn of_configuration(style: Style, error: &ConfigurationError, sources: &[Source]) -> Words {
    let mut message = format!("  {}\n", style.bad(&format!("ERROR ({}): {}", error.class, error.message)));
    let place = error.origin.as_ref();
    if let Some(snippet) = place.and_then(|origin| snippet(origin, &error.message, sources)) {
        message.push_str(&snippet);
    }
    Words { has_heading: false, message, hint: error.hint.clone() }
}

/// The lines around a place, as miette draws them.
fn snippet(origin: &Origin, message: &str, sources: &[Source]) -> Option<String> {
    let source = sources.iter().find(|source| *source.path == *origin.file)?;
    let line_begin: usize = source.text.split_inclusive('\n').take(origin.line.saturating_sub(1)).map(str::len).sum();
    let line = source.text[line_begin..].lines().next().unwrap_or_default();
    let column: usize = line.chars().take(origin.column.saturating_sub(1)).map(char::len_utf8).sum();
    let offset = line_begin + column;
    let length = origin.length.min(line.len().saturating_sub(column)).max(1);
    let label = label(message);
    let span = offset..offset + length;
    let text = masked(&source.text, line_begin, span.clone(), is_sensitive(message) || is_sensitive(line));
    let report = Report::new(MietteDiagnostic::new("").with_label(LabeledSpan::at(span, label)))
        .with_source_code(NamedSource::new(&source.path, text));
    let mut drawn = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .render_report(&mut drawn, report.as_ref())
        .ok()?;
    let is_neighbour = |line: &&str| {
        let number = line.split('│').next().and_then(|number| number.trim().parse::<usize>().ok());
        number.is_some_and(|number| number != origin.line)
    };
    let lines = drawn.lines().skip_while(|line| !line.contains('╭')).filter(|line| !is_neighbour(line));
    let lines: Vec<&str> = lines.collect();
    Some(lines.join("\n") + "\n")
}

/// What is wrong, without the path or the place that a message begins with.
fn label(message: &str) -> &str {
    let is_place = |words: &str| !words.contains(' ') || words.contains(", column ");
    let (first, rest) = message.split_once(": ").unwrap_or((message, ""));
    let text = match rest.split_once(": ") {
        Some((place, text)) if place.starts_with("line ") && is_place(place) => text,
        _ if is_place(first) && !rest.is_empty() => rest,
        _ => message,
    };
    text.lines().next().unwrap_or_default()
}

/// Whether words are about something that is better not shown.
fn is_sensitive(words: &str) -> bool {
    let words = words.to_lowercase();
    ["pass", "secret", "token", "key_data", "pem", "pwd", "credential"].iter().any(|word| words.contains(word))
}

/// The text with every value on the line of a mistake starred out, letter for letter, but the one at fault; that too where it is
/// sensitive. Keys and indentation stay, and where nothing is sensitive the keys within braces and the Ruby of a template.
fn masked(text: &str, line_begin: usize, fault: Range<usize>, sensitive: bool) -> String {
    let line_end = text[line_begin..].find('\n').map_or(text.len(), |length| line_begin + length);
    let line = &text[line_begin..line_end];
    let value_begin = match line.find(':') {
        Some(colon) => line_begin + colon + 1,
        None if line.trim_start().starts_with("- ") => line_begin,
        None => line_end,
    };
    let kept = if sensitive { Vec::new() } else { kept(line) };
    let is_kept =
        |position: usize| position >= line_begin && kept.iter().any(|kept| kept.contains(&(position - line_begin)));
    let star = |(position, c): (usize, char)| {
        let hidden = (value_begin..line_end).contains(&position)
            && (sensitive || !(fault.contains(&position) || is_kept(position)));
        if hidden && c.is_alphanumeric() { "*".repeat(c.len_utf8()) } else { c.to_string() }
    };
    text.char_indices().map(star).collect()
}

/// Where on a line the keys within braces stand, and a template's Ruby. Nothing between quotes is among it.
fn kept(line: &str) -> Vec<Range<usize>> {
    let (mut kept, mut quote, mut word) = (Vec::new(), None, None);
    let (mut in_tag, mut braces) = (false, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => (quote, word) = (Some(c), None),
            (None, '%') if line[..at].ends_with('<') => in_tag = true,
            (None, '>') if line[..at].ends_with('%') => in_tag = false,
            _ if in_tag => kept.push(at..at + c.len_utf8()),
            (None, '{') => (braces, word) = (true, Some(at + 1)),
            (None, ',') if braces => word = Some(at + 1),
            (None, ':') if line[at + 1..].starts_with(' ') => kept.extend(word.take().map(|begin| begin..at)),
            (None, c) if c.is_alphanumeric() || " _-".contains(c) => {}
            _ => word = None,
        }
    }
    kept
}

fn of_lifecycle(style: Style, error: &LifecycleError) -> Words {
    match error {
        LifecycleError::Steps { stage, failures } => of_steps(style, stage, failures),
        LifecycleError::LockHeld { host, details } => {
            let details: String = details.lines().map(|line| format!("  {line}\n")).collect();
            let message = format!("the deploy lock on {host} is held, nothing was touched\n{}", details.trim_end());
            Words::error(
                message,
                Some("wait for whoever holds it, or run `sextant lock release` if nobody works on it".into()),
            )
        }
        LifecycleError::LockHeldByHand { .. } => {
            Words::error(error.to_string(), Some("run `sextant lock release` if nobody works on it any more".into()))
        }
        LifecycleError::LockTimedOut { .. } => Words::error(
            error.to_string(),
            Some("raise --lock-wait-timeout, or run `sextant lock release` if nobody works on it".into()),
        ),
        LifecycleError::LockDying { .. } => Words::error(
            error.to_string(),
            Some("try again in a minute, or run `sextant lock release` if nobody works on it".into()),
        ),
        LifecycleError::LockLost { .. } => Words::error(
            format!("{error}\nnothing was done after that"),
            Some("`sextant resume` goes on from what is on the hosts, once nobody else works on them".into()),
        ),
        LifecycleError::Journal(_) => {
            Words::error(error.to_string(), Some("no step runs that is not written down first: make room there".into()))
        }
        LifecycleError::Observe(errors) => of_unreachable(errors),
        LifecycleError::Plan(error) => Words::error(error.to_string(), plan_hint(error)),
        LifecycleError::Outdated { .. } => Words::error(error.to_string(), Some(ANEW.to_string())),
        LifecycleError::Interrupted => Words::error("interrupted", None),
        LifecycleError::DeniedByPolicy(objections) => Words::error(error.to_string(), denied_hint(objections)),
        other => Words::error(other.to_string(), None),
    }
}

/// How a plan comes to be approved.
pub const TO_APPROVE: &str = "`sextant plan … --out FILE` writes the plan, `sextant approve FILE` signs it, `sextant apply FILE` carries it out \
                              once enough people have";

/// What can be done about a plan that policies deny.
fn denied_hint(objections: &[Objection]) -> Option<String> {
    if objections.iter().all(|objection| matches!(objection.kind, ObjectionKind::Unapproved { .. })) {
        return Some(format!("nothing was touched; {TO_APPROVE}"));
    }
    let steps = objections
        .iter()
        .any(|objection| matches!(&objection.kind, ObjectionKind::Denied { steps, .. } if !steps.is_empty()));
    let find = if steps { "; `sextant plan -v` shows the steps by their numbers" } else { "" };
    let may = objections.iter().all(|objection| objection.may_override);
    let aside =
        if may { "; `--override POLICY --reason TEXT` sets it aside, which every host's audit log tells" } else { "" };
    Some(format!("nothing was touched{find}{aside}"))
}

/// Every host that cannot be reached with its reason, and one hint: what is wrong with one is often wrong with all.
fn of_unreachable(errors: &[TransportError]) -> Words {
    let hint = errors.iter().find_map(transport_hint);
    match errors {
        [error] => Words::error(format!("failed to {error}"), hint),
        errors => {
            let reasons: String = errors.iter().map(|error| format!("\n  failed to {error}")).collect();
            Words::error(format!("{} hosts cannot be looked at{reasons}", errors.len()), hint)
        }
    }
}

fn of_steps(style: Style, stage: &str, failures: &[StepFailure]) -> Words {
    if failures.iter().all(may_not_install) {
        return Words::error(docker_by_hand(failures), None);
    }
    let mut message = format!("{stage} failed on {}\n", machines(failures));
    for failure in failures {
        message.push_str(&format!("  {}: {}\n", failure.machine, failure.to_string().replace('\n', "\n    ")));
        for line in &failure.aftermath {
            message.push_str(&format!("    {}\n", style.faint(&format!("| {line}"))));
        }
    }
    let hint = failures.iter().find_map(step_hint).unwrap_or_else(|| "`sextant explain` tells more".to_string());
    Words::error(message, Some(hint))
}

/// Whether docker is missing where the ssh user may not install it.
fn may_not_install(failure: &StepFailure) -> bool {
    let installs = failure.step.as_ref().is_some_and(|step| matches!(step.action, Action::InstallDocker));
    installs && matches!(failure.kind, FailureKind::Exit { code: commands::host::MAY_NOT_INSTALL, .. })
}

fn docker_by_hand(failures: &[StepFailure]) -> String {
    format!(
        "Docker is not installed on {} and can't be automatically installed without having root access and either `wget` or `curl`. \
         Install Docker manually: https://docs.docker.com/engine/install/",
        machines(failures)
    )
}

fn machines(failures: &[StepFailure]) -> String {
    let mut names: Vec<String> = failures.iter().map(|failure| failure.machine.to_string()).collect();
    names.dedup();
    names.join(", ")
}

fn step_hint(failure: &StepFailure) -> Option<String> {
    let (code, stderr) = match &failure.kind {
        FailureKind::Exit { code, stderr, .. } => (*code, stderr.as_str()),
        FailureKind::Transport(error) => return transport_hint(error),
        FailureKind::Journal(_) => return Some("no step runs that is not written down first: make room there".into()),
        FailureKind::Deed(_) | FailureKind::Halted | FailureKind::LockLost | FailureKind::Interrupted => return None,
    };
    let local = failure.machine == Machine::Local;
    match &failure.step.as_ref()?.action {
        Action::Route { options, .. } => {
            let limit = options.iter().find(|(name, _)| name == "deploy-timeout").and_then(|(_, value)| value.as_deref());
            Some(format!(
                "the new container was not healthy within deploy_timeout ({}); it was stopped and the old version still serves. \
                 Look at its last log lines above, at `proxy.healthcheck.path`, or raise `deploy_timeout`",
                limit.unwrap_or("30s")
            ))
        }
        Action::AwaitHealthy { .. } => Some(
            "the new container did not become ready; it was stopped and the old one still runs. Look at its last log lines above, \
             or raise `deploy_timeout`"
                .to_string(),
        ),
        Action::RequireBuildx if code == 127 => Some("docker is not installed on this machine: install it, or use --skip-push".into()),
        Action::RequireBuildx => Some("docker's buildx plugin is not installed on this machine".into()),
        Action::Login { .. } if code == 127 && local => Some("docker is not installed on this machine: install it, or use --skip-push".into()),
        Action::Login { .. } => Some("check `registry` in the configuration and the password in .kamal/secrets".into()),
        Action::Pull { .. } if stderr.contains("not found") || stderr.contains("manifest unknown") => {
            Some("no image of this version is in the registry: deploy without --skip-push, or name another --version".into())
        }
        Action::HookScript(script) if code == 126 => {
            Some(format!("the hook script cannot be started: `chmod +x {}` makes it executable", script.path))
        }
        Action::HookScript(script) => Some(format!("{} decides over this run; --skip-hooks leaves hook scripts out", script.path)),
        _ => None,
    }
}

fn transport_hint(error: &TransportError) -> Option<String> {
    match error {
        TransportError::Unreachable { by_hand, .. } if by_hand.is_empty() => None,
        TransportError::Unreachable { machine, by_hand, .. } => {
            Some(format!("check that {machine} is up and that `{by_hand}` works from here; --hosts leaves hosts out"))
        }
        TransportError::HostKeyChanged { machine, known_as, .. } => {
            Some(format!("if {machine} was set up anew, forget its old key with `ssh-keygen -R {}`", quoted(known_as)))
        }
        TransportError::HostKeyUnknown { by_hand, .. } => Some(format!("run `{by_hand}` once to accept its key")),
        TransportError::Unauthorized { machine, by_hand, .. } => Some(format!(
            "check `ssh.user` and `ssh.keys`, that the public key is on {machine}, and that `{by_hand}` works from here"
        )),
        TransportError::TimeLimit { .. } => Some("run again with -v to see what the step prints".into()),
        TransportError::ConnectionLost { machine, .. } => {
            Some(format!("run the same command again once {machine} is back"))
        }
        _ => None,
    }
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    if name.starts_with('[') { format!("'{name}'") } else { name.to_string() }
}

fn plan_hint(error: &PlanError) -> Option<String> {
    match error {
        PlanError::Hook(error) => hook_hint(error),
        PlanError::DockerMissing { .. } => Some("`sextant setup` or `sextant server bootstrap` installs it".into()),
        PlanError::ProxyTooOld { .. } => Some("run `sextant proxy reboot` to update it".into()),
        PlanError::VersionMissing { available, .. } if available.is_empty() => {
            Some("no version of the app is there".into())
        }
        PlanError::VersionMissing { available, .. } => {
            Some(format!("versions that are there: {}", available.join(", ")))
        }
        PlanError::ImageMissing { .. } => Some("`sextant deploy` pulls the image first".into()),
        PlanError::ProxyInUse { .. } => Some("use --force to remove it all the same".into()),
        PlanError::DockerFailing { .. } => Some("look at docker on that host: `systemctl status docker`".into()),
        PlanError::NothingToRemove { .. } => Some("`sextant app containers` lists what is there".into()),
        PlanError::UnknownPast { .. } => {
            Some("abort it on the machine where it was started, or `sextant rollback VERSION`".into())
        }
        PlanError::NothingToAbort
        | PlanError::UnknownAccessory { .. }
        | PlanError::RetainsNothing
        | PlanError::LocalRegistry { .. }
        | PlanError::PublishAddress { .. }
        | PlanError::Rule { .. } => None,
    }
}

pub fn hook_hint(error: &HookError) -> Option<String> {
    Some(match error {
        HookError::Fault { .. } => return None,
        HookError::Limit { plugin, limit, .. } if limit.key().is_some() => format!(
            "nothing was touched; if the plugin needs more, raise x-plugins/{plugin}/limits/{}, else tell its author",
            limit.key().unwrap_or_default()
        ),
        HookError::Limit { plugin, .. } | HookError::Crash { plugin, .. } => {
            format!("nothing was touched; tell the author of `{plugin}`, or take it out of x-plugins")
        }
        HookError::Denied { plugin, .. } => {
            format!("grant it under x-plugins/{plugin}/grants if the plugin should have it")
        }
        HookError::Refused { plugin, refusal: Refusal::NotGranted, .. } => {
            format!("grant it under x-plugins/{plugin}/grants if the plugin should have it")
        }
        HookError::Refused { plugin, .. } => format!("tell the author of `{plugin}`, or take it out of x-plugins"),
        HookError::Undeclared { plugin, .. } => {
            format!("nothing was run; tell the author of `{plugin}`, or take it out of x-plugins")
        }
        HookError::Load { plugin, .. } => format!("look at x-plugins/{plugin}"),
        HookError::Settings { plugin, .. } => {
            format!("correct x-plugins/{plugin}/with: `sextant plugin inspect` tells what it takes")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_no_colours() {
        let failure = Failure::with_hint("no such thing", "look again");
        let words = failure.words(Style::plain()).expect("it is told");
        assert_eq!(words.text(Style::plain()), "error: no such thing\nhint: look again\n");
        let object =
            serde_json::json!({ "event": "failed", "exit": 1, "message": "no such thing", "hint": "look again" });
        assert_eq!(words.object(1), object);
    }

    #[test]
    fn values_beside_a_mistake_are_starred_out() {
        let check = |text: &str, fault: &str, expected: &str| {
            let begin = text.find(fault).expect("the fault is in the text");
            let line = text[..begin].rfind('\n').map_or(0, |end| end + 1);
            let shown = masked(text, line, begin..begin + fault.len(), is_sensitive(&text[line..]));
            assert_eq!(shown, expected, "{text:?}");
        };
        check("a: 1\nproxi: true\n", "proxi", "a: 1\nproxi: ****\n");
        check("app_port: \"80\"\n", "\"80\"", "app_port: \"80\"\n");
        check("pasword: hunter2\n", "pasword", "pasword: *******\n");
        check("password: [\"a\", \"b\"]\n", "[\"a\", \"b\"]", "password: [\"*\", \"*\"]\n");
        check("MYSQL_ROOT_PASSWORD: pä\n", "pä", "MYSQL_ROOT_PASSWORD: ***\n");
        check("traefik: {args: {a: b1, c: d}}\n", "traefik", "traefik: {args: {a: **, c: *}}\n");
        check("x: b,c:d, e: f\n", "x", "x: *,*:*, *: *\n");
        check("x: {a: 'b, c: d'}\n", "x", "x: {a: '*, *: *'}\n");
        check("password: {a: b\n", "{", "password: {*: *\n");
        check("x: <%= Nope::Thing.arch(\"b\") %>\n", "x", "x: <%= Nope::Thing.arch(\"*\") %>\n");
        check("  - \"hunter\n", "\"", "  - \"******\n");
        check("a: \"x\\qb\"\n", "\\q", "a: \"*\\q*\"\n");
    }

    #[test]
    fn a_label_is_the_message_without_its_place() {
        let check = |message: &str, expected: &str| assert_eq!(label(message), expected);
        check("proxy: unknown key: hostt", "unknown key: hostt");
        check("x-hooks: unknown hook script: nope", "unknown hook script: nope");
        check(
            "Invalid hooks_output 'loud', must be one of: quiet, verbose",
            "Invalid hooks_output 'loud', must be one of: quiet, verbose",
        );
        check("key not found: \"NOPE\"", "key not found: \"NOPE\"");
        check("An alias referenced an unknown anchor: nope", "An alias referenced an unknown anchor: nope");
        check("d.yml is not valid YAML: line 2, column 1: found a tab", "found a tab");
        check("d.yml line 8, column 8: this Ruby is not understood: `a`", "this Ruby is not understood: `a`");
    }
}
