//! Terms, jumps and observables of one's own in the moment equations.

use superladder_cumulant::Cumulant;
use superladder_engine::{Problem, Silent, run};
use superladder_model::{Model, Observable, Operator};

/// A driven, lossy and amplified mode written without the tables; second order is exact for it.
fn problem() -> Problem {
    let a = Operator::annihilate(0);
    let model = Model::builder()
        .mode("a", 0.0)
        .hamiltonian(0.3 * (a.clone() + a.adjoint()))
        .jump(0.8, a.clone())
        .jump(0.2, a.adjoint())
        .build()
        .expect("valid");
    let pair = a.adjoint() * a.adjoint() * a.clone() * a;
    let g2 = Observable::function("own", [pair, Operator::number(0)], ["g2", "half"], |[pair, n]| {
        [pair.re / (n.re * n.re), 0.5 * n.re]
    });
    let builder = Problem::builder(&model).cutoff("a", 0).initial("a", "coherent", 0.5);
    builder.observe(["photons(a)", "g2(a)"]).observe(g2).times(0.0, 2.0, 3).build().expect("valid")
}

#[test]
fn an_own_function_has_the_bits_of_the_table() {
    let problem = problem();
    let (_, recorder) =
        run(&Cumulant { order: 2, ..Cumulant::default() }, &problem, &mut Silent).expect("runs");
    let bits = |name: &str| -> Vec<u64> {
        recorder.get(&problem, name).expect("known").iter().map(|x| x.to_bits()).collect()
    };
    assert_eq!(bits("own.g2"), bits("g2(a)"));
}

/// `d<a>/dt = -i F - (k - g)/2 <a>`, `d(n - |<a>|^2)/dt = -(k - g)(n - |<a>|^2) + g` with loss k and gain g.
#[test]
fn own_terms_and_jumps_follow_the_closed_form() {
    let problem = problem();
    let (_, recorder) = run(&Cumulant::default(), &problem, &mut Silent).expect("runs");
    let (f, g, net, t) = (0.3, 0.2, 0.8f64 - 0.2, 2.0);
    let decay = (-0.5 * net * t).exp();
    let (re, im) = (0.5 * decay, -f * 2.0 / net * (1.0 - decay));
    let thermal = g / net * (1.0 - decay * decay);
    let expected = re * re + im * im + thermal;
    let found = recorder.get(&problem, "own.half").expect("known")[2];
    assert!((2.0 * found - expected).abs() < 1e-8, "{found} {expected}");
}
