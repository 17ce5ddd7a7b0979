//! Parts of a model whose size depends on time.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex64;

use crate::{Channel, Dissipator, Ensemble, Interaction, Jump, Mode, Model, ModelError, Operator, Subsystem};

/// A number that depends on time, with the text that it was read from.
#[derive(Clone)]
pub struct TimeFunction {
    text: Arc<str>,
    function: Arc<dyn Fn(f64) -> f64 + Send + Sync>,
}

impl TimeFunction {
    /// `function(t)`, called `text` in messages. It may give NaN where it has no value: whoever evaluates it says at
    /// which time that was.
    pub fn new(text: &str, function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self { text: text.into(), function: Arc::new(function) }
    }

    /// Its value at a time.
    pub fn at(&self, t: f64) -> f64 {
        (self.function)(t)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for TimeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeFunction({})", self.text)
    }
}

impl PartialEq for TimeFunction {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && Arc::ptr_eq(&self.function, &other.function)
    }
}

/// Intervals in which a time is divided where all of it is looked at.
const LOOKS: u32 = 1000;

/// A part of a model that follows time: the generator is
/// `L(t) = L(model) + sum_k [size_k(t) - nominal_k] L(part_k)`.
///
/// The model itself holds every part at its nominal size, which is the size where its stage starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Modulation {
    /// What follows time, in words: "rate of channel 'cavity-loss'".
    pub of: String,
    /// How large the part is.
    pub size: TimeFunction,
    /// Its size inside of the model.
    pub nominal: f64,
    /// A model of the same subsystems, with zero frequencies, in which there is this part alone, of size 1.
    pub part: Model,
    /// Whether the size may be negative: energies may, rates may not.
    pub signed: bool,
}

impl Modulation {
    /// How much the part differs from that inside of the model; NaN where its size is no finite number, or a negative
    /// rate.
    pub fn deviation(&self, t: f64) -> f64 {
        let size = self.size.at(t);
        if size.is_finite() && (self.signed || size >= 0.0) { size - self.nominal } else { f64::NAN }
    }

    /// What is missing at a time where the size `inside` is in place already; NaN as of [`Modulation::deviation`].
    pub fn beyond(&self, inside: f64, t: f64) -> f64 {
        self.deviation(t) + (self.nominal - inside)
    }

    /// The largest deviation between two times, of 1001 evenly spaced ones.
    pub fn largest_deviation(&self, start: f64, end: f64) -> f64 {
        let step = (end - start) / f64::from(LOOKS);
        (0..=LOOKS).map(|i| self.deviation(start + step * f64::from(i)).abs()).fold(0.0, f64::max)
    }

    /// What is wrong with the size at a time, if anything is.
    pub fn fault(&self, t: f64) -> Option<String> {
        let size = self.size.at(t);
        if !size.is_finite() {
            return Some(format!("{} is {size} at t = {t}, not a finite number", self.of));
        }
        (!self.signed && size < 0.0)
            .then(|| format!("{} is {size} at t = {t}, but a rate cannot be negative", self.of))
    }
}

impl Modulation {
    /// What is wrong first between two times, of 1001 evenly spaced ones, if anything is.
    pub fn first_fault(&self, start: f64, end: f64) -> Option<String> {
        (0..=LOOKS).find_map(|i| self.fault(start + (end - start) / f64::from(LOOKS) * f64::from(i)))
    }
}

impl Model {
    /// The same model with every interaction and every rate `factor` times as large.
    pub fn scaled(&self, factor: f64) -> Self {
        let interaction = |i: &Interaction| Interaction {
            operator: i.operator.clone() * Complex64::from(factor),
            ..i.clone()
        };
        let dissipator = |d: &Dissipator| Dissipator { rate: factor * d.rate, jump: d.jump.clone() };
        let channel = |c: &Channel| Channel {
            dissipators: c.dissipators.iter().map(dissipator).collect(),
            ..c.clone()
        };
        let modes = self.modes().iter().map(|m| Mode { frequency: factor * m.frequency, ..m.clone() });
        let ensembles =
            self.ensembles().iter().map(|e| Ensemble { frequency: factor * e.frequency, ..e.clone() });
        Self::of_parts(
            modes.collect(),
            ensembles.collect(),
            self.interactions().iter().map(interaction).collect(),
            self.channels().iter().map(channel).collect(),
        )
    }

    /// The subsystems of this model with zero frequencies, without interactions and channels.
    pub fn bare(&self) -> Self {
        let modes = self.modes().iter().map(|mode| Mode { frequency: 0.0, ..mode.clone() });
        let ensembles = self.ensembles().iter().map(|e| Ensemble { frequency: 0.0, ..e.clone() });
        Self::of_parts(modes.collect(), ensembles.collect(), Vec::new(), Vec::new())
    }

    /// The subsystems of this model with their frequencies, those `changed` with others, without interactions and
    /// channels.
    pub fn with_frequencies(&self, changed: &[(Subsystem, f64)]) -> Self {
        let (mut modes, mut ensembles) = (self.modes().to_vec(), self.ensembles().to_vec());
        for (subsystem, frequency) in changed {
            match *subsystem {
                Subsystem::Mode(m) => modes[m].frequency = *frequency,
                Subsystem::Ensemble(e) => ensembles[e].frequency = *frequency,
            }
        }
        Self::of_parts(modes, ensembles, Vec::new(), Vec::new())
    }

    /// The model as it is where its stage starts, whatever the time.
    pub fn constant(&self) -> Self {
        Self::of_parts(
            self.modes().to_vec(),
            self.ensembles().to_vec(),
            self.interactions().to_vec(),
            self.channels().to_vec(),
        )
    }

    /// The numbers of the dissipators whose rates the modulations are, in their order; `None` for energies.
    pub fn dissipators_in_time(&self) -> Vec<Option<usize>> {
        let mut taken: Vec<usize> = Vec::new();
        let of = |modulation: &Modulation| {
            let own = modulation.part.dissipators().next()?;
            let is_own = |(number, d): &(usize, &Dissipator)| {
                d.jump == own.jump && d.rate == modulation.nominal && !taken.contains(number)
            };
            let number = self.dissipators().enumerate().find(is_own)?.0;
            taken.push(number);
            Some(number)
        };
        self.modulations().iter().map(of).collect()
    }

    /// The model without the dissipators whose rates follow time, and without what follows time: with the parts of
    /// these rates at their sizes, and those of energies at what they differ by, it is the model at any time.
    pub fn without_rates_in_time(&self) -> Self {
        let followed = self.dissipators_in_time();
        let mut number = 0;
        let mut kept = |_: &Dissipator| {
            number += 1;
            !followed.contains(&Some(number - 1))
        };
        let mut channels = self.channels().to_vec();
        for channel in &mut channels {
            channel.dissipators.retain(&mut kept);
        }
        let (modes, ensembles) = (self.modes().to_vec(), self.ensembles().to_vec());
        Self::of_parts(modes, ensembles, self.interactions().to_vec(), channels)
    }

    /// Makes `size(t)` of what is `nominal * operator` in the Hamiltonian of this model.
    ///
    /// # Errors
    /// As [`Interaction::own`].
    pub fn with_energy_in_time(
        self,
        of: &str,
        operator: &Operator,
        size: TimeFunction,
        nominal: f64,
    ) -> Result<Self, ModelError> {
        let part = self.bare().with_interaction(Interaction::own(&self, operator)?);
        Ok(self.with_modulation(Modulation { of: of.to_owned(), size, nominal, part, signed: true }))
    }

    /// Makes `size(t)` of the rate, `nominal` in this model, of a jump.
    ///
    /// # Errors
    /// As [`Channel::own`].
    pub fn with_rate_in_time(
        self,
        of: &str,
        jump: &Jump,
        size: TimeFunction,
        nominal: f64,
    ) -> Result<Self, ModelError> {
        let dissipators = vec![Dissipator { rate: 1.0, jump: jump.clone() }];
        let part = self.bare().with_channel(Channel::own(&self, dissipators)?);
        Ok(self.with_modulation(Modulation { of: of.to_owned(), size, nominal, part, signed: false }))
    }
}
