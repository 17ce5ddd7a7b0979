//! What no table has: a two-photon drive and loss in pairs make a cat state of light.

use superladder::engine::{Problem, Silent, record};
use superladder::exact::Exact;
use superladder::model::{Model, Observable, Operator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a = Operator::annihilate(0);
    let pair = a.clone() * a.clone();
    let model =
        Model::builder().mode("a", 0.0).hamiltonian(pair.clone() + pair.adjoint()).jump(1.0, pair).build()?;
    let n = Operator::number(0);
    let fano = Observable::function("fano", [n.clone() * n.clone(), n], [""], |[nn, n]| {
        [if n.re > 0.0 { (nn.re - n.re * n.re) / n.re } else { f64::NAN }]
    });
    let problem = Problem::builder(&model)
        .cutoff("a", 24)
        .observe(["photons(a)", "purity"])
        .observe(fano)
        .times(0.0, 8.0, 9)
        .build()?;
    let mut evolution = Exact::default().evolution(&problem)?;
    let recorder = record(&mut evolution, &problem, &mut Silent)?;
    for name in ["photons(a)", "fano", "purity"] {
        println!("{name:<10} {:.3?}", recorder.get(&problem, name)?);
    }
    let light = evolution.density_matrix().mode("a")?;
    let odd: f64 = (1..light.dim()).step_by(2).map(|n| light[(n, n)].re).sum();
    println!("odd photon numbers have the probability {odd:.1e}: the parity is kept");
    Ok(())
}
