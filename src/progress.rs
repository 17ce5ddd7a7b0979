//! Progress bars: of a run, which also hears when to write checkpoints and to stop, and of workflows of many
//! pieces.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use superladder::engine::{EngineError, Evolution, Halt, Progress, Recorder};
use superladder::workflows::run::Keeper;
use superladder::workflows::watch::{Count, Watch};

use crate::log::Log;

/// Steps of the bar between start and end.
const RESOLUTION: f64 = 10_000.0;

/// A bar on the standard error that counts pieces; hidden when that is no terminal.
pub(crate) struct Counter {
    bar: ProgressBar,
    log: Log,
    /// Stands before all messages.
    title: String,
}

impl Counter {
    /// A bar without pieces.
    pub(crate) fn new(hidden: bool) -> Self {
        Self::titled("", hidden)
    }

    /// A bar whose messages begin with a title.
    pub(crate) fn titled(title: &str, hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) =
            ProgressStyle::with_template("{elapsed_precise} {bar:36} {pos}/{len} {prefix}  {msg}")
        {
            bar.set_style(style);
        }
        Self { bar, log: Log::new(hidden), title: title.to_owned() }
    }

    /// This bar with the flag that Ctrl-C raises.
    pub(crate) fn watch<'a>(&'a self, interrupted: &'a AtomicBool) -> Watch<'a> {
        Watch { interrupted, count: self }
    }

    /// Lengthens the bar to so many pieces.
    pub(crate) fn expect(&self, pieces: usize) {
        self.bar.set_length(self.bar.length().unwrap_or(0).max(pieces as u64));
    }

    /// Removes the bar from the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Count for Counter {
    fn begin(&self, part: &str, pieces: usize) {
        self.bar.set_position(0);
        self.bar.set_length(pieces as u64);
        self.bar.set_prefix(part.to_owned());
        self.bar.set_message(self.title.clone());
    }

    fn done(&self, pieces: usize, words: &str) {
        self.bar.inc(pieces as u64);
        // More pieces than were expected lengthen the bar.
        self.bar.set_length(self.bar.length().unwrap_or(0).max(self.bar.position()));
        self.log.say(|| {
            let Self { bar, title, .. } = self;
            let parts = [title.as_str(), &bar.prefix(), words];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let count = format!("{} of {} done", bar.position(), bar.length().unwrap_or(0));
            if parts.is_empty() { count } else { format!("{count}: {}", parts.join(", ")) }
        });
        if !words.is_empty() {
            self.status(words);
        }
    }

    fn status(&self, words: &str) {
        let Self { bar, title, .. } = self;
        bar.set_message(if title.is_empty() { words.to_owned() } else { format!("{title}: {words}") });
    }
}

/// A line on the standard error that says how far a search is; hears Ctrl-C and the clock.
pub(crate) struct Searching<'a> {
    line: ProgressBar,
    log: Log,
    interrupted: &'a AtomicBool,
    /// End of the time allowed.
    deadline: Option<Instant>,
}

impl<'a> Searching<'a> {
    pub(crate) fn new(interrupted: &'a AtomicBool, deadline: Option<Instant>, hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let line = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise}  {msg}") {
            line.set_style(style);
        }
        Self { line, log: Log::new(hidden), interrupted, deadline }
    }

    /// Removes the line from the screen.
    pub(crate) fn finish(&self) {
        self.line.finish_and_clear();
    }
}

impl Halt for Searching<'_> {
    fn asked(&self) -> bool {
        self.interrupted.asked() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn heard(&self, iterations: u64, residual: f64) {
        let words = || format!("{iterations} iterations, residual {residual:.1e}");
        self.log.say(words);
        self.line.set_message(words());
    }
}

/// When a run pauses.
pub(crate) struct Pauses<'a> {
    /// Writes its checkpoints.
    pub(crate) keeper: Keeper<'a>,
    /// Between two checkpoints.
    pub(crate) interval: Duration,
    /// End of the time allowed.
    pub(crate) deadline: Option<Instant>,
    /// Raised by Ctrl-C.
    pub(crate) interrupted: &'a AtomicBool,
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
    log: Log,
    start: f64,
    end: f64,
    begun: Instant,
    written: Instant,
    pauses: Pauses<'a>,
    /// A checkpoint could not be written.
    failed: bool,
}

impl<'a> Bar<'a> {
    /// A bar from `start`, or else from the first output time of the study, to the last one.
    pub(crate) fn new(pauses: Pauses<'a>, start: Option<f64>, hidden: bool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let shown = ProgressBar::with_draw_target(Some(RESOLUTION as u64), target);
        let template = "{elapsed_precise} {bar:36} {percent:>3}%  {msg}  ready in {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            shown.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        shown.set_message("preparing");
        let times = &pauses.keeper.study().problem.times;
        let (start, end) = (start.unwrap_or(times[0]), times[times.len() - 1]);
        let now = Instant::now();
        let log = Log::new(hidden);
        Self { shown, log, start, end, begun: now, written: now, pauses, failed: false }
    }

    /// Removes the bar from the screen.
    pub(crate) fn finish(&self) {
        self.shown.finish_and_clear();
    }

    /// Whether a checkpoint could not be written.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }
}

impl Progress for Bar<'_> {
    fn reached(&mut self, time: f64) -> ControlFlow<()> {
        let span = self.end - self.start;
        let fraction = if span > 0.0 { (time - self.start) / span } else { 1.0 };
        let rate = (time - self.start) / self.begun.elapsed().as_secs_f64().max(1e-9);
        let message = format!("t = {time:.4} of {}, {rate:.3} per second", self.end);
        self.log.say(|| format!("{message}, {:.0} %", 100.0 * fraction));
        self.shown.set_message(message);
        self.shown.set_position((RESOLUTION * fraction) as u64);
        if self.pauses.over() || self.written.elapsed() >= self.pauses.interval {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Ctrl-C waits for nothing; the end of the time allowed waits for the end of the step.
    fn halt(&self) -> &dyn Halt {
        self.pauses.interrupted
    }

    fn status(&mut self, text: &str) {
        self.log.say(|| text.to_owned());
        self.shown.set_message(text.to_owned());
    }

    fn paused(
        &mut self,
        evolution: &dyn Evolution,
        recorder: &Recorder,
    ) -> Result<ControlFlow<()>, EngineError> {
        if let Err(error) = self.pauses.keeper.keep(evolution, recorder) {
            // The run is worth more than its checkpoint: it goes on, and the next one may succeed.
            self.shown.suspend(|| eprintln!("warning: {error}; the run goes on without"));
            self.failed = true;
        }
        self.written = Instant::now();
        Ok(if self.pauses.over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
