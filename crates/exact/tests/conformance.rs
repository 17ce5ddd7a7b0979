//! Every channel x every interaction x several sizes against a dense 2^N brute force that shares no matrix element
//! with the engine: the generator on random states, matrix-free and assembled, and the trace.

mod common;

use common::{Case, SIZES, cases, random_state};
use num_complex::Complex64;
use superladder_brute_force::{BruteForce, Dense, SymmetricBlock};
use superladder_exact::{Assembled, Elements, Lindbladian, pack, reduced_space, sector_matrix};
use superladder_propagate::LinearOperator;
use superladder_space::Space;

fn blocks(space: &Space, matrices: &[Vec<Complex64>]) -> Vec<SymmetricBlock> {
    let modes = space.levels().len();
    let split = |labels: &[u32]| {
        let labels: Vec<usize> = labels.iter().map(|l| *l as usize).collect();
        (labels[..modes].to_vec(), labels[modes..].to_vec())
    };
    space
        .sectors()
        .iter()
        .zip(matrices)
        .map(|(sector, matrix)| SymmetricBlock {
            twice_j: sector.twice_j.clone(),
            states: (0..sector.dim()).map(|i| split(sector.labels(i))).collect(),
            matrix: Dense::from_fn(sector.dim(), sector.dim(), |i, j| matrix[i * sector.dim() + j]),
        })
        .collect()
}

/// Largest deviation of `L rho` from the brute force, of the assembled from the matrix-free form, and the trace
/// residual of the assembled form.
fn deviations(case: &Case, seed: u64) -> [f64; 3] {
    let problem = case.problem();
    let setting = reduced_space(&problem, false).expect("small spaces can be built");
    let (space, layout) = (&setting.space, &setting.layout);
    let elements = Elements::new(space, problem.model());
    let state = random_state(space, seed);
    let x = pack(space, layout, &state);
    let mut out = vec![0.0; x.len()];
    Lindbladian::new(layout, &elements).apply(&x, &mut out);

    let brute = BruteForce::new(problem.model(), &problem.cutoffs).expect("small");
    let embedded = brute.embed(&blocks(space, &state)).expect("labels fit");
    let image = brute.generator(&embedded);
    let expected = brute.project(&image, &blocks(space, &state)).expect("labels fit");
    let mut worst: f64 = 0.0;
    for (number, block) in expected.iter().enumerate() {
        let dim = space.sectors()[number].dim();
        let found = sector_matrix(space, layout, &out, number);
        for i in 0..dim {
            for j in 0..dim {
                worst = worst.max((found[i * dim + j] - block.matrix[(i, j)]).norm());
            }
        }
    }
    let assembled = Assembled::new(space, layout, &elements);
    let flat = assembled.index.expand(layout, &x);
    let image = assembled.index.expand(layout, &out);
    let product = assembled.apply(&flat);
    let difference = product.iter().zip(&image).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    [worst, difference, assembled.trace_residual()]
}

#[test]
fn every_channel_and_interaction_agrees_with_brute_force() {
    let mut count = 0;
    let mut worst = [0.0f64; 3];
    for sizes in SIZES {
        for case in cases(sizes) {
            let found = deviations(&case, count);
            for (w, f) in worst.iter_mut().zip(found) {
                *w = w.max(f);
            }
            assert!(found[0] < 1e-12, "{case:?}: generator off by {:e}", found[0]);
            assert!(found[1] < 1e-13, "{case:?}: assembled off by {:e}", found[1]);
            assert!(found[2] < 1e-12, "{case:?}: trace residual {:e}", found[2]);
            count += 1;
        }
    }
    println!(
        "{count} cases; brute force {:.1e}, assembled {:.1e}, trace {:.1e}",
        worst[0], worst[1], worst[2]
    );
    assert!(count > 300);
}
