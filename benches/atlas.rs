//! What a phase diagram of mean field costs: equations, fixed points and the flow of 64 points of the
//! reference model.
//!
//! `elements` are points times units of time for the flow, so that `time / elements` is the time for which
//! one point moves by 1: a grid of 41 x 51 points over T = 9000 takes 1.88e7 times as long on one core (its
//! steps are a little longer on average).

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use superladder::mean_field::{Classifier, FixedPoint, LANES, MeanFieldEquations, long_time};
use superladder::workflows::maps::{Grid, all_fixed_points};

const STUDY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/phase-diagram.toml");

fn atlas(criterion: &mut Criterion) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("one thread");
    let grid = Grid::load(Path::new(STUDY), &[], "lambda=0.1:0.7:8", "gamma_up=0.2:1:8").expect("a grid");
    let mut group = criterion.benchmark_group("atlas");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let models = grid
        .with_points(|points| {
            group.throughput(Throughput::Elements(grid.len() as u64));
            group.bench_function("equations", |b| b.iter(|| points.all().expect("equations")));
            points.all().expect("equations")
        })
        .expect("a study");
    group.bench_function("fixed points", |b| b.iter(|| all_fixed_points(black_box(&models))));
    let found = all_fixed_points(&models);
    let all: Vec<(&MeanFieldEquations, &[FixedPoint])> =
        models.iter().zip(found.iter().map(Vec::as_slice)).collect();
    for (name, burn, window) in [("flow", 299.0, 1.0), ("flow with a perturbation", 1.0, 299.0)] {
        let classifier = Classifier { burn, window, ..Classifier::default() };
        group.throughput(Throughput::Elements(300 * grid.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                all.chunks(LANES).map(|chunk| long_time(classifier, black_box(chunk))).collect::<Vec<_>>()
            });
        });
    }
}

criterion_group!(benches, atlas);
criterion_main!(benches);
