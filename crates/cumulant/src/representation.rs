//! Operators acting on the generating function of moments.
//!
//! All moments are Taylor coefficients of `M(eta) = tr[rho E(eta)]`. Multiplying `E` by an operator from the
//! left or the right is a differential operator in the sources eta:
//!
//! - normally ordered mode, `E = exp(xi a^dag) exp(xi' a)`: `a E = (d' + xi) E`, `E a = d' E`, and their
//!   adjoints;
//! - symmetrised mode, `E = exp(xi a^dag + xi' a)`: `a E = (d' + xi/2) E`, `E a = (d' - xi/2) E`;
//! - distinct sites, `E = sum_k (products of k different sites) eta^k / k!` with `s^m s^n = kappa + f s` on a
//!   site: `S^m E = [eta_n kappa_mn + eta_n f_mn^l d_l + (N - eta_n d_n) d_m] E`;
//! - symmetrised collective spin, `E = exp(eta . S)`: `S^m E = [A/(e^A - 1)]_ml d_l E` with
//!   `A_ml = i eps_nml eta_n` (derivative of the exponential map; Wilcox, J. Math. Phys. 8, 962 (1967), Eq.
//!   (2.1)).

use num_complex::Complex64;
use superladder_model::Factor;

use crate::differential::Differential;
use crate::variables::{Basis, Ordering, Variables};

/// A matrix on one site, rows and columns (up, down).
pub(crate) type Site = [[Complex64; 2]; 2];

const ZERO: Complex64 = Complex64::ZERO;
const ONE: Complex64 = Complex64::ONE;
const I: Complex64 = Complex64::I;

/// Which side of `E` an operator stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

pub(crate) fn times(a: &Site, b: &Site) -> Site {
    std::array::from_fn(|i| std::array::from_fn(|k| a[i][0] * b[0][k] + a[i][1] * b[1][k]))
}

pub(crate) fn dagger(a: &Site) -> Site {
    std::array::from_fn(|i| std::array::from_fn(|k| a[k][i].conj()))
}

/// `a + factor b`.
pub(crate) fn plus(a: &Site, b: &Site, factor: f64) -> Site {
    std::array::from_fn(|i| std::array::from_fn(|k| a[i][k] + b[i][k] * factor))
}

/// `raise sigma^+ + lower sigma^- + z sigma^z`.
pub(crate) fn site(raise: Complex64, lower: Complex64, z: Complex64) -> Site {
    [[z, raise], [lower, -z]]
}

/// The three site operators of a basis: x, y, z or -, +, z (halves of Pauli matrices, `s^z = sigma^z / 2`).
pub(crate) fn site_basis(basis: Basis) -> [Site; 3] {
    let half = Complex64::from(0.5);
    let z = site(ZERO, ZERO, half);
    match basis {
        Basis::Cartesian => [site(half, half, ZERO), site(-I * half, I * half, ZERO), z],
        Basis::Ladder => [site(ZERO, ONE, ZERO), site(ONE, ZERO, ZERO), z],
    }
}

/// Coefficients of the identity and of the three site operators.
pub(crate) fn decompose(m: &Site, basis: Basis) -> (Complex64, [Complex64; 3]) {
    let identity = (m[0][0] + m[1][1]) * 0.5;
    let z = m[0][0] - m[1][1];
    let (raise, lower) = (m[0][1], m[1][0]);
    match basis {
        Basis::Cartesian => (identity, [raise + lower, I * (raise - lower), z]),
        Basis::Ladder => (identity, [lower, raise, z]),
    }
}

impl Variables {
    /// The product of `factors` (in written order) standing on one `side` of `E`, exact up to `degree`
    /// sources.
    pub(crate) fn product(&self, factors: &[Factor], side: Side, degree: usize) -> Differential {
        // Sources of a later factor may be contracted by derivatives of the earlier ones.
        let inner = degree + factors.len();
        let one = Differential::identity(self.ensemble_count());
        let multiply =
            |product: Differential, f: &Factor| product.times_within(&self.factor(*f, side, inner), degree);
        match side {
            Side::Left => factors.iter().rev().fold(one, multiply),
            Side::Right => factors.iter().fold(one, multiply),
        }
    }

    fn factor(&self, factor: Factor, side: Side, degree: usize) -> Differential {
        match factor {
            Factor::Annihilate(m) => self.ladder(m, false, side),
            Factor::Create(m) => self.ladder(m, true, side),
            Factor::Raise(e) => self.collective(e, &site(ONE, ZERO, ZERO), side, degree),
            Factor::Lower(e) => self.collective(e, &site(ZERO, ONE, ZERO), side, degree),
            Factor::Sz(e) => self.collective(e, &site(ZERO, ZERO, 0.5.into()), side, degree),
        }
    }

    /// `a` or `a^dag` of a mode: the derivative that brings it down and the source that ordering leaves
    /// behind.
    fn ladder(&self, mode: usize, create: bool, side: Side) -> Differential {
        let ensembles = self.ensemble_count();
        let source = match (self.ordering, side, create) {
            (Ordering::Sites, Side::Left, false) | (Ordering::Sites, Side::Right, true) => 1.0,
            (Ordering::Sites, ..) => 0.0,
            (Ordering::Symmetrised, Side::Left, false) | (Ordering::Symmetrised, Side::Right, true) => 0.5,
            (Ordering::Symmetrised, ..) => -0.5,
        };
        let (first, second) = (Self::mode(mode, 0), Self::mode(mode, 1));
        let mut sum = Differential::zero();
        match self.basis {
            Basis::Ladder => {
                let (own, other) = if create { (second, first) } else { (first, second) };
                sum.add(1.0, ensembles, None, &[], &[own]);
                sum.add(source, ensembles, None, &[other], &[]);
            }
            Basis::Cartesian => {
                // a = (Q + i P)/sqrt 2; the source of a^dag is (xi_Q + i xi_P)/sqrt 2.
                let r = std::f64::consts::FRAC_1_SQRT_2;
                let i = Complex64::new(0.0, if create { -r } else { r });
                sum.add(r, ensembles, None, &[], &[first]);
                sum.add(i, ensembles, None, &[], &[second]);
                sum.add(source * r, ensembles, None, &[first], &[]);
                sum.add(i * source, ensembles, None, &[second], &[]);
            }
        }
        sum
    }

    /// `sum_i matrix_i` of an ensemble; the matrix has no part proportional to the identity.
    fn collective(&self, ensemble: usize, matrix: &Site, side: Side, degree: usize) -> Differential {
        match self.ordering {
            Ordering::Sites => self.collective_on_sites(ensemble, matrix, side),
            Ordering::Symmetrised => self.collective_symmetrised(ensemble, matrix, side, degree),
        }
    }

    /// `sum_i M_i E` for distinct sites, M being a linear map of the operators of one site that takes 1 to `of_one`: with
    /// `M(1) = k + c_m s_m` and `M(s_n) = g_n + R_nl s_l`
    /// `eta_n g_n + eta_n R_nl d_l + k (N - eta_n d_n) + c_m (N - eta_n d_n) d_m`.
    pub(crate) fn on_sites(&self, e: usize, map: impl Fn(&Site) -> Site, of_one: &Site) -> Differential {
        let ensembles = self.ensemble_count();
        let variable = |k: usize| self.spin(e, k);
        let mut sum = Differential::zero();
        for (nu, operator) in site_basis(self.basis).iter().enumerate() {
            let (g, r) = decompose(&map(operator), self.basis);
            sum.add(g, ensembles, None, &[variable(nu)], &[]);
            for (lambda, r) in r.into_iter().enumerate() {
                sum.add(r, ensembles, None, &[variable(nu)], &[variable(lambda)]);
            }
        }
        let (k, c) = decompose(of_one, self.basis);
        if k != ZERO {
            sum.add(k, ensembles, Some(e), &[], &[]);
            (0..3).for_each(|nu| sum.add(-k, ensembles, None, &[variable(nu)], &[variable(nu)]));
        }
        for (mu, c) in c.into_iter().enumerate() {
            sum.add(c, ensembles, Some(e), &[], &[variable(mu)]);
            for nu in 0..3 {
                sum.add(-c, ensembles, None, &[variable(nu)], &[variable(nu), variable(mu)]);
            }
        }
        sum
    }

    fn collective_on_sites(&self, e: usize, matrix: &Site, side: Side) -> Differential {
        match side {
            Side::Left => self.on_sites(e, |s| times(matrix, s), matrix),
            Side::Right => self.on_sites(e, |s| times(s, matrix), matrix),
        }
    }

    fn collective_symmetrised(&self, e: usize, matrix: &Site, side: Side, degree: usize) -> Differential {
        let ensembles = self.ensemble_count();
        let sign = if side == Side::Left { 1.0 } else { -1.0 };
        // Row vector of differential operators c_m (A^k)_ml, k ascending; A_ml = i eps_nml eta_n.
        let one = Differential::identity(ensembles);
        let mut row = decompose(matrix, self.basis).1.map(|c| one.clone().scaled(c));
        let mut sum = Differential::zero();
        for (k, b) in bernoulli(degree).into_iter().enumerate() {
            for (lambda, entry) in row.iter().enumerate() {
                let mut derivative = Differential::zero();
                derivative.add(b * f64::powi(sign, k as i32), ensembles, None, &[], &[self.spin(e, lambda)]);
                sum = sum.plus(&entry.times(&derivative), ONE);
            }
            row = std::array::from_fn(|lambda| {
                let mut next = Differential::zero();
                for (mu, entry) in row.iter().enumerate().filter(|(mu, _)| *mu != lambda) {
                    let nu = 3 - mu - lambda;
                    let mut source = Differential::zero();
                    source.add(I * levi_civita(nu, mu, lambda), ensembles, None, &[self.spin(e, nu)], &[]);
                    next = next.plus(&entry.times(&source), ONE);
                }
                next
            });
        }
        sum
    }

    /// `sum_i (l_i^dag E l_i - {l_i^dag l_i, E}/2)`, exact up to two sources.
    ///
    /// On a site `D(s_n) = g_n + R_nl s_l`. Distinct sites: `eta_n g_n + eta_n R_nl d_l`. Symmetrised:
    /// `N (eta.g - eta R eta / 4) + (eta R)_l d_l - (eta.g) eta_l d_l`.
    pub(crate) fn local(&self, e: usize, jump: &Site) -> Differential {
        let ensembles = self.ensemble_count();
        let variable = |k: usize| self.spin(e, k);
        let square = times(&dagger(jump), jump);
        let mut sum = Differential::zero();
        for (nu, operator) in site_basis(self.basis).iter().enumerate() {
            let gain = times(&dagger(jump), &times(operator, jump));
            let loss = plus(&times(&square, operator), &times(operator, &square), 1.0);
            let (g, r) = decompose(&plus(&gain, &loss, -0.5), self.basis);
            for (lambda, r) in r.into_iter().enumerate() {
                sum.add(r, ensembles, None, &[variable(nu)], &[variable(lambda)]);
                if self.ordering == Ordering::Symmetrised {
                    sum.add(r * -0.25, ensembles, Some(e), &[variable(nu), variable(lambda)], &[]);
                    sum.add(-g, ensembles, None, &[variable(nu), variable(lambda)], &[variable(lambda)]);
                }
            }
            let size = (self.ordering == Ordering::Symmetrised).then_some(e);
            sum.add(g, ensembles, size, &[variable(nu)], &[]);
        }
        sum
    }
}

fn levi_civita(i: usize, j: usize, k: usize) -> f64 {
    match (i, j, k) {
        (0, 1, 2) | (1, 2, 0) | (2, 0, 1) => 1.0,
        (2, 1, 0) | (1, 0, 2) | (0, 2, 1) => -1.0,
        _ => 0.0,
    }
}

/// Taylor coefficients of `z / (e^z - 1)` up to `degree`.
fn bernoulli(degree: usize) -> Vec<f64> {
    let mut inverse_factorial = vec![1.0; degree + 2];
    for k in 1..degree + 2 {
        inverse_factorial[k] = inverse_factorial[k - 1] / k as f64;
    }
    let mut b: Vec<f64> = Vec::with_capacity(degree + 1);
    for k in 0..=degree {
        let known: f64 = b.iter().enumerate().map(|(j, b)| b * inverse_factorial[k - j + 1]).sum();
        b.push(if k == 0 { 1.0 } else { -known });
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bernoulli_series() {
        let expected = [1.0, -0.5, 1.0 / 12.0, 0.0, -1.0 / 720.0];
        assert!(bernoulli(4).iter().zip(expected).all(|(b, e)| (b - e).abs() < 1e-16));
    }

    #[test]
    fn site_operators_decompose_into_themselves() {
        for basis in [Basis::Cartesian, Basis::Ladder] {
            for (k, operator) in site_basis(basis).iter().enumerate() {
                let (identity, c) = decompose(operator, basis);
                assert_eq!(identity, ZERO);
                for (l, c) in c.into_iter().enumerate() {
                    assert_eq!(c, Complex64::from(f64::from(u8::from(k == l))));
                }
            }
        }
    }
}
