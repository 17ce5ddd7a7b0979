//! A step that is given up leaves no trace: the state is that at its start, and going on gives the same bits.
mod common;

use std::cell::Cell;
use std::ops::ControlFlow;

use common::Chain;
use superladder_propagate::{
    Linear, METHODS, Method, Observer, OptionValue, PropagateError, Propagator, Samples, Statistics, Stop,
};

const LENGTH: usize = 240;
const END: f64 = 12.0;
const STOPS: [f64; 4] = [1.3, 4.0, 7.7, END];

/// Counts polls; asks for the end at poll number `last` and at all later ones.
struct Counting {
    polls: Cell<u64>,
    last: u64,
    samples: bool,
    seen: Vec<u64>,
}

impl Counting {
    fn new(last: u64, samples: bool) -> Self {
        Self { polls: Cell::new(0), last, samples, seen: Vec::new() }
    }
}

impl Observer for Counting {
    fn probe_count(&self) -> usize {
        1
    }
    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        out[0] = vector[3];
    }
    fn wants_samples(&self) -> bool {
        self.samples
    }
    fn review(&mut self, _: &Samples<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn poll(&self) -> ControlFlow<()> {
        self.polls.set(self.polls.get() + 1);
        if self.polls.get() >= self.last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        self.seen.push(stop.time.to_bits());
        self.seen.push(stop.probes[0].to_bits());
        self.seen.extend(stop.state.expect("a state").iter().map(|x| x.to_bits()));
        ControlFlow::Continue(())
    }
}

/// Every method, and those with an integrating factor or exact stops once more.
fn methods() -> Vec<(String, Method)> {
    let mut all = Vec::new();
    for definition in METHODS {
        all.push((definition.name.to_owned(), (definition.method)()));
        for option in ["lawson", "exact_stops"] {
            if definition.options.iter().any(|o| o.name == option) {
                let chosen = [(option, OptionValue::Boolean(true))];
                let method = Method::from_name_and_options(definition.name, &chosen).expect("valid");
                all.push((format!("{} with {option}", definition.name), method));
            }
        }
    }
    all
}

fn advance(
    propagator: &mut dyn Propagator,
    t: f64,
    y: &mut [f64],
    observer: &mut Counting,
) -> Result<f64, PropagateError> {
    let stops = &STOPS[STOPS.partition_point(|s| *s <= t)..];
    propagator.advance(&Linear(&Chain(LENGTH)), t, END, y, stops, observer)
}

/// What does not depend on where calls begin: derivatives at their starts are evaluated anew.
fn lasting(mut statistics: Statistics) -> Statistics {
    statistics.applications = 0;
    statistics
}

#[test]
fn a_flag_at_any_poll_ends_the_propagation_at_once_and_costs_no_bit() {
    for (name, method) in methods() {
        for samples in [false, true] {
            let start: Vec<f64> = (0..LENGTH).map(|i| (0.1 * i as f64).sin() + 1.0).collect();
            let (mut whole, mut y) = (Counting::new(u64::MAX, samples), start.clone());
            let mut propagator = method.propagator(LENGTH);
            advance(propagator.as_mut(), 0.0, &mut y, &mut whole).expect("ends");
            let (polls, statistics) = (whole.polls.get(), propagator.statistics());
            assert!(polls >= 30, "{name}: only {polls} polls");
            for last in (1..=polls).step_by((polls / 23).max(1) as usize) {
                let mut propagator = method.propagator(LENGTH);
                let (mut again, mut given_up) = (start.clone(), Counting::new(last, samples));
                let reached = advance(propagator.as_mut(), 0.0, &mut again, &mut given_up).expect("ends");
                assert_eq!(
                    given_up.polls.get(),
                    last,
                    "{name}: no poll after the one that asked for the end"
                );
                assert!(reached < END, "{name}: nothing was given up at poll {last} of {polls}");
                let mut later = Counting::new(u64::MAX, samples);
                later.seen = given_up.seen;
                advance(propagator.as_mut(), reached, &mut again, &mut later).expect("ends");
                let same = y.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{name}: given up at poll {last} of {polls}");
                assert!(later.seen == whole.seen, "{name}: what was shown differs after poll {last}");
                assert_eq!(lasting(propagator.statistics()), lasting(statistics.clone()), "{name}");
            }
        }
    }
}
