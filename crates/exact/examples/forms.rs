//! Time of one application of the generator of a resonant laser (`data/studies/laser-N60.toml`) in its three
//! forms: matrix-free, real on the stored half, and the complex sparse matrix of both halves that `export`
//! writes.
//!
//!     cargo run --release -p superladder-exact --example forms -- 20 50     # N, cutoff
//!
//! One thread, in turns. The smallest of all rounds counts: what else the machine does only adds.

use std::time::Instant;

use superladder_engine::{Never, Problem};
use superladder_exact::{Assembled, Elements, Lindbladian, RealGenerator, StoredHalf, reduced_space};
use superladder_model::Model;
use superladder_propagate::LinearOperator;

fn laser(n: usize, cutoff: usize) -> Problem {
    let model = Model::builder()
        .mode("a", 0.0)
        .ensemble("T", n, 0.0)
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .channel("cavity-loss", "a", 0.02)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).initial("a", "vacuum", ()).initial("T", "down", ());
    problem.cutoff("a", cutoff).observe("photons(a)").times(0.0, 1.0, 2).build().expect("valid")
}

/// Seconds of one call, the best so far.
fn time(best: &mut f64, mut call: impl FnMut()) {
    let start = Instant::now();
    call();
    *best = best.min(start.elapsed().as_secs_f64());
}

fn measure(n: usize, cutoff: usize) {
    let problem = laser(n, cutoff);
    let setting = reduced_space(&problem, true).expect("small");
    let (space, layout) = (&setting.space, &setting.layout);
    let elements = Elements::new(space, problem.model());
    let matrix_free = Lindbladian::new(layout, &elements);
    let half = StoredHalf::new(space, layout).expect("small");
    let real = half.gauge(&[&elements], &Never).flatten().expect("a resonant laser has a gauge");
    let generator = RealGenerator::new(&half, &real, &elements, &Never).expect("nobody ends it");
    let complex = Assembled::new(space, layout, &elements);

    let unknowns: Vec<f64> = (0..half.len()).map(|i| (i as f64).sin()).collect();
    let whole = real.form.expanded(&unknowns);
    let both = complex.index.expand(layout, &whole);
    let (mut out, mut whole_out) = (unknowns.clone(), whole.clone());
    let mut best = [f64::INFINITY; 3];
    for _ in 0..30 {
        time(&mut best[0], || matrix_free.apply(&whole, &mut whole_out));
        time(&mut best[1], || generator.apply(&unknowns, &mut out));
        time(&mut best[2], || drop(complex.apply(&both)));
    }
    println!(
        "N = {n}, cutoff {cutoff}: matrix-free {:.3} ms, real {:.3} ms ({:.1} x), complex CSR {:.3} ms ({:.1} x); \
         vectors of {} and {} numbers, {} entries",
        1e3 * best[0],
        1e3 * best[1],
        best[0] / best[1],
        1e3 * best[2],
        best[2] / best[1],
        whole.len(),
        unknowns.len(),
        real.nnz
    );
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("a number"));
    let (n, cutoff) = (numbers.next().unwrap_or(20), numbers.next().unwrap_or(50));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    pool.install(|| measure(n, cutoff));
}
