//! The files of certificates and keys: reading them, and seeing that they have changed.

use super::{TlsError, TlsSettings};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A larger file is something else; the authorities of a whole system have a quarter of a MiB.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// What tells whether files are those that were loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<(PathBuf, Option<Marks>)>);

/// Device, inode, size, and the time of the last change, in seconds and nanoseconds.
type Marks = (u64, u64, u64, i64, i64);

impl Stamp {
    /// Of the files as they are now. What cannot be read is unlike what can.
    pub(crate) fn of(settings: &TlsSettings) -> Self {
        let TlsSettings { cert_file, key_file, ca_file, ca_dir, .. } = settings;
        let single = [cert_file, key_file, ca_file].into_iter().flatten().cloned();
        let listed = ca_dir.iter().flat_map(|dir| list(dir).unwrap_or_default());
        let marks = |of: Metadata| (of.dev(), of.ino(), of.size(), of.mtime(), of.mtime_nsec());
        Self(single.chain(listed).map(|path| (path.clone(), fs::metadata(&path).ok().map(marks))).collect())
    }
}

/// The files of a directory, in the order of their names.
pub(super) fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The certificates of a file, of which there may be none.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::NotPem { path: path.to_owned(), error })
}

/// The private key of a file.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(path)?;
    // PKCS#8 says so in its first line, older files in one below it.
    if text.windows(9).any(|word| word == b"ENCRYPTED") {
        return Err(TlsError::Encrypted(path.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(path.to_owned()),
        error => TlsError::NotPem { path: path.to_owned(), error },
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |error| TlsError::Read { path: path.to_owned(), error };
    let refused = |why: &str| failed(io::Error::other(why));
    let mut text = Vec::new();
    // To open a pipe would wait for who writes it.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(refused("it is not a file"));
    }
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(refused("it is too large for certificates or a key"));
    }
    Ok(text)
}
