use thiserror::Error;

use crate::Closure;

/// Why moment equations cannot be derived, started or continued.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CumulantError {
    /// The derivation was ended.
    #[error("the derivation of the equations was interrupted")]
    Interrupted,
    /// The order is not one that the closure has.
    #[error("`order` of closure '{closure}' must be {allowed}, but is {order}")]
    Order {
        /// The order given.
        order: usize,
        /// Name of the closure.
        closure: &'static str,
        /// Allowed orders, in words.
        allowed: String,
    },
    /// A closure name that is not in [`crate::CLOSURES`].
    #[error("unknown closure '{name}'; known: {}", known.join(", "))]
    UnknownClosure {
        /// The name given.
        name: String,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// More modes and ensembles than the equations can number.
    #[error(
        "the model has {found} elementary variables (2 per mode, 3 per ensemble), but at most {limit} are possible"
    )]
    TooLarge {
        /// Variables of the model.
        found: usize,
        /// Largest number possible.
        limit: usize,
    },
    /// A term whose derivation has no end.
    #[error(
        "a term of the model is a product of {length} operators (in a jump those of K^dag and K are counted), but at order {order} moment equations are derived for at most {limit}; use the engine 'exact' or 'trajectories'"
    )]
    LongProduct {
        /// Number of operators.
        length: usize,
        /// Order of the equations.
        order: usize,
        /// Largest number at this order.
        limit: usize,
    },
    /// A jump of single spins together with modes, in symmetrised variables.
    #[error(
        "a dressed jump, of single spins together with modes, has equations in the closure 'sites' alone; use that, or the engine 'exact'"
    )]
    DressedJump,
    /// The model conserves no probability: a bug of the derivation, never of the model.
    #[error(
        "the derived drift of {moment} has an imaginary part {residue:e} relative to its terms; this is a bug, please report the model"
    )]
    NotReal {
        /// The moment in text form.
        moment: String,
        /// Size of the imaginary part relative to the largest coefficient.
        residue: f64,
    },
    /// The cumulants of an initial Dicke state would lose their digits.
    #[error(
        "the cumulants of a Dicke state of ensemble number {ensemble} with {size} spins lose their digits at order {order} (at most {limit} spins); start from a product state"
    )]
    DickeState {
        /// Ensemble number.
        ensemble: usize,
        /// Number of spins.
        size: usize,
        /// Order of the equations.
        order: usize,
        /// Largest number of spins at this order.
        limit: usize,
    },
    /// The closed hierarchy left every physical range.
    #[error(
        "the moments blew up at time {time} with N = {size} (order {order}, closure '{closure}'): the closed equations have no bounded solution beyond{}",
        way_out(*order, closure)
    )]
    BlowUp {
        /// Time at which the moments left every bound.
        time: f64,
        /// Spins of the largest ensemble (0 without ensembles).
        size: usize,
        /// Order of the equations.
        order: usize,
        /// Name of the closure.
        closure: &'static str,
    },
}

/// A closure that this order allows and that stays bounded where others do not.
fn way_out(order: usize, closure: &str) -> &'static str {
    let positive = Closure::Symmetrised;
    if positive.check_order(order).is_ok() && closure != positive.name() {
        "; closure 'symmetrised' keeps covariances positive"
    } else {
        ""
    }
}
