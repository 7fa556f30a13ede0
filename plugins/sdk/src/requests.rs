//! Requests that are put together in one go, and answers that are read as what they hold.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::network::{self, Request, Response};
use crate::{Fault, Refusal, Text};

/// The name of a secret, whose value joins on the way: the plugin does not see it.
pub fn secret(name: &str) -> Text {
    Text::Secret(name.to_string())
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Clear(text.to_string())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Clear(text)
    }
}

/// Requests, sent with the capability `network`.
///
/// ```
/// use sextant_sdk::network::Request;
/// use sextant_sdk::{Fault, secret};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Message<'a> {
///     text: &'a str,
/// }
///
/// fn tell(text: &str) -> Result<(), Fault> {
///     Request::post("https://chat.example.com/api/messages")
///         .with("authorization", ["Bearer ".into(), secret("CHAT_TOKEN")])
///         .with_json(&Message { text })?
///         .send()?
///         .successful()?;
///     Ok(())
/// }
/// ```
impl Request {
    /// A `GET` of an address.
    pub fn get(url: impl Into<Text>) -> Self {
        Self::new("GET", &url.into())
    }

    /// A `POST` to an address, which may be a secret.
    pub fn post(url: impl Into<Text>) -> Self {
        Self::new("POST", &url.into())
    }

    /// With a header whose value is these parts, one after the other.
    #[must_use]
    pub fn with(self, name: &str, value: impl IntoIterator<Item = Text>) -> Self {
        self.header(name, &value.into_iter().collect::<Vec<_>>());
        self
    }

    /// With a body of these parts, one after the other.
    #[must_use]
    pub fn with_body(self, content: impl IntoIterator<Item = Text>) -> Self {
        self.body(&content.into_iter().collect::<Vec<_>>());
        self
    }

    /// With a body of JSON, and the header that says so.
    ///
    /// # Errors
    /// When the value has no JSON.
    pub fn with_json(self, value: &impl Serialize) -> Result<Self, Fault> {
        let json = serde_json::to_string(value).map_err(|error| Fault::Failed(error.to_string()))?;
        Ok(self.with("content-type", ["application/json".into()]).with_body([json.into()]))
    }

    /// Sends it and waits for the answer.
    ///
    /// # Errors
    /// When it is not allowed, or nobody answers.
    pub fn send(self) -> Result<Response, Refusal> {
        network::send(&self)
    }
}

impl Response {
    /// Itself, if its status is one of success.
    ///
    /// # Errors
    /// With the status and the beginning of what came otherwise.
    pub fn successful(self) -> Result<Self, Fault> {
        let status = self.status();
        if (200..300).contains(&status) {
            return Ok(self);
        }
        let told: String = self.text().chars().take(200).collect();
        Err(Fault::Failed(format!("the server answered {status}: {}", told.trim())))
    }

    /// What came, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }

    /// What came, as JSON.
    ///
    /// # Errors
    /// When it is none, or does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body())
            .map_err(|error| Fault::Failed(format!("the answer is not as expected: {error}")))
    }
}
