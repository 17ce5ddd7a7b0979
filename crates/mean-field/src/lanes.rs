//! Many systems of one shape side by side: the same polynomial equations with other coefficients in every
//! lane.
//!
//! The inner loops run over lanes, so that they become vector instructions; everything else is loop control,
//! whose cost is shared by all lanes. Rows and stages are dispatched by their number of terms to code without
//! inner branches.
#![allow(clippy::inline_always, reason = "code is compiled for an instruction set only where it is inlined")]

mod program;

use superladder_cumulant::TapeTerm;
use superladder_propagate::{Row as Stage, dop853_rows};

use crate::MeanFieldEquations;
use program::{Linear, Program, Row, Terms};

/// Systems that move together: enough for four vectors of four doubles, which hides the latency of sums.
pub const LANES: usize = 16;

/// One number per lane, on a cache line of its own.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Lane(pub(crate) [f64; LANES]);

impl Lane {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// `self += a * b`, fused.
    #[inline(always)]
    fn add(&mut self, a: &Self, b: &Self) {
        for l in 0..LANES {
            self.0[l] = a.0[l].mul_add(b.0[l], self.0[l]);
        }
    }

    /// `self += a * b`, fused.
    #[inline(always)]
    fn add_scaled(&mut self, a: f64, b: &Self) {
        for l in 0..LANES {
            self.0[l] = a.mul_add(b.0[l], self.0[l]);
        }
    }

    #[inline(always)]
    fn plus(&self, other: &Self) -> Self {
        let mut out = *self;
        out.add_scaled(1.0, other);
        out
    }
}

/// The equations of up to [`LANES`] models of the same subsystems; lanes that are not asked for repeat the
/// last one.
#[derive(Debug, Clone)]
pub struct LaneEquations {
    dim: usize,
    program: Program,
}

/// Values of the variables and forms of a program.
#[derive(Debug)]
struct Values {
    variables: Vec<Lane>,
    forms: Vec<Lane>,
}

impl LaneEquations {
    /// The union of the terms of all lanes.
    ///
    /// # Panics
    /// Without a model, or if the models differ in their number of unknowns.
    pub fn new(models: &[&MeanFieldEquations]) -> Self {
        let dim = models[0].dim();
        assert!(models.iter().all(|m| m.dim() == dim), "all lanes have the same unknowns");
        Self::of_rows(dim, |lane| models[lane.min(models.len() - 1)].rows())
    }

    /// Of the rows of every lane.
    fn of_rows<'a>(dim: usize, rows: impl Fn(usize) -> &'a [Vec<TapeTerm>]) -> Self {
        let mut terms = Terms::new();
        for lane in 0..LANES {
            for (row, list) in rows(lane).iter().enumerate() {
                for term in list {
                    let known = terms.entry((row, term.factors.clone())).or_insert(Lane::ZERO);
                    known.0[lane] += term.coefficient;
                }
            }
        }
        terms.retain(|_, lane| lane.0.iter().any(|x| *x != 0.0));
        Self { dim, program: Program::new(dim, terms) }
    }

    /// Number of unknowns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Buffers of a step.
    pub(crate) fn work(&self) -> Work {
        let values = || Values {
            variables: vec![Lane::ZERO; self.dim + self.program.monomials.len()],
            forms: vec![Lane::ZERO; self.program.forms.len() + self.program.negatives.len()],
        };
        let slopes = || vec![Lane::ZERO; 12 * self.dim];
        Work { state: values(), tangent: values(), slopes: slopes(), growth: slopes() }
    }

    /// `out = f(v)` and, with `TANGENT`, `grown = J(v) w`, for the unknowns at the beginning of v and w.
    #[inline(always)]
    fn derivative<const TANGENT: bool>(
        &self,
        (v, out): (&mut Values, &mut [Lane]),
        (w, grown): (&mut Values, &mut [Lane]),
    ) {
        self.derived_variables::<TANGENT>(v, w);
        for (i, (row, out)) in self.program.rows.iter().zip(out).enumerate() {
            let (mut value, mut change) = (row.constant, Lane::ZERO);
            let sums = (&mut value, &mut change);
            match (row.linear.len(), row.products.len()) {
                (0, 1) => fixed::<TANGENT, 0, 1>(row, v, w, sums),
                (0, 2) => fixed::<TANGENT, 0, 2>(row, v, w, sums),
                (1, 0) => fixed::<TANGENT, 1, 0>(row, v, w, sums),
                (1, 1) => fixed::<TANGENT, 1, 1>(row, v, w, sums),
                (1, 2) => fixed::<TANGENT, 1, 2>(row, v, w, sums),
                (2, 0) => fixed::<TANGENT, 2, 0>(row, v, w, sums),
                (2, 1) => fixed::<TANGENT, 2, 1>(row, v, w, sums),
                (2, 2) => fixed::<TANGENT, 2, 2>(row, v, w, sums),
                (3, 0) => fixed::<TANGENT, 3, 0>(row, v, w, sums),
                (3, 1) => fixed::<TANGENT, 3, 1>(row, v, w, sums),
                (4, 0) => fixed::<TANGENT, 4, 0>(row, v, w, sums),
                (4, 1) => fixed::<TANGENT, 4, 1>(row, v, w, sums),
                _ => any::<TANGENT>(row, v, w, sums),
            }
            *out = value;
            if TANGENT {
                grown[i] = change;
            }
        }
    }

    /// Products of variables, forms and negatives of forms.
    #[inline(always)]
    fn derived_variables<const TANGENT: bool>(&self, v: &mut Values, w: &mut Values) {
        for (k, (a, b)) in self.program.monomials.iter().enumerate() {
            let mut product = Lane::ZERO;
            product.add(&v.variables[*a], &v.variables[*b]);
            v.variables[self.dim + k] = product;
            if TANGENT {
                let mut change = Lane::ZERO;
                change.add(&v.variables[*a], &w.variables[*b]);
                change.add(&w.variables[*a], &v.variables[*b]);
                w.variables[self.dim + k] = change;
            }
        }
        for (k, form) in self.program.forms.iter().enumerate() {
            v.forms[k] = linear(form, &v.variables);
            if TANGENT {
                w.forms[k] = linear(form, &w.variables);
            }
        }
        let count = self.program.forms.len();
        for (k, source) in self.program.negatives.iter().enumerate() {
            v.forms[count + k] = Lane(v.forms[*source].0.map(|x| -x));
            if TANGENT {
                w.forms[count + k] = Lane(w.forms[*source].0.map(|x| -x));
            }
        }
    }

    /// One step of the Dormand-Prince method of order 8 for the state y and, with `TANGENT`, the perturbation
    /// w.
    #[inline(always)]
    pub(crate) fn step<const TANGENT: bool>(&self, dt: f64, y: &mut [Lane], w: &mut [Lane], work: &mut Work) {
        let (n, stages) = (self.dim, dop853_rows());
        let Work { state, tangent, slopes, growth } = work;
        for (number, stage) in stages[..12].iter().enumerate() {
            let (done, open) = slopes.split_at_mut(number * n);
            let (done_w, open_w) = growth.split_at_mut(number * n);
            combine(&mut state.variables[..n], y, stage, done, dt);
            if TANGENT {
                combine(&mut tangent.variables[..n], w, stage, done_w, dt);
            }
            self.derivative::<TANGENT>((state, &mut open[..n]), (tangent, &mut open_w[..n]));
        }
        combine(&mut state.variables[..n], y, stages[12], slopes, dt);
        y.copy_from_slice(&state.variables[..n]);
        if TANGENT {
            combine(&mut tangent.variables[..n], w, stages[12], growth, dt);
            w.copy_from_slice(&tangent.variables[..n]);
        }
    }
}

/// The sum of linear terms.
#[inline(always)]
fn linear(terms: &[Linear], variables: &[Lane]) -> Lane {
    let mut sum = Lane::ZERO;
    for term in terms {
        sum.add(&term.coefficient, &variables[term.variable]);
    }
    sum
}

/// A row with `L` linear terms and `P` products.
#[inline(always)]
fn fixed<const TANGENT: bool, const L: usize, const P: usize>(
    row: &Row,
    v: &Values,
    w: &Values,
    (value, change): (&mut Lane, &mut Lane),
) {
    let (Some(linear), Some(products)) = (row.linear.first_chunk::<L>(), row.products.first_chunk::<P>())
    else {
        return;
    };
    for term in linear {
        value.add(&term.coefficient, &v.variables[term.variable]);
        if TANGENT {
            change.add(&term.coefficient, &w.variables[term.variable]);
        }
    }
    // Two sums: each waits for its own additions only.
    let mut second = Lane::ZERO;
    for (variable, form) in products {
        value.add(&v.variables[*variable], &v.forms[*form]);
        if TANGENT {
            change.add(&v.variables[*variable], &w.forms[*form]);
            second.add(&w.variables[*variable], &v.forms[*form]);
        }
    }
    if TANGENT && P > 0 {
        *change = change.plus(&second);
    }
}

/// [`fixed`] for any numbers of terms.
#[inline(always)]
fn any<const TANGENT: bool>(row: &Row, v: &Values, w: &Values, (value, change): (&mut Lane, &mut Lane)) {
    for term in &row.linear {
        value.add(&term.coefficient, &v.variables[term.variable]);
        if TANGENT {
            change.add(&term.coefficient, &w.variables[term.variable]);
        }
    }
    for (variable, form) in &row.products {
        value.add(&v.variables[*variable], &v.forms[*form]);
        if TANGENT {
            change.add(&v.variables[*variable], &w.forms[*form]);
            change.add(&w.variables[*variable], &v.forms[*form]);
        }
    }
}

/// Buffers of a step: values at a stage and the slopes of the stages before it, of state and perturbation.
#[derive(Debug)]
pub(crate) struct Work {
    state: Values,
    tangent: Values,
    slopes: Vec<Lane>,
    growth: Vec<Lane>,
}

/// `out = y + dt * sum_stage a k_stage`.
#[inline(always)]
fn combine(out: &mut [Lane], y: &[Lane], stage: Stage, slopes: &[Lane], dt: f64) {
    match stage.len() {
        0 => out.copy_from_slice(y),
        1 => weighted::<1>(out, y, stage, slopes, dt),
        2 => weighted::<2>(out, y, stage, slopes, dt),
        3 => weighted::<3>(out, y, stage, slopes, dt),
        4 => weighted::<4>(out, y, stage, slopes, dt),
        5 => weighted::<5>(out, y, stage, slopes, dt),
        6 => weighted::<6>(out, y, stage, slopes, dt),
        7 => weighted::<7>(out, y, stage, slopes, dt),
        8 => weighted::<8>(out, y, stage, slopes, dt),
        9 => weighted::<9>(out, y, stage, slopes, dt),
        _ => {
            out.copy_from_slice(y);
            for (earlier, a) in stage {
                let slopes = &slopes[earlier * y.len()..(earlier + 1) * y.len()];
                out.iter_mut().zip(slopes).for_each(|(out, k)| out.add_scaled(dt * a, k));
            }
        }
    }
}

/// [`combine`] for a stage of `K` coefficients, which stay in registers.
#[inline(always)]
fn weighted<const K: usize>(out: &mut [Lane], y: &[Lane], stage: Stage, slopes: &[Lane], dt: f64) {
    let n = out.len();
    let mut weights = [0.0; K];
    let mut earlier: [&[Lane]; K] = [&[]; K];
    for k in 0..K {
        let (number, a) = stage[k];
        weights[k] = dt * a;
        earlier[k] = &slopes[number * n..(number + 1) * n];
    }
    for (i, (out, y)) in out.iter_mut().zip(y).enumerate() {
        let mut sum = *y;
        for k in 0..K {
            sum.add_scaled(weights[k], &earlier[k][i]);
        }
        *out = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of every lane is the step of the tape and of its Jacobian; terms of every degree up to four
    /// occur.
    #[test]
    fn lanes_move_as_the_equations_do() {
        let rows = |x: f64| -> Vec<Vec<TapeTerm>> {
            let term =
                |coefficient: f64, factors: &[u32]| TapeTerm { coefficient, factors: factors.to_vec() };
            vec![
                vec![term(0.3, &[]), term(-x, &[0]), term(0.7, &[1, 2]), term(0.2, &[0, 0, 1, 2])],
                vec![term(1.0, &[0]), term(-0.4, &[0, 1]), term(0.5 * x, &[0, 0]), term(0.1, &[1, 1, 1])],
                vec![
                    term(0.1, &[0]),
                    term(0.2, &[1]),
                    term(-0.3, &[2]),
                    term(-0.7, &[1, 2]),
                    term(x, &[0, 2]),
                    term(0.3, &[2, 2]),
                ],
            ]
        };
        let strengths: Vec<f64> = (0..LANES).map(|l| 0.1 * l as f64).collect();
        let all: Vec<_> = strengths.iter().map(|x| rows(*x)).collect();
        let lanes = LaneEquations::of_rows(3, |lane| &all[lane]);
        let mut work = lanes.work();
        let start = [0.3, -0.2, 0.5];
        let mut y = start.map(|x| Lane([x; LANES])).to_vec();
        let mut w = [1.0, 0.5, -0.25].map(|x| Lane([x; LANES])).to_vec();
        lanes.step::<true>(0.1, &mut y, &mut w, &mut work);
        let mut without = start.map(|x| Lane([x; LANES])).to_vec();
        lanes.step::<false>(0.1, &mut without, &mut [], &mut work);
        for (l, rows) in all.iter().enumerate() {
            let tape = superladder_cumulant::Tape::new(rows);
            let slope = |v: &[f64]| {
                let mut out = vec![0.0; 3];
                tape.evaluate(v, &mut out);
                out
            };
            // The perturbation by differences of two plain trajectories, both by 2000 steps of the midpoint
            // rule.
            let after = |v: [f64; 3]| {
                let (mut v, h) = (v.to_vec(), 0.1 / 2000.0);
                for _ in 0..2000 {
                    let half: Vec<f64> = v.iter().zip(slope(&v)).map(|(x, k)| x + 0.5 * h * k).collect();
                    v.iter_mut().zip(slope(&half)).for_each(|(x, k)| *x += h * k);
                }
                v
            };
            let plain = after(start);
            let e = 1e-5;
            let (up, down) = (
                after([0.3 + e, -0.2 + 0.5 * e, 0.5 - 0.25 * e]),
                after([0.3 - e, -0.2 - 0.5 * e, 0.5 + 0.25 * e]),
            );
            for i in 0..3 {
                assert!((y[i].0[l] - plain[i]).abs() < 1e-9, "lane {l}, unknown {i}");
                assert_eq!(y[i].0[l].to_bits(), without[i].0[l].to_bits());
                assert!((w[i].0[l] - (up[i] - down[i]) / (2.0 * e)).abs() < 1e-8, "lane {l}, unknown {i}");
            }
        }
    }
}
