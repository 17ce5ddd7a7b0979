//! What makes two results the same: the digest of everything that decides them. `--resume` of every command
//! goes by it.

use superladder_frame::{digest, hexadecimal};
use superladder_study::Study;

use crate::results::version;

/// Digest, as hexadecimal digits, of everything that decides the numbers of a study: its values, and the
/// version that computes them. Comments and titles of the study do not matter.
pub fn of_results(study: &Study) -> String {
    let mut resolved = study.resolved();
    if let Some(values) = resolved.as_object_mut() {
        values.shift_remove("title");
        values.shift_remove("plot");
    }
    hexadecimal(&digest(format!("{}\n{resolved}", version()).as_bytes()))
}

/// Digest, as hexadecimal digits, of `words` and of the version that works on them.
pub fn of_words(words: &str) -> String {
    hexadecimal(&digest(format!("{}\n{words}", version()).as_bytes()))
}
