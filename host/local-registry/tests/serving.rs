//! The registry as docker sees it: bytes on a socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use local_registry::{Store, serve};
use sha2::{Digest, Sha256};

/// A registry on a free port, and the folder that it keeps images in.
struct Registry {
    port: u16,
    folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(serve(Arc::new(Store::open(folder.path()).unwrap()), listener));
        Self { port, folder, _runtime: runtime }
    }

    /// Status, headers and body of an answer.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        (head[9..12].parse().unwrap(), head, answer[end + 4..].to_vec())
    }

    /// Pushes a blob as docker does: an upload, a piece, the end.
    fn push_blob(&self, content: &[u8]) -> String {
        let digest = digest(content);
        let (status, head, _) = self.ask("POST", "/v2/acme/app/blobs/uploads/", "", b"");
        assert_eq!(status, 202);
        let upload = header(&head, "location");
        let (status, head, _) = self.ask("PATCH", &upload, "", content);
        assert_eq!((status, header(&head, "range")), (202, format!("0-{}", content.len() - 1)));
        let (status, head, _) = self.ask("PUT", &format!("{upload}?digest={}", digest.replace(':', "%3A")), "", b"");
        assert_eq!((status, header(&head, "docker-content-digest")), (201, digest.clone()));
        digest
    }
}

fn digest(content: &[u8]) -> String {
    let hexadecimal: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hexadecimal}")
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_string()
}

const MANIFEST: &str = "content-type: application/vnd.oci.image.manifest.v1+json\r\n";

#[test]
fn an_image_that_was_pushed_can_be_pulled() {
    let registry = Registry::start();
    assert_eq!(registry.ask("GET", "/v2/", "", b"").0, 200);
    let layer: Vec<u8> = (0..1_000_000u32).map(|number| number as u8).collect();
    let (layer_digest, config) = (registry.push_blob(&layer), registry.push_blob(b"{}"));
    let manifest = format!(r#"{{"config":{{"digest":"{config}"}},"layers":[{{"digest":"{layer_digest}"}}]}}"#);
    let (status, head, _) = registry.ask("PUT", "/v2/acme/app/manifests/v1", MANIFEST, manifest.as_bytes());
    assert_eq!((status, header(&head, "docker-content-digest")), (201, digest(manifest.as_bytes())));

    let (status, head, body) = registry.ask("GET", "/v2/acme/app/manifests/v1", "", b"");
    assert_eq!((status, body.as_slice()), (200, manifest.as_bytes()));
    assert_eq!(header(&head, "content-type"), "application/vnd.oci.image.manifest.v1+json");
    let by_digest = format!("/v2/acme/app/manifests/{}", digest(manifest.as_bytes()));
    let (status, head, body) = registry.ask("HEAD", &by_digest, "", b"");
    assert_eq!((status, header(&head, "content-length"), body.len()), (200, manifest.len().to_string(), 0));
    let blob = format!("/v2/acme/app/blobs/{layer_digest}");
    let (status, head, body) = registry.ask("HEAD", &blob, "", b"");
    assert_eq!((status, header(&head, "content-length"), body.len()), (200, layer.len().to_string(), 0));
    assert_eq!(registry.ask("GET", &blob, "", b"").2, layer);
    assert_eq!(registry.ask("GET", "/v2/acme/app/tags/list", "", b"").2, br#"{"name":"acme/app","tags":["v1"]}"#);
    assert!(Store::open(registry.folder.path()).unwrap().holds("acme/app:v1"));
}

#[test]
fn a_layer_that_is_there_is_not_sent_again() {
    let registry = Registry::start();
    let digest = registry.push_blob(b"layer");
    let mount = format!("/v2/other/blobs/uploads/?mount={digest}&from=acme/app");
    assert_eq!(registry.ask("POST", &mount, "", b"").0, 201);
    let whole = format!("/v2/other/blobs/uploads/?digest={}", self::digest(b"whole"));
    assert_eq!(registry.ask("POST", &whole, "", b"whole").0, 201);
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    let registry = Registry::start();
    let (_, head, _) = registry.ask("POST", "/v2/acme/app/blobs/uploads/", "", b"");
    let upload = header(&head, "location");
    let wrong = format!("{upload}?digest={}", digest(b"another"));
    let (status, _, body) = registry.ask("PUT", &wrong, "", b"layer");
    assert_eq!(status, 400);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"errors":[{"code":"DIGEST_INVALID","message":"the blob has another digest"}]}"#
    );
    let missing = format!(r#"{{"layers":[{{"digest":"{}"}}]}}"#, digest(b"missing"));
    assert_eq!(registry.ask("PUT", "/v2/acme/app/manifests/v1", MANIFEST, missing.as_bytes()).0, 400);
    assert_eq!(registry.ask("GET", "/v2/acme/app/manifests/v1", "", b"").0, 404);
    assert_eq!(registry.ask("GET", "/v2/../../etc/manifests/v1", "", b"").0, 404);
    let (status, head, _) = registry.ask("PATCH", &upload, "content-range: 9-12\r\n", b"late");
    assert_eq!((status, header(&head, "location")), (416, upload));
}
