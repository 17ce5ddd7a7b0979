//! `superladder equations`.

use std::io::Write;

use superladder::cumulant::Closure;
use superladder::model::Notation;
use superladder::study::{Study, Written};

use super::BadInput;
use crate::cli::Equations;

/// Prints the moment equations of every stage of a study.
pub(crate) fn equations(arguments: &Equations, out: &mut dyn Write) -> anyhow::Result<()> {
    let sets = &arguments.study.sets;
    let study = Study::load_for(&arguments.study.study, sets, Some("cumulant"))?;
    let closure = Closure::by_name(&arguments.closure).map_err(BadInput::from)?;
    let notation = if arguments.latex { Notation::Latex } else { Notation::Text };
    let written = Written { order: arguments.order.into(), closure, notation, numbers: arguments.numbers };
    let text = study.equations(written).map_err(BadInput::from)?;
    Ok(writeln!(out, "{}", text.trim_end())?)
}
