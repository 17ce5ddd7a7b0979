//! Interrupted runs: whatever stops a run, going on from its checkpoint gives the same bytes as never having
//! stopped, and a checkpoint that does not fit is refused and stays where it is.

mod common;

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::Scratch;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use superladder::engine::{Diagnostics, EngineError, Evolution, Progress, Recorder, Run, Silent, run};
use superladder::study::Study;
use superladder::workflows::checkpoint::Checkpoint;
use superladder::workflows::results::{columns, record_arrays, write_csv};

/// Two ensembles in one cavity and a quench: runs in milliseconds, in many steps with every method of
/// [`METHODS`].
const STUDY: &str = r#"
[parameters]
lambda = 0.2
[modes.a]
frequency = 1.0
cutoff = 5
initial = { state = "coherent", amplitude = 0.3 }
[ensembles.S]
size = 2
frequency = 1.0
initial = { state = "spin-coherent", theta = 0.3 }
[ensembles.T]
size = 2
frequency = 1.0
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "lambda"
[[interactions]]
kind = "exchange"
ensembles = ["S", "T"]
strength = 0.1
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.06
[[channels]]
kind = "pumping"
ensemble = "T"
rate = 0.9
[[quenches]]
time = 1.75
set = { lambda = 0.7 }
[time]
end = 4.0
points = 41
[bounds]
top_population = 1.0
propagation = 1.0
truncation = inf
[output]
observables = ["default", "g2(a)", "purity", "reduced-state(S)"]
"#;

/// Every method, with options that make many short steps.
const METHODS: [&str; 7] = [
    "method={name='dop853'}",
    "method={name='dop853', lawson=true}",
    "method={name='tsit5'}",
    "method={name='low-storage'}",
    "method={name='krylov', dimension=8}",
    "method={name='chebyshev', degree=24}",
    "method={name='chebyshev', degree=24, outputs=1}",
];

/// A stop at every opportunity, each with a checkpoint on the disk.
struct StopAlways<'a> {
    study: &'a Study,
    path: &'a Path,
}

impl Progress for StopAlways<'_> {
    fn reached(&mut self, _: f64) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn paused(
        &mut self,
        evolution: &dyn Evolution,
        recorder: &Recorder,
    ) -> Result<ControlFlow<()>, EngineError> {
        Checkpoint::write(self.path, self.study, recorder, evolution).expect("a checkpoint");
        Ok(ControlFlow::Break(()))
    }
}

/// What a run leaves: the table, the arrays and the diagnostics with their times.
#[derive(PartialEq)]
struct Left {
    table: Vec<u8>,
    arrays: Vec<u8>,
    diagnostics: Diagnostics,
}

impl Left {
    fn new(study: &Study, recorder: &Recorder, evolution: &dyn Evolution) -> Self {
        let (mut table, mut arrays) = (Vec::new(), Cursor::new(Vec::new()));
        write_csv(&mut table, &columns(&study.problem, recorder)).expect("a table");
        record_arrays(study, recorder).write(&mut arrays).expect("arrays");
        Self { table, arrays: arrays.into_inner(), diagnostics: evolution.diagnostics().clone() }
    }
}

fn study(text: &str, sets: &[&str]) -> Study {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Study::parse("study.toml", "study", text, &sets).expect("a valid study")
}

/// Runs a study without a stop and again with a stop wherever one is possible; returns the number of stops.
fn stops_change_nothing(text: &str, sets: &[&str]) -> usize {
    let study = study(text, sets);
    let engine = study.engine();
    let (evolution, recorder) = run(engine.as_ref(), &study.problem, &mut Silent).expect("runs");
    let whole = Left::new(&study, &recorder, evolution.as_ref());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint");
    let mut stop = StopAlways { study: &study, path: &path };
    let (mut evolution, mut recorder) = run(engine.as_ref(), &study.problem, &mut stop).expect("runs");
    let mut stops = 0;
    while recorder.interrupted {
        stops += 1;
        let checkpoint = Checkpoint::read(&path, &study).expect("a checkpoint");
        let Checkpoint { recorder: records, state } = checkpoint;
        let mut again = Run::resume(engine.as_ref(), &study.problem, records, &state).expect("restored");
        again.proceed(&mut stop).expect("goes on");
        (evolution, recorder) = again.into_parts();
    }
    let pieces = Left::new(&study, &recorder, evolution.as_ref());
    let text = |left: &Left| String::from_utf8_lossy(&left.table).into_owned();
    assert_eq!(text(&pieces), text(&whole), "{sets:?}");
    assert!(pieces.arrays == whole.arrays, "{sets:?}: the arrays differ");
    assert_eq!(pieces.diagnostics, whole.diagnostics, "{sets:?}");
    stops
}

#[test]
fn a_stop_after_every_step_changes_no_bit() {
    for method in METHODS {
        let stops = stops_change_nothing(STUDY, &[method]);
        assert!(stops > 4, "{method}: only {stops} stops");
    }
}

#[test]
fn stops_change_no_bit_without_a_quench_and_with_linear_observables() {
    let cut = STUDY.find("[[quenches]]").expect("a quench")..STUDY.find("[time]").expect("times");
    let mut text = STUDY.to_owned();
    text.replace_range(cut, "");
    for method in METHODS {
        stops_change_nothing(&text, &[method, "output.observables=['photons(a)', 'spin(S)']"]);
    }
}

#[test]
fn stops_change_no_bit_with_other_monitors_and_generators() {
    for method in METHODS {
        stops_change_nothing(STUDY, &[method, "engine.positivity='eigenvalues'"]);
        // The assembled generator does not offer the exponential of its diagonal.
        if !method.contains("lawson") {
            stops_change_nothing(STUDY, &[method, "engine.generator='assembled'"]);
        }
    }
}

#[test]
fn stops_change_no_bit_while_cutoffs_follow_the_state() {
    let text =
        STUDY.replace("cutoff = 5", "cutoff = { start = 5 }").replace("\"purity\",", "\"reduced-state(a)\",");
    let budget = "bounds.truncation=0.05";
    for method in METHODS {
        let stops = stops_change_nothing(&text, &[method, budget]);
        assert!(stops > 4, "{method}: only {stops} stops");
        stops_change_nothing(&text, &[method, budget, "output.observables=['photon-distribution(a)']"]);
    }
    let run = common::ran_with(&text, &[budget]);
    let cutoffs = &run.statistics["cutoffs"];
    assert!(cutoffs["largest"]["a"].as_u64() > Some(6), "{cutoffs}");
    assert!(cutoffs["changes"].as_array().is_some_and(|c| !c.is_empty()), "{cutoffs}");
}

#[test]
fn stops_change_no_bit_where_parts_follow_time() {
    let text =
        STUDY.replace("\"lambda\"", "\"lambda*(1 + 0.5*sin(3*t))\"").replace("= 0.9", "= \"0.9*cos(t)^2\"");
    let fixed = ["method={name='krylov', tolerance=1e-6}", "method={name='chebyshev', step_tolerance=1e-6}"];
    for method in fixed {
        let stops = stops_change_nothing(&text, &[method]);
        assert!(stops > 20, "{method}: only {stops} stops");
        let linear = "output.observables=['photons(a)', 'spin(S)']";
        stops_change_nothing(&text, &[method, linear]);
        let follows = ["modes.a.cutoff={ start = 5 }", "bounds.truncation=0.2", linear];
        stops_change_nothing(&text, &[&[method][..], &follows].concat());
    }
}

impl Scratch {
    fn checkpoint(&self) -> PathBuf {
        self.path("x.checkpoint")
    }

    /// `superladder run study.toml -o x` with more arguments.
    fn running(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["run", "study.toml", "-o", "x"]);
        command.args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        Answer(self.running(arguments).output().expect("the program starts"))
    }

    /// The bytes of the results.
    fn results(&self) -> [Vec<u8>; 2] {
        ["observables.csv", "observables.npz"]
            .map(|name| fs::read(self.path("x").join(name)).unwrap_or_else(|e| panic!("{name}: {e}")))
    }

    fn manifest(&self) -> Value {
        let text = fs::read(self.path("x/manifest.json")).expect("a manifest");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Results of a run that nothing interrupts.
    fn reference(study: &str, arguments: &[&str]) -> [Vec<u8>; 2] {
        let scratch = Self::new(study);
        scratch.run(arguments).exits(0);
        assert!(!scratch.checkpoint().exists(), "a checkpoint is left after the end");
        scratch.results()
    }

    #[track_caller]
    fn equals(&self, expected: &[Vec<u8>; 2], what: &str) {
        assert!(self.results() == *expected, "{what}: not the bytes of the run without a stop");
    }
}

struct Answer(Output);

impl Answer {
    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&self.0.stdout), text(&self.0.stderr));
        assert_eq!(self.0.status.code(), Some(code), "stdout: {out}\nstderr: {err}");
        self
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        let err = String::from_utf8_lossy(&self.0.stderr);
        assert!(err.contains(words), "'{words}' is not in: {err}");
        self
    }
}

/// Arguments that stop a run as early as possible.
const STOP: [&str; 4] = ["--time-limit", "0", "--checkpoint-interval", "0"];

#[test]
fn a_time_limit_leaves_partial_results_and_a_checkpoint_to_go_on_from() {
    for method in METHODS.into_iter().filter(|m| !m.contains("lawson") && !m.contains("outputs")) {
        let expected = Scratch::reference(STUDY, &["--set", method]);
        let scratch = Scratch::new(STUDY);
        let set = ["--set", method];
        scratch.run(&[&set[..], &STOP].concat()).exits(1);
        let mut records = 0;
        for round in 0..2 {
            let manifest = scratch.manifest();
            assert!(scratch.checkpoint().is_file() && manifest["interrupted"] == true, "{method}");
            let rows = fs::read_to_string(scratch.path("x/observables.csv")).expect("a table");
            assert_eq!(manifest["records"], rows.lines().count() - 1, "{method}");
            assert!(manifest["records"].as_u64() >= Some(records), "{method}: records are lost");
            records = manifest["records"].as_u64().unwrap_or(0);
            if round == 0 {
                scratch.run(&[&set[..], &STOP, &["--resume"]].concat()).exits(1);
            }
        }
        scratch.run(&[&set[..], &["--resume"]].concat()).exits(0);
        scratch.equals(&expected, method);
        let manifest = scratch.manifest();
        assert!(manifest["interrupted"] == false && manifest["resumed_at"].is_number(), "{method}");
        assert!(!scratch.checkpoint().exists(), "{method}: the checkpoint of a finished run is left");
    }
}

/// Ends `child` without warning after `delay`; true if it still ran.
fn kill_after(mut child: Child, delay: Duration) -> bool {
    std::thread::sleep(delay);
    let running = child.try_wait().expect("its state").is_none();
    child.kill().expect("ends");
    child.wait().expect("its end");
    running
}

/// Ends runs without warning at `kills` random times, resumes each, and compares everything that comes to its
/// end.
fn survives_kills(kills: usize, seed: u64) {
    // Enough steps that most kills find the run on its way, with a checkpoint being written.
    let text = STUDY.replace("end = 4.0\npoints = 41", "end = 40.0\npoints = 401");
    let arguments = ["--set", "method={name='tsit5'}", "--checkpoint-interval", "0", "--resume"];
    let begun = Instant::now();
    let expected = Scratch::reference(&text, &arguments);
    let duration = begun.elapsed().as_secs_f64();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut scratch = Scratch::new(&text);
    let mut killed = 0;
    for _ in 0..50 * kills {
        if killed == kills {
            break;
        }
        let delay = Duration::from_secs_f64(random.random_range(0.0..0.6) * duration);
        let child = scratch.running(&arguments).spawn().expect("the program starts");
        // Only those that had something to lose count.
        killed += usize::from(kill_after(child, delay) && scratch.checkpoint().exists());
        let ended = scratch.path("x").exists() && !scratch.checkpoint().exists();
        if ended {
            scratch.equals(&expected, "ended between two kills");
            scratch = Scratch::new(&text);
        }
    }
    assert_eq!(killed, kills, "too few runs were under way when they were killed");
    scratch.run(&arguments).exits(0);
    scratch.equals(&expected, "resumed after kills");
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    survives_kills(3, 1);
}

#[test]
#[ignore = "long: 20 kills"]
fn a_run_killed_twenty_times_resumes_to_the_same_bytes() {
    survives_kills(20, 2);
}

#[test]
fn a_run_does_not_start_over_a_checkpoint_unasked() {
    let scratch = Scratch::new(STUDY);
    scratch.run(&STOP).exits(1);
    let before = fs::read(scratch.checkpoint()).expect("a checkpoint");
    scratch.run(&[]).exits(2).says("x.checkpoint").says("--resume").says("--force");
    assert!(fs::read(scratch.checkpoint()).expect("a checkpoint") == before, "the checkpoint has changed");
    // A run that is refused when it is prepared gives up nothing.
    scratch.run(&["--force", "--set", "modes.a.cutoff=1000000000"]).exits(2);
    assert!(fs::read(scratch.checkpoint()).expect("a checkpoint") == before, "a refused run has removed it");
    assert!(scratch.path("x").is_dir(), "a refused run has removed the output");
    scratch.run(&["--force"]).exits(0);
    assert!(!scratch.checkpoint().exists() && scratch.manifest()["resumed_at"].is_null());
    // Nothing to resume and a finished output in the way.
    scratch.run(&["--resume"]).exits(2).says("'x' exists");
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_and_stays() {
    let scratch = Scratch::new(STUDY);
    scratch.run(&STOP).exits(1);
    scratch.run(&[&STOP[..], &["--resume"]].concat()).exits(1);
    let whole = fs::read(scratch.checkpoint()).expect("a checkpoint");
    let before = scratch.results();
    let refused = |bytes: &[u8], arguments: &[&str], words: &str| {
        fs::write(scratch.checkpoint(), bytes).expect("written");
        scratch.run(&[&["--resume"], arguments].concat()).exits(2).says("x.checkpoint").says(words);
        assert!(fs::read(scratch.checkpoint()).expect("it stays") == bytes, "{words}: it has changed");
        assert!(scratch.results() == before, "{words}: the results have changed");
    };
    let end = whole.len();
    let magic = whole.iter().position(|b| *b == b'\n').expect("a first line") + 1;
    for position in [magic, magic + 8, magic + 16, magic + 60, end / 2, end - 33, end - 1] {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x10;
        refused(&bytes, &[], "damaged");
    }
    for length in [magic, magic + 20, end / 2, end - 1] {
        refused(&whole[..length], &[], "damaged");
    }
    refused(&[&whole[..], b"more"].concat(), &[], "damaged");
    for foreign in [&b""[..], b"\n", b"some other file\n", &whole[1..]] {
        refused(foreign, &[], "no checkpoint of this program");
    }
    refused(&whole, &["--set", "parameters.lambda=0.3"], "another study");
    refused(&whole, &["--set", "time.end=5.0"], "another study");
    refused(&whole, &["--set", "method={name='krylov'}"], "another study");
    scratch.run(&["--resume"]).exits(0);
    scratch.equals(&Scratch::reference(STUDY, &[]), "resumed after refusals");
}

/// Large enough that the generator and the sums of vectors are split over threads.
#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    // Of fixed cutoffs, and of those that follow the state: they grow from 8 on.
    for cutoff in ["modes.a.cutoff=11", "modes.a.cutoff={ start = 8 }"] {
        let sets =
            [cutoff, "bounds.truncation=0.05", "ensembles.S.size=4", "ensembles.T.size=4", "time.end=2.0"];
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let one = Scratch::reference(STUDY, &[&sets[..], &["--threads", "1"]].concat());
        for threads in ["2", "3"] {
            let more = Scratch::reference(STUDY, &[&sets[..], &["--threads", threads]].concat());
            assert!(more == one, "{cutoff}: {threads} threads give other bytes than one");
        }
        // Also when the number changes on the way.
        let scratch = Scratch::new(STUDY);
        scratch.run(&[&sets[..], &STOP, &["--threads", "2"]].concat()).exits(1);
        scratch.run(&[&sets[..], &STOP, &["--threads", "3", "--resume"]].concat()).exits(1);
        scratch.run(&[&sets[..], &["--threads", "1", "--resume"]].concat()).exits(0);
        scratch.equals(&one, "other threads after a stop");
        let changes = &scratch.manifest()["statistics"]["cutoffs"]["changes"];
        let follows = cutoff.contains("start");
        assert_eq!(changes.as_array().is_some_and(|c| !c.is_empty()), follows, "{cutoff}: {changes}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_writes_a_checkpoint_to_go_on_from() {
    let text = STUDY.replace("end = 4.0\npoints = 41", "end = 2400.0\npoints = 401");
    let arguments = ["--set", "method={name='tsit5'}"];
    let scratch = Scratch::new(&text);
    let often = ["run", "study.toml", "-o", "x", "--checkpoint-interval", "0"];
    let begun = || scratch.checkpoint().exists();
    Answer(scratch.stopped_when(begun, &[&often[..], &arguments].concat(), "-TERM")).exits(1);
    assert!(scratch.checkpoint().is_file(), "no checkpoint");
    assert_eq!(scratch.manifest()["interrupted"], true);
    scratch.run(&[&arguments[..], &["--resume"]].concat()).exits(0);
    scratch.equals(&Scratch::reference(&text, &arguments), "resumed after Ctrl-C");
}
