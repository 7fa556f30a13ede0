//! What the project says below `with:`, and what the registry's name says.

use serde::Deserialize;
use sextant_sdk::Fault;

/// Everything with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `eu-west-1`.
    pub region: String,
    /// Address of the API, without a slash at its end.
    pub endpoint: String,
    /// Name of the secret with the access key's id.
    pub access_key_id: String,
    /// Name of the secret with the secret access key.
    pub secret_access_key: String,
    /// Name of the secret with the session token, where there is one.
    pub session_token: Option<String>,
    /// Whether a missing repository is created.
    pub create_repository: bool,
}

#[derive(Deserialize)]
struct Given {
    region: Option<String>,
    endpoint: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    create_repository: Option<bool>,
}

impl Settings {
    /// Reads the settings of a project whose registry is at `server`.
    pub fn read(settings: &str, server: Option<&str>) -> Result<Self, Fault> {
        let invalid = |name: &str, reason: String| Fault::InvalidSetting((name.to_string(), reason));
        let given: Given = serde_json::from_str(settings).map_err(|error| invalid("with", error.to_string()))?;
        let server = server.unwrap_or("docker.io");
        let (named, domain) =
            region_of(server).map_or((None, "amazonaws.com"), |(region, domain)| (Some(region), domain));
        let region = match (given.region, named) {
            (Some(region), Some(named)) if region != named => {
                return Err(invalid("region", format!("is {region}, but {server} is in {named}")));
            }
            (Some(region), _) => region,
            (None, Some(named)) => named.to_string(),
            (None, None) => {
                return Err(invalid("region", format!("has to be given: {server} does not tell it")));
            }
        };
        let is_region = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if region.is_empty() || !region.chars().all(is_region) {
            return Err(invalid("region", format!("is `{region}`, which is no region such as eu-west-1")));
        }
        let endpoint = given.endpoint.unwrap_or_else(|| format!("https://api.ecr.{region}.{domain}"));
        let host = endpoint.split_once("://").map(|(_, host)| host.trim_end_matches('/')).unwrap_or_default();
        if !endpoint.starts_with("http") || host.is_empty() || host.contains(['/', '?', '#']) {
            return Err(invalid(
                "endpoint",
                format!("is `{endpoint}`, which is no address without a path such as https://host"),
            ));
        }
        let or = |given: Option<String>, name: &str| given.unwrap_or_else(|| name.to_string());
        Ok(Self {
            region,
            endpoint: endpoint.trim_end_matches('/').to_string(),
            access_key_id: or(given.access_key_id, "AWS_ACCESS_KEY_ID"),
            secret_access_key: or(given.secret_access_key, "AWS_SECRET_ACCESS_KEY"),
            session_token: given.session_token,
            create_repository: given.create_repository.unwrap_or(true),
        })
    }

    /// Host and port of the API, as they stand in a request.
    pub fn host(&self) -> &str {
        let (scheme, host) = self.endpoint.split_once("://").unwrap_or(("https", &self.endpoint));
        let usual = if scheme == "https" { ":443" } else { ":80" };
        host.strip_suffix(usual).unwrap_or(host)
    }
}

/// Region and domain of `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
fn region_of(server: &str) -> Option<(&str, &str)> {
    let (_, rest) = server.split_once(".dkr.ecr.")?;
    let (region, domain) = rest.split_once('.')?;
    Some((region, domain.split(':').next().unwrap_or(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

    #[test]
    fn the_registry_tells_the_region() {
        let check = |settings: &str, server: &str, expected: (&str, &str, &str)| {
            let found = Settings::read(settings, Some(server)).expect("the settings are valid");
            assert_eq!((found.region.as_str(), found.endpoint.as_str(), found.host()), expected);
        };
        let endpoint = "https://api.ecr.eu-west-1.amazonaws.com";
        check("{}", SERVER, ("eu-west-1", endpoint, "api.ecr.eu-west-1.amazonaws.com"));
        check(r#"{ "region": "eu-west-1" }"#, SERVER, ("eu-west-1", endpoint, "api.ecr.eu-west-1.amazonaws.com"));
        check(
            "{}",
            "1.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ("cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"),
        );
        check(
            r#"{ "region": "us-east-1", "endpoint": "http://127.0.0.1:5000/" }"#,
            "127.0.0.1:5001",
            ("us-east-1", "http://127.0.0.1:5000", "127.0.0.1:5000"),
        );
        check(
            r#"{ "endpoint": "https://x.api.ecr.eu-west-1.vpce.amazonaws.com:443" }"#,
            SERVER,
            (
                "eu-west-1",
                "https://x.api.ecr.eu-west-1.vpce.amazonaws.com:443",
                "x.api.ecr.eu-west-1.vpce.amazonaws.com",
            ),
        );
    }

    #[test]
    fn settings_that_make_no_sense_are_told() {
        let check = |settings: &str, server: &str, expected: (&str, &str)| {
            let Err(Fault::InvalidSetting((name, reason))) = Settings::read(settings, Some(server)) else {
                panic!("nothing is wrong with {settings}")
            };
            assert_eq!((name.as_str(), reason.as_str()), expected);
        };
        check("{}", "ghcr.io", ("region", "has to be given: ghcr.io does not tell it"));
        check(
            r#"{ "region": "us-east-1" }"#,
            SERVER,
            ("region", "is us-east-1, but 123456789012.dkr.ecr.eu-west-1.amazonaws.com is in eu-west-1"),
        );
        check(r#"{ "region": "EU" }"#, "ghcr.io", ("region", "is `EU`, which is no region such as eu-west-1"));
        check(
            r#"{ "endpoint": "https://host/path" }"#,
            SERVER,
            ("endpoint", "is `https://host/path`, which is no address without a path such as https://host"),
        );
    }
}
