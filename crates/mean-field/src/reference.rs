//! The reference model of Chelpanova et al., PRB 108, 104302 (2023), recognised by its equations of motion.

use serde::Serialize;
use superladder_model::Model;
use thiserror::Error;

use crate::{MeanFieldEquations, MeanFieldError};

/// Why closed formulas do not apply to a model.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReferenceError {
    /// The mean-field equations cannot be derived.
    #[error(transparent)]
    Derivation(#[from] MeanFieldError),
    /// Another number of modes or ensembles.
    #[error(
        "closed formulas are known for one mode with one or two ensembles ('dicke' on a coherent one, 'tavis-cummings', 'pumping' and 'emission' on a pumped one, 'exchange' between them), but the study has {modes} modes and {ensembles} ensembles"
    )]
    Shape {
        /// Modes of the model.
        modes: usize,
        /// Ensembles of the model.
        ensembles: usize,
    },
    /// An equation of motion has other terms.
    #[error(
        "closed formulas are known for H = wc a^dag a + wz S^z + wz' T^z with 'dicke' on S, 'tavis-cummings' on T and 'exchange' between them (N_S = N_T), 'cavity-loss' of the mode, 'pumping' and 'emission' of T; the study's equation of {unknown} has other terms"
    )]
    Terms {
        /// Name of the unknown whose equation differs.
        unknown: String,
    },
}

/// Parameters of the reference model, in the units of `docs/EQUATIONS.md`, Model: every rate and frequency in
/// the same unit, couplings collective.
///
/// ```text
/// H = wc a^dag a + wz S^z + wz' T^z + lambda/sqrt N (a + a^dag)(S^+ + S^-)
///     + eta/sqrt N (a T^+ + a^dag T^-) + eta'/N (S^+ T^- + S^- T^+),
/// kappa D[a], gamma_up D[tau^+], gamma_down D[tau^-]
/// ```
/// (Eqs. (1) and (2) of the paper.) A model without S has `lambda = eta' = 0`, one without T
/// `eta = eta' = 0`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReferenceModel {
    /// Frequency of the mode.
    pub omega_c: f64,
    /// Level splitting of the coherent ensemble S.
    pub omega_z: f64,
    /// Level splitting of the pumped ensemble T.
    pub omega_t: f64,
    /// Dicke coupling of the mode and S.
    pub lambda: f64,
    /// Tavis-Cummings coupling of the mode and T.
    pub eta: f64,
    /// Exchange of S and T.
    pub eta_prime: f64,
    /// Photon loss.
    pub kappa: f64,
    /// Pumping of T.
    pub gamma_up: f64,
    /// Emission of T.
    pub gamma_down: f64,
    /// Gilbert damping of the mode, `(1 + i gilbert/2) da/dt = ...`, Eq. (C1); 0 for none.
    pub gilbert: f64,
    /// Whether there is an ensemble S.
    pub coherent: bool,
    /// Whether there is an ensemble T.
    pub pumped: bool,
}

/// Places of the first unknown of S and of T.
#[derive(Debug, Clone, Copy)]
struct Roles {
    s: Option<usize>,
    t: Option<usize>,
}

impl ReferenceModel {
    /// The parameters of a model whose derived equations are (A1), whatever its parts are called; `gilbert`
    /// is the damping of the mode. Which ensemble is S and which T follows from the equations too.
    ///
    /// # Errors
    /// [`ReferenceError`].
    pub fn of_model(model: &Model, gilbert: f64) -> Result<Self, ReferenceError> {
        let (modes, ensembles) = (model.modes().len(), model.ensembles().len());
        if modes != 1 || !(1..=2).contains(&ensembles) {
            return Err(ReferenceError::Shape { modes, ensembles });
        }
        let equations = MeanFieldEquations::new(model)?;
        let roles = match ensembles {
            1 => vec![Roles { s: Some(2), t: None }, Roles { s: None, t: Some(2) }],
            _ => vec![Roles { s: Some(2), t: Some(5) }, Roles { s: Some(5), t: Some(2) }],
        };
        // The assignment that explains most equations says which one is at fault.
        let mut furthest = (0, String::new());
        for roles in roles {
            let found = Self { gilbert, ..read(&equations, roles) };
            match found.first_difference(&equations, roles) {
                None => return Ok(found),
                Some(row) if furthest.1.is_empty() || row > furthest.0 => {
                    furthest = (row, equations.unknowns()[row].name.clone());
                }
                Some(_) => {}
            }
        }
        Err(ReferenceError::Terms { unknown: furthest.1 })
    }

    /// `gamma_t = gamma_up + gamma_down`.
    pub fn gamma_t(&self) -> f64 {
        self.gamma_up + self.gamma_down
    }

    /// `tau_0^z = (gamma_up - gamma_down)/(2 gamma_t)`, where T settles by itself.
    pub fn inversion(&self) -> f64 {
        (self.gamma_up - self.gamma_down) / (2.0 * self.gamma_t())
    }

    /// `out = dv/dt` of (A1) without Gilbert damping, at `v = (q, p, S, T)` with `a = (q + i p)/sqrt 2`.
    pub fn drift(&self, v: &[f64; 8]) -> [f64; 8] {
        let [q, p, sx, sy, sz, tx, ty, tz] = *v;
        let r = std::f64::consts::SQRT_2;
        let (half, g) = (0.5 * self.kappa, 0.5 * (self.gamma_up - self.gamma_down));
        let (field, exchange, decay) = (2.0 * r * self.lambda, 2.0 * self.eta_prime, self.gamma_t());
        [
            self.omega_c * p - half * q - r * self.eta * ty,
            -self.omega_c * q - half * p - field * sx - r * self.eta * tx,
            -self.omega_z * sy + exchange * ty * sz,
            self.omega_z * sx - field * q * sz - exchange * tx * sz,
            field * q * sy + exchange * (tx * sy - ty * sx),
            -self.omega_t * ty - 0.5 * decay * tx - r * self.eta * p * tz + exchange * sy * tz,
            self.omega_t * tx - 0.5 * decay * ty - r * self.eta * q * tz - exchange * sx * tz,
            r * self.eta * (q * ty + p * tx) + exchange * (sx * ty - sy * tx) - decay * tz + g,
        ]
    }

    /// The first unknown whose equation differs from (A1), found at generic points.
    fn first_difference(&self, equations: &MeanFieldEquations, roles: Roles) -> Option<usize> {
        let mut rates = vec![0.0; equations.dim()];
        let mut first: Option<usize> = None;
        for point in 0..4 {
            let v: Vec<f64> = (0..equations.dim()).map(|i| ((i * 5 + point * 11 + 2) as f64).sin()).collect();
            equations.drift(&v, &mut rates);
            let place = |k: usize| match k {
                0 | 1 => Some(k),
                2..=4 => roles.s.map(|s| s + k - 2),
                _ => roles.t.map(|t| t + k - 5),
            };
            let here: [f64; 8] = std::array::from_fn(|k| place(k).map_or(0.0, |p| v[p]));
            for (k, expected) in self.drift(&here).into_iter().enumerate() {
                let Some(row) = place(k) else { continue };
                let differs = (rates[row] - expected).abs() > 1e-12 * (1.0 + expected.abs());
                if differs && first.is_none_or(|known| row < known) {
                    first = Some(row);
                }
            }
        }
        first
    }
}

/// The coefficients that (A1) would have.
fn read(equations: &MeanFieldEquations, Roles { s, t }: Roles) -> ReferenceModel {
    let coefficient = |row: usize, factors: &[usize]| -> f64 {
        let mut wanted: Vec<u32> = factors.iter().map(|f| *f as u32).collect();
        wanted.sort_unstable();
        equations.rows()[row].iter().filter(|term| term.factors == wanted).map(|t| t.coefficient).sum()
    };
    let r = std::f64::consts::SQRT_2;
    let (relaxation, pumping) =
        t.map_or((0.0, 0.0), |t| (-coefficient(t + 2, &[t + 2]), coefficient(t + 2, &[])));
    // Minus zero would be printed as such.
    let plain = |x: f64| if x == 0.0 { 0.0 } else { x };
    ReferenceModel {
        omega_c: plain(coefficient(0, &[1])),
        omega_z: plain(s.map_or(0.0, |s| coefficient(s + 1, &[s]))),
        omega_t: plain(t.map_or(0.0, |t| coefficient(t + 1, &[t]))),
        lambda: plain(s.map_or(0.0, |s| -coefficient(1, &[s]) / (2.0 * r))),
        eta: plain(t.map_or(0.0, |t| -coefficient(1, &[t]) / r)),
        eta_prime: plain(s.zip(t).map_or(0.0, |(s, t)| 0.5 * coefficient(s, &[t + 1, s + 2]))),
        kappa: plain(-2.0 * coefficient(0, &[0])),
        gamma_up: plain(0.5 * relaxation + pumping),
        gamma_down: plain(0.5 * relaxation - pumping),
        gilbert: 0.0,
        coherent: s.is_some(),
        pumped: t.is_some(),
    }
}
