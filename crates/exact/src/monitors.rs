//! Monitors of a density matrix: trace, positivity, truncation, propagation.

use superladder_engine::{Bounds, Diagnostics};
use superladder_space::{Space, go_on};

use crate::layout::Layout;
use crate::options::Positivity;
use crate::probes::Probes;
use crate::state_functions::View;

/// Indices of the populations in a state vector, by sector and state.
#[derive(Debug, Clone)]
pub(crate) struct Monitors {
    populations: Vec<Vec<usize>>,
    bounds: Bounds,
    positivity: Positivity,
}

impl Monitors {
    /// `None` once `halted` says so, which is asked for every few thousand states.
    pub(crate) fn new(
        space: &Space,
        layout: &Layout,
        (bounds, positivity): (Bounds, Positivity),
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        /// States between two looks.
        const STATES: usize = 1 << 13;
        let populations: Option<Vec<Vec<usize>>> = space
            .sectors()
            .iter()
            .enumerate()
            .map(|(number, sector)| {
                let index = |i: usize| layout.element(number, i, i).map_or(0, |(index, _)| index);
                (0..sector.dim()).map(|i| go_on(i, STATES, halted).map(|()| index(i))).collect()
            })
            .collect();
        Some(Self { populations: populations?, bounds, positivity })
    }

    /// Notes what the probes show at `time`: trace, negative marginal populations, the population `top` of the
    /// states from which something leaves the space; `propagation` is the accumulated error estimate.
    pub(crate) fn note(
        &self,
        probes: &Probes,
        values: &[f64],
        top: f64,
        time: f64,
        propagation: f64,
        diagnostics: &mut Diagnostics,
    ) {
        let trace = probes.trace(values);
        diagnostics.note("trace", (trace - 1.0).abs(), time, self.bounds.trace);
        let worse = |worst: f64, p: &f64| if p.is_nan() { f64::NAN } else { worst.max(-p) };
        let negative = probes.marginals(values).iter().fold(0.0, worse);
        diagnostics.note("positivity", negative, time, self.bounds.positivity);
        if probes.modes() > 0 {
            diagnostics.note("top_population", top, time, self.bounds.top_population);
        }
        diagnostics.note("propagation", propagation, time, self.bounds.propagation);
    }

    /// Notes the bound of the error of truncation at `time`.
    pub(crate) fn note_truncation(&self, bound: f64, time: f64, diagnostics: &mut Diagnostics) {
        diagnostics.note("truncation", bound, time, self.bounds.truncation);
    }

    /// Notes the positivity of the whole state at `time`.
    pub(crate) fn note_state(&self, view: &View<'_>, time: f64, diagnostics: &mut Diagnostics) {
        let violation = match self.positivity {
            Positivity::Minors => self.minor_violation(view),
            Positivity::Eigenvalues => (-view.smallest_eigenvalue()).max(0.0),
        };
        diagnostics.note("positivity", violation, time, self.bounds.positivity);
    }

    /// Largest violation of the necessary conditions `rho_ii >= 0` and `|rho_ij|^2 <= rho_ii rho_jj`.
    fn minor_violation(&self, view: &View<'_>) -> f64 {
        let mut worst: f64 = 0.0;
        let roots: Vec<Vec<f64>> = self
            .populations
            .iter()
            .map(|sector| {
                sector
                    .iter()
                    .map(|&i| {
                        let p = view.vector[i];
                        worst = if p.is_nan() { f64::NAN } else { worst.max(-p) };
                        p.max(0.0).sqrt()
                    })
                    .collect()
            })
            .collect();
        for (p, pair) in view.layout.pairs().iter().enumerate() {
            let (rows, columns) = (&view.layout.tiles()[pair.row], &view.layout.tiles()[pair.column]);
            let roots = &roots[rows.sector];
            let width = columns.states.len();
            let block = &view.vector[view.layout.block(p)];
            for (i, row) in rows.states.clone().zip(block.chunks_exact(2 * width)) {
                let right = &roots[columns.states.clone()];
                for (element, root) in row.chunks_exact(2).zip(right) {
                    let (square, bound) =
                        (element[0] * element[0] + element[1] * element[1], roots[i] * root);
                    if square > bound * bound {
                        worst = worst.max(square.sqrt() - bound);
                    }
                }
            }
        }
        worst
    }
}
