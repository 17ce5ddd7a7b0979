//! From a problem to its space and layout: which charges are used and which coherences are kept.

use std::collections::BTreeSet;

use superladder_engine::{End, Halt, Never, Problem};
use superladder_model::{Evaluation, StateFunction, Subsystem};
use superladder_space::{Charge, Charges, Space, SpaceError, is_diagonal};

use crate::layout::{Layout, kept_groups};
use crate::state::joint_coherences;

/// The space and the layout of a problem.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The space, its bases sorted by the charges in use.
    pub space: Space,
    /// The stored blocks.
    pub layout: Layout,
    /// Charge differences that are stored.
    pub coherences: BTreeSet<Charge>,
    /// All weak symmetries of the model, also those that do not reduce this problem.
    pub symmetries: Vec<String>,
    /// True when the charges reduce the problem.
    pub reduced: bool,
}

/// Builds the space of `problem`, reduced by its symmetries where `symmetries` allows and where it pays.
///
/// # Errors
/// [`SpaceError`] when the space cannot be enumerated.
pub fn reduced_space(problem: &Problem, symmetries: bool) -> Result<Setting, SpaceError> {
    reduced_space_while(problem, symmetries, &Never)
}

/// [`reduced_space`], unless `halt` ends it.
///
/// # Errors
/// [`SpaceError`].
pub(crate) fn reduced_space_while(
    problem: &Problem,
    symmetries: bool,
    halt: &dyn Halt,
) -> Result<Setting, SpaceError> {
    let halted = &|| halt.asked();
    let models = problem.models();
    let charges = Charges::find(models.iter().copied());
    let names = charges.describe(problem.model());
    let full =
        |charges: Charges| Space::new_while(&models, &problem.initial, &problem.cutoffs, charges, halted);
    let layout = |space: &Space, coherences: &BTreeSet<Charge>| {
        Layout::new_while(space, coherences, halted).ok_or(SpaceError::Halted)
    };
    if symmetries && !charges.is_empty() {
        let coherences = kept_coherences(problem, &charges, halted)?;
        let space = full(charges)?;
        // Charges that keep every block only cut the runs of the kernel short.
        if stored_fraction(&space, &coherences, halted).ok_or(SpaceError::Halted)? < 0.95 {
            let layout = layout(&space, &coherences)?;
            return Ok(Setting { space, layout, coherences, symmetries: names, reduced: true });
        }
    }
    let space = full(Charges::none())?;
    let coherences = BTreeSet::from([Vec::new()]);
    let layout = layout(&space, &coherences)?;
    Ok(Setting { space, layout, coherences, symmetries: names, reduced: false })
}

impl Setting {
    /// The same sectors and charges with the cutoffs of `problem`.
    ///
    /// # Errors
    /// [`SpaceError`] when the space cannot be enumerated, or when `halt` ends the work.
    pub(crate) fn resized(&self, problem: &Problem, halt: &dyn Halt) -> Result<Self, SpaceError> {
        let halted = &|| halt.asked();
        let models = problem.models();
        let charges = self.space.charges().clone();
        let coherences =
            if self.reduced { kept_coherences(problem, &charges, halted)? } else { self.coherences.clone() };
        let space = Space::new_while(&models, &problem.initial, &problem.cutoffs, charges, halted)?;
        let layout = Layout::new_while(&space, &coherences, halted).ok_or(SpaceError::Halted)?;
        Ok(Self { space, layout, coherences, symmetries: self.symmetries.clone(), reduced: self.reduced })
    }
}

/// Fraction of the elements of all sector blocks whose charge difference is kept.
fn stored_fraction(space: &Space, coherences: &BTreeSet<Charge>, halted: &dyn Fn() -> bool) -> Option<f64> {
    let (mut kept, mut all) = (0.0, 0.0);
    for (number, sector) in space.sectors().iter().enumerate() {
        let size = |group: usize| sector.groups()[group].1.len() as f64;
        all += (sector.dim() as f64).powi(2);
        for (row, columns) in kept_groups(space, number, coherences, halted)?.into_iter().enumerate() {
            kept += size(row) * columns.into_iter().map(size).sum::<f64>();
        }
    }
    Some(kept / all)
}

/// Number of values of every label: Fock levels, then excitations.
fn ranges(problem: &Problem) -> Vec<usize> {
    problem.levels().into_iter().chain(problem.model().ensembles().iter().map(|e| e.size + 1)).collect()
}

/// Position of a subsystem among the labels.
fn position(problem: &Problem, subsystem: Subsystem) -> usize {
    match subsystem {
        Subsystem::Mode(m) => m,
        Subsystem::Ensemble(e) => problem.model().modes().len() + e,
    }
}

/// Differences of charge between which the initial state has coherences; all others stay zero.
///
/// # Errors
/// [`SpaceError::Halted`].
pub(crate) fn populated_coherences(
    problem: &Problem,
    charges: &Charges,
    halted: &dyn Fn() -> bool,
) -> Result<BTreeSet<Charge>, SpaceError> {
    if let Some(joint) = &problem.initial.joint {
        return Ok(joint_coherences(joint, charges));
    }
    charges.coherences(&coherent(problem), &ranges(problem), halted).ok_or(SpaceError::Halted)
}

/// Positions of the subsystems whose initial state has coherences; of a joint state nobody knows beforehand.
fn coherent(problem: &Problem) -> Vec<usize> {
    let initial = &problem.initial;
    let subsystems = problem.model().subsystems().into_iter();
    let joint = initial.joint.is_some();
    let coherent = subsystems.filter(|s| !joint && !is_diagonal(*s, &initial.modes, &initial.ensembles));
    coherent.map(|s| position(problem, s)).collect()
}

/// The initial state has coherences between at most so many differences of charge.
pub(crate) fn most_coherences(problem: &Problem, charges: &Charges) -> f64 {
    charges.most_coherences(&coherent(problem), &ranges(problem))
}

/// Differences of charge that the reduced state of a subsystem needs.
///
/// # Errors
/// [`SpaceError::Halted`].
pub(crate) fn subsystem_coherences(
    problem: &Problem,
    charges: &Charges,
    subsystem: Subsystem,
    halted: &dyn Fn() -> bool,
) -> Result<BTreeSet<Charge>, SpaceError> {
    let positions = [position(problem, subsystem)];
    charges.coherences(&positions, &ranges(problem), halted).ok_or(SpaceError::Halted)
}

/// Differences of charge that are populated by the initial state and needed by an observable.
fn kept_coherences(
    problem: &Problem,
    charges: &Charges,
    halted: &dyn Fn() -> bool,
) -> Result<BTreeSet<Charge>, SpaceError> {
    let model = problem.model();
    let populated = populated_coherences(problem, charges, halted)?;
    if problem.end == End::State {
        return Ok(populated);
    }
    let mut needed = BTreeSet::from([vec![0; charges.len()]]);
    for observable in &problem.observables {
        match &observable.evaluation {
            Evaluation::Moments { operators, .. } => {
                needed.extend(operators.iter().flat_map(|o| charges.of_operator(o, model)));
            }
            Evaluation::State(StateFunction::Purity | StateFunction::Entropy) => return Ok(populated),
            Evaluation::State(
                StateFunction::ReducedPurity(s)
                | StateFunction::ReducedEntropy(s)
                | StateFunction::ReducedState(s),
            ) => needed.extend(subsystem_coherences(problem, charges, *s, halted)?),
            Evaluation::State(
                StateFunction::PhotonDistribution(_)
                | StateFunction::LadderDistribution(_)
                | StateFunction::TopPopulation(_),
            )
            | Evaluation::Sampled(_) => {}
        }
    }
    let zero = vec![0; charges.len()];
    let negated: Vec<Charge> = needed.iter().map(|c| charges.difference(&zero, c)).collect();
    needed.extend(negated);
    Ok(populated.intersection(&needed).cloned().collect())
}
