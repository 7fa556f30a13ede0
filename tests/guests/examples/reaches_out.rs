//! Reaches for what it is told to, while planning and while acting, and makes nothing of a refusal.

use sextant_sdk::{
    Action, Command, Credentials, Deployment, Errand, Event, Facts, Fault, Notify, Place, PreLogin, Refusal, Registry,
    Steps, Tag, Text, clock, execution, files, network, vault,
};

struct Guest;

impl PreLogin for Guest {
    fn propose(_: &Deployment, _: &Facts, registry: &Registry, place: Place, steps: &Steps) -> Result<(), Fault> {
        steps.add("log in with a short-lived password", Action::login_with_credentials(registry.server().as_deref()));
        if place == Place::Local {
            steps.add("ask the time", Action::errand("time"));
        }
        Ok(())
    }
}

impl Credentials for Guest {
    fn get(_: &Deployment, registry: &Registry) -> Result<(String, String), Fault> {
        Ok(("guest".to_string(), format!("password of {}", registry.server().unwrap_or_default())))
    }
}

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, host: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add(&reach(host).unwrap_or_else(|_| "swallowed".into()), Action::tag("a", "b"));
        Ok(())
    }
}

impl Errand for Guest {
    fn run(_: &Deployment, name: &str) -> Result<String, Fault> {
        match reach(name) {
            Err(Refusal::Failed(reason)) => Err(Fault::Failed(reason)),
            Err(_) => Ok("swallowed".into()),
            Ok(found) => Ok(found),
        }
    }
}

impl Notify for Guest {
    fn tell(_: &Deployment, event: &Event) -> Result<(), Fault> {
        let request = network::Request::new("POST", &Text::Clear("https://chat.example/hook".into()));
        request.body(&[Text::Clear(event.kind())]);
        network::send(&request).map(drop).map_err(|_| Fault::Failed("nobody hears".into()))
    }
}

/// `send URL`, `read PATH`, `run PROGRAM`, `variable NAME`, `sign SECRET`, `digest SECRET`, `reveal SECRET`, `use SECRET`, `time`.
fn reach(what: &str) -> Result<String, Refusal> {
    let (act, name) = what.split_once(' ').unwrap_or((what, ""));
    match act {
        "send" => {
            let answer = network::send(&network::Request::new("GET", &Text::Clear(name.into())))?;
            Ok(format!("{} {}", answer.status(), String::from_utf8_lossy(&answer.body())))
        }
        "use" => {
            let request = network::Request::new("GET", &Text::Clear("https://chat.example/".into()));
            request.header("Authorization", &[Text::Clear("Bearer ".into()), Text::Secret(name.into())]);
            network::send(&request).map(|answer| answer.status().to_string())
        }
        "read" => files::read(name).map(|content| String::from_utf8_lossy(&content).into_owned()),
        "run" => execution::run(&Command::new(&[name.into()])).map(|outcome| outcome.stdout()),
        "variable" => execution::variable(name).map(Option::unwrap_or_default),
        "sign" => {
            vault::hmac_sha256("v1:", name, b"message").map(|code| code.iter().map(|b| format!("{b:02x}")).collect())
        }
        "digest" => vault::sha256(&[Text::Clear("v1:".into()), Text::Secret(name.into())])
            .map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect()),
        "reveal" => vault::reveal(name),
        _ => clock::now().map(|seconds| seconds.to_string()),
    }
}

sextant_sdk::export!(Guest: pre_login, credentials, tag, errand, notify);
