//! Errors as a user sees them: in words, with the place in the study, and the exit code.

use std::fmt;
use std::io::IsTerminal;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use superladder::engine::EngineError;
use superladder::gallery::ReproduceError;
use superladder::study::{Complaint, StudyError};
use superladder::workflows::breakdown::{BreakdownError, PartsError};
use superladder::workflows::converge::ConvergenceError;
use superladder::workflows::cycles::CyclesError;
use superladder::workflows::maps::GridError;
use superladder::workflows::picture::PictureError;
use superladder::workflows::place::PlaceError;
use superladder::workflows::results::OutputError;
use superladder::workflows::run::RunError;
use superladder::workflows::spectrum::SpectrumError;
use superladder::workflows::steady::SteadyError;
use superladder::workflows::sweep::SweepError;

use crate::command::BadInput;

/// The run failed.
pub(crate) const FAILED: u8 = 1;
/// The input is at fault.
const BAD_INPUT: u8 = 2;

/// 2 for bad input, 1 for everything else.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if is_bad_input(error) { BAD_INPUT } else { FAILED }
}

/// Whether another study or other arguments would help.
pub(crate) fn is_bad_input(error: &anyhow::Error) -> bool {
    fn of<E: std::error::Error + Send + Sync + 'static>(
        error: &anyhow::Error,
        judge: impl Fn(&E) -> bool,
    ) -> bool {
        error.downcast_ref::<E>().is_some_and(judge)
    }
    of(error, |_: &StudyError| true)
        || of(error, |_: &BadInput| true)
        || of(error, RunError::is_bad_input)
        || of(error, SteadyError::is_bad_input)
        || of(error, PictureError::is_bad_input)
        || of(error, SpectrumError::is_bad_input)
        || of(error, SweepError::is_bad_input)
        || of(error, ConvergenceError::is_bad_input)
        || of(error, BreakdownError::is_bad_input)
        || of(error, PartsError::is_bad_input)
        || of(error, GridError::is_bad_input)
        || of(error, CyclesError::is_bad_input)
        || of(error, ReproduceError::is_bad_input)
        || of(error, PlaceError::is_bad_input)
        || of(error, OutputError::is_bad_input)
        || of(error, EngineError::is_bad_input)
}

/// What is wrong with the study, behind an error.
pub(crate) fn study_error(error: &anyhow::Error) -> Option<&StudyError> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// The fault of a study behind an error.
fn fault(error: &anyhow::Error) -> Option<&Complaint> {
    match study_error(error) {
        Some(StudyError::Invalid(complaint)) => Some(complaint),
        _ => None,
    }
}

/// The point of a sweep at which a study is at fault.
fn point(error: &anyhow::Error) -> Option<&str> {
    error.chain().find_map(|cause| match cause.downcast_ref::<SweepError>() {
        Some(SweepError::Point { point, .. }) => Some(point.as_str()),
        _ => None,
    })
}

/// A fault with the line that it is in, as `miette` shows it.
#[derive(Debug)]
struct Shown<'a> {
    complaint: &'a Complaint,
    /// The text of the study, as it may be shown; every byte is where it was.
    text: String,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.complaint.to_string()))
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Complaint { fault, span, .. } = self.complaint;
        let label = LabeledSpan::new(Some(fault.label().to_owned()), span.start, span.len());
        Some(Box::new(std::iter::once(label)))
    }
}

impl SourceCode for Shown<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = &self.complaint.file;
        let found = self.text.as_str().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            printable(source.name()),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

/// The error and its causes, without those that the words before already contain.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        told if told.contains(&cause) => told.to_owned(),
        told => format!("{told}: {cause}"),
    })
}

/// A text with a question mark for every byte of a character that would do something to a terminal.
fn printable(text: &str) -> String {
    let unprintable = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if unprintable(c) {
            shown.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            shown.push(c);
        }
        shown
    })
}

/// The error in words; a fault of a study with its line and a caret under it.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let Some(complaint) = fault(error) else { return format!("error: {}", printable(&chain(error))) };
    let at = point(error).map_or_else(String::new, |point| format!("at {point}: "));
    let terminal = std::io::stderr().is_terminal();
    let theme = if terminal { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut handler = GraphicalReportHandler::new_themed(theme);
    if !terminal {
        handler = handler.with_width(400);
    }
    let mut text = String::new();
    let shown = Shown { complaint, text: printable(complaint.file.text()) };
    match handler.render_report(&mut text, &shown) {
        Ok(()) => format!("error: {at}{}", text.trim().trim_start_matches('×').trim_start()),
        Err(_) => format!("error: {at}{complaint}"),
    }
}
