//! Models, initial states and operators as a program in Rust writes them.

use num_complex::Complex64;
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, Interaction, Jump, Mode, ModeState, Model, ModelError,
    Operator, Value,
};

fn cavity() -> superladder_model::ModelBuilder {
    Model::builder().mode("a", 1.0).mode("b", 0.7).ensemble("S", 4, 1.2)
}

/// The message of the fault that a model has.
fn fault(builder: superladder_model::ModelBuilder) -> String {
    builder.build().expect_err("has a fault").to_string()
}

#[test]
fn a_built_model_is_the_one_of_the_tables() {
    let built = cavity()
        .interaction("dicke", ["a", "S"], 0.2)
        .interaction("drive", "b", [("amplitude", Complex64::new(0.1, -0.3))])
        .interaction("product", [], &["number(a)", "sz(S)"][..])
        .channel("thermal-bath", "a", [("rate", 0.06), ("occupation", 1.5)])
        .channel("pumping", "S", 0.9)
        .build()
        .expect("valid");
    let mode = |name: &str, frequency| Mode { name: name.into(), frequency };
    let spins = Ensemble { name: "S".into(), size: 4, frequency: 1.2 };
    let free = Model::new(vec![mode("a", 1.0), mode("b", 0.7)], vec![spins]).expect("valid");
    let (a, b, s) = (["a".to_owned()], ["b".to_owned()], ["S".to_owned()]);
    let real = |key: &str, x| (key.to_owned(), Value::Real(x));
    let amplitude = [("amplitude".to_owned(), Value::Complex(Complex64::new(0.1, -0.3)))];
    let words = [("operators".to_owned(), Value::Words(vec!["number(a)".into(), "sz(S)".into()]))];
    let interaction = |name, m: &[String], e: &[String], given: &[(String, Value)]| {
        Interaction::new(&free, name, m, e, given).expect("valid")
    };
    let channel = |name, m: &[String], e: &[String], given: &[(String, Value)]| {
        Channel::new(&free, name, m, e, given).expect("valid")
    };
    let expected = free
        .clone()
        .with_interaction(interaction("dicke", &a, &s, &[real("strength", 0.2)]))
        .with_interaction(interaction("drive", &b, &[], &amplitude))
        .with_interaction(interaction("product", &[], &[], &words))
        .with_channel(channel("thermal-bath", &a, &[], &[real("rate", 0.06), real("occupation", 1.5)]))
        .with_channel(channel("pumping", &[], &s, &[real("rate", 0.9)]));
    assert_eq!(built, expected);
}

#[test]
fn unknown_names_come_with_the_nearest() {
    let kind = fault(cavity().channel("cavity-los", "a", 0.1));
    assert!(kind.contains("unknown channel 'cavity-los' (did you mean 'cavity-loss'?)"), "{kind}");
    let subsystem = fault(cavity().interaction("dicke", ["aa", "S"], 0.1));
    assert!(subsystem.contains("unknown mode or ensemble 'aa' (did you mean 'a'?)"), "{subsystem}");
    let key = fault(cavity().channel("cavity-loss", "a", [("rat", 0.1)]));
    assert!(key.contains("has no key `rat` (did you mean 'rate'?)"), "{key}");
}

#[test]
fn entries_on_the_wrong_subsystems_are_refused() {
    let ensemble = fault(cavity().channel("cavity-loss", "S", 0.1));
    assert_eq!(ensemble, "`subject` of channel 'cavity-loss' must be one mode, but is [\"S\"]");
    let too_few = fault(cavity().interaction("dicke", "a", 0.1));
    assert!(too_few.contains("must be one mode and one ensemble, but is [\"a\"]"), "{too_few}");
    let nothing = fault(cavity().channel("pumping", [], 0.1));
    assert!(nothing.contains("must be one ensemble, but is []"), "{nothing}");
}

#[test]
fn rates_out_of_range_are_refused() {
    assert!(fault(cavity().channel("pumping", "S", -0.1)).contains("finite and >= 0, but is -0.1"));
    assert!(fault(cavity().jump(f64::NAN, Operator::annihilate(0))).contains("`rate` of a jump"));
    let jump = Jump::local(0, [f64::INFINITY, 0.0, 0.0]);
    assert!(fault(cavity().jump(0.1, jump)).contains("`coefficient` of a local jump"));
    assert!(fault(cavity().hamiltonian(f64::NAN * Operator::sz(0))).contains("`coefficient` of operator"));
}

#[test]
fn own_terms_must_be_hermitian() {
    let (a, s) = (Operator::annihilate(0), Operator::lower(0));
    let half = fault(cavity().hamiltonian(a.clone() * s.adjoint()));
    assert_eq!(
        half,
        "operator 'a0 S0^+': is not Hermitian as written; add its Hermitian conjugate, `.adjoint()`"
    );
    let coupling = 0.3 * (a.clone() * s.adjoint() + a.adjoint() * s);
    let model = cavity().hamiltonian(coupling.clone()).build().expect("Hermitian");
    assert_eq!(model.interactions()[0].operator, coupling);
}

#[test]
fn hermiticity_knows_that_subsystems_commute_and_nothing_else() {
    let (n, z) = (Operator::number(0), Operator::sz(0));
    assert!((n.clone() * z.clone()).is_hermitian() && (z * n.clone()).is_hermitian());
    let (raise, lower) = (Operator::raise(0), Operator::lower(0));
    assert!((raise.clone() * lower.clone()).is_hermitian());
    assert!(!(raise.clone() * raise.clone() * lower.clone()).is_hermitian());
    assert!(!(Complex64::I * n.clone()).is_hermitian());
    let commutator = Complex64::I * (raise.clone() * lower.clone() - lower * raise);
    assert!(!commutator.is_hermitian());
    assert!(Operator::zero().is_hermitian());
    assert!(!(n.clone() + 1e-6 * Complex64::I * n).is_hermitian());
}

#[test]
fn operators_of_subsystems_that_are_not_there_are_refused() {
    let mode = fault(cavity().hamiltonian(Operator::number(2)));
    assert!(mode.contains("`number of a mode` of operator 'a2^dag a2' must be below 2, but is 2"), "{mode}");
    let jump = fault(cavity().jump(0.1, Jump::local(1, [1.0, 0.0, 0.0])));
    assert!(jump.contains("`number of an ensemble` of a local jump"), "{jump}");
}

#[test]
fn operators_read_as_text() {
    let (a, s) = (Operator::annihilate(1), Operator::lower(0));
    let sum = a.adjoint() * s.clone() + 0.5 * a - Complex64::new(0.0, 2.0) * s + Operator::identity();
    assert_eq!(sum.to_string(), "a1^dag S0^- + 0.5 a1 - 2i S0^- + 1");
    assert_eq!((-Operator::sz(0)).to_string(), "- S0^z");
    assert_eq!(Operator::zero().to_string(), "0");
    let model = cavity().build().expect("valid");
    let parsed = Operator::parse(&model, "create(b) lower(S)").expect("known");
    assert_eq!(parsed, Operator::create(1) * Operator::lower(0));
    assert!(matches!(Operator::parse(&model, "create(c)"), Err(ModelError::OperatorText { .. })));
}

#[test]
fn initial_states_come_from_the_tables() {
    let model = cavity().build().expect("valid");
    let ground = InitialState::ground(&model);
    assert_eq!(ground.modes, vec![ModeState::Fock(0); 2]);
    assert_eq!(ground.ensembles, vec![EnsembleState::Dicke { twice_j: 4, twice_m: -4 }]);
    let state = ground.with(&model, "b", "coherent", 0.5).expect("known");
    let state = state.with(&model, "S", "product", [0.1, 0.2, 0.3]).expect("known");
    assert_eq!(state.modes, vec![ModeState::Fock(0), ModeState::Coherent(0.5.into())]);
    assert_eq!(state.ensembles, vec![EnsembleState::Product { bloch: [0.1, 0.2, 0.3] }]);
    let slip = state.clone().with(&model, "a", "coherrent", 0.5).expect_err("no such state").to_string();
    assert!(slip.contains("did you mean 'coherent'?"), "{slip}");
    let missing = state.clone().with(&model, "a", "coherent", ()).expect_err("no amplitude").to_string();
    assert!(missing.contains("initial state 'coherent' of mode 'a' needs `amplitude`"), "{missing}");
    let fock = state.with(&model, "a", "fock", 2).expect("known");
    assert_eq!(fock.modes[0], ModeState::Fock(2));
}
