//! Images are served on a port of this machine only where that is wanted and nobody else does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use transport::{Machines, SshSettings, Transport};

/// A port that nobody listens on, for a moment at least.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn machines(folder: &std::path::Path) -> Machines {
    Machines::new("/", SshSettings::default(), transport::SecretValues::new()).keeping_images_in(folder)
}

/// The status of an answer.
fn asked(port: u16, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_are_kept_are_served_again() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (machines(folder.path()), machines(folder.path()));
    assert_eq!(first.serve_registry(free_port(), Some("acme/app:v1")).await, Ok(false), "nothing is kept yet");
    let port = free_port();
    assert_eq!(first.serve_registry(port, None).await, Ok(true));
    assert_eq!(second.serve_registry(port, None).await, Ok(false), "somebody listens there");
    let media_type = "content-type: application/vnd.oci.image.index.v1+json\r\n";
    let index = r#"{"manifests":[]}"#;
    let put = tokio::task::spawn_blocking(move || asked(port, "PUT", "/v2/acme/app/manifests/v1", media_type, index));
    assert_eq!(put.await.unwrap(), "201");
    first.close().await;

    let port = free_port();
    assert_eq!(second.serve_registry(port, Some("acme/app:v2")).await, Ok(false), "another version is kept");
    assert_eq!(second.serve_registry(port, Some("acme/app:v1")).await, Ok(true));
    let get = tokio::task::spawn_blocking(move || asked(port, "GET", "/v2/acme/app/manifests/v1", "", ""));
    assert_eq!(get.await.unwrap(), "200");
    second.close().await;
}
