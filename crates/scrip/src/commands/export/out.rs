//! Where an export goes: standard output, or a file that appears once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;

/// Where an export goes.
pub(super) struct Out {
    writer: Writer,
    file: Option<(PathBuf, PathBuf)>,
}

/// Writes to where an export goes. Clones write to the same place.
#[derive(Clone)]
pub(super) struct Writer(Arc<Mutex<Target>>);

enum Target {
    Standard(BufWriter<Stdout>),
    File(BufWriter<File>),
}

impl Out {
    /// Standard output, or a file beside the one that is named, until it is whole.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            let target = Target::Standard(BufWriter::new(io::stdout()));
            return Ok(Self { writer: Writer::new(target), file: None });
        };
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
        let target = Target::File(BufWriter::with_capacity(1 << 20, file));
        Ok(Self { writer: Writer::new(target), file: Some((part, path.to_owned())) })
    }

    /// Whether a person would see what is written.
    pub(super) fn is_terminal(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    pub(super) fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// Everything is written: a file gets its name.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        match self.writer.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            flushed => flushed?,
        }
        if let Target::File(file) = &*self.writer.target() {
            file.get_ref().sync_all()?;
        }
        if let Some((part, path)) = &self.file {
            std::fs::rename(part, path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        self.file = None;
        Ok(())
    }
}

/// What is not whole is taken away.
impl Drop for Out {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.file {
            let _gone = std::fs::remove_file(part);
        }
    }
}

impl Writer {
    fn new(target: Target) -> Self {
        Self(Arc::new(Mutex::new(target)))
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.target() {
            Target::Standard(out) => out.write(bytes),
            Target::File(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.target() {
            Target::Standard(out) => out.flush(),
            Target::File(out) => out.flush(),
        }
    }
}

/// Whether somebody read standard output and does not any more: `scrip export | head` ends quietly.
pub(super) fn reader_has_gone(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| match (cause.downcast_ref::<io::Error>(), cause.downcast_ref::<csv::Error>()) {
        (Some(error), _) => is_pipe(error),
        (None, Some(error)) => matches!(error.kind(), csv::ErrorKind::Io(error) if is_pipe(error)),
        (None, None) => false,
    })
}
