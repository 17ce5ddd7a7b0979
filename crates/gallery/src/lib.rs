//! The figures of O. Chelpanova et al., PRB 108, 104302 (2023), each from a ready study through the engines
//! that any other study goes through.
//!
//! ```text
//! FIGURES ── figure ── PaperStudy (data/studies) ── engines
//!     ──> Made (tables, pictures, claims) ──> folder of the figure
//! ```

mod critical;
mod diagram;
mod error;
mod figure;
mod folder;
mod kinds;
mod motion;
mod paper;
mod quench;
mod stability;
mod transition;

pub use error::ReproduceError;
pub use figure::{Claim, Context, FigureDefinition, Made, Make, Options, Table};
pub use paper::PaperStudy;

/// The figures that can be reproduced, in the order of the paper. Fig. 8 is the command `breakdown` on
/// `paper-fig8.toml`.
pub const FIGURES: &[FigureDefinition] = &[
    FigureDefinition {
        name: "fig2",
        shows: "phase diagram with the lines 1 to 3 and trajectories of L1, L2 and IR",
        study: &paper::FIG2,
        make: diagram::fig2,
    },
    FigureDefinition {
        name: "fig3",
        shows: "quench from superradiance into lasing, stages A to D, and effective decay rates",
        study: &paper::FIG3,
        make: quench::fig3,
    },
    FigureDefinition {
        name: "fig4",
        shows: "number and kind of growing eigenvalues of the normal state",
        study: &paper::FIG2,
        make: stability::fig4,
    },
    FigureDefinition {
        name: "fig5",
        shows: "the same with T in resonance with the upper polariton",
        study: &paper::FIG5,
        make: stability::fig5,
    },
    FigureDefinition {
        name: "fig6",
        shows: "phase diagram with Gilbert damping",
        study: &paper::FIG6,
        make: diagram::fig6,
    },
    FigureDefinition {
        name: "fig7",
        shows: "growing eigenvalues of the normal state with Gilbert damping",
        study: &paper::FIG6,
        make: stability::fig7,
    },
    FigureDefinition {
        name: "fig9",
        shows: "from L1 to L2: mean and amplitude against lambda, trajectories, bifurcations",
        study: &paper::FIG2,
        make: transition::fig9,
    },
];
