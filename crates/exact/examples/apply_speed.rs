//! Nanoseconds per unknown of one application (temporary probe).
#[path = "../tests/common/mod.rs"]
mod common;
use superladder_exact::{Elements, Lindbladian, initial_vector, reduced_space};
use superladder_propagate::LinearOperator;
fn main() {
    let args: Vec<usize> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let (n, cutoff) = (args[0], args[1]);
    let problem = common::reference::reference_problem(n, cutoff, 0.7, &["amplitude(a)"]);
    let start = std::time::Instant::now();
    let setting = reduced_space(&problem, true).unwrap();
    let elements = Elements::new(&setting.space, problem.model());
    let generator = Lindbladian::new(&setting.layout, &elements);
    println!(
        "setup {:?}, generator memory {} MB, vector {} MB, tiles {}, pairs {}",
        start.elapsed(),
        generator.memory() >> 20,
        (8 * setting.layout.len()) >> 20,
        setting.layout.tiles().len(),
        setting.layout.pairs().len()
    );
    let (x, _) = initial_vector(&setting.space, &setting.layout, problem.model(), &problem.initial).unwrap();
    let mut out = vec![0.0; x.len()];
    let full: f64 = setting.space.sectors().iter().map(|s| (s.dim() as f64).powi(2)).sum();
    for threads in [1, 2].into_iter().take(args.get(3).copied().unwrap_or(2)) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut best = f64::INFINITY;
        for _ in 0..args.get(2).copied().unwrap_or(12) {
            let start = std::time::Instant::now();
            pool.install(|| generator.apply(&x, &mut out));
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!(
            "{threads} threads: {:.3} ms, {:.2} ns per full unknown ({full} unknowns)",
            best * 1e3,
            best * 1e9 / full
        );
    }
}
