//! A whole study: read, checked and ready to run.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::{self, Source};
use serde_json::{Map, Value as Json, json};
use superladder_engine::{End, Engine, EngineError, Problem, ProblemError, Stage};
use superladder_exact::AdaptiveCutoff;
use superladder_model::Model;
use toml::de::{DeTable, DeValue};

use crate::breakdown_table::BreakdownTable;
use crate::correlations::{self, CorrelationEntry};
use crate::engines::{self, Common, EngineChoice, EngineDefinition};
use crate::error::{Fault, StudyError};
use crate::in_time::Clock;
use crate::initial;
use crate::model::{self, Parts};
use crate::observables::{self, Measured};
use crate::parameters::{self, Quench};
use crate::plot_table::PlotTable;
use crate::reductions::{self, ReductionEntry};
use crate::scope::Scope;
use crate::section::Section;
use crate::truncation;
use crate::{method, overrides, time, title};

/// A study: what to simulate, how, and what to measure.
pub struct Study {
    /// Title, or the name of the file.
    pub title: String,
    /// The title as it is written, and the parameters that it may name.
    pattern: String,
    parameters: Vec<(String, f64)>,
    /// Name of the file without its extension.
    pub name: String,
    /// The problem, free of any numerical method.
    pub problem: Problem,
    /// What a reader should know before trusting the results.
    pub warnings: Vec<String>,
    losses: Vec<f64>,
    /// By mode, whether the cutoff follows the state.
    follows: Vec<bool>,
    /// The classes of every ensemble that is split, in words.
    pub classes: Vec<(String, String)>,
    /// The engine with its options.
    pub engine: EngineChoice,
    /// Correlations of two times, for the command `spectrum`.
    pub correlations: Vec<CorrelationEntry>,
    /// Numbers read off columns over time.
    pub reductions: Vec<ReductionEntry>,
    /// What its pictures show.
    pub plot: PlotTable,
    resolved: Json,
    source: Arc<Source>,
    /// Where the name of the table `engine` stands, and its key `memory_limit`.
    table: Option<Range<usize>>,
    memory_limit: Option<Range<usize>>,
    /// Words of `output.observables` and their places.
    wanted: Vec<(String, Range<usize>)>,
}

impl fmt::Debug for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Study")
            .field("name", &self.name)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

impl Study {
    /// Reads the study in a file after carrying out every `key=value` of `sets` on its text.
    ///
    /// # Errors
    /// [`StudyError`], with file, line and key.
    pub fn load(path: impl AsRef<Path>, sets: &[String]) -> Result<Self, StudyError> {
        Self::load_for(path, sets, None)
    }

    /// Reads a study as [`Study::load`] does, for the engine called `engine` in place of its own.
    ///
    /// # Errors
    /// As [`Study::load`].
    pub fn load_for(
        path: impl AsRef<Path>,
        sets: &[String],
        engine: Option<&str>,
    ) -> Result<Self, StudyError> {
        Self::load_with(path.as_ref(), sets, engine, true)
    }

    /// Reads a study as [`Study::load`] does, but for the start that mean field makes, which takes the time
    /// that it takes: the initial state is the one before. For whoever wants to know what a run would need.
    ///
    /// # Errors
    /// As [`Study::load`].
    pub fn load_before_start(path: impl AsRef<Path>, sets: &[String]) -> Result<Self, StudyError> {
        Self::load_with(path.as_ref(), sets, None, false)
    }

    fn load_with(
        path: &Path,
        sets: &[String],
        engine: Option<&str>,
        start: bool,
    ) -> Result<Self, StudyError> {
        let text = source::read(path).map_err(|source| StudyError::Read { path: path.to_owned(), source })?;
        let name = path.file_stem().map_or("study".into(), |s| s.to_string_lossy().into_owned());
        Self::parse_for(&path.display().to_string(), &name, &text, sets, (engine, start))
    }

    /// Reads a study from `text`, called `file` in messages.
    ///
    /// # Errors
    /// As [`Study::load`].
    pub fn parse(file: &str, name: &str, text: &str, sets: &[String]) -> Result<Self, StudyError> {
        Self::parse_for(file, name, text, sets, (None, true))
    }

    /// Reads a study from `text` as [`Study::parse`] does, for the engine called `engine` in place of its own, if one is
    /// given; without `start` as [`Study::load_before_start`] does.
    ///
    /// # Errors
    /// As [`Study::load`].
    pub fn parse_for(
        file: &str,
        name: &str,
        text: &str,
        sets: &[String],
        (engine, start): (Option<&str>, bool),
    ) -> Result<Self, StudyError> {
        let shown = if sets.is_empty() { file.to_owned() } else { format!("{file} with --set") };
        let text = if DeTable::parse(text).is_ok() { overrides::apply(text, sets)? } else { text.to_owned() };
        let source = Arc::new(Source::new(shown, text.clone()));
        let table = DeTable::parse(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Fault::Syntax(error.message().to_owned()).at(&source, span)
        })?;
        let folder = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
        Reader { source, table: &table, name, engine, start, folder }.read()
    }

    /// A fresh engine, as the study asks for it.
    pub fn engine(&self) -> Box<dyn Engine> {
        self.engine.engine()
    }

    /// The title of a study whose parameters `varied` have many values.
    pub fn title_over(&self, varied: &[&str]) -> String {
        title::filled(&self.pattern, &self.parameters, varied)
    }

    /// The study with every default and every number filled in.
    pub fn resolved(&self) -> Json {
        self.resolved.clone()
    }

    /// Whether the cutoff of a mode follows the state.
    pub fn cutoff_follows(&self, mode: usize) -> bool {
        self.follows.get(mode).copied().unwrap_or(false)
    }

    /// What the initial state of every mode loses by truncation.
    pub fn truncation(&self) -> Json {
        let modes = self.problem.model().modes().iter();
        modes
            .zip(&self.losses)
            .map(|(mode, lost)| (mode.name.clone(), json!(lost)))
            .collect::<Map<_, _>>()
            .into()
    }

    pub(super) fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }

    /// The text in force: the file after all `--set`.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// Refuses a model that follows time, for `what` is about a constant one.
    ///
    /// # Errors
    /// [`StudyError::Invalid`], which names what follows time.
    pub fn without_explicit_time(&self, what: &str) -> Result<(), StudyError> {
        let mut modulations = self.problem.stages.iter().flat_map(|stage| stage.model.modulations());
        let Some(modulation) = modulations.next() else { return Ok(()) };
        let (of, text) = (&modulation.of, modulation.size.text());
        let conflict = format!("{of} depends on time ({text}), but {what} belong to a constant model");
        Err(Fault::Conflict { of: "the study".into(), conflict }.at(&self.source, 0..0))
    }

    /// Puts an engine's refusal of this study at its place in the file.
    ///
    /// # Errors
    /// The error itself, if it has no place in the file: a failure on the way, or a missing table `engine`.
    pub fn refusal(&self, error: EngineError) -> Result<StudyError, EngineError> {
        let place = match &error {
            EngineError::Propagation { .. }
            | EngineError::Solution { .. }
            | EngineError::Checkpoint(_)
            | EngineError::Interrupted { .. } => None,
            EngineError::Observable { observable, .. } => self.place_of(observable),
            EngineError::Memory { .. } => self.memory_limit.clone().or_else(|| self.table.clone()),
            _ => self.table.clone(),
        };
        match place {
            Some(span) => Ok(Fault::Engine(error).at(&self.source, span)),
            None => Err(error),
        }
    }

    /// Puts an engine's refusal of a correlation at its place in the file.
    ///
    /// # Errors
    /// The error itself, if the engine failed on its way.
    pub fn refused(&self, entry: &CorrelationEntry, error: EngineError) -> Result<StudyError, EngineError> {
        if !error.is_bad_input() {
            return Err(error);
        }
        let fault = Fault::Correlation { name: entry.name.clone(), error };
        Ok(fault.at(&self.source, entry.span.clone()))
    }

    fn place_of(&self, observable: &str) -> Option<Range<usize>> {
        let squeeze = |s: &str| s.replace(' ', "");
        let same = |(word, _): &&(String, Range<usize>)| squeeze(word) == squeeze(observable);
        let set = |(word, _): &&(String, Range<usize>)| word == "default" || word == "all";
        let found = self.wanted.iter().find(same).or_else(|| self.wanted.iter().find(set));
        found.map(|(_, span)| span.clone())
    }
}

/// Reads one study.
struct Reader<'a> {
    source: Arc<Source>,
    table: &'a toml::Spanned<DeTable<'a>>,
    name: &'a str,
    /// Engine in place of the study's own.
    engine: Option<&'a str>,
    /// Mean field makes the start, where the study wants it to.
    start: bool,
    /// Where the names of files begin.
    folder: PathBuf,
}

impl Reader<'_> {
    fn read(self) -> Result<Study, StudyError> {
        let scope = parameters::evaluate(&self.source, self.table, &[])?;
        let root = Section::new(&scope, "the study", self.table.get_ref(), 0..0);
        let pattern = self.pattern(&root)?;
        let title = title::filled(&pattern, &scope.parameters, &[]);
        root.value("parameters");
        let definition = engines::definition(&root, self.engine)?;
        let truncated = definition.truncated;
        let (times, end, resolved_time) = self.times(&root)?;
        let steady = end == End::Stationary;
        let (start, last) = (times[0], if steady { f64::INFINITY } else { times[times.len() - 1] });
        let mut parts = model::read(&root, definition, Clock { start, end: last })?;
        refuse_nothing(&root, &parts.model)?;
        let quenches = parameters::quenches(&root, start, last)?;
        let stages = self.stages(&parts, Clock { start, end: last }, &quenches, definition)?;
        let reading = initial::Reading { truncated, made: self.start, folder: &self.folder };
        let resolved_initial = initial::read(&root, &mut parts, &stages, reading)?;
        let Measured { observables, wanted, resolved: resolved_observables, warnings: unmeasured } =
            observables::read(&root, &parts.whole, &parts.classes.split)?;
        let losses = truncation::check(&root, definition, &parts, &observables)?;
        // The method belongs to the study's own engine; another one comes with its default.
        let given = method::read(&root)?.filter(|_| self.engine.is_none());
        let follows = truncated && parts.adaptive.iter().any(Option::is_some);
        let adaptive = |a: &model::Adaptive| AdaptiveCutoff { max: a.max };
        let common = Common {
            method: given.as_ref().map(|g| g.method.clone()),
            bounds: method::bounds(&root, follows)?,
            adaptive: parts.adaptive.iter().map(|a| a.as_ref().map(adaptive)).collect(),
        };
        let (engine, resolved_engine, method) = engines::read(&root, self.engine, &common)?;
        let (resolved_method, mut warnings) = match given {
            Some(given) => (given.resolved, given.warnings),
            None => (method.as_ref().map_or(Json::Null, method::in_force), Vec::new()),
        };
        let names: Vec<String> = observables.iter().map(|o| o.name.clone()).collect();
        let cutoffs = parts.cutoffs;
        let problem = Problem { stages, initial: parts.initial, observables, times, cutoffs, end };
        problem.validate().map_err(|e| root.fault("time", Fault::Problem(e)))?;
        // Carried out by the command `breakdown` alone, but told here if it is nonsense.
        BreakdownTable::read(&root, Some(problem.model()))?;
        let (correlations, resolved_correlations) = correlations::read(&root, &problem)?;
        let reductions = reductions::read(&root, &problem)?;
        let read_off: Vec<String> = reductions.iter().map(|r| r.name.clone()).collect();
        let shown = [read_off.clone(), reductions::columns(&problem), names.clone()].concat();
        let (plot, resolved_plot) = PlotTable::read(&root, &shown)?;
        let table = root.key_span("engine");
        let memory_limit = root.section("engine", "engine")?.and_then(|s| s.key_span("memory_limit"));
        root.finish()?;
        let mut resolved = Map::new();
        resolved.insert("title".into(), title.clone().into());
        resolved.insert("parameters".into(), in_force(&scope));
        resolved.extend(parts.resolved);
        resolved.extend(resolved_initial.map(|initial| ("initial".to_owned(), initial)));
        let changes = |q: &Quench| json!({ "time": q.time, "set": by_name(&q.set) });
        resolved.insert("quenches".into(), quenches.iter().map(changes).collect());
        resolved.insert("time".into(), resolved_time);
        resolved.insert("engine".into(), resolved_engine);
        resolved.insert("method".into(), resolved_method);
        resolved.insert("bounds".into(), json!(common.bounds));
        if !resolved_observables.is_empty() {
            resolved.insert("observables".into(), resolved_observables.into());
        }
        let output = resolved.entry("output").or_insert_with(|| json!({ "observables": names }));
        if !read_off.is_empty() {
            output["reductions"] = json!(read_off);
        }
        resolved.extend(resolved_plot.map(|plot| ("plot".to_owned(), plot)));
        if !correlations.is_empty() {
            resolved.insert("correlations".into(), resolved_correlations.into());
        }
        warnings.extend(unmeasured);
        warnings.extend(parts.classes.warnings);
        warnings.extend(truncation::warnings(&problem, &losses));
        if !self.start && resolved.get("initial").is_some_and(|initial| initial["state"] == "mean-field") {
            let state = "the state before the time that mean field takes";
            warnings.push(format!("`initial`: these figures are those of {state}, which only a run does"));
        }
        let follows = parts.adaptive.iter().map(Option::is_some).collect();
        let (name, resolved, source) = (self.name.to_owned(), resolved.into(), self.source);
        Ok(Study {
            title,
            pattern,
            parameters: scope.parameters,
            name,
            problem,
            warnings,
            losses,
            follows,
            classes: parts.classes.report,
            engine,
            correlations,
            reductions,
            plot,
            resolved,
            source,
            table,
            memory_limit,
            wanted,
        })
    }

    /// The title as it is written, or the name of the file.
    fn pattern(&self, root: &Section<'_>) -> Result<String, StudyError> {
        let pattern = title::pattern(root)?.unwrap_or(self.name);
        if pattern.chars().any(unprintable) {
            return Err(root.wrong("title", "a line of text without control characters"));
        }
        Ok(pattern.to_owned())
    }

    fn times(&self, root: &Section<'_>) -> Result<(Vec<f64>, End, Json), StudyError> {
        if let Some(DeValue::String(word)) = root.value("time").map(toml::Spanned::get_ref) {
            if word.trim() != "steady" {
                return Err(root.wrong("time", "a table, or \"steady\""));
            }
            return Ok((vec![0.0], End::Stationary, json!("steady")));
        }
        let Some(section) = root.section("time", "time")? else {
            return Err(Fault::Missing {
                key: "time".into(),
                of: "the study".into(),
                allowed: "a table such as [time] with end = 10.0 and points = 101, or \"steady\"".into(),
            }
            .at(&self.source, 0..0));
        };
        let (times, resolved) = time::read(&section)?;
        section.finish()?;
        Ok((times, End::Records, resolved))
    }

    /// The model before and after every quench.
    fn stages(
        &self,
        first: &Parts,
        clock: Clock,
        quenches: &[Quench],
        definition: &EngineDefinition,
    ) -> Result<Vec<Stage>, StudyError> {
        let mut stages = vec![Stage { start: clock.start, model: first.model.clone() }];
        for quench in quenches {
            let scope = parameters::evaluate(&self.source, self.table, &quench.set)?;
            let root = Section::new(&scope, "the study", self.table.get_ref(), 0..0);
            let parts = model::read(&root, definition, Clock { start: quench.time, ..clock })?;
            if let Some(what) = forbidden_change(first, &parts) {
                let fault = Fault::Quench { time: quench.time, what };
                return Err(fault.at(&self.source, quench.span.clone()));
            }
            stages.push(Stage { start: quench.time, model: parts.model });
        }
        Ok(stages)
    }
}

/// Characters that do something to a terminal or turn the direction of what follows.
fn unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn refuse_nothing(root: &Section<'_>, model: &Model) -> Result<(), StudyError> {
    let what = "modes and no ensembles; write [modes.a] or [ensembles.S]";
    let empty = || root.fault("modes", Fault::Problem(ProblemError::Empty { what }));
    if model.subsystems().is_empty() { Err(empty()) } else { Ok(()) }
}

/// Parameters with their values, or how they follow time.
fn in_force(scope: &Scope) -> Json {
    let mut all = by_name(&scope.parameters);
    for (name, function) in &scope.functions {
        all[name] = function.text().into();
    }
    all
}

/// Named numbers as a JSON object.
fn by_name(numbers: &[(String, f64)]) -> Json {
    numbers.iter().map(|(name, number)| (name.clone(), json!(number))).collect::<Map<_, _>>().into()
}

/// What a quench changed although it must stay.
fn forbidden_change(before: &Parts, after: &Parts) -> Option<String> {
    let sizes = before.model.ensembles().iter().zip(after.model.ensembles());
    if let Some((ensemble, _)) = sizes.into_iter().find(|(x, y)| x.size != y.size) {
        return Some(format!("the size of ensemble '{}'", ensemble.name));
    }
    for (m, mode) in before.model.modes().iter().enumerate() {
        if before.cutoffs[m] != after.cutoffs[m] || before.adaptive[m] != after.adaptive[m] {
            return Some(format!("the cutoff of mode '{}'", mode.name));
        }
        if before.initial.modes[m] != after.initial.modes[m] {
            return Some(format!("the initial state of mode '{}'", mode.name));
        }
    }
    let states = before.initial.ensembles.iter().zip(&after.initial.ensembles);
    let changed = states.into_iter().position(|(x, y)| x != y)?;
    Some(format!("the initial state of ensemble '{}'", before.model.ensembles()[changed].name))
}
