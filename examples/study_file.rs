//! A study file: read, run with its own engine, and a column read by its name.

use superladder::engine::{Silent, run};
use superladder::study::Study;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sets = ["parameters.lambda=0.3", "time.end=4.0"].map(str::to_owned);
    let study = Study::load("data/studies/first-run.toml", &sets)?;
    println!("{}: engine '{}'", study.title, study.engine.name());

    let (evolution, recorder) = run(study.engine().as_ref(), &study.problem, &mut Silent)?;
    let photons = recorder.get(&study.problem, "photons(a)")?;
    for (time, n) in recorder.times().iter().zip(&photons).step_by(25) {
        println!("t = {time:<4} photons {n:.6}");
    }
    let diagnostics = evolution.diagnostics();
    println!("every bound is kept: {}", diagnostics.converged());
    Ok(())
}
