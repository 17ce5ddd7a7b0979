//! Time of one application of the matrix-free generator of the reference model, per unknown of the full
//! state.
//!
//!     cargo run --release -p superladder-exact --example apply -- 4 14 100     # N, cutoff, applications
//!
//! One thread. The smallest of ten rounds counts: what else the machine does only adds.
#![allow(dead_code, unreachable_pub, reason = "the shared model has more than an example needs")]

#[path = "../tests/common/reference.rs"]
mod reference;

use std::time::Instant;

use superladder_exact::{Elements, Lindbladian, initial_vector, reduced_space};
use superladder_propagate::LinearOperator;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("a number"));
    let mut next = |default| numbers.next().unwrap_or(default);
    let (n, cutoff, repetitions) = (next(4), next(14), next(100));
    let problem = reference::reference_problem(n, cutoff, 0.7, &["photons(a)", "amplitude(a)"]);
    let setting = reduced_space(&problem, true).expect("small");
    let elements = Elements::new(&setting.space, problem.model());
    let generator = Lindbladian::new(&setting.layout, &elements);
    let (x, _) =
        initial_vector(&setting.space, &setting.layout, problem.model(), &problem.initial).expect("a state");
    let mut out = vec![0.0; x.len()];
    let unknowns: usize = setting.space.sectors().iter().map(|s| s.dim() * s.dim()).sum();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let rounds = (0..10).map(|_| {
        let start = Instant::now();
        pool.install(|| (0..repetitions).for_each(|_| generator.apply(&x, &mut out)));
        start.elapsed().as_secs_f64() / repetitions as f64
    });
    let best = rounds.fold(f64::INFINITY, f64::min);
    println!(
        "N = {n}, cutoff {cutoff}: {unknowns} unknowns, {} stored numbers, {:.3} ms, {:.2} ns per unknown",
        x.len(),
        1e3 * best,
        1e9 * best / unknowns as f64
    );
}
