//! From the tables `modes`, `ensembles`, `interactions` and `channels` to a model and its initial state.

use serde_json::{Map, Value as Json, json};
use superladder_model::{
    Channel, ChannelDefinition, ENSEMBLE_STATES, Ensemble, InitialState, Interaction, InteractionDefinition,
    MODE_STATES, Mode, Model, ModelError, Operator, StateDefinition, Subsystem, TimeFunction, Value,
    ensemble_state, mode_state,
};
use superladder_space::initial_cutoff_losing;

use toml::de::DeValue;

use crate::classes::{Finished, Splits};
use crate::distribution::Distribution;
use crate::engines::EngineDefinition;
use crate::entry::{Entry, read_arguments, resolve};
use crate::error::{Fault, StudyError};
use crate::in_time::{Clock, Following};
use crate::section::Section;

/// A model as read, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) model: Model,
    /// The model before its ensembles are split.
    pub(crate) whole: Model,
    /// How they are split.
    pub(crate) classes: Finished,
    pub(crate) initial: InitialState,
    /// Highest Fock states; where they adapt, of the start.
    pub(crate) cutoffs: Vec<usize>,
    /// By mode, how the cutoff adapts, if it does.
    pub(crate) adaptive: Vec<Option<Adaptive>>,
    /// The four tables with every number filled in.
    pub(crate) resolved: Map<String, Json>,
}

/// A cutoff that follows the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Adaptive {
    /// Where it starts; `None`: where the initial state asks for it.
    pub(crate) start: Option<usize>,
    /// Its largest value; `None`: what fits the memory.
    pub(crate) max: Option<usize>,
}

impl Adaptive {
    /// Where the cutoff of a mode starts for an initial state.
    pub(crate) fn start(self, initial: &InitialState, mode: usize) -> usize {
        self.start.unwrap_or_else(|| {
            let sufficient = initial_cutoff_losing(initial, mode, LOST_AT_START).max(SMALLEST_START);
            self.max.map_or(sufficient, |max| sufficient.min(max))
        })
    }
}

/// Smallest cutoff that is chosen for an initial state, and what the state loses at most there.
const SMALLEST_START: usize = 2;
const LOST_AT_START: f64 = 1e-10;

type Result<T> = std::result::Result<T, StudyError>;

/// Reads the model from the top of a study, for an engine that may need a cutoff for every mode; `clock` says when it
/// is in force.
pub(crate) fn read(root: &Section<'_>, engine: &EngineDefinition, clock: Clock) -> Result<Parts> {
    let truncated = engine.truncated;
    let modes = named_sections(root, "modes", "mode")?;
    let ensembles = named_sections(root, "ensembles", "ensemble")?;
    let free = free_model(root, &modes, &ensembles, clock)?;
    let mut splits = Splits::read(&ensembles)?;
    let mut model = free.model;
    let (mut cutoffs, mut adaptive) = (Vec::new(), Vec::new());
    let mut initial = InitialState::default();
    let (mut resolved_modes, mut resolved_ensembles) = (Map::new(), Map::new());
    for (m, (name, section)) in modes.into_iter().enumerate() {
        let (state, resolved) =
            initial_state(&section, MODE_STATES, "vacuum", |name, given| mode_state(&model, m, name, given))?;
        initial.modes.push(state);
        let follows = read_adaptive(&section, engine)?;
        let cutoff = match follows {
            Some(follows) if truncated => follows.start(&initial, m),
            Some(_) => 0,
            None if truncated => section.required_count("cutoff", 0)?,
            None => section.count("cutoff", 0)?.unwrap_or_default(),
        };
        let frequency = shown_frequency(&section, clock, model.modes()[m].frequency)?;
        let shown = match follows {
            Some(Adaptive { start, max }) => json!({ "start": start, "max": max }),
            None => json!(cutoff),
        };
        resolved_modes.insert(name, json!({ "frequency": frequency, "cutoff": shown, "initial": resolved }));
        adaptive.push(follows);
        cutoffs.push(cutoff);
        section.finish()?;
    }
    for (e, (name, section)) in ensembles.into_iter().enumerate() {
        let (state, resolved) = initial_state(&section, ENSEMBLE_STATES, "down", |name, given| {
            ensemble_state(&model, e, name, given)
        })?;
        let Ensemble { size, frequency, .. } = model.ensembles()[e];
        let frequency = match section.distribution("frequency")? {
            Some(distribution) => distribution.shown(),
            None => shown_frequency(&section, clock, frequency)?,
        };
        resolved_ensembles.insert(name, json!({ "size": size, "frequency": frequency, "initial": resolved }));
        initial.ensembles.push(state);
        section.finish()?;
    }
    let mut resolved = Map::new();
    resolved.insert("modes".into(), resolved_modes.into());
    resolved.insert("ensembles".into(), resolved_ensembles.into());
    let (interactions, channels);
    (model, interactions) = with_interactions(root, model, clock, &mut splits)?;
    (model, channels) = with_channels(root, model, &free.frequencies, clock, &splits)?;
    let (whole, classes) = (model.clone(), splits.finish(&model));
    if !classes.split.classes.is_empty() {
        model = classes.split.model(&whole).map_err(|e| root.model_fault(e))?;
        initial = classes.split.initial(&whole, initial).map_err(|e| root.model_fault(e))?;
        for (e, ensemble) in whole.ensembles().iter().enumerate() {
            if let Some(shown) = classes.shown(e) {
                resolved["ensembles"][&ensemble.name]["split"] = shown;
            }
        }
    }
    resolved.insert("interactions".into(), interactions.into());
    resolved.insert("channels".into(), channels.into());
    Ok(Parts { model, whole, classes, initial, cutoffs, adaptive, resolved })
}

/// Reads a cutoff that adapts: `"auto"`, or a table with `start` and `max`.
fn read_adaptive(section: &Section<'_>, engine: &EngineDefinition) -> Result<Option<Adaptive>> {
    let follows = match section.value("cutoff").map(toml::Spanned::get_ref) {
        Some(DeValue::String(text)) if text.trim() == "auto" => Adaptive { start: None, max: None },
        Some(DeValue::Table(_)) => {
            let of = format!("cutoff of {}", section.of());
            let Some(inner) = section.section("cutoff", of)? else { return Ok(None) };
            let (start, max) = (inner.count("start", 0)?, inner.count("max", 0)?);
            if let (Some(start), Some(max)) = (start, max)
                && start > max
            {
                return Err(inner.wrong("start", format!("at most `max` = {max}")));
            }
            inner.finish()?;
            Adaptive { start, max }
        }
        _ => return Ok(None),
    };
    if engine.truncated && !engine.adaptive {
        let conflict = format!(
            "the engine '{}' needs a fixed cutoff, a whole number; cutoffs that adapt are known to the engine 'exact'",
            engine.name
        );
        return Err(section.fault("cutoff", Fault::Conflict { of: section.of().to_owned(), conflict }));
    }
    Ok(Some(follows))
}

pub(crate) fn named_sections<'a>(
    root: &Section<'a>,
    key: &str,
    kind: &str,
) -> Result<Vec<(String, Section<'a>)>> {
    let Some(table) = root.section(key, key)? else { return Ok(Vec::new()) };
    let mut sections = Vec::new();
    for name in table.keys() {
        let section = table.section(name, format!("{kind} '{name}'"))?;
        sections.extend(section.map(|s| (name.to_owned(), s)));
    }
    Ok(sections)
}

fn free_model(
    root: &Section<'_>,
    modes: &[(String, Section<'_>)],
    ensembles: &[(String, Section<'_>)],
    clock: Clock,
) -> Result<Free> {
    const FREQUENCY: &str = "a finite number: its angular frequency, hbar = 1";
    let frequency = |section: &Section<'_>| match section.in_time("frequency", clock)? {
        Some(function) => Ok(function.at(clock.start)),
        None => section.required_number("frequency", FREQUENCY),
    };
    let read_mode = |(name, section): &(String, Section<'_>)| {
        Ok(Mode { name: name.clone(), frequency: frequency(section)? })
    };
    let read_ensemble = |(name, section): &(String, Section<'_>)| {
        let size = section.required_count("size", 1)?;
        let distributed = section.distribution("frequency")?.map(|d| d.center());
        let frequency = distributed.map_or_else(|| frequency(section), Ok)?;
        Ok(Ensemble { name: name.clone(), size, frequency })
    };
    let read_modes = modes.iter().map(read_mode).collect::<Result<_>>()?;
    let read_ensembles = ensembles.iter().map(read_ensemble).collect::<Result<_>>()?;
    let model = Model::new(read_modes, read_ensembles).map_err(|error| {
        let is_it = |(name, section): &&(String, Section<'_>)| match &error {
            ModelError::OutOfRange { of, .. } => of == section.of(),
            ModelError::DuplicateName { name: repeated } => name == repeated,
            _ => false,
        };
        let place = ensembles.iter().find(is_it).or_else(|| modes.iter().find(is_it));
        place.map_or(root, |(_, section)| section).model_fault(error.clone())
    })?;
    let mut free = Free { model, frequencies: Vec::new() };
    for (number, (_, section)) in modes.iter().enumerate() {
        free.follow(Subsystem::Mode(number), section, clock)?;
    }
    for (number, (_, section)) in ensembles.iter().enumerate() {
        free.follow(Subsystem::Ensemble(number), section, clock)?;
    }
    Ok(free)
}

/// Subsystems, and those of their frequencies that follow time.
struct Free {
    model: Model,
    frequencies: Vec<(Subsystem, TimeFunction)>,
}

impl Free {
    /// Lets the frequency of a subsystem follow time, if it does.
    fn follow(&mut self, subsystem: Subsystem, section: &Section<'_>, clock: Clock) -> Result<()> {
        let Some(function) = section.in_time("frequency", clock)? else { return Ok(()) };
        let operator = match subsystem {
            Subsystem::Mode(m) => Operator::number(m),
            Subsystem::Ensemble(e) => Operator::sz(e),
        };
        let (of, nominal) = (format!("`frequency` of {}", section.of()), function.at(clock.start));
        let model = std::mem::take(&mut self.model);
        let model = model.with_energy_in_time(&of, &operator, function.clone(), nominal);
        self.model = model.map_err(|e| section.model_fault(e))?;
        self.frequencies.push((subsystem, function));
        Ok(())
    }
}

/// The frequency in force, or how it follows time.
fn shown_frequency(section: &Section<'_>, clock: Clock, nominal: f64) -> Result<Json> {
    Ok(section.in_time("frequency", clock)?.map_or(json!(nominal), |function| json!(function.text())))
}

/// Reads `initial` of a mode or an ensemble by its table of states; absent means `default`.
fn initial_state<S, C>(
    section: &Section<'_>,
    table: &'static [StateDefinition<S, C>],
    default: &str,
    build: impl Fn(&str, &[(String, Value)]) -> std::result::Result<S, ModelError>,
) -> Result<(S, Json)> {
    let of = format!("initial state of {}", section.of());
    let Some(inner) = section.section("initial", of)? else {
        let state = build(default, &[]).map_err(|e| section.model_fault(e))?;
        return Ok((state, json!({ "state": default })));
    };
    let name = inner.required_text("state", "the name of an initial state, see `superladder list states`")?;
    let arguments = table.iter().find(|d| d.name == name).map_or(&[][..], |d| d.arguments);
    let given = read_arguments(&inner, arguments)?;
    let state = build(name, &given).map_err(|e| inner.model_fault(e))?;
    let mut resolved = Map::new();
    resolved.insert("state".into(), name.into());
    resolved.extend(resolve(arguments, &given));
    inner.finish()?;
    Ok((state, resolved.into()))
}

fn with_interactions(
    root: &Section<'_>,
    mut model: Model,
    clock: Clock,
    splits: &mut Splits,
) -> Result<(Model, Vec<Json>)> {
    let mut resolved = Vec::new();
    for mut section in root.sections("interactions", "interaction")? {
        let kind = section
            .required_text("kind", "the name of an interaction, see `superladder list interactions`")?;
        let definition = InteractionDefinition::by_name(kind).map_err(|e| section.model_fault(e))?;
        section.rename(format!("interaction '{kind}'"));
        let entry = Entry::read(&section, definition.subject, definition.arguments, clock)?;
        let subsystems = model.bare();
        let build = |given: &[(String, Value)]| {
            Interaction::new(&subsystems, kind, &entry.modes, &entry.ensembles, given)
        };
        let interaction = build(&entry.given).map_err(|e| section.model_fault(e))?;
        if let Some((key, distribution)) = entry.spread.first() {
            let twice = entry.with(key, Value::Real(2.0));
            let doubled = build(&twice).map_err(|e| section.model_fault(e))?.operator;
            let number = (model.interactions().len(), &interaction);
            splits.couple((&section, key), distribution.clone(), number, &doubled)?;
        }
        model = model.with_interaction(interaction);
        if let Some(varying) = entry.varying.first() {
            let following = Following { section: &section, clock, varying: &entry.varying };
            model = following.interaction(model, |value| build(&entry.with(varying.key, value)))?;
        }
        resolved.push(entry.resolved(kind, definition.arguments));
        section.finish()?;
    }
    Ok((model, resolved))
}

fn with_channels(
    root: &Section<'_>,
    mut model: Model,
    frequencies: &[(Subsystem, TimeFunction)],
    clock: Clock,
    splits: &Splits,
) -> Result<(Model, Vec<Json>)> {
    let mut resolved = Vec::new();
    for mut section in root.sections("channels", "channel")? {
        let kind = section.required_text("kind", "the name of a channel, see `superladder list channels`")?;
        let definition = ChannelDefinition::by_name(kind).map_err(|e| section.model_fault(e))?;
        section.rename(format!("channel '{kind}'"));
        let entry = Entry::read(&section, definition.subject, definition.arguments, clock)?;
        if let Some((key, _)) = entry.spread.first() {
            let conflict =
                "the numbers of channels are the same for all spins of an ensemble: no distribution";
            return Err(Distribution::refused(&section, key, conflict));
        }
        let build = |model: &Model| {
            let built = Channel::new(model, kind, &entry.modes, &entry.ensembles, &entry.given);
            built.map_err(|e| section.model_fault(e))
        };
        let channel = build(&model)?;
        for e in channel.subject.ensembles.iter().copied().filter(|e| splits.frequencies_differ(*e)) {
            let other = (Subsystem::Ensemble(e), model.ensembles()[e].frequency + 1.0);
            if build(&model.with_frequencies(&[other]))?.dissipators != channel.dissipators {
                let conflict = "its rates depend on the frequency of the spins, which is distributed; write the rates themselves";
                return Err(Distribution::refused(&section, "kind", conflict));
            }
        }
        model = model.with_channel(channel);
        if !entry.varying.is_empty() || !frequencies.is_empty() {
            let following = Following { section: &section, clock, varying: &entry.varying };
            let build = entry.in_time(kind.to_owned(), &model, frequencies);
            model = following.channel(model, build)?;
        }
        resolved.push(entry.resolved(kind, definition.arguments));
        section.finish()?;
    }
    Ok((model, resolved))
}
