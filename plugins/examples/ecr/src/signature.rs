//! AWS's Signature Version 4, by somebody who does not know the key.

use hmac::{Hmac, KeyInit, Mac};
use sextant_sdk::Text;
use sha2::{Digest, Sha256};

/// What is signed: a `POST` to `/`.
pub struct Signed<'a> {
    /// `eu-west-1`.
    pub region: &'a str,
    /// `ecr`.
    pub service: &'a str,
    /// `20150830T123600Z`.
    pub time: &'a str,
    /// Names in small letters, in the order of the alphabet, and values.
    pub headers: Vec<(&'a str, Text)>,
    /// What is sent.
    pub body: &'a str,
}

/// The header `Authorization`: what stands before the access key's id, and behind it.
pub struct Signature {
    pub before: String,
    pub after: String,
}

impl Signed<'_> {
    /// The canonical request. It is a list, since a session token in it is a secret that only the host can put in.
    pub fn canonical_request(&self) -> Vec<Text> {
        let mut parts = vec![Text::Clear("POST\n/\n\n".to_string())];
        for (name, value) in &self.headers {
            parts.extend([Text::Clear(format!("{name}:")), value.clone(), Text::Clear("\n".to_string())]);
        }
        parts.push(Text::Clear(format!("\n{}\n{}", self.names(), hex(&Sha256::digest(self.body)))));
        parts
    }

    /// Signs the digest of the canonical request. `key` is HMAC-SHA256 by `AWS4` and the secret access key.
    pub fn sign<E>(&self, digest: &[u8], key: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<Signature, E> {
        let day = self.time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.time, hex(digest));
        let of_day = key(day.as_bytes())?;
        let signing = [self.region, self.service, "aws4_request"].iter().fold(of_day, |key, part| code(&key, part));
        let signature = hex(&code(&signing, &text));
        Ok(Signature {
            before: "AWS4-HMAC-SHA256 Credential=".to_string(),
            after: format!("/{scope}, SignedHeaders={}, Signature={signature}", self.names()),
        })
    }

    fn names(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }
}

fn code(key: &[u8], message: &str) -> Vec<u8> {
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    code.update(message.as_bytes());
    code.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn joined(parts: &[Text]) -> String {
        let text = |part: &Text| match part {
            Text::Clear(text) => text.clone(),
            Text::Secret(name) => format!("<{name}>"),
        };
        parts.iter().map(text).collect()
    }

    fn of_key(message: &[u8]) -> Result<Vec<u8>, std::convert::Infallible> {
        Ok(code(format!("AWS4{KEY}").as_bytes(), std::str::from_utf8(message).expect("a day is text")))
    }

    /// The case `post-x-www-form-urlencoded` of the test suite that AWS publishes for Signature Version 4.
    #[test]
    fn requests_are_signed_as_aws_does() {
        let signed = Signed {
            region: "us-east-1",
            service: "service",
            time: "20150830T123600Z",
            headers: vec![
                ("content-type", Text::Clear("application/x-www-form-urlencoded".to_string())),
                ("host", Text::Clear("example.amazonaws.com".to_string())),
                ("x-amz-date", Text::Clear("20150830T123600Z".to_string())),
            ],
            body: "Param1=value1",
        };
        let canonical = joined(&signed.canonical_request());
        assert_eq!(
            canonical,
            "POST\n/\n\ncontent-type:application/x-www-form-urlencoded\nhost:example.amazonaws.com\n\
             x-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n\
             9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
        );
        let Ok(signature) = signed.sign(&Sha256::digest(&canonical), of_key);
        assert_eq!(
            format!("{}AKIDEXAMPLE{}", signature.before, signature.after),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    /// The case `post-vanilla` of the same.
    #[test]
    fn requests_without_a_body_are_signed_as_aws_does() {
        let signed = Signed {
            region: "us-east-1",
            service: "service",
            time: "20150830T123600Z",
            headers: vec![
                ("host", Text::Clear("example.amazonaws.com".to_string())),
                ("x-amz-date", Text::Clear("20150830T123600Z".to_string())),
            ],
            body: "",
        };
        let digest = Sha256::digest(joined(&signed.canonical_request()));
        let Ok(signature) = signed.sign(&digest, of_key);
        assert_eq!(
            signature.after,
            "/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }

    #[test]
    fn a_session_token_stays_a_name() {
        let signed = Signed {
            region: "eu-west-1",
            service: "ecr",
            time: "20150830T123600Z",
            headers: vec![("x-amz-security-token", Text::Secret("AWS_SESSION_TOKEN".to_string()))],
            body: "{}",
        };
        assert_eq!(
            joined(&signed.canonical_request()),
            "POST\n/\n\nx-amz-security-token:<AWS_SESSION_TOKEN>\n\nx-amz-security-token\n\
             44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
