//! The interfaces by which acting hooks reach the world outside. Every function begins with its check.

use hmac::{KeyInit, Mac};
use manifest::Kind;
use plan::hooks::Refusal;
use secrecy::{ExposeSecret, SecretString};
use sha2::Digest;
use url::Url;
use wasmtime::component::Resource;

use crate::access::{self, HttpRequest, HttpResponse, Outside};
use crate::bindings::sextant::deploy::{capability, clock, execution, files, network, types, vault};
use crate::convert;
use crate::lookup::{Call, Outcome};
use crate::sandbox::State;

/// A request as a guest puts it together: secrets are names.
pub struct RequestParts {
    method: String,
    url: types::Text,
    headers: Vec<(String, Vec<types::Text>)>,
    body: Option<Vec<types::Text>>,
}

/// What a host function gives: an answer or a refusal, unless a limit ends the call.
type Reply<T> = wasmtime::Result<Result<T, capability::Refusal>>;

impl capability::Host for State {}

impl network::Host for State {
    fn send(&mut self, request: Resource<RequestParts>) -> Reply<Resource<HttpResponse>> {
        // Nothing of the request is looked at for a hook that plans.
        if let Err(refusal) = self.acting("the network") {
            return Ok(Err(refusal));
        }
        let request = match self.joined(&request)? {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (address, url) = match destination(request.url.expose_secret()) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(capability::Refusal::Failed(reason))),
        };
        let outside = match self.allow(Kind::Network, &address) {
            Ok(outside) => outside,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let request = HttpRequest { url: SecretString::from(url), ..request };
        self.waiting(|| outside.send(&request))?
            .map(|response| Ok(self.table.push(response)?))
            .map_or_else(|reason| Ok(Err(failed(&reason))), |pushed: wasmtime::Result<_>| pushed.map(Ok))
    }
}

impl network::HostRequest for State {
    fn new(&mut self, method: String, url: types::Text) -> wasmtime::Result<Resource<RequestParts>> {
        Ok(self.table.push(RequestParts { method, url, headers: Vec::new(), body: None })?)
    }

    fn header(&mut self, this: Resource<RequestParts>, name: String, value: Vec<types::Text>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.headers.push((name, value));
        Ok(())
    }

    fn body(&mut self, this: Resource<RequestParts>, content: Vec<types::Text>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.body = Some(content);
        Ok(())
    }

    fn drop(&mut self, this: Resource<RequestParts>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl network::HostResponse for State {
    fn status(&mut self, this: Resource<HttpResponse>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&this)?.status)
    }

    fn header(&mut self, this: Resource<HttpResponse>, name: String) -> wasmtime::Result<Option<String>> {
        let headers = &self.table.get(&this)?.headers;
        Ok(headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| value.clone()))
    }

    fn body(&mut self, this: Resource<HttpResponse>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&this)?.body.clone())
    }

    fn drop(&mut self, this: Resource<HttpResponse>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl files::Host for State {
    fn read(&mut self, path: String) -> Reply<Vec<u8>> {
        let outside = match self.allow(Kind::Files, &path) {
            Ok(outside) => outside,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.waiting(|| outside.read(&path))?.map_err(|reason| failed(&reason)))
    }
}

impl execution::Host for State {
    fn run(&mut self, command: Resource<Call>) -> Reply<Resource<Outcome>> {
        let call = self.table.get(&command)?.clone();
        let program = call.words.first().cloned().unwrap_or_default();
        let outside = match self.allow(Kind::Programs, &program) {
            Ok(outside) => outside,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let outcome = self.waiting(|| outside.run(&call))?;
        Ok(Ok(self.table.push(outcome)?))
    }

    fn variable(&mut self, name: String) -> Reply<Option<String>> {
        Ok(self.allow(Kind::Variables, &name).map(|outside| outside.variable(&name)))
    }
}

impl vault::Host for State {
    fn hmac_sha256(&mut self, prefix: String, secret: String, message: Vec<u8>) -> Reply<Vec<u8>> {
        let value = match self.secret(Kind::Secrets, &secret)? {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let key = [prefix.as_bytes(), value.expose_secret().as_bytes()].concat();
        let mut code = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key)?;
        code.update(&message);
        Ok(Ok(code.finalize().into_bytes().to_vec()))
    }

    fn sha256(&mut self, content: Vec<types::Text>) -> Reply<Vec<u8>> {
        if let Err(refusal) = self.acting("the secrets") {
            return Ok(Err(refusal));
        }
        Ok(self.text(&content)?.map(|text| sha2::Sha256::digest(text.expose_secret()).to_vec()))
    }

    fn reveal(&mut self, secret: String) -> Reply<String> {
        Ok(self.secret(Kind::Reveal, &secret)?.map(|value| value.expose_secret().to_string()))
    }
}

impl clock::Host for State {
    fn now(&mut self) -> Reply<u64> {
        Ok(self.acting("the time").map(|outside| outside.now()))
    }
}

impl State {
    /// The way outside, if the plugin may reach this. A refusal is remembered: it ends the run, whatever the guest makes of it.
    fn allow(&mut self, kind: Kind, name: &str) -> Result<std::sync::Arc<dyn Outside>, capability::Refusal> {
        let checked = self.access.check(kind, name);
        checked.map_err(|refusal| self.refuse(refusal, access::words(kind, name)))
    }

    /// The way outside for what takes no capability but must not be had while planning.
    fn acting(&mut self, what: &str) -> Result<std::sync::Arc<dyn Outside>, capability::Refusal> {
        self.access.acting().map_err(|refusal| self.refuse(refusal, what.to_string()))
    }

    fn refuse(&mut self, refusal: Refusal, what: String) -> capability::Refusal {
        let what = convert::one_line(&what);
        self.refused.get_or_insert((refusal, what.clone()));
        match refusal {
            Refusal::Planning => capability::Refusal::Planning,
            Refusal::NotAsked => capability::Refusal::NotAsked(what),
            Refusal::NotGranted => capability::Refusal::NotGranted(what),
        }
    }

    /// Does something outside: it counts as a step, and its time is not the guest's.
    fn waiting<T>(&mut self, act: impl FnOnce() -> T) -> wasmtime::Result<T> {
        self.budget.step()?;
        Ok(act())
    }

    /// The value of a secret that the plugin may use or see.
    fn secret(&mut self, kind: Kind, name: &str) -> Reply<SecretString> {
        let outside = match self.allow(kind, name) {
            Ok(outside) => outside,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(self.waiting(|| outside.secret(name))?.map_err(|reason| failed(&reason)))
    }

    /// A request with its secrets in place.
    fn joined(&mut self, request: &Resource<RequestParts>) -> Reply<HttpRequest> {
        let RequestParts { method, url, headers, body } = self.table.get(request)?;
        let (method, url, headers, body) = (method.clone(), url.clone(), headers.clone(), body.clone());
        let mut joined = HttpRequest { method, url: SecretString::default(), headers: Vec::new(), body: None };
        match self.text(&[url])? {
            Ok(url) => joined.url = url,
            Err(refusal) => return Ok(Err(refusal)),
        }
        for (name, value) in headers {
            match self.text(&value)? {
                Ok(value) if is_header(&name, value.expose_secret()) => joined.headers.push((name, value)),
                Ok(_) => return Ok(Err(failed(&format!("the header `{name}` cannot be sent")))),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        if let Some(body) = body {
            match self.text(&body)? {
                Ok(body) => joined.body = Some(body),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(joined))
    }

    fn text(&mut self, parts: &[types::Text]) -> Reply<SecretString> {
        let mut joined = String::new();
        for part in parts {
            match part {
                types::Text::Clear(text) => joined.push_str(text),
                types::Text::Secret(name) => match self.secret(Kind::Secrets, name)? {
                    Ok(value) => joined.push_str(value.expose_secret()),
                    Err(refusal) => return Ok(Err(refusal)),
                },
            }
        }
        Ok(Ok(SecretString::from(joined)))
    }
}

fn failed(reason: &str) -> capability::Refusal {
    capability::Refusal::Failed(convert::one_line(reason))
}

/// A header that a guest may set: the host alone says where a request goes and how long it is.
fn is_header(name: &str, value: &str) -> bool {
    const OWN: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];
    let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_token && !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) && !value.contains(['\r', '\n', '\0'])
}

/// Where an address leads, as `host:port`, and the address as it is sent. A user in it is refused: it only serves to hide the host.
fn destination(address: &str) -> Result<(String, String), String> {
    let url = Url::parse(address).map_err(|error| format!("the address cannot be read: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address begins with neither https:// nor http://".to_string());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds a user or a password".to_string());
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("the address names no host".to_string());
    };
    Ok((format!("{host}:{port}"), url.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_address_leads() {
        let check = |address: &str, expected: Result<&str, &str>| {
            let found = destination(address).map(|(host, _)| host);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{address}");
        };
        check("https://api.example.com/x?y", Ok("api.example.com:443"));
        check("http://API.example.com/", Ok("api.example.com:80"));
        check("http://[::1]:8080/", Ok("[::1]:8080"));
        check("https://api.example.com\\@evil.example/", Ok("api.example.com:443"));
        check("https://api.example.com@evil.example/", Err("the address holds a user or a password"));
        check("file:///etc/passwd", Err("the address begins with neither https:// nor http://"));
        check("evil.example", Err("the address cannot be read: relative URL without a base"));
    }

    #[test]
    fn headers_that_say_where_a_request_goes_are_the_hosts() {
        let check = |name: &str, value: &str, expected: bool| assert_eq!(is_header(name, value), expected, "{name}");
        check("Authorization", "Bearer x", true);
        check("host", "evil.example", false);
        check("Content-Length", "0", false);
        check("x y", "1", false);
        check("x", "1\r\nHost: evil.example", false);
    }
}
