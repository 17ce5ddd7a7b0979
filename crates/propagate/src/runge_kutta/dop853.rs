//! Dormand-Prince 8(5,3).

use super::controller::Controller;
use super::dop853_table::{A, B3, C, D, E5, Row};
use super::scheme::{Estimate, Evaluator, Scheme, Step};
use crate::vector::{MAX_TERMS, ScaledVector, combine, copy, error_sums};

/// Vector that holds the derivative of each stage: those of stages 1 to 4 are needed only for a while
/// and make room for later ones. Vectors 10 and 11 belong to the dense output.
const SLOT: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 10, 11];
const STAGES: usize = 12;
/// The derivative at the step end, in the numbering of the table.
const END: usize = 12;
/// Vectors that are free when the error is estimated.
const FREE: (usize, usize) = (3, 4);

/// Runge-Kutta method of order 8 with embedded orders 5 and 3, 12 stages, first same as last.
pub(crate) struct Dop853Scheme {
    slopes: Vec<Vec<f64>>,
    /// Argument of the stages, then the new state.
    state: Vec<f64>,
    /// Argument of the dense stages, then the interpolated state; empty until a stop needs it.
    dense: Vec<f64>,
    started: bool,
    /// Whether the derivative at the step end is known (slot of stage 12).
    ended: bool,
}

impl Dop853Scheme {
    pub(crate) fn new(dim: usize) -> Self {
        // Not clones of one vector: zeros that nobody has touched take no memory and no time.
        let mut slopes: Vec<_> = (0..10).map(|_| vec![0.0; dim]).collect();
        slopes.resize_with(12, Vec::new);
        Self { slopes, state: vec![0.0; dim], dense: Vec::new(), started: false, ended: false }
    }

    /// `out` = y + h sum of a k over one row of the table.
    fn stage(slopes: &[Vec<f64>], row: Row, h: f64, y: &[f64], out: &mut [f64]) {
        let mut terms: [ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
        terms[0] = (1.0, y);
        for (term, &(stage, a)) in terms[1..].iter_mut().zip(row) {
            *term = (h * a, &slopes[SLOT[stage]]);
        }
        combine(out, &terms[..=row.len()]);
    }

    /// Error sums of the new state, which this carries into the frame of the step end.
    fn sums(&mut self, field: &Evaluator<'_>, step: Step, y: &[f64]) -> [f64; 4] {
        let h = step.h;
        let mut fifth: [ScaledVector; 8] = [(0.0, &[]); 8];
        let mut third: [ScaledVector; 8] = [(0.0, &[]); 8];
        if !field.framed {
            Self::error_terms(&self.slopes, h, &mut fifth, &mut third);
            return error_sums(y, &self.state, step.tolerance, &fifth, &third);
        }
        let mut e = std::mem::take(&mut self.slopes[FREE.0]);
        let mut g = std::mem::take(&mut self.slopes[FREE.1]);
        Self::error_terms(&self.slopes, h, &mut fifth, &mut third);
        combine(&mut e, &fifth);
        combine(&mut g, &third);
        for vector in [&mut e, &mut g, &mut self.state] {
            field.carry(h, vector);
        }
        let sums = error_sums(y, &self.state, step.tolerance, &[(1.0, &e)], &[(1.0, &g)]);
        self.slopes[FREE.0] = e;
        self.slopes[FREE.1] = g;
        sums
    }

    fn error_terms<'a>(
        slopes: &'a [Vec<f64>],
        h: f64,
        fifth: &mut [ScaledVector<'a>; 8],
        third: &mut [ScaledVector<'a>; 8],
    ) {
        for (term, &(stage, e)) in fifth.iter_mut().zip(E5) {
            *term = (h * e, &slopes[SLOT[stage]]);
        }
        for (term, &(stage, b)) in third.iter_mut().zip(A[END]) {
            let low = B3.iter().find(|(s, _)| *s == stage).map_or(0.0, |(_, b)| *b);
            *term = (h * (b - low), &slopes[SLOT[stage]]);
        }
    }
}

impl Scheme for Dop853Scheme {
    const ORDER: f64 = 8.0;
    const CONTROLLER: Controller = Controller { exponent: 1.0 / 8.0, beta: 0.04, limits: (0.333, 6.0) };
    const DENSE: bool = true;

    fn started(&self) -> bool {
        self.started
    }

    fn forget(&mut self) {
        self.started = false;
        self.ended = false;
    }

    fn start(&mut self, field: &mut Evaluator<'_>, t: f64, y: &[f64]) {
        self.started = field.derivative(t, 0.0, y, &mut self.slopes[0]).is_continue();
    }

    fn first_slope(&mut self) -> (&[f64], &mut [f64], &mut [f64]) {
        let (first, others) = self.slopes.split_at_mut(1);
        (&first[0], &mut self.state, &mut others[0])
    }

    fn attempt(&mut self, field: &mut Evaluator<'_>, step: Step, y: &[f64]) -> Estimate {
        for stage in 1..STAGES {
            Self::stage(&self.slopes, A[stage], step.h, y, &mut self.state);
            let slope = &mut self.slopes[SLOT[stage]];
            if field.derivative(step.t, C[stage] * step.h, &self.state, slope).is_break() {
                return Estimate::ABANDONED;
            }
        }
        Self::stage(&self.slopes, A[END], step.h, y, &mut self.state);
        let [fifth, third, plain, size] = self.sums(field, step, y);
        let count = y.len().max(1) as f64;
        // Err = err5^2 / sqrt(err5^2 + 0.01 err3^2), of order 8 (Hairer et al., section II.10).
        let shrink = if fifth == 0.0 { 0.0 } else { (fifth / (fifth + 0.01 * third)).sqrt() };
        let relative = if plain == 0.0 { 0.0 } else { shrink * (plain / size).sqrt() };
        Estimate { weighted: shrink * (fifth / count).sqrt(), relative }
    }

    fn prepare_dense(&mut self, field: &mut Evaluator<'_>, step: Step, y: &[f64]) {
        let dim = y.len();
        self.dense.resize(dim, 0.0);
        self.slopes[10].resize(dim, 0.0);
        self.slopes[11].resize(dim, 0.0);
        for (stage, row) in A.iter().enumerate().skip(END) {
            Self::stage(&self.slopes, row, step.h, y, &mut self.dense);
            let slope = &mut self.slopes[SLOT[stage]];
            if field.derivative(step.t, C[stage] * step.h, &self.dense, slope).is_break() {
                return;
            }
        }
        self.ended = !field.framed;
    }

    fn proposed(&self) -> &[f64] {
        &self.state
    }

    fn interpolate(&mut self, field: &Evaluator<'_>, step: Step, theta: f64, y: &[f64]) -> &[f64] {
        let weights = dense_weights(theta);
        let mut terms: [ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
        terms[0] = (1.0, y);
        let used = weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
        for (term, (stage, weight)) in terms[1..].iter_mut().zip(used) {
            *term = (step.h * weight, &self.slopes[SLOT[stage]]);
        }
        combine(&mut self.dense, &terms);
        field.carry(theta * step.h, &mut self.dense);
        &self.dense
    }

    fn finish(&mut self, _field: &mut Evaluator<'_>, _step: Step, y: &mut [f64]) {
        copy(y, &self.state);
        self.started = self.ended;
        if self.ended {
            self.slopes.swap(0, SLOT[END]);
        }
        self.ended = false;
    }

    fn state_vectors(&self) -> usize {
        14
    }
}

/// Weights w of y(t + theta h) = y + h sum w k, from the nested form
/// y + θ(F0 + (1-θ)(F1 + θ(F2 + (1-θ)(F3 + θ(F4 + (1-θ)(F5 + θ F6)))))) of Hairer et al., section II.6,
/// with F0 = h Σ b k, F1 = h k0 - F0, F2 = 2 F0 - h (k0 + k12), F3.. = h Σ d k.
fn dense_weights(theta: f64) -> [f64; 16] {
    let rest = 1.0 - theta;
    let mut power = [theta; 7];
    for i in 1..7 {
        power[i] = power[i - 1] * if i % 2 == 1 { rest } else { theta };
    }
    let mut weights = [0.0; 16];
    for &(stage, b) in A[END] {
        weights[stage] += b * (power[0] - power[1] + 2.0 * power[2]);
    }
    weights[0] += power[1] - power[2];
    weights[END] -= power[2];
    for (row, power) in D.iter().zip(&power[3..]) {
        for &(stage, d) in *row {
            weights[stage] += d * power;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_the_nodes() {
        for (row, c) in A.iter().zip(C) {
            let sum: f64 = row.iter().map(|(_, a)| a).sum();
            assert!((sum - c).abs() < 2e-14, "{sum} {c}");
        }
    }

    #[test]
    fn weights_integrate_powers_up_to_their_order() {
        for power in 0..8 {
            let exact = 1.0 / f64::from(power + 1);
            let sum = |row: Row| row.iter().map(|&(s, b)| b * C[s].powi(power)).sum::<f64>();
            assert!((sum(A[END]) - exact).abs() < 1e-14, "b, power {power}");
            assert!(power > 4 || sum(E5).abs() < 1e-14, "embedded order 5, power {power}: {}", sum(E5));
            assert!(power > 2 || (sum(B3) - exact).abs() < 1e-14, "embedded order 3, power {power}");
        }
    }

    #[test]
    fn dense_weights_integrate_powers_up_to_their_order() {
        for theta in [0.0, 0.1, 0.37, 0.5, 0.9, 1.0] {
            let weights = dense_weights(theta);
            for power in 0..7 {
                let exact = f64::powi(theta, power + 1) / f64::from(power + 1);
                let sum: f64 = weights.iter().zip(C).map(|(w, c)| w * c.powi(power)).sum();
                assert!((sum - exact).abs() < 1e-13, "theta {theta}, power {power}: {}", sum - exact);
            }
        }
    }

    #[test]
    fn no_stage_reads_an_overwritten_vector() {
        for (stage, row) in A.iter().enumerate().skip(1) {
            for &(read, _) in *row {
                let overwritten = (read + 1..stage).any(|later| SLOT[later] == SLOT[read]);
                assert!(!overwritten, "stage {stage} reads {read}");
                assert!(stage == END || SLOT[stage] != SLOT[read], "stage {stage} writes {read}");
            }
        }
    }
}
