//! A registry for container images on the operator's machine, for the time of a run: what docker and buildx need of the OCI
//! distribution protocol, and a folder that keeps the images.
//!
//! It serves whoever reaches its socket, so the socket belongs on the loopback interface. It decides nothing about when to serve.

mod answers;
mod names;
mod routes;
mod store;

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub use store::Store;

/// Serves the images of a store on a socket, until it is dropped.
pub async fn serve(store: Arc<Store>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Connections that ended are forgotten; those that go on end with this future.
        while connections.try_join_next().is_some() {}
        let store = store.clone();
        connections.spawn(async move {
            let answer = service_fn(move |request| answers::answer(store.clone(), request));
            // A client that goes away in the middle of a layer comes back by itself.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
