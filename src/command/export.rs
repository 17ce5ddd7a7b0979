//! `superladder export`.

use std::io::Write;

use anyhow::Context;
use superladder::exact::Exact;
use superladder::study::EngineChoice;
use superladder::workflows::results::{write_exported, write_matrix_market, write_whole};

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
    let engine = match &study.engine {
        EngineChoice::Exact(engine) => engine.clone(),
        _ => Exact::default(),
    };
    let exported = engine.exported(&study.problem).map_err(|e| placed(&study, e))?;
    let matrix = &exported.liouvillian.matrix;
    let written = write_whole(file, |target| {
        if extension == "npz" {
            return write_exported(target, &exported);
        }
        let comment = format!("Liouvillian of '{}' written by superladder", study.title);
        write_matrix_market(target, matrix, &comment)
    });
    written.with_context(|| format!("cannot write '{shown}'"))?;
    if study.problem.follows_time() {
        writeln!(out, "what follows time is as at the start")?;
    }
    let (rows, elements) = (matrix.rows(), matrix.nnz());
    writeln!(out, "wrote {shown}: {rows} rows, {elements} matrix elements")?;
    if extension == "npz" {
        let count = exported.expectations.len();
        writeln!(out, "with the basis, the initial state and {count} expectation values as vectors")?;
        if !exported.left_out.is_empty() {
            let names = exported.left_out.join(", ");
            writeln!(out, "left out, since they are no function of expectation values: {names}")?;
        }
    }
    Ok(())
}
