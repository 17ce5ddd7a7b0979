//! Models in Rust that read like study files.

use crate::{
    Channel, ChannelDefinition, Dissipator, Ensemble, Given, Interaction, InteractionDefinition, Jump, Mode,
    Model, ModelError, Names, Operator,
};

/// A model in the making, see [`Model::builder`]. Nothing is looked up or checked before
/// [`ModelBuilder::build`].
#[derive(Debug, Clone, Default)]
pub struct ModelBuilder {
    modes: Vec<Mode>,
    ensembles: Vec<Ensemble>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
enum Entry {
    Interaction(String, Names, Given),
    Channel(String, Names, Given),
    Term(Operator),
    Jump(f64, Jump),
}

impl ModelBuilder {
    /// A bosonic mode with energy `frequency a^dag a`. Modes are numbered 0, 1, ... in the order of these
    /// calls.
    pub fn mode(mut self, name: &str, frequency: f64) -> Self {
        self.modes.push(Mode { name: name.to_owned(), frequency });
        self
    }

    /// An ensemble of `size` spins-1/2 with energy `frequency S^z`. Ensembles are numbered 0, 1, ... in the
    /// order of these calls.
    pub fn ensemble(mut self, name: &str, size: usize, frequency: f64) -> Self {
        self.ensembles.push(Ensemble { name: name.to_owned(), size, frequency });
        self
    }

    /// An entry of [`crate::INTERACTIONS`] on the named subsystems: `.interaction("dicke", ["a", "S"], 0.2)`.
    pub fn interaction(mut self, kind: &str, on: impl Into<Names>, given: impl Into<Given>) -> Self {
        self.entries.push(Entry::Interaction(kind.to_owned(), on.into(), given.into()));
        self
    }

    /// An entry of [`crate::CHANNELS`] on the named subsystem: `.channel("cavity-loss", "a", 0.06)` or
    /// `.channel("thermal-bath", "a", [("rate", 0.06), ("occupation", 1.5)])`.
    pub fn channel(mut self, kind: &str, on: impl Into<Names>, given: impl Into<Given>) -> Self {
        self.entries.push(Entry::Channel(kind.to_owned(), on.into(), given.into()));
        self
    }

    /// A term of the Hamiltonian of one's own, a Hermitian [`Operator`], taken as it is: no `1/sqrt N` is put
    /// in.
    pub fn hamiltonian(mut self, term: Operator) -> Self {
        self.entries.push(Entry::Term(term));
        self
    }

    /// A jump of one's own, `rate D[jump]`: an [`Operator`], or [`Jump::local`] for the same jump on every
    /// spin.
    pub fn jump(mut self, rate: f64, jump: impl Into<Jump>) -> Self {
        self.entries.push(Entry::Jump(rate, jump.into()));
        self
    }

    /// Looks everything up in the tables and checks it.
    ///
    /// # Errors
    /// [`ModelError`]: a name that is not known (with the nearest one), a value out of range, an entry on
    /// subsystems that it does not act on, a term that is not Hermitian, a number of a mode or an ensemble
    /// that the model does not have.
    pub fn build(self) -> Result<Model, ModelError> {
        let model = Model::new(self.modes, self.ensembles)?;
        self.entries.into_iter().try_fold(model, |model, entry| entry.add_to(model))
    }
}

impl Entry {
    fn add_to(self, model: Model) -> Result<Model, ModelError> {
        match self {
            Self::Interaction(kind, on, given) => {
                let given = given.by_key(InteractionDefinition::by_name(&kind)?.arguments);
                let (modes, ensembles) = on.sorted(&model)?;
                let interaction = Interaction::new(&model, &kind, &modes, &ensembles, &given)?;
                Ok(model.with_interaction(interaction))
            }
            Self::Channel(kind, on, given) => {
                let given = given.by_key(ChannelDefinition::by_name(&kind)?.arguments);
                let (modes, ensembles) = on.sorted(&model)?;
                let channel = Channel::new(&model, &kind, &modes, &ensembles, &given)?;
                Ok(model.with_channel(channel))
            }
            Self::Term(operator) => {
                let interaction = Interaction::own(&model, &operator)?;
                Ok(model.with_interaction(interaction))
            }
            Self::Jump(rate, jump) => {
                let channel = Channel::own(&model, vec![Dissipator { rate, jump }])?;
                Ok(model.with_channel(channel))
            }
        }
    }
}
