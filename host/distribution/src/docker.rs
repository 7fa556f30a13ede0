//! What docker knows about registries: logins in its `config.json`, certificates in `certs.d`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci::{Login, Registry, Trust};
use serde_json::Value;

/// Where docker keeps what it knows.
#[derive(Debug, Clone, Default)]
pub struct Docker {
    /// The folder of `config.json`, usually `~/.docker`.
    pub folder: Option<PathBuf>,
    /// Where docker looks for certificates.
    pub trust: Trust,
}

impl Docker {
    /// A registry, spoken to with docker's login and with the certificates that docker trusts.
    pub(crate) fn registry(&self, server: &str) -> Result<Registry, String> {
        let login = self.login(server)?;
        Registry::new(server, login.as_ref(), &self.trust).map_err(|error| error.to_string())
    }

    /// The login for a server, if there is one.
    fn login(&self, server: &str) -> Result<Option<Login>, String> {
        let Some(file) = self.folder.as_ref().map(|folder| folder.join("config.json")) else { return Ok(None) };
        let Ok(text) = std::fs::read_to_string(&file) else { return Ok(None) };
        let wrong = |what: &str| format!("{} {what}", file.display());
        let configuration: Value = serde_json::from_str(&text).map_err(|_| wrong("is no JSON"))?;
        for name in names(server) {
            let helper = configuration["credHelpers"][&name].as_str().or(configuration["credsStore"].as_str());
            if let Some(found) = helper.and_then(|helper| asked(helper, &name)) {
                return Ok(Some(found));
            }
            let Some(auth) = configuration["auths"][&name]["auth"].as_str().filter(|auth| !auth.is_empty()) else {
                continue;
            };
            let unreadable = || wrong(&format!("has no readable login for {name}"));
            let pair =
                STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(unreadable)?;
            let (username, password) = pair.split_once(':').ok_or_else(unreadable)?;
            return Ok(Some(Login {
                username: username.to_string().into(),
                password: password.trim_end_matches('\0').to_string().into(),
            }));
        }
        Ok(None)
    }
}

/// The names by which docker may know a server.
fn names(server: &str) -> Vec<String> {
    if server == "index.docker.io" {
        return ["https://index.docker.io/v1/", "index.docker.io", "docker.io"].map(str::to_string).to_vec();
    }
    vec![server.to_string(), format!("https://{server}"), format!("https://{server}/"), format!("https://{server}/v2/")]
}

/// Asks docker's helper for a login. A helper that knows none, or is not there, is no error: the registry says whether it needs one.
fn asked(helper: &str, server: &str) -> Option<Login> {
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(server.as_bytes()).ok()?;
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = |key: &str| answer[key].as_str().filter(|text| !text.is_empty()).map(str::to_string);
    Some(Login { username: text("Username")?.into(), password: text("Secret")?.into() })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn logins_are_those_of_docker() {
        let folder = tempfile::tempdir().expect("a folder");
        let docker = Docker { folder: Some(folder.path().to_path_buf()), ..Docker::default() };
        let check = |text: &str, server: &str, expected: Option<(&str, &str)>| {
            std::fs::write(folder.path().join("config.json"), text).expect("a file");
            let login = docker.login(server).expect("it can be read");
            let login = login.as_ref().map(|login| (login.username.expose_secret(), login.password.expose_secret()));
            assert_eq!(login, expected, "{server} {text}");
        };
        let auth = STANDARD.encode("me:pass:word");
        let plain = format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{auth}"}}}}}}"#);
        check(&plain, "ghcr.io", Some(("me", "pass:word")));
        check(&plain, "other.io", None);
        check("{}", "ghcr.io", None);
        check(r#"{"auths":{"ghcr.io":{}}, "credsStore":"that-nobody-has"}"#, "ghcr.io", None);
        let hub = format!(r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}}}}}}"#);
        check(&hub, "index.docker.io", Some(("me", "pass:word")));
        std::fs::write(folder.path().join("config.json"), "{").expect("a file");
        let error = docker.login("ghcr.io").map(|_| ());
        assert_eq!(error, Err(format!("{} is no JSON", folder.path().join("config.json").display())));
    }
}
