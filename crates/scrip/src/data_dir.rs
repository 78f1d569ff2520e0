//! The data directory: `log/` is the store, `index/` and `read/` what can be deleted, `calls.sqlite` what is
//! kept of calls for a time only, `books/` the terms, `mode` who may use it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use scrip_engine::{Clock, Engine, load_books};
use scrip_projections::{ReadSide, Source};
use scrip_store::{EmbeddedStore, EventStore, OpenReport};

use crate::output;

/// Who a data directory is for. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For trial and test: known tokens, and a clock that can be moved.
    Dev,
    /// For service.
    Production,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Production => "production",
        }
    }
}

/// A data directory.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// One that exists, or shall.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where the log is.
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// Where is what providers said of calls, where a book keeps that for a time only.
    fn call_metadata(&self) -> PathBuf {
        self.0.join("calls.sqlite")
    }

    /// Where the read models are, where they are in no other database.
    fn read_models(&self) -> PathBuf {
        self.0.join("read")
    }

    /// Where the read models are: in PostgreSQL, if a URL says so.
    pub fn read_side_source(&self, url: Option<&str>) -> anyhow::Result<Source> {
        match url {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Source::Postgres(url.to_owned()))
            }
            Some(_) => bail!("the read models' URL begins with postgres://; without one they are in SQLite"),
            None => Ok(Source::Folder(self.read_models())),
        }
    }

    /// Opens the read models, or begins them anew, and lets them follow the log.
    pub async fn start_read_side(&self, engine: &Engine, url: Option<&str>) -> anyhow::Result<ReadSide> {
        let source = self.read_side_source(url)?;
        ReadSide::start(engine.store().clone(), source).await.context("cannot open the read models")
    }

    /// Makes it if it does not exist, and claims it for a mode; refuses one that was claimed for the other.
    pub fn claim(&self, mode: Mode) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.0).with_context(|| format!("cannot make {}", self.0.display()))?;
        let file = self.0.join("mode");
        match std::fs::read_to_string(&file) {
            Ok(claimed) if claimed.trim() == mode.name() => Ok(()),
            Ok(claimed) => bail!(
                "{} is a {} data directory and cannot be used for {}",
                self.0.display(),
                claimed.trim(),
                mode.name()
            ),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::write(&file, format!("{}\n", mode.name()))
                    .with_context(|| format!("cannot write {}", file.display()))
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Opens the log of a directory that exists, alone.
    pub fn open_log(&self) -> anyhow::Result<(Arc<dyn EventStore>, OpenReport)> {
        let log = self.log();
        if !log.is_dir() {
            bail!("{} holds no log", self.0.display());
        }
        Ok(open(&log)?)
    }

    /// Opens everything and starts the engine. The books come from a folder, or from the directory's own.
    pub fn start_engine(&self, books: Option<&Path>, clock: Clock) -> anyhow::Result<Engine> {
        let log = self.log();
        std::fs::create_dir_all(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let (store, report) = open(&log)?;
        if let Some(cut) = &report.cut {
            output::remark(format_args!(
                "the log's tail was cut: {}. After a crash that is what was never acknowledged; compare with a \
                 head that was kept elsewhere (scrip verify --expect)",
                output::cut(cut)
            ));
        }
        let own = self.0.join("books");
        let books = match books {
            Some(books) => books.to_owned(),
            None => {
                sample_books(&own)?;
                own
            }
        };
        let books = load_books(&books, store.as_ref(), clock.now())?;
        let options = scrip_engine::Options {
            index: Some(self.index()),
            call_metadata: Some(self.call_metadata()),
            ..Default::default()
        };
        Ok(Engine::start(store, books, clock, options)?)
    }
}

fn open(log: &Path) -> Result<(Arc<dyn EventStore>, OpenReport), scrip_store::StoreError> {
    let (store, report) = EmbeddedStore::open(log, scrip_store::Options::default())?;
    Ok((Arc::new(store), report))
}

/// The books that a data directory begins with, where none are named: five services' terms.
fn sample_books(dir: &Path) -> anyhow::Result<()> {
    macro_rules! samples {
        ($($name:literal),*) => {
            [$((
                $name,
                include_str!(concat!("../../../fixtures/books/", $name, "/catalog.toml")),
                include_str!(concat!("../../../fixtures/books/", $name, "/policy.toml")),
            )),*]
        };
    }
    const SAMPLES: [(&str, &str, &str); 5] = samples!("zivv", "z-image-ai", "imini", "pixapi", "aiproxynode");
    if dir.exists() {
        return Ok(());
    }
    for (name, catalog, policy) in SAMPLES {
        let folder = dir.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(folder.join("catalog.toml"), catalog)?;
        std::fs::write(folder.join("policy.toml"), policy)?;
    }
    Ok(())
}
