//! The studies that the benchmarks share.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses a part of this module")]

use superladder::exact::{Elements, Lindbladian, Setting, initial_vector, reduced_space};
use superladder::study::Study;

/// The reference model with `n` spins in both ensembles; all of it is stored, no symmetry reduces it.
pub fn reference(n: usize, cutoff: usize, sets: &[&str]) -> Study {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/golden-N4.toml");
    let mut all = vec![format!("parameters.N={n}"), format!("modes.a.cutoff={cutoff}")];
    all.extend(sets.iter().map(ToString::to_string));
    Study::load(file, &all).expect("a study of the repository")
}

/// Space, matrix elements, generator and initial state of a study.
pub struct Prepared {
    pub setting: Setting,
    pub elements: Elements,
    pub generator: Lindbladian,
    pub vector: Vec<f64>,
}

impl Prepared {
    pub fn new(study: &Study) -> Self {
        let problem = &study.problem;
        let setting = reduced_space(problem, true).expect("small");
        let elements = Elements::new(&setting.space, problem.model());
        let generator = Lindbladian::new(&setting.layout, &elements);
        let (vector, _) = initial_vector(&setting.space, &setting.layout, problem.model(), &problem.initial)
            .expect("a state");
        Self { setting, elements, generator, vector }
    }
}

/// Runs `f` on `threads` threads.
pub fn on<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}
