//! The runs of a breakdown: every engine at every size against mean field, as far as its criteria need.

pub(super) mod all;
pub(super) mod measured;
pub(super) mod output_times;
pub(super) mod run;
pub(super) mod sampled;
pub(super) mod task;
