//! Progress in a log: where the standard error is no terminal, a line now and then takes the place of a bar.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// Says at most once a minute how far things are.
pub(crate) struct Log {
    begun: Instant,
    /// When the next line is due; never where there is a bar, or silence is asked for.
    due: Mutex<Option<Instant>>,
    interval: Duration,
}

impl Log {
    /// Lines on the standard error, if that is no terminal and they are not to be `hidden`.
    pub(crate) fn new(hidden: bool) -> Self {
        Self::every(INTERVAL, !hidden && !std::io::stderr().is_terminal())
    }

    fn every(interval: Duration, active: bool) -> Self {
        let begun = Instant::now();
        Self { begun, due: Mutex::new(active.then(|| begun + interval)), interval }
    }

    /// Writes `words` if a line is due.
    pub(crate) fn say(&self, words: impl FnOnce() -> String) {
        if let Some(line) = self.line(words) {
            // A log that cannot be written is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    fn line(&self, words: impl FnOnce() -> String) -> Option<String> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        due.filter(|due| now >= *due)?;
        *due = Some(now + self.interval);
        let seconds = self.begun.elapsed().as_secs();
        Some(format!("{}:{:02}:{:02} {}", seconds / 3600, seconds / 60 % 60, seconds % 60, words()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_when_they_are_due() {
        let at_once = Log::every(Duration::ZERO, true);
        assert_eq!(at_once.line(|| "t = 1".into()).as_deref(), Some("0:00:00 t = 1"));
        assert!(at_once.line(|| "t = 2".into()).is_some());
        let later = Log::every(Duration::from_secs(3600), true);
        assert!(later.line(|| unreachable!("not due")).is_none());
        assert!(Log::every(Duration::ZERO, false).line(|| unreachable!("a bar is shown")).is_none());
    }
}
