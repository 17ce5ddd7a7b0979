//! A model in code, an observable of one's own, and the density matrix at the end.

use superladder::engine::{Problem, Silent, record};
use superladder::exact::Exact;
use superladder::model::{Model, Observable, Operator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("T", 4, 1.0)
        .interaction("tavis-cummings", ["a", "T"], 0.4)
        .channel("cavity-loss", "a", 0.3)
        .channel("pumping", "T", 0.9)
        .build()?;
    let flow = Observable::expectation("flow", Operator::create(0) * Operator::lower(0));
    let observables = Problem::builder(&model).observe(["photons(a)", "g2(a)"]).observe(flow);
    let problem = observables.cutoff("a", 20).times(0.0, 20.0, 201).build()?;

    let mut evolution = Exact::default().evolution(&problem)?;
    let recorder = record(&mut evolution, &problem, &mut Silent)?;
    let last = |name| recorder.get(&problem, name).map(|values| values[200]);
    println!("at t = 20: {:.3} photons, g2 = {:.3}", last("photons(a)")?, last("g2(a)")?);
    println!("spins feed the light: Im <a^dag S^-> = {:.3}", last("flow.im")?);
    let rho = evolution.density_matrix();
    println!("probability of the vacuum: {:.4}", rho.mode("a")?[(0, 0)].re);
    for ladder in rho.ensemble("T")? {
        println!("probability of total spin {}: {:.4}", ladder.twice_j / 2, ladder.matrix.trace());
    }
    Ok(())
}
