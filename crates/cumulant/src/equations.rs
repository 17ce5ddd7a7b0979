//! Closed moment equations of a model or of a problem.

use std::collections::BTreeSet;

use num_complex::Complex64;
use superladder_engine::Problem;
use superladder_model::{Evaluation, InitialState, Jump, Model, Operator};

use crate::closure::Closure;
use crate::drift::{Deriver, Polynomial};
use crate::functional::Functional;
use crate::hierarchy::Hierarchy;
use crate::initial;
use crate::tape::{Tape, TapeTerm};
use crate::unknowns::{Numbering, Unknown};
use crate::variables::{Basis, JointCumulant, Ordering, Variables};
use crate::{CumulantError, casimir::Constraint};

/// How equations are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derivation {
    /// Cumulants above this order are zero.
    pub order: usize,
    /// Cumulants of what.
    pub closure: Closure,
    /// Means move by mean field alone: every term of the model contributes with its highest power of N only,
    /// and cumulants do not act back (`linear-noise` is always so).
    pub leading: bool,
    /// Elementary variables (symmetrised closures are always Cartesian).
    pub basis: Basis,
}

impl Derivation {
    /// Order and closure at finite N in Cartesian variables.
    pub fn new(order: usize, closure: Closure) -> Self {
        Self { order, closure, leading: false, basis: Basis::Cartesian }
    }

    fn derivers(&self, models: &[&Model]) -> Result<Vec<Deriver>, CumulantError> {
        self.closure.check_order(self.order)?;
        let (ordering, basis) = match self.closure {
            Closure::Sites => (Ordering::Sites, self.basis),
            _ => (Ordering::Symmetrised, Basis::Cartesian),
        };
        let leading = self.leading || self.closure == Closure::LinearNoise;
        let (length, limit) =
            (models.iter().map(|m| longest_product(m)).max().unwrap_or(0), longest(self.order));
        if length > limit {
            return Err(CumulantError::LongProduct { length, order: self.order, limit });
        }
        if ordering == Ordering::Symmetrised {
            models.iter().try_for_each(|m| refuse_dressed_jumps(m))?;
        }
        let build = |model: &&Model| {
            Ok(Deriver::new(model, Variables::new(model, basis, ordering)?, self.order, leading))
        };
        models.iter().map(build).collect()
    }
}

/// Largest number of operators in a term of the drift.
pub(crate) fn longest_product(model: &Model) -> usize {
    let longest = |operator: &Operator| operator.terms.iter().map(|t| t.factors.len()).max().unwrap_or(0);
    let jump = |jump: &Jump| match jump {
        Jump::Collective(operator) => 2 * longest(operator),
        Jump::Local { .. } => 0,
        Jump::Dressed { dressing, .. } => 2 * longest(dressing) + 2,
    };
    let jumps = model.dissipators().map(|d| jump(&d.jump)).max().unwrap_or(0);
    longest(&model.hamiltonian()).max(jumps)
}

/// Symmetrised variables have no equations for jumps of single spins together with modes.
pub(crate) fn refuse_dressed_jumps(model: &Model) -> Result<(), CumulantError> {
    let dressed = model.dissipators().any(|d| matches!(d.jump, Jump::Dressed { .. }));
    if dressed { Err(CumulantError::DressedJump) } else { Ok(()) }
}

/// The most operators in a term for which equations of an order are derived: the drift is a sum over the
/// partitions of a term into cumulants of at most this order, whose number grows faster than exponentially.
pub(crate) fn longest(order: usize) -> usize {
    /// Partitions of one term.
    const PARTITIONS: f64 = 1000.0;
    /// Means have one partition each, but as many powers of derivatives as there are multisets.
    const MOST: usize = 16;
    // The number of partitions p(n): the block of the last element has k - 1 of the others with it.
    let mut partitions = vec![1.0_f64];
    loop {
        let n = partitions.len();
        let (mut sum, mut choices) = (0.0, 1.0);
        for k in 1..=order.min(n) {
            sum += choices * partitions[n - k];
            choices *= (n - k) as f64 / k as f64;
        }
        if sum > PARTITIONS || n > MOST {
            return n - 1;
        }
        partitions.push(sum);
    }
}

/// Closed moment equations: real unknowns, their drift in every stage, and expectation values.
///
/// ```
/// use superladder_cumulant::{Closure, Derivation, Equations};
/// use superladder_model::{InitialState, Model, Operator};
///
/// // A superradiant laser of 10^5 atoms. Second order: 5 means and their 15 second cumulants.
/// let model = Model::builder()
///     .mode("a", 1.0)
///     .ensemble("T", 100_000, 1.0)
///     .interaction("tavis-cummings", ["a", "T"], 0.1)
///     .channel("cavity-loss", "a", 0.06)
///     .channel("pumping", "T", 0.9)
///     .build()?;
/// let equations = Equations::of_model(&model, Derivation::new(2, Closure::Sites))?;
/// assert_eq!(equations.unknowns().len(), 20);
///
/// // From the ground state pumping starts at full rate: d<S^z>/dt = 0.9 N, of <S^z> = -N/2.
/// let start = equations.initial(&InitialState::ground(&model))?;
/// let mut slope = vec![0.0; start.len()];
/// equations.tape(0).evaluate(&start, &mut slope);
/// let inversion = equations.expectation(&Operator::sz(0));
/// assert!((inversion.evaluate(&start).re + 50_000.0).abs() < 1e-6);
/// assert!((inversion.evaluate(&slope).re - 90_000.0).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Equations {
    pub(crate) derivation: Derivation,
    pub(crate) derivers: Vec<Deriver>,
    pub(crate) hierarchy: Hierarchy,
    numbering: Numbering,
    unknowns: Vec<Unknown>,
    rows: Vec<Vec<Vec<TapeTerm>>>,
    /// Means and second cumulants that a symmetry keeps at zero.
    zeros: BTreeSet<JointCumulant>,
}

impl Equations {
    /// Equations of every cumulant up to the order.
    ///
    /// # Errors
    /// [`CumulantError`].
    pub fn of_model(model: &Model, derivation: Derivation) -> Result<Self, CumulantError> {
        let derivers = derivation.derivers(&[model])?;
        let seeds = derivers[0].variables.all_joints(derivation.order);
        let hierarchy = Hierarchy::close(&derivers, seeds, &|| false).ok_or(CumulantError::Interrupted)?;
        Self::compile(derivation, derivers, hierarchy, &|| false)
    }

    /// Equations of what the observables of a problem need, through all its stages, without the cumulants
    /// that a symmetry of models and initial state keeps at zero. The basis with fewer unknowns is chosen.
    ///
    /// # Errors
    /// [`CumulantError`].
    pub fn of_problem(problem: &Problem, order: usize, closure: Closure) -> Result<Self, CumulantError> {
        Self::of_problem_while(problem, order, closure, &|| false)
    }

    /// [`Equations::of_problem`] that `halted` may end, which is asked for every cumulant.
    ///
    /// # Errors
    /// As [`Equations::of_problem`]; [`CumulantError::Interrupted`].
    pub fn of_problem_while(
        problem: &Problem,
        order: usize,
        closure: Closure,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, CumulantError> {
        Self::smallest(problem, order, closure, false, halted)
    }

    /// Equations of every cumulant up to the order that no symmetry of models and initial state keeps at zero,
    /// whether the observables need it or not: what is not among the unknowns is zero.
    ///
    /// # Errors
    /// As [`Equations::of_problem_while`].
    pub(crate) fn of_all_moments(
        problem: &Problem,
        order: usize,
        closure: Closure,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, CumulantError> {
        Self::smallest(problem, order, closure, true, halted)
    }

    /// In the basis with fewer unknowns; of all moments or of those that the observables need.
    fn smallest(
        problem: &Problem,
        order: usize,
        closure: Closure,
        all: bool,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, CumulantError> {
        closure.check_order(order)?;
        let cartesian = Derivation::new(order, closure);
        let ladder = Derivation { basis: Basis::Ladder, ..cartesian };
        if closure != Closure::Sites {
            return Self::reduced(problem, cartesian, all, halted);
        }
        if order <= 2 {
            let [a, b] = [cartesian, ladder].map(|basis| Self::reduced(problem, basis, all, halted));
            let (a, b) = (a?, b?);
            return Ok(if b.unknowns.len() < a.unknowns.len() { b } else { a });
        }
        // What a symmetry forbids at order 2 it forbids at any order.
        let count = |derivation: Derivation| -> Result<usize, CumulantError> {
            let second = Derivation { order: 2, ..derivation };
            Ok(Self::reduced(problem, second, all, halted)?.unknowns.len())
        };
        let fewer = if count(ladder)? < count(cartesian)? { ladder } else { cartesian };
        Self::reduced(problem, fewer, all, halted)
    }

    fn reduced(
        problem: &Problem,
        derivation: Derivation,
        all: bool,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, CumulantError> {
        let models = problem.models();
        let derivers = derivation.derivers(&models)?;
        let deriver = &derivers[0];
        initial::check(&problem.initial, &deriver.variables, derivation.order)?;
        if derivation.closure == Closure::Casimir {
            let seeds = deriver.variables.all_joints(derivation.order);
            let hierarchy = Hierarchy::close(&derivers, seeds, halted).ok_or(CumulantError::Interrupted)?;
            return Self::compile(derivation, derivers, hierarchy, halted);
        }
        let operators = problem.observables.iter().filter_map(|o| match &o.evaluation {
            Evaluation::Moments { operators, .. } => Some(operators),
            Evaluation::State(_) | Evaluation::Sampled(_) => None,
        });
        let mut seeds: Vec<JointCumulant> =
            if all { deriver.variables.all_joints(derivation.order) } else { Vec::new() };
        for operator in operators.flatten() {
            seeds.extend(deriver.expectation(operator).into_iter().flat_map(|product| product.factors));
        }
        seeds.sort_unstable();
        seeds.dedup();
        let start = |joint: JointCumulant| initial::cumulant(&problem.initial, &deriver.variables, joint);
        let hierarchy = Hierarchy::close(&derivers, seeds.iter().copied(), halted)
            .ok_or(CumulantError::Interrupted)?
            .without_zeros(deriver, start, seeds);
        let zeros = Self::forbidden(&models, derivation, &problem.initial)?;
        Ok(Self { zeros, ..Self::compile(derivation, derivers, hierarchy, halted)? })
    }

    /// Means and second cumulants that a symmetry of models and initial state keeps at zero, whether the
    /// observables need them or not.
    fn forbidden(
        models: &[&Model],
        derivation: Derivation,
        initial: &InitialState,
    ) -> Result<BTreeSet<JointCumulant>, CumulantError> {
        let derivers = Derivation { order: derivation.order.min(3), ..derivation }.derivers(models)?;
        let variables = &derivers[0].variables;
        let all = variables.all_joints(derivation.order.min(2));
        let hierarchy = Hierarchy::close(&derivers, all, &|| false).ok_or(CumulantError::Interrupted)?;
        Ok(hierarchy.zeros(variables, |joint| initial::cumulant(initial, variables, joint)))
    }

    fn compile(
        derivation: Derivation,
        derivers: Vec<Deriver>,
        hierarchy: Hierarchy,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, CumulantError> {
        let variables = &derivers[0].variables;
        let (numbering, unknowns) = Numbering::new(variables, &hierarchy.joints);
        let mut rows = Vec::new();
        for stage in &hierarchy.stages {
            let mut all = Vec::with_capacity(unknowns.len());
            for (joint, drift) in hierarchy.joints.iter().zip(stage) {
                if halted() {
                    return Err(CumulantError::Interrupted);
                }
                all.extend(numbering.rows(variables, *joint, drift)?);
            }
            rows.push(all);
        }
        Ok(Self { derivation, derivers, hierarchy, numbering, unknowns, rows, zeros: BTreeSet::new() })
    }

    /// How the equations were derived.
    pub fn derivation(&self) -> Derivation {
        self.derivation
    }

    /// The real unknowns.
    pub fn unknowns(&self) -> &[Unknown] {
        &self.unknowns
    }

    /// Number of drifts: those of all models of the problem ([`Problem::models`]), stages first.
    pub fn stages(&self) -> usize {
        self.rows.len()
    }

    /// The drift of a stage, or of a part that follows time, row by row, as terms.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn terms(&self, stage: usize) -> &[Vec<TapeTerm>] {
        &self.rows[stage]
    }

    /// The drift of a stage, or of a part that follows time, compiled.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn tape(&self, stage: usize) -> Tape {
        Tape::new(&self.rows[stage])
    }

    /// The common scale N of the unknowns: the largest ensemble (1 without ensembles).
    pub fn scale(&self) -> f64 {
        self.derivers[0].variables.scale
    }

    /// The unknowns of a product state.
    ///
    /// # Errors
    /// [`CumulantError::DickeState`] for a Dicke state whose cumulants would be rounding errors.
    pub fn initial(&self, state: &InitialState) -> Result<Vec<f64>, CumulantError> {
        let variables = &self.derivers[0].variables;
        initial::check(state, variables, self.derivation.order)?;
        let value = |unknown: &Unknown| {
            let value = initial::cumulant(state, variables, unknown.joint);
            if unknown.part == crate::ComplexPart::Imaginary { value.im } else { value.re }
        };
        Ok(self.unknowns.iter().map(value).collect())
    }

    /// `<O>` as a function of the unknowns.
    pub fn expectation(&self, operator: &Operator) -> Functional {
        let polynomial: Polynomial = self.derivers[0].expectation(operator);
        Functional::new(&self.derivers[0].variables, &self.numbering, &polynomial)
    }

    /// A scaled joint cumulant at the unknowns `y`; zero if it is none of them.
    pub(crate) fn cumulant(&self, joint: JointCumulant, y: &[f64]) -> Complex64 {
        self.numbering.value(&self.derivers[0].variables, joint, y)
    }

    /// Whether `<O>` consists of unknowns and of cumulants that are zero.
    pub(crate) fn follows(&self, operator: &Operator) -> bool {
        let variables = &self.derivers[0].variables;
        let known = |joint: JointCumulant| {
            self.hierarchy.joints.binary_search(&joint).is_ok() || self.zeros.contains(&joint)
        };
        let polynomial = self.derivers[0].expectation(operator);
        polynomial.iter().flat_map(|p| &p.factors).all(|factor| known(variables.canonical(*factor)))
    }

    /// For every observable of a problem, the expectation values of its operators (none for state functions).
    pub fn functionals(&self, problem: &Problem) -> Vec<Vec<Functional>> {
        let of = |evaluation: &Evaluation| match evaluation {
            Evaluation::Moments { operators, .. } => operators.iter().map(|o| self.expectation(o)).collect(),
            Evaluation::State(_) | Evaluation::Sampled(_) => Vec::new(),
        };
        problem.observables.iter().map(|o| of(&o.evaluation)).collect()
    }

    /// The relations `s . C_sX = 0` of the ensembles of fixed total spin (closure `casimir`): those that
    /// start with a sharp total spin and have no local channel in any of `models`.
    pub(crate) fn constraints(&self, initial: &InitialState, models: &[&Model]) -> Vec<Constraint> {
        if self.derivation.closure != Closure::Casimir {
            return Vec::new();
        }
        let variables = &self.derivers[0].variables;
        let is_local = |e: usize| {
            let mut dissipators = models.iter().flat_map(|m| m.dissipators());
            dissipators.any(|d| d.jump.local_ensemble() == Some(e))
        };
        let fixed = |e: &usize| initial::has_fixed_spin(&initial.ensembles[*e]) && !is_local(*e);
        let row = |joint: JointCumulant| self.hierarchy.joints.binary_search(&joint).unwrap_or(usize::MAX);
        (0..variables.ensemble_count()).filter(fixed).map(|e| Constraint::new(variables, e, &row)).collect()
    }

    /// Largest magnitudes that unknowns may reach before the equations count as blown up: `N^(k-1)` for a
    /// cumulant of order k (no physical one is larger than a few of these), with a wide margin that follows
    /// the initial state.
    pub(crate) fn limits(&self, start: &[f64]) -> Vec<f64> {
        let largest = start.iter().fold(1.0, |m: f64, y| m.max(y.abs()));
        let margin = |v: &Unknown| 1e6 * largest * self.scale().powi(v.order as i32 - 1);
        self.unknowns.iter().map(margin).collect()
    }
}
