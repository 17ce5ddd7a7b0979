//! Closure `casimir`: the flow on the states that obey `s . C_sX = 0`.
//!
//! An ensemble of fixed total spin has `S.S = j(j+1)` as an operator identity, so that
//! `<{S.S, X}> - 2 <S.S><X>` vanishes: `s . C_sX = 0` up to third cumulants. The symmetrised closure
//! conserves `s^2 + tr C_ss / N` but not this relation, and what leaks feeds the neutral pair (|s|, phase).
//! With the projector `P = 1 - s s^T / |s|^2` on the spin's block, projecting `C -> P C P^T` after every
//! infinitesimal step is the flow `dC/dt = P F(v, P C P) P + P' C P + P C P'` with F the unprojected drift;
//! it is what this module adds to a tape.

use std::cell::RefCell;

use superladder_propagate::VectorField;

use crate::tape::Tape;
use crate::variables::{JointCumulant, Variable, Variables};

/// Where the mean spin of an ensemble and its covariances stand among the unknowns.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    mean: [usize; 3],
    /// Covariances with each variable of another subsystem.
    others: Vec<[usize; 3]>,
    own: [[usize; 3]; 3],
}

impl Constraint {
    pub(crate) fn new(variables: &Variables, ensemble: usize, row: &dyn Fn(JointCumulant) -> usize) -> Self {
        let spin: [_; 3] = std::array::from_fn(|k| variables.spin(ensemble, k));
        let foreign = (0..variables.count() as Variable).filter(|variable| !spin.contains(variable));
        Self {
            mean: spin.map(|variable| row(JointCumulant::new(&[variable]))),
            others: foreign
                .map(|other| spin.map(|variable| row(JointCumulant::new(&[variable, other]))))
                .collect(),
            own: spin.map(|k| spin.map(|l| row(JointCumulant::new(&[k, l])))),
        }
    }

    fn direction(&self, y: &[f64]) -> Option<([f64; 3], f64)> {
        let s = self.mean.map(|i| y[i]);
        let length = dot(s, s).sqrt();
        (length > 1e-9).then(|| (s.map(|x| x / length), length))
    }

    /// `C -> P C P`.
    pub(crate) fn project(&self, y: &mut [f64]) {
        let Some((n, _)) = self.direction(y) else { return };
        for column in &self.others {
            let along = dot(n, column.map(|i| y[i]));
            (0..3).for_each(|k| y[column[k]] -= n[k] * along);
        }
        let c = self.own.map(|row| row.map(|i| y[i]));
        self.store_symmetric(y, &projected(&c, n));
    }

    /// `F -> P F P + P' C P + P C P'` for a projected `y`.
    fn project_rate(&self, y: &[f64], rate: &mut [f64]) {
        let Some((n, length)) = self.direction(y) else { return };
        let velocity = self.mean.map(|i| rate[i]);
        let along = dot(n, velocity);
        // n' = P s' / |s|; P' C = -n (n' . C) because n . C = 0.
        let turn: [f64; 3] = std::array::from_fn(|k| (velocity[k] - n[k] * along) / length);
        for column in &self.others {
            let normal = dot(n, column.map(|i| rate[i])) + dot(turn, column.map(|i| y[i]));
            (0..3).for_each(|k| rate[column[k]] -= n[k] * normal);
        }
        let c = self.own.map(|row| row.map(|i| y[i]));
        let mut f = projected(&self.own.map(|row| row.map(|i| rate[i])), n);
        let moved: [f64; 3] = std::array::from_fn(|l| dot(turn, c.map(|row| row[l])));
        for (k, row) in f.iter_mut().enumerate() {
            for (l, entry) in row.iter_mut().enumerate() {
                *entry -= n[k] * moved[l] + moved[k] * n[l];
            }
        }
        self.store_symmetric(rate, &f);
    }

    fn store_symmetric(&self, y: &mut [f64], c: &[[f64; 3]; 3]) {
        for (places, row) in self.own.iter().zip(c) {
            for (place, value) in places.iter().zip(row) {
                y[*place] = *value;
            }
        }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `P C P` with `P = 1 - n n^T`.
fn projected(c: &[[f64; 3]; 3], n: [f64; 3]) -> [[f64; 3]; 3] {
    let cn: [f64; 3] = c.map(|row| dot(row, n));
    let ncn = dot(n, cn);
    std::array::from_fn(|k| {
        std::array::from_fn(|l| c[k][l] - n[k] * cn[l] - cn[k] * n[l] + n[k] * n[l] * ncn)
    })
}

/// The drift of a stage as the propagator sees it: bounded, and on the constraint surface if there is one.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) tape: Tape,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) limits: Vec<f64>,
}

impl VectorField for Flow {
    fn dim(&self) -> usize {
        self.tape.rows()
    }

    fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
        if y.iter().zip(&self.limits).any(|(y, limit)| y.is_nan() || y.abs() > *limit) {
            // Not a number: the propagator reports the time.
            out.fill(f64::NAN);
            return;
        }
        if self.constraints.is_empty() {
            self.tape.evaluate(y, out);
            return;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            scratch.extend_from_slice(y);
            self.constraints.iter().for_each(|c| c.project(scratch));
            self.tape.evaluate(scratch, out);
            self.constraints.iter().for_each(|c| c.project_rate(scratch, out));
        });
    }
}

thread_local! {
    /// The projected state; kept, so that the right-hand side allocates nothing.
    static SCRATCH: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}
