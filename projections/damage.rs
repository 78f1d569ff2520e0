//! A sum over the file of a database that was closed in order: what changed in it since is damage.
//!
//! SQLite checks the structure of its pages, not their contents: a flipped bit in a number would be answered. So a sum of
//! the whole file is kept beside it from the end of one run to the beginning of the next.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Writes the sum of a file that nobody has open any more.
pub(crate) fn seal(file: &Path) -> std::io::Result<()> {
    if has_journal(file) {
        return Ok(());
    }
    std::fs::write(beside(file, ".sum"), format!("{:08x}\n", sum(file)?))
}

/// Compares the file with the sum that was written when it was closed, if it was. Answers whether it is known to be whole, or
/// what is wrong with it.
pub(crate) fn compare(file: &Path) -> Result<bool, String> {
    let Ok(text) = std::fs::read_to_string(beside(file, ".sum")) else { return Ok(false) };
    let now = sum(file).map_err(|error| error.to_string())?;
    if text.trim() == format!("{now:08x}") {
        Ok(true)
    } else {
        Err("its contents are not those that it was closed with".to_owned())
    }
}

/// Forgets the sum of a file that is about to change.
pub(crate) fn forget(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(beside(file, ".sum")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether some of a database's contents are in its journal still.
pub(crate) fn has_journal(file: &Path) -> bool {
    beside(file, "-wal").metadata().is_ok_and(|wal| wal.len() > 0)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sum(file: &Path) -> std::io::Result<u32> {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 1 << 20];
    let mut sum = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            read => sum = crc32c::crc32c_append(sum, buffer.get(..read).unwrap_or_default()),
        }
    }
}
