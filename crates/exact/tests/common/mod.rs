//! Models that walk the tables of channels and interactions, and random states.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

pub mod reference;

use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_engine::{Problem, Stage};
use superladder_model::{
    ArgumentKind, CHANNELS, Channel, ChannelDefinition, Ensemble, EnsembleState, INTERACTIONS, InitialState,
    Interaction, InteractionDefinition, Mode, ModeState, Model, SubjectKind, Value,
};
use superladder_space::Space;

pub const SIZES: [(usize, usize); 6] = [(1, 1), (2, 1), (2, 2), (2, 3), (3, 0), (0, 3)];

/// One channel and one interaction on ensembles of the given sizes (0: absent).
#[derive(Debug, Clone)]
pub struct Case {
    pub channel: &'static str,
    pub interaction: &'static str,
    pub sizes: (usize, usize),
    two_modes: bool,
}

/// All pairs of table entries whose subjects exist.
pub fn cases(sizes: (usize, usize)) -> Vec<Case> {
    let both = sizes.0 > 0 && sizes.1 > 0;
    let mut all = Vec::new();
    for interaction in INTERACTIONS.iter().filter(|i| both || i.subject != SubjectKind::TwoEnsembles) {
        for channel in CHANNELS {
            let two_modes = interaction.subject == SubjectKind::TwoModes;
            all.push(Case { channel: channel.name, interaction: interaction.name, sizes, two_modes });
        }
    }
    all
}

fn example(kind: ArgumentKind, position: usize) -> Value {
    let x = 0.3 + 0.17 * position as f64;
    match kind {
        ArgumentKind::Real | ArgumentKind::NonNegative | ArgumentKind::Positive => Value::Real(x),
        ArgumentKind::Count => Value::Real(1.0),
        ArgumentKind::Complex => Value::Complex(Complex64::new(x, 0.4 - 0.3 * position as f64)),
        ArgumentKind::Vector => Value::Vector([0.1, 0.2, 0.3]),
        ArgumentKind::Operators => Value::Words(vec!["create(a)".into(), "lower(E)".into(), "sx(E)".into()]),
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
    pub fn model(&self) -> Model {
        let mut modes = vec![Mode { name: "a".into(), frequency: 1.1 }];
        if self.two_modes {
            modes.push(Mode { name: "b".into(), frequency: 0.6 });
        }
        let named = [("S", self.sizes.0, 0.9), ("T", self.sizes.1, 1.3)];
        let present: Vec<_> = named.into_iter().filter(|(_, n, _)| *n > 0).collect();
        let ensembles = present.iter().map(|(name, size, f)| Ensemble {
            name: (*name).into(),
            size: *size,
            frequency: *f,
        });
        let model = Model::new(modes, ensembles.collect()).expect("valid");
        let (first, last) = (present[0].0, present[present.len() - 1].0);

        let definition = InteractionDefinition::by_name(self.interaction).expect("in the table");
        let (m, e) = subject(definition.subject, first, last);
        let given: Vec<(String, Value)> = definition
            .arguments
            .iter()
            .enumerate()
            .map(|(i, a)| {
                let value = match example(a.kind, i) {
                    Value::Words(words) => {
                        Value::Words(words.iter().map(|w| w.replace('E', first)).collect())
                    }
                    other => other,
                };
                (a.key.to_owned(), value)
            })
            .collect();
        let interaction = Interaction::new(&model, self.interaction, &m, &e, &given).expect("valid");

        let definition = ChannelDefinition::by_name(self.channel).expect("in the table");
        let (m, e) = subject(definition.subject, last, first);
        let given: Vec<(String, Value)> = definition
            .arguments
            .iter()
            .enumerate()
            .map(|(i, a)| (a.key.to_owned(), example(a.kind, i)))
            .collect();
        let channel = Channel::new(&model, self.channel, &m, &e, &given).expect("valid");
        model.with_interaction(interaction).with_channel(channel)
    }

    pub fn problem(&self) -> Problem {
        let model = self.model();
        let modes = model.modes().len();
        // Mixed product states populate every ladder also without local channels.
        let ensembles =
            model.ensembles().iter().map(|_| EnsembleState::Product { bloch: [0.3, -0.2, 0.4] }).collect();
        let initial =
            InitialState { modes: vec![ModeState::Coherent(Complex64::new(0.2, 0.1)); modes], ensembles };
        Problem {
            stages: vec![Stage { start: 0.0, model }],
            initial,
            observables: Vec::new(),
            times: vec![0.0, 1.0],
            cutoffs: if modes == 2 { vec![2, 1] } else { vec![2] },
        }
    }
}

/// A random Hermitian matrix per sector (row-major), of entries of order 1.
pub fn random_state(space: &Space, seed: u64) -> Vec<Vec<Complex64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut number = move || random.random_range(-1.0..1.0);
    space
        .sectors()
        .iter()
        .map(|sector| {
            let dim = sector.dim();
            let mut matrix = vec![Complex64::ZERO; dim * dim];
            for i in 0..dim {
                matrix[i * dim + i] = Complex64::from(number());
                for j in i + 1..dim {
                    let value = Complex64::new(number(), number());
                    matrix[i * dim + j] = value;
                    matrix[j * dim + i] = value.conj();
                }
            }
            matrix
        })
        .collect()
}
