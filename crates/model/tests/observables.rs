//! Observables of one's own.

use num_complex::Complex64;
use superladder_model::{Evaluation, Model, Observable, Operator, Shape};

fn model() -> Model {
    Model::builder().mode("a", 1.0).ensemble("S", 4, 1.0).build().expect("valid")
}

fn combined(observable: &Observable, expectations: &[Complex64]) -> Vec<f64> {
    let Evaluation::Moments { combine, context, .. } = &observable.evaluation else { panic!("of moments") };
    combine(expectations, context)
}

#[test]
fn an_expectation_value_has_the_components_that_it_needs() {
    let photons = Observable::expectation("light", Operator::number(0));
    assert_eq!(photons.columns(&model(), &[3]), ["light"]);
    assert_eq!(combined(&photons, &[Complex64::new(2.0, 1e-20)]), [2.0]);
    assert_eq!((photons.definition.name, photons.definition.formula), ("light", "<a0^dag a0>"));

    let flow = Observable::expectation("flow", Operator::create(0) * Operator::lower(0));
    assert_eq!(flow.columns(&model(), &[3]), ["flow.re", "flow.im"]);
    assert_eq!(combined(&flow, &[Complex64::new(2.0, -3.0)]), [2.0, -3.0]);
}

#[test]
fn a_function_may_capture_and_may_be_undefined() {
    let scale = 0.25;
    let operators = [Operator::number(0), Operator::annihilate(0)];
    let coherence = Observable::function("coherence", operators, ["ratio", "phase"], move |[n, a]| {
        [if n.re > 0.0 { scale * a.norm_sqr() / n.re } else { f64::NAN }, a.arg()]
    });
    assert_eq!(coherence.columns(&model(), &[3]), ["coherence.ratio", "coherence.phase"]);
    assert_eq!(coherence.shape(&model(), &[]), Shape::Components(vec!["ratio", "phase"]));
    assert_eq!(coherence.definition.formula, "function of <a0^dag a0>, <a0>");
    let clone = coherence.clone();
    assert_eq!(combined(&clone, &[4.0.into(), Complex64::I])[0], 0.0625);
    assert!(combined(&coherence, &[0.0.into(), 0.0.into()])[0].is_nan());
}

#[test]
fn captions_of_the_table_are_those_of_its_entries() {
    let squeezing = Observable::parse(&model(), "squeezing(S)").expect("known");
    assert_eq!(squeezing.definition.name, "squeezing");
    assert!(squeezing.definition.formula.starts_with("xi_S^2 = "));
    assert_eq!(squeezing.columns(&model(), &[3])[1], "squeezing(S).wineland");
}
