//! Ctrl-C and its like: who heeds them, and what is left when nobody does.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use superladder::workflows::results::abandon;

/// Exit code of a program that the first signal ends, and of one that the second ends.
const CODES: [i32; 2] = [1, 130];

/// Whether the program was asked to end, and whether somebody heeds it.
#[derive(Debug, Default)]
pub struct Interrupt {
    raised: AtomicBool,
    heeded: AtomicBool,
    /// Who heeds it has finished pieces in a store and nothing else to keep.
    brief: AtomicBool,
}

/// Signals within so long of the first are the same: `timeout` sends one to its child and one to the group of both.
const AT_ONCE: Duration = Duration::from_millis(500);
/// A command whose finished pieces are all in a store is given so long to end by itself.
const GRACE: Duration = Duration::from_millis(1500);

impl Interrupt {
    /// Asks the program to end, as the first signal does.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }

    /// The flag that the first signal raises. Who takes it ends in time by itself, and keeps what is done; until
    /// then a signal ends the program at once, since there is nothing to keep.
    pub(crate) fn heed(&self) -> &AtomicBool {
        self.heeded.store(true, Ordering::SeqCst);
        &self.raised
    }

    /// [`Interrupt::heed`] for commands that keep every finished piece at once: what does not end soon is ended,
    /// and loses only the piece in progress.
    pub(crate) fn heed_briefly(&self) -> &AtomicBool {
        self.brief.store(true, Ordering::SeqCst);
        self.heed()
    }

    /// Hears SIGINT, SIGTERM and SIGHUP, those apart that were ignored when the program began, as `nohup` does
    /// with SIGHUP.
    pub(crate) fn watch() -> Arc<Self> {
        let interrupt = Arc::new(Self::default());
        let heard = Arc::clone(&interrupt);
        let kept = keep_ignored();
        let mut first: Option<Instant> = None;
        let watch = ctrlc::set_handler(move || {
            heard.raised.store(true, Ordering::SeqCst);
            match first {
                Some(first) if first.elapsed() < AT_ONCE => return,
                Some(_) => end("interrupted", CODES[1]),
                None => first = Some(Instant::now()),
            }
            if !heard.heeded.load(Ordering::SeqCst) {
                end("interrupted", CODES[0]);
            }
            if heard.brief.load(Ordering::SeqCst) {
                std::thread::spawn(|| {
                    std::thread::sleep(GRACE);
                    end("interrupted: what was finished is kept, the piece in progress is not", CODES[0]);
                });
            }
        });
        if let Err(error) = watch {
            eprintln!("warning: Ctrl-C will end the run without output: {error}");
        }
        if let Err(error) = kept {
            eprintln!("warning: signals that were ignored will be heeded: {error}");
        }
        interrupt
    }
}

/// Ends the program; nothing half-written stays behind.
fn end(words: &str, code: i32) -> ! {
    abandon();
    let _ = writeln!(std::io::stderr(), "{words}");
    std::process::exit(code);
}

/// Blocks the signals that are ignored, so that a handler never hears them, and the one for files beyond the
/// limit of their size, so that writing fails as on a full disk. Threads inherit this.
#[cfg(unix)]
fn keep_ignored() -> Result<(), nix::Error> {
    use nix::sys::signal::{SigSet, Signal};

    let ignored = ignored();
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        if ignored & (1 << (signal as i32 - 1)) != 0 {
            blocked.add(signal);
        }
    }
    blocked.thread_block()
}

#[cfg(not(unix))]
fn keep_ignored() -> Result<(), std::convert::Infallible> {
    Ok(())
}

/// The signals that are ignored, a bit each, where the system says so.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
