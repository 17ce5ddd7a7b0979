//! Motion of the reference model: trajectories on the Bloch sphere, limit cycles, what Fig. 2 says of them.

use superladder_mean_field::{Cycle, MeanFieldEquations, Phase, Waveform, lyapunov, start_near_normal};
use superladder_propagate::{Dop853, Field, Method};

use crate::critical::normal_state;
use crate::error::ReproduceError;
use crate::figure::{Claim, Context, Table};
use crate::kinds::{census, number};
use crate::paper::FIG2;
use superladder_plot::{Orbit, SpherePanel};

/// The trajectory of S after the flow has settled, `<S>/N` every 0.05.
pub(super) fn trajectory(
    equations: &MeanFieldEquations,
    burn: f64,
    time: f64,
) -> Result<Vec<[f64; 3]>, ReproduceError> {
    let mut v = start_near_normal(equations);
    let first = 2 * equations.modes();
    let mut points = Vec::new();
    let stops: Vec<f64> = (0..(time / 0.05) as usize).map(|k| burn + 0.05 * k as f64).collect();
    let method =
        Method::Dop853(Dop853 { rtol: 1e-9, atol: 1e-11, max_steps: 100_000_000, ..Dop853::default() });
    let mut seen = |_: f64, y: &[f64]| {
        points.push([y[first], y[first + 1], y[first + 2]]);
        std::ops::ControlFlow::Continue(())
    };
    method.propagator(v.len()).advance(&Field(equations), 0.0, burn + time, &mut v, &stops, &mut seen)?;
    Ok(points)
}

/// The spheres of Fig. 2(a) with their tables.
pub(super) fn spheres(context: &Context<'_>) -> Result<(Vec<SpherePanel>, Vec<Table>), ReproduceError> {
    let (mut panels, mut tables) = (Vec::new(), Vec::new());
    let shown = [("L1", 0.3, 0.9, 60.0), ("L2", 0.55, 0.9, 60.0), ("IR", 0.55, 1.0, 500.0)];
    let colours = [("#C9A400", "#F0E2A0"), ("#E07B00", "#F8D3A4"), ("#C8281E", "#F0B9B5")];
    context.begun("trajectories", shown.len());
    for ((phase, lambda, up, time), (colour, behind)) in shown.into_iter().zip(colours) {
        let values = [("lambda", lambda), ("gamma_up", up)];
        let points = trajectory(&FIG2.equations(&values)?, 3000.0, time)?;
        let mut table = Table::new(&format!("sphere_{phase}"), &["t", "Sx", "Sy", "Sz"]);
        points.iter().enumerate().for_each(|(k, p)| table.push(&[0.05 * k as f64, p[0], p[1], p[2]]));
        tables.push(table);
        let orbit = Orbit { label: String::new(), colour, behind, points };
        panels
            .push(SpherePanel {
                title: format!("{phase}: λ = {lambda}, γ↑ = {up} γₜ"), orbits: vec![orbit]
            });
        context.done(1);
    }
    Ok((panels, tables))
}

/// A limit cycle that the start near the normal state settles on.
pub(super) fn cycle_at(values: &[(&str, f64)]) -> Result<(MeanFieldEquations, Cycle), ReproduceError> {
    let equations = FIG2.equations(values)?;
    let found = Cycle::attracting(&equations, &start_near_normal(&equations), 3000.0, 24)?;
    let what = || format!("the limit cycle at {values:?}");
    let cycle = found.ok_or_else(|| ReproduceError::NotFound { figure: "fig2", what: what() })?;
    Ok((equations, cycle))
}

/// Mean, extrema and harmonics of `<S^x>`, `<S^z>` and n over a period.
pub(super) fn waveforms(
    equations: &MeanFieldEquations,
    cycle: &Cycle,
) -> Result<[Waveform; 3], ReproduceError> {
    let samples = cycle.samples(equations)?;
    let of = |f: &dyn Fn(&Vec<f64>) -> f64| Waveform::of(&samples.iter().map(f).collect::<Vec<_>>());
    Ok([of(&|v| v[2]), of(&|v| v[4]), of(&|v| 0.5 * (v[0] * v[0] + v[1] * v[1]))])
}

/// What Fig. 2 and its text say of the motion.
pub(super) fn behaviour(counts: &[usize]) -> Result<Vec<Claim>, ReproduceError> {
    let (equations, l1) = cycle_at(&[("lambda", 0.3)])?;
    let [sx, sz, n] = waveforms(&equations, &l1)?;
    let (equations, l2) = cycle_at(&[("lambda", 0.55)])?;
    let [sx2, sz2, _] = waveforms(&equations, &l2)?;
    let equations = FIG2.equations(&[("lambda", 0.6)])?;
    let chaos = lyapunov(&equations, &start_near_normal(&equations), 3000.0, 20_000.0, 0.2);
    let (largest, error) = (chaos.exponents[0], chaos.errors[0]);
    let has = |phase: Phase| counts[number(phase)] > 0;
    let shown = [Phase::NS, Phase::SR, Phase::L1, Phase::L2];
    let growth = normal_state(&FIG2.equations(&[("lambda", 0.3)])?).map_or(f64::NAN, |p| p.leading().1);
    Ok(vec![
        Claim::new(
            "phases of the diagram",
            "NS, SR, L1, L2, IR",
            format!("points: {}", census(counts)),
            shown.iter().all(|p| has(*p)),
        )
        .remark(if has(Phase::IR) { "" } else { "this grid misses the narrow IR region" }),
        Claim::new(
            "L1",
            "⟨Sˣ⟩ oscillates about 0, n and ⟨Sᶻ⟩ at twice its frequency",
            format!(
                "λ = 0.3: mean {:.1e}, amplitude {:.4}, ω = {:.5}; harmonics 1 and 2 of n {:.1e}, {:.3}; normal state grows at {growth:.4}",
                sx.mean.abs(),
                sx.amplitude(),
                std::f64::consts::TAU / l1.period,
                n.harmonics[0],
                n.harmonics[1]
            ),
            sx.mean.abs() < 1e-6 && n.harmonics[0] < 1e-6 && sz.harmonics[0] < 1e-6 && n.harmonics[1] > 1e-3,
        ),
        Claim::new(
            "L2",
            "⟨Sˣ⟩ oscillates about one of the two minima ±s₀",
            format!(
                "λ = 0.55: mean ±{:.5}, amplitude {:.5}, period {:.6}",
                sx2.mean.abs(),
                sx2.amplitude(),
                l2.period
            ),
            sx2.mean.abs() > 0.05,
        ),
        Claim::new(
            "⟨Sᶻ⟩ in L1 and L2",
            "negative despite the inversion of T",
            format!("mean {:.4} in L1, {:.4} in L2", sz.mean, sz2.mean),
            sz.mean < 0.0 && sz2.mean < 0.0,
        ),
        Claim::new(
            "IR",
            "suggestive of chaos",
            format!("λ = 0.6: largest Lyapunov exponent {largest:.4} ± {error:.4}"),
            largest > 5.0 * error,
        ),
    ])
}
