//! Speed of the reference model at the L1 point (lambda = 0.2, gamma_up = 0.9): derivation and one right-hand
//! side at orders 1 to 4, then the curve t_E(N) of closure `sites` (reading `aa`, averaged over a period,
//! from the limit cycle) for 20 sizes from 10 to 10^4, or to the power of ten given:
//! `cargo run --release -p superladder-cumulant --example speed -- 6`.

use std::ops::ControlFlow;
use std::time::Instant;

use superladder_cumulant::{Closure, Cumulant, Derivation, Equations};
use superladder_engine::{Diagnostics, End, Engine, Measurement, Problem, Stage};
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, Interaction, Mode, ModeState, Model, ModelError, Value,
    observables_by_name,
};
use superladder_propagate::VectorField;

type Failure = Box<dyn std::error::Error>;

fn reference(n: usize) -> Result<Model, ModelError> {
    let mode = Mode { name: "a".into(), frequency: 1.0 };
    let ensemble = |name: &str| Ensemble { name: name.into(), size: n, frequency: 1.0 };
    let mut model = Model::new(vec![mode], vec![ensemble("S"), ensemble("T")])?;
    let names = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    for (name, m, e, x) in
        [("dicke", "a", "S", 0.2), ("tavis-cummings", "a", "T", 0.1), ("exchange", "", "S T", 0.1)]
    {
        let given = [("strength".to_owned(), Value::Real(x))];
        let interaction = Interaction::new(&model, name, &names(m), &names(e), &given)?;
        model = model.with_interaction(interaction);
    }
    for (name, m, e, x) in
        [("cavity-loss", "a", "", 0.06), ("pumping", "", "T", 0.9), ("emission", "", "T", 0.1)]
    {
        let given = [("rate".to_owned(), Value::Real(x))];
        let channel = Channel::new(&model, name, &names(m), &names(e), &given)?;
        model = model.with_channel(channel);
    }
    Ok(model)
}

fn start(a: f64, s: [f64; 3], t: [f64; 3]) -> InitialState {
    InitialState {
        modes: vec![ModeState::Coherent(a.into())],
        ensembles: vec![EnsembleState::Product { bloch: s }, EnsembleState::Product { bloch: t }],
        joint: None,
    }
}

fn problem(n: usize, initial: InitialState, end: f64, step: f64) -> Result<Problem, ModelError> {
    let model = reference(n)?;
    let names = ["amplitude(a)", "field-cumulants(a)", "spin(S)", "spin(T)"].map(ToOwned::to_owned);
    let observables = observables_by_name(&model, &names)?;
    let times = (0..=(end / step).round() as usize).map(|i| step * i as f64).collect();
    Ok(Problem {
        stages: vec![Stage { start: 0.0, model }],
        initial,
        observables,
        times,
        cutoffs: vec![0],
        end: End::Records,
    })
}

/// Values of all columns, one row per output time, until `enough` says so.
fn rows(
    engine: &Cumulant,
    problem: &Problem,
    enough: &mut dyn FnMut(&[f64]) -> bool,
) -> Result<Vec<Vec<f64>>, Failure> {
    let flat =
        |m: Vec<Measurement>| -> Vec<f64> { m.iter().flat_map(|m| &m.values).map(|v| v.value).collect() };
    let mut evolution = engine.prepare(problem)?;
    let (mut all, mut stop) = (vec![flat(evolution.measure())], false);
    evolution.advance(
        &problem.times[1..],
        &mut |_: f64, measurements: Vec<Measurement>, _: &Diagnostics| {
            // A run pauses at the end of the step in progress: what comes after the row that is enough is not
            // wanted.
            if !stop {
                let row = flat(measurements);
                stop = enough(&row);
                all.push(row);
            }
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    )?;
    Ok(all)
}

/// The mean field per spin at time 2000.8: on the limit cycle.
fn on_cycle() -> Result<Vec<f64>, Failure> {
    let problem = problem(1, start(-0.01, [-0.02, 0.0, -0.9998], [0.0, 0.0, 0.8]), 2000.8, 2000.8)?;
    let engine = Cumulant { order: 1, ..Cumulant::default() };
    rows(&engine, &problem, &mut |_| false)?.pop().ok_or_else(|| "no rows".into())
}

/// t_E: the averages of `|<aa>_c|` and of `|<a>_MF|^2` over one period reach the ratio 0.1.
fn breakdown_time(n: usize, cycle: &[f64]) -> Result<f64, Failure> {
    let (step, size) = (0.1, n as f64);
    let window = (5.757_f64 / step).round() as usize;
    let length = cycle[5..8].iter().map(|x| 4.0 * x * x).sum::<f64>().sqrt();
    let mut initial =
        start(0.0, [5, 6, 7].map(|k| 2.0 * cycle[k] / length), [8, 9, 10].map(|k| 2.0 * cycle[k]));
    initial.modes[0] = ModeState::Coherent(num_complex::Complex64::new(cycle[0], cycle[1]) * size.sqrt());
    // |<a>_MF|^2 has the period of half a cycle: one window of mean field is enough.
    let one = problem(n, initial.clone(), window as f64 * step, step)?;
    let squares = |row: &Vec<f64>| row[0].hypot(row[1]).powi(2);
    let mean_field = rows(&Cumulant { order: 1, ..Cumulant::default() }, &one, &mut |_| false)?;
    let denominator = mean_field.iter().map(squares).sum::<f64>();
    let (mut last, mut sum) = (std::collections::VecDeque::new(), 0.0);
    let mut enough = |row: &[f64]| {
        let now = row[2].hypot(row[3]);
        last.push_back(now);
        sum += now;
        if last.len() > window + 1 {
            sum -= last.pop_front().unwrap_or(0.0);
        }
        last.len() > window && sum > 0.1 * denominator
    };
    let long = problem(n, initial, 60.0 * size.powf(0.6), step)?;
    let found = rows(&Cumulant::default(), &long, &mut enough)?;
    Ok(step * ((found.len() - 1) as f64 - 0.5 * window as f64))
}

fn main() -> Result<(), Failure> {
    let model = reference(100)?;
    for order in 1..=4 {
        let begin = Instant::now();
        let equations = Equations::of_model(&model, Derivation::new(order, Closure::Sites))?;
        let tape = equations.tape(0);
        println!(
            "order {order}: {} unknowns, {} terms, derived in {:.2?}",
            tape.rows(),
            tape.terms(),
            begin.elapsed()
        );
        let y = equations.initial(&start(5.0, [0.6, 0.0, -0.8], [0.0, 0.0, 0.8]))?;
        let (mut dy, repeats) = (vec![0.0; y.len()], if order < 4 { 100_000 } else { 1000 });
        let begin = Instant::now();
        (0..repeats).for_each(|_| tape.derivative(0.0, std::hint::black_box(&y), &mut dy));
        println!("  one right-hand side: {:.3} us", begin.elapsed().as_secs_f64() * 1e6 / f64::from(repeats));
    }
    let powers: f64 = std::env::args().nth(1).map_or(Ok(4.0), |text| text.parse())?;
    let (begin, cycle) = (Instant::now(), on_cycle()?);
    for i in 0..20 {
        let n = 10f64.powf(1.0 + (powers - 1.0) * f64::from(i) / 19.0).round() as usize;
        println!("N = {n}: t_E = {:.1}", breakdown_time(n, &cycle)?);
    }
    println!("20 sizes from 10 to 10^{powers} in {:.2?}", begin.elapsed());
    Ok(())
}
