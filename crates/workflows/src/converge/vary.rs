//! Which settings are tried, from coarse to fine.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use superladder_analysis::Law;
use superladder_cumulant::{CLOSURES, Cumulant};
use superladder_engine::End;
use superladder_propagate::{METHODS, MethodDefinition};

use super::Vary;
use superladder_study::{ENGINES, EngineChoice, REFUSED_ABOVE, Study, initial_loss};

/// Finer tolerances than this are rounding.
const FINEST: f64 = 1e-14;
/// `atol` of a method is this part of its `rtol` where the study's own method has no `atol`.
const ATOL: f64 = 1e-2;
/// Errors of fewer samples than this are not known.
const FEWEST: u64 = 16;
/// Factors of the tolerance and of a fixed step.
const TOLERANCES: [f64; 5] = [100.0, 10.0, 1.0, 0.1, 0.01];
const STEPS: [f64; 5] = [4.0, 2.0, 1.0, 0.5, 0.25];

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// As shown: `18`, `1e-9`, `krylov`.
    pub label: String,
    /// The number that is varied.
    pub size: f64,
    /// As arguments of `--set`; none: the study's own setting.
    pub sets: Vec<String>,
}

/// Settings that differ in one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Family {
    /// What is varied, in words: `cutoff of mode 'a'`.
    pub name: String,
    /// Short: `cutoff(a)`.
    pub key: String,
    #[serde(skip)]
    /// What is varied.
    pub vary: Vary,
    /// How the error should fall.
    pub law: Law,
    /// Coarse to fine; methods: the study's own one last.
    pub choices: Vec<Choice>,
}

/// The families that fit a study, and what is left out and why.
pub fn families(study: &Study, vary: &[Vary], tolerance: f64) -> (Vec<Family>, Vec<String>) {
    let (mut families, mut notes) = (Vec::new(), Vec::new());
    if vary.contains(&Vary::Cutoff) {
        cutoffs(study, &mut families, &mut notes);
    }
    let resolved = study.resolved();
    let own = Own::of(&resolved["method"]);
    let options = &resolved["engine"];
    let samples = study.engine.samples();
    // Nothing moves in time on the way to a stationary state.
    let in_time = study.problem.end != End::Stationary;
    if !in_time && (vary.contains(&Vary::Tolerance) || vary.contains(&Vary::Method)) {
        notes.push("method and tolerance: the study ends in the steady state, which is found without going through time; its error is the residual".to_owned());
    }
    if in_time && vary.contains(&Vary::Tolerance) {
        if samples.is_some() {
            families.extend(option(options, "tolerance", Vary::Tolerance));
        } else {
            tolerances(&own, &mut families, &mut notes);
        }
    }
    if in_time && vary.contains(&Vary::Method) && samples.is_none() {
        methods(&own, &engine(study), tolerance, &mut families);
    }
    if let Some(samples) = samples {
        if vary.contains(&Vary::Truncation) {
            families.extend(option(options, "truncation", Vary::Truncation));
        }
        if vary.contains(&Vary::Number) {
            families.extend(study.engine.samples_key().map(|key| numbers(key, samples)));
        }
    }
    if let EngineChoice::Cumulant(engine) = &study.engine {
        if vary.contains(&Vary::Order) {
            families.extend(orders(engine));
        }
        if vary.contains(&Vary::Closure) {
            families.extend(closures(engine));
        }
    }
    (families, notes)
}

/// An option of the engine that should be small.
fn option(options: &Json, key: &str, vary: Vary) -> Option<Family> {
    let own = options[key].as_f64().filter(|x| *x > 0.0)?;
    let choice = |factor: f64| {
        let size = own * factor;
        let sets =
            if factor == 1.0 { Vec::new() } else { vec![format!("engine.{key}={}", toml_number(size))] };
        Choice { label: toml_number(size), size, sets }
    };
    Some(Family {
        name: format!("{key} of the engine"),
        key: key.to_owned(),
        vary,
        law: Law::Geometric,
        choices: [10.0, 1.0, 0.1].map(choice).to_vec(),
    })
}

/// A quarter, a half and all of the samples.
fn numbers(key: &str, samples: u64) -> Family {
    let choice = |part: u64| {
        let number = samples / part;
        let sets = if part == 1 { Vec::new() } else { vec![format!("engine.{key}={number}")] };
        Choice { label: number.to_string(), size: number as f64, sets }
    };
    let parts = [4, 2, 1].into_iter().filter(|part| samples / part >= FEWEST || *part == 1);
    Family {
        name: format!("number of {key}"),
        key: key.to_owned(),
        vary: Vary::Number,
        law: Law::Unknown,
        choices: parts.map(choice).collect(),
    }
}

/// The orders beside that of the study.
fn orders(engine: &Cumulant) -> Option<Family> {
    let own = engine.order;
    let allowed = |order: &usize| *order > 0 && engine.closure.check_order(*order).is_ok();
    let choice = |order: usize| Choice {
        label: order.to_string(),
        size: order as f64,
        sets: if order == own { Vec::new() } else { vec![format!("engine.order={order}")] },
    };
    let choices: Vec<Choice> = (own - 1..=own + 1).filter(allowed).map(choice).collect();
    (choices.len() > 1).then(|| Family {
        name: format!("order of closure '{}'", engine.closure.name()),
        key: "order".to_owned(),
        vary: Vary::Order,
        law: Law::Unknown,
        choices,
    })
}

/// The other closures of the same order, then that of the study.
fn closures(engine: &Cumulant) -> Option<Family> {
    let others = CLOSURES.iter().filter(|c| c.closure != engine.closure);
    let possible = others.filter(|c| c.closure.check_order(engine.order).is_ok());
    let mut choices: Vec<Choice> = Vec::new();
    for name in possible.map(|c| c.name) {
        let sets = vec![format!("engine.closure=\"{name}\"")];
        choices.push(Choice { label: name.to_owned(), size: choices.len() as f64, sets });
    }
    if choices.is_empty() {
        return None;
    }
    let size = choices.len() as f64;
    choices.push(Choice { label: engine.closure.name().to_owned(), size, sets: Vec::new() });
    Some(Family {
        name: format!("closure of order {}", engine.order),
        key: "closure".to_owned(),
        vary: Vary::Closure,
        law: Law::Unknown,
        choices,
    })
}

fn engine(study: &Study) -> String {
    study.engine.name().to_owned()
}

fn cutoffs(study: &Study, families: &mut Vec<Family>, notes: &mut Vec<String>) {
    let kind = engine(study);
    if !ENGINES.iter().any(|e| e.name == kind && e.truncated) {
        notes.push(format!(
            "cutoff: engine '{kind}' has no truncated Fock spaces, so there is no cutoff to vary"
        ));
        return;
    }
    let problem = &study.problem;
    if problem.cutoffs.is_empty() {
        notes.push("cutoff: the study has no modes".to_owned());
    }
    for (m, mode) in problem.model().modes().iter().enumerate() {
        let own = problem.cutoffs[m];
        if study.cutoff_follows(m) {
            notes.push(format!(
                "cutoff of mode '{}': it follows the state, so that there is none to vary; its error is the bound `truncation`",
                mode.name
            ));
            continue;
        }
        let allowed =
            |cutoff: usize| cutoff > 0 && initial_loss(&problem.initial, m, cutoff) <= REFUSED_ABOVE;
        // Even distances: where parity is conserved, even and odd cutoffs converge on different lines.
        let wished = (2 * ((own as f64 / 10.0).round() as usize)).max(2);
        let fits = |d: &usize| own > 2 * d && allowed(own - 2 * d);
        let distance = (1..=wished).rev().filter(|d| d % 2 == 0 || *d == 1).find(fits);
        let (below, distance) = match distance {
            Some(distance) => (2, distance),
            None => (usize::from(own > 1 && allowed(own - 1)), 1.max(wished / 2)),
        };
        if below < 2 {
            notes.push(format!(
                "cutoff of mode '{}': the initial state does not allow two cutoffs below {own}",
                mode.name
            ));
        }
        let smaller = match below {
            2 => vec![own - 2 * distance, own - distance],
            1 => vec![own - 1],
            _ => Vec::new(),
        };
        let choice = |cutoff: usize| Choice {
            label: cutoff.to_string(),
            size: cutoff as f64,
            sets: if cutoff == own {
                Vec::new()
            } else {
                vec![format!("modes.{}.cutoff={cutoff}", mode.name)]
            },
        };
        families.push(Family {
            name: format!("cutoff of mode '{}'", mode.name),
            key: format!("cutoff({})", mode.name),
            vary: Vary::Cutoff,
            law: Law::Exponential,
            choices: smaller.into_iter().chain([own, own + distance]).map(choice).collect(),
        });
    }
}

/// The method in force with its options.
struct Own<'a> {
    definition: &'static MethodDefinition,
    options: Option<&'a Map<String, Json>>,
}

impl<'a> Own<'a> {
    fn of(method: &'a Json) -> Self {
        let name = method["name"].as_str().unwrap_or_default();
        let definition = METHODS.iter().find(|m| m.name == name).unwrap_or(&METHODS[0]);
        Self { definition, options: method.as_object() }
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.options?.get(key)?.as_f64()
    }

    /// Options other than `changed`, where they differ from their defaults.
    fn others(&self, changed: &[(&str, f64)]) -> Vec<(String, String)> {
        let kept = |(key, value): (&String, &Json)| {
            let option = self.definition.options.iter().find(|o| o.name == key)?;
            let plain = value.is_null() || serde_json::to_value(option.default).is_ok_and(|d| d == *value);
            let changes = changed.iter().any(|(k, _)| k == key);
            (!plain && !changes).then(|| (key.clone(), value.to_string()))
        };
        self.options.into_iter().flatten().filter_map(kept).collect()
    }
}

/// The argument of `--set` that replaces the table `method`.
fn method_set(name: &str, numbers: &[(&str, f64)], others: &[(String, String)]) -> String {
    let mut text = format!("method={{ name = \"{name}\"");
    for (key, number) in numbers {
        let _ = write!(text, ", {key} = {}", toml_number(*number));
    }
    for (key, value) in others {
        let _ = write!(text, ", {key} = {value}");
    }
    text + " }"
}

/// A number as TOML reads it back: without the noise of 1e-9/10, `1e-10`.
fn toml_number(x: f64) -> String {
    let short = format!("{x:.6e}").parse().unwrap_or(x);
    if short == 0.0 { "0.0".to_owned() } else { format!("{short:e}") }
}

fn tolerances(own: &Own<'_>, families: &mut Vec<Family>, notes: &mut Vec<String>) {
    let name = own.definition.name;
    let (keys, factors): (Vec<&str>, [f64; 5]) = match own.number("fixed_step") {
        Some(_) => (vec!["fixed_step"], STEPS),
        None => (vec!["rtol", "atol", "tolerance", "step_tolerance"], TOLERANCES),
    };
    let values: Vec<(&str, f64)> =
        keys.into_iter().filter_map(|key| Some((key, own.number(key)?))).filter(|(_, x)| *x > 0.0).collect();
    let Some(&(lead, start)) = values.first() else {
        notes.push(format!("tolerance: method '{name}' has none"));
        return;
    };
    let mut choices = Vec::new();
    for factor in factors {
        let scaled: Vec<(&str, f64)> = values.iter().map(|(key, x)| (*key, x * factor)).collect();
        let size = start * factor;
        if lead != "fixed_step" && !(FINEST..1.0).contains(&size) {
            let why = if size < 1.0 { "finer than rounding" } else { "1 or more" };
            notes.push(format!("tolerance: {lead} = {} is left out, it is {why}", toml_number(size)));
            continue;
        }
        let sets =
            if factor == 1.0 { Vec::new() } else { vec![method_set(name, &scaled, &own.others(&scaled))] };
        choices.push(Choice { label: toml_number(size), size, sets });
    }
    // Changes of an adaptive method fall by about one factor; a fixed step has an order.
    let law = if lead == "fixed_step" { Law::Order } else { Law::Geometric };
    families.push(Family {
        name: format!("{lead} of method '{name}'"),
        key: lead.to_owned(),
        vary: Vary::Tolerance,
        law,
        choices,
    });
}

fn methods(own: &Own<'_>, engine: &str, asked: f64, families: &mut Vec<Family>) {
    // Moment equations are not linear; the exact engine's are.
    let linear = ENGINES.iter().any(|e| e.name == engine && e.truncated);
    let leads = ["rtol", "tolerance", "step_tolerance"];
    let tolerance = leads.iter().find_map(|key| own.number(key)).unwrap_or(asked);
    // A method for few numbers would refuse many studies.
    let fits = |m: &&MethodDefinition| (linear || !m.linear_only) && m.largest.is_none();
    let others = METHODS.iter().filter(fits).filter(|m| m.name != own.definition.name);
    let mut choices: Vec<Choice> = Vec::new();
    for method in others {
        let has = |key: &str| method.options.iter().any(|o| o.name == key);
        let numbers = [
            ("rtol", tolerance),
            ("atol", ATOL * tolerance),
            ("tolerance", tolerance),
            ("step_tolerance", tolerance),
        ];
        let numbers: Vec<(&str, f64)> = numbers.into_iter().filter(|(key, _)| has(key)).collect();
        let sets = vec![method_set(method.name, &numbers, &[])];
        choices.push(Choice { label: method.name.to_owned(), size: choices.len() as f64, sets });
    }
    let size = choices.len() as f64;
    choices.push(Choice { label: own.definition.name.to_owned(), size, sets: Vec::new() });
    families.push(Family {
        name: format!("method (tolerance {})", toml_number(tolerance)),
        key: "method".to_owned(),
        vary: Vary::Method,
        law: Law::Unknown,
        choices,
    });
}
