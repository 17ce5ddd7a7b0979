//! A model as a sum of parts whose sizes have names.

use num_complex::Complex64;

use super::Symbolic;
use crate::{Channel, Dissipator, Interaction, Jump, Model, ModelError, Modulation, Operator, TimeFunction};

/// A model as `sum_k c_k L(part_k)`, the sizes c written with the names that a study gives its numbers.
#[derive(Debug, Clone, Default)]
pub struct SymbolicModel {
    /// The size of every ensemble: a single product.
    pub sizes: Vec<Symbolic>,
    /// Sizes of parts, and models that hold one part alone, of size 1.
    pub parts: Vec<(Symbolic, Model)>,
    /// What names stand for, one line each.
    pub legend: Vec<(Symbolic, String)>,
}

impl SymbolicModel {
    /// Adds `size * operator` to the Hamiltonian of `model`.
    ///
    /// # Errors
    /// As [`Interaction::own`].
    pub fn add_energy(
        &mut self,
        model: &Model,
        size: Symbolic,
        operator: &Operator,
    ) -> Result<(), ModelError> {
        if !size.is_zero() && !operator.terms.is_empty() {
            let part = model.bare().with_interaction(Interaction::own(model, operator)?);
            self.parts.push((size, part));
        }
        Ok(())
    }

    /// Adds `size * D[jump]` to the dissipators of `model`.
    ///
    /// # Errors
    /// As [`Channel::own`].
    pub fn add_jump(&mut self, model: &Model, size: Symbolic, jump: &Jump) -> Result<(), ModelError> {
        if !size.is_zero() {
            let channel = Channel::own(model, vec![Dissipator { rate: 1.0, jump: jump.clone() }])?;
            self.parts.push((size, model.bare().with_channel(channel)));
        }
        Ok(())
    }

    /// `model`, which this is in names, with its parts as modulations: for whoever derives something from every part.
    pub fn in_parts(&self, model: &Model) -> Model {
        let modulation = |(size, part): &(Symbolic, Model)| {
            let nominal = size.value().re;
            let function = TimeFunction::new("", move |_| nominal);
            Modulation { of: String::new(), size: function, nominal, part: part.clone(), signed: true }
        };
        self.parts.iter().map(modulation).fold(model.constant(), Model::with_modulation)
    }

    /// `prod_e size_e^(p_e)`.
    pub fn size_powers(&self, powers: &[u8]) -> Symbolic {
        let power =
            |(size, p): (&Symbolic, &u8)| size.power(2 * i32::from(*p)).unwrap_or_else(|| size.clone());
        let one = Symbolic::number(Complex64::ONE);
        self.sizes.iter().zip(powers).map(power).fold(one, |product, factor| product.times(&factor))
    }
}
