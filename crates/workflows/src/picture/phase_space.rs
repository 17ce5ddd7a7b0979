//! Functions on phase space of reduced states: Wigner and Husimi function of a mode, Husimi function of an ensemble.

use std::f64::consts::PI;

use num_complex::Complex64;

/// `2 |alpha|^2` at most for the Wigner function: beyond, its weight `exp(-2 |alpha|^2)` leaves double precision.
pub const LARGEST_WIGNER: f64 = 600.0;

/// The Husimi function of a mode, `Q(alpha) = <alpha| rho |alpha>/pi`; `rho` has `levels` rows, row-major. Its integral over
/// the plane is 1.
pub fn husimi_of_mode(rho: &[Complex64], levels: usize, alpha: Complex64) -> f64 {
    let mut amplitude = Complex64::from((-0.5 * alpha.norm_sqr()).exp());
    let mut amplitudes = Vec::with_capacity(levels);
    for n in 0..levels {
        amplitudes.push(amplitude);
        amplitude *= alpha / (n as f64 + 1.0).sqrt();
    }
    form(rho, &amplitudes) / PI
}

/// `<v| rho |v>`.
fn form(rho: &[Complex64], v: &[Complex64]) -> f64 {
    let row = |(row, x): (&[Complex64], &Complex64)| {
        x.conj() * row.iter().zip(v).map(|(r, y)| r * y).sum::<Complex64>()
    };
    rho.chunks_exact(v.len()).zip(v).map(row).sum::<Complex64>().re
}

/// The Wigner function of a mode, `W(alpha) = (2/pi) tr[D(alpha)^dag rho D(alpha) (-1)^n]`, with the integral 1 over the plane.
///
/// With `x = 4 |alpha|^2` and the Laguerre functions `l_n = (-1)^n sqrt(L! n!/(n + L)!) L_n^L(x)`, `l_0 = 1`,
///
/// ```text
/// W = (2/pi) e^(-x/2) Re sum_L (2 - delta_L0) (2 alpha^*)^L/sqrt(L!) sum_n rho_(n+L, n) l_n
/// ```
/// Both sums are summed from their ends, over n by the recurrence of Clenshaw. Source: K. E. Cahill and R. J. Glauber, Phys. Rev.
/// 177, 1882 (1969).
pub fn wigner(rho: &[Complex64], levels: usize, alpha: Complex64) -> f64 {
    let x = 4.0 * alpha.norm_sqr();
    let mut sum = Complex64::ZERO;
    for order in (0..levels).rev() {
        let weight = if order == 0 { 1.0 } else { 2.0 };
        let diagonal = laguerre_sum(rho, levels, order, x);
        sum = weight * diagonal + sum * (2.0 * alpha.conj()) / (order as f64 + 1.0).sqrt();
    }
    2.0 / PI * (-0.5 * x).exp() * sum.re
}

/// `sum_n rho_(n+L, n) l_n(x)` with `l_(n+1) = -[(2n + 1 + L - x) l_n + sqrt(n (n + L)) l_(n-1)]/sqrt((n + 1)(n + 1 + L))`.
fn laguerre_sum(rho: &[Complex64], levels: usize, order: usize, x: f64) -> Complex64 {
    let l = order as f64;
    let root = |n: f64| (n * (n + l)).sqrt();
    let (mut next, mut after) = (Complex64::ZERO, Complex64::ZERO);
    for k in (0..levels - order).rev() {
        let n = k as f64;
        let linear = -(2.0 * n + 1.0 + l - x) / root(n + 1.0);
        let constant = -root(n + 1.0) / root(n + 2.0);
        let own = rho[(k + order) * levels + k] + linear * next + constant * after;
        (next, after) = (own, next);
    }
    next
}

/// The Husimi function of an ensemble in the direction with polar angle `theta` from *up* and azimuth `phi`,
/// `Q = sum_j (2j+1)/(4 pi) <j; n| rho_j |j; n>`, with the integral 1 over the sphere; `blocks` are the matrices by ladder, j
/// ascending, excitations ascending, each the sum over the copies of its ladder.
pub fn husimi_of_ensemble(blocks: &[Vec<Complex64>], theta: f64, phi: f64) -> f64 {
    let of_ladder = |block: &Vec<Complex64>| {
        let dim = block.len().isqrt();
        let state = spin_coherent(dim, theta, phi);
        dim as f64 / (4.0 * PI) * form(block, &state)
    };
    blocks.iter().map(of_ladder).sum()
}

/// Amplitudes of `|j; n>`, 2j + 1 = `dim`, by excitations x ascending:
/// `sqrt(C(2j, x)) cos(theta/2)^x [e^(i phi) sin(theta/2)]^(2j - x)`.
fn spin_coherent(dim: usize, theta: f64, phi: f64) -> Vec<Complex64> {
    let (sine, cosine) = (0.5 * theta).sin_cos();
    let power = |base: f64, n: usize| if n == 0 { 0.0 } else { n as f64 * base.abs().ln() };
    let mut binomial = 0.0;
    let mut amplitudes = Vec::with_capacity(dim);
    for x in 0..dim {
        let down = dim - 1 - x;
        let size = 0.5 * binomial + power(cosine, x) + power(sine, down);
        amplitudes.push(Complex64::from_polar(size.exp(), phi * down as f64));
        binomial += (down as f64 / (x as f64 + 1.0)).ln();
    }
    amplitudes
}
