//! Container images, served on ports of the operator's machine.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use local_registry::{Store, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::TransportError;

/// What is served here, and from where.
#[derive(Default)]
pub(crate) struct Registry {
    folder: Option<PathBuf>,
    services: Mutex<Vec<JoinHandle<()>>>,
}

impl Registry {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder: Some(folder), services: Mutex::default() }
    }

    /// Serves on a port of the loopback interface, unless somebody does already or the image that is wanted is not kept.
    pub async fn serve(&self, port: u16, image: Option<&str>) -> Result<bool, TransportError> {
        let wrong = |error: std::io::Error| TransportError::local(&format!("serve images on port {port}"), error);
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Ok(false),
            Err(error) => return Err(wrong(error)),
        };
        let Some(folder) = &self.folder else {
            return Err(wrong(std::io::Error::other("there is no folder to keep them in")));
        };
        if image.is_some() && !folder.exists() {
            return Ok(false);
        }
        let store = Store::open(folder).map_err(wrong)?;
        if image.is_some_and(|image| !store.holds(image)) {
            return Ok(false);
        }
        self.services().push(tokio::spawn(serve(Arc::new(store), listener)));
        Ok(true)
    }

    /// Ends what is served.
    pub fn close(&self) {
        self.services().drain(..).for_each(|service| service.abort());
    }

    fn services(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.services.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.close();
    }
}
