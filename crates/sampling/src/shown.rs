//! Samples that are shown one by one: which columns, and their tables.

use superladder_engine::{Attachment, Problem};
use superladder_model::Shape;

use crate::block::Shown;

/// Numbers and names of the columns of single samples: of all observables but matrices.
pub fn shown_columns(problem: &Problem) -> Vec<(usize, String)> {
    let levels = problem.levels();
    let (mut number, mut columns) = (0, Vec::new());
    for observable in &problem.observables {
        let is_matrix =
            matches!(observable.shape(problem.model(), &levels), Shape::Matrix(_) | Shape::Blocks(_));
        for name in observable.columns(problem.model(), &levels) {
            if !is_matrix {
                columns.push((number, name));
            }
            number += 1;
        }
    }
    columns
}

/// The tables `trajectories`, one row per sample and time, and `jumps`, one row per event; none without samples.
pub fn shown_tables(times: &[f64], columns: &[(usize, String)], singles: &[&Shown]) -> Vec<Attachment> {
    if singles.is_empty() {
        return Vec::new();
    }
    let index = singles.iter().flat_map(|s| times.iter().map(|_| s.index as f64)).collect();
    let time = singles.iter().flat_map(|_| times.iter().copied()).collect();
    let mut values = vec![("trajectory".to_owned(), index), ("t".to_owned(), time)];
    let width = columns.len();
    values.extend(columns.iter().enumerate().map(|(c, (_, name))| {
        let values = singles.iter().flat_map(|s| s.values.iter().skip(c).step_by(width));
        (name.clone(), values.copied().collect())
    }));
    let of = |read: fn(&Shown, &(f64, u64)) -> f64| {
        singles.iter().flat_map(|s| s.events.iter().map(|e| read(s, e))).collect::<Vec<f64>>()
    };
    let events = vec![
        ("trajectory".into(), of(|s, _| s.index as f64)),
        ("t".into(), of(|_, (time, _)| *time)),
        ("channel".into(), of(|_, (_, channel)| *channel as f64)),
    ];
    vec![
        Attachment { name: "trajectories".into(), columns: values },
        Attachment { name: "jumps".into(), columns: events },
    ]
}
