//! `superladder init`.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use superladder::workflows::results::write_whole;

use super::BadInput;
use crate::cli::Init;

/// The starter study.
const STARTER: &str = include_str!("starter.toml");

/// Writes the starter study.
pub(crate) fn init(arguments: &Init, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = arguments.file.display();
    if arguments.file.exists() && !arguments.force {
        return Err(BadInput::FileExists(file.to_string()).into());
    }
    let folder = arguments.file.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    std::fs::read_dir(folder).with_context(|| format!("cannot write '{file}'"))?;
    write_whole(&arguments.file, |target| target.write_all(STARTER.as_bytes()))
        .with_context(|| format!("cannot write '{file}'"))?;
    writeln!(out, "wrote {file}; run it with: superladder run {file}")?;
    Ok(())
}
