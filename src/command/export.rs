//! `superladder export`.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use superladder::workflows::results::{write_matrix_arrays, write_matrix_market};

use super::{BadInput, load, placed};
use crate::cli::Export;

/// Writes the assembled Liouvillian at the start of a study.
pub(crate) fn export(arguments: &Export, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = &arguments.file;
    let shown = file.display();
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !["npz", "mtx"].contains(&extension) {
        return Err(BadInput::UnknownFormat(shown.to_string()).into());
    }
    if file.exists() && !arguments.force {
        return Err(BadInput::FileExists(shown.to_string()).into());
    }
    let study = load(&arguments.study)?;
    let mut modes = study.problem.model().modes().iter().enumerate();
    if let Some((_, mode)) = modes.find(|(m, _)| study.cutoff_follows(*m)) {
        return Err(BadInput::AdaptiveCutoff(mode.name.clone()).into());
    }
    let matrix = superladder::exact::assembled(&study.problem).map_err(|e| placed(&study, e))?.matrix;
    let folder = file.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    let failed = || format!("cannot write '{shown}'");
    let mut partial = BufWriter::new(tempfile::NamedTempFile::new_in(folder).with_context(failed)?);
    if extension == "npz" {
        write_matrix_arrays(&mut partial, &matrix).with_context(failed)?;
    } else {
        let comment = format!("Liouvillian of '{}' written by superladder", study.title);
        write_matrix_market(&mut partial, &matrix, &comment).with_context(failed)?;
    }
    let complete = partial.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(failed)?;
    complete.persist(file).map_err(|e| e.error).with_context(failed)?;
    let (rows, elements) = (matrix.rows(), matrix.nnz());
    writeln!(out, "wrote {shown}: {rows} rows, {elements} matrix elements")?;
    Ok(())
}
