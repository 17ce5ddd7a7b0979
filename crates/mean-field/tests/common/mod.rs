//! The reference model with every parameter free.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use superladder_mean_field::{Limit, MeanFieldEquations};
use superladder_model::{Channel, Ensemble, Interaction, Mode, Model, Value};

/// Parameters of the reference model (docs/EQUATIONS.md, Model).
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    pub wc: f64,
    pub wz: f64,
    pub wt: f64,
    pub lambda: f64,
    pub eta: f64,
    pub etap: f64,
    pub kappa: f64,
    pub up: f64,
    pub down: f64,
}

impl Parameters {
    /// Resonant, eta = eta' = 0.1, gamma_t = 1.
    pub fn standard(lambda: f64, up: f64, kappa: f64) -> Self {
        Self { wc: 1.0, wz: 1.0, wt: 1.0, lambda, eta: 0.1, etap: 0.1, kappa, up, down: 1.0 - up }
    }

    pub fn model(&self, n: usize) -> Model {
        let mode = Mode { name: "a".into(), frequency: self.wc };
        let ensemble = |name: &str, frequency| Ensemble { name: name.into(), size: n, frequency };
        let mut model =
            Model::new(vec![mode], vec![ensemble("S", self.wz), ensemble("T", self.wt)]).expect("valid");
        let names = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        for (name, m, e, x) in [
            ("dicke", "a", "S", self.lambda),
            ("tavis-cummings", "a", "T", self.eta),
            ("exchange", "", "S T", self.etap),
        ] {
            let given = [("strength".to_owned(), Value::Real(x))];
            let interaction = Interaction::new(&model, name, &names(m), &names(e), &given).expect("valid");
            model = model.with_interaction(interaction);
        }
        for (name, m, e, x) in [
            ("cavity-loss", "a", "", self.kappa),
            ("pumping", "", "T", self.up),
            ("emission", "", "T", self.down),
        ] {
            let given = [("rate".to_owned(), Value::Real(x))];
            model = model
                .clone()
                .with_channel(Channel::new(&model, name, &names(m), &names(e), &given).expect("valid"));
        }
        model
    }
}

/// `(Re a, Im a, S, T)` as the targets write it, from and to `(q, p, S, T)`.
pub fn from_targets(y: &[f64]) -> Vec<f64> {
    let r = std::f64::consts::SQRT_2;
    y.iter().enumerate().map(|(i, y)| if i < 2 { r * y } else { *y }).collect()
}

/// `data/reference/mean_field_targets.json`: numbers of independent programs.
pub fn targets() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/mean_field_targets.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("present")).expect("JSON")
}

pub fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Parameters and Gilbert damping of an entry of the targets; `options` go before it.
pub fn parameters(entry: &serde_json::Value, options: &serde_json::Value) -> (Parameters, f64) {
    let number = |key: &str, default: f64| options[key].as_f64().or(entry[key].as_f64()).unwrap_or(default);
    let mut x = Parameters::standard(number("lam", 0.0), number("gup", 0.0), number("kap", 0.06));
    x.wt = number("wt", 1.0);
    (x, number("kapG", 0.0))
}

pub fn derived(x: &Parameters, gilbert: f64) -> MeanFieldEquations {
    MeanFieldEquations::with_options(&x.model(10), Limit::Infinite, &[gilbert]).expect("derived")
}

pub fn standard(lambda: f64, up: f64) -> MeanFieldEquations {
    derived(&Parameters::standard(lambda, up, 0.06), 0.0)
}
