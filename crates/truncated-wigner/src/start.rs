//! The start: samples of the Wigner function of a product state.
//!
//! ```text
//! mode        Q, P normal with the variance 1/2 + occupation about the means
//! ensemble    along r: N_+ - N/2, N_+ binomial with (1 + |r|)/2; across: two binomials with 1/2 each
//! sharp       then |S| = sqrt(J (J + 1)), J = N/2
//! ```
//! Each spin along its Bloch vector r and across it is +-1/2 (the discrete Wigner function; J. Schachenmayer, A.
//! Pikovski and A. M. Rey, PRX 5, 011022 (2015)); only sums are followed, which are binomial.

use num_complex::Complex64;
use superladder_engine::{EngineError, Problem};
use superladder_model::{EnsembleState, ModeState, Model, Subsystem};
use superladder_sampling::Stream;

use crate::error::unsupported;
use crate::options::{SpinLength, SpinSampling};

/// Bloch vectors count as pure within this (mean-field solutions keep their length to their tolerance only).
const PURE: f64 = 1e-6;

/// How a mode starts: means of Q and P, and their standard deviation.
#[derive(Debug, Clone, Copy)]
struct ModeStart {
    mean: [f64; 2],
    deviation: f64,
}

/// How an ensemble starts.
#[derive(Debug, Clone)]
struct SpinStart {
    size: usize,
    /// Length of the Bloch vector.
    length: f64,
    /// Orthonormal: along the Bloch vector, then across.
    frame: [[f64; 3]; 3],
    /// |S| of every sample, where it is sharp.
    sharp: Option<f64>,
}

/// The distribution that samples start from.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    modes: Vec<ModeStart>,
    spins: Vec<SpinStart>,
    sampling: SpinSampling,
    /// What turns Q and P, and spins, into the intensive variables.
    scales: [f64; 2],
}

/// By ensemble, whether no stage has a local channel on it, so that |S| is conserved.
pub(crate) fn conserved(problem: &Problem) -> Vec<bool> {
    let is_local = |model: &Model, e: usize| model.dissipators().any(|d| d.jump.local_ensemble() == Some(e));
    let ensembles = 0..problem.model().ensembles().len();
    ensembles.map(|e| !problem.models().iter().any(|model| is_local(model, e))).collect()
}

impl Start {
    /// Of the initial state of a problem, with intensive variables of scale N.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for states whose Wigner function is not positive, by name.
    pub(crate) fn new(
        problem: &Problem,
        scale: f64,
        sampling: SpinSampling,
        length: SpinLength,
    ) -> Result<Self, EngineError> {
        let model = problem.model();
        let modes = problem.initial.modes.iter().enumerate();
        let modes = modes.map(|(m, state)| mode(state, model.name(Subsystem::Mode(m))));
        let kept = conserved(problem);
        let spins = problem.initial.ensembles.iter().enumerate().map(|(e, state)| {
            let (size, name) = (model.ensembles()[e].size, model.name(Subsystem::Ensemble(e)));
            spin(state, size, name).map(|start| {
                let pure = start.length > 1.0 - PURE && kept[e] && length == SpinLength::Sharp;
                let half = 0.5 * size as f64;
                SpinStart { sharp: pure.then(|| (half * (half + 1.0)).sqrt()), ..start }
            })
        });
        Ok(Self {
            modes: modes.collect::<Result<_, _>>()?,
            spins: spins.collect::<Result<_, _>>()?,
            sampling,
            scales: [1.0 / scale.sqrt(), 1.0 / scale],
        })
    }

    /// Draws the intensive variables of a sample.
    pub(crate) fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut v = Vec::with_capacity(2 * self.modes.len() + 3 * self.spins.len());
        for ModeStart { mean, deviation } in &self.modes {
            let noise = stream.normal_pair();
            v.extend((0..2).map(|k| self.scales[0] * (mean[k] + deviation * noise[k])));
        }
        for spin in &self.spins {
            v.extend(spin.draw(self.sampling, stream).map(|s| s * self.scales[1]));
        }
        v
    }

    /// The intensive means of the state.
    pub(crate) fn means(&self) -> Vec<f64> {
        let modes = self.modes.iter().flat_map(|m| m.mean.map(|x| x * self.scales[0]));
        let spins = self.spins.iter().flat_map(|s| {
            let along = 0.5 * s.size as f64 * s.length * self.scales[1];
            s.frame[0].map(|x| along * x)
        });
        modes.chain(spins).collect()
    }
}

impl SpinStart {
    /// x, y, z of the collective spin.
    fn draw(&self, sampling: SpinSampling, stream: &mut Stream) -> [f64; 3] {
        let (n, up) = (self.size as u64, 0.5 * (1.0 + self.length));
        let half = 0.5 * self.size as f64;
        let own = match sampling {
            SpinSampling::Discrete => [up, 0.5, 0.5].map(|p| stream.binomial(n, p) as f64 - half),
            SpinSampling::Gaussian => {
                let ([along, first], [second, _]) = (stream.normal_pair(), stream.normal_pair());
                let across = (0.5 * half).sqrt();
                let spread = across * (1.0 - self.length * self.length).max(0.0).sqrt();
                [half * self.length + spread * along, across * first, across * second]
            }
        };
        let norm = own.iter().map(|x| x * x).sum::<f64>().sqrt();
        let factor = self.sharp.map_or(1.0, |length| length / norm);
        std::array::from_fn(|k| (0..3).map(|a| factor * own[a] * self.frame[a][k]).sum())
    }
}

fn mode(state: &ModeState, name: &str) -> Result<ModeStart, EngineError> {
    let of = |alpha: Complex64, occupation: f64| {
        let root = std::f64::consts::SQRT_2;
        ModeStart { mean: [root * alpha.re, root * alpha.im], deviation: (0.5 + occupation).sqrt() }
    };
    match *state {
        ModeState::Fock(0) => Ok(of(Complex64::ZERO, 0.0)),
        ModeState::Coherent(alpha) => Ok(of(alpha, 0.0)),
        ModeState::DisplacedThermal { alpha, occupation } => Ok(of(alpha, occupation)),
        ModeState::Fock(n) => Err(unsupported(format!(
            "mode '{name}' starts in the Fock state with n = {n}, whose Wigner function is negative in places; start from a \
             vacuum, coherent, thermal or displaced-thermal state, or use the engine 'exact' or 'trajectories'"
        ))),
    }
}

fn spin(state: &EnsembleState, size: usize, name: &str) -> Result<SpinStart, EngineError> {
    match *state {
        EnsembleState::Dicke { twice_j, twice_m }
            if twice_j != size || twice_m.unsigned_abs() as usize != size =>
        {
            return Err(unsupported(format!(
                "ensemble '{name}' starts in the Dicke state with j = {}, m = {}, which is no product of spins and has no \
                 positive Wigner function; start from 'down', 'up', 'spin-coherent' or 'product', or use the engine 'exact' or \
                 'trajectories'",
                0.5 * twice_j as f64,
                0.5 * twice_m as f64
            )));
        }
        EnsembleState::Dicke { .. } | EnsembleState::SpinCoherent { .. } | EnsembleState::Product { .. } => {}
    }
    let bloch = state.mean_spin(size).map(|x| 2.0 * x);
    let length = bloch.iter().map(|x| x * x).sum::<f64>().sqrt();
    let along = if length > 0.0 { bloch.map(|x| x / length) } else { [0.0, 0.0, 1.0] };
    let length = if length > 1.0 - PURE { 1.0 } else { length };
    Ok(SpinStart { size, length, frame: frame(along), sharp: None })
}

/// An orthonormal frame that begins with `z`.
fn frame(z: [f64; 3]) -> [[f64; 3]; 3] {
    let cross = |a: [f64; 3], b: [f64; 3]| {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    };
    let far = if z[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let x = cross(far, z);
    let norm = x.iter().map(|c| c * c).sum::<f64>().sqrt();
    let x = x.map(|c| c / norm);
    [z, x, cross(z, x)]
}

#[cfg(test)]
mod tests {
    use superladder_model::Model;

    use super::*;

    /// Means and second moments of the collective spin over many draws.
    fn moments(start: &SpinStart, sampling: SpinSampling) -> ([f64; 3], [[f64; 3]; 3]) {
        let mut stream = Stream::new(7, 0);
        let (mut mean, mut second, draws) = ([0.0; 3], [[0.0; 3]; 3], 100_000);
        for _ in 0..draws {
            let s = start.draw(sampling, &mut stream);
            for i in 0..3 {
                mean[i] += s[i] / f64::from(draws);
                (0..3).for_each(|k| second[i][k] += s[i] * s[k] / f64::from(draws));
            }
        }
        (mean, second)
    }

    #[test]
    fn spins_have_the_moments_of_their_state() {
        let bloch = [0.3, -0.4, 0.5];
        let start = spin(&EnsembleState::Product { bloch }, 12, "T").expect("a product");
        for sampling in [SpinSampling::Discrete, SpinSampling::Gaussian] {
            let (mean, second) = moments(&start, sampling);
            for i in 0..3 {
                assert!((mean[i] - 6.0 * bloch[i]).abs() < 0.03, "{sampling:?}: {mean:?}");
                for k in 0..3 {
                    // N/4 (delta - r r) about the mean.
                    let own = if i == k { 3.0 } else { 0.0 };
                    let expected = own - 3.0 * bloch[i] * bloch[k] + 36.0 * bloch[i] * bloch[k];
                    assert!((second[i][k] - expected).abs() < 0.15, "{sampling:?}: {second:?}");
                }
            }
        }
    }

    #[test]
    fn the_length_is_sharp_where_it_is_kept() {
        let draw = |channel: &str, length| {
            let model = Model::builder().ensemble("S", 6, 1.0);
            let model = if channel.is_empty() { model } else { model.channel(channel, "S", 0.1) };
            let model = model.build().expect("valid");
            let builder =
                Problem::builder(&model).initial("S", "spin-coherent", [("theta", 1.0), ("phi", 0.3)]);
            let problem = builder.times(0.0, 1.0, 2).build().expect("valid");
            let start = Start::new(&problem, 6.0, SpinSampling::Discrete, length).expect("positive");
            let v = start.draw(&mut Stream::new(1, 5));
            36.0 * v.iter().map(|x| x * x).sum::<f64>()
        };
        assert!((draw("", SpinLength::Sharp) - 12.0).abs() < 1e-12);
        assert!((draw("collective-emission", SpinLength::Sharp) - 12.0).abs() < 1e-12);
        assert!((draw("", SpinLength::Free) - 12.0).abs() > 0.5);
        assert!((draw("emission", SpinLength::Sharp) - 12.0).abs() > 0.5);
    }
}
