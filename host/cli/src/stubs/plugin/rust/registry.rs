//! Logs in to a registry: with the configured password, or with one that is fetched when the login is due.

use sextant_sdk::network::Request;
use sextant_sdk::{Action, Credentials, Deployment, Facts, Fault, Place, PreLogin, Registry, Steps, secret};
use serde::Deserialize;

struct Login;

/// What a project gives under `with:`; `plugin.toml` describes it.
#[derive(Deserialize)]
struct Settings {
    tokens: Option<String>,
}

/// What is given out at the address `tokens`.
#[derive(Debug, PartialEq, Deserialize)]
struct Token {
    user: String,
    password: String,
}

/// While planning: proposes the step, and does nothing.
impl PreLogin for Login {
    fn propose(
        deployment: &Deployment,
        _: &Facts,
        registry: &Registry,
        _: Place,
        steps: &Steps,
    ) -> Result<(), Fault> {
        let settings: Settings = deployment.read_settings()?;
        let server = registry.server();
        let login = match settings.tokens {
            Some(_) => Action::login_with_credentials(server.as_deref()),
            None => Action::login(server.as_deref(), &registry.username(), &registry.password()),
        };
        let title = format!("log in to {} with PLUGIN-NAME", server.as_deref().unwrap_or("Docker Hub"));
        steps.add(&title, login).time_limit(60);
        Ok(())
    }
}

/// When such a step is due: fetches user and password.
impl Credentials for Login {
    fn get(deployment: &Deployment, _: &Registry) -> Result<(String, String), Fault> {
        let settings: Settings = deployment.read_settings()?;
        let tokens = settings.tokens.ok_or_else(|| Fault::setting("tokens", "is not set"))?;
        let answer = Request::get(tokens)
            .with("authorization", ["Bearer ".into(), secret("REGISTRY_API_KEY")])
            .send()?
            .successful()?;
        let Token { user, password } = answer.json()?;
        Ok((user, password))
    }
}

sextant_sdk::export!(Login: pre_login, credentials);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_may_be_left_out() {
        let settings: Settings = sextant_sdk::settings("{}").expect("they fit");
        assert_eq!(settings.tokens, None);
        let settings: Settings = sextant_sdk::settings(r#"{"tokens":"https://tokens.example.com"}"#).expect("they fit");
        assert_eq!(settings.tokens.as_deref(), Some("https://tokens.example.com"));
    }

    #[test]
    fn an_answer_has_user_and_password() {
        let token: Token = sextant_sdk::settings(r#"{"user":"AWS","password":"short-lived"}"#).expect("they fit");
        assert_eq!(token, Token { user: "AWS".into(), password: "short-lived".into() });
    }
}
