//! The progress bar: simulated time, rate, time to go.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use superladder::engine::Progress;

/// Steps of the bar between start and end.
const RESOLUTION: f64 = 10_000.0;

/// A bar on the standard error, hidden when that is no terminal; also hears Ctrl-C.
pub(crate) struct Bar<'a> {
    shown: ProgressBar,
    start: f64,
    end: f64,
    begun: Instant,
    interrupted: &'a AtomicBool,
}

impl<'a> Bar<'a> {
    /// A bar from the first to the last of `times`.
    pub(crate) fn new(times: &[f64], hidden: bool, interrupted: &'a AtomicBool) -> Self {
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let shown = ProgressBar::with_draw_target(Some(RESOLUTION as u64), target);
        let template = "{elapsed_precise} {bar:36} {percent:>3}%  {msg}  ready in {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            shown.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        shown.set_message("preparing");
        let (start, end) = (times[0], times[times.len() - 1]);
        Self { shown, start, end, begun: Instant::now(), interrupted }
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
        if self.interrupted.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
