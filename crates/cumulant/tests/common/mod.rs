//! Models that walk the tables of channels and interactions, random product states and the reference model.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_engine::{End, Problem, Stage};
use superladder_model::{
    Argument, ArgumentKind, Channel, ChannelDefinition, Ensemble, EnsembleState, InitialState, Interaction,
    InteractionDefinition, Mode, ModeState, Model, SubjectKind, Value, observables_by_name,
};

/// One channel and one interaction on ensembles of the given sizes (0: absent).
#[derive(Debug, Clone)]
pub struct Case {
    pub channel: &'static str,
    pub interaction: &'static str,
    pub sizes: [usize; 2],
}

fn example(argument: &Argument, position: usize, ensemble: &str) -> Value {
    let x = 0.3 + 0.17 * position as f64;
    match argument.kind {
        ArgumentKind::Real | ArgumentKind::NonNegative | ArgumentKind::Positive => Value::Real(x),
        ArgumentKind::Count => Value::Real(1.0),
        ArgumentKind::Complex => Value::Complex(Complex64::new(x, 0.4 - 0.3 * position as f64)),
        ArgumentKind::Vector => Value::Vector([0.1, 0.2, 0.3]),
        ArgumentKind::Sum => Value::Sum(vec![
            (Complex64::new(0.7, 0.2), vec!["annihilate(a)".into()]),
            (Complex64::new(-0.1, 0.4), vec!["create(a)".into(), format!("lower({ensemble})")]),
            (Complex64::new(0.3, -0.2), Vec::new()),
        ]),
        ArgumentKind::Operators if argument.key == "dressing" => Value::Words(vec!["create(a)".into()]),
        ArgumentKind::Operators => {
            let words = ["create(a)", &format!("lower({ensemble})"), &format!("sx({ensemble})")];
            Value::Words(words.map(ToOwned::to_owned).to_vec())
        }
    }
}

fn subject(kind: SubjectKind, first: &str, second: &str) -> (Vec<String>, Vec<String>) {
    let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    match kind {
        SubjectKind::Mode => (strings(&["a"]), vec![]),
        SubjectKind::Ensemble => (vec![], strings(&[first])),
        SubjectKind::ModeAndEnsemble => (strings(&["a"]), strings(&[first])),
        SubjectKind::TwoEnsembles => (vec![], strings(&[first, second])),
        SubjectKind::TwoModes => (strings(&["a", "b"]), vec![]),
        SubjectKind::Free => (vec![], vec![]),
    }
}

impl Case {
    /// `None` if the interaction needs an ensemble that is absent.
    pub fn model(&self) -> Option<Model> {
        let interaction = InteractionDefinition::by_name(self.interaction).expect("in the table");
        if interaction.subject == SubjectKind::TwoEnsembles && self.sizes.contains(&0) {
            return None;
        }
        let mut modes = vec![Mode { name: "a".into(), frequency: 1.1 }];
        if interaction.subject == SubjectKind::TwoModes {
            modes.push(Mode { name: "b".into(), frequency: 0.6 });
        }
        let named = [("S", self.sizes[0], 0.9), ("T", self.sizes[1], 1.3)];
        let present: Vec<_> = named.into_iter().filter(|(_, n, _)| *n > 0).collect();
        let ensembles = present.iter().map(|(name, size, f)| Ensemble {
            name: (*name).into(),
            size: *size,
            frequency: *f,
        });
        let model = Model::new(modes, ensembles.collect()).expect("valid");
        let (first, last) = (present[0].0, present[present.len() - 1].0);

        let (m, e) = subject(interaction.subject, first, last);
        let arguments = interaction.arguments.iter().enumerate();
        let given: Vec<_> = arguments.map(|(i, a)| (a.key.to_owned(), example(a, i, first))).collect();
        let interaction = Interaction::new(&model, self.interaction, &m, &e, &given).expect("valid");

        let channel = ChannelDefinition::by_name(self.channel).expect("in the table");
        let (m, e) = subject(channel.subject, last, first);
        let arguments = channel.arguments.iter().enumerate();
        let given: Vec<_> = arguments.map(|(i, a)| (a.key.to_owned(), example(a, i, first))).collect();
        let channel = Channel::new(&model, self.channel, &m, &e, &given).expect("valid");
        Some(model.with_interaction(interaction).with_channel(channel))
    }
}

/// A random product state: weak displaced thermal modes, identical mixed spins (of zero polarisation if
/// `unpolarised`).
pub fn random_state(model: &Model, seed: u64, unpolarised: bool) -> InitialState {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut number = |bound: f64| random.random_range(-bound..bound);
    // Weak enough for the Fock levels that a dense matrix can hold.
    let weak = if model.modes().len() > 1 { 0.05 } else { 1.0 };
    let modes = model.modes().iter().map(|_| ModeState::DisplacedThermal {
        alpha: weak * Complex64::new(number(0.06), number(0.06)),
        occupation: weak * weak * (0.001 + 0.002 * number(1.0).abs()),
    });
    let modes = modes.collect();
    let bloch = |_| [0.0; 3].map(|_| if unpolarised { 0.0 } else { number(0.57) });
    let ensembles =
        model.ensembles().iter().map(bloch).map(|bloch| EnsembleState::Product { bloch }).collect();
    InitialState { modes, ensembles, joint: None }
}

/// The reference model (docs/EQUATIONS.md, Model) at the parameters of the L1 point, with the given lambda.
pub fn reference_model(n: usize, lambda: f64) -> Model {
    let modes = vec![Mode { name: "a".into(), frequency: 1.0 }];
    let ensemble = |name: &str| Ensemble { name: name.into(), size: n, frequency: 1.0 };
    let model = Model::new(modes, vec![ensemble("S"), ensemble("T")]).expect("valid");
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let real = |key: &str, x: f64| vec![(key.to_owned(), Value::Real(x))];
    let interactions = [
        ("dicke", names(&["a"]), names(&["S"]), lambda),
        ("tavis-cummings", names(&["a"]), names(&["T"]), 0.1),
        ("exchange", names(&[]), names(&["S", "T"]), 0.1),
    ];
    let channels = [
        ("cavity-loss", names(&["a"]), names(&[]), 0.06),
        ("pumping", names(&[]), names(&["T"]), 0.9),
        ("emission", names(&[]), names(&["T"]), 0.1),
    ];
    let mut result = model.clone();
    for (name, m, e, x) in interactions {
        let interaction = Interaction::new(&model, name, &m, &e, &real("strength", x)).expect("valid");
        result = result.with_interaction(interaction);
    }
    for (name, m, e, x) in channels {
        result = result.with_channel(Channel::new(&model, name, &m, &e, &real("rate", x)).expect("valid"));
    }
    result
}

pub fn problem(model: Model, initial: InitialState, observables: &[&str], times: Vec<f64>) -> Problem {
    let names: Vec<String> = observables.iter().map(ToString::to_string).collect();
    let observables = observables_by_name(&model, &names).expect("known");
    let cutoffs = vec![0; model.modes().len()];
    Problem {
        stages: vec![Stage { start: times[0], model }],
        initial,
        observables,
        times,
        cutoffs,
        end: End::Records,
    }
}

/// `<a> = 0.5 sqrt N`, S spins `(0.3, 0, -0.4)` (pure), T spins `(0, 0, 0.4)` (mixed); halves of Bloch
/// vectors.
pub fn reference_state(n: usize) -> InitialState {
    let product = |bloch: [f64; 3]| EnsembleState::Product { bloch };
    InitialState {
        modes: vec![ModeState::Coherent(Complex64::from(0.5 * (n as f64).sqrt()))],
        ensembles: vec![product([0.6, 0.0, -0.8]), product([0.0, 0.0, 0.8])],
        joint: None,
    }
}
