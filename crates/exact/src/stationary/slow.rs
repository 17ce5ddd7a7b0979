//! The eigenvalues of the generator that decay slowest, by charge difference.

use std::collections::BTreeSet;
use std::sync::Arc;

use num_complex::Complex64;
use superladder_dense::eigenvalues;
use superladder_eigen::{ComplexSchur, Eigenpair, KrylovSchur, LinearMap, Wanted};
use superladder_engine::{EngineError, SlowModes};
use superladder_propagate::LinearOperator;
use superladder_space::Charge;

use super::operators::action::{Action, Direction};
use super::operators::coherence::{Coherence, Unknowns};
use super::operators::gauged::Gauged;
use super::operators::real_matrix::Repeated;
use super::solver::{Solver, assembled, solution};
use super::through_time::exponential::{Exponential, Propagated, Way};
use super::through_time::tiled::Tiled;
use crate::error::INTERRUPTED;
use crate::layout::Layout;
use crate::spectrum::rectangle;

/// Real unknowns up to which all eigenvalues are computed: a second or two.
const ALL: usize = 300;
/// Applications of the generator per application of its exponential.
const APPLICATIONS: f64 = 40.0;
/// Real unknowns from which the exponential goes further, so that orthogonalisation and vectors stay cheap, and the
/// applications it begins with there.
const MANY: usize = 40_000;
const LONG: f64 = 1000.0;
/// An exponential that leaves less than this of a wanted mode goes too far: its vector is not exact enough. The next
/// one leaves [`KEPT`].
const FAINT: f64 = 0.01;
const KEPT: f64 = 0.1;

/// Makes the generator on a coherence a real matrix, where a gauge can.
type Gauging<'a> = dyn Fn(&Coherence) -> Result<Option<Arc<Gauged>>, EngineError> + 'a;

/// A generator with bounds of its spectrum, as propagators want it.
pub(crate) struct Flow<'a> {
    pub(crate) map: &'a dyn LinearMap,
    pub(crate) rectangle: (f64, f64, f64),
}

impl LinearOperator for Flow<'_> {
    fn dim(&self) -> usize {
        self.map.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.map.apply(x, out);
    }

    fn norm_bound(&self) -> f64 {
        let (low, _, imaginary) = self.rectangle;
        2.0 * low.abs().hypot(imaginary)
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some(self.rectangle)
    }
}

impl Solver<'_> {
    /// A rectangle around the eigenvalues on `coherence`.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn rectangle(&self, coherence: &Coherence) -> Result<(f64, f64, f64), EngineError> {
        let charges = self.space.charges();
        let zero: Charge = vec![0; coherence.difference.len()];
        let negative = charges.difference(&zero, &coherence.difference);
        let differences = BTreeSet::from([coherence.difference.clone(), negative]);
        let layout = Layout::new_while(self.space, &differences, &|| self.halt.asked());
        let found = layout.and_then(|layout| rectangle(&layout, &self.elements.effective, self.halt));
        found.ok_or(INTERRUPTED)
    }

    /// The `count` slowest eigenvalues of a charge difference; `gauged` makes the generator on a coherence a real matrix,
    /// where it can.
    pub(crate) fn slow(
        &self,
        difference: &Charge,
        count: usize,
        gauged: &Gauging<'_>,
    ) -> Result<SlowModes, EngineError> {
        let coherence = Coherence::new(self.space, difference, &|_, _, _| true);
        let action = Action::new(self.space, &coherence, self.elements, Direction::Forward);
        let dim = action.unknowns.len();
        let mut found = SlowModes {
            difference: difference.clone(),
            values: Vec::new(),
            residuals: Vec::new(),
            undamped: Vec::new(),
        };
        if dim == 0 {
            return Ok(found);
        }
        let rectangle = self.rectangle(&coherence)?;
        let scale = rectangle.0.abs().hypot(rectangle.2);
        let (pairs, rounding) = if dim <= ALL {
            (all(&action, scale), 1e-9)
        } else if let Some(gauged) = gauged(&coherence)? {
            drop(action);
            // Every eigenvalue is one of L.
            let mut pairs = self.few(&*gauged, count + 2)?;
            for (value, _) in &mut pairs {
                value.im += gauged.turning;
            }
            (pairs, 1e-7)
        } else if let Some(tiled) = Tiled::faster(self.space, &coherence, self.elements, self.halt)? {
            drop(action);
            (self.few(&tiled, 2 * count + 3)?, 1e-7)
        } else {
            let general = matches!(action.unknowns, Unknowns::General(_));
            let repeated = Repeated::new(&action);
            // Complex eigenvalues count twice, a stationary state comes along, and so does one to spare.
            let mut pairs = self.eigenpairs(&Flow { map: &repeated, rectangle }, 2 * count + 3)?;
            pairs.retain(|pair| !general || belongs(pair));
            (pairs.iter().map(|pair| quotient(&action, pair)).collect(), 1e-7)
        };
        sort(pairs, (count, coherence.is_self_adjoint(self.space)), rounding * scale, &mut found);
        Ok(found)
    }

    /// Eigenvalues of a real generator and their residuals.
    fn few<A: Propagated>(&self, flow: &A, wanted: usize) -> Result<Vec<(Complex64, f64)>, EngineError> {
        Ok(self.eigenpairs(flow, wanted)?.iter().map(|pair| quotient(flow, pair)).collect())
    }

    /// The slowest eigenpairs of a generator, by Krylov-Schur on its exponential. That of a large one begins with a
    /// long time and shortens it until it keeps all that is wanted.
    fn eigenpairs<A: Propagated>(&self, flow: &A, wanted: usize) -> Result<Vec<Eigenpair>, EngineError> {
        let radius = flow.radius().max(f64::MIN_POSITIVE);
        let many = flow.dim() >= MANY;
        let search = KrylovSchur {
            count: wanted,
            dimension: if many { 2 * wanted } else { (3 * wanted).max(30) },
            tolerance: 1e-9,
            max_restarts: 300,
            wanted: Wanted::LargestModulus,
        };
        let mut applications = if many { LONG } else { APPLICATIONS };
        let mut start: Option<Vec<f64>> = None;
        loop {
            let way = Way { time: applications / radius, tolerance: 1e-12, halt: self.halt };
            let exponential = Exponential { flow, way };
            let mut watch = |iterations: u64, residual: f64| self.halt.go_on(iterations, residual);
            let found = search.solve(&exponential, start.as_deref(), &mut watch);
            let found = found.map_err(|e| solution("the slow modes", e))?;
            self.count(found.applications);
            let faintest = found.pairs.iter().map(|pair| pair.value.norm()).fold(1.0, f64::min);
            if faintest >= FAINT || applications <= APPLICATIONS {
                return Ok(found.pairs);
            }
            let mut sum = vec![0.0; flow.dim()];
            for pair in &found.pairs {
                sum.iter_mut().zip(&pair.re).for_each(|(s, x)| *s += x);
            }
            start = Some(sum);
            let shorter = applications * KEPT.ln() / faintest.max(1e-9).ln();
            applications = shorter.max(APPLICATIONS);
        }
    }
}

/// Whether the eigenvalue of the real form of a complex operator is one of the operator itself and not only
/// of its conjugate: then `re + i im` of the two halves of the complex vector does not vanish.
fn belongs(pair: &Eigenpair) -> bool {
    // The halves: the real parts x and imaginary parts y of X are each complex here.
    let own = |k: usize| {
        let x = Complex64::new(pair.re[2 * k], pair.im[2 * k]);
        let y = Complex64::new(pair.re[2 * k + 1], pair.im[2 * k + 1]);
        (x + Complex64::I * y).norm_sqr()
    };
    (0..pair.re.len() / 2).map(own).sum::<f64>() > 1e-6
}

/// The Rayleigh quotient of the generator with an eigenvector of its exponential, and |A x - lambda x|.
fn quotient(map: &dyn LinearMap, pair: &Eigenpair) -> (Complex64, f64) {
    let mut image = vec![vec![0.0; pair.re.len()]; 2];
    map.apply(&pair.re, &mut image[0]);
    map.apply(&pair.im, &mut image[1]);
    let vector = |k: usize| Complex64::new(pair.re[k], pair.im[k]);
    let moved = |k: usize| Complex64::new(image[0][k], image[1][k]);
    let value: Complex64 = (0..pair.re.len()).map(|k| vector(k).conj() * moved(k)).sum();
    let rest: f64 = (0..pair.re.len()).map(|k| (moved(k) - value * vector(k)).norm_sqr()).sum();
    (value, rest.sqrt())
}

/// All eigenvalues of a small generator.
fn all(action: &Action, scale: f64) -> Vec<(Complex64, f64)> {
    let dim = LinearMap::dim(action);
    let matrix = assembled(action);
    let rounding = 1e-13 * scale;
    if let Unknowns::Hermitian { .. } = action.unknowns {
        return eigenvalues(&matrix, dim).into_iter().map(|z| (z, rounding)).collect();
    }
    // A complex operator as a real one has every eigenvalue of its own and their conjugates.
    let half = dim / 2;
    let element =
        |i: usize, j: usize| Complex64::new(matrix[2 * i * dim + 2 * j], matrix[(2 * i + 1) * dim + 2 * j]);
    let complex: Vec<Complex64> = (0..half * half).map(|k| element(k / half, k % half)).collect();
    let values = ComplexSchur::new(&complex, half).map_or_else(Vec::new, |schur| schur.values());
    values.into_iter().map(|z| (z, rounding)).collect()
}

/// Slowest first, conjugates once where they are one oscillation of a Hermitian operator (`real`), what does not
/// decay apart.
fn sort(
    mut pairs: Vec<(Complex64, f64)>,
    (count, real): (usize, bool),
    rounding: f64,
    found: &mut SlowModes,
) {
    let conjugate = |z: &Complex64, all: &[(Complex64, f64)]| {
        real && all.iter().any(|(other, _)| (other - z.conj()).norm() <= 10.0 * rounding)
    };
    pairs.sort_by(|a, b| b.0.re.total_cmp(&a.0.re).then(b.0.im.total_cmp(&a.0.im)));
    let known = pairs.clone();
    for (value, residual) in pairs {
        if value.re > -rounding {
            found.undamped.push(value);
            continue;
        }
        if value.im < -rounding && conjugate(&value, &known) {
            continue;
        }
        if found.values.len() < count {
            found.values.push(value);
            found.residuals.push(residual);
        }
    }
}
