//! Moment equations with the names of a study: their values are the numbers, and they read as they would in a paper.

use std::process::Command;

use superladder::cumulant::{Closure, Equations};
use superladder::model::Notation;
use superladder::study::Study;

/// The largest relative difference between coefficients with names and the numbers of a study, and where.
fn deviation(study: &Study, order: usize, closure: Closure) -> Option<(f64, String)> {
    let models = study.in_symbols().expect("a study that has been read");
    let mut problem = study.problem.clone();
    for (stage, model) in problem.stages.iter_mut().zip(&models) {
        stage.model = model.in_parts(&stage.model);
    }
    let equations = Equations::of_problem(&problem, order, closure).ok()?;
    let of_stage = |(number, model)| equations.deviation_of_symbols(number, problem.parts(number), model);
    models.iter().enumerate().map(of_stage).max_by(|a, b| a.0.total_cmp(&b.0))
}

#[test]
fn names_have_the_values_of_the_numbers_in_every_ready_study() {
    let mut read = 0;
    for entry in std::fs::read_dir("data/studies").expect("ready studies") {
        let path = entry.expect("an entry").path();
        let Ok(study) = Study::load_for(&path, &[], Some("cumulant")) else { continue };
        if !study.classes.is_empty() {
            // Nodes of a quadrature rule have no names.
            let error = study.in_symbols().expect_err("numbers").to_string();
            assert!(error.contains("classes of S"), "{error}");
            continue;
        }
        for (order, closure) in [(1, Closure::Sites), (2, Closure::Sites), (2, Closure::Symmetrised)] {
            let Some((deviation, at)) = deviation(&study, order, closure) else { continue };
            assert!(
                deviation < 1e-13,
                "{}, order {order}, {closure:?}: {deviation:e} at {at}",
                path.display()
            );
            read += 1;
        }
    }
    assert!(read >= 60, "only {read} sets of equations");
}

const EVERYTHING: &str = r#"
[parameters]
N = 8
M = 5
g = 0.3
kappa = 0.7
n = 0.25
w = 1.3
F = "0.2*cos(w*t)"
r = 0.4
T = 0.9

[modes.a]
frequency = "w - 1"
[modes.b]
frequency = "w + 0.1*t"
[ensembles.S]
size = "N"
frequency = "2*w"
[ensembles.U]
size = "2*M"
frequency = 1.0

[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "g*sqrt(2)"
[[interactions]]
kind = "exchange"
ensembles = ["S", "U"]
strength = "g^2"
[[interactions]]
kind = "one-axis-twisting"
ensemble = "S"
strength = "-g/3"
[[interactions]]
kind = "drive"
mode = "a"
amplitude = ["F", "g*exp(-t)"]
[[interactions]]
kind = "kerr"
mode = "b"
strength = { times = [0.0, 1.0, 2.0], values = [0.1, 0.2, 0.3] }
[[interactions]]
kind = "product"
operators = ["create(b)", "annihilate(b)", "raise(S)", "lower(S)"]
coefficient = "g/N"

[[channels]]
kind = "thermal-bath"
mode = "a"
rate = "kappa"
occupation = "n"
[[channels]]
kind = "squeezed-bath"
mode = "b"
rate = "kappa/2"
squeezing = "r"
[[channels]]
kind = "spin-bath"
ensemble = "U"
relaxation = "kappa*(1 + n)"
mu = "w"
temperature = "T + t"
[[channels]]
kind = "emission"
ensemble = "S"
rate = "kappa*(1 + 0.5*sin(t)^2)"
[[channels]]
kind = "jump"
rate = "g"
terms = [{ operators = ["lower(S)"], coefficient = 1.0 }, { operators = ["raise(U)"], coefficient = "n" }]

[[quenches]]
time = 1.0
set = { g = 0.6 }

[time]
end = 2.0
points = 3
[output]
observables = ["photons(a)", "photons(b)", "spin(S)", "spin(U)"]
"#;

#[test]
fn names_have_the_values_of_the_numbers_whatever_a_number_is() {
    let study = Study::parse_for("text", "text", EVERYTHING, &[], (Some("cumulant"), true)).expect("a study");
    for (order, closure) in [(1, Closure::Sites), (2, Closure::Sites)] {
        let (deviation, at) = deviation(&study, order, closure).expect("equations");
        assert!(deviation < 1e-13, "order {order}, {closure:?}: {deviation:e} at {at}");
    }
    let models = study.in_symbols().expect("names");
    let text = |k: usize| -> Vec<String> {
        models[k].parts.iter().map(|(size, _)| size.written(Notation::Text).1).collect()
    };
    let first = text(0);
    // A rate that follows time by the temperature is no multiple of a parameter, and gets a name of its own.
    let expected = [
        "(w - 1)",
        "2*w",
        "sqrt(2)*g/sqrt(N)",
        "F(t)",
        "exp(-t)*g",
        "g/N",
        "kappa",
        "kappa*n",
        "f1(t)",
        "f2(t)",
        "f3(t)",
    ];
    for name in expected {
        assert!(first.iter().any(|text| text == name), "{name} is not among {first:?}");
    }
    assert_eq!(first, text(1), "a quench changes values, not names");
    assert!(
        models[1].legend.iter().any(|(name, value)| name.written(Notation::Text).1 == "g" && value == "0.6")
    );
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_superladder")).arg("equations").args(arguments).output();
    let output = output.expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The superradiant laser: d<s^z>/dt and the correlation of pairs of Meiser and Holland, written with its parameters.
#[test]
fn equations_read_as_in_a_paper() {
    let text = printed(&["data/studies/superradiant-laser.toml"]);
    let wanted = "d/dt <s_z(S,1)> = (pump - 1)/2 - (pump + 1) <s_z(S,1)> - (N - 1) <s_-(S,1) s_+(S,2)>c";
    assert!(text.contains(wanted), "{text}");
    assert!(text.contains("# pump = 10\n") && text.contains("# N = 20\n"), "{text}");
    let latex = printed(&["data/studies/quickstart.toml", "--latex"]);
    assert!(latex.contains(r"- \frac{\kappa}{2} \langle P_{\mathrm{a}} \rangle"), "{latex}");
    assert!(latex.contains(r"- 2 \sqrt{2} \sqrt{N} \lambda \langle s^{x}_{\mathrm{S},1} \rangle"), "{latex}");
    assert!(latex.contains(r"\eta'") && latex.contains(r"\gamma_{\mathrm{up}}"), "{latex}");
    assert!(
        latex.contains(
            r"- \frac{\gamma_{\mathrm{down}} + \gamma_{\mathrm{up}}}{2} \langle s^{y}_{\mathrm{T},1}"
        ),
        "{latex}"
    );
    assert_eq!(latex.matches('{').count(), latex.matches('}').count());
    // Time stands in the equations; with numbers it is a part of its own.
    let ramp = printed(&["data/studies/ramp.toml"]);
    assert!(
        ramp.contains("# ramp = 20\n") && ramp.contains("# lambda(t) = 2*critical*min(t/ramp, 1)\n"),
        "{ramp}"
    );
    assert!(ramp.contains("lambda(t)") && !ramp.contains("follows time"), "{ramp}");
    let numbers = printed(&["data/studies/ramp.toml", "--numbers"]);
    assert!(numbers.contains("follows time") && numbers.contains("1.414213562373"), "{numbers}");
}
