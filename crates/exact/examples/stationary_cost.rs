//! What the stationary state of the reference model costs: `stationary_cost N CUTOFF TOLERANCE [certify]`.

use std::time::Instant;

use superladder_engine::{Never, Problem, StationaryOptions};
use superladder_exact::Exact;
use superladder_model::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let n: usize = given.first().map_or(Ok(2), |s| s.parse())?;
    let cutoff: usize = given.get(1).map_or(Ok(16), |s| s.parse())?;
    let tolerance: f64 = given.get(2).map_or(Ok(1e-10), |s| s.parse())?;
    let certify = given.get(3).is_some_and(|s| s == "certify");
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("S", n, 1.0)
        .ensemble("T", n, 1.0)
        .interaction("dicke", ["a", "S"], 0.2)
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .interaction("exchange", ["S", "T"], 0.1)
        .channel("cavity-loss", "a", 0.06)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()?;
    let problem =
        Problem::builder(&model).cutoff("a", cutoff).observe("photons(a)").times(0.0, 1.0, 2).build()?;
    let options =
        StationaryOptions { tolerance, modes: 0, certify, errors: false, ..StationaryOptions::default() };
    let start = Instant::now();
    let state = Exact::default().stationary_state(&problem, &options, &Never)?;
    let report = &state.report;
    println!(
        "N = {n}, cutoff {cutoff}: photons {:.12}, residual {:.2e}, {} iterations, {:.2} s",
        report.measurements[0].values[0].value,
        report.residual,
        report.iterations,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
