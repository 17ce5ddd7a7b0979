//! Many systems of one shape side by side: the same polynomial equations with other coefficients in every lane.
#![allow(clippy::inline_always, reason = "code is compiled for an instruction set only where it is inlined")]

use superladder_propagate::dop853_rows;

use crate::MeanFieldEquations;

/// Systems that move together; wide enough for two vectors of four doubles.
pub const LANES: usize = 8;
/// One number per lane.
pub(crate) type Lane = [f64; LANES];

/// A monomial: its row, its coefficients and up to `factors.len()` unknowns.
#[derive(Debug, Clone)]
struct Term {
    coefficient: Lane,
    row: usize,
    factors: Vec<u32>,
}

/// The equations of up to [`LANES`] models of the same subsystems; lanes that are not asked for repeat the last one.
#[derive(Debug, Clone)]
pub struct LaneEquations {
    dim: usize,
    constants: Vec<Lane>,
    linear: Vec<(usize, usize, Lane)>,
    quadratic: Vec<(usize, [usize; 2], Lane)>,
    higher: Vec<Term>,
}

impl LaneEquations {
    /// The union of the terms of all lanes.
    ///
    /// # Panics
    /// Without a model, or if the models differ in their number of unknowns.
    pub fn new(models: &[&MeanFieldEquations]) -> Self {
        let dim = models[0].dim();
        assert!(models.iter().all(|m| m.dim() == dim), "all lanes have the same unknowns");
        let mut terms: std::collections::BTreeMap<(usize, Vec<u32>), Lane> =
            std::collections::BTreeMap::new();
        for lane in 0..LANES {
            for (row, list) in models[lane.min(models.len() - 1)].rows().iter().enumerate() {
                for term in list {
                    terms.entry((row, term.factors.clone())).or_insert([0.0; LANES])[lane] +=
                        term.coefficient;
                }
            }
        }
        let mut made = Self {
            dim,
            constants: vec![[0.0; LANES]; dim],
            linear: Vec::new(),
            quadratic: Vec::new(),
            higher: Vec::new(),
        };
        for ((row, factors), coefficient) in terms {
            match factors[..] {
                [] => made.constants[row] = coefficient,
                [a] => made.linear.push((row, a as usize, coefficient)),
                [a, b] => made.quadratic.push((row, [a as usize, b as usize], coefficient)),
                _ => made.higher.push(Term { coefficient, row, factors }),
            }
        }
        made
    }

    /// Number of unknowns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// `out = f(y)`, and for `dim` more entries of y, a perturbation, `out = J(y) w`.
    #[inline(always)]
    fn derivative<const TANGENT: bool>(&self, y: &[Lane], out: &mut [Lane]) {
        let n = self.dim;
        out[..n].copy_from_slice(&self.constants);
        if TANGENT {
            out[n..2 * n].fill([0.0; LANES]);
        }
        for (row, a, c) in &self.linear {
            add(&mut out[*row], c, &y[*a]);
            if TANGENT {
                add(&mut out[n + row], c, &y[n + a]);
            }
        }
        for (row, [a, b], c) in &self.quadratic {
            let ca = times(c, &y[*a]);
            add(&mut out[*row], &ca, &y[*b]);
            if TANGENT {
                let cb = times(c, &y[*b]);
                add(&mut out[n + row], &ca, &y[n + b]);
                add(&mut out[n + row], &cb, &y[n + a]);
            }
        }
        for term in &self.higher {
            let (mut product, mut change) = (term.coefficient, [0.0; LANES]);
            for f in &term.factors {
                let f = *f as usize;
                if TANGENT {
                    let grown = times(&product, &y[n + f]);
                    change = times(&change, &y[f]);
                    add(&mut change, &grown, &[1.0; LANES]);
                }
                product = times(&product, &y[f]);
            }
            add(&mut out[term.row], &product, &[1.0; LANES]);
            if TANGENT {
                add(&mut out[n + term.row], &change, &[1.0; LANES]);
            }
        }
    }

    /// One step of the Dormand-Prince method of order 8 with a step size per lane. `y` holds the state and, with `TANGENT`, a
    /// perturbation after it.
    #[inline(always)]
    pub(crate) fn step<const TANGENT: bool>(&self, dt: &Lane, y: &mut [Lane], work: &mut Work) {
        let size = if TANGENT { 2 * self.dim } else { self.dim };
        let rows = dop853_rows();
        for stage in 0..12 {
            let (done, open) = work.slopes.split_at_mut(stage);
            combine(&mut work.state[..size], &y[..size], rows[stage], done, dt);
            self.derivative::<TANGENT>(&work.state[..size], &mut open[0][..size]);
        }
        combine(&mut work.state[..size], &y[..size], rows[12], &work.slopes, dt);
        y[..size].copy_from_slice(&work.state[..size]);
    }
}

/// Buffers of a step.
#[derive(Debug)]
pub(crate) struct Work {
    slopes: Vec<Vec<Lane>>,
    state: Vec<Lane>,
}

impl Work {
    pub(crate) fn new(dim: usize) -> Self {
        Self { slopes: vec![vec![[0.0; LANES]; 2 * dim]; 12], state: vec![[0.0; LANES]; 2 * dim] }
    }
}

#[inline(always)]
fn combine(out: &mut [Lane], y: &[Lane], row: &[(usize, f64)], slopes: &[Vec<Lane>], dt: &Lane) {
    for (i, (out, y)) in out.iter_mut().zip(y).enumerate() {
        let mut sum = [0.0; LANES];
        for (stage, a) in row {
            let slope = &slopes[*stage][i];
            for l in 0..LANES {
                sum[l] += a * slope[l];
            }
        }
        for l in 0..LANES {
            out[l] = y[l] + dt[l] * sum[l];
        }
    }
}

#[inline(always)]
fn add(out: &mut Lane, a: &Lane, b: &Lane) {
    for l in 0..LANES {
        out[l] += a[l] * b[l];
    }
}

#[inline(always)]
fn times(a: &Lane, b: &Lane) -> Lane {
    let mut out = [0.0; LANES];
    for l in 0..LANES {
        out[l] = a[l] * b[l];
    }
    out
}
