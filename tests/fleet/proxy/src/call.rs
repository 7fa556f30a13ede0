//! The command line: words in, a [`Call`] out. Pure, and as strict as the real program about unknown flags.

use std::fmt;
use std::time::Duration;

/// What `kamal-proxy` was asked to do.
#[derive(Debug, PartialEq)]
pub enum Call {
    Run { http_port: u16 },
    Deploy(Deployment),
    Remove { service: String },
    List,
    Stop { service: String, message: String, drain_timeout: Duration },
    Resume { service: String },
}

/// Everything `deploy` heeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    pub service: String,
    pub target: String,
    pub hosts: Vec<String>,
    pub path_prefixes: Vec<String>,
    pub strip_path_prefix: bool,
    pub tls: bool,
    pub deploy_timeout: Duration,
    pub drain_timeout: Duration,
    pub target_timeout: Duration,
    pub health_path: String,
    pub health_interval: Duration,
    pub health_timeout: Duration,
}

#[derive(Debug, PartialEq)]
pub enum CallError {
    UnknownCommand(String),
    UnknownFlag(String),
    MissingValue(String),
    InvalidValue { flag: String, value: String },
    MissingService,
    MissingTarget,
    Rollout,
}

/// Flags that stand alone, or carry `=true` / `=false`.
const SWITCHES: &[&str] = &[
    "buffer-requests",
    "buffer-responses",
    "debug",
    "force",
    "forward-headers",
    "strip-path-prefix",
    "tls",
    "tls-redirect",
    "tls-staging",
];

/// Flags that take a value, after `=` or as the next word.
const SETTINGS: &[&str] = &[
    "buffer-memory",
    "deploy-timeout",
    "drain-timeout",
    "error-pages",
    "health-check-host",
    "health-check-interval",
    "health-check-path",
    "health-check-port",
    "health-check-timeout",
    "host",
    "http-port",
    "https-port",
    "log-request-header",
    "log-response-header",
    "max-request-body",
    "max-response-body",
    "message",
    "metrics-port",
    "path-prefix",
    "target",
    "target-timeout",
    "tls-certificate-path",
    "tls-private-key-path",
];

impl Call {
    pub fn parse(words: &[String]) -> Result<Self, CallError> {
        let (command, rest) = words.split_first().ok_or_else(|| CallError::UnknownCommand(String::new()))?;
        if command == "rollout" {
            return Err(CallError::Rollout);
        }
        let line = Line::parse(rest)?;
        match command.as_str() {
            "run" => Ok(Self::Run { http_port: line.number("http-port", 80)? }),
            "deploy" => Ok(Self::Deploy(Deployment::from_line(&line)?)),
            "remove" | "rm" => Ok(Self::Remove { service: line.service()? }),
            "list" | "ls" => Ok(Self::List),
            "stop" => Ok(Self::Stop {
                service: line.service()?,
                message: line.last("message").unwrap_or_default().to_owned(),
                drain_timeout: line.duration("drain-timeout", 30)?,
            }),
            "resume" => Ok(Self::Resume { service: line.service()? }),
            _ => Err(CallError::UnknownCommand(command.clone())),
        }
    }
}

impl Deployment {
    fn from_line(line: &Line) -> Result<Self, CallError> {
        Ok(Self {
            service: line.service()?,
            target: line.last("target").map(with_port).ok_or(CallError::MissingTarget)?,
            hosts: line.list("host").into_iter().map(|host| host.to_ascii_lowercase()).collect(),
            path_prefixes: line.list("path-prefix"),
            strip_path_prefix: line.switch("strip-path-prefix", true),
            tls: line.switch("tls", false),
            deploy_timeout: line.duration("deploy-timeout", 30)?,
            drain_timeout: line.duration("drain-timeout", 30)?,
            target_timeout: line.duration("target-timeout", 30)?,
            health_path: line.last("health-check-path").unwrap_or("/up").to_owned(),
            health_interval: line.duration("health-check-interval", 1)?,
            health_timeout: line.duration("health-check-timeout", 5)?,
        })
    }
}

fn with_port(target: &str) -> String {
    if target.contains(':') { target.to_owned() } else { format!("{target}:80") }
}

/// Words after the command, sorted into flags and positionals.
struct Line {
    flags: Vec<(String, String)>,
    positionals: Vec<String>,
}

impl Line {
    fn parse(words: &[String]) -> Result<Self, CallError> {
        let mut line = Self { flags: Vec::new(), positionals: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                line.positionals.push(word.clone());
                continue;
            };
            let (name, inline) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let value = if SWITCHES.contains(&name) {
                let value = inline.unwrap_or_else(|| "true".into());
                if value != "true" && value != "false" {
                    return Err(CallError::InvalidValue { flag: name.into(), value });
                }
                value
            } else if SETTINGS.contains(&name) {
                inline.or_else(|| words.next().cloned()).ok_or_else(|| CallError::MissingValue(name.into()))?
            } else {
                return Err(CallError::UnknownFlag(name.into()));
            };
            line.flags.push((name.into(), value));
        }
        Ok(line)
    }

    fn service(&self) -> Result<String, CallError> {
        self.positionals.first().cloned().ok_or(CallError::MissingService)
    }

    fn last(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let given = self.flags.iter().filter(|(flag, _)| flag == name);
        given.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    fn switch(&self, name: &str, default: bool) -> bool {
        self.last(name).map_or(default, |value| value == "true")
    }

    fn number(&self, name: &str, default: u16) -> Result<u16, CallError> {
        let Some(value) = self.last(name) else { return Ok(default) };
        value.parse().map_err(|_| CallError::InvalidValue { flag: name.into(), value: value.into() })
    }

    fn duration(&self, name: &str, default_seconds: u64) -> Result<Duration, CallError> {
        let Some(value) = self.last(name) else { return Ok(Duration::from_secs(default_seconds)) };
        parse_duration(value).ok_or_else(|| CallError::InvalidValue { flag: name.into(), value: value.into() })
    }
}

/// Reads a duration as Go writes it: `30s`, `500ms`, `1m30s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(amount * seconds).ok()?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand(command) => write!(f, "unknown command {command:?} for \"kamal-proxy\""),
            Self::UnknownFlag(flag) => write!(f, "unknown flag: --{flag}"),
            Self::MissingValue(flag) => write!(f, "flag needs an argument: --{flag}"),
            Self::InvalidValue { flag, value } => write!(f, "invalid argument {value:?} for \"--{flag}\" flag"),
            Self::MissingService => write!(f, "accepts 1 arg(s), received 0"),
            Self::MissingTarget => write!(f, "required flag(s) \"target\" not set"),
            Self::Rollout => write!(f, "rollout is not supported by the stand-in"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Call, CallError> {
        Call::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_deploy_without_options_has_the_real_programs_defaults() {
        let expected = Deployment {
            service: "shop-web".into(),
            target: "c0ffee123456:3000".into(),
            hosts: vec![],
            path_prefixes: vec![],
            strip_path_prefix: true,
            tls: false,
            deploy_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
            target_timeout: Duration::from_secs(30),
            health_path: "/up".into(),
            health_interval: Duration::from_secs(1),
            health_timeout: Duration::from_secs(5),
        };
        assert_eq!(parse("deploy shop-web --target=c0ffee123456:3000"), Ok(Call::Deploy(expected)));
    }

    #[test]
    fn every_flag_kamal_writes_is_accepted() {
        let line = "deploy shop-web-staging --target=c0ffee123456:3000 --host=a.example.com --host=B.example.com --tls \
            --tls-certificate-path=/c.pem --tls-private-key-path=/k.pem --deploy-timeout=45s --drain-timeout=20s \
            --health-check-interval=3s --health-check-timeout=2s --health-check-path=/health --target-timeout=10s \
            --buffer-requests --buffer-responses=false --buffer-memory=2000000 --max-request-body=40000000 \
            --max-response-body=0 --path-prefix=/api --path-prefix=/auth --strip-path-prefix=false --forward-headers \
            --tls-redirect=false --log-request-header=X-A --log-response-header=X-B --error-pages=/pages/v1";
        let Ok(Call::Deploy(deployment)) = parse(line) else { panic!("not a deploy") };
        assert_eq!(deployment.hosts, ["a.example.com", "b.example.com"]);
        assert_eq!(deployment.path_prefixes, ["/api", "/auth"]);
        assert!(deployment.tls && !deployment.strip_path_prefix);
        assert_eq!(deployment.deploy_timeout, Duration::from_secs(45));
        assert_eq!(deployment.health_path, "/health");
    }

    #[test]
    fn calls_are_told_apart() {
        assert_eq!(parse("run --debug --metrics-port 9090"), Ok(Call::Run { http_port: 80 }));
        assert_eq!(parse("list"), Ok(Call::List));
        assert_eq!(parse("remove a"), Ok(Call::Remove { service: "a".into() }));
        assert_eq!(
            parse("stop a --drain-timeout=5s --message=Hi"),
            Ok(Call::Stop { service: "a".into(), message: "Hi".into(), drain_timeout: Duration::from_secs(5) })
        );
    }

    #[test]
    fn mistakes_read_as_the_real_program_words_them() {
        for (line, message) in [
            ("deploy a", "required flag(s) \"target\" not set"),
            ("deploy --target=a:1", "accepts 1 arg(s), received 0"),
            ("deploy a --target=a:1 --colour", "unknown flag: --colour"),
            ("deploy a --target=a:1 --deploy-timeout=soon", "invalid argument \"soon\" for \"--deploy-timeout\" flag"),
            ("fly", "unknown command \"fly\" for \"kamal-proxy\""),
            ("rollout deploy a", "rollout is not supported by the stand-in"),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), message, "{line}");
        }
    }

    #[test]
    fn durations_are_gos() {
        for (text, milliseconds) in [
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("1.5s", Some(1500)),
            ("30", None),
            ("", None),
        ] {
            assert_eq!(parse_duration(text), milliseconds.map(Duration::from_millis), "{text}");
        }
    }
}
