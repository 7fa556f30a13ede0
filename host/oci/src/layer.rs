//! Files of a project as one layer: the same files give the same bytes, whoever packs them and when.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use plan::AssembledFile;
use tar::{EntryType, Header};

use crate::content::{Content, Hasher};
use crate::error::OciError;

/// Folders of a project that no image gets: they hold its history and its secrets.
const LEFT_OUT: [&str; 2] = [".git", ".kamal"];

/// A layer in a file, compressed.
pub(crate) struct Layer {
    /// Its bytes.
    pub content: Content,
    /// The digest of what is sent.
    pub digest: String,
    /// The digest of what is in it.
    pub diff_id: String,
}

/// Something at a path of an image.
enum Entry {
    Folder,
    File { source: PathBuf, mode: u32 },
    Link { target: PathBuf },
}

/// Packs files of a project into a layer, which is written into a folder.
pub(crate) fn pack(project: &Path, files: &[AssembledFile], folder: &Path) -> Result<Layer, OciError> {
    let mut entries = BTreeMap::new();
    for file in files {
        let source = inside(project, &file.source)?;
        let root = project.join(&file.source) == project || source == inside(project, ".")?;
        collect(&mut entries, &source, place(&file.path), file.mode, root)?;
    }
    let parents: BTreeSet<PathBuf> =
        entries.keys().flat_map(|path: &PathBuf| path.ancestors().skip(1).map(Path::to_path_buf)).collect();
    for parent in parents.into_iter().filter(|parent| parent.as_os_str() != "") {
        entries.entry(parent).or_insert(Entry::Folder);
    }
    write(&entries, &folder.join("layer"))
}

/// Packs what a file holds into a layer again, compressed.
pub(crate) fn compress(content: &Content, path: &Path) -> Result<Layer, OciError> {
    let mut packer = Packer::new(path).map_err(|error| failed(path, &error))?;
    let copied = content.open().and_then(|mut reader| io::copy(&mut reader, &mut packer));
    copied.and_then(|_| packer.finish(path)).map_err(|error| failed(path, &error))
}

/// A path of the project, if it is one, links followed.
pub(crate) fn inside(project: &Path, path: &str) -> Result<PathBuf, OciError> {
    let named = project.join(path);
    let refused = |reason: &str| OciError::File { path: named.clone(), reason: reason.to_string() };
    let real = |path: &Path| path.canonicalize();
    let (found, project) = (real(&named), real(project));
    let (found, project) = match (found, project) {
        (Ok(found), Ok(project)) => (found, project),
        (Err(error), _) | (_, Err(error)) => return Err(refused(&error.to_string())),
    };
    match found.strip_prefix(&project) {
        Err(_) => Err(refused("it leads out of the project")),
        Ok(path) if path.starts_with(".kamal") => Err(refused("it is where secrets are, which no image gets")),
        Ok(_) => Ok(found),
    }
}

/// A path within an image, without the slash that it begins with.
fn place(path: &str) -> PathBuf {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Notes what is at a source. A later entry takes the place of an earlier one.
fn collect(
    entries: &mut BTreeMap<PathBuf, Entry>,
    source: &Path,
    place: PathBuf,
    mode: Option<u32>,
    root: bool,
) -> Result<(), OciError> {
    let metadata = fs::symlink_metadata(source).map_err(|error| failed(source, &error))?;
    let kind = metadata.file_type();
    let entry = if kind.is_dir() {
        let within = fs::read_dir(source).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for found in within.map_err(|error| failed(source, &error))? {
            if !(root && LEFT_OUT.iter().any(|name| found.file_name() == *name)) {
                collect(entries, &found.path(), place.join(found.file_name()), mode, false)?;
            }
        }
        Entry::Folder
    } else if kind.is_symlink() {
        Entry::Link { target: fs::read_link(source).map_err(|error| failed(source, &error))? }
    } else if kind.is_file() {
        Entry::File { source: source.to_path_buf(), mode: mode.unwrap_or_else(|| own_mode(&metadata)) }
    } else {
        let reason = "it is neither a file, nor a folder, nor a link".to_string();
        return Err(OciError::File { path: source.to_path_buf(), reason });
    };
    if place.as_os_str() != "" {
        entries.insert(place, entry);
    }
    Ok(())
}

fn own_mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

fn write(entries: &BTreeMap<PathBuf, Entry>, path: &Path) -> Result<Layer, OciError> {
    let packer = Packer::new(path).map_err(|error| failed(path, &error))?;
    let mut archive = tar::Builder::new(packer);
    for (place, entry) in entries {
        let (source, added) = match entry {
            Entry::Folder => (place.as_path(), add_folder(&mut archive, place)),
            Entry::Link { target } => (place.as_path(), add_link(&mut archive, place, target)),
            Entry::File { source, mode } => (source.as_path(), add_file(&mut archive, place, source, *mode)),
        };
        added.map_err(|error| failed(source, &error))?;
    }
    let packed = archive.into_inner().and_then(|packer| packer.finish(path));
    packed.map_err(|error| failed(path, &error))
}

fn add_folder(archive: &mut tar::Builder<Packer>, place: &Path) -> io::Result<()> {
    // An image's own modes for these folders are what programs rely on.
    let mode = match place.to_str() {
        Some("tmp" | "var/tmp") => 0o1777,
        Some("root") => 0o700,
        _ => 0o755,
    };
    let mut header = header(EntryType::Directory, 0, mode);
    archive.append_data(&mut header, place.join(""), io::empty())
}

fn add_link(archive: &mut tar::Builder<Packer>, place: &Path, target: &Path) -> io::Result<()> {
    archive.append_link(&mut header(EntryType::Symlink, 0, 0o777), place, target)
}

fn add_file(archive: &mut tar::Builder<Packer>, place: &Path, source: &Path, mode: u32) -> io::Result<()> {
    let file = File::open(source)?;
    let length = file.metadata()?.len();
    archive.append_data(&mut header(EntryType::Regular, length, mode), place, file)
}

/// A header without a time and without an owner.
fn header(kind: EntryType, length: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(length);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn failed(path: &Path, error: &io::Error) -> OciError {
    OciError::File { path: path.to_path_buf(), reason: error.to_string() }
}

/// Compresses into a file, and notes both digests.
struct Packer {
    outer: GzEncoder<Noted>,
    inner: Hasher,
}

/// A file, and the digest of what was written into it.
struct Noted {
    file: io::BufWriter<File>,
    hasher: Hasher,
    length: u64,
}

impl Packer {
    fn new(path: &Path) -> io::Result<Self> {
        let file = io::BufWriter::new(File::create(path)?);
        let noted = Noted { file, hasher: Hasher::default(), length: 0 };
        Ok(Self { outer: GzEncoder::new(noted, Compression::default()), inner: Hasher::default() })
    }

    fn finish(self, path: &Path) -> io::Result<Layer> {
        let mut noted = self.outer.finish()?;
        noted.file.flush()?;
        let content = Content::Part { file: path.to_path_buf(), offset: 0, length: noted.length };
        Ok(Layer { content, digest: noted.hasher.digest(), diff_id: self.inner.digest() })
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.outer.write(bytes)?;
        self.inner.write_all(&bytes[..count])?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.outer.flush()
    }
}

impl Write for Noted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.write_all(&bytes[..count])?;
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
