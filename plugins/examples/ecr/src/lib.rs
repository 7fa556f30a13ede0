//! Amazon ECR for Sextant: logs in with a token of twelve hours, and creates the image's repository where it is missing.
//!
//! The plugin never sees the secret access key. It names it, and the host makes the first code of every signature with it.

mod api;
mod settings;
mod signature;
mod time;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sextant_sdk::{Action, Credentials, Deployment, Errand, Facts, Fault, Place, PreLogin, Registry, Steps};

use api::Api;
use settings::Settings;

struct Ecr;

impl PreLogin for Ecr {
    fn propose(
        deployment: &Deployment,
        _: &Facts,
        registry: &Registry,
        place: Place,
        steps: &Steps,
    ) -> Result<(), Fault> {
        let settings = Settings::read(&deployment.settings(), registry.server().as_deref())?;
        let server = registry.server();
        let title = format!("log in to {} with a token of ECR", server.as_deref().unwrap_or_default());
        steps.add(&title, Action::login_with_credentials(server.as_deref())).time_limit(60);
        // A login on this machine comes before a push, unless nothing but a login is wanted.
        if place == Place::Local && settings.create_repository && !deployment.subcommand().starts_with("registry") {
            let name = repository(deployment)?;
            steps.add(&format!("create the repository {name} if it is missing"), Action::errand("create-repository"));
        }
        Ok(())
    }
}

impl Credentials for Ecr {
    fn get(deployment: &Deployment, registry: &Registry) -> Result<(String, String), Fault> {
        let settings = Settings::read(&deployment.settings(), registry.server().as_deref())?;
        let answer = Api::new(settings).call("GetAuthorizationToken", &serde_json::json!({}))?;
        let token = answer.pointer("/authorizationData/0/authorizationToken").and_then(serde_json::Value::as_str);
        credential(token.unwrap_or_default())
            .ok_or_else(|| Fault::Failed("ECR gave a token that cannot be read".to_string()))
    }
}

impl Errand for Ecr {
    fn run(deployment: &Deployment, _: &str) -> Result<String, Fault> {
        let name = repository(deployment)?;
        let server = deployment.repository().split('/').next().map(str::to_string);
        let api = Api::new(Settings::read(&deployment.settings(), server.as_deref())?);
        match api.call("DescribeRepositories", &serde_json::json!({ "repositoryNames": [name] })) {
            Ok(_) => return Ok(format!("the repository {name} is there")),
            Err(error) if error.kind == "RepositoryNotFoundException" => {}
            Err(error) => return Err(error.into()),
        }
        match api.call("CreateRepository", &serde_json::json!({ "repositoryName": name })) {
            Ok(_) => Ok(format!("created the repository {name}")),
            // Somebody else was quicker.
            Err(error) if error.kind == "RepositoryAlreadyExistsException" => {
                Ok(format!("the repository {name} is there"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The image's name without the registry.
fn repository(deployment: &Deployment) -> Result<String, Fault> {
    let image = deployment.repository();
    let name = image.split_once('/').map(|(_, name)| name.to_string());
    name.ok_or_else(|| Fault::Unsupported(format!("the image {image} has no registry in its name")))
}

/// User and password of a token.
fn credential(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    (!password.is_empty()).then(|| (user.to_string(), password.to_string()))
}

sextant_sdk::export!(Ecr: pre_login, credentials, errand);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_user_and_password() {
        let check = |token: &str, expected: Option<(&str, &str)>| {
            let found = credential(token);
            assert_eq!(found.as_ref().map(|(user, password)| (user.as_str(), password.as_str())), expected, "{token}");
        };
        check("QVdTOnB3OjE=", Some(("AWS", "pw:1")));
        check("QVdTOg==", None);
        check("QVdT", None);
        check("%", None);
        check("", None);
    }
}
