//! Keys that sign plugins: ECDSA on P-256, in PEM, as openssl and cosign write them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use secrecy::{ExposeSecret, SecretString};

use crate::error::DistributionError;

/// A key that tells whether somebody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a PEM file's text; `file` is for errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, DistributionError> {
        let wrong = |reason: String| DistributionError::Key { file: file.to_string(), kind: "public", reason };
        if text.contains("PRIVATE KEY") {
            return Err(wrong("it is a private one".to_string()));
        }
        VerifyingKey::from_public_key_pem(text.trim()).map(Self).map_err(|error| wrong(error.to_string()))
    }

    /// Reads what stands in `sextant.lock`.
    pub(crate) fn of_base64(text: &str) -> Option<Self> {
        VerifyingKey::from_public_key_der(&STANDARD.decode(text).ok()?).ok().map(Self)
    }

    /// The key as it stands in `sextant.lock`.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.der())
    }

    /// What people compare: the SHA-256 digest of the key.
    pub fn fingerprint(&self) -> String {
        oci::digest(&self.der())
    }

    /// The key as a PEM file.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// Whether a signature, base64 of DER, is of this key and over these bytes.
    pub(crate) fn signed(&self, bytes: &[u8], signature: &str) -> bool {
        let der = STANDARD.decode(signature.trim()).ok();
        let signature = der.and_then(|der| Signature::from_der(&der).ok());
        signature.is_some_and(|signature| self.0.verify(bytes, &signature).is_ok())
    }

    fn der(&self) -> Vec<u8> {
        self.0.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
    }
}

/// A key that signs.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// Makes a new one.
    pub fn generate() -> Self {
        Self(SigningKey::from(SecretKey::generate()))
    }

    /// Reads a PEM file's text, `PRIVATE KEY` or `EC PRIVATE KEY`; `file` is for errors.
    pub fn parse(file: &str, text: &SecretString) -> Result<Self, DistributionError> {
        let wrong = |reason: String| DistributionError::Key { file: file.to_string(), kind: "private", reason };
        let text = text.expose_secret().trim();
        if text.contains("ENCRYPTED") {
            return Err(wrong("it has a passphrase".to_string()));
        }
        let key = if text.contains("BEGIN EC PRIVATE KEY") {
            // openssl writes the name of the curve before the key.
            let from = text.find("-----BEGIN EC PRIVATE KEY").unwrap_or_default();
            SecretKey::from_sec1_pem(&text[from..]).map_err(|error| wrong(error.to_string()))?
        } else {
            SecretKey::from_pkcs8_pem(text).map_err(|error| wrong(error.to_string()))?
        };
        Ok(Self(SigningKey::from(key)))
    }

    /// The key as a PEM file.
    pub fn to_pem(&self) -> SecretString {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string());
        pem.unwrap_or_default().into()
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Signs bytes: base64 of DER, as `cosign sign-blob` writes it. The same bytes always get the same signature.
    pub fn sign(&self, bytes: &[u8]) -> String {
        let signature: Signature = self.0.sign(bytes);
        STANDARD.encode(signature.to_der().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let key = PrivateKey::generate();
        let again = PrivateKey::parse("k", &key.to_pem()).expect("it reads what it wrote");
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::parse("k", &key.public().to_pem()).expect("a public key"), key.public());
        assert_eq!(PublicKey::of_base64(&key.public().to_base64()), Some(key.public()));
        assert!(key.public().signed(b"hello", &again.sign(b"hello")));
        assert!(!key.public().signed(b"hallo", &again.sign(b"hello")));
        assert!(!PrivateKey::generate().public().signed(b"hello", &again.sign(b"hello")));
        assert!(!key.public().signed(b"hello", "AAAA"));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let public = |text: &str| PublicKey::parse("acme.pub", text).map(|_| ()).map_err(|error| error.to_string());
        let private = PrivateKey::generate().to_pem();
        assert_eq!(public(private.expose_secret()), Err("acme.pub is no public key: it is a private one".to_string()));
        assert!(public("hello").is_err());
        let encrypted =
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nx\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----";
        let error =
            PrivateKey::parse("k", &encrypted.to_string().into()).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err("k is no private key: it has a passphrase".to_string()));
    }
}
