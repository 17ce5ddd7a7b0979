//! The jump operators of a model, by the measurement of its environment.

use num_complex::Complex64;
use superladder_model::{Jump, Model, Operator};
use superladder_sampling::Unravelling;

use crate::products::Local;

/// A jump operator before it is cut into branches.
pub(crate) enum Escape {
    Collective(Operator),
    Local { ensemble: usize, local: Local },
    Dressed { dressing: Operator, ensemble: usize, local: Local },
}

/// All jump operators of a model with the numbers of their dissipators, square roots of the rates included; losses of
/// modes as their detectors count them ([`Unravelling::detected`]).
pub(crate) fn escapes(model: &Model, unravelling: Unravelling) -> Vec<(usize, Escape)> {
    let mut escapes = Vec::new();
    for (number, dissipator) in model.dissipators().enumerate().filter(|(_, d)| d.rate > 0.0) {
        let root = dissipator.rate.sqrt();
        match &dissipator.jump {
            Jump::Local { ensemble, raise, lower, z } => {
                let local = Local::new(raise * root, lower * root, 2.0 * z * root);
                escapes.push((number, Escape::Local { ensemble: *ensemble, local }));
            }
            Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                let local = Local::new(raise * root, lower * root, 2.0 * z * root);
                let (dressing, ensemble) = (dressing.clone(), *ensemble);
                escapes.push((number, Escape::Dressed { dressing, ensemble, local }));
            }
            Jump::Collective(operator) => {
                let jump = operator.clone() * Complex64::from(root);
                let detected = unravelling.detected(jump).into_iter();
                escapes.extend(detected.map(|jump| (number, Escape::Collective(jump))));
            }
        }
    }
    escapes
}
