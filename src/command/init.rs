//! `superladder init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use anyhow::Context;

use super::BadInput;
use crate::cli::Init;

/// The starter study.
const STARTER: &str = include_str!("starter.toml");

/// Writes the starter study.
pub(crate) fn init(arguments: &Init, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = arguments.file.display();
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(arguments.force)
        .create_new(!arguments.force)
        .open(&arguments.file);
    let mut target = match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(BadInput::FileExists(file.to_string()).into());
        }
        other => other.with_context(|| format!("cannot write '{file}'"))?,
    };
    target.write_all(STARTER.as_bytes()).with_context(|| format!("cannot write '{file}'"))?;
    writeln!(out, "wrote {file}; run it with: superladder run {file}")?;
    Ok(())
}
