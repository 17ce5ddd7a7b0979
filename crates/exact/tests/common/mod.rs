//! What several test binaries share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

pub mod reference;
pub mod steady;
