//! Work that Python waits for: it is done in a thread pool of its own, without Python's lock, while the thread that
//! called hears Ctrl-C and tells a callback how far things are.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use superladder::engine::{Halt, Progress};
use superladder::program::most_threads;

/// Between two looks at signals, and between two calls of a callback.
const PATIENCE: Duration = Duration::from_millis(100);

/// What work and the thread that waits for it tell each other.
#[derive(Default)]
pub(crate) struct Board {
    ended: AtomicBool,
    /// Bits of the time reached.
    time: AtomicU64,
    words: Mutex<String>,
}

impl Board {
    /// Asks the work to end.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    /// The time reached, and words on how far the work is.
    pub(crate) fn read(&self) -> (f64, String) {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (f64::from_bits(self.time.load(Ordering::SeqCst)), words)
    }

    fn write(&self, words: String) {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

impl Halt for Board {
    fn asked(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn heard(&self, iterations: u64, residual: f64) {
        self.write(format!("{iterations} iterations, residual {residual:.1e}"));
    }
}

/// A run that writes on a board.
pub(crate) struct Writing<'a>(pub(crate) &'a Board);

impl Progress for Writing<'_> {
    fn reached(&mut self, time: f64) -> ControlFlow<()> {
        self.0.time.store(time.to_bits(), Ordering::SeqCst);
        if self.0.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn halt(&self) -> &dyn Halt {
        self.0
    }

    fn status(&mut self, text: &str) {
        self.0.write(text.to_owned());
    }
}

/// A pool of so many threads, or of as many as the machine has cores.
fn pool(threads: Option<usize>) -> PyResult<ThreadPool> {
    let most = most_threads();
    if let Some(found) = threads.filter(|n| !(1..=most).contains(n)) {
        return Err(PyValueError::new_err(format!(
            "threads must be from 1 to {most} on this machine, but is {found}"
        )));
    }
    let built = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    built.map_err(|error| PyRuntimeError::new_err(format!("cannot start the threads: {error}")))
}

/// Does `work` in a pool of its own. Meanwhile Python may do other things; signals are heard, and `ask` is called at
/// most ten times a second with Python's lock. Once one of them raises, `end` is called, and the error stands beside
/// what the work has left.
pub(crate) fn attend<T: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    ask: impl Fn(Python<'_>) -> PyResult<()> + Send,
    end: impl Fn() + Send,
    work: impl FnOnce() -> T + Send,
) -> PyResult<(T, Option<PyErr>)> {
    let pool = pool(threads)?;
    let (left, raised) = py.detach(|| wait(&pool, ask, end, work));
    let left = left.ok_or_else(|| PyRuntimeError::new_err("the work has left nothing"))?;
    Ok((left, raised))
}

fn wait<T: Send>(
    pool: &ThreadPool,
    ask: impl Fn(Python<'_>) -> PyResult<()>,
    end: impl Fn(),
    work: impl FnOnce() -> T + Send,
) -> (Option<T>, Option<PyErr>) {
    let (sender, receiver) = mpsc::channel();
    let mut raised = None;
    let left = pool.in_place_scope(|scope| {
        scope.spawn(move |_| {
            // Who waits does so until the work has ended.
            let _ = sender.send(work());
        });
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(left) => return Some(left),
                // The work has panicked; the scope says so.
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if raised.is_none() => {
                    raised = Python::attach(|py| py.check_signals().and_then(|()| ask(py))).err();
                    if raised.is_some() {
                        end();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    });
    (left, raised)
}
