//! The same problem through four engines.

use superladder::cumulant::Cumulant;
use superladder::engine::{Engine, Problem, Silent, run};
use superladder::exact::Exact;
use superladder::mean_field::MeanField;
use superladder::model::Model;
use superladder::trajectories::Trajectories;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", 6, 1.0)
        .interaction("dicke", ["a", "S"], 0.8)
        .channel("cavity-loss", "a", 0.4)
        .build()?;
    let problem = Problem::builder(&model)
        .initial("a", "coherent", 0.3)
        .cutoff("a", 30)
        .observe(["photons(a)", "spin(S)"])
        .times(0.0, 6.0, 4)
        .build()?;
    let trajectories = Trajectories { trajectories: 200, ..Trajectories::default() };
    let engines: [&dyn Engine; 4] =
        [&Exact::default(), &trajectories, &Cumulant::default(), &MeanField::default()];
    println!("photons at t =     {:?}", problem.times);
    for engine in engines {
        let (_, recorder) = run(engine, &problem, &mut Silent)?;
        let photons = recorder.get(&problem, "photons(a)")?;
        println!("{:<18} {photons:.3?}", engine.name());
        if let Some(errors) = recorder.standard_errors(&problem, "photons(a)")? {
            println!("{:<18} {errors:.3?}", "  standard error");
        }
    }
    Ok(())
}
