//! Study files: what is read, what is refused, and how clearly.

use std::fs;
use std::path::Path;

use superladder::engine::{Bounds, Problem};
use superladder::model::{
    CORRELATIONS, EnsembleState, ModeState, Model, OBSERVABLES, Observable, Shape, observables_by_name,
};
use superladder::study::{Study, StudyError};

const STUDY: &str = r#"
title = "test"
[parameters]
N = 2
lambda = 0.2
double = "2*lambda"
[modes.a]
frequency = 1.0
cutoff = 8
initial = { state = "coherent", amplitude = [0.1, "0.1*sqrt(N)"] }
[ensembles.S]
size = "N"
frequency = 1.0
initial = { state = "spin-coherent", theta = 0.3 }
[ensembles.T]
size = "N + 1"
frequency = 1.0
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "double"
[[interactions]]
kind = "product"
operators = ["create(a)", "lower(S)"]
coefficient = [0.0, 0.1]
[[channels]]
kind = "pumping"
ensemble = "T"
rate = 0.9
[[quenches]]
time = 1.0
set = { lambda = 0.7 }
[time]
end = 2.0
points = 5
[output]
observables = ["photons(a)", "spin(S)"]
"#;

fn load(text: &str) -> Result<Study, StudyError> {
    Study::parse("study.toml", "study", text, &[])
}

/// The message for `STUDY` with `old` replaced by `new`.
fn refusal(old: &str, new: &str) -> String {
    assert!(STUDY.contains(old), "{old}");
    load(&STUDY.replacen(old, new, 1)).expect_err(new).to_string()
}

fn problem() -> Problem {
    load(STUDY).expect("a good study").problem
}

#[test]
fn numbers_expressions_and_complex_values_are_read() {
    let problem = problem();
    let model = problem.model();
    assert_eq!(model.ensembles()[0].size, 2);
    assert_eq!(model.ensembles()[1].size, 3);
    let ModeState::Coherent(alpha) = problem.initial.modes[0] else { panic!("not coherent") };
    assert!((alpha.im - 0.1 * 2.0_f64.sqrt()).abs() < 1e-15 && alpha.re == 0.1);
    assert_eq!(problem.initial.ensembles[1], EnsembleState::Dicke { twice_j: 3, twice_m: -3 });
    assert_eq!(problem.times, [0.0, 0.5, 1.0, 1.5, 2.0]);
    assert_eq!(problem.observables.len(), 2);
}

#[test]
fn quenches_rebuild_the_model_with_everything_derived() {
    let problem = problem();
    let strength =
        |stage: usize| problem.stages[stage].model.interactions()[0].operator.terms[0].coefficient.re;
    assert_eq!(problem.stages[1].start, 1.0);
    assert!((strength(0) - 0.4 / 2.0_f64.sqrt()).abs() < 1e-15);
    assert!((strength(1) - 1.4 / 2.0_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn the_resolved_configuration_has_every_number_and_default() {
    let resolved = load(STUDY).expect("a good study").resolved();
    assert_eq!(resolved["parameters"]["double"], 0.4);
    assert_eq!(resolved["interactions"][0]["strength"], 0.4);
    assert_eq!(resolved["interactions"][1]["coefficient"][1], 0.1);
    assert_eq!(resolved["ensembles"]["T"]["initial"]["state"], "down");
    assert_eq!(resolved["ensembles"]["S"]["initial"]["phi"], 0.0);
    assert_eq!(resolved["engine"]["kind"], "exact");
    assert_eq!(resolved["method"]["name"], "chebyshev");
    assert_eq!(resolved["bounds"]["trace"], 1e-8);
    assert_eq!(resolved["time"]["points"], 5);
    assert_eq!(resolved["quenches"][0]["set"]["lambda"], 0.7);
}

#[test]
fn times_come_from_points_step_or_a_list() {
    let times = |new: &str| load(&STUDY.replace("end = 2.0\npoints = 5", new)).map(|s| s.problem.times);
    assert_eq!(times("end = 2.0\nstep = 0.5").unwrap(), [0.0, 0.5, 1.0, 1.5, 2.0]);
    assert_eq!(times("times = [0.5, 0.75, 3]").unwrap(), [0.5, 0.75, 3.0]);
    assert_eq!(times("start = -1\nend = 2.0\npoints = 4").unwrap(), [-1.0, 0.0, 1.0, 2.0]);
    let refused = [
        ("end = 2.0", "`points` or `step`"),
        ("points = 5", "`end`"),
        ("end = 2.0\npoints = 5\nstep = 0.5", "not both"),
        ("end = 2.0\nstep = 0.3", "divide"),
        ("end = 2.0\nstep = -0.5", "> 0"),
        ("end = -2.0\npoints = 5", "later than the start"),
        ("end = nan\npoints = 5", "finite"),
        ("end = 2.0\npoints = 1", "from 2 to 1e12"),
        ("times = [1, 1]", "increasing"),
        ("times = []", "increasing"),
        ("times = [0, 3]\nend = 2.0", "stands alone"),
    ];
    for (new, words) in refused {
        let message = times(new).expect_err(new).to_string();
        assert!(message.contains(words), "{new}: {message}");
    }
}

/// Every fault: what replaces what, and what the message must say.
const FAULTS: &[(&str, &str, &str)] = &[
    ("cutoff = 8", "cutof = 8", "needs `cutoff`"),
    ("cutoff = 8", "cutoff = 8\ncutof = 8", "did you mean 'cutoff'?"),
    ("cutoff = 8", "cutoff = -1", "an integer from 0 to 1e12, but is -1"),
    ("cutoff = 8", "cutoff = 2.5", "an integer from 0 to 1e12, but is 2.5"),
    ("cutoff = 8", "cutoff = true", "`cutoff` of mode 'a'"),
    ("cutoff = 8", "cutoff = 0", "cutoff = 4 is enough"),
    (
        "state = \"coherent\", amplitude = [0.1, \"0.1*sqrt(N)\"]",
        "state = \"fock\", n = 9",
        "cutoff = 9 is enough",
    ),
    ("state = \"coherent\"", "state = \"coherant\"", "did you mean 'coherent'?"),
    ("amplitude = [0.1", "amplitud = [0.1", "needs `amplitude`"),
    ("amplitude = [0.1, \"0.1*sqrt(N)\"]", "amplitude = [1]", "a pair [re, im]"),
    ("amplitude = [0.1, \"0.1*sqrt(N)\"]", "amplitude = inf", "finite"),
    ("theta = 0.3", "theta = \"0.3*sqrt(M)\"", "unknown symbol 'M'"),
    ("theta = 0.3", "theta = \"0.3*sqr(N)\"", "did you mean 'sqrt'?"),
    ("state = \"spin-coherent\", theta = 0.3", "state = \"product\", bloch = [1, 0, 0.1]", "length <= 1"),
    ("state = \"spin-coherent\", theta = 0.3", "state = \"dicke\", j = 2, m = 0", "one of 2/2"),
    ("size = \"N\"", "size = 0", "an integer from 1 to 1e12"),
    ("size = \"N\"", "size = \"N/4\"", "an integer from 1 to 1e12"),
    ("[ensembles.S]", "[ensembles.a]", "used twice"),
    ("kind = \"dicke\"", "kind = \"dick\"", "did you mean 'dicke'?"),
    ("kind = \"dicke\"", "knd = \"dicke\"", "needs `kind`"),
    ("mode = \"a\"", "mode = \"b\"", "unknown mode 'b'"),
    ("mode = \"a\"", "mod = \"a\"", "needs `mode`"),
    ("strength = \"double\"", "strenth = 1", "needs `strength`"),
    ("strength = \"double\"", "strength = \"1 +\"", "expected a number"),
    ("strength = \"double\"", "strength = \"1/0\"", "not a finite number"),
    ("operators = [\"create(a)\", \"lower(S)\"]", "operators = [\"crate(a)\"]", "did you mean 'create'?"),
    ("operators = [\"create(a)\", \"lower(S)\"]", "operators = []", "operators"),
    ("kind = \"pumping\"", "kind = \"pumpin\"", "did you mean 'pumping'?"),
    ("rate = 0.9", "rate = -0.9", "`rate` of channel 'pumping' must be finite and >= 0, but is -0.9"),
    ("rate = 0.9", "rate = nan", "finite and >= 0, but is NaN"),
    ("rate = 0.9", "rate = inf", "finite and >= 0"),
    ("rate = 0.9", "rate = 0.9\nrat = 1", "did you mean 'rate'?"),
    ("rate = 0.9", "rate = [1]", "finite and >= 0, but is a list"),
    ("lambda = 0.2", "lambda = \"kappa\"", "unknown symbol 'kappa'"),
    ("lambda = 0.2", "pi = 0.2", "not as a function or constant is"),
    ("set = { lambda = 0.7 }", "set = { lamda = 0.7 }", "did you mean 'lambda'?"),
    ("set = { lambda = 0.7 }", "set = { N = 3 }", "changes the size of ensemble 'S'"),
    ("set = { lambda = 0.7 }", "set = {}\nsat = 1", "did you mean 'set'?"),
    ("time = 1.0", "time = 3.0", "before the end at 2"),
    ("time = 1.0", "time = 0.0", "after 0"),
    ("[time]", "[tme]", "needs `time`"),
    ("title = \"test\"", "titl = \"test\"", "did you mean 'title'?"),
    ("title = \"test\"", "title = \"test", "not valid TOML"),
    ("[output]", "[method]\nname = \"dop85\"\n[output]", "did you mean 'dop853'?"),
    ("[output]", "[method]\nrtoll = 1e-8\n[output]", "did you mean 'rtol'?"),
    ("[output]", "[method]\nrtol = 2\n[output]", "a number from 1e-15 to below 1"),
    ("[output]", "[engine]\nkind = \"exat\"\n[output]", "did you mean 'exact'?"),
    ("[output]", "[engine]\ngenerator = \"dense\"\n[output]", "matrix-free"),
    ("[output]", "[engine]\nmemory_limit = \"8 apples\"\n[output]", "8 GiB"),
    ("[output]", "[bounds]\ntrace = -1\n[output]", ">= 0"),
    ("[output]", "[bounds]\ntrac = 1\n[output]", "did you mean 'trace'?"),
    ("\"photons(a)\"", "\"photon(a)\"", "did you mean 'photons'?"),
    ("\"photons(a)\"", "\"photons(S)\"", "is an ensemble"),
    ("\"photons(a)\"", "\"photons(a\"", "closing parenthesis"),
];

#[test]
fn every_fault_is_refused_with_file_line_and_words() {
    for (old, new, words) in FAULTS {
        let message = refusal(old, new);
        assert!(message.contains(words), "{old} -> {new}: {message}");
        let position = message.strip_prefix("study.toml:").expect(&message);
        let line: usize = position.split(':').next().and_then(|l| l.parse().ok()).expect(&message);
        let changed = 1 + STUDY[..STUDY.find(old).expect("old text")].matches('\n').count();
        // A missing or misnamed key is shown at its table, which starts a few lines above.
        let near =
            (changed.saturating_sub(5)..=changed + 2).contains(&line) || words.starts_with("needs `time`");
        assert!(near, "{old} -> {new}: line {line}, changed {changed}: {message}");
    }
}

#[test]
fn the_column_points_into_the_expression() {
    let message = refusal("strength = \"double\"", "strength = \"2*dubble\"");
    let line = 1 + STUDY[..STUDY.find("strength").expect("strength")].matches('\n').count();
    assert!(message.starts_with(&format!("study.toml:{line}:15: ")), "{message}");
}

#[test]
fn sets_change_values_and_slips_are_refused() {
    let with = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        Study::parse("study.toml", "study", STUDY, &sets)
    };
    let study =
        with(&["parameters.N=3", "method.name=krylov", "channels.0.rate=0.2", "modes.a.cutoff=12"]).unwrap();
    assert_eq!(study.problem.model().ensembles()[0].size, 3);
    assert_eq!(study.problem.cutoffs, [12]);
    assert_eq!(study.resolved()["method"]["name"], "krylov");
    assert_eq!(study.resolved()["channels"][0]["rate"], 0.2);
    for (set, words) in [
        ("parameters.lamda=1", "did you mean 'lambda'?"),
        ("channels.7.rate=1", "1 entries"),
        ("channels.0.rat=1", "did you mean 'rate'?"),
        ("channels.0.rate=-1", "study.toml with --set:"),
        ("methods.name=krylov", "did you mean 'method'?"),
        ("parameters.lambda", "key=value"),
    ] {
        let message = with(&[set]).expect_err(set).to_string();
        assert!(message.contains(words), "{set}: {message}");
    }
}

#[test]
fn cutoffs_follow_the_state_where_the_study_says_so() {
    let with = |cutoff: &str, sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        Study::parse("study.toml", "study", &STUDY.replace("cutoff = 8", cutoff), &sets)
    };
    for (cutoff, shown) in [
        ("cutoff = \"auto\"", serde_json::json!({ "start": null, "max": null })),
        ("cutoff = { start = 6, max = \"30\" }", serde_json::json!({ "start": 6, "max": 30 })),
    ] {
        let study = with(cutoff, &[]).unwrap();
        assert_eq!(study.resolved()["modes"]["a"]["cutoff"], shown);
        // There is a budget, and the start holds the initial state.
        assert_eq!(study.resolved()["bounds"]["truncation"], 1e-3);
        assert!((4..=12).contains(&study.problem.cutoffs[0]), "{:?}", study.problem.cutoffs);
        assert!(study.warnings.is_empty(), "{:?}", study.warnings);
    }
    assert_eq!(
        with("cutoff = \"auto\"", &["bounds={truncation=0.02}"]).unwrap().resolved()["bounds"]["truncation"],
        0.02
    );
    // Engines without Fock spaces need no cutoff, whatever it is.
    with("cutoff = \"auto\"", &["engine={kind='cumulant'}"]).unwrap();
    for (cutoff, set, words) in [
        ("cutoff = \"automatic\"", None, "unknown symbol 'automatic'"),
        ("cutoff = { begin = 3 }", None, "has no key `begin`"),
        ("cutoff = { start = 9, max = 4 }", None, "`start` of cutoff of mode 'a' must be at most `max` = 4"),
        ("cutoff = { max = 2.5 }", None, "`max` of cutoff of mode 'a' must be an integer"),
        ("cutoff = { start = 0 }", None, "cutoff 0 of mode 'a' is too small"),
        ("cutoff = \"auto\"", Some("bounds={truncation=inf}"), "must be finite and > 0"),
        (
            "cutoff = \"auto\"",
            Some("engine={kind='trajectories'}"),
            "the engine 'trajectories' needs a fixed cutoff",
        ),
    ] {
        let sets: Vec<&str> = set.into_iter().collect();
        let message = with(cutoff, &sets).expect_err(cutoff).to_string();
        assert!(message.contains(words), "{cutoff} {set:?}: {message}");
    }
}

#[test]
fn what_truncation_loses_is_reported() {
    let study = load(&STUDY.replace("cutoff = 8", "cutoff = 3")).unwrap();
    assert!(study.warnings.iter().any(|w| w.contains("mode 'a'")), "{:?}", study.warnings);
    assert!(study.truncation()["a"].as_f64().is_some_and(|x| x > 1e-8));
    assert!(load(STUDY).unwrap().warnings.is_empty());
}

#[test]
fn a_displaced_basis_needs_levels_for_fluctuations_only() {
    let with = |cutoff: usize, initial: &str, sets: &[&str]| {
        let text = STUDY.replace("cutoff = 8", &format!("cutoff = {cutoff}"));
        let mut sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        sets.push(format!("modes.a.initial={initial}"));
        Study::parse("study.toml", "study", &text, &sets)
    };
    let coherent = "{state='coherent',amplitude=10.0}";
    let on = "engine={kind='trajectories',displaced='on'}";
    let measured = |name: &str| format!("output.observables=['photons(a)','{name}']");
    let study = with(12, coherent, &[on]).unwrap();
    assert!(study.warnings.is_empty() && study.truncation()["a"] == 0.0);
    // By itself from 24 on.
    with(24, coherent, &["engine.kind=trajectories"]).unwrap();
    for (cutoff, initial, sets, words) in [
        (12, coherent, vec!["engine.kind=trajectories"], "the coherent initial state loses"),
        (24, coherent, vec!["engine={kind='trajectories',displaced='off'}"], "cutoff = 161 is enough"),
        // Another engine of the same study has no displaced basis.
        (24, coherent, vec!["engine={kind='exact',displaced='on'}"], "cutoff = 161 is enough"),
        // Their tables end at the cutoff, whatever the basis.
        (24, coherent, vec![on, &measured("photon-distribution(a)")], "cutoff = 161 is enough"),
        (24, coherent, vec![on, &measured("reduced-state(a)")], "cutoff = 161 is enough"),
        (12, "{state='fock',n=13}", vec![on], "all of |13>"),
        (12, "{state='displaced-thermal',amplitude=10.0,occupation=9.0}", vec![on], "thermal initial state"),
    ] {
        let message = with(cutoff, initial, &sets).expect_err(words).to_string();
        assert!(message.contains(words), "{cutoff} {sets:?}: {message}");
    }
    with(12, "{state='displaced-thermal',amplitude=10.0,occupation=0.3}", &[on]).unwrap();
}

#[test]
fn every_study_that_ships_is_good() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("data/studies") {
        let study = Study::load(entry.expect("an entry").path(), &[]).unwrap_or_else(|e| panic!("{e}"));
        assert!(study.warnings.is_empty(), "{}: {:?}", study.name, study.warnings);
        study.engine().resources(&study.problem).unwrap_or_else(|e| panic!("{}: {e}", study.name));
        seen += 1;
    }
    assert!(seen >= 8);
}

#[test]
fn no_text_makes_the_reader_panic() {
    // Every prefix and many one-byte slips of a good study: an answer, whatever it is.
    for end in (0..STUDY.len()).step_by(7) {
        let _ = load(&STUDY[..end]);
    }
    for position in (0..STUDY.len()).step_by(3) {
        for slip in ["", "\"", "[", "]", "=", "-", "9", "é", "\0"] {
            let mut text = STUDY.to_owned();
            text.replace_range(position..=position, slip);
            let _ = load(&text);
        }
    }
}

/// The first cells of the rows of a table, without the marks of code.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells =
        |line: &str| line.replace("\\|", "\u{1}").split('|').map(|c| c.trim().replace('`', "")).collect();
    page.lines().filter(|l| l.starts_with('|')).map(cells).collect()
}

/// docs/NOTATION.md says of every observable and bound what the tables of the program say.
#[test]
fn the_page_of_conventions_agrees_with_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/NOTATION.md");
    let page = fs::read_to_string(path).expect("the page");
    let rows = rows(&page);
    let model = Model::builder().mode("a", 1.0).ensemble("S", 3, 1.0).build().expect("a model");
    let all = observables_by_name(&model, &["all".to_owned()]).expect("all");
    for definition in OBSERVABLES {
        let name = definition.name;
        let of = |cell: &str| cell.split([',', ' ']).any(|w| w.split('(').next() == Some(name));
        let row = rows.iter().find(|r| r.len() > 3 && of(&r[1]));
        let row = row.unwrap_or_else(|| panic!("observable '{name}' has no row"));
        assert_eq!(row[1].ends_with('*'), definition.in_default, "{name}: what `default` stands for");
        // Components that do not depend on sizes.
        // What single samples decide is not in `all`.
        let own = [format!("{name}(S)"), format!("{name}(S,a)")];
        let own = own.iter().find_map(|text| Observable::parse(&model, text).ok());
        let found = all.iter().find(|o| o.definition.name == name).cloned().or(own).expect(name);
        if let Shape::Components(names) = found.shape(&model, &[3])
            && (2..=3).contains(&names.len())
            && !row[2].starts_with("such as")
            && row[2] != "the same"
        {
            assert_eq!(row[2].split(", ").collect::<Vec<_>>(), names, "components of {name}");
        }
    }
    for definition in CORRELATIONS {
        let named = rows.iter().filter(|r| r[1] == definition.name && r.len() > 3);
        let formulas: Vec<&str> = named.map(|r| r[3].as_str()).collect();
        assert!(formulas.contains(&definition.formula), "{}: {formulas:?}", definition.name);
    }
    let defaults = serde_json::to_value(Bounds::default()).expect("JSON");
    for (name, default) in defaults.as_object().expect("a table") {
        let row = rows.iter().find(|r| r[1] == *name).unwrap_or_else(|| panic!("bound '{name}' has no row"));
        let shown = row[row.len() - 2].parse::<f64>().ok();
        assert_eq!(shown, default.as_f64().filter(|x| x.is_finite()), "default bound of {name}");
    }
    let definition = OBSERVABLES.iter().find(|d| d.name == "generalised-squeezing").expect("it is there");
    let formulas = definition.formula.split(" (Toth").next().expect("formulas before their sources");
    for formula in formulas.split(';') {
        assert!(page.contains(formula.trim()), "generalised-squeezing: {formula}");
    }
}
