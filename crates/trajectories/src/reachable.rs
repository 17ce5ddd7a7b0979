//! Which channels can jump at all.

use superladder_engine::Problem;
use superladder_model::{EnsembleState, Factor, Jump, ModeState, Model, Subsystem};

/// By subsystem, modes and then ensembles, the numbers of quanta or of excited spins that a state may have.
/// Correlations are left out, so that there may be some that it never has, but none is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reachable {
    modes: usize,
    pub(crate) levels: Vec<Vec<bool>>,
}

/// By stage and dissipator: whether its jumps can have weight. One that only states without the necessary
/// quanta or spins meet, such as the emission of spins that are all down and stay so, cannot.
pub(crate) fn can_jump(problem: &Problem) -> Vec<Vec<bool>> {
    let mut reachable = Reachable::at_start(problem);
    let of_stage = |stage: &superladder_engine::Stage| {
        while models_of(stage).any(|model| reachable.spread(model)) {}
        stage.model.dissipators().map(|d| reachable.permits(&d.jump)).collect()
    };
    problem.stages.iter().map(of_stage).collect()
}

/// The model of a stage, and its parts that follow time.
pub(crate) fn models_of(stage: &superladder_engine::Stage) -> impl Iterator<Item = &Model> {
    std::iter::once(&stage.model).chain(stage.model.modulations().iter().map(|m| &m.part))
}

impl Reachable {
    pub(crate) fn at_start(problem: &Problem) -> Self {
        let only = |level: usize, highest: usize| -> Vec<bool> {
            (0..=highest).map(|k| k == level.min(highest)).collect()
        };
        let modes = problem.initial.modes.iter().zip(&problem.cutoffs).map(|(state, &cutoff)| match *state {
            ModeState::Fock(n) => only(n, cutoff),
            ModeState::Coherent(alpha) if alpha.norm_sqr() == 0.0 => only(0, cutoff),
            ModeState::Coherent(_) | ModeState::DisplacedThermal { .. } => vec![true; cutoff + 1],
        });
        let ensembles = problem.initial.ensembles.iter().zip(problem.model().ensembles());
        let ensembles = ensembles.map(|(state, ensemble)| match *state {
            EnsembleState::SpinCoherent { theta: 0.0, .. } => only(0, ensemble.size),
            EnsembleState::Dicke { twice_m, .. } => {
                only(i64::midpoint(twice_m, ensemble.size as i64) as usize, ensemble.size)
            }
            EnsembleState::Product { bloch: [x, y, z] } if x == 0.0 && y == 0.0 && z.abs() == 1.0 => {
                only(if z > 0.0 { ensemble.size } else { 0 }, ensemble.size)
            }
            EnsembleState::SpinCoherent { .. } | EnsembleState::Product { .. } => {
                vec![true; ensemble.size + 1]
            }
        });
        Self { modes: problem.cutoffs.len(), levels: modes.chain(ensembles).collect() }
    }

    fn axis(&self, subsystem: Subsystem) -> usize {
        match subsystem {
            Subsystem::Mode(m) => m,
            Subsystem::Ensemble(e) => self.modes + e,
        }
    }

    /// Adds what Hamiltonian, decay and jumps lead to in one go; false when that is nothing new.
    fn spread(&mut self, model: &Model) -> bool {
        let before = self.clone();
        for factors in products(model) {
            self.lead(&factors);
        }
        *self != before
    }

    fn add(&mut self, axis: usize, levels: &[bool]) {
        self.levels[axis].iter_mut().zip(levels).for_each(|(known, new)| *known |= new);
    }

    /// Adds the images of the reachable levels under a product of factors that does not vanish on them.
    fn lead(&mut self, factors: &[Factor]) {
        let images = self.images(factors);
        if images.iter().all(|(_, levels)| levels.contains(&true)) {
            for (axis, levels) in &images {
                self.add(*axis, levels);
            }
        }
    }

    /// By subsystem that a product of factors acts on, where it leads.
    fn images(&self, factors: &[Factor]) -> Vec<(usize, Vec<bool>)> {
        let of_axis = |axis: usize| {
            let own: Vec<Factor> =
                factors.iter().filter(|f| self.axis(f.subsystem()) == axis).copied().collect();
            (!own.is_empty()).then(|| (axis, image(&self.levels[axis], &own)))
        };
        (0..self.levels.len()).filter_map(of_axis).collect()
    }

    fn permits(&self, jump: &Jump) -> bool {
        match jump {
            Jump::Collective(operator) => {
                let lives = |factors: &[Factor]| self.images(factors).iter().all(|(_, l)| l.contains(&true));
                operator.collected().terms.iter().any(|term| lives(&term.factors))
            }
            Jump::Local { ensemble, raise, lower, z } => {
                let levels = &self.levels[self.axis(Subsystem::Ensemble(*ensemble))];
                let lives = |factor| image(levels, &[factor]).contains(&true);
                z.norm_sqr() > 0.0
                    || (raise.norm_sqr() > 0.0 && lives(Factor::Raise(*ensemble)))
                    || (lower.norm_sqr() > 0.0 && lives(Factor::Lower(*ensemble)))
            }
            Jump::Dressed { .. } => true,
        }
    }
}

/// The products of factors that move a state under a model: terms of the Hamiltonian, of jumps and of decay.
pub(crate) fn products(model: &Model) -> Vec<Vec<Factor>> {
    let mut operators = vec![model.hamiltonian()];
    let mut products: Vec<Vec<Factor>> = Vec::new();
    for dissipator in model.dissipators() {
        match &dissipator.jump {
            Jump::Collective(jump) => {
                operators.push(jump.clone());
                operators.push(jump.adjoint() * jump.clone());
            }
            Jump::Local { ensemble, raise, lower, z } => {
                let parts = [raise, lower, z].iter().filter(|c| c.norm_sqr() > 0.0).count();
                for (part, factor) in [(raise, Factor::Raise(*ensemble)), (lower, Factor::Lower(*ensemble))] {
                    // Products of different parts, in the decay, move either way.
                    if part.norm_sqr() > 0.0 || parts > 1 {
                        products.push(vec![factor]);
                    }
                }
            }
            Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                let parts = [raise, lower, z].iter().filter(|c| c.norm_sqr() > 0.0).count();
                let moves = [(raise, Factor::Raise(*ensemble)), (lower, Factor::Lower(*ensemble))];
                // Products of different parts, in the decay, move either way.
                let moves =
                    moves.iter().filter(|(part, _)| part.norm_sqr() > 0.0 || parts > 1).map(|(_, f)| *f);
                let moves: Vec<Option<Factor>> = moves.map(Some).chain([None]).collect();
                for operator in [dressing.clone(), dressing.adjoint() * dressing.clone()] {
                    for term in operator.collected().terms {
                        let with =
                            |factor: &Option<Factor>| term.factors.iter().copied().chain(*factor).collect();
                        products.extend(moves.iter().map(with));
                    }
                }
            }
        }
    }
    products.extend(operators.iter().flat_map(|o| o.collected().terms).map(|term| term.factors.clone()));
    products
}

/// Where a product of factors of one subsystem leads, the rightmost acting first.
fn image(levels: &[bool], factors: &[Factor]) -> Vec<bool> {
    let shifted = |levels: Vec<bool>, factor: &Factor| {
        let from = |k: usize| k.checked_add_signed(-factor.shift() as isize);
        (0..levels.len()).map(|k| from(k).and_then(|k| levels.get(k)).copied().unwrap_or(false)).collect()
    };
    factors.iter().rev().fold(levels.to_vec(), shifted)
}
