//! A study's model with the names that the study gives its numbers.

mod affine;

use std::sync::Arc;

use num_complex::Complex64;
use superladder_model::{
    Argument, ArgumentKind, Atom, Channel, ChannelDefinition, Interaction, InteractionDefinition, Jump,
    Model, ModelError, Operator, SubjectKind, Symbolic, SymbolicModel, Term, Value,
};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::affine::{Affine, Coefficients};
use crate::error::{Fault, StudyError};
use crate::expression::latex_name;
use crate::in_time::Clock;
use crate::model::named_sections;
use crate::parameters;
use crate::scope::{self, Scope};
use crate::section::Section;
use crate::study::Study;

type Result<T> = std::result::Result<T, StudyError>;

impl Study {
    /// The models of all stages as sums of parts whose sizes carry the names of the study: `lambda/sqrt(N)` for
    /// 0.1264911064067. Numbers that the study writes as numbers stay numbers, and so does what a part does not follow
    /// in proportion, such as the temperature of a bath or the coefficients of a jump.
    ///
    /// # Errors
    /// [`StudyError`] where an ensemble is split: sizes and frequencies of classes are nodes of a quadrature rule.
    pub fn in_symbols(&self) -> Result<Vec<SymbolicModel>> {
        let source = self.source();
        if let Some((classes, _)) = self.classes.first() {
            let conflict =
                format!("{classes} have sizes and frequencies without names; equations have numbers there");
            return Err(Fault::Conflict { of: "the study".into(), conflict }.at(&source, 0..0));
        }
        let table = DeTable::parse(self.text()).map_err(|error| {
            Fault::Syntax(error.message().to_owned()).at(&source, error.span().unwrap_or(0..0))
        })?;
        let scope = parameters::evaluate(&source, &table, &[])?;
        let root = Section::new(&scope, "the study", table.get_ref(), 0..0);
        let quenches = parameters::quenches(&root, self.problem.times[0], f64::INFINITY)?;
        let mut models = Vec::new();
        for (number, stage) in self.problem.stages.iter().enumerate() {
            let set = number.checked_sub(1).and_then(|k| quenches.get(k)).map_or(&[][..], |q| &q.set);
            let scope = parameters::evaluate(&Arc::clone(&source), &table, set)?;
            let root = Section::new(&scope, "the study", table.get_ref(), 0..0);
            models.push(
                Namer { scope: &scope, model: &stage.model, start: stage.start, tables: Vec::new() }
                    .read(&root)?,
            );
        }
        Ok(models)
    }
}

/// What an entry is made of in a model.
type BuildOf<'a, K> = dyn Fn(&Model, &[f64]) -> Option<Coefficients<K>> + 'a;

/// Finds the names of one stage.
struct Namer<'a> {
    scope: &'a Scope,
    model: &'a Model,
    start: f64,
    /// Tables over time that have been named so far: name and words.
    tables: Vec<(Atom, String)>,
}

/// Numbers of an entry: keys with their kinds, what is written there, and values; complex numbers are two.
struct Numbers {
    places: Vec<(&'static str, ArgumentKind)>,
    symbols: Vec<Symbolic>,
    values: Vec<f64>,
    /// Arguments that are no numbers.
    others: Vec<(String, Value)>,
}

impl Numbers {
    /// The arguments with other numbers.
    fn arguments(&self, values: &[f64]) -> Vec<(String, Value)> {
        let mut arguments = self.others.clone();
        let mut at = 0;
        while at < self.places.len() {
            let (key, kind) = self.places[at];
            let pair = kind == ArgumentKind::Complex;
            let value = if pair {
                Value::Complex(Complex64::new(values[at], values[at + 1]))
            } else {
                Value::Real(values[at])
            };
            arguments.push((key.to_owned(), value));
            at += if pair { 2 } else { 1 };
        }
        arguments
    }
}

impl Namer<'_> {
    fn read(mut self, root: &Section<'_>) -> Result<SymbolicModel> {
        let mut found = SymbolicModel::default();
        for (m, (_, section)) in named_sections(root, "modes", "mode")?.iter().enumerate() {
            let frequency = self.number(section, "frequency", self.model.modes()[m].frequency)?;
            checked(section, found.add_energy(self.model, frequency, &Operator::number(m)))?;
        }
        for (e, (_, section)) in named_sections(root, "ensembles", "ensemble")?.iter().enumerate() {
            let ensemble = &self.model.ensembles()[e];
            let frequency = self.number(section, "frequency", ensemble.frequency)?;
            checked(section, found.add_energy(self.model, frequency, &Operator::sz(e)))?;
            let size = self.number(section, "size", ensemble.size as f64)?;
            let single = size.power(2).is_some();
            found.sizes.push(if single { size } else { Symbolic::number(ensemble.size as f64) });
        }
        for section in root.sections("interactions", "interaction")? {
            self.interaction(&section, &mut found)?;
        }
        for section in root.sections("channels", "channel")? {
            self.channel(&section, &mut found)?;
        }
        found.legend = self.legend(&found);
        Ok(found)
    }

    /// The number under `key` as it is written; `default` if there is none.
    fn number(&mut self, section: &Section<'_>, key: &str, default: f64) -> Result<Symbolic> {
        section
            .value(key)
            .map_or(Ok(Symbolic::number(default)), |value| self.written(section, key, value, default))
    }

    fn written(
        &mut self,
        section: &Section<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        now: f64,
    ) -> Result<Symbolic> {
        match value.get_ref() {
            DeValue::String(text) => {
                let named = scope::named(text, self.scope, self.start);
                let symbolic = named.map(|(expression, names)| expression.symbolic(&names));
                Ok(symbolic.unwrap_or_else(|| Symbolic::number(now)))
            }
            DeValue::Table(_) => {
                let clock = Clock { start: self.start, end: f64::INFINITY };
                let now =
                    section.value_in_time(key, value, clock)?.map_or(now, |function| function.at(self.start));
                Ok(self.table(now, format!("the table `{key}` of {}", section.of())))
            }
            _ => section.to_number(key, value).map(Symbolic::number),
        }
    }

    /// The numbers of an entry, those at the start where they follow time.
    fn numbers(&mut self, section: &Section<'_>, arguments: &[Argument]) -> Result<Numbers> {
        let mut found =
            Numbers { places: Vec::new(), symbols: Vec::new(), values: Vec::new(), others: Vec::new() };
        for argument in arguments {
            let (key, kind) = (argument.key, argument.kind);
            if matches!(kind, ArgumentKind::Operators | ArgumentKind::Sum | ArgumentKind::Vector) {
                found.others.extend(section.argument(key, kind)?.map(|value| (key.to_owned(), value)));
                continue;
            }
            let zero = Symbolic::default;
            let value = section.value(key);
            let parts = match value.map(Spanned::get_ref) {
                Some(DeValue::Array(items)) => items
                    .iter()
                    .map(|item| self.written(section, key, item, f64::NAN))
                    .collect::<Result<Vec<_>>>()?,
                Some(_) => vec![self.number(section, key, f64::NAN)?],
                None => vec![Symbolic::number(argument.default.unwrap_or(0.0))],
            };
            let count = if kind == ArgumentKind::Complex { 2 } else { 1 };
            for part in parts.into_iter().chain(std::iter::repeat_with(zero)).take(count) {
                found.places.push((key, kind));
                found.values.push(part.value().re);
                found.symbols.push(part);
            }
        }
        Ok(found)
    }

    fn interaction(&mut self, section: &Section<'_>, found: &mut SymbolicModel) -> Result<()> {
        let kind = section.required_text("kind", "the name of an interaction")?;
        let definition = checked(section, InteractionDefinition::by_name(kind))?;
        let numbers = self.numbers(section, definition.arguments)?;
        let (modes, ensembles) = subject(section, definition.subject)?;
        let build = |model: &Model, values: &[f64]| -> Option<Coefficients<Vec<_>>> {
            let built = Interaction::new(model, kind, &modes, &ensembles, &numbers.arguments(values)).ok()?;
            Some(built.operator.terms.into_iter().map(|term| (term.factors, term.coefficient)).collect())
        };
        let affine =
            Affine::of(&numbers.values, |j| numbers.is_named(j), &|values| build(self.model, values));
        for (subset, coefficients) in affine.parts {
            let mut groups: Vec<(Vec<i32>, Operator)> = Vec::new();
            for (factors, coefficient) in coefficients {
                let powers = self.powers_of_sizes(&affine.probe, &factors, &build);
                let scale: f64 =
                    powers.iter().zip(self.model.ensembles()).map(|(k, e)| root(e.size, *k)).product();
                let term = Term { coefficient: coefficient / scale, factors };
                match groups.iter_mut().find(|(known, _)| *known == powers) {
                    Some((_, operator)) => operator.terms.push(term),
                    None => groups.push((powers, Operator { terms: vec![term] })),
                }
            }
            for (powers, operator) in groups {
                let mut size = numbers.product(&subset);
                for (k, of) in powers.iter().zip(&found.sizes) {
                    size = size.times(
                        &of.power(*k)
                            .unwrap_or_else(|| Symbolic::number(of.value().re.powf(0.5 * f64::from(*k)))),
                    );
                }
                checked(section, found.add_energy(self.model, size, &operator))?;
            }
        }
        Ok(())
    }

    /// Twice the power of the size of every ensemble that the coefficient of a product is proportional to.
    fn powers_of_sizes<K: PartialEq>(&self, values: &[f64], product: &K, build: &BuildOf<'_, K>) -> Vec<i32> {
        let coefficient = |model: &Model| {
            let all = build(model, values)?;
            all.into_iter().find(|(key, _)| key == product).map(|(_, c)| c)
        };
        let before = coefficient(self.model);
        let power = |e: usize| {
            let mut ensembles = self.model.ensembles().to_vec();
            ensembles[e].size *= 4;
            let after = coefficient(&Model::new(self.model.modes().to_vec(), ensembles).ok()?)?;
            let ratio = (after / before?).re;
            let k = ratio.log2().round();
            ((ratio / k.exp2() - 1.0).abs() < 1e-12 && k.abs() <= 8.0).then_some(k as i32)
        };
        (0..self.model.ensembles().len()).map(|e| power(e).unwrap_or(0)).collect()
    }

    fn channel(&mut self, section: &Section<'_>, found: &mut SymbolicModel) -> Result<()> {
        let kind = section.required_text("kind", "the name of a channel")?;
        let definition = checked(section, ChannelDefinition::by_name(kind))?;
        let numbers = self.numbers(section, definition.arguments)?;
        let (modes, ensembles) = subject(section, definition.subject)?;
        let build = |values: &[f64]| -> Option<Coefficients<(usize, Jump)>> {
            let built =
                Channel::new(self.model, kind, &modes, &ensembles, &numbers.arguments(values)).ok()?;
            let rate =
                |(number, d): (usize, superladder_model::Dissipator)| ((number, d.jump), d.rate.into());
            Some(built.dissipators.into_iter().enumerate().map(rate).collect())
        };
        let parts = Affine::of(&numbers.values, |j| numbers.is_named(j), &build).parts;
        let in_time = |jump: &Jump| {
            let mut rates = self.model.modulations().iter().flat_map(|m| m.part.dissipators());
            rates.any(|d| d.jump == *jump)
        };
        let hidden = |(subset, coefficients): &(Vec<usize>, Coefficients<(usize, Jump)>)| {
            !subset.iter().any(|j| follows_time(&numbers.symbols[*j]))
                && coefficients.iter().any(|((_, jump), _)| in_time(jump))
        };
        if parts.iter().any(hidden) {
            // The rate follows time by a number that it is not proportional to.
            for ((number, jump), rate) in build(&numbers.values).unwrap_or_default() {
                let words = format!(
                    "rate number {} of {kind} of {}",
                    number + 1,
                    ensembles.concat() + &modes.concat()
                );
                let size = self.table(rate.re, words);
                checked(section, found.add_jump(self.model, size, &jump))?;
            }
            return Ok(());
        }
        for (subset, coefficients) in parts {
            for ((_, jump), rate) in coefficients {
                let size = numbers.product(&subset).times(&Symbolic::number(rate));
                checked(section, found.add_jump(self.model, size, &jump))?;
            }
        }
        Ok(())
    }

    /// A function of time that gets a name here.
    fn table(&mut self, now: f64, words: String) -> Symbolic {
        let text = format!("f{}(t)", self.tables.len() + 1);
        let atom = Atom { latex: latex_name(&text), text, value: now };
        self.tables.push((atom.clone(), words));
        Symbolic::atom(atom)
    }

    /// What the names in a model stand for, in the order of the study.
    fn legend(&self, found: &SymbolicModel) -> Vec<(Symbolic, String)> {
        let all = found.parts.iter().map(|(size, _)| size).chain(&found.sizes);
        let mut used: Vec<String> = all.flat_map(Symbolic::atoms).map(|atom| atom.text.clone()).collect();
        // What parameters that follow time are made of; they name earlier ones only.
        for (name, function) in self.scope.functions.iter().rev() {
            if used.iter().any(|text| names(text, name)) {
                used.push(function.text().to_owned());
            }
        }
        let named = |name: &str| used.iter().any(|text| names(text, name.trim_end_matches("(t)")));
        let entry = |name: String, value: f64, words: String| {
            (Symbolic::atom(Atom { latex: latex_name(&name), text: name, value }), words)
        };
        let constants = self.scope.parameters.iter().map(|(name, x)| (name.clone(), *x, x.to_string()));
        let following = self.scope.functions.iter();
        let following =
            following.map(|(name, f)| (format!("{name}(t)"), f.at(self.start), f.text().to_owned()));
        let lines = constants
            .chain(following)
            .filter(|(name, ..)| named(name))
            .map(|(n, x, words)| entry(n, x, words));
        lines
            .chain(self.tables.iter().map(|(atom, words)| (Symbolic::atom(atom.clone()), words.clone())))
            .collect()
    }
}

impl Numbers {
    /// Whether a number is written with names.
    fn is_named(&self, j: usize) -> bool {
        self.symbols[j].atoms().next().is_some()
    }

    /// The product of some of the numbers.
    fn product(&self, subset: &[usize]) -> Symbolic {
        subset.iter().fold(Symbolic::number(1.0), |product, j| product.times(&self.symbols[*j]))
    }
}

/// Whether a text has a name in it as a whole word.
fn names(text: &str, name: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let bounded = |at: usize| !text[..at].ends_with(inside) && !text[at + name.len()..].starts_with(inside);
    text.match_indices(name).any(|(at, _)| bounded(at))
}

fn follows_time(symbolic: &Symbolic) -> bool {
    symbolic.atoms().any(|atom| names(&atom.text, scope::TIME))
}

fn root(size: usize, twice: i32) -> f64 {
    (size as f64).sqrt().powi(twice)
}

fn checked<T>(section: &Section<'_>, result: std::result::Result<T, ModelError>) -> Result<T> {
    result.map_err(|error| section.model_fault(error))
}

/// Names of the modes and ensembles that an entry acts on.
fn subject(section: &Section<'_>, kind: SubjectKind) -> Result<(Vec<String>, Vec<String>)> {
    let (mut modes, mut ensembles) = (Vec::new(), Vec::new());
    for &key in kind.keys() {
        let names = if key.ends_with('s') {
            section.words(key)?.unwrap_or_default()
        } else {
            vec![section.required_text(key, "a name")?.to_owned()]
        };
        if key.starts_with("mode") { modes.extend(names) } else { ensembles.extend(names) }
    }
    Ok((modes, ensembles))
}
