//! The jump operators of a model, by the measurement of its environment.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator};

use crate::options::Unravelling;
use crate::products::Local;

/// A jump operator before it is cut into branches.
pub(crate) enum Escape {
    Collective(Operator),
    Local { ensemble: usize, local: Local },
    Dressed { dressing: Operator, ensemble: usize, local: Local },
}

/// Whether a jump is the loss of quanta of a mode: a multiple of one annihilation operator.
pub(crate) fn is_loss(operator: &Operator) -> bool {
    let terms = operator.collected().terms;
    matches!(terms.as_slice(), [term] if matches!(term.factors.as_slice(), [Factor::Annihilate(_)]))
}

/// All jump operators of a model with the numbers of their dissipators, square roots of the rates included.
///
/// Heterodyne detection replaces every jump K of a mode's loss by the four `(K + i^q beta) / 2`, q = 0..3, of
/// an eight-port detector with a local oscillator of flux `beta^2`. `sum_q i^q = 0`, so the master equation
/// is the same for every beta: no bias, only the single trajectories become diffusive as beta grows. Homodyne detection
/// has the two ports `(K + beta)/sqrt 2` and `(K - beta)/sqrt 2`, beta with the phase of the quadrature.
///
/// Source: H. M. Wiseman and G. J. Milburn, Quantum Measurement and Control (2010), chapter 4.
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
                let Some((ports, flux)) = unravelling.ports().filter(|_| is_loss(operator)) else {
                    escapes.push((number, Escape::Collective(jump)));
                    continue;
                };
                let part = (ports.len() as f64).sqrt().recip();
                for phase in ports {
                    let light = Operator::identity() * (phase * part * flux.sqrt());
                    escapes.push((number, Escape::Collective(jump.clone() * Complex64::from(part) + light)));
                }
            }
        }
    }
    escapes
}
