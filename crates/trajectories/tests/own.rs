//! Terms, jumps and observables of one's own in trajectories.

use superladder_engine::{Problem, Silent, run};
use superladder_exact::Exact;
use superladder_model::{Model, Observable, Operator};
use superladder_trajectories::Trajectories;

/// Loss in pairs and a jump that mixes the mode and the spins: nothing of it is in a table.
fn problem() -> Problem {
    let (a, s) = (Operator::annihilate(0), Operator::lower(0));
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", 2, 1.0)
        .hamiltonian(0.4 * (a.clone() * s.adjoint() + a.adjoint() * s.clone()))
        .jump(0.5, a.clone() * a.clone())
        .jump(0.3, a + s)
        .build()
        .expect("valid");
    let n = Operator::number(0);
    let fano = Observable::function("fano", [n.clone() * n.clone(), n], [""], |[nn, n]| {
        [(nn.re - n.re * n.re) / n.re]
    });
    let builder = Problem::builder(&model).cutoff("a", 5).initial("a", "fock", 3);
    builder.observe(["photons(a)"]).observe(fano).times(0.0, 1.0, 3).build().expect("valid")
}

#[test]
fn own_parts_agree_with_the_density_matrix() {
    let problem = problem();
    let engine = Trajectories { trajectories: 4000, ..Trajectories::default() };
    let (_, sampled) = run(&engine, &problem, &mut Silent).expect("runs");
    let (_, exact) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
    for name in ["photons(a)", "fano"] {
        let errors = sampled.standard_errors(&problem, name).expect("known").expect("sampled");
        let found = sampled.get(&problem, name).expect("known")[2];
        let expected = exact.get(&problem, name).expect("known")[2];
        assert!(errors[2] > 0.0 && errors[2] < 0.1, "{name}: {errors:?}");
        assert!((found - expected).abs() < 4.5 * errors[2], "{name}: {found} {expected} {}", errors[2]);
    }
}
