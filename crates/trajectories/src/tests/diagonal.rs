//! What the Taylor series does to the diagonal of the generator, and what an interaction picture of it could
//! gain at most.

use superladder_mean_field::MeanField;

use super::*;
use crate::Choice;
use crate::products::Bands;
use crate::stencil::Stencil;
use crate::taylor::Series;
use crate::vector::Vector;

/// Order for a step that is enough, and steps per unit time at the highest order.
type Needed = (usize, f64);

/// Along a trajectory, how the Taylor series fares with and without the diagonal part.
struct Expanding<'a> {
    dynamics: &'a Dynamics,
    tolerance: f64,
    /// Length of a step that is long enough: that of the trajectory.
    enough: f64,
    /// By output: whole and without diagonal.
    found: Vec<[Needed; 2]>,
}

impl Witness for Expanding<'_> {
    fn state(&mut self, _: usize, Snapshot { basis, psi, .. }: Snapshot<'_>) {
        let (mut bands, mut stencil, mut series) = (Bands::default(), Stencil::default(), Series::new());
        bands.fill(&self.dynamics.table, basis);
        let found = [false, true].map(|without| {
            let mut expand = |wish: f64| {
                stencil.fill(&self.dynamics.pattern, &bands, basis);
                if without {
                    stencil.clear_diagonal();
                }
                series.expand(&mut stencil, psi, self.tolerance, |_| wish)
            };
            // Steps per unit time, since without the diagonal a step may have no end.
            (expand(self.enough).order(), 1.0 / expand(f64::INFINITY).step)
        });
        self.found.push(found);
    }
}

/// The reference model from its mean-field limit cycle to t = 20, as in
/// `data/studies/lasing-trajectories.toml`.
pub(super) fn lasing(n: usize) -> Problem {
    let size = n as f64;
    let cutoff = (1.05 * size + 8.5 * size.sqrt()).ceil() as usize;
    let initial = InitialState {
        modes: vec![ModeState::Coherent(Complex64::from(-0.01 * size.sqrt()))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.02, phi: 0.0 },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let mut problem = problem(reference(n), initial, cutoff, 20.0);
    problem.initial = MeanField::default().product_state_at(&problem, 2000.8).expect("a cycle");
    problem.times = (0..=40).map(|i| 0.5 * f64::from(i)).collect();
    problem.observables.clear();
    problem
}

/// Compares the generator at the start of a trajectory before and after two expansions.
struct Shifted<'a>(&'a Dynamics);

impl Witness for Shifted<'_> {
    fn state(&mut self, output: usize, Snapshot { basis, psi, .. }: Snapshot<'_>) {
        if output > 0 {
            return;
        }
        let (mut bands, mut stencil, mut series) = (Bands::default(), Stencil::default(), Series::new());
        bands.fill(&self.0.table, basis);
        stencil.fill(&self.0.pattern, &bands, basis);
        let (mut before, mut after) = (Vector::default(), Vector::default());
        stencil.apply(psi, 1.0, &mut before);
        let mut image = Vector::default();
        image.copy(psi);
        for _ in 0..2 {
            series.expand(&mut stencil, psi, 1e-8, |_| 0.1);
        }
        stencil.apply(psi, 1.0, &mut after);
        let c = psi.dot(&before).im / psi.norm_sqr();
        assert!(c.abs() > 0.1, "nothing to subtract: {c}");
        image.scale(c);
        for i in 0..psi.len() {
            let expected = before.get(i) - Complex64::I * image.get(i);
            assert!((after.get(i) - expected).norm() < 1e-13 * before.norm_sqr().sqrt(), "{i}");
        }
        let decay = |image: &Vector| psi.dot(image).re;
        assert!((decay(&before) - decay(&after)).abs() < 1e-13 * before.norm_sqr().sqrt());
    }
}

#[test]
fn a_series_subtracts_the_mean_frequency_and_no_more() {
    let problem = problem(many_channels(), pure(), 7, 1.0);
    let (setup, _) = engine(1).setup(&problem).expect("valid");
    setup.follow(0, &mut Workspace::new(), &mut Shifted(&setup.stages[0])).expect("runs");
}

#[test]
#[ignore = "long: what docs/METHODS.md says of the interaction picture"]
fn an_interaction_picture_of_the_diagonal_part_would_not_pay() {
    for n in [10, 100] {
        let problem = lasing(n);
        for engine in [local(1), Trajectories { displaced: Choice::Off, rotating: Choice::Off, ..local(1) }] {
            if n == 100 && engine.displaced == Choice::Off {
                continue;
            }
            let (setup, _) = engine.setup(&problem).expect("valid");
            let statistics = setup.follow(0, &mut Workspace::new(), &mut Blind).expect("runs");
            let enough = 20.0 / statistics.steps as f64;
            let dynamics = &setup.stages[0];
            let mut expanding = Expanding { dynamics, tolerance: setup.tolerance, enough, found: Vec::new() };
            setup.follow(0, &mut Workspace::new(), &mut expanding).expect("runs");
            let mean = |read: &dyn Fn(&[Needed; 2]) -> f64| {
                expanding.found.iter().map(read).sum::<f64>() / expanding.found.len() as f64
            };
            let orders = [0, 1].map(|k| mean(&|f| f[k].0 as f64));
            let rates = [0, 1].map(|k| mean(&|f| f[k].1));
            let per_step = statistics.applications as f64 / statistics.steps as f64;
            println!(
                "N = {n}, displaced {:?}: {} steps, {per_step:.1} applications each; order {orders:.1?} for a step of {enough:.3}; steps per unit time at order 30 {rates:.2?}",
                engine.displaced, statistics.steps
            );
            if engine.displaced == Choice::On {
                let (fewer, longer) = (orders[0] / orders[1], rates[0] / rates[1]);
                assert!(fewer < 1.5 && longer < 2.0, "{fewer} {longer}");
            }
        }
    }
}
