//! Runs of small studies against what is known in closed form.

use superladder_engine::{Silent, run};

use super::{Check, check};
use superladder_study::Study;

/// A study, a column of its output and the closed form that the column follows.
struct ClosedForm {
    name: &'static str,
    study: &'static str,
    column: (usize, usize),
    expected: fn(f64) -> f64,
}

static CLOSED_FORMS: &[ClosedForm] = &[
    ClosedForm {
        name: "damped coherent cavity: Re<a> = 1.2 e^{-kappa t/2} cos(omega t)",
        study: "
            modes.a = { frequency = 1.3, cutoff = 30, initial = { state = 'coherent', amplitude = 1.2 } }
            channels = [{ kind = 'cavity-loss', mode = 'a', rate = 0.4 }]
            output.observables = ['amplitude(a)']",
        column: (0, 0),
        expected: |t| 1.2 * (-0.2 * t).exp() * (1.3 * t).cos(),
    },
    ClosedForm {
        name: "thermal bath: n = nbar (1 - e^{-kappa t})",
        study: "
            modes.a = { frequency = 1.0, cutoff = 60 }
            channels = [{ kind = 'thermal-bath', mode = 'a', rate = 0.5, occupation = 0.8 }]
            output.observables = ['photons(a)']",
        column: (0, 0),
        expected: |t| 0.8 * (1.0 - (-0.5 * t).exp()),
    },
    ClosedForm {
        name: "7 independent pumped spins: purity is a 7th power (weights d_j)",
        study: "
            ensembles.S = { size = 7, frequency = 0.7, initial = { state = 'down' } }
            channels = [
                { kind = 'pumping', ensemble = 'S', rate = 0.4 },
                { kind = 'emission', ensemble = 'S', rate = 0.1 },
            ]
            output.observables = ['purity']",
        column: (0, 0),
        expected: |t| {
            let up = 0.8 * (1.0 - (-0.5 * t).exp());
            (up * up + (1.0 - up).powi(2)).powi(7)
        },
    },
    ClosedForm {
        name: "superradiance of 3 atoms: <S^z> of the cascade",
        study: "
            ensembles.S = { size = 3, frequency = 1.0, initial = { state = 'up' } }
            channels = [{ kind = 'collective-emission', ensemble = 'S', rate = 1.0 }]
            output.observables = ['spin(S)']",
        column: (0, 2),
        expected: |t| {
            let (e3, e4) = ((-3.0 * t).exp(), (-4.0 * t).exp());
            let (p3, p2, p1) = (e3, 3.0 * (e3 - e4), 12.0 * (t * e3 - e3 + e4));
            1.5 * p3 + 0.5 * p2 - 0.5 * p1 - 1.5 * (1.0 - p3 - p2 - p1)
        },
    },
    ClosedForm {
        name: "lossy vacuum Rabi oscillation of 4 atoms: n(t)",
        study: "
            modes.a = { frequency = 1.0, cutoff = 3 }
            ensembles.S = { size = 4, frequency = 1.0, initial = { state = 'dicke', j = 2, m = -1 } }
            interactions = [{ kind = 'tavis-cummings', mode = 'a', ensemble = 'S', strength = 0.7 }]
            channels = [{ kind = 'cavity-loss', mode = 'a', rate = 0.3 }]
            output.observables = ['photons(a)']",
        column: (0, 0),
        expected: |t| {
            let w = (0.49f64 - 0.09 / 16.0).sqrt();
            (0.7 / w * (w * t).sin()).powi(2) * (-0.15 * t).exp()
        },
    },
];

const COMMON: &str = "
    time = { end = 3.0, points = 7 }
    method = { name = 'dop853', rtol = 1e-11, atol = 1e-13 }";

pub(super) fn checks() -> anyhow::Result<Vec<Check>> {
    CLOSED_FORMS
        .iter()
        .map(|form| {
            let study = Study::parse("verify.toml", "verify", &format!("{COMMON}{}", form.study), &[])?;
            let (_, recorder) = run(study.engine().as_ref(), &study.problem, &mut Silent)?;
            let column = recorder.column(form.column.0, form.column.1);
            let deviations =
                recorder.times().into_iter().zip(column).map(|(t, x)| (x - (form.expected)(t)).abs());
            Ok(check(form.name, deviations.fold(0.0, f64::max), 1e-9))
        })
        .collect()
}
