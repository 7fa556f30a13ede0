//! Bytes that go to a registry: in memory, or a part of a file that is read when it is sent.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::{Stream, stream};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How much of a file is in memory at a time.
const PIECE: usize = 256 * 1024;

/// Bytes of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// A part of a file.
    Part {
        /// The file.
        file: PathBuf,
        /// Where the part begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
}

impl Content {
    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Part { length, .. } => *length,
        }
    }

    /// Its digest, `sha256:…`. Reads it to its end.
    pub fn digest(&self) -> io::Result<String> {
        match self {
            Self::Bytes(bytes) => Ok(digest(bytes)),
            Self::Part { .. } => {
                let mut hasher = Hasher::default();
                io::copy(&mut self.open()?, &mut hasher)?;
                Ok(hasher.digest())
            }
        }
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Bytes(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Self::Part { file, offset, length } => {
                let mut file = std::fs::File::open(file)?;
                file.seek(SeekFrom::Start(*offset))?;
                Ok(Box::new(file.take(*length)))
            }
        }
    }

    /// Its bytes piece by piece, as they are sent.
    pub(crate) async fn stream(&self) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let (file, length, bytes) = match self {
            Self::Bytes(bytes) => (None, 0, Some(bytes.clone())),
            Self::Part { file, offset, length } => {
                let mut file = tokio::fs::File::open(file).await?;
                file.seek(SeekFrom::Start(*offset)).await?;
                (Some(file), *length, None)
            }
        };
        Ok(stream::try_unfold((file, length, bytes), |(file, left, bytes)| async move {
            if let Some(bytes) = bytes {
                return Ok(Some((bytes, (file, left, None))));
            }
            let Some(mut file) = file.filter(|_| left > 0) else { return Ok(None) };
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            file.read_exact(&mut piece).await?;
            let left = left - piece.len() as u64;
            Ok(Some((Bytes::from(piece), (Some(file), left, None))))
        }))
    }
}

/// The digest of some bytes: `sha256:…`.
pub fn digest(bytes: &[u8]) -> String {
    shown(Sha256::digest(bytes).as_slice())
}

/// Takes bytes and gives their digest.
#[derive(Default)]
pub(crate) struct Hasher {
    sha256: Sha256,
}

impl Hasher {
    /// The digest of what was written.
    pub fn digest(self) -> String {
        shown(self.sha256.finalize().as_slice())
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha256.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().fold("sha256:".to_string(), |text, byte| text + &format!("{byte:02x}"))
}
