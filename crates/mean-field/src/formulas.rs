//! Closed formulas of the reference model: polaritons, thresholds, the Dicke and Tavis-Cummings limits.
//!
//! Equation numbers are those of O. Chelpanova et al., PRB 108, 104302 (2023). Where the printed formula is
//! wrong or only of leading order, the printed and the right one stand beside each other, and their
//! documentation says how they differ.

use num_complex::Complex64;
use serde::Serialize;

use crate::ReferenceModel;

/// One of the two polaritons: the normal modes of field and S spins about the normal state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polariton {
    /// The one of higher frequency, for `lambda > 0` the symmetric superposition.
    Upper,
    /// The one of lower frequency.
    Lower,
}

/// How field and spins take part in a polariton p: `a = X_a p + Y_a p^dag + ...` and the same for
/// `S^-/sqrt N`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mixing {
    frequency: f64,
    x: [f64; 2],
    y: [f64; 2],
}

/// A superradiant fixed point of the Dicke model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Superradiance {
    /// `<a>/sqrt N`.
    #[serde(skip)]
    pub field: Complex64,
    /// `<S^x>/N`.
    pub sx: f64,
    /// `<S^z>/N`.
    pub sz: f64,
}

/// The lasing solution of the Tavis-Cummings model, `<a> = a_0 exp(-i Delta t)`, Eq. (B1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lasing {
    /// Its frequency Delta.
    pub frequency: f64,
    /// `<T^z>/N`, clamped by the threshold.
    pub tz: f64,
    /// `|<T^->|/N`.
    pub transverse: f64,
    /// Photons per spin `|a_0|^2`.
    pub photons: f64,
}

/// What the eliminated ensemble T does to the mode, Eq. (D4).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Eliminated {
    /// The shifted frequency.
    pub frequency: f64,
    /// The decay rate of the amplitude; negative where the mode grows.
    pub decay: f64,
}

impl ReferenceModel {
    /// Polariton frequencies `Omega_{U/L}^2 = [wc^2 + wz^2 +- sqrt((wc^2 - wz^2)^2 + 16 lambda^2 wz wc)]/2`,
    /// Eq. (3); NaN for the lower one beyond `lambda = sqrt(wc wz)/2`, where the normal state is unstable.
    pub fn polariton(&self, which: Polariton) -> f64 {
        let (c, z) = (self.omega_c * self.omega_c, self.omega_z * self.omega_z);
        let root = ((c - z).powi(2) + 16.0 * self.lambda.powi(2) * self.omega_c * self.omega_z).sqrt();
        let sign = if which == Polariton::Upper { 1.0 } else { -1.0 };
        (0.5 * (c + z + sign * root)).sqrt()
    }

    /// The mixing: the quadratic form of the coordinates is diagonal after a rotation by theta,
    /// `tan(2 theta) = 4 lambda sqrt(wc wz)/(wc^2 - wz^2)`, and every coordinate is rescaled by its
    /// frequencies.
    fn mixing(&self, which: Polariton) -> Mixing {
        let coupling = 4.0 * self.lambda * (self.omega_c * self.omega_z).sqrt();
        let difference = self.omega_c.powi(2) - self.omega_z.powi(2);
        // Without coupling and on resonance any rotation would do; the limit lambda -> 0+ is taken.
        let degenerate = coupling == 0.0 && difference == 0.0;
        let theta = if degenerate { std::f64::consts::FRAC_PI_4 } else { 0.5 * coupling.atan2(difference) };
        let vector = match which {
            Polariton::Upper => [theta.cos(), theta.sin()],
            Polariton::Lower => [-theta.sin(), theta.cos()],
        };
        let frequency = self.polariton(which);
        let bare = [self.omega_c, self.omega_z];
        let part = |sign: f64| {
            std::array::from_fn(|j| {
                let ratio = (bare[j] / frequency).sqrt();
                0.5 * vector[j] * (ratio + sign / ratio)
            })
        };
        Mixing { frequency, x: part(1.0), y: part(-1.0) }
    }

    /// Decay rate of a polariton's *amplitude* as printed in Eq. (4), for `eta = eta'` (upper) or
    /// `eta = -eta'` (lower) and `wc = wz`:
    /// `kappa_U = kappa/4 - eta^2 (gamma_up - gamma_down)/[(wz' - Omega)^2 + gamma_t^2/4]`. The photon number
    /// decays at `kappa_eff = 2 kappa_U`. It leaves out the mixing of a and a^dag: see
    /// [`ReferenceModel::polariton_decay`].
    pub fn polariton_decay_printed(&self, which: Polariton) -> f64 {
        let (omega, half) = (self.polariton(which), 0.5 * self.gamma_t());
        let pumped = self.eta * self.eta * (self.gamma_up - self.gamma_down);
        0.25 * self.kappa - pumped / ((self.omega_t - omega).powi(2) + half * half)
    }

    /// Decay rate of a polariton's amplitude, exact to first order in kappa and second in `eta`, `eta'`, for
    /// any detuning:
    ///
    /// ```text
    /// kappa (X_a^2 - Y_a^2)/2
    ///   - (gamma_up - gamma_down)/2 { (eta X_a + eta' X_S)^2/[(wz' - Omega)^2 + gamma_t^2/4]
    ///                               - (eta Y_a + eta' Y_S)^2/[(wz' + Omega)^2 + gamma_t^2/4] }
    /// ```
    /// with `a = X_a p + Y_a p^dag + ...`. For `wc = wz = w`, `eta = eta'` this is
    /// `kappa/4 - eta^2 (gamma_up - gamma_down) {u^2/[..] - v^2/[..]}` for the upper polariton,
    /// `u^2 = (Omega/w + w/Omega + 2)/4`, `v^2 = u^2 - 1`. Gilbert damping adds
    /// `gilbert Omega (X_a^2 + Y_a^2)/2`, on resonance `gilbert (w +- lambda)/4`.
    pub fn polariton_decay(&self, which: Polariton) -> f64 {
        self.unpumped_decay(which) - self.pumping_gain(which) * (self.gamma_up - self.gamma_down)
    }

    /// What the mode loses, per amplitude of the polariton.
    fn unpumped_decay(&self, which: Polariton) -> f64 {
        let Mixing { frequency, x, y } = self.mixing(which);
        let (x, y) = (x[0] * x[0], y[0] * y[0]);
        0.5 * self.kappa * (x - y) + 0.5 * self.gilbert * frequency * (x + y)
    }

    /// What T adds, per `gamma_up - gamma_down`.
    fn pumping_gain(&self, which: Polariton) -> f64 {
        let Mixing { frequency, x, y } = self.mixing(which);
        let coupled = |v: [f64; 2]| (self.eta * v[0] + self.eta_prime * v[1]).powi(2);
        let lorentzian = |detuning: f64| 1.0 / (detuning * detuning + 0.25 * self.gamma_t().powi(2));
        0.5 * (coupled(x) * lorentzian(self.omega_t - frequency)
            - coupled(y) * lorentzian(self.omega_t + frequency))
    }

    /// Threshold of polariton lasing at `wz' = Omega_U` and `eta = eta'` as printed, Eq. (5):
    /// `gamma_up/gamma_t = (kappa gamma_t/(16 eta^2) + 1)/2`.
    pub fn polariton_threshold_printed(&self) -> f64 {
        0.5 * (self.kappa * self.gamma_t() / (16.0 * self.eta * self.eta) + 1.0)
    }

    /// `gamma_up/gamma_t` at which [`ReferenceModel::polariton_decay`] is zero, at the present wz'; above 1
    /// the polariton cannot lase.
    pub fn polariton_threshold(&self, which: Polariton) -> f64 {
        let gain = self.pumping_gain(which) * self.gamma_t();
        0.5 * (1.0 + self.unpumped_decay(which) / gain)
    }

    /// The ends of the window of wz' in which the upper polariton lases by Eq. (4):
    /// `Omega_U +- sqrt(4 eta^2 (gamma_up - gamma_down)/kappa - gamma_t^2/4)`; NaN below threshold. Printed
    /// below Eq. (5) with one side only, and with the 4 under the whole root.
    pub fn lasing_window(&self) -> (f64, f64) {
        let gain = 4.0 * self.eta * self.eta * (self.gamma_up - self.gamma_down) / self.kappa;
        let width = (gain - 0.25 * self.gamma_t().powi(2)).sqrt();
        let omega = self.polariton(Polariton::Upper);
        (omega - width, omega + width)
    }

    /// Ratio `|psi_U|/|psi_L|` of the polariton amplitudes in the superradiant state (below Eq. (5)):
    /// `|1 - z|/|1 + z|` with `z = 2 lambda (wc + i kappa/2)/(wc^2 + kappa^2/4)`.
    pub fn polariton_ratio(&self) -> f64 {
        let z = 2.0 * self.lambda / Complex64::new(self.omega_c, -0.5 * self.kappa);
        (1.0 - z).norm() / (1.0 + z).norm()
    }

    /// The normal state's lasing boundary on resonance `wc = wz = wz'` with `eta = eta'`, for small
    /// couplings: the lambda at which pumping `gamma_up` is critical,
    /// `lambda^2 = g (kappa/2 - g)^2/(kappa - 4 g)`, `g = 4 eta^2 (gamma_up - gamma_down)/gamma_t^2`. It
    /// starts from `gamma_up = gamma_t/2` at lambda = 0 (the paper's boundary, there for all lambda) and goes
    /// to Eq. (5) as lambda grows; NaN outside.
    pub fn weak_boundary(&self) -> f64 {
        let g = 4.0 * self.eta * self.eta * (self.gamma_up - self.gamma_down) / self.gamma_t().powi(2);
        (g * (0.5 * self.kappa - g).powi(2) / (self.kappa - 4.0 * g)).sqrt()
    }

    /// Critical coupling of the Dicke model, `lambda_c = sqrt(wz (wc^2 + kappa^2/4)/(4 wc))` (App. B).
    /// Gilbert damping does not shift it: what stands still is not damped.
    pub fn critical_coupling(&self) -> f64 {
        (self.omega_z * (self.omega_c.powi(2) + 0.25 * self.kappa.powi(2)) / (4.0 * self.omega_c)).sqrt()
    }

    /// The superradiant fixed point of the Dicke model with `<S^x> > 0`: `<S^z> = -lambda_c^2/(2 lambda^2)`,
    /// `<S^x> = sqrt(1/4 - <S^z>^2)`, `<a> = -2 lambda <S^x>/(wc - i kappa/2)`; `None` below lambda_c. App. B
    /// prints `<S^z> = -(1 - lambda_c^2/lambda^2)/2` and `wc + i kappa/2`, which do not solve (A1); the main
    /// text has the field right.
    pub fn superradiance(&self) -> Option<Superradiance> {
        self.superradiant(-0.5 * (self.critical_coupling() / self.lambda).powi(2), -1.0)
    }

    /// The same as printed in App. B.
    pub fn superradiance_printed(&self) -> Option<Superradiance> {
        self.superradiant(-0.5 * (1.0 - (self.critical_coupling() / self.lambda).powi(2)), 1.0)
    }

    fn superradiant(&self, sz: f64, sign: f64) -> Option<Superradiance> {
        let above = self.lambda.abs() > self.critical_coupling();
        above.then(|| {
            let sx = (0.25 - sz * sz).sqrt();
            let field = -2.0 * self.lambda * sx / Complex64::new(self.omega_c, sign * 0.5 * self.kappa);
            Superradiance { field, sx, sz }
        })
    }

    /// `[(wc - wz')^2/(kappa + gamma_t)^2 + 1/4] gamma_t kappa/(2 eta^2)`: `<T^z>` of the Tavis-Cummings
    /// laser, Eq. (B2).
    fn clamped_inversion(&self) -> f64 {
        let detuning = (self.omega_c - self.omega_t) / (self.kappa + self.gamma_t());
        0.5 * self.gamma_t() * self.kappa / (self.eta * self.eta) * (detuning * detuning + 0.25)
    }

    /// `gamma_up/gamma_t` above which the Tavis-Cummings model lases:
    /// `1/2 + kappa gamma_t/(8 eta^2) + kappa gamma_t (wc - wz')^2/(2 eta^2 (kappa + gamma_t)^2)` (Sec. II
    /// B); above 1 it does not.
    pub fn tavis_cummings_threshold(&self) -> f64 {
        0.5 + self.clamped_inversion()
    }

    /// Photon loss above which the resonant Tavis-Cummings model cannot lase, `kappa_c = 4 eta^2/gamma_t`
    /// (Sec. II B).
    pub fn critical_loss(&self) -> f64 {
        4.0 * self.eta * self.eta / self.gamma_t()
    }

    /// The lasing solution of the Tavis-Cummings model (`lambda = eta' = 0`), Eqs. (B1) to (B3); `None` below
    /// threshold.
    ///
    /// `Delta = (kappa wz' + gamma_t wc)/(kappa + gamma_t)`, `<T^z>` clamped,
    /// `|<T^->|^2 = 2 <T^z> (tau_0^z - <T^z>)`, `n = gamma_t/kappa (tau_0^z - <T^z>)`.
    pub fn lasing(&self) -> Option<Lasing> {
        let (kappa, gamma, tz) = (self.kappa, self.gamma_t(), self.clamped_inversion());
        let free = self.inversion() - tz;
        (free > 0.0).then(|| Lasing {
            frequency: (kappa * self.omega_t + gamma * self.omega_c) / (kappa + gamma),
            tz,
            transverse: (2.0 * tz * free).sqrt(),
            photons: gamma / kappa * free,
        })
    }

    /// The mode after T is eliminated, Eqs. (D1) to (D4) with two corrections: in the frame that rotates at
    /// the mode's own frequency the denominators hold `wz' - wc` in place of wz', and the shift of the
    /// frequency has a plus: `wc + 2 eta^2 (wz' - wc) tau_0^z/D`,
    /// `kappa/2 - eta^2 (gamma_up - gamma_down)/(2 D)`, `D = (wz' - wc)^2 + gamma_t^2/4`.
    pub fn eliminated(&self) -> Eliminated {
        self.elimination(self.omega_t - self.omega_c, 1.0)
    }

    /// The same as printed: wz' in the denominators and a minus in the frequency.
    pub fn eliminated_printed(&self) -> Eliminated {
        self.elimination(self.omega_t, -1.0)
    }

    fn elimination(&self, detuning: f64, sign: f64) -> Eliminated {
        let square = self.eta * self.eta / (detuning * detuning + 0.25 * self.gamma_t().powi(2));
        Eliminated {
            frequency: self.omega_c + sign * 2.0 * square * detuning * self.inversion(),
            decay: 0.5 * self.kappa - 0.5 * square * (self.gamma_up - self.gamma_down),
        }
    }

    /// Frequency and amplitude decay of the free mode: `-i wc - kappa/2`, or with Gilbert damping, Eq. (C1)
    /// without Lamb shift and noise, that over `1 + i gilbert/2`.
    pub fn free_mode(&self) -> Eliminated {
        let rate = Complex64::new(0.5 * self.kappa, self.omega_c) / Complex64::new(1.0, 0.5 * self.gilbert);
        Eliminated { frequency: rate.im, decay: rate.re }
    }
}
