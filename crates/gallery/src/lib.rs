//! The figures of O. Chelpanova et al., PRB 108, 104302 (2023), and results of others, each from a ready study through
//! the engines that any other study goes through.
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
mod known;
mod motion;
mod paper;
mod published;
mod quench;
mod stability;
mod table;
mod transition;

pub use error::ReproduceError;
pub use figure::{Claim, Context, FigureDefinition, Made, Make, Options, Table};
pub use known::{Known, Published};
pub use paper::PaperStudy;

/// What can be reproduced: the figures in the order of the paper, then results of others. Fig. 8 is the command `breakdown` on
/// `paper-fig8.toml`.
pub const FIGURES: &[FigureDefinition] = &[
    FigureDefinition {
        name: "fig2",
        shows: "phase diagram with the lines 1 to 3 and trajectories of L1, L2 and IR",
        study: &paper::FIG2,
        make: Make::Paper(diagram::fig2),
    },
    FigureDefinition {
        name: "fig3",
        shows: "quench from superradiance into lasing, stages A to D, and effective decay rates",
        study: &paper::FIG3,
        make: Make::Paper(quench::fig3),
    },
    FigureDefinition {
        name: "fig4",
        shows: "number and kind of growing eigenvalues of the normal state",
        study: &paper::FIG2,
        make: Make::Paper(stability::fig4),
    },
    FigureDefinition {
        name: "fig5",
        shows: "the same with T in resonance with the upper polariton",
        study: &paper::FIG5,
        make: Make::Paper(stability::fig5),
    },
    FigureDefinition {
        name: "fig6",
        shows: "phase diagram with Gilbert damping",
        study: &paper::FIG6,
        make: Make::Paper(diagram::fig6),
    },
    FigureDefinition {
        name: "fig7",
        shows: "growing eigenvalues of the normal state with Gilbert damping",
        study: &paper::FIG6,
        make: Make::Paper(stability::fig7),
    },
    FigureDefinition {
        name: "fig9",
        shows: "from L1 to L2: mean and amplitude against lambda, trajectories, bifurcations",
        study: &paper::FIG2,
        make: Make::Paper(transition::fig9),
    },
    FigureDefinition {
        name: "superradiant-burst",
        shows: "the flash of 10, 20 and 40 inverted spins: height and time",
        study: &paper::BURST,
        make: Make::Published(&table::BURST),
    },
    FigureDefinition {
        name: "steady-superradiance",
        shows: "light of pumped atoms that emit together, up to N^2/8",
        study: &paper::LINEWIDTH,
        make: Make::Published(&table::STEADY),
    },
    FigureDefinition {
        name: "superradiant-linewidth",
        shows: "the linewidth of a superradiant laser from little pumping to more than its light can follow",
        study: &paper::LINEWIDTH,
        make: Make::Published(&table::CROSSOVER),
    },
    FigureDefinition {
        name: "tilted-spins",
        shows: "tilted spins that lose their energy through a cavity",
        study: &paper::TILTED,
        make: Make::Published(&table::TILTED),
    },
    FigureDefinition {
        name: "dicke-local-decay",
        shows: "the open Dicke model whose spins decay and dephase one by one",
        study: &paper::OPEN_DICKE,
        make: Make::Published(&table::DICKE),
    },
    FigureDefinition {
        name: "driven-superradiance",
        shows: "spins that decay together and are driven: purity and squeezing around the threshold",
        study: &paper::DRIVEN,
        make: Make::Published(&table::DRIVEN),
    },
    FigureDefinition {
        name: "tavis-cummings-laser",
        shows: "photons, g2 and linewidth of a laser of few spins",
        study: &paper::LASER,
        make: Make::Published(&table::LASER),
    },
    FigureDefinition {
        name: "resonance-fluorescence",
        shows: "a driven atom: stationary state and the middle line of the Mollow triplet",
        study: &paper::MOLLOW,
        make: Make::Published(&table::MOLLOW),
    },
    FigureDefinition {
        name: "one-axis-twisting",
        shows: "squeezing by twisting, with and without noise on every spin",
        study: &paper::TWISTING,
        make: Make::Published(&table::TWISTING),
    },
    FigureDefinition {
        name: "cumulant-laser",
        shows: "a superradiant laser of 200 000 atoms by moment equations",
        study: &paper::CUMULANTS,
        make: Make::Published(&table::CUMULANTS),
    },
];
