//! The stationary state of a problem, measured.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use num_complex::Complex64;
use superladder_engine::{
    Diagnostics, EngineError, Finding, Halt, Problem, SlowModes, Stationary, StationaryOptions,
    StationaryReport, check_memory,
};
use superladder_model::{Evaluation, Operator};
use superladder_space::{Charge, Charges, Sector, Space, SparseMatrix};

use super::limit::{Guess, Limit};
use super::operators::action::{Action, Direction};
use super::operators::coherence::Coherence;
use super::operators::gauged::Gauged;
use super::operators::real_matrix::MOST;
use super::solver::{DENSE, Solver};
use super::through_time::propagated::{Near, Offer};
use super::through_time::tiled::{fill_coherence, fill_layout};
use crate::error::{INTERRUPTED, NAME, space_error};
use crate::generator::Elements;
use crate::instruments::Instruments;
use crate::layout::Layout;
use crate::options::Exact;
use crate::setting::{Setting, populated_coherences};
use crate::state::{initial_vector_while, joint_state, joint_vector, sector_matrix};

/// The limit of the initial state of a problem, and what is known of it; or, to be asked for two times, its state at
/// a time.
pub struct StationaryState {
    /// What an engine says of it.
    pub report: StationaryReport,
    pub(crate) instruments: Instruments,
    /// The state in the layout of charge difference zero.
    pub(crate) vector: Vec<f64>,
    pub(crate) coherence: Coherence,
    pub(crate) x: Vec<Complex64>,
    /// Coherences between charges, of a state that still moves.
    pub(crate) beyond: Vec<(Coherence, Vec<Complex64>)>,
    /// Slow eigenvalues that were asked for since.
    pub(crate) slow: Mutex<Vec<SlowModes>>,
    /// Generators as real matrices by charge difference, that were asked for since.
    pub(crate) gauged: Mutex<Vec<(Charge, Option<Arc<Gauged>>)>>,
}

impl StationaryState {
    /// The problem that it belongs to: the last stage alone.
    pub fn problem(&self) -> &Problem {
        &self.instruments.problem
    }

    /// The space of the state.
    pub fn space(&self) -> &Space {
        &self.instruments.setting.space
    }

    /// `‖(L - L_P) rho‖_1` through the cutoff of a mode that follows the state is at most this.
    pub(super) fn leaving_by(&self, mode: usize) -> f64 {
        let values = self.instruments.probe(&self.vector);
        self.instruments.leakage_of(mode).rate(0, self.instruments.leaving_by(mode, &values))
    }

    /// The dense row-major density matrix of a sector.
    pub fn sector_matrix(&self, sector: usize) -> Vec<Complex64> {
        let Setting { space, layout, .. } = &self.instruments.setting;
        sector_matrix(space, layout, &self.vector, sector)
    }

    /// `tr(O rho)`.
    pub fn expectation(&self, operator: &Operator) -> Complex64 {
        let space = self.space();
        let matrices: Vec<SparseMatrix> =
            (0..space.sectors().len()).map(|sector| space.matrix(operator, sector)).collect();
        let of = |(coherence, x): (&Coherence, &Vec<Complex64>)| -> Complex64 {
            coherence.functional(&matrices).iter().zip(x).map(|(w, x)| w.conj() * x).sum()
        };
        self.parts_of_state().map(of).sum()
    }

    /// The state by charge difference.
    pub(crate) fn parts_of_state(&self) -> impl Iterator<Item = (&Coherence, &Vec<Complex64>)> {
        std::iter::once((&self.coherence, &self.x)).chain(self.beyond.iter().map(|(c, x)| (c, x)))
    }

    /// The values of an observable by its name.
    pub fn values(&self, name: &str) -> Option<Vec<f64>> {
        let number = self.problem().observables.iter().position(|o| o.name == name)?;
        Some(self.report.measurements[number].values.iter().map(|v| v.value).collect())
    }
}

/// The last stage alone, with its own symmetries.
pub(crate) fn last_stage(
    engine: &Exact,
    problem: &Problem,
    halt: &dyn Halt,
) -> Result<(Problem, Setting), EngineError> {
    problem.validate()?;
    problem.without_samples(NAME)?;
    let last = &problem.stages[problem.stages.len() - 1];
    problem.comes_to_rest(NAME)?;
    let own = problem.last_stage();
    engine.refuse_the_impossible(&own)?;
    let charges = if engine.symmetries { Charges::find([&last.model]) } else { Charges::none() };
    let symmetries = charges.describe(&last.model);
    let zero: Charge = vec![0; charges.len()];
    let halted = &|| halt.asked();
    let space = Space::new_while(&[&last.model], &problem.initial, &problem.cutoffs, charges, halted);
    let space = space.map_err(|e| space_error(&e))?;
    let coherences = [zero].into();
    let layout = Layout::new_while(&space, &coherences, halted).ok_or(INTERRUPTED)?;
    Ok((own, Setting { space, layout, coherences, symmetries, reduced: engine.symmetries }))
}

/// Bytes of a search: the vectors of GMRES, the eigenvectors of every charge group with their inverses, and the
/// matrix that slow modes are found with.
fn memory(space: &Space, layout: &Layout) -> u64 {
    const VECTORS: u64 = 130;
    const MATRICES: u64 = 6;
    const ROW: u64 = 20;
    let unknowns = layout.unknowns();
    let groups = space.sectors().iter().flat_map(Sector::groups);
    let frames: u64 = groups.map(|(_, states)| (states.len() as u64).pow(2)).sum();
    if unknowns <= DENSE as u64 {
        24 * unknowns * unknowns
    } else {
        8 * VECTORS * unknowns + 16 * MATRICES * frames + 12 * (MOST as u64).min(ROW * unknowns)
    }
}

/// Refuses more groups of states with one charge than tables are made of in about a second, without a look at
/// whether to go on.
fn check_groups(space: &Space) -> Result<(), EngineError> {
    const MOST: usize = 200_000;
    let groups: usize = space.sectors().iter().map(|sector| sector.groups().len()).sum();
    if groups <= MOST {
        return Ok(());
    }
    let reason = format!(
        "a stationary state over {groups} groups of states with one charge each; at most {MOST} are taken: lower the \
         cutoffs or the sizes, or go there in time with `run`"
    );
    Err(EngineError::Unsupported { engine: NAME, reason })
}

impl Exact {
    /// Where the initial state of `problem` ends under its last stage, with the state itself. Cutoffs that
    /// follow the state are raised as far as it needs.
    ///
    /// # Errors
    /// [`EngineError`]; what has no limit, or none that the problem determines, is refused by name.
    pub fn stationary_state(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryState, EngineError> {
        self.check_adaptive(problem)?;
        if options.raise_cutoffs && self.adaptive.iter().any(Option::is_some) {
            return self.at_raised_cutoffs(problem, options, halt);
        }
        self.state_at(problem, options, halt)
    }

    /// The state at the cutoffs of `problem`.
    pub(super) fn state_at(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryState, EngineError> {
        let (own, setting) = last_stage(self, problem, halt)?;
        let (space, layout) = (&setting.space, &setting.layout);
        self.check_dense(&own, space)?;
        check_memory(NAME, memory(space, layout), Some(self.available()), layout.unknowns())?;
        check_groups(space)?;
        halt.check(NAME)?;
        let elements = Elements::new_while(space, own.model(), halt).ok_or(INTERRUPTED)?;
        let initial = initial_vector_while((space, layout), own.model(), &own.initial, &|| halt.asked());
        let (initial, _) = initial.map_err(|e| space_error(&e))?;
        let zero: Charge = vec![0; space.charges().len()];
        let coherence = Coherence::new(space, &zero, &|_, _, _| true);
        let start = from_layout(layout, &coherence, &initial);
        let offer = |vector: &[f64]| {
            let state = || joint_state((space, layout, own.model()), vector, f64::INFINITY);
            halt.found(&Finding::State { cutoffs: &own.cutoffs, state: &state });
        };
        let offer_blocks = |of: &Coherence, x: &[Complex64]| {
            let trace = of.trace(x);
            let x: Vec<Complex64> = x.iter().map(|z| z / trace).collect();
            offer(&to_layout(layout, of, &x));
        };
        let solver = Solver { offer: &offer_blocks, ..Solver::new(space, &elements, halt) };
        let guess = self.guess((&own, &setting), &solver, (&coherence, &offer), options)?;
        let limit = solver.limit(own.model(), coherence, &start, guess.as_ref(), options)?;
        if problem.stages.len() > 1 && (limit.classes.len() > 1 || limit.classes[0].states > 1) {
            let reason = "the last stage has several stationary states, and which one is reached depends on the state \
                          when it begins, which a quench changes; make the last stage a study of its own";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        let slow = slow_modes(&solver, &own, options)?;
        let iterations = solver.iterations.load(Ordering::Relaxed);
        self.told(own, setting, &elements, limit, slow, (options, iterations, halt))
    }

    /// Where the search begins: at the state that is given, as far as the way through time leads from there.
    fn guess(
        &self,
        (own, setting): (&Problem, &Setting),
        solver: &Solver<'_>,
        (coherence, offer): (&Coherence, Offer<'_>),
        options: &StationaryOptions,
    ) -> Result<Option<Guess>, EngineError> {
        let Setting { space, layout, .. } = setting;
        let residual = |vector: &[f64]| {
            let x = from_layout(layout, coherence, vector);
            let moved = flow(space, coherence, solver.elements, &x);
            coherence.trace_norm_bound(&moved) / coherence.trace(&x).norm()
        };
        let given = options.guess.as_ref().and_then(|guess| guess.arranged(own.model()).ok());
        let given = given.map(|guess| Near { vector: joint_vector(space, layout, &guess), left: None });
        let given = given.filter(|near| near.vector.iter().all(|x| x.is_finite()));
        let near = if given.as_ref().is_some_and(|near| residual(&near.vector) <= options.tolerance) {
            given
        } else {
            let mut from = own.clone();
            if let Some(near) = &given {
                let state = joint_state((space, layout, own.model()), &near.vector, f64::INFINITY);
                from.initial.joint = Some(Arc::new(state));
            }
            self.nearly_at_rest(&from, setting, (&residual, offer), (options, solver.halt))?.or(given)
        };
        Ok(near.map(|Near { vector, left }| Guess {
            x: from_layout(layout, coherence, &vector),
            left: left.map(|left| from_layout(layout, coherence, &left)),
        }))
    }

    /// Measures the limit.
    fn told(
        &self,
        problem: Problem,
        setting: Setting,
        elements: &Elements,
        limit: Limit,
        slow: Vec<SlowModes>,
        (options, iterations, halt): (&StationaryOptions, u64, &dyn Halt),
    ) -> Result<StationaryState, EngineError> {
        let Limit { coherence, x, correction, classes } = limit;
        let residual = coherence.trace_norm(&flow(&setting.space, &coherence, elements, &x));
        let vector = to_layout(&setting.layout, &coherence, &x);
        let follows = |m: &usize| self.adaptive.get(*m).is_some_and(Option::is_some);
        let adaptive: Vec<usize> = (0..problem.cutoffs.len()).filter(follows).collect();
        let instruments = Instruments::new(self, problem, setting, None, &adaptive, halt)?;
        let values = instruments.probe(&vector);
        let measurements = instruments.measure(&values, Some(&vector));
        let errors = match correction {
            Some(correction) => {
                let moved: Vec<Complex64> = x.iter().zip(&correction).map(|(x, e)| x + e).collect();
                let moved = to_layout(&instruments.setting.layout, &coherence, &moved);
                let other = instruments.measure(&instruments.probe(&moved), Some(&moved));
                measurements.iter().zip(&other).map(|(a, b)| a.distances(b)).collect()
            }
            None => measurements.iter().map(|m| vec![f64::NAN; m.values.len()]).collect(),
        };
        let mut diagnostics = Diagnostics::default();
        let time = f64::INFINITY;
        let top = instruments.edge(0, &values);
        instruments.monitors.note(&instruments.probes, &values, top, time, 0.0, &mut diagnostics);
        instruments.monitors.note_state(&instruments.view(&vector), time, &mut diagnostics);
        diagnostics.note("residual", residual, time, options.tolerance);
        let leaving = instruments.leakage().rate(0, instruments.leaving(&values));
        let report = StationaryReport {
            classes,
            measurements,
            errors,
            residual,
            slow,
            diagnostics,
            leaving,
            cutoffs: instruments.problem.cutoffs.clone(),
            iterations,
            state: None,
        };
        let (beyond, slow, gauged) = (Vec::new(), Mutex::default(), Mutex::default());
        let mut state = StationaryState { report, instruments, vector, coherence, x, beyond, slow, gauged };
        if options.keep_state {
            let setting = &state.instruments.setting;
            let parts = (&setting.space, &setting.layout, state.problem().model());
            state.report.state = Some(joint_state(parts, &state.vector, time));
        }
        let shift = state.report.truncation();
        if shift.is_finite() {
            state.instruments.note_truncation(shift, time, &mut state.report.diagnostics);
        }
        Ok(state)
    }
}

impl Stationary for Exact {
    fn stationary(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryReport, EngineError> {
        Ok(self.stationary_state(problem, options, halt)?.report)
    }
}

/// L x.
pub(crate) fn flow(
    space: &Space,
    coherence: &Coherence,
    elements: &Elements,
    x: &[Complex64],
) -> Vec<Complex64> {
    let mut out = vec![Complex64::ZERO; x.len()];
    Action::new(space, coherence, elements, Direction::Forward).act(x, &mut out);
    out
}

/// Slow eigenvalues of charge difference zero, of those that observables see and of those that the initial
/// state has.
fn slow_modes(
    solver: &Solver<'_>,
    problem: &Problem,
    options: &StationaryOptions,
) -> Result<Vec<SlowModes>, EngineError> {
    /// Coherences of the initial state that are looked at, besides those of the observables.
    const POPULATED: usize = 2;
    if options.modes == 0 {
        return Ok(Vec::new());
    }
    let charges = solver.space.charges();
    let zero: Charge = vec![0; charges.len()];
    let mut wanted = vec![zero.clone()];
    let mut want = |difference: Charge| {
        let negative = charges.difference(&zero, &difference);
        if !wanted.contains(&difference) && !wanted.contains(&negative) {
            wanted.push(negative.max(difference));
        }
    };
    for observable in &problem.observables {
        if let Evaluation::Moments { operators, .. } = &observable.evaluation {
            let found = operators.iter().flat_map(|o| charges.of_operator(o, problem.model()));
            found.for_each(&mut want);
        }
    }
    let mut populated: Vec<Charge> = populated_coherences(problem, charges, &|| solver.halt.asked())
        .map_err(|e| space_error(&e))?
        .into_iter()
        .collect();
    populated.sort_by_key(|d| d.iter().map(|x| x.abs()).sum::<i64>());
    populated.into_iter().take(1 + 2 * POPULATED).for_each(&mut want);
    let gauged = |coherence: &Coherence| {
        Ok(Gauged::new(solver.space, coherence, solver.elements, solver.halt)?.map(Arc::new))
    };
    let modes = |difference: &Charge| {
        let known = options.known.iter();
        let mut known =
            known.filter(|slow| slow.difference == *difference && slow.values.len() == options.modes);
        let found = known
            .next()
            .map_or_else(|| solver.slow(difference, options.modes, &gauged), |slow| Ok(slow.clone()))?;
        solver.halt.found(&Finding::Slow(&found));
        Ok(found)
    };
    wanted.iter().map(modes).collect()
}

/// The blocks of charge difference zero of a state vector.
pub(crate) fn from_layout(layout: &Layout, coherence: &Coherence, vector: &[f64]) -> Vec<Complex64> {
    let mut x = vec![Complex64::ZERO; coherence.len];
    fill_coherence(layout, coherence, vector, &mut x);
    x
}

/// The state vector of Hermitian blocks of charge difference zero.
pub(crate) fn to_layout(layout: &Layout, coherence: &Coherence, x: &[Complex64]) -> Vec<f64> {
    let mut vector = vec![0.0; layout.len()];
    fill_layout(layout, coherence, x, &mut vector);
    vector
}
