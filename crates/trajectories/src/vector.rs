//! Amplitudes as two real vectors, so that the inner loops act on whole lanes.

use std::ops::Range;

use num_complex::Complex64;
use pulp::{Arch, NullaryFnOnce, WithSimd};

/// Runs a loop with the widest instructions that the machine has. They change no bit, unless the loop asks
/// for fused products.
pub(crate) fn wide<L: WithSimd>(work: L) -> L::Output {
    Arch::new().dispatch(work)
}

/// Complex numbers, real and imaginary parts apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Vector {
    pub(crate) re: Vec<f64>,
    pub(crate) im: Vec<f64>,
}

impl Vector {
    pub(crate) fn len(&self) -> usize {
        self.re.len()
    }

    /// `len` zeros; keeps its memory.
    pub(crate) fn clear(&mut self, len: usize) {
        for part in [&mut self.re, &mut self.im] {
            part.clear();
            part.resize(len, 0.0);
        }
    }

    /// Any `len` numbers, to be overwritten.
    pub(crate) fn reshape(&mut self, len: usize) {
        self.re.resize(len, 0.0);
        self.im.resize(len, 0.0);
    }

    pub(crate) fn copy(&mut self, other: &Self) {
        self.re.clone_from(&other.re);
        self.im.clone_from(&other.im);
    }

    pub(crate) fn get(&self, i: usize) -> Complex64 {
        Complex64::new(self.re[i], self.im[i])
    }

    pub(crate) fn set(&mut self, i: usize, value: Complex64) {
        (self.re[i], self.im[i]) = (value.re, value.im);
    }

    /// Squared norm, in a fixed order of summation.
    pub(crate) fn norm_sqr(&self) -> f64 {
        wide(Square(self))
    }

    /// `<self|other>`.
    pub(crate) fn dot(&self, other: &Self) -> Complex64 {
        wide(Dot(self, other))
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        self.re.iter_mut().chain(&mut self.im).for_each(|x| *x *= factor);
    }

    /// `self += factor * other`.
    pub(crate) fn add(&mut self, factor: Complex64, other: &Self) {
        add_scaled(factor, (&other.re, &other.im), (&mut self.re, &mut self.im));
    }

    /// To norm 1.
    pub(crate) fn normalise(&mut self) {
        self.scale(1.0 / self.norm_sqr().sqrt());
    }
}

struct Square<'a>(&'a Vector);

impl NullaryFnOnce for Square<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        weight(self.0, 0..self.0.len())
    }
}

struct Dot<'a>(&'a Vector, &'a Vector);

impl NullaryFnOnce for Dot<'_> {
    type Output = Complex64;

    #[inline(always)]
    fn call(self) -> Complex64 {
        inner((&self.0.re, &self.0.im), (&self.1.re, &self.1.im))
    }
}

/// Squared norm of a stretch of a vector.
#[inline(always)]
pub(crate) fn weight(v: &Vector, range: Range<usize>) -> f64 {
    sum_of_squares(&v.re[range.clone()]) + sum_of_squares(&v.im[range])
}

/// `<v_bra|v_ket>` of two stretches of one vector.
#[inline(always)]
pub(crate) fn overlap(v: &Vector, bra: Range<usize>, ket: Range<usize>) -> Complex64 {
    inner((&v.re[bra.clone()], &v.im[bra]), (&v.re[ket.clone()], &v.im[ket]))
}

#[inline(always)]
fn inner(bra: (&[f64], &[f64]), ket: (&[f64], &[f64])) -> Complex64 {
    let re = products(bra.0, ket.0) + products(bra.1, ket.1);
    let im = products(bra.0, ket.1) - products(bra.1, ket.0);
    Complex64::new(re, im)
}

/// `out += factor * x`, both given as (real, imaginary).
pub(crate) fn add_scaled(factor: Complex64, x: (&[f64], &[f64]), out: (&mut [f64], &mut [f64])) {
    let (c, d) = (factor.re, factor.im);
    let sources = x.0.iter().zip(x.1);
    for ((re, im), (a, b)) in out.0.iter_mut().zip(out.1).zip(sources) {
        *re += c * a - d * b;
        *im += c * b + d * a;
    }
}

/// Sums run in this many lanes, in a fixed order.
const LANES: usize = 8;

/// Sum of products in a fixed order.
#[inline(always)]
pub(crate) fn products(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in xs.zip(ys) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// Sum of squares in a fixed order.
#[inline(always)]
pub(crate) fn sum_of_squares(x: &[f64]) -> f64 {
    products(x, x)
}
