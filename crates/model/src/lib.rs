//! What superladder simulates: bosonic modes, ensembles of spins-1/2, interactions, channels,
//! initial states and observables. Pure data and validation, no numerics.
//!
//! Conventions: hbar = 1, `S^z = sum_i sigma^z_i / 2`, `[S^+, S^-] = 2 S^z`,
//! `drho/dt = -i [H, rho] + sum_k rate_k D[L_k] rho` with
//! `D[x] rho = x rho x^dag - (x^dag x rho + rho x^dag x) / 2`.
//!
//! Channels, interactions, observables and correlations are *data* in a small closed language ([`Operator`] and [`Jump`]);
//! engines interpret the language and never know an entry by name. Each kind has one table ([`CHANNELS`],
//! [`INTERACTIONS`], [`OBSERVABLES`], [`CORRELATIONS`], [`MODE_STATES`], [`ENSEMBLE_STATES`]): adding an entry there adds it to
//! the configuration, the help and the conformance tests.

mod builder;
mod channel;
mod correlation;
mod definition;
mod error;
mod fastest;
mod given;
mod initial;
mod interaction;
mod joint;
mod jump;
mod model;
mod modulation;
mod observable;
mod operator;
mod spin_quantities;
mod split;
mod symbolic;
mod tagged;

pub use builder::ModelBuilder;
pub use channel::{CHANNELS, Channel, ChannelDefinition};
pub use correlation::{CORRELATIONS, Correlation, CorrelationDefinition};
pub use definition::{Argument, ArgumentKind, Arguments, Subject, SubjectKind, Value, nearest};
pub use error::ModelError;
pub use given::{Given, Names};
pub use initial::{
    ENSEMBLE_STATES, EnsembleState, InitialState, MODE_STATES, ModeState, StateDefinition, ensemble_state,
    mode_state,
};
pub use interaction::{INTERACTIONS, Interaction, InteractionDefinition};
pub use joint::{JointBlock, JointState};
pub use jump::{Dissipator, Jump};
pub use model::{Ensemble, Mode, Model};
pub use modulation::{Modulation, TimeFunction};
pub use observable::{
    Caption, Combine, Context, Evaluation, OBSERVABLES, Observable, ObservableDefinition, Sampled, Shape,
    StateFunction, Target, TargetKind, observables_by_name,
};
pub use operator::{Factor, Operator, Subsystem, Term};
pub use split::{Classes, Split};
pub use symbolic::{Atom, Notation, Symbolic, SymbolicModel};
