//! Models that walk the tables of channels and interactions: one of each, on one or two ensembles.

use num_complex::Complex64;
use superladder_model::{
    Argument, ArgumentKind, CHANNELS, Channel, ChannelDefinition, Ensemble, EnsembleState, INTERACTIONS,
    InitialState, Interaction, InteractionDefinition, Mode, ModeState, Model, ModelError, SubjectKind, Value,
};

/// Sizes (N_S, N_T) of the two ensembles that conformance checks walk; 0 means absent.
pub const CASE_SIZES: [(usize, usize); 6] = [(1, 1), (2, 1), (2, 2), (2, 3), (3, 0), (0, 3)];

/// One channel and one interaction on ensembles S and T of the given sizes.
#[derive(Debug, Clone)]
pub struct Case {
    /// Name of the channel.
    pub channel: &'static str,
    /// Name of the interaction.
    pub interaction: &'static str,
    /// Sizes of S and T; 0 means absent.
    pub sizes: (usize, usize),
    two_modes: bool,
}

/// All pairs of table entries whose subjects exist for ensembles of these sizes.
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

impl Case {
    /// The model, with an example value for every argument.
    ///
    /// # Errors
    /// [`ModelError`] when an entry of the tables rejects its example.
    pub fn model(&self) -> Result<Model, ModelError> {
        let mut modes = vec![Mode { name: "a".into(), frequency: 1.1 }];
        if self.two_modes {
            modes.push(Mode { name: "b".into(), frequency: 0.6 });
        }
        let named = [("S", self.sizes.0, 0.9), ("T", self.sizes.1, 1.3)];
        let present: Vec<_> = named.into_iter().filter(|(_, n, _)| *n > 0).collect();
        let ensemble = |(name, size, frequency): &(&str, usize, f64)| Ensemble {
            name: (*name).to_owned(),
            size: *size,
            frequency: *frequency,
        };
        let model = Model::new(modes, present.iter().map(ensemble).collect())?;
        let (first, last) = (present[0].0, present[present.len() - 1].0);

        let definition = InteractionDefinition::by_name(self.interaction)?;
        let (m, e) = subject(definition.subject, first, last);
        let given = examples(definition.arguments, first);
        let interaction = Interaction::new(&model, self.interaction, &m, &e, &given)?;

        let definition = ChannelDefinition::by_name(self.channel)?;
        let (m, e) = subject(definition.subject, last, first);
        let channel = Channel::new(&model, self.channel, &m, &e, &examples(definition.arguments, last))?;
        Ok(model.with_interaction(interaction).with_channel(channel))
    }

    /// Fock cutoffs small enough for the dense reference.
    pub fn cutoffs(&self) -> Vec<usize> {
        if self.two_modes { vec![2, 1] } else { vec![2] }
    }

    /// A product state that populates every ladder, also without local channels.
    pub fn initial(&self) -> InitialState {
        let ensembles = usize::from(self.sizes.0 > 0) + usize::from(self.sizes.1 > 0);
        InitialState {
            modes: vec![ModeState::Coherent(Complex64::new(0.2, 0.1)); self.cutoffs().len()],
            ensembles: vec![EnsembleState::Product { bloch: [0.3, -0.2, 0.4] }; ensembles],
            joint: None,
        }
    }
}

fn examples(arguments: &[Argument], ensemble: &str) -> Vec<(String, Value)> {
    arguments.iter().enumerate().map(|(i, a)| (a.key.to_owned(), example(a, i, ensemble))).collect()
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
            Value::Words(vec!["create(a)".into(), format!("lower({ensemble})"), format!("sx({ensemble})")])
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
