//! From a problem to its space and layout: which charges are used and which coherences are kept.

use std::collections::BTreeSet;

use superladder_engine::{End, Problem};
use superladder_model::{Evaluation, Model, StateFunction, Subsystem};
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
    let models: Vec<&Model> = problem.stages.iter().map(|s| &s.model).collect();
    let charges = Charges::find(models.iter().copied());
    let names = charges.describe(problem.model());
    let full = |charges: Charges| Space::new(&models, &problem.initial, &problem.cutoffs, charges);
    if symmetries && !charges.is_empty() {
        let coherences = kept_coherences(problem, &charges);
        let space = full(charges)?;
        // Charges that keep every block only cut the runs of the kernel short.
        if stored_fraction(&space, &coherences) < 0.95 {
            let layout = Layout::new(&space, &coherences);
            return Ok(Setting { space, layout, coherences, symmetries: names, reduced: true });
        }
    }
    let space = full(Charges::none())?;
    let coherences = BTreeSet::from([Vec::new()]);
    let layout = Layout::new(&space, &coherences);
    Ok(Setting { space, layout, coherences, symmetries: names, reduced: false })
}

impl Setting {
    /// The same sectors and charges with the cutoffs of `problem`.
    ///
    /// # Errors
    /// [`SpaceError`] when the space cannot be enumerated.
    pub(crate) fn resized(&self, problem: &Problem) -> Result<Self, SpaceError> {
        let models: Vec<&Model> = problem.stages.iter().map(|s| &s.model).collect();
        let charges = self.space.charges().clone();
        let coherences =
            if self.reduced { kept_coherences(problem, &charges) } else { self.coherences.clone() };
        let space = Space::new(&models, &problem.initial, &problem.cutoffs, charges)?;
        let layout = Layout::new(&space, &coherences);
        Ok(Self { space, layout, coherences, symmetries: self.symmetries.clone(), reduced: self.reduced })
    }
}

/// Fraction of the elements of all sector blocks whose charge difference is kept.
fn stored_fraction(space: &Space, coherences: &BTreeSet<Charge>) -> f64 {
    let (mut kept, mut all) = (0.0, 0.0);
    for (number, sector) in space.sectors().iter().enumerate() {
        let size = |group: usize| sector.groups()[group].1.len() as f64;
        all += (sector.dim() as f64).powi(2);
        for (row, columns) in kept_groups(space, number, coherences).into_iter().enumerate() {
            kept += size(row) * columns.into_iter().map(size).sum::<f64>();
        }
    }
    kept / all
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
pub(crate) fn populated_coherences(problem: &Problem, charges: &Charges) -> BTreeSet<Charge> {
    let initial = &problem.initial;
    if let Some(joint) = &initial.joint {
        return joint_coherences(joint, charges);
    }
    let coherent: Vec<usize> = problem
        .model()
        .subsystems()
        .into_iter()
        .filter(|s| !is_diagonal(*s, &initial.modes, &initial.ensembles))
        .map(|s| position(problem, s))
        .collect();
    charges.coherences(&coherent, &ranges(problem))
}

/// Differences of charge that the reduced state of a subsystem needs.
pub(crate) fn subsystem_coherences(
    problem: &Problem,
    charges: &Charges,
    subsystem: Subsystem,
) -> BTreeSet<Charge> {
    charges.coherences(&[position(problem, subsystem)], &ranges(problem))
}

/// Differences of charge that are populated by the initial state and needed by an observable.
fn kept_coherences(problem: &Problem, charges: &Charges) -> BTreeSet<Charge> {
    let model = problem.model();
    let populated = populated_coherences(problem, charges);
    if problem.end == End::State {
        return populated;
    }
    let mut needed = BTreeSet::from([vec![0; charges.len()]]);
    for observable in &problem.observables {
        match &observable.evaluation {
            Evaluation::Moments { operators, .. } => {
                needed.extend(operators.iter().flat_map(|o| charges.of_operator(o, model)));
            }
            Evaluation::State(StateFunction::Purity | StateFunction::Entropy) => return populated,
            Evaluation::State(
                StateFunction::ReducedPurity(s)
                | StateFunction::ReducedEntropy(s)
                | StateFunction::ReducedState(s),
            ) => needed.extend(subsystem_coherences(problem, charges, *s)),
            Evaluation::State(
                StateFunction::PhotonDistribution(_)
                | StateFunction::LadderDistribution(_)
                | StateFunction::TopPopulation(_),
            ) => {}
        }
    }
    let zero = vec![0; charges.len()];
    let negated: Vec<Charge> = needed.iter().map(|c| charges.difference(&zero, c)).collect();
    needed.extend(negated);
    populated.intersection(&needed).cloned().collect()
}
