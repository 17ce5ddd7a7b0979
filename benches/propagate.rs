//! Every method from t = 0 to 2 on the reference model, N = 2, cutoff 12, with 21 output times.

mod common;

use std::time::Duration;

use common::reference;
use criterion::{Criterion, criterion_group, criterion_main};
use superladder::engine::{Silent, run};
use superladder::propagate::METHODS;

fn propagate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("propagate");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for method in METHODS.iter().filter(|m| m.largest.is_none()) {
        let set = format!("method={{name='{}'}}", method.name);
        let observables = "output.observables=['amplitude(a)', 'photons(a)', 'spin(S)', 'spin(T)']";
        let study = reference(2, 12, &[&set, observables, "time.end=2.0", "time.points=21"]);
        let engine = study.engine();
        group.bench_function(method.name, |b| {
            b.iter(|| run(engine.as_ref(), &study.problem, &mut Silent).expect("runs").1);
        });
    }
}

criterion_group!(benches, propagate);
criterion_main!(benches);
