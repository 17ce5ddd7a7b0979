//! Ways to evaluate `2 Re tr[A (i w - L)^-1 X]`.

use num_complex::Complex64;
use superladder_dense::GeneralEigen;
use superladder_eigen::{ComplexFunctional, EigenError, Gmres, LinearMap, ProjectedResolvent};
use superladder_engine::{EngineError, FourierIntegral, Halt, SpectralDensity, SpectrumMethod};

use super::part::{MANY, Part};
use super::pieces::{Pieces, Tail};
use crate::error::NAME;
use crate::stationary::operators::action::{Action, Direction};
use crate::stationary::operators::no_jump::NoJump;
use crate::stationary::solver::{Solver, assembled, solution};
use crate::stationary::state::StationaryState;

/// Complex unknowns up to which all eigenpairs are computed.
const FEW: usize = 300;
/// Vectors of a Krylov subspace at most, and their numbers altogether.
const VECTORS: usize = 1200;
const NUMBERS: usize = 1 << 27;
/// Error that is aimed at, relative to the largest value.
const TOLERANCE: f64 = 1e-9;

/// `sum_k c_k / (z - lambda_k)`.
struct Poles(Vec<(Complex64, Complex64)>);

impl SpectralDensity for Poles {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let z = Complex64::new(0.0, omega);
        let terms = self.0.iter().map(|(c, lambda)| c / (z - lambda));
        let (sum, size) = terms.fold((0.0, 0.0), |(s, n), t| (s + t.re, n + t.norm()));
        Ok((2.0 * sum, 1e-13 * size))
    }
}

struct Subspace(ProjectedResolvent);

impl SpectralDensity for Subspace {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let mut out = [Complex64::ZERO];
        let residual = self.0.evaluate(Complex64::new(0.0, omega), &mut out);
        Ok((2.0 * out[0].re, 2.0 * residual * out[0].norm()))
    }
}

/// L - i w on complex blocks.
struct Shifted<'a> {
    action: &'a Action,
    omega: f64,
}

impl LinearMap for Shifted<'_> {
    fn dim(&self) -> usize {
        LinearMap::dim(self.action)
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        LinearMap::apply(self.action, x, out);
        for (out, x) in out.chunks_exact_mut(2).zip(x.chunks_exact(2)) {
            (out[0], out[1]) = (out[0] + self.omega * x[1], out[1] - self.omega * x[0]);
        }
    }
}

struct Systems<'a> {
    part: &'a Part,
    /// The stationary state, where it has the charge difference of the part.
    rho: Option<&'a [Complex64]>,
    action: Action,
    no_jump: NoJump,
    halt: &'a dyn Halt,
    start: Vec<f64>,
}

impl SpectralDensity for Systems<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        self.no_jump.set_shift(Complex64::new(0.0, omega));
        let b: Vec<f64> = self.part.vector().iter().map(|x| -x).collect();
        let gmres = Gmres { restart: 60, kept: 20, tolerance: 0.1 * TOLERANCE, max_iterations: 5000 };
        let shifted = Shifted { action: &self.action, omega };
        let mut watch = |iterations: u64, residual: f64| self.halt.go_on(iterations, residual);
        let solved = gmres.solve(&shifted, &self.no_jump, &b, &mut self.start, &mut watch);
        let info = solved.map_err(|e| solution("the spectrum", e))?;
        let mut x: Vec<Complex64> = self.start.chunks_exact(2).map(|x| Complex64::new(x[0], x[1])).collect();
        if let Some(rho) = self.rho {
            // At w = 0 any part of the stationary state would solve the system; X has no trace, and so has
            // none.
            let trace = self.part.coherence.trace(&x);
            x.iter_mut().zip(rho).for_each(|(x, rho)| *x -= trace * rho);
        }
        let value = self.part.value(&x);
        Ok((2.0 * value.re, 20.0 * info.residual * value.norm()))
    }
}

/// The parts of a correlation together.
struct Together<'a>(Vec<Box<dyn SpectralDensity + 'a>>);

impl SpectralDensity for Together<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        self.0.iter_mut().try_fold((0.0, 0.0), |(value, error), part| {
            let (next, of_part) = part.at(omega)?;
            Ok((value + next, error + of_part))
        })
    }
}

impl StationaryState {
    /// The spectrum of all `parts` by a method, and the method that was taken for the first.
    pub(crate) fn density<'a>(
        &'a self,
        parts: &'a [Part],
        omega: &[f64],
        method: SpectrumMethod,
        halt: &'a dyn Halt,
    ) -> Result<(Box<dyn SpectralDensity + 'a>, SpectrumMethod), EngineError> {
        let found = parts.iter().map(|part| self.resolvent(part, omega, method, halt));
        let (densities, methods): (Vec<_>, Vec<_>) =
            found.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok((Box::new(Together(densities)), methods.first().copied().unwrap_or(method)))
    }

    /// The resolvent by a method, and the method that was taken.
    fn resolvent<'a>(
        &'a self,
        part: &'a Part,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &'a dyn Halt,
    ) -> Result<(Box<dyn SpectralDensity + 'a>, SpectrumMethod), EngineError> {
        let few = part.coherence.len <= FEW;
        match method {
            SpectrumMethod::Automatic if few => {
                let poles = self.resolvent(part, omega, SpectrumMethod::Eigenpairs, halt);
                poles.or_else(|_| self.resolvent(part, omega, SpectrumMethod::Krylov, halt))
            }
            SpectrumMethod::Automatic => {
                let by = |method| self.resolvent(part, omega, method, halt);
                let many = part.coherence.len >= MANY;
                let first = if many { by(SpectrumMethod::Propagator) } else { by(SpectrumMethod::Krylov) };
                match first {
                    Err(error) if !matches!(error, EngineError::Interrupted { .. }) => {
                        by(SpectrumMethod::Systems)
                    }
                    found => found,
                }
            }
            SpectrumMethod::Eigenpairs => Ok((Box::new(self.poles(part)?), method)),
            SpectrumMethod::Krylov => Ok((Box::new(self.subspace(part, omega, halt)?), method)),
            SpectrumMethod::Systems => Ok((Box::new(self.systems(part, halt)), method)),
            SpectrumMethod::Propagator => {
                let refusal =
                    "no gauge makes the generator real on this charge difference; choose another method";
                let refused = || EngineError::Unsupported { engine: NAME, reason: refusal.into() };
                let gauged = self.gauged(&part.coherence, halt)?.ok_or_else(refused)?;
                Ok((Box::new(Pieces::new(&gauged, part, omega, halt)?), method))
            }
            SpectrumMethod::TimeSeries if few => Ok((Box::new(self.decayed(part, omega, halt)?), method)),
            SpectrumMethod::TimeSeries => match self.gauged(&part.coherence, halt)? {
                Some(gauged) => Ok((Box::new(Tail::new(&gauged, part, omega, halt)?), method)),
                None => Ok((Box::new(self.decayed(part, omega, halt)?), method)),
            },
        }
    }

    fn poles(&self, part: &Part) -> Result<Poles, EngineError> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let (real, half) = (assembled(&action), part.coherence.len);
        let element =
            |i: usize, j: usize| Complex64::new(real[4 * i * half + 2 * j], real[(4 * i + 2) * half + 2 * j]);
        let matrix: Vec<Complex64> = (0..half * half).map(|k| element(k / half, k % half)).collect();
        let defective = "the eigenvalues are defective or nearly so; choose another method";
        let eigen = GeneralEigen::new(&matrix, half)
            .ok_or_else(|| EngineError::Unsupported { engine: NAME, reason: defective.into() })?;
        let pole = |k: usize| {
            let seen: Complex64 =
                (0..half).map(|i| part.weights[i].conj() * eigen.vectors[i * half + k]).sum();
            let begun: Complex64 = (0..half).map(|j| eigen.inverse[k * half + j] * part.x[j]).sum();
            (seen * begun, eigen.values[k])
        };
        // The stationary state itself has no weight in a connected correlation but that of rounding.
        Ok(Poles((0..half).map(pole).filter(|(c, lambda)| lambda.norm() > 1e-9 || c.norm() > 1e-9).collect()))
    }

    fn subspace(&self, part: &Part, omega: &[f64], halt: &dyn Halt) -> Result<Subspace, EngineError> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let dim = LinearMap::dim(&action);
        let [re, im] = part.weights_of_pairs();
        let room = VECTORS.min(dim).min(NUMBERS / dim);
        let made = ProjectedResolvent::new(&part.vector(), vec![ComplexFunctional { re, im }], room.max(1));
        let mut found = made.map_err(|e| solution("the spectrum", e))?;
        let mut watch = |iterations: u64, residual: f64| halt.go_on(iterations, residual);
        let mut size = 60;
        loop {
            found.grow(&action, size, &mut watch).map_err(|e| solution("the spectrum", e))?;
            let mut out = [Complex64::ZERO];
            let residual = |w: &f64| found.evaluate(Complex64::new(0.0, *w), &mut out);
            let worst = omega.iter().step_by(omega.len().div_ceil(16)).map(residual).fold(0.0, f64::max);
            if worst <= TOLERANCE {
                return Ok(Subspace(found));
            }
            if found.is_full() {
                let iterations = found.size() as u64;
                let (algorithm, tolerance) = ("krylov resolvent", TOLERANCE);
                let error = EigenError::NotConverged { algorithm, iterations, residual: worst, tolerance };
                return Err(solution("the spectrum", error));
            }
            size = size * 3 / 2;
        }
    }

    fn systems<'a>(&'a self, part: &'a Part, halt: &'a dyn Halt) -> Systems<'a> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let no_jump = NoJump::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let own = part.coherence.difference == self.coherence.difference;
        let rho = own.then_some(self.x.as_slice());
        Systems { part, rho, action, no_jump, halt, start: vec![0.0; 2 * part.coherence.len] }
    }

    /// The correlation until it has decayed to 1e-9 of its start, in steps that resolve every frequency.
    fn decayed(&self, part: &Part, omega: &[f64], halt: &dyn Halt) -> Result<FourierIntegral, EngineError> {
        const POINTS: usize = 1 << 18;
        let elements = self.elements();
        let gap = self.slow(&part.coherence.difference, halt)?.gap();
        let (_, _, imaginary) = Solver::new(self.space(), &elements, halt).rectangle(&part.coherence)?;
        let fastest = omega.iter().map(|w| w.abs()).fold(0.0, f64::max) + imaginary.min(200.0 * gap.max(1.0));
        let step = 0.12 / fastest.max(gap);
        let count = 2 * ((21.0 / gap / step) as usize / 4 * 2 + 2);
        if gap.is_nan() || count > POINTS {
            let reason = "the correlation decays too slowly for a time series; choose another method".into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let times: Vec<f64> = (0..=count).map(|k| k as f64 * step).collect();
        Ok(FourierIntegral { step, values: self.moved(part, &elements, &times, halt)?.0 })
    }
}
