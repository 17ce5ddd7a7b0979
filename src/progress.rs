//! The progress of a run: the bar, and when to write checkpoints and to stop.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use superladder::checkpoint::Checkpoint;
use superladder::config::Study;
use superladder::engine::{EngineError, Evolution, Progress, Recorder};
use superladder::samples;

/// A bar on the standard error that counts up to `all`; hidden when that is no terminal.
pub(crate) fn counter(all: usize, things: &str, hidden: bool) -> ProgressBar {
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(all as u64), target);
    let template = format!("{{elapsed_precise}} {{bar:36}} {{pos}}/{{len}} {things}  {{msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// Steps of the bar between start and end.
const RESOLUTION: f64 = 10_000.0;

/// When a run pauses and where its checkpoint goes.
pub(crate) struct Pauses<'a> {
    /// The checkpoint file.
    pub(crate) path: &'a Path,
    /// The study, whose digest goes into checkpoints.
    pub(crate) study: &'a Study,
    /// Between two checkpoints.
    pub(crate) interval: Duration,
    /// End of the time allowed.
    pub(crate) deadline: Option<Instant>,
    /// Raised by Ctrl-C.
    pub(crate) interrupted: &'a AtomicBool,
    /// The engine samples: what is kept are its sums.
    pub(crate) samples: bool,
}

impl Pauses<'_> {
    /// Whether the run must end here.
    fn over(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst) || self.deadline.is_some_and(|d| Instant::now() >= d)
    }
}

/// A bar on the standard error, hidden when that is no terminal; hears Ctrl-C and the clock.
pub(crate) struct Bar<'a> {
    shown: ProgressBar,
    start: f64,
    end: f64,
    begun: Instant,
    written: Instant,
    pauses: Pauses<'a>,
}

impl<'a> Bar<'a> {
    /// A bar from `start` to the last output time of the study.
    pub(crate) fn new(pauses: Pauses<'a>, start: f64, hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let shown = ProgressBar::with_draw_target(Some(RESOLUTION as u64), target);
        let template = "{elapsed_precise} {bar:36} {percent:>3}%  {msg}  ready in {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            shown.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        shown.set_message("preparing");
        let end = pauses.study.problem.times.last().copied().unwrap_or(start);
        let now = Instant::now();
        Self { shown, start, end, begun: now, written: now, pauses }
    }

    /// Removes the bar from the screen.
    pub(crate) fn finish(&self) {
        self.shown.finish_and_clear();
    }
}

impl Progress for Bar<'_> {
    fn reached(&mut self, time: f64) -> ControlFlow<()> {
        let span = self.end - self.start;
        let fraction = if span > 0.0 { (time - self.start) / span } else { 1.0 };
        let rate = (time - self.start) / self.begun.elapsed().as_secs_f64().max(1e-9);
        self.shown.set_message(format!("t = {time:.4} of {}, {rate:.3} per second", self.end));
        self.shown.set_position((RESOLUTION * fraction) as u64);
        if self.pauses.over() || self.written.elapsed() >= self.pauses.interval {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn status(&mut self, text: &str) {
        self.shown.set_message(text.to_owned());
    }

    fn paused(
        &mut self,
        evolution: &dyn Evolution,
        recorder: &Recorder,
    ) -> Result<ControlFlow<()>, EngineError> {
        let Pauses { path, study, samples, .. } = self.pauses;
        let written = if samples {
            samples::write(path, study, &evolution.save()).map_err(|e| e.to_string())
        } else {
            Checkpoint::write(path, study, recorder, evolution).map_err(|e| e.to_string())
        };
        written.map_err(EngineError::Checkpoint)?;
        self.written = Instant::now();
        Ok(if self.pauses.over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
