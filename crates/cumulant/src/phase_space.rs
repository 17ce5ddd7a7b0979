//! The classical process behind the symmetrised variables: drift, diffusion and symbols of operators.
//!
//! The symmetrised generating function `M(eta) = tr[rho exp(eta . V)]` of quadratures and collective spins is the
//! Fourier transform of the Wigner function W(V). In `dM/dt = sum c eta^K d^D M` a derivative is a factor of V
//! and a source minus a derivative of W, so that
//!
//! ```text
//! one source     drift        f_i(V)
//! two sources    diffusion    D_ik(V) / 2 for every ordered pair (i, k)
//! three          dropped: what truncates the Wigner function
//! ```
//! With the intensive variables of the equations (`v = V / N^(1/2)` of modes, `V / N` of spins) this is the
//! process `dv = f(v) dt + N^(-1/2) B(v) dW` in Ito's sense, `B B^T = D`.
//!
//! Of every channel the terms of highest power in the spins are kept of D; what is left out is smaller by 1/N, and for
//! collective jumps would make D indefinite. Terms of H have no diffusion to that order, and the part that quadratic
//! spin terms have beyond it is dropped too. Hermitian jumps L are what a Hamiltonian `L dW/dt` of white noise does
//! on average; they are given as the flow of L, along which the process moves by `sqrt(rate) dW` in
//! Stratonovich's sense.
//!
//! Sources: A. Polkovnikov, Ann. Phys. 325, 1790 (2010); J. Huber, P. Kirton and P. Rabl, SciPost Phys. 10, 045
//! (2021).

use std::collections::BTreeMap;

use num_complex::Complex64;
use superladder_model::{Dissipator, Jump, Model, Operator};

use crate::CumulantError;
use crate::differential::{Differential, Monomial};
use crate::drift::size_powers;
use crate::equations::{longest, longest_product, refuse_dressed_jumps};
use crate::generator::{collective, commutator};
use crate::representation::{Side, site};
use crate::tape::TapeTerm;
use crate::variables::{Basis, Ordering, Variable, Variables};

/// Terms of more sources than this are dropped.
const SOURCES: usize = 2;
/// Imaginary parts above this fraction of the largest coefficient are a bug.
const RESIDUE: f64 = 1e-9;
/// Coefficients below this fraction of the largest are rounding errors.
const ROUNDING: f64 = 1e-13;

/// An element `D_ik = D_ki`, i <= k, of a diffusion matrix as a polynomial of the variables.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffusionEntry {
    /// Number of the first variable.
    pub row: usize,
    /// Number of the second one, not below the first.
    pub column: usize,
    /// The polynomial.
    pub terms: Vec<TapeTerm>,
}

/// The noise of one dissipator.
#[derive(Debug, Clone, PartialEq)]
pub enum ChannelNoise {
    /// Diffusion, to be scaled with 1/N: `dv = N^(-1/2) B dW`, `B B^T = D` (Ito).
    Diffusion(Vec<DiffusionEntry>),
    /// Motion along the flow of a Hermitian jump: `dv = g(v) o sqrt(rate) dW` (Stratonovich).
    Flow {
        /// Rate of the dissipator.
        rate: f64,
        /// g, one polynomial per variable.
        field: Vec<Vec<TapeTerm>>,
    },
}

/// `<O>` as an average over the Wigner function: coefficients of products of the variables.
pub type Symbol = Vec<(Complex64, Vec<u32>)>;

/// Drift, noise and symbols of a model in the variables `Q, P` of every mode over `sqrt N`, then x, y, z of every
/// collective spin over N.
#[derive(Debug)]
pub struct PhaseSpace {
    variables: Variables,
    drift: Vec<Vec<TapeTerm>>,
    noise: Vec<ChannelNoise>,
}

/// Polynomials by row, on the way.
type Sum = BTreeMap<Vec<Variable>, Complex64>;

impl PhaseSpace {
    /// Derives the process of a model.
    ///
    /// # Errors
    /// [`CumulantError`].
    pub fn of_model(model: &Model) -> Result<Self, CumulantError> {
        let (length, limit) = (longest_product(model), longest(SOURCES));
        if length > limit {
            return Err(CumulantError::LongProduct { length, order: SOURCES, limit });
        }
        refuse_dressed_jumps(model)?;
        let variables = Variables::new(model, Basis::Cartesian, Ordering::Symmetrised)?;
        let hamiltonian = model.hamiltonian();
        let mut drift = vec![Sum::new(); variables.count()];
        flow(&variables, &hamiltonian, &mut drift);
        let mut noise = Vec::new();
        for Dissipator { rate, jump } in model.dissipators() {
            let generator = match jump {
                Jump::Collective(operator) if operator.is_hermitian() => {
                    let mut field = vec![Sum::new(); variables.count()];
                    flow(&variables, operator, &mut field);
                    noise.push(ChannelNoise::Flow { rate: *rate, field: real(field)? });
                    continue;
                }
                Jump::Collective(operator) => {
                    let pairs = collective(&variables, operator, *rate, SOURCES);
                    pairs.iter().fold(Differential::zero(), |sum, pair| sum.plus(pair, Complex64::ONE))
                }
                Jump::Local { ensemble, raise, lower, z } => variables
                    .local(*ensemble, &site(*raise, *lower, *z))
                    .scaled((*rate).into())
                    .pruned(SOURCES),
                Jump::Dressed { .. } => unreachable!("refused above"),
            };
            add_drift(&variables, &generator, &mut drift);
            noise.push(ChannelNoise::Diffusion(diffusion(&variables, &generator)?));
        }
        Ok(Self { drift: real(drift)?, noise, variables })
    }

    /// Number of variables.
    pub fn dim(&self) -> usize {
        self.drift.len()
    }

    /// The common scale N: the largest ensemble (1 without ensembles).
    pub fn scale(&self) -> f64 {
        self.variables.scale
    }

    /// f, one polynomial per variable.
    pub fn drift(&self) -> &[Vec<TapeTerm>] {
        &self.drift
    }

    /// The noise of every dissipator with a rate above 0, in the order of [`Model::dissipators`].
    pub fn noise(&self) -> &[ChannelNoise] {
        &self.noise
    }

    /// `<O>` in averages of products of the variables.
    pub fn symbol(&self, operator: &Operator) -> Symbol {
        let mut sum = Sum::new();
        for term in &operator.terms {
            let represented = self.variables.product(&term.factors, Side::Left, 0).pruned(0);
            for (monomial, c) in &represented.terms {
                let scaled = self.variables.scaled_by(monomial, 0) * term.coefficient * c;
                *sum.entry(monomial.derivatives.clone()).or_default() += scaled;
            }
        }
        let numbers = |list: Vec<Variable>| list.into_iter().map(u32::from).collect();
        sum.into_iter().filter(|(_, c)| *c != Complex64::ZERO).map(|(list, c)| (c, numbers(list))).collect()
    }
}

impl Variables {
    /// The power of N and the sizes that come with a monomial in intensive variables, times `N^(twice/2)`.
    fn scaled_by(&self, monomial: &Monomial, twice: i32) -> f64 {
        let of = |list: &[Variable]| list.iter().map(|v| self.twice_power(*v)).sum::<i32>();
        let twice = twice + 2 * size_powers(monomial) + of(&monomial.derivatives) - of(&monomial.sources);
        let ratio = |(e, p): (usize, &u8)| (self.size(e) as f64 / self.scale).powi(i32::from(*p));
        self.power(twice) * monomial.sizes.iter().enumerate().map(ratio).product::<f64>()
    }

    /// Twice the power of N that a variable grows with.
    fn twice_power(&self, variable: Variable) -> i32 {
        if self.is_mode(variable) { 1 } else { 2 }
    }

    /// Number of spin variables.
    fn spins(&self, list: &[Variable]) -> i32 {
        list.iter().map(|v| i32::from(!self.is_mode(*v))).sum()
    }
}

/// Adds the motion under a Hermitian operator taken as Hamiltonian.
fn flow(variables: &Variables, operator: &Operator, rows: &mut [Sum]) {
    for term in &operator.terms {
        add_drift(variables, &commutator(variables, &term.factors, term.coefficient, 1), rows);
    }
}

/// Adds the terms of one source.
fn add_drift(variables: &Variables, generator: &Differential, rows: &mut [Sum]) {
    for (monomial, c) in &generator.terms {
        if let [source] = monomial.sources[..] {
            let scaled = c * variables.scaled_by(monomial, 0);
            *rows[usize::from(source)].entry(monomial.derivatives.clone()).or_default() += scaled;
        }
    }
}

/// The terms of two sources: of each number of spin sources those of the highest power in the spins.
fn diffusion(variables: &Variables, generator: &Differential) -> Result<Vec<DiffusionEntry>, CumulantError> {
    let pairs: Vec<_> = generator.terms.iter().filter(|(m, _)| m.sources.len() == SOURCES).collect();
    let largest = pairs.iter().map(|(_, c)| c.norm()).fold(0.0, f64::max);
    let power = |m: &Monomial| size_powers(m) + variables.spins(&m.derivatives);
    let mut highest = [i32::MIN; SOURCES + 1];
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, c)| c.norm() > ROUNDING * largest).collect();
    for (monomial, _) in &pairs {
        let place = &mut highest[variables.spins(&monomial.sources) as usize];
        *place = power(monomial).max(*place);
    }
    let mut entries: BTreeMap<(Variable, Variable), Sum> = BTreeMap::new();
    for (monomial, c) in pairs {
        let [row, column] = [monomial.sources[0], monomial.sources[1]];
        if power(monomial) == highest[variables.spins(&monomial.sources) as usize] {
            let twice = if row == column { 2.0 } else { 1.0 };
            let scaled = c * variables.scaled_by(monomial, 2) * twice;
            *entries.entry((row, column)).or_default().entry(monomial.derivatives.clone()).or_default() +=
                scaled;
        }
    }
    let rows = real(entries.values().cloned().collect())?;
    let places = entries.keys().map(|(row, column)| (usize::from(*row), usize::from(*column)));
    let entry = |((row, column), terms)| DiffusionEntry { row, column, terms };
    Ok(places.zip(rows).map(entry).filter(|e| !e.terms.is_empty()).collect())
}

/// Real polynomials of what must be real.
fn real(rows: Vec<Sum>) -> Result<Vec<Vec<TapeTerm>>, CumulantError> {
    let row = |(number, sum): (usize, Sum)| {
        let largest = sum.values().map(|c| c.norm()).fold(0.0, f64::max);
        let residue = sum.values().map(|c| c.im.abs()).fold(0.0, f64::max);
        if residue > RESIDUE * largest {
            let moment = format!("symmetrised variable number {number}");
            return Err(CumulantError::NotReal { moment, residue: residue / largest });
        }
        let kept = sum.into_iter().filter(|(_, c)| c.re.abs() > ROUNDING * largest);
        let term = |(list, c): (Vec<Variable>, Complex64)| TapeTerm {
            coefficient: c.re,
            factors: list.into_iter().map(u32::from).collect(),
        };
        Ok(kept.map(term).collect())
    };
    rows.into_iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(terms: &[TapeTerm], v: &[f64]) -> f64 {
        let product = |t: &TapeTerm| t.factors.iter().map(|i| v[*i as usize]).product::<f64>();
        terms.iter().map(|t| t.coefficient * product(t)).sum()
    }

    fn matrix(noise: &ChannelNoise, v: &[f64]) -> Vec<Vec<f64>> {
        let ChannelNoise::Diffusion(entries) = noise else { panic!("no diffusion") };
        let mut d = vec![vec![0.0; v.len()]; v.len()];
        for DiffusionEntry { row, column, terms } in entries {
            d[*row][*column] = value(terms, v);
            d[*column][*row] = d[*row][*column];
        }
        d
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    /// The equations of docs/EQUATIONS.md for the reference model, N = 7.
    #[test]
    fn the_reference_model_has_its_drift_and_diffusion() {
        let (lambda, eta, exchange, kappa, up, down) = (0.2, 0.1, 0.15, 0.06, 0.9, 0.1);
        let model = Model::builder()
            .mode("a", 1.1)
            .ensemble("S", 7, 0.9)
            .ensemble("T", 7, 1.3)
            .interaction("dicke", ["a", "S"], lambda)
            .interaction("tavis-cummings", ["a", "T"], eta)
            .interaction("exchange", ["S", "T"], exchange)
            .channel("cavity-loss", "a", kappa)
            .channel("pumping", "T", up)
            .channel("emission", "T", down)
            .build()
            .expect("valid");
        let found = PhaseSpace::of_model(&model).expect("derived");
        let v = [0.3, -1.2, 0.2, 0.35, -0.1, 0.15, -0.25, 0.3];
        let [q, p, sx, sy, sz, tx, ty, tz] = v;
        let r = std::f64::consts::SQRT_2;
        let (total, g) = (up + down, 0.5 * (up - down));
        let expected = [
            1.1 * p - 0.5 * kappa * q - r * eta * ty,
            -1.1 * q - 0.5 * kappa * p - 2.0 * r * lambda * sx - r * eta * tx,
            -0.9 * sy + 2.0 * exchange * ty * sz,
            0.9 * sx - 2.0 * r * lambda * q * sz - 2.0 * exchange * tx * sz,
            2.0 * r * lambda * q * sy + 2.0 * exchange * (tx * sy - ty * sx),
            -1.3 * ty - 0.5 * total * tx - r * eta * p * tz + 2.0 * exchange * sy * tz,
            1.3 * tx - 0.5 * total * ty - r * eta * q * tz - 2.0 * exchange * sx * tz,
            r * eta * (q * ty + p * tx) + 2.0 * exchange * (sx * ty - sy * tx) - total * tz + g,
        ];
        found.drift().iter().zip(expected).for_each(|(row, x)| close(value(row, &v), x));
        let loss = matrix(&found.noise()[0], &v);
        close(loss[0][0], 0.5 * kappa);
        close(loss[1][1], 0.5 * kappa);
        close(loss[0][1], 0.0);
        let (pumping, emission) = (matrix(&found.noise()[1], &v), matrix(&found.noise()[2], &v));
        let sum = |i: usize, k: usize| pumping[i][k] + emission[i][k];
        for (i, k, x) in [
            (5, 5, 0.25 * total),
            (6, 6, 0.25 * total),
            (7, 7, 0.5 * total - 2.0 * g * tz),
            (5, 6, 0.0),
            (5, 7, -g * tx),
            (6, 7, -g * ty),
            (2, 2, 0.0),
        ] {
            close(sum(i, k), x);
        }
    }

    /// `D[S^-]`: the diffusion is `{v_i, S}{v_k, S}^*`, tangential, and with the drift keeps `S.S` on average.
    #[test]
    fn collective_emission_keeps_the_total_spin() {
        let model = Model::builder().ensemble("S", 10, 0.0).channel("collective-emission", "S", 0.3);
        let found = PhaseSpace::of_model(&model.build().expect("valid")).expect("derived");
        let v = [0.2, -0.3, 0.25];
        let d = matrix(&found.noise()[0], &v);
        let [x, y, z] = v;
        let expected = [[z * z, 0.0, -x * z], [0.0, z * z, -y * z], [-x * z, -y * z, x * x + y * y]];
        // In units of N: rate N.
        for i in 0..3 {
            for k in 0..3 {
                close(d[i][k], 0.3 * 10.0 * expected[i][k]);
            }
        }
        let along: f64 = (0..3).map(|i| v[i] * value(&found.drift()[i], &v)).sum();
        close(2.0 * along + (d[0][0] + d[1][1] + d[2][2]) / 10.0, 0.0);
    }

    #[test]
    fn symbols_subtract_what_ordering_adds() {
        let model = Model::builder().mode("a", 1.0).ensemble("S", 4, 1.0).build().expect("valid");
        let found = PhaseSpace::of_model(&model).expect("derived");
        let v = [0.4, -0.7, 0.1, 0.2, -0.3];
        let at = |operator: &Operator| -> Complex64 {
            let product = |list: &[u32]| list.iter().map(|i| v[*i as usize]).product::<f64>();
            found.symbol(operator).iter().map(|(c, list)| c * product(list)).sum()
        };
        // N = 4: |alpha|^2 = 4 (q^2 + p^2)/2.
        let square = 2.0 * (v[0] * v[0] + v[1] * v[1]);
        close(at(&Operator::number(0)).re, square - 0.5);
        let pair =
            Operator::create(0) * Operator::create(0) * Operator::annihilate(0) * Operator::annihilate(0);
        close(at(&pair).re, square * square - 2.0 * square + 0.5);
        // S^+ S^- = Sx^2 + Sy^2 + Sz.
        let product = at(&(Operator::raise(0) * Operator::lower(0)));
        close(product.re, 16.0 * (v[2] * v[2] + v[3] * v[3]) + 4.0 * v[4]);
        close(product.im, 0.0);
    }

    #[test]
    fn hermitian_jumps_are_flows() {
        let model = Model::builder().mode("a", 0.0).channel("cavity-dephasing", "a", 0.2);
        let found = PhaseSpace::of_model(&model.build().expect("valid")).expect("derived");
        let ChannelNoise::Flow { rate, field } = &found.noise()[0] else { panic!("no flow") };
        assert_eq!(*rate, 0.2);
        assert!(found.drift().iter().all(Vec::is_empty));
        close(value(&field[0], &[0.3, 0.8]), 0.8);
        close(value(&field[1], &[0.3, 0.8]), -0.3);
    }
}
