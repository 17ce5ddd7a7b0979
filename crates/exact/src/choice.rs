//! The generator that the options ask for.

use superladder_engine::{EngineError, Halt};
use superladder_propagate::LinearOperator;

use crate::assembled::AssembledOperator;
use crate::error::INTERRUPTED;
use crate::generator::{Elements, Lindbladian};
use crate::options::{Exact, Generator};
use crate::setting::Setting;

/// The generator of a stage as the options ask for it.
pub(crate) fn build_generator(
    options: &Exact,
    setting: &Setting,
    elements: &Elements,
    halt: &dyn Halt,
) -> Result<Box<dyn LinearOperator>, EngineError> {
    let Setting { space, layout, .. } = setting;
    Ok(match options.generator {
        Generator::MatrixFree => Box::new(Lindbladian::new_while(layout, elements, halt).ok_or(INTERRUPTED)?),
        Generator::Assembled => {
            Box::new(AssembledOperator::new_while(space, layout, elements, halt).ok_or(INTERRUPTED)?)
        }
    })
}
