//! The first study as a whole: reading, preparing, evolving; without writing files.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use superladder::engine::{Silent, run};
use superladder::study::Study;

fn end_to_end(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("end-to-end");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/first-run.toml");
    group.bench_function("first-run", |b| {
        b.iter(|| {
            let study = Study::load(file, &[]).expect("a study of the repository");
            run(study.engine().as_ref(), &study.problem, &mut Silent).expect("runs").1
        });
    });
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
