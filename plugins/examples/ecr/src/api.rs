//! Calls of ECR's API.

use serde_json::Value;
use sextant_sdk::{Fault, Refusal, Text, clock, network, vault};

use crate::settings::Settings;
use crate::signature::{Signature, Signed};
use crate::time;

/// What ECR's operations begin with.
const SERVICE: &str = "AmazonEC2ContainerRegistry_V20150921";

/// ECR in one region.
pub struct Api {
    settings: Settings,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub struct Error {
    /// What AWS calls it: `RepositoryNotFoundException`; empty where AWS did not answer.
    pub kind: String,
    message: String,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error.message)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Failed(reason) => format!("ECR cannot be asked: {reason}"),
            refusal => format!("ECR cannot be asked: {refusal:?}"),
        };
        Self { kind: String::new(), message }
    }
}

impl Api {
    /// The API of a region.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Calls an operation and gives its answer.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, Error> {
        let settings = &self.settings;
        let (target, body) = (format!("{SERVICE}.{operation}"), input.to_string());
        let now = time::compact(clock::now()?);
        let request = network::Request::new("POST", &Text::Clear(format!("{}/", settings.endpoint)));
        let mut signed = Signed {
            region: &settings.region,
            service: "ecr",
            time: &now,
            headers: vec![
                ("content-type", Text::Clear("application/x-amz-json-1.1".to_string())),
                ("host", Text::Clear(settings.host().to_string())),
                ("x-amz-date", Text::Clear(now.clone())),
            ],
            body: &body,
        };
        if let Some(token) = &settings.session_token {
            signed.headers.push(("x-amz-security-token", Text::Secret(token.clone())));
        }
        signed.headers.push(("x-amz-target", Text::Clear(target)));
        for (name, value) in signed.headers.iter().filter(|(name, _)| *name != "host") {
            request.header(name, std::slice::from_ref(value));
        }
        let digest = vault::sha256(&signed.canonical_request())?;
        let key = |message: &[u8]| vault::hmac_sha256("AWS4", &settings.secret_access_key, message);
        let Signature { before, after } = signed.sign(&digest, key)?;
        request.header(
            "authorization",
            &[Text::Clear(before), Text::Secret(settings.access_key_id.clone()), Text::Clear(after)],
        );
        request.body(&[Text::Clear(body)]);
        let answer = network::send(&request)?;
        read(operation, answer.status(), &answer.body())
    }
}

/// Reads an answer: a document, or an error in AWS's form.
fn read(operation: &str, status: u16, body: &[u8]) -> Result<Value, Error> {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    if status == 200 && document.is_object() {
        return Ok(document);
    }
    let plain = String::from_utf8_lossy(body);
    // What stands before the API, such as the check of a signature, may answer in XML.
    let tagged = |tag: &str| plain.split_once(&format!("<{tag}>"))?.1.split_once(&format!("</{tag}>"));
    let text = |keys: [&str; 2], tag: &str| {
        let found = keys.iter().find_map(|key| document[*key].as_str());
        found.or_else(|| tagged(tag).map(|(text, _)| text)).unwrap_or_default().to_string()
    };
    // A kind may have a name space before it, and a place behind.
    let kind = text(["__type", "code"], "Code");
    let kind = kind.rsplit('#').next().and_then(|kind| kind.split(':').next()).unwrap_or_default().to_string();
    let reason = match (kind.as_str(), text(["message", "Message"], "Message")) {
        ("", message) if message.is_empty() => format!("status {status}"),
        ("", message) => message,
        (kind, message) => format!("{kind}: {message}"),
    };
    Err(Error { message: format!("ECR refused {operation}: {reason}"), kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_aws_are_told() {
        let check = |status: u16, body: &str, kind: &str, message: &str| {
            let error = read("CreateRepository", status, body.as_bytes()).expect_err("it is an error");
            assert_eq!((error.kind.as_str(), error.message.as_str()), (kind, message));
        };
        check(
            400,
            r#"{ "__type": "com.amazonaws.ecr#RepositoryNotFoundException", "message": "there is none" }"#,
            "RepositoryNotFoundException",
            "ECR refused CreateRepository: RepositoryNotFoundException: there is none",
        );
        check(
            400,
            r#"{ "__type": "InvalidSignatureException", "Message": "it does not match" }"#,
            "InvalidSignatureException",
            "ECR refused CreateRepository: InvalidSignatureException: it does not match",
        );
        check(
            403,
            "<Error><Code>SignatureDoesNotMatch</Code><Message>sign again</Message></Error>",
            "SignatureDoesNotMatch",
            "ECR refused CreateRepository: SignatureDoesNotMatch: sign again",
        );
        check(502, "<html>", "", "ECR refused CreateRepository: status 502");
        check(200, "[]", "", "ECR refused CreateRepository: status 200");
    }
}
