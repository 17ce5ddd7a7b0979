//! Ensembles in classes: spins that differ in frequency or coupling, each class permutation symmetric by itself.

use std::collections::BTreeMap;

use crate::{
    Channel, Dissipator, Ensemble, EnsembleState, Evaluation, Factor, InitialState, Interaction, Jump, Model,
    ModelError, Modulation, Observable, Operator, Sampled, StateFunction, Subsystem, Target, Term,
};

/// An ensemble in classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// Number of the ensemble.
    pub ensemble: usize,
    /// The classes: their sizes add up to that of the ensemble.
    pub members: Vec<Ensemble>,
    /// By number of an interaction, what the spin operators of every class are multiplied by in it (1 where it is not
    /// among them).
    pub couplings: BTreeMap<usize, Vec<f64>>,
}

/// How the ensembles of a model are split: `S^alpha = sum_k S_k^alpha` in every term, jump and observable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split {
    /// Ensembles in classes, ascending.
    pub classes: Vec<Classes>,
}

impl Split {
    fn of(&self, ensemble: usize) -> Option<&Classes> {
        self.classes.iter().find(|c| c.ensemble == ensemble)
    }

    /// The number that an ensemble, or its first class, has among those of the split model.
    fn first(&self, ensemble: usize) -> usize {
        let more = self.classes.iter().filter(|c| c.ensemble < ensemble).map(|c| c.members.len() - 1);
        ensemble + more.sum::<usize>()
    }

    /// What the spin operators of an ensemble are sums of: numbers in the split model, and weights. Those beyond the
    /// ensembles of the model are classes, as [`Split::naming`] numbers them.
    fn parts(&self, ensembles: usize, ensemble: usize, interaction: Option<usize>) -> Vec<(usize, f64)> {
        if let Some(mut beyond) = ensemble.checked_sub(ensembles) {
            for classes in &self.classes {
                if beyond < classes.members.len() {
                    return vec![(self.first(classes.ensemble) + beyond, 1.0)];
                }
                beyond -= classes.members.len();
            }
            return Vec::new();
        }
        let first = self.first(ensemble);
        let Some(classes) = self.of(ensemble) else { return vec![(first, 1.0)] };
        let weights = interaction.and_then(|number| classes.couplings.get(&number));
        let weight = |k: usize| weights.map_or(1.0, |w| w[k]);
        (0..classes.members.len()).map(|k| (first + k, weight(k))).collect()
    }

    fn operator(&self, ensembles: usize, operator: &Operator, interaction: Option<usize>) -> Operator {
        substituted(operator, |e| self.parts(ensembles, e, interaction))
    }

    fn dissipators(&self, ensembles: usize, dissipator: &Dissipator) -> Vec<Dissipator> {
        let rate = dissipator.rate;
        let of = |jump: Jump| Dissipator { rate, jump };
        let each = |e: usize| self.parts(ensembles, e, None).into_iter().map(|(k, _)| k);
        match dissipator.jump.clone() {
            Jump::Collective(operator) => {
                vec![of(Jump::Collective(self.operator(ensembles, &operator, None)))]
            }
            Jump::Local { ensemble, raise, lower, z } => {
                each(ensemble).map(|ensemble| of(Jump::Local { ensemble, raise, lower, z })).collect()
            }
            Jump::Dressed { dressing, ensemble, raise, lower, z } => each(ensemble)
                .map(|ensemble| of(Jump::Dressed { dressing: dressing.clone(), ensemble, raise, lower, z }))
                .collect(),
        }
    }

    /// The model with every class as an ensemble of its own.
    ///
    /// # Errors
    /// [`ModelError::DuplicateName`] if a class is called as another subsystem is.
    pub fn model(&self, model: &Model) -> Result<Model, ModelError> {
        let mut split = self.constant(model, true)?;
        for modulation in model.modulations() {
            let part = self.constant(&modulation.part, false)?;
            let local = part.dissipators().count() > 1;
            if !local {
                split = split.with_modulation(Modulation { part, ..modulation.clone() });
                continue;
            }
            // Every class has a rate of its own, which samples draw by itself.
            for dissipator in part.dissipators() {
                let part = part.bare().with_channel(Channel::own(&part, vec![dissipator.clone()])?);
                split = split.with_modulation(Modulation { part, ..modulation.clone() });
            }
        }
        Ok(split)
    }

    fn constant(&self, model: &Model, free: bool) -> Result<Model, ModelError> {
        let count = model.ensembles().len();
        let members = |(e, ensemble): (usize, &Ensemble)| match self.of(e) {
            Some(classes) if free => classes.members.clone(),
            Some(classes) => {
                classes.members.iter().map(|c| Ensemble { frequency: 0.0, ..c.clone() }).collect()
            }
            None => vec![ensemble.clone()],
        };
        let ensembles = model.ensembles().iter().enumerate().flat_map(members).collect();
        let mut split = Model::new(model.modes().to_vec(), ensembles)?;
        let renumbered = |subject: &crate::Subject| {
            let mut subject = subject.clone();
            subject.ensembles =
                subject.ensembles.iter().flat_map(|e| self.parts(count, *e, None)).map(|(k, _)| k).collect();
            subject
        };
        for (number, interaction) in model.interactions().iter().enumerate() {
            split = split.with_interaction(Interaction {
                name: interaction.name,
                subject: renumbered(&interaction.subject),
                // Parts that follow time are interactions of their own.
                operator: self.operator(count, &interaction.operator, free.then_some(number)),
            });
        }
        for channel in model.channels() {
            let dissipators = channel.dissipators.iter().flat_map(|d| self.dissipators(count, d)).collect();
            split = split.with_channel(Channel {
                name: channel.name,
                subject: renumbered(&channel.subject),
                dissipators,
            });
        }
        Ok(split)
    }

    /// `model` with the classes as further ensembles behind its own: what observables may name. Its energies and
    /// interactions are those of the classes.
    pub fn naming(&self, model: &Model) -> Model {
        if self.classes.is_empty() {
            return model.clone();
        }
        let mut ensembles = model.ensembles().to_vec();
        let mut begins = Vec::new();
        for classes in &self.classes {
            ensembles[classes.ensemble].frequency = 0.0;
            begins.push(ensembles.len());
            ensembles.extend(classes.members.iter().cloned());
        }
        let parts = |e: usize, number: usize| match self.classes.iter().position(|c| c.ensemble == e) {
            Some(place) => {
                let weights =
                    self.parts(model.ensembles().len(), e, Some(number)).into_iter().map(|(_, w)| w);
                weights.enumerate().map(|(k, weight)| (begins[place] + k, weight)).collect()
            }
            None => vec![(e, 1.0)],
        };
        let interaction = |(number, interaction): (usize, &Interaction)| Interaction {
            operator: substituted(&interaction.operator, |e| parts(e, number)),
            ..interaction.clone()
        };
        let interactions = model.interactions().iter().enumerate().map(interaction).collect();
        let naming =
            Model::of_parts(model.modes().to_vec(), ensembles, interactions, model.channels().to_vec());
        model.modulations().iter().cloned().fold(naming, Model::with_modulation)
    }

    /// Whether every term of an interaction has one spin operator of an ensemble, so that it has a coupling of every class.
    pub fn is_linear(operator: &Operator, ensemble: usize) -> bool {
        let own = |f: &&Factor| f.subsystem() == Subsystem::Ensemble(ensemble);
        operator.terms.iter().all(|term| term.factors.iter().filter(own).count() == 1)
    }

    /// An observable that was read with [`Split::naming`], as one of the split model: of an ensemble in classes it is that
    /// of all its spins.
    ///
    /// # Errors
    /// [`ModelError::Observable`] for functions of the state of an ensemble in classes, which has no state that is
    /// permutation symmetric.
    pub fn observable(&self, model: &Model, mut observable: Observable) -> Result<Observable, ModelError> {
        if self.classes.is_empty() {
            return Ok(observable);
        }
        let count = model.ensembles().len();
        let all = |operators: &[Operator]| operators.iter().map(|o| self.operator(count, o, None)).collect();
        let name = observable.name.clone();
        let one = |e: usize| -> Result<usize, ModelError> {
            let refused = |classes: &Classes| ModelError::Observable {
                text: name.clone(),
                reason: format!(
                    "is a function of the state of one permutation-symmetric ensemble, but '{}' is split into {}: name one of \
                     these",
                    model.ensembles()[e].name,
                    names(&classes.members),
                ),
            };
            match self.of(e) {
                Some(classes) => Err(refused(classes)),
                None => Ok(self.parts(count, e, None).first().map_or(e, |(k, _)| *k)),
            }
        };
        let subsystem = |s: Subsystem| match s {
            Subsystem::Mode(m) => Ok(Subsystem::Mode(m)),
            Subsystem::Ensemble(e) => one(e).map(Subsystem::Ensemble),
        };
        let whole = |s: Subsystem| match s {
            Subsystem::Ensemble(e) => {
                Subsystem::Ensemble(self.parts(count, e, None).first().map_or(e, |(k, _)| *k))
            }
            Subsystem::Mode(_) => s,
        };
        observable.evaluation = match observable.evaluation {
            Evaluation::Moments { operators, combine, context } => {
                Evaluation::Moments { operators: all(&operators), combine, context }
            }
            Evaluation::Sampled(sampled) => {
                Evaluation::Sampled(Sampled { operators: all(&sampled.operators), ..sampled })
            }
            Evaluation::State(function) => Evaluation::State(match function {
                StateFunction::LadderDistribution(e) => StateFunction::LadderDistribution(one(e)?),
                StateFunction::ReducedPurity(s) => StateFunction::ReducedPurity(subsystem(s)?),
                StateFunction::ReducedEntropy(s) => StateFunction::ReducedEntropy(subsystem(s)?),
                StateFunction::ReducedState(s) => StateFunction::ReducedState(subsystem(s)?),
                StateFunction::PhotonDistribution(_)
                | StateFunction::TopPopulation(_)
                | StateFunction::Purity
                | StateFunction::Entropy => function,
            }),
        };
        observable.target = match observable.target {
            Target::System => Target::System,
            Target::One(s) => Target::One(whole(s)),
            Target::Two(a, b) => Target::Two(whole(a), whole(b)),
        };
        Ok(observable)
    }

    /// The product state of the classes that a product state of the ensembles is.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for a Dicke state of an ensemble in classes, which is none of its classes.
    pub fn initial(&self, model: &Model, initial: InitialState) -> Result<InitialState, ModelError> {
        let mut ensembles = Vec::new();
        for (e, state) in initial.ensembles.iter().enumerate() {
            let Some(classes) = self.of(e) else {
                ensembles.push(*state);
                continue;
            };
            let size = model.ensembles()[e].size;
            let of_class = |class: &Ensemble| match *state {
                // All spins up or down: so are those of every class.
                EnsembleState::Dicke { twice_j, twice_m }
                    if twice_j == size && twice_m.unsigned_abs() == size as u64 =>
                {
                    let twice_m = twice_m.signum() * class.size as i64;
                    Some(EnsembleState::Dicke { twice_j: class.size, twice_m })
                }
                EnsembleState::Dicke { .. } => None,
                _ => Some(*state),
            };
            let all: Option<Vec<EnsembleState>> = classes.members.iter().map(of_class).collect();
            ensembles.extend(all.ok_or_else(|| ModelError::OutOfRange {
                key: "state".into(),
                of: format!("initial state of ensemble '{}'", model.ensembles()[e].name),
                value: "a Dicke state, in which the spins of different classes are correlated,".into(),
                allowed:
                    "a product state, where the ensemble is split: down, up, spin-coherent or product".into(),
            })?);
        }
        Ok(InitialState { ensembles, ..initial })
    }
}

/// An operator with sums over the ensembles that `parts` gives, with weights, for the spin operators of every ensemble.
fn substituted(operator: &Operator, parts: impl Fn(usize) -> Vec<(usize, f64)>) -> Operator {
    let sum = |factor: &Factor| -> Operator {
        let Subsystem::Ensemble(e) = factor.subsystem() else { return Operator::product(&[*factor]) };
        let term =
            |(k, weight): (usize, f64)| Term { coefficient: weight.into(), factors: vec![factor.of(k)] };
        Operator { terms: parts(e).into_iter().map(term).collect() }
    };
    let product = |term: &Term| {
        let all = term.factors.iter().map(sum).fold(Operator::identity(), |product, sum| product * sum);
        all * term.coefficient
    };
    operator.terms.iter().map(product).fold(Operator::zero(), |sum, term| sum + term)
}

/// Names of classes, the middle left out where there are many.
fn names(members: &[Ensemble]) -> String {
    let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
    match names.as_slice() {
        [first, .., last] if names.len() > 8 => format!("{first} ... {last}"),
        names => names.join(", "),
    }
}

impl Factor {
    /// The same operator of another mode or ensemble.
    fn of(self, number: usize) -> Self {
        match self {
            Self::Annihilate(_) => Self::Annihilate(number),
            Self::Create(_) => Self::Create(number),
            Self::Lower(_) => Self::Lower(number),
            Self::Raise(_) => Self::Raise(number),
            Self::Sz(_) => Self::Sz(number),
        }
    }
}
