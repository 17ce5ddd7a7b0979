//! Sample-steps of the reference model per second of one core: `cargo run --release -p superladder-truncated-wigner
//! --example sample_steps`.

use std::time::Instant;

use superladder_engine::{Problem, Silent, run};
use superladder_model::Model;
use superladder_truncated_wigner::TruncatedWigner;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", 100, 1.0)
        .ensemble("T", 100, 1.0)
        .interaction("dicke", ["a", "S"], 0.2)
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .interaction("exchange", ["S", "T"], 0.1)
        .channel("cavity-loss", "a", 0.06)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()?;
    let problem = Problem::builder(&model)
        .initial("a", "coherent", 5.0)
        .initial("S", "spin-coherent", 1.0)
        .cutoff("a", 1)
        .observe("photons(a)")
        .times(0.0, 2000.0, 2)
        .build()?;
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    for samples in [256, 1024] {
        let engine = TruncatedWigner { samples, ..TruncatedWigner::default() };
        let begun = Instant::now();
        let (evolution, _) = run(&engine, &problem, &mut Silent)?;
        let seconds = begun.elapsed().as_secs_f64();
        let statistics = evolution.statistics();
        let figure = |name: &str| statistics[name].as_f64().unwrap_or(f64::NAN);
        let rate = figure("steps_of_a_sample") * figure("samples") / seconds;
        println!(
            "{samples} samples, steps of {:.4}: {rate:.3e} sample-steps per second, {:.3e} units of time",
            figure("largest_step"),
            rate * figure("largest_step")
        );
    }
    Ok(())
}
