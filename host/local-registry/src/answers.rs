//! What is answered to a request of the distribution protocol.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::names::hexadecimal;
use crate::routes::{Reference, Route};
use crate::store::{Manifest, Store, hash, references};

type Body = BoxBody<Bytes, io::Error>;
type Answer = Response<Body>;

/// The largest manifest: docker's own limit.
const MANIFEST: usize = 4 << 20;

/// How much of a blob is read at once.
const PIECE: usize = 128 * 1024;

const DIGEST: &str = "docker-content-digest";

/// Answers a request. What the disk says goes to the client, who shows it to whoever pushes.
pub(crate) async fn answer(store: Arc<Store>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let answered = match Route::parse(request.uri().path()) {
        Some(route) => route_to(&store, route, request).await,
        None => Ok(refusal(StatusCode::NOT_FOUND, "NAME_INVALID", "there is nothing under this path")),
    };
    Ok(answered.unwrap_or_else(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", &error.to_string())))
}

async fn route_to(store: &Store, route: Route, request: Request<Incoming>) -> io::Result<Answer> {
    let method = request.method().clone();
    match (&method, route) {
        (&Method::GET | &Method::HEAD, Route::Base) => Ok(json_text(&json!({}))),
        (&Method::GET | &Method::HEAD, Route::Blob(digest)) => blob(store, &digest, method == Method::HEAD).await,
        (&Method::POST, Route::NewUpload { repository }) => begin(store, &repository, request).await,
        (&Method::GET, Route::Upload { repository, upload }) => progress(store, &repository, &upload),
        (&Method::PATCH, Route::Upload { repository, upload }) => append(store, &repository, &upload, request).await,
        (&Method::PUT, Route::Upload { repository, upload }) => finish(store, &repository, &upload, request).await,
        (&Method::DELETE, Route::Upload { upload, .. }) => {
            std::fs::remove_file(store.upload(&upload))?;
            Ok(plain(StatusCode::NO_CONTENT))
        }
        (&Method::GET | &Method::HEAD, Route::Manifest { repository, reference }) => {
            Ok(manifest(store, &repository, reference))
        }
        (&Method::PUT, Route::Manifest { repository, reference }) => {
            keep_manifest(store, &repository, reference, request).await
        }
        (&Method::GET, Route::Tags { repository }) => {
            Ok(json_text(&json!({ "name": repository, "tags": store.all_tags(&repository) })))
        }
        _ => Ok(refusal(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "this registry keeps what it is given")),
    }
}

async fn blob(store: &Store, digest: &str, head: bool) -> io::Result<Answer> {
    let Ok(file) = File::open(store.blob(digest)).await else {
        return Ok(refusal(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "the blob is not here"));
    };
    let length = file.metadata().await?.len();
    let mut answer = plain(StatusCode::OK);
    set(&mut answer, DIGEST, &format!("sha256:{digest}"));
    set(&mut answer, CONTENT_LENGTH.as_str(), &length.to_string());
    set(&mut answer, CONTENT_TYPE.as_str(), "application/octet-stream");
    if !head {
        *answer.body_mut() = pieces(file);
    }
    Ok(answer)
}

/// A file as a body, piece by piece.
fn pieces(file: File) -> Body {
    let pieces = stream::unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(count) => {
                piece.truncate(count);
                Some((Ok(Frame::data(Bytes::from(piece))), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    BodyExt::boxed(StreamBody::new(Box::pin(pieces) as std::pin::Pin<Box<dyn stream::Stream<Item = _> + Send + Sync>>))
}

/// A new upload; a blob that is here already needs none, and one that comes whole is done at once.
async fn begin(store: &Store, repository: &str, request: Request<Incoming>) -> io::Result<Answer> {
    if let Some(digest) = parameter(&request, "mount").as_deref().and_then(hexadecimal)
        && store.blob(digest).exists()
    {
        return Ok(created(repository, digest));
    }
    let upload = store.new_upload()?;
    if parameter(&request, "digest").is_some() {
        return finish(store, repository, &upload, request).await;
    }
    Ok(accepted(StatusCode::ACCEPTED, repository, &upload, 0))
}

fn progress(store: &Store, repository: &str, upload: &str) -> io::Result<Answer> {
    match std::fs::metadata(store.upload(upload)) {
        Ok(metadata) => Ok(accepted(StatusCode::NO_CONTENT, repository, upload, metadata.len())),
        Err(_) => Ok(unknown_upload()),
    }
}

async fn append(store: &Store, repository: &str, upload: &str, request: Request<Incoming>) -> io::Result<Answer> {
    let path = store.upload(upload);
    let Ok(metadata) = std::fs::metadata(&path) else { return Ok(unknown_upload()) };
    if !continues(request.headers(), metadata.len()) {
        return Ok(accepted(StatusCode::RANGE_NOT_SATISFIABLE, repository, upload, metadata.len()));
    }
    let length = write(&path, request.into_body()).await?;
    Ok(accepted(StatusCode::ACCEPTED, repository, upload, length))
}

async fn finish(store: &Store, repository: &str, upload: &str, request: Request<Incoming>) -> io::Result<Answer> {
    let path = store.upload(upload);
    if !path.exists() {
        return Ok(unknown_upload());
    }
    let digest = parameter(&request, "digest").unwrap_or_default();
    let Some(digest) = hexadecimal(&digest) else {
        return Ok(refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is no sha256"));
    };
    write(&path, request.into_body()).await?;
    if !store.finish(upload, digest)? {
        return Ok(refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the blob has another digest"));
    }
    Ok(created(repository, digest))
}

/// Whether a piece begins where the upload ends; one that does not say so does.
fn continues(headers: &HeaderMap, length: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_none_or(|range| range.split('-').next().is_some_and(|begin| begin.parse() == Ok(length)))
}

/// Appends a body to a file and tells how long it is now.
async fn write(path: &Path, mut body: Incoming) -> io::Result<u64> {
    let mut file = OpenOptions::new().append(true).open(path).await?;
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
            file.write_all(&piece).await?;
        }
    }
    file.flush().await?;
    Ok(file.metadata().await?.len())
}

fn manifest(store: &Store, repository: &str, reference: Reference) -> Answer {
    let digest = match reference {
        Reference::Digest(digest) => Some(digest),
        Reference::Tag(tag) => store.tagged(repository, &tag),
    };
    let Some(manifest) = digest.and_then(|digest| store.manifest(repository, &digest)) else {
        return refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "the manifest is not here");
    };
    let mut answer = text(StatusCode::OK, &manifest.media_type, manifest.content);
    set(&mut answer, DIGEST, &format!("sha256:{}", manifest.digest));
    answer
}

async fn keep_manifest(
    store: &Store,
    repository: &str,
    reference: Reference,
    request: Request<Incoming>,
) -> io::Result<Answer> {
    let invalid = |text: &str| Ok(refusal(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", text));
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = header.split(';').next().unwrap_or_default().trim().to_string();
    let Ok(content) = Limited::new(request.into_body(), MANIFEST).collect().await else {
        return invalid("the manifest is too large, or did not arrive");
    };
    let content = content.to_bytes().to_vec();
    let digest = hash(&content);
    if serde_json::from_slice::<serde_json::Value>(&content).is_err() || media_type.is_empty() {
        return invalid("the manifest is no JSON, or has no media type");
    }
    let tag = match &reference {
        Reference::Digest(named) if *named != digest => return invalid("the manifest has another digest"),
        Reference::Digest(_) => None,
        Reference::Tag(tag) => Some(tag.as_str()),
    };
    if references(&content).iter().any(|(manifest, digest)| !manifest && !store.blob(digest).exists()) {
        return Ok(refusal(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", "a blob of the manifest is not here"));
    }
    store.keep(repository, tag, &Manifest { digest: digest.clone(), media_type, content })?;
    let mut answer = plain(StatusCode::CREATED);
    set(&mut answer, LOCATION.as_str(), &format!("/v2/{repository}/manifests/sha256:{digest}"));
    set(&mut answer, DIGEST, &format!("sha256:{digest}"));
    Ok(answer)
}

/// The value of a parameter of the address.
fn parameter(request: &Request<Incoming>, name: &str) -> Option<String> {
    let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    // Of all that these values can hold, only the colon is ever encoded.
    let value = pairs.into_iter().find(|(key, _)| *key == name)?.1;
    Some(value.replace("%3A", ":").replace("%3a", ":"))
}

fn created(repository: &str, digest: &str) -> Answer {
    let mut answer = plain(StatusCode::CREATED);
    set(&mut answer, LOCATION.as_str(), &format!("/v2/{repository}/blobs/sha256:{digest}"));
    set(&mut answer, DIGEST, &format!("sha256:{digest}"));
    answer
}

/// Where an upload goes on, and how far it is.
fn accepted(status: StatusCode, repository: &str, upload: &str, length: u64) -> Answer {
    let mut answer = plain(status);
    set(&mut answer, LOCATION.as_str(), &format!("/v2/{repository}/blobs/uploads/{upload}"));
    set(&mut answer, "docker-upload-uuid", upload);
    set(&mut answer, RANGE.as_str(), &format!("0-{}", length.saturating_sub(1)));
    answer
}

fn unknown_upload() -> Answer {
    refusal(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    let errors = json!({ "errors": [{ "code": code, "message": message }] });
    text(status, "application/json", errors.to_string().into_bytes())
}

fn json_text(value: &serde_json::Value) -> Answer {
    text(StatusCode::OK, "application/json", value.to_string().into_bytes())
}

fn text(status: StatusCode, media_type: &str, content: Vec<u8>) -> Answer {
    let mut answer = plain(status);
    set(&mut answer, CONTENT_TYPE.as_str(), media_type);
    *answer.body_mut() = Full::new(Bytes::from(content)).map_err(|never| match never {}).boxed();
    answer
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *answer.status_mut() = status;
    set(&mut answer, "docker-distribution-api-version", "registry/2.0");
    answer
}

/// Sets a header; a value that is none is left out.
fn set(answer: &mut Answer, name: &str, value: &str) {
    let (name, value) = (name.parse::<hyper::header::HeaderName>(), value.parse());
    if let (Ok(name), Ok(value)) = (name, value) {
        answer.headers_mut().insert(name, value);
    }
}
