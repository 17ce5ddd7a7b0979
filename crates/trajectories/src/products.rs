//! Operators as sums of products of small matrices, one for each subsystem.

use num_complex::Complex64;
use superladder_model::{Factor, Operator, Subsystem};
use superladder_space::ladder::LocalPart;

use crate::basis::{Basis, apply_along};
use crate::frame::Linear;
use crate::vector::Vector;

/// Coefficients of a local jump `raise sigma^+ + lower sigma^- + z sigma^z/2`, square root of the rate
/// included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Local {
    pub(crate) raise: Complex64,
    pub(crate) lower: Complex64,
    pub(crate) z: Complex64,
    /// A wrong weight of the branches that change j, to show that it is seen.
    #[cfg(test)]
    pub(crate) wrong: f64,
}

impl Local {
    pub(crate) fn new(raise: Complex64, lower: Complex64, z: Complex64) -> Self {
        Self {
            raise,
            lower,
            z,
            #[cfg(test)]
            wrong: 1.0,
        }
    }

    /// 1: what the weight of a branch is multiplied with.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "its twin for tests is wrong on purpose")]
    pub(crate) fn correction(self, _dj: i64) -> f64 {
        1.0
    }

    #[cfg(test)]
    pub(crate) fn correction(self, dj: i64) -> f64 {
        if dj == 0 { 1.0 } else { self.wrong }
    }
}

/// What an operator of one subsystem is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AxisOperator {
    /// A product of factors, the rightmost acting first.
    Factors(Vec<Factor>),
    /// `sum_dj K_dj^dag K_dj` of a local jump.
    Decay(Local),
}

/// An operator of one subsystem, with the shifts of its matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    pub(crate) axis: usize,
    pub(crate) operator: AxisOperator,
    /// Shifts of the level that its matrix can have.
    pub(crate) shifts: Vec<i64>,
}

/// A coefficient times products of different subsystems, in their order; numbers in a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) coefficient: Complex64,
    pub(crate) products: Vec<usize>,
}

/// Which subsystems have moving frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) modes: usize,
    /// By subsystem: modes, then ensembles.
    pub(crate) moving: Vec<bool>,
}

impl Layout {
    pub(crate) fn axis(&self, subsystem: Subsystem) -> usize {
        match subsystem {
            Subsystem::Mode(m) => m,
            Subsystem::Ensemble(e) => self.modes + e,
        }
    }

    /// Shifts that one factor can make in a frame of this subsystem.
    fn steps(&self, factor: Factor) -> Vec<i64> {
        let moving = self.moving[self.axis(factor.subsystem())];
        match factor.subsystem() {
            Subsystem::Mode(_) if moving => vec![0, factor.shift()],
            Subsystem::Ensemble(_) if moving => vec![-1, 0, 1],
            _ => vec![factor.shift()],
        }
    }

    fn shifts(&self, axis: usize, operator: &AxisOperator) -> Vec<i64> {
        let mut shifts = vec![0];
        let mut add = |steps: &[i64]| {
            shifts = shifts.iter().flat_map(|s| steps.iter().map(move |t| s + t)).collect();
            shifts.sort_unstable();
            shifts.dedup();
        };
        match operator {
            AxisOperator::Factors(factors) => factors.iter().for_each(|f| add(&self.steps(*f))),
            AxisOperator::Decay(_) if self.moving[axis] => add(&[-2, -1, 0, 1, 2]),
            AxisOperator::Decay(Local { raise, lower, z, .. }) => {
                let present = [(*raise, 1), (*lower, -1), (*z, 0)];
                let present: Vec<i64> =
                    present.iter().filter(|(c, _)| *c != Complex64::ZERO).map(|(_, s)| *s).collect();
                let back: Vec<i64> = present.iter().map(|s| -s).collect();
                add(&present);
                add(&back);
            }
        }
        shifts
    }
}

/// Every different product that operators are made of, once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) products: Vec<Product>,
}

impl Table {
    /// Number of a product.
    pub(crate) fn intern(&mut self, layout: &Layout, axis: usize, operator: AxisOperator) -> usize {
        let known = self.products.iter().position(|p| p.axis == axis && p.operator == operator);
        known.unwrap_or_else(|| {
            let shifts = layout.shifts(axis, &operator);
            self.products.push(Product { axis, operator, shifts });
            self.products.len() - 1
        })
    }

    /// The terms of an operator; factors of different subsystems commute.
    pub(crate) fn terms(&mut self, layout: &Layout, operator: &Operator) -> Vec<Term> {
        let mut terms = Vec::new();
        for term in operator.collected().terms {
            let mut products = Vec::new();
            for axis in 0..layout.moving.len() {
                let of_axis = |f: &&Factor| layout.axis(f.subsystem()) == axis;
                let factors: Vec<Factor> = term.factors.iter().filter(of_axis).copied().collect();
                if !factors.is_empty() {
                    products.push(self.intern(layout, axis, AxisOperator::Factors(factors)));
                }
            }
            terms.push(Term { coefficient: term.coefficient, products });
        }
        terms
    }
}

/// Matrices of the products of a [`Table`] on the windows of a basis: `[shift][level]`, by the level they act
/// on.
#[derive(Debug, Default)]
pub(crate) struct Bands {
    values: Vec<Vec<Complex64>>,
    image: [Vec<Complex64>; 2],
}

impl Bands {
    /// Fills the matrices of all products.
    pub(crate) fn fill(&mut self, table: &Table, basis: &Basis) {
        // Never fewer: a table with more may follow.
        self.values.resize_with(table.products.len().max(self.values.len()), Vec::new);
        for (product, band) in table.products.iter().zip(&mut self.values) {
            let window = basis.windows[product.axis];
            band.clear();
            band.resize(product.shifts.len() * window.len, Complex64::ZERO);
            match &product.operator {
                AxisOperator::Factors(factors) => {
                    fill_factors(basis, product, factors, &mut self.image, band);
                }
                AxisOperator::Decay(local) => fill_decay(basis, product, *local, band),
            }
        }
    }

    /// Matrix of a product, one row of levels per shift.
    pub(crate) fn of(&self, product: usize) -> &[Complex64] {
        &self.values[product]
    }
}

/// Each factor acts on the image of a level, of which only the neighbourhood is not zero.
fn fill_factors(
    basis: &Basis,
    product: &Product,
    factors: &[Factor],
    image: &mut [Vec<Complex64>; 2],
    band: &mut [Complex64],
) {
    let (axis, window) = (basis.axes[product.axis], basis.windows[product.axis]);
    let reach = factors.len() as i64;
    let width = 2 * factors.len() + 1;
    let [now, next] = image;
    for column in 0..window.len {
        let level = window.low + column as i64;
        now.clear();
        now.resize(width, Complex64::ZERO);
        now[factors.len()] = Complex64::ONE;
        for factor in factors.iter().rev() {
            let linear = basis.frames[product.axis].factor(*factor);
            next.clear();
            next.resize(width, Complex64::ZERO);
            for (place, value) in now.iter().enumerate().filter(|(_, v)| **v != Complex64::ZERO) {
                let at = level + place as i64 - reach;
                next[place] += value * (linear.constant + linear.z * axis.element(0, at));
                if place > 0 {
                    next[place - 1] += value * linear.lower * axis.element(-1, at);
                }
                if place + 1 < width {
                    next[place + 1] += value * linear.raise * axis.element(1, at);
                }
            }
            std::mem::swap(now, next);
        }
        for (row, shift) in product.shifts.iter().enumerate() {
            band[row * window.len + column] = now[(shift + reach) as usize];
        }
    }
}

/// `K_dj |k>` as the three amplitudes on the levels `k + dj - 1, k + dj, k + dj + 1` of the ladder `j + dj`.
pub(crate) fn branch_image(
    axis: superladder_space::Axis,
    linear: Linear,
    dj: i64,
    weight: f64,
    level: i64,
) -> [Complex64; 3] {
    let part = |part, c: Complex64| c * (weight.sqrt() * axis.branch_element(part, dj, level));
    [part(LocalPart::Lower, linear.lower), part(LocalPart::Z, linear.z), part(LocalPart::Raise, linear.raise)]
}

fn fill_decay(basis: &Basis, product: &Product, local: Local, band: &mut [Complex64]) {
    let (axis, window) = (basis.axes[product.axis], basis.windows[product.axis]);
    let linear = basis.frames[product.axis].vector(local.raise, local.lower, local.z);
    for dj in -1..=1 {
        let Some((_, weight)) = axis.branch(dj) else { continue };
        let weight = weight * local.correction(dj);
        for column in 0..window.len {
            let level = window.low + column as i64;
            let image = branch_image(axis, linear, dj, weight, level);
            for (row, shift) in product.shifts.iter().enumerate() {
                let other = branch_image(axis, linear, dj, weight, level + shift);
                // <k + shift| K^dag K |k>: both images meet where their own shifts differ by `shift`.
                let meeting = |own: i64| {
                    let there = own - shift;
                    let inside = (-1..=1).contains(&there);
                    if inside {
                        other[(there + 1) as usize].conj() * image[(own + 1) as usize]
                    } else {
                        Complex64::ZERO
                    }
                };
                band[row * window.len + column] += (-1..=1).map(meeting).sum::<Complex64>();
            }
        }
    }
}

/// Buffers of [`act`].
#[derive(Debug, Default)]
pub(crate) struct ActScratch {
    pub(crate) image: Vector,
    next: Vector,
    identity: Vec<Complex64>,
}

/// `products |psi>` without coefficient, on `pads` more levels at either end of every window, left in
/// `scratch.image`.
pub(crate) fn act(
    table: &Table,
    bands: &Bands,
    basis: &Basis,
    products: &[usize],
    pads: impl Fn(usize) -> usize,
    psi: &Vector,
    scratch: &mut ActScratch,
) {
    let ActScratch { image, next, identity } = scratch;
    image.copy(psi);
    let mut outer = 1;
    for axis in 0..basis.axes.len() {
        let mut grid = basis.grid(axis);
        let pad = pads(axis);
        // The subsystems before have been padded already.
        grid.outer = outer;
        outer *= grid.len + 2 * pad;
        if let Some(&number) = products.iter().find(|p| table.products[**p].axis == axis) {
            apply_along(grid, &table.products[number].shifts, bands.of(number), pad, image, next);
            std::mem::swap(image, next);
        } else if pad > 0 {
            identity.clear();
            identity.resize(grid.len, Complex64::ONE);
            apply_along(grid, &[0], identity, pad, image, next);
            std::mem::swap(image, next);
        }
    }
}
