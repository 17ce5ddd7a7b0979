//! Matrix elements, the matrix-free generator and the Liouvillian as one sparse matrix.

mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{Prepared, reference};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use superladder::exact::{Assembled, Elements, Lindbladian};

fn assemble(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assemble");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (n, cutoff) in [(2, 12), (3, 12)] {
        let study = reference(n, cutoff, &[]);
        let Prepared { setting, elements, .. } = Prepared::new(&study);
        let (space, layout) = (&setting.space, &setting.layout);
        let name = format!("N{n}-nmax{cutoff}");
        group.bench_function(format!("elements/{name}"), |b| {
            b.iter(|| black_box(Elements::new(space, study.problem.model())));
        });
        group.bench_function(format!("matrix-free/{name}"), |b| {
            b.iter(|| black_box(Lindbladian::new(layout, &elements)));
        });
        let entries = Assembled::new(space, layout, &elements).matrix.nnz();
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(format!("csr/{name}"), |b| {
            b.iter(|| black_box(Assembled::new(space, layout, &elements)));
        });
    }
}

criterion_group!(benches, assemble);
criterion_main!(benches);
