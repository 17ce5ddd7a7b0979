//! The table of closed formulas: what the command `formulas` prints and the tests walk through.

use serde::Serialize;

use crate::{Polariton, ReferenceModel};

/// What a formula is about, and which parts of the model it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Normal modes of field and S; no need of T.
    Polaritons,
    /// Polaritons pumped by T.
    PolaritonLasing,
    /// The limit `eta = eta' = 0`.
    Dicke,
    /// The limit `lambda = eta' = 0`.
    TavisCummings,
    /// T eliminated, `lambda = eta' = 0` and large gamma_t.
    Elimination,
    /// The mode by itself.
    FreeMode,
}

impl Group {
    /// All groups in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Polaritons,
        Self::PolaritonLasing,
        Self::Dicke,
        Self::TavisCummings,
        Self::Elimination,
        Self::FreeMode,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Polaritons => "Polaritons of the normal state",
            Self::PolaritonLasing => {
                "Polariton lasing: decay of the amplitude, kappa_eff = 2 kappa_U of the photon number"
            }
            Self::Dicke => "Dicke model",
            Self::TavisCummings => "Tavis-Cummings laser",
            Self::Elimination => "Adiabatic elimination of T",
            Self::FreeMode => "The mode by itself",
        }
    }

    /// Why it does not apply to a model, if it does not.
    pub fn missing(self, model: &ReferenceModel) -> Option<&'static str> {
        let s = !model.coherent && matches!(self, Self::Polaritons | Self::PolaritonLasing | Self::Dicke);
        let pumped = matches!(self, Self::PolaritonLasing | Self::TavisCummings | Self::Elimination);
        if s {
            Some("the model has no ensemble S whose spin length is conserved")
        } else if pumped && !model.pumped {
            Some("the model has no pumped ensemble T")
        } else if pumped && model.gamma_t() <= 0.0 {
            Some("the ensemble T is neither pumped nor damped")
        } else {
            None
        }
    }

    /// The limit in which it holds, where the model is not in it.
    pub fn limit(self, model: &ReferenceModel) -> Option<&'static str> {
        let (dicke, laser) =
            (model.eta != 0.0 || model.eta_prime != 0.0, model.lambda != 0.0 || model.eta_prime != 0.0);
        match self {
            Self::Dicke if dicke => Some("of the limit eta = eta' = 0, in which this model is not"),
            Self::TavisCummings | Self::Elimination if laser => {
                Some("of the limit lambda = eta' = 0, in which this model is not")
            }
            _ => None,
        }
    }
}

/// One closed formula.
#[derive(Debug, Clone, Copy)]
pub struct FormulaDefinition {
    /// Its symbol.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The formula.
    pub formula: &'static str,
    /// The equation of Chelpanova et al., PRB 108, 104302 (2023), and whether it is as printed.
    pub source: &'static str,
    /// Its value; NaN where it is not defined.
    pub evaluate: fn(&ReferenceModel) -> f64,
}

use Group::{Dicke, Elimination, FreeMode, PolaritonLasing, Polaritons, TavisCummings};
use Polariton::{Lower, Upper};

/// All closed formulas.
pub const FORMULAS: &[FormulaDefinition] = &[
    FormulaDefinition {
        name: "Omega_U",
        group: Polaritons,
        formula: "sqrt([wc^2 + wz^2 + sqrt((wc^2 - wz^2)^2 + 16 lambda^2 wz wc)]/2)",
        source: "Eq. (3)",
        evaluate: |m| m.polariton(Upper),
    },
    FormulaDefinition {
        name: "Omega_L",
        group: Polaritons,
        formula: "sqrt([wc^2 + wz^2 - sqrt((wc^2 - wz^2)^2 + 16 lambda^2 wz wc)]/2)",
        source: "Eq. (3)",
        evaluate: |m| m.polariton(Lower),
    },
    FormulaDefinition {
        name: "|psi_U|/|psi_L|",
        group: Polaritons,
        formula: "|1 - z|/|1 + z|, z = 2 lambda (wc + i kappa/2)/(wc^2 + kappa^2/4)",
        source: "below Eq. (5)",
        evaluate: ReferenceModel::polariton_ratio,
    },
    FormulaDefinition {
        name: "kappa_U printed",
        group: PolaritonLasing,
        formula: "kappa/4 - eta^2 (gamma_up - gamma_down)/[(wz' - Omega_U)^2 + gamma_t^2/4]",
        source: "Eq. (4) as printed: leading order, eta = eta', wc = wz",
        evaluate: |m| m.polariton_decay_printed(Upper),
    },
    FormulaDefinition {
        name: "kappa_U",
        group: PolaritonLasing,
        formula: "kappa/4 - eta^2 (gamma_up - gamma_down) {u^2/[(wz' - Omega_U)^2 + gamma_t^2/4] - v^2/[(wz' + Omega_U)^2 + gamma_t^2/4]} (here for any wc, wz, eta, eta' and Gilbert damping)",
        source: "Eq. (4), exact for weak coupling",
        evaluate: |m| m.polariton_decay(Upper),
    },
    FormulaDefinition {
        name: "kappa_L",
        group: PolaritonLasing,
        formula: "the same for the lower polariton",
        source: "Eq. (4), exact for weak coupling",
        evaluate: |m| m.polariton_decay(Lower),
    },
    FormulaDefinition {
        name: "kappa_eff",
        group: PolaritonLasing,
        formula: "2 kappa_U",
        source: "Fig. 3(b)",
        evaluate: |m| 2.0 * m.polariton_decay(Upper),
    },
    FormulaDefinition {
        name: "threshold printed",
        group: PolaritonLasing,
        formula: "gamma_up/gamma_t = (kappa gamma_t/(16 eta^2) + 1)/2",
        source: "Eq. (5) as printed: wz' = Omega_U",
        evaluate: ReferenceModel::polariton_threshold_printed,
    },
    FormulaDefinition {
        name: "threshold",
        group: PolaritonLasing,
        formula: "gamma_up/gamma_t at kappa_U = 0, at the study's wz'",
        source: "Eq. (5), exact for weak coupling",
        evaluate: |m| m.polariton_threshold(Upper),
    },
    FormulaDefinition {
        name: "window from",
        group: PolaritonLasing,
        formula: "wz' > Omega_U - sqrt(4 eta^2 (gamma_up - gamma_down)/kappa - gamma_t^2/4)",
        source: "below Eq. (5); printed without this end",
        evaluate: |m| m.lasing_window().0,
    },
    FormulaDefinition {
        name: "window to",
        group: PolaritonLasing,
        formula: "wz' < Omega_U + sqrt(4 eta^2 (gamma_up - gamma_down)/kappa - gamma_t^2/4)",
        source: "below Eq. (5); printed (.. - gamma_t^2)/4",
        evaluate: |m| m.lasing_window().1,
    },
    FormulaDefinition {
        name: "lambda of the boundary",
        group: PolaritonLasing,
        formula: "sqrt(g (kappa/2 - g)^2/(kappa - 4 g)), g = 4 eta^2 (gamma_up - gamma_down)/gamma_t^2, wc = wz = wz'",
        source: "in place of the boundary gamma_t/2 of Fig. 2, which holds at lambda = 0 only",
        evaluate: ReferenceModel::weak_boundary,
    },
    FormulaDefinition {
        name: "lambda_c",
        group: Dicke,
        formula: "sqrt(wz (wc^2 + kappa^2/4)/(4 wc))",
        source: "App. B",
        evaluate: ReferenceModel::critical_coupling,
    },
    FormulaDefinition {
        name: "<S^z> in SR",
        group: Dicke,
        formula: "-lambda_c^2/(2 lambda^2)",
        source: "App. B, corrected",
        evaluate: |m| m.superradiance().map_or(f64::NAN, |s| s.sz),
    },
    FormulaDefinition {
        name: "<S^z> in SR printed",
        group: Dicke,
        formula: "-(1 - lambda_c^2/lambda^2)/2",
        source: "App. B as printed: no fixed point of (A1)",
        evaluate: |m| m.superradiance_printed().map_or(f64::NAN, |s| s.sz),
    },
    FormulaDefinition {
        name: "<S^x> in SR",
        group: Dicke,
        formula: "+- sqrt(1/4 - <S^z>^2)",
        source: "App. B",
        evaluate: |m| m.superradiance().map_or(f64::NAN, |s| s.sx),
    },
    FormulaDefinition {
        name: "Re <a> in SR",
        group: Dicke,
        formula: "Re of -2 lambda <S^x>/(wc - i kappa/2)",
        source: "Sec. IV (App. B prints wc + i kappa/2)",
        evaluate: |m| m.superradiance().map_or(f64::NAN, |s| s.field.re),
    },
    FormulaDefinition {
        name: "Im <a> in SR",
        group: Dicke,
        formula: "Im of -2 lambda <S^x>/(wc - i kappa/2)",
        source: "Sec. IV (App. B prints wc + i kappa/2: the other sign)",
        evaluate: |m| m.superradiance().map_or(f64::NAN, |s| s.field.im),
    },
    FormulaDefinition {
        name: "threshold",
        group: TavisCummings,
        formula: "gamma_up/gamma_t = 1/2 + kappa gamma_t/(8 eta^2) + kappa gamma_t (wc - wz')^2/(2 eta^2 (kappa + gamma_t)^2)",
        source: "Sec. II B",
        evaluate: ReferenceModel::tavis_cummings_threshold,
    },
    FormulaDefinition {
        name: "kappa_c",
        group: TavisCummings,
        formula: "4 eta^2/gamma_t",
        source: "Sec. II B",
        evaluate: ReferenceModel::critical_loss,
    },
    FormulaDefinition {
        name: "Delta",
        group: TavisCummings,
        formula: "(kappa wz' + gamma_t wc)/(kappa + gamma_t)",
        source: "Eq. (B2)",
        evaluate: |m| m.lasing().map_or(f64::NAN, |l| l.frequency),
    },
    FormulaDefinition {
        name: "<T^z>",
        group: TavisCummings,
        formula: "gamma_t kappa/(2 eta^2) [(wc - wz')^2/(kappa + gamma_t)^2 + 1/4]",
        source: "Eq. (B2)",
        evaluate: |m| m.lasing().map_or(f64::NAN, |l| l.tz),
    },
    FormulaDefinition {
        name: "|<T^->|",
        group: TavisCummings,
        formula: "sqrt(2 <T^z> (tau_0^z - <T^z>))",
        source: "Eq. (B2)",
        evaluate: |m| m.lasing().map_or(f64::NAN, |l| l.transverse),
    },
    FormulaDefinition {
        name: "n",
        group: TavisCummings,
        formula: "gamma_t (tau_0^z - <T^z>)/kappa",
        source: "Eq. (B3)",
        evaluate: |m| m.lasing().map_or(f64::NAN, |l| l.photons),
    },
    FormulaDefinition {
        name: "omega~",
        group: Elimination,
        formula: "wc + 2 eta^2 (wz' - wc) tau_0^z/[(wz' - wc)^2 + gamma_t^2/4]",
        source: "Eq. (D4), corrected: rotating frame, plus",
        evaluate: |m| m.eliminated().frequency,
    },
    FormulaDefinition {
        name: "omega~ printed",
        group: Elimination,
        formula: "wc - 2 eta^2 wz' tau_0^z/(wz'^2 + gamma_t^2/4)",
        source: "Eq. (D4) as printed",
        evaluate: |m| m.eliminated_printed().frequency,
    },
    FormulaDefinition {
        name: "kappa~",
        group: Elimination,
        formula: "kappa/2 - (gamma_up - gamma_down)/2 eta^2/[(wz' - wc)^2 + gamma_t^2/4]",
        source: "Eq. (D4), corrected: rotating frame",
        evaluate: |m| m.eliminated().decay,
    },
    FormulaDefinition {
        name: "kappa~ printed",
        group: Elimination,
        formula: "kappa/2 - (gamma_up - gamma_down)/2 eta^2/(wz'^2 + gamma_t^2/4)",
        source: "Eq. (D4) as printed",
        evaluate: |m| m.eliminated_printed().decay,
    },
    FormulaDefinition {
        name: "frequency",
        group: FreeMode,
        formula: "Im of (i wc + kappa/2)/(1 + i gilbert/2)",
        source: "Eqs. (A1), (C1)",
        evaluate: |m| m.free_mode().frequency,
    },
    FormulaDefinition {
        name: "decay",
        group: FreeMode,
        formula: "Re of (i wc + kappa/2)/(1 + i gilbert/2), of the amplitude",
        source: "Eqs. (A1), (C1)",
        evaluate: |m| m.free_mode().decay,
    },
];
