//! One application of the matrix-free generator, beside the STREAM triad on vectors of the same length.
//!
//! `elements` are the unknowns of the full (unreduced) state, so that `time / elements` is the time per
//! unknown. The generator must read the stored half of rho and write it once: 2 x 8 bytes for each stored
//! number. That traffic at the speed of the triad is the memory bound, and
//!
//! ```text
//! fraction of the memory bound = (16 bytes x length / time of apply) / (24 bytes x length / time of triad).
//! ```

mod common;

use std::hint::black_box;
use std::time::Duration;

use common::{Prepared, on, reference};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use superladder::propagate::LinearOperator;

/// Numbers that one task of the triad handles.
const CHUNK: usize = 1 << 15;

/// a = b + s c, as in STREAM (J. D. McCalpin, IEEE TCCA Newsletter, December 1995).
fn triad(a: &mut [f64], b: &[f64], c: &[f64], s: f64) {
    let parts = a.par_chunks_mut(CHUNK).zip(b.par_chunks(CHUNK)).zip(c.par_chunks(CHUNK));
    parts.for_each(|((a, b), c)| {
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            *a = s * *c + *b;
        }
    });
}

fn size(group: &mut BenchmarkGroup<'_, WallTime>, n: usize, cutoff: usize) {
    let Prepared { setting, generator, vector, .. } = Prepared::new(&reference(n, cutoff, &[]));
    let length = vector.len();
    let unknowns: usize = setting.space.sectors().iter().map(|s| s.dim() * s.dim()).sum();
    for threads in [1, 2] {
        let name = format!("N{n}-nmax{cutoff}/threads{threads}");
        let mut out = vec![0.0; length];
        group.throughput(Throughput::Elements(unknowns as u64));
        group.bench_function(format!("generator/{name}"), |b| {
            on(threads, || b.iter(|| generator.apply(black_box(&vector), &mut out)));
        });
        let (b_, c_) = (vec![1.0; length], vec![2.0; length]);
        group.throughput(Throughput::Bytes(24 * length as u64));
        group.bench_function(format!("triad/{name}"), |b| {
            on(threads, || b.iter(|| triad(black_box(&mut out), &b_, &c_, black_box(0.5))));
        });
    }
    println!("N = {n}, cutoff {cutoff}: {unknowns} unknowns, vectors of {length} numbers");
}

fn apply(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("apply");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    size(&mut group, 4, 14);
    size(&mut group, 6, 15);
}

/// The triad on vectors far larger than every cache: the bandwidth of the memory itself.
fn memory(criterion: &mut Criterion) {
    const LENGTH: usize = 1 << 24;
    let mut group = criterion.benchmark_group("memory");
    group.sample_size(20).throughput(Throughput::Bytes(24 * LENGTH as u64));
    let (mut a, b_, c_) = (vec![0.0; LENGTH], vec![1.0; LENGTH], vec![2.0; LENGTH]);
    for threads in [1, 2] {
        group.bench_function(format!("triad/threads{threads}"), |b| {
            on(threads, || b.iter(|| triad(black_box(&mut a), &b_, &c_, black_box(0.5))));
        });
    }
}

criterion_group!(benches, apply, memory);
criterion_main!(benches);
