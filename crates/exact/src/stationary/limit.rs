//! The limit of a state under the generator, class by class.

use num_complex::Complex64;
use superladder_eigen::Nullspace;
use superladder_engine::{EngineError, Finding, StationaryClass, StationaryOptions};
use superladder_model::Model;
use superladder_propagate::vector;

use super::operators::action::{Action, Direction};
use super::operators::classes::{Class, Classes};
use super::operators::coherence::Coherence;
use super::solver::{Equations, Solver, packed, solution, unpacked};
use crate::error::NAME;

/// Where a state ends: all in the blocks of charge difference zero.
pub(crate) struct Limit {
    pub(crate) coherence: Coherence,
    pub(crate) x: Vec<Complex64>,
    /// What a correction by the residual would add: `-L^D L rho`, if it was asked for.
    pub(crate) correction: Option<Vec<Complex64>>,
    pub(crate) classes: Vec<StationaryClass>,
}

/// Finer residuals, relative to the generator, are rounding.
const FINEST: f64 = 1e-15;
/// Where a search begins.
pub(crate) struct Guess {
    pub(crate) x: Vec<Complex64>,
    /// An estimate of what the stationary state has beside x, where it is known.
    pub(crate) left: Option<Vec<Complex64>>,
}

impl Guess {
    /// The part in the blocks of another coherence.
    fn part(&self, from: &Coherence, to: &Coherence) -> Self {
        Self { x: part(&self.x, from, to), left: self.left.as_ref().map(|left| part(left, from, to)) }
    }
}

/// Whether a vector of length 1 is this vector but for its length and the rounding of long sums.
fn same(found: &[f64], from: &[f64]) -> bool {
    let length = vector::norm(from);
    found.iter().zip(from).map(|(v, x)| (v - x / length).powi(2)).sum::<f64>() < 1e-24
}

/// Null vectors per class at most.
const MOST: usize = 24;

/// Part of `x` in the blocks of another coherence that has some of the same blocks.
fn part(x: &[Complex64], from: &Coherence, to: &Coherence) -> Vec<Complex64> {
    let mut found = vec![Complex64::ZERO; to.len];
    for block in &to.blocks {
        if let Some(source) = from.find(block.sector, block.groups[0], block.groups[1]) {
            found[block.range()].copy_from_slice(&x[from.blocks[source].range()]);
        }
    }
    found
}

/// Adds `x` into the blocks of a larger coherence.
fn add(x: &[Complex64], from: &Coherence, to: &Coherence, sum: &mut [Complex64]) {
    for block in &from.blocks {
        if let Some(target) = to.find(block.sector, block.groups[0], block.groups[1]) {
            let target = &mut sum[to.blocks[target].range()];
            target.iter_mut().zip(&x[block.range()]).for_each(|(t, x)| *t += x);
        }
    }
}

impl Solver<'_> {
    /// The limit of the state `start` (blocks of charge difference zero); the search begins at `guess`.
    pub(crate) fn limit(
        &self,
        model: &Model,
        coherence: Coherence,
        start: &[Complex64],
        guess: Option<&Guess>,
        options: &StationaryOptions,
    ) -> Result<Limit, EngineError> {
        let classes = Classes::find(self.space, self.elements);
        let zero = coherence.difference.clone();
        let start = if classes.closed.len() > 1 || !options.certify || !classes.transient.is_empty() {
            self.absorbed(&classes, &coherence, start)?
        } else {
            start.to_vec()
        };
        let mut limit = Limit {
            x: vec![Complex64::ZERO; coherence.len],
            correction: options.errors.then(|| vec![Complex64::ZERO; coherence.len]),
            classes: Vec::new(),
            coherence,
        };
        for class in &classes.closed {
            let wanted = |sector: usize, row: usize, column: usize| row == column && class.holds(sector, row);
            let own = Coherence::new(self.space, &zero, &wanted);
            let begun = part(&start, &limit.coherence, &own);
            let guess = guess.map(|guess| guess.part(&limit.coherence, &own));
            let (x, correction, states) = self.class_limit(&own, &begun, guess.as_ref(), options)?;
            let weight = own.trace(&x).re;
            add(&x, &own, &limit.coherence, &mut limit.x);
            if let (Some(sum), Some(correction)) = (&mut limit.correction, correction) {
                add(&correction, &own, &limit.coherence, sum);
            }
            limit.classes.push(self.told(model, class, states, weight));
        }
        (self.offer)(&limit.coherence, &limit.x);
        if options.certify && limit.classes.iter().all(|class| class.states == 1) {
            self.halt.found(&Finding::Unique);
        }
        Ok(limit)
    }

    fn told(&self, model: &Model, class: &Class, states: usize, weight: f64) -> StationaryClass {
        let mut conserved = class.conserved(self.space, model);
        if states > 1 {
            conserved += "; inside of it a strong symmetry, dark states or undamped coherences";
        }
        StationaryClass { conserved, states, weight }
    }

    /// The state when everything has left the transient blocks: `rho_C + L_CT (-L_TT)^-1 rho_T`.
    fn absorbed(
        &self,
        classes: &Classes,
        coherence: &Coherence,
        start: &[Complex64],
    ) -> Result<Vec<Complex64>, EngineError> {
        let wanted = |sector: usize, row: usize, column: usize| {
            row == column && classes.transient.binary_search(&(sector, row)).is_ok()
        };
        let transient = Coherence::new(self.space, &coherence.difference, &wanted);
        let passing = part(start, coherence, &transient);
        let weight: f64 = passing.iter().map(|z| z.norm()).sum();
        if transient.len == 0 || weight < 1e-15 {
            return Ok(start.to_vec());
        }
        let equations = self.equations(&transient, Direction::Forward)?;
        let b: Vec<f64> = packed(&equations.action, &passing).iter().map(|x| -x).collect();
        let found = self.solve(&equations, &b, 1e-13);
        let (dwell, _) = found.map_err(|e| solution("what leaves the transient blocks", e))?;
        let dwell = unpacked(&equations.action, &transient, &dwell);
        let mut whole = vec![Complex64::ZERO; coherence.len];
        add(&dwell, &transient, coherence, &mut whole);
        let mut flow = vec![Complex64::ZERO; coherence.len];
        Action::new(self.space, coherence, self.elements, Direction::Forward).act(&whole, &mut flow);
        let mut end: Vec<Complex64> = start.iter().zip(&flow).map(|(a, b)| a + b).collect();
        for block in &transient.blocks {
            if let Some(own) = coherence.find(block.sector, block.groups[0], block.groups[1]) {
                end[coherence.blocks[own].range()].fill(Complex64::ZERO);
            }
        }
        Ok(end)
    }

    /// The limit inside of one class, its correction, and the number of stationary states.
    #[expect(clippy::type_complexity, reason = "three results of one class, used once")]
    fn class_limit(
        &self,
        own: &Coherence,
        begun: &[Complex64],
        guess: Option<&Guess>,
        options: &StationaryOptions,
    ) -> Result<(Vec<Complex64>, Option<Vec<Complex64>>, usize), EngineError> {
        let equations = self.equations(own, Direction::Forward)?;
        let one = packed(&equations.action, &own.identity());
        let most = if options.certify { MOST } else { 1 };
        // Of a vector of length 1 the trace is about the root of the dimension: the margin is for large
        // norms.
        let guess = guess.filter(|guess| own.trace(&guess.x).re > 0.0);
        let from = guess.map_or_else(|| one.clone(), |guess| packed(&equations.action, &guess.x));
        let reached = |near: &[f64]| (self.offer)(own, &unpacked(&equations.action, own, near));
        let kernel = self.kernel(&equations, &from, (most, options.tolerance), &reached)?;
        let kernel = self.polished(&equations, own, kernel, options)?;
        let states = kernel.vectors.len();
        let reason = |reason: &str| EngineError::Unsupported { engine: NAME, reason: reason.into() };
        match states {
            0 => Err(reason("the generator has no stationary state inside of the cutoffs")),
            1 => {
                let x = unpacked(&equations.action, own, &kernel.vectors[0]);
                let factor = own.trace(begun) / own.trace(&x);
                let x: Vec<Complex64> = x.iter().map(|z| z * factor).collect();
                // A guess that was good enough as it is knows what it lacks.
                let left = guess.filter(|_| options.errors && same(&kernel.vectors[0], &from));
                let left = left.and_then(|guess| {
                    let factor = own.trace(begun) / own.trace(&guess.x);
                    Some(guess.left.as_ref()?.iter().map(|z| z * factor).collect())
                });
                let correction = left.or_else(|| {
                    self.correction(&equations, own, &x, options, &|e| {
                        let factor = own.trace(e) / own.trace(&x);
                        x.iter().map(|z| z * factor).collect()
                    })
                });
                Ok((x, correction, 1))
            }
            _ => {
                let adjoint = self.equations(own, Direction::Adjoint)?;
                let left = self.kernel(&adjoint, &one, (MOST, options.tolerance), &|_| {})?;
                let project = |x: &[Complex64]| {
                    let found = kernel.limit(&left, &packed(&equations.action, x));
                    found.map(|found| unpacked(&equations.action, own, &found))
                };
                let x = project(begun).ok_or_else(|| {
                    reason("the stationary eigenvalue is defective: the state has no limit")
                })?;
                let correction = self.correction(&equations, own, &x, options, &|e| {
                    project(e).unwrap_or_else(|| vec![Complex64::from(f64::NAN); e.len()])
                });
                Ok((x, correction, states))
            }
        }
    }

    /// The kernel with a single null vector brought to the residual that is asked for: the search goes by norms
    /// of vectors, `|L rho|_1` is larger by roots of dimensions.
    fn polished(
        &self,
        equations: &Equations<'_>,
        own: &Coherence,
        mut kernel: Nullspace,
        options: &StationaryOptions,
    ) -> Result<Nullspace, EngineError> {
        const ROUNDS: usize = 3;
        let mut tolerance = options.tolerance;
        for _ in 0..ROUNDS {
            let [vector] = &kernel.vectors[..] else { break };
            let x = unpacked(&equations.action, own, vector);
            let mut flow = vec![Complex64::ZERO; own.len];
            equations.action.act(&x, &mut flow);
            let residual = own.trace_norm_bound(&flow) / own.trace(&x).norm();
            if residual <= options.tolerance || equations.direct {
                break;
            }
            tolerance *= 0.5 * options.tolerance / residual;
            if tolerance < FINEST {
                break;
            }
            let again = match self.kernel(equations, &vector.clone(), (1, tolerance), &|_| {}) {
                // What is left is rounding; the verdict tells.
                Err(EngineError::Solution { .. }) => break,
                again => again?,
            };
            kernel = Nullspace { complete: kernel.complete, ..again };
        }
        Ok(kernel)
    }

    /// e with `L e = -L x` and no part in the kernel: for every O, `tr(O e) = -<y, L x>` with the solution of
    /// `L^+ y = O - <O>`, so that one solution serves all observables.
    fn correction(
        &self,
        equations: &Equations<'_>,
        own: &Coherence,
        x: &[Complex64],
        options: &StationaryOptions,
        kernel_part: &dyn Fn(&[Complex64]) -> Vec<Complex64>,
    ) -> Option<Vec<Complex64>> {
        if !options.errors {
            return None;
        }
        let mut flow = vec![Complex64::ZERO; own.len];
        equations.action.act(x, &mut flow);
        // Rounding has a part in the kernel, which nothing is mapped to.
        let kept = kernel_part(&flow);
        flow.iter_mut().zip(&kept).for_each(|(f, k)| *f -= k);
        let b: Vec<f64> = packed(&equations.action, &flow).iter().map(|x| -x).collect();
        if b.iter().all(|x| *x == 0.0) {
            return Some(flow);
        }
        let nan = || vec![Complex64::from(f64::NAN); own.len];
        let Ok((e, _)) = self.solve(equations, &b, 1e-3) else { return Some(nan()) };
        let mut e = unpacked(&equations.action, own, &e);
        let kept = kernel_part(&e);
        e.iter_mut().zip(&kept).for_each(|(e, k)| *e -= k);
        Some(e)
    }
}
