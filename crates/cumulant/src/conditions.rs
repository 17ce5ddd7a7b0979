//! What the moments of every state obey, and how far closed moments fall short of it.
//!
//! ```text
//! photon_number   n >= |<a>|^2                   relative to |n| + 1/2
//! spin_length     |<S>| <= N/2                   relative to N/2
//! variance        C >= 0                         C: symmetrised covariances, Q and P in units of the
//! uncertainty     C + (i/2) [v_i, v_j] >= 0      vacuum's 1/2, spins in units of N/4
//! g2              <a^dag a^dag a a> >= 0         relative to n^2
//! ```
//! Closed equations know nothing of a state, so that their moments may leave what any state allows.

use num_complex::Complex64;
use superladder_engine::{Bounds, Diagnostics};
use superladder_model::{Model, Operator};

use crate::{Equations, Functional};

/// Below this number of quanta `g2` is not judged: its terms are products of integration errors.
const EMPTY: f64 = 1e-8;
/// Smallest violation that is looked for; what is smaller is rounding.
const SMALLEST: f64 = 1e-12;
/// Rounding of a covariance, in units of its second moment.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// The conditions that moments are held against; those whose moments are not followed are left out.
#[derive(Debug)]
pub struct Conditions {
    modes: Vec<ModeMoments>,
    spins: Vec<SpinMoments>,
    blocks: Vec<Block>,
}

/// Number, amplitude, and the pairs `<a^dag a^dag a a>` where they are followed.
#[derive(Debug)]
struct ModeMoments {
    number: Functional,
    amplitude: Functional,
    pairs: Option<Functional>,
}

/// The mean spin of an ensemble.
#[derive(Debug)]
struct SpinMoments {
    mean: [Functional; 3],
    half: f64,
}

/// Variables with all their symmetrised second moments.
#[derive(Debug)]
struct Block {
    variables: Vec<Variable>,
    /// Upper triangle, row by row.
    second: Vec<Functional>,
}

/// Q, P of a mode or a component of a collective spin.
#[derive(Debug)]
struct Variable {
    mean: Functional,
    /// Variance in the vacuum of a mode, of N spins that are all down across.
    vacuum: f64,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Mode(usize, usize),
    Spin(usize, usize),
}

impl Conditions {
    /// The conditions on the moments that `equations` follow or know to be zero.
    pub fn new(equations: &Equations, model: &Model) -> Self {
        let followed = |operator: &Operator| equations.follows(operator);
        let value = |operator: &Operator| equations.expectation(operator);
        let modes = (0..model.modes().len()).filter_map(|m| {
            let (number, amplitude) = (Operator::number(m), Operator::annihilate(m));
            let pairs =
                Operator::create(m) * Operator::create(m) * Operator::annihilate(m) * Operator::annihilate(m);
            (followed(&number) && followed(&amplitude)).then(|| ModeMoments {
                number: value(&number),
                amplitude: value(&amplitude),
                pairs: followed(&pairs).then(|| value(&pairs)),
            })
        });
        let spins = model.ensembles().iter().enumerate().filter_map(|(e, ensemble)| {
            let spin = Operator::spin(e);
            let half = 0.5 * ensemble.size as f64;
            (half > 0.0 && spin.iter().all(followed))
                .then(|| SpinMoments { mean: spin.each_ref().map(value), half })
        });
        Self { modes: modes.collect(), spins: spins.collect(), blocks: blocks(equations, model) }
    }

    /// Notes how far the moments at the unknowns `y` fall short of what every state obeys.
    pub(crate) fn note(&self, y: &[f64], time: f64, bounds: &Bounds, diagnostics: &mut Diagnostics) {
        let worst = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(0.0_f64, |worst, x| if x.is_nan() { x } else { worst.max(x) })
        };
        if !self.modes.is_empty() {
            let excess = worst(&mut self.modes.iter().map(|m| m.excess(y)));
            diagnostics.note("photon_number", excess, time, bounds.photon_number);
        }
        if self.modes.iter().any(|m| m.pairs.is_some()) {
            let negative = worst(&mut self.modes.iter().filter_map(|m| m.negative_pairs(y)));
            diagnostics.note("g2", negative, time, bounds.g2);
        }
        if !self.spins.is_empty() {
            let excess = worst(&mut self.spins.iter().map(|s| s.excess(y)));
            diagnostics.note("spin_length", excess, time, bounds.spin_length);
        }
        if self.blocks.is_empty() {
            return;
        }
        for (name, commutators, bound) in
            [("variance", false, bounds.variance), ("uncertainty", true, bounds.uncertainty)]
        {
            let known = diagnostics.checks.get(name).map_or(0.0, |check| check.worst);
            let shortfall = worst(&mut self.blocks.iter().map(|b| b.shortfall(y, commutators, known)));
            diagnostics.note(name, shortfall, time, bound);
        }
    }
}

impl ModeMoments {
    /// `(|<a>|^2 - n) / (|n| + 1/2)`.
    fn excess(&self, y: &[f64]) -> f64 {
        let (n, amplitude) = (self.number.evaluate(y).re, self.amplitude.evaluate(y).norm_sqr());
        (amplitude - n) / (n.abs() + 0.5)
    }

    /// `-<a^dag a^dag a a> / n^2`.
    fn negative_pairs(&self, y: &[f64]) -> Option<f64> {
        let n = self.number.evaluate(y).re.abs().max(EMPTY);
        Some(-self.pairs.as_ref()?.evaluate(y).re / (n * n))
    }
}

impl SpinMoments {
    /// `|<S>| / (N/2) - 1`.
    fn excess(&self, y: &[f64]) -> f64 {
        let square: f64 = self.mean.iter().map(|s| s.evaluate(y).re.powi(2)).sum();
        square.sqrt() / self.half - 1.0
    }
}

/// One block of all variables where all covariances are followed, else one for every subsystem.
fn blocks(equations: &Equations, model: &Model) -> Vec<Block> {
    let mode = |m: usize| {
        Operator::quadratures(m).into_iter().enumerate().map(move |(k, o)| (Place::Mode(m, k), o, 0.5))
    };
    let spin = |(e, size): (usize, usize)| {
        let vacuum = 0.25 * size as f64;
        Operator::spin(e).into_iter().enumerate().map(move |(k, o)| (Place::Spin(e, k), o, vacuum))
    };
    let sizes = model.ensembles().iter().map(|e| e.size).enumerate().filter(|(_, size)| *size > 0);
    let subsystems: Vec<Vec<Entry>> =
        (0..model.modes().len()).map(|m| mode(m).collect()).chain(sizes.map(|e| spin(e).collect())).collect();
    match Block::new(equations, subsystems.concat()) {
        Some(whole) => vec![whole],
        None => subsystems.into_iter().filter_map(|entries| Block::new(equations, entries)).collect(),
    }
}

type Entry = (Place, Operator, f64);

impl Block {
    /// `None` where a moment is not followed, or there is nothing to judge.
    fn new(equations: &Equations, entries: Vec<Entry>) -> Option<Self> {
        let mut second = Vec::new();
        for (row, (a, x, _)) in entries.iter().enumerate() {
            for (b, z, _) in &entries[row..] {
                let same = a.subsystem() == b.subsystem();
                let product = if same { Operator::symmetrised(x, z) } else { x.clone() * z.clone() };
                if !equations.follows(x) || !equations.follows(&product) {
                    return None;
                }
                second.push(equations.expectation(&product));
            }
        }
        let variable = |(place, operator, vacuum): Entry| Variable {
            mean: equations.expectation(&operator),
            vacuum,
            place,
        };
        let variables: Vec<Variable> = entries.into_iter().map(variable).collect();
        (!variables.is_empty()).then_some(Self { variables, second })
    }

    /// By how much the smallest eigenvalue of the covariances (with half the commutators) lies below zero, if
    /// that is more than is `known`; else zero.
    fn shortfall(&self, y: &[f64], commutators: bool, known: f64) -> f64 {
        let (matrix, rounding) = self.matrix(y, commutators);
        if matrix.iter().any(|z| !z.is_finite()) {
            return f64::NAN;
        }
        let (mut low, n) = (known.max(SMALLEST), self.variables.len());
        if is_positive(&matrix, n, low + rounding) {
            return 0.0;
        }
        let mut high = 2.0 * low;
        while high.is_finite() && !is_positive(&matrix, n, high + rounding) {
            (low, high) = (high, 2.0 * high);
        }
        while high - low > 1e-4 * high {
            let middle = 0.5 * (low + high);
            if is_positive(&matrix, n, middle + rounding) { high = middle } else { low = middle }
        }
        high
    }

    /// The Hermitian matrix in units of the vacuum, row by row, and its rounding errors.
    fn matrix(&self, y: &[f64], commutators: bool) -> (Vec<Complex64>, f64) {
        let n = self.variables.len();
        let means: Vec<f64> = self.variables.iter().map(|v| v.mean.evaluate(y).re).collect();
        let (mut matrix, mut rounding) = (vec![Complex64::ZERO; n * n], 0.0_f64);
        let mut second = self.second.iter();
        for i in 0..n {
            for k in i..n {
                let unit = (self.variables[i].vacuum * self.variables[k].vacuum).sqrt();
                let moment = second.next().map_or(f64::NAN, |f| f.evaluate(y).re);
                let imaginary = if commutators { 0.5 * self.commutator(i, k, &means) / unit } else { 0.0 };
                let entry = Complex64::new((moment - means[i] * means[k]) / unit, imaginary);
                (matrix[i * n + k], matrix[k * n + i]) = (entry, entry.conj());
                rounding = rounding.max(ROUNDING * (1.0 + moment.abs() / unit));
            }
        }
        (matrix, rounding * n as f64)
    }

    /// `<[v_i, v_k]> / i`: 1 for Q and P, `eps_ikl <S_l>` for spins.
    fn commutator(&self, i: usize, k: usize, means: &[f64]) -> f64 {
        match (self.variables[i].place, self.variables[k].place) {
            (Place::Mode(m, 0), Place::Mode(other, 1)) if m == other => 1.0,
            (Place::Spin(e, a), Place::Spin(other, b)) if e == other && a != b => {
                let third = 3 - a - b;
                let sign = if (a + 1) % 3 == b { 1.0 } else { -1.0 };
                sign * means[i - a + third]
            }
            _ => 0.0,
        }
    }
}

impl Place {
    fn subsystem(self) -> (bool, usize) {
        match self {
            Self::Mode(m, _) => (false, m),
            Self::Spin(e, _) => (true, e),
        }
    }
}

/// Whether a Hermitian `matrix` of `n` rows is positive when `shift` is added to its diagonal: a Cholesky
/// factorisation without square roots.
fn is_positive(matrix: &[Complex64], n: usize, shift: f64) -> bool {
    let mut rest = matrix.to_vec();
    for pivot in 0..n {
        let diagonal = rest[pivot * n + pivot].re + shift;
        if diagonal.is_nan() || diagonal <= 0.0 {
            return false;
        }
        for i in pivot + 1..n {
            let factor = rest[i * n + pivot] / diagonal;
            for k in pivot + 1..n {
                let update = factor * rest[pivot * n + k];
                rest[i * n + k] -= update;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_by_the_smallest_eigenvalue_decides() {
        // Eigenvalues 1 +- |z| = 1 +- 1.3.
        let z = Complex64::new(0.5, 1.2);
        let matrix = [Complex64::ONE, z, z.conj(), Complex64::ONE];
        assert!(is_positive(&matrix, 2, 0.3 + 1e-12));
        assert!(!is_positive(&matrix, 2, 0.3 - 1e-12));
        assert!(!is_positive(&[Complex64::new(f64::NAN, 0.0)], 1, 1.0));
    }
}
