//! Engine: truncated Wigner sampling, classical trajectories of quadratures and collective spins with quantum noise.
//!
//! ```text
//! Model --> PhaseSpace (drift, diffusion, symbols) --> Program over lanes --> samples --> Sums --> Estimates
//! ```
//! # The process
//!
//! The Wigner function of the symmetrised variables V (Q and P of modes, collective spins) obeys
//! `dW/dt = -d_i f_i W + (1/2) d_i d_k D_ik W + (third derivatives)`. Without the third derivatives it is the density of
//!
//! ```text
//! dv = f(v) dt + N^(-1/2) B(v) dW     (Ito),     B B^T = D(v)
//! ```
//! in intensive variables `v = (Q, P)/sqrt N` and `S/N`. Drift and diffusion are derived from the model by the crate `cumulant`
//! ([`superladder_cumulant::PhaseSpace`]):
//!
//! - **Modes**: what `<a>` and its symmetrised products obey. `D[a]` at rate kappa: drift `-kappa/2 v`, diffusion `kappa/2`.
//! - **Local channels** on N spins: drift `N g + R S` and diffusion `N (-R/2) - (g S^T + S g^T)` of the sums, `g` and R from `D(s) = g + R s` on one
//!   site. Per spin, emission and pumping give `D_xx = D_yy = gamma_t/4`, `D_zz = gamma_t/2 - 2 g t_z`, `D_xz = -g t_x`, `D_yz = -g t_y`, `g =
//!   (gamma_up - gamma_down)/2`. It is the average of `L(s_i s_k) - s_i L(s_k) - L(s_i) s_k` over the sites, so that it is positive where
//!   `|S| <= N/2`. A sample may be outside of that sphere; there the negative part of D is left out and counted.
//! - **Collective channels** L: diffusion `Re {v_i, L}{v_k, L}^*`, which is positive and tangential. |S| is conserved, and is put back
//!   after every part of a step: what Ito's drift takes from it, the noise gives back.
//! - **Hermitian jumps** L are white noise in the Hamiltonian: samples move along the flow of L by a random `sqrt(rate dt)`.
//!
//! Third derivatives come from terms of degree three and more; of degree-two terms of one spin they are smaller by
//! `1/N^2`. A warning names terms of degree three and more in one subsystem; channels whose D is not positive at few
//! quanta (loss in pairs) are refused.
//!
//! # The start
//!
//! Gaussian for modes, binomial for spins: site by site along the Bloch vector and across it. The length of S in
//! a pure product state without local channels is sharp, `|S|^2 = N/2 (N/2 + 1)`. Sampled spins have it on average
//! only, with a spread of relative size 1/N that dephases what the state does not; so it is set ([`SpinLength`]).
//!
//! # Averages
//!
//! Averages of samples are symmetrised moments; what another order adds is subtracted, operator by operator:
//! `<a^dag a> = <|alpha|^2> - 1/2`, `<S^+ S^-> = <S_x^2 + S_y^2> + <S_z>`. Observables that are no functions of moments are refused.
//!
//! Sources: A. Polkovnikov, Ann. Phys. 325, 1790 (2010); J. Schachenmayer, A. Pikovski and A. M. Rey, PRX 5, 011022
//! (2015); J. Huber, P. Kirton and P. Rabl, SciPost Phys. 10, 045 (2021); J. Huber et al., PRL 128, 200602
//! (2022).
#![allow(
    clippy::inline_always,
    reason = "only code inlined into a dispatched function gets its instruction set"
)]

mod checks;
mod clock;
mod engine;
mod equations;
mod error;
mod evolution;
mod instruments;
mod lanes;
mod noise;
mod options;
mod path;
mod setup;
mod start;
mod step;
#[cfg(test)]
mod tests;

pub use options::{SpinLength, SpinSampling, TruncatedWigner};
