//! The program from outside: exit codes, files, messages.

mod common;

use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::{Command, Output};

use common::Scratch;
use num_complex::Complex64;
use serde_json::Value;

/// A study that runs in milliseconds.
const QUICK: &str = r#"
title = "quick"
[parameters]
kappa = 0.5
[modes.a]
frequency = 1.0
cutoff = 8
initial = { state = "coherent", amplitude = 0.5 }
[ensembles.S]
size = 2
frequency = 1.0
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = 0.3
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "kappa"
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.1
[time]
end = 2.0
points = 11
[output]
observables = ["default", "g2(a)", "photon-distribution(a)", "reduced-state(a)", "reduced-state(S)", "purity"]
"#;

impl Scratch {
    fn run(&self, arguments: &[&str]) -> Answer {
        Answer(self.output(arguments))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).expect("the folder");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

struct Answer(Output);

impl Answer {
    fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(code), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        assert!(self.err().contains(words), "'{words}' is not in: {}", self.err());
        self
    }
}

/// Heading and rows of a table.
fn csv(path: &Path) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let heading = reader.headers().expect("a heading").iter().map(str::to_owned).collect();
    let row = |r: csv::StringRecord| r.iter().map(|x| x.parse().expect("a number")).collect();
    (heading, reader.records().map(|r| row(r.expect("a row"))).collect())
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).expect("a manifest")).expect("JSON")
}

/// An array of an `.npz` file, which is a zip archive of `.npy` files.
fn stored(file: &Path, name: &str) -> npyz::NpyFile<Cursor<Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(File::open(file).expect("a file")).expect("an archive");
    let mut entry =
        archive.by_name(&format!("{name}.npy")).unwrap_or_else(|e| panic!("no array '{name}': {e}"));
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).expect("readable");
    npyz::NpyFile::new(Cursor::new(bytes)).expect("an array")
}

fn array<T: npyz::Deserialize>(folder: &Path, name: &str) -> (Vec<u64>, Vec<T>) {
    let array = stored(&folder.join("observables.npz"), name);
    (array.shape().to_vec(), array.into_vec().expect("its type"))
}

#[test]
fn a_run_leaves_every_file_and_they_agree() {
    let scratch = Scratch::new(QUICK);
    let answer = scratch.run(&["run", "study.toml"]);
    answer.exits(0);
    assert!(answer.out().contains("converged") && answer.out().contains("photons(a)"), "{}", answer.out());
    assert_eq!(answer.err(), "");
    let folder = scratch.path("out/study");
    assert_eq!(scratch.names(), ["out", "study.toml"]);
    assert_eq!(fs::read_dir(scratch.path("out")).expect("out").count(), 1, "a partial folder was left");
    let (heading, rows) = csv(&folder.join("observables.csv"));
    assert_eq!(heading[..4], ["t", "amplitude(a).re", "amplitude(a).im", "photons(a)"]);
    assert!(heading.contains(&"diagnostic.trace".to_owned()) && heading.contains(&"spin(S).z".to_owned()));
    assert!(!heading.iter().any(|h| h.starts_with("reduced-state")), "matrices belong into the npz file");
    assert_eq!(rows.len(), 11);
    let column = |name: &str| -> Vec<f64> {
        let index = heading.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column '{name}'"));
        rows.iter().map(|r| r[index]).collect()
    };
    assert_eq!(array::<f64>(&folder, "t"), (vec![11], column("t")));
    assert_eq!(array::<f64>(&folder, "photons(a)"), (vec![11], column("photons(a)")));
    assert_eq!(array::<f64>(&folder, "diagnostic.trace"), (vec![11], column("diagnostic.trace")));
    let (shape, spin) = array::<f64>(&folder, "spin(S)");
    assert_eq!(shape, [11, 3]);
    assert_eq!(spin.iter().skip(2).step_by(3).copied().collect::<Vec<_>>(), column("spin(S).z"));
    let (shape, populations) = array::<f64>(&folder, "photon-distribution(a)");
    assert_eq!(shape, [11, 9]);
    let (shape, field) = array::<Complex64>(&folder, "reduced-state(a)");
    assert_eq!(shape, [11, 9, 9]);
    let (shape, _) = array::<Complex64>(&folder, "reduced-state(S)");
    assert_eq!(shape, [11, 10], "blocks of 1 and 3 rows");
    for (index, population) in populations.iter().enumerate() {
        let (row, n) = (index / 9, index % 9);
        assert!((field[row * 81 + n * 10] - population).norm() < 1e-14);
    }
    assert!((rows[0][3] - 0.25).abs() < 1e-9, "the coherent state has |alpha|^2 photons");
    assert!(fs::read_to_string(folder.join("overview.svg")).expect("a plot").contains("<svg"));
    assert!(fs::read(folder.join("overview.png")).expect("a plot").starts_with(b"\x89PNG"));
    let shown: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("figure.json")).expect("data")).expect("JSON");
    let panels = shown["overview"]["panels"].as_array().expect("panels");
    let photons = panels.iter().find(|p| p["title"] == "photons(a)").expect("a panel");
    let drawn: Vec<f64> = serde_json::from_value(photons["series"][0]["y"].clone()).expect("numbers");
    assert_eq!(drawn, column("photons(a)"));
    assert!(folder.join("figure.py").exists());
    let report = fs::read_to_string(folder.join("report.html")).expect("a report");
    let (_, content) = report.split_once("id=\"content\">").expect("its content");
    let content: serde_json::Value =
        serde_json::from_str(content.split_once("</script>").expect("an end").0).expect("JSON");
    assert_eq!(content["manifest"]["converged"], true);
    assert_eq!(content["pictures"]["overview"]["panels"].as_array().map(Vec::len), Some(panels.len()));
    assert_eq!(content["tables"][0]["name"], "observables.csv");
    let (shape, amplitude) = array::<Complex64>(&folder, "amplitude(a)");
    assert_eq!(shape, [11]);
    let parts = (column("amplitude(a).re"), column("amplitude(a).im"));
    assert!(
        amplitude.iter().zip(parts.0.iter().zip(&parts.1)).all(|(z, (re, im))| (z.re, z.im) == (*re, *im))
    );
    let words = |name: &str| {
        let found = stored(&folder.join("observables.npz"), name).into_vec::<Vec<u8>>().expect("words");
        found.into_iter().map(|word| String::from_utf8(word).expect("UTF-8")).collect::<Vec<_>>()
    };
    assert_eq!(words("meta.components.spin(S)"), ["x", "y", "z"]);
    assert!(
        words("meta.parameters").contains(&"kappa".to_owned()) && words("meta.units")[0].contains("hbar = 1")
    );
}

#[test]
fn the_manifest_tells_what_ran_and_how_it_went() {
    let scratch = Scratch::new(QUICK);
    scratch
        .run(&["run", "study.toml", "-o", "here", "--threads", "1", "--set", "parameters.kappa=0.4"])
        .exits(0);
    let manifest = manifest(&scratch.path("here"));
    assert_eq!(manifest["converged"], true);
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["threads"], 1);
    assert_eq!(manifest["records"], 11);
    assert_eq!(manifest["configuration"]["channels"][0]["rate"], 0.4);
    assert_eq!(manifest["configuration"]["method"]["name"], "chebyshev");
    assert!(manifest["wall_seconds"].as_f64().is_some_and(|x| x > 0.0));
    assert!(manifest["commit"].as_str().is_some_and(|c| c == "unknown" || c.len() == 40));
    assert!(manifest["statistics"].is_object() && manifest["resources"]["unknowns"].as_u64().is_some());
    assert_eq!(manifest["diagnostics"]["trace"]["holds"], true);
    assert_eq!(manifest["undefined_values"], serde_json::json!({}));
    let text = manifest.to_string();
    assert!(!text.contains(&scratch.path("").display().to_string()), "a machine path is in the manifest");
    // The study as run can be run again.
    let again = scratch.run(&["run", "here/study.toml", "-o", "again", "--quiet"]);
    assert_eq!(again.exits(0).out(), "");
    let table = |folder: &str| fs::read(scratch.path(folder).join("observables.csv")).expect("a table");
    assert_eq!(table("here"), table("again"));
}

#[test]
fn undefined_values_are_counted_and_stay_undefined() {
    let scratch = Scratch::new(&QUICK.replace("state = \"coherent\", amplitude = 0.5", "state = \"vacuum\""));
    scratch.run(&["run", "study.toml", "-o", "x"]).exits(0);
    assert_eq!(manifest(&scratch.path("x"))["undefined_values"]["g2(a)"], 11);
    let (heading, rows) = csv(&scratch.path("x/observables.csv"));
    let g2 = heading.iter().position(|h| h == "g2(a)").expect("g2");
    assert!(rows.iter().all(|r| r[g2].is_nan()));
}

#[test]
fn a_broken_bound_is_exit_code_three_and_the_results_stay() {
    let scratch = Scratch::new(QUICK);
    let answer = scratch.run(&["run", "study.toml", "-o", "x", "--set", "bounds.top_population=1e-30"]);
    answer.exits(3);
    assert!(
        answer.out().contains("NOT CONVERGED") && answer.out().contains("top_population"),
        "{}",
        answer.out()
    );
    let manifest = manifest(&scratch.path("x"));
    assert_eq!(manifest["converged"], false);
    assert!(manifest["reasons"][0].as_str().is_some_and(|r| r.contains("top_population")), "{manifest}");
    assert!(scratch.path("x/observables.csv").is_file());
}

#[test]
fn faults_of_a_study_show_the_line_with_a_caret() {
    let scratch = Scratch::new(&QUICK.replace("rate = 0.1", "rate = -0.1"));
    let answer = scratch.run(&["run", "study.toml"]);
    answer.exits(2).says("`rate` of channel 'emission' must be finite and >= 0, but is -0.1");
    answer.says("study.toml:24:8").says("rate = -0.1").says("here");
    assert_eq!(scratch.names(), ["study.toml"], "nothing may be written");
    let slips: [(&[&str], &str); 6] = [
        (&["parameters.kapa=1"], "did you mean 'kappa'?"),
        (&["channels.1.rate=0.1", "modes.a.cutof=3"], "did you mean 'cutoff'?"),
        (&["channels.1.rate=0.1", "modes.a.cutoff=1"], "is enough"),
        (&["channels.1.rate=nan"], "NaN"),
        (&["channels.1.kind=emision"], "did you mean 'emission'?"),
        (&["channels.1.rate=0.1", "output.observables=[\"fidelity(a)\"]"], "unknown observable 'fidelity'"),
    ];
    for (sets, words) in slips {
        let mut arguments = vec!["run", "study.toml"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        scratch.run(&arguments).exits(2).says(words);
    }
    scratch.run(&["run", "absent.toml"]).exits(2).says("cannot read the study 'absent.toml'");
    scratch.run(&["run"]).exits(2).says("<STUDY>");
    scratch.run(&["walk"]).exits(2);
}

#[test]
fn a_problem_too_large_for_the_memory_is_refused_with_the_numbers() {
    let scratch = Scratch::new(QUICK);
    let answer = scratch.run(&["run", "study.toml", "--set", "engine.memory_limit=1 kB"]);
    answer.exits(2).says("memory").says("1000 bytes");
    assert_eq!(scratch.names(), ["study.toml"]);
}

#[test]
fn an_output_is_never_overwritten_by_accident() {
    let scratch = Scratch::new(QUICK);
    scratch.run(&["run", "study.toml", "-o", "x"]).exits(0);
    let before = fs::read(scratch.path("x/manifest.json")).expect("a manifest");
    scratch.run(&["run", "study.toml", "-o", "x"]).exits(2).says("--force");
    scratch.run(&["run", "study.toml", "-o", "x", "--resume"]).exits(2).says("nothing waits to be continued");
    assert_eq!(before, fs::read(scratch.path("x/manifest.json")).expect("a manifest"));
    scratch.run(&["run", "study.toml", "-o", "x", "--force", "--set", "time.points=3"]).exits(0);
    assert_eq!(manifest(&scratch.path("x"))["records"], 3);
    // A failing run keeps the old output.
    scratch
        .run(&["run", "study.toml", "-o", "x", "--force", "--set", "method.max_steps=1"])
        .exits(1)
        .says("max_steps");
    assert_eq!(manifest(&scratch.path("x"))["records"], 3);
    assert_eq!(scratch.names(), ["study.toml", "x"]);
    // What superladder did not write is not its own to remove.
    fs::create_dir(scratch.path("home")).expect("a folder");
    fs::write(scratch.path("home/thesis.tex"), "precious").expect("a file");
    scratch.run(&["run", "study.toml", "-o", "home", "--force"]).exits(2).says("not an output folder");
}

#[test]
fn an_unwritable_folder_is_exit_code_one() {
    let scratch = Scratch::new(QUICK);
    scratch.run(&["run", "study.toml", "-o", "study.toml/x"]).exits(1).says("cannot write 'study.toml/x'");
}

/// A limit on file sizes stands in for a full disk: the write fails in the middle. An MPI library writes
/// files of its own first.
#[cfg(all(unix, not(feature = "mpi")))]
#[test]
fn a_disk_that_fills_up_leaves_nothing_half_written() {
    let scratch = Scratch::new(QUICK);
    let script = format!(
        "trap '' XFSZ; ulimit -f 4; exec '{}' run study.toml -o x",
        env!("CARGO_BIN_EXE_superladder")
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(scratch.path("")).output().expect("sh");
    Answer(output).exits(1).says("cannot write 'x/");
    assert_eq!(scratch.names(), ["study.toml"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_at_an_output_time_and_keeps_what_is_done() {
    let long = QUICK.replace("end = 2.0\npoints = 11", "end = 1e7\nstep = 1.0");
    let scratch = Scratch::new(&long.replace("observables = [", "observables = [\"photons(a)\"] # ["));
    let often = ["run", "study.toml", "-o", "x", "--checkpoint-interval", "0"];
    let begun = || scratch.path("x.checkpoint").exists();
    let answer = Answer(scratch.stopped_when(begun, &often, "-TERM"));
    answer.exits(1);
    assert!(answer.out().contains("interrupted: results up to t ="), "{}", answer.out());
    let manifest = manifest(&scratch.path("x"));
    assert_eq!(manifest["interrupted"], true);
    let (_, rows) = csv(&scratch.path("x/observables.csv"));
    assert_eq!(manifest["records"], rows.len());
}

#[test]
fn the_starter_runs() {
    let scratch = Scratch::new(QUICK);
    scratch.run(&["init", "first.toml"]).exits(0);
    scratch.run(&["init", "first.toml"]).exits(2).says("--force");
    scratch.run(&["init", "first.toml", "--force"]).exits(0);
    scratch.run(&["run", "first.toml", "--set", "time.end=1", "--set", "time.points=5"]).exits(0);
    scratch.run(&["init", "nowhere/first.toml"]).exits(1).says("cannot write");
}

#[test]
fn inspect_tells_the_size_before_anything_runs() {
    let scratch = Scratch::new(QUICK);
    let answer = scratch.run(&["inspect", "study.toml"]);
    for words in ["sectors", "symmetries", "unknowns", "memory", "matrix elements"] {
        assert!(answer.exits(0).out().contains(words), "{words}: {}", answer.out());
    }
    let json = scratch.run(&["inspect", "study.toml", "--json"]);
    let report: Value = serde_json::from_str(&json.exits(0).out()).expect("JSON");
    assert!(report["resources"]["unknowns"].as_u64().is_some_and(|u| u > 0));
}

#[test]
fn every_table_can_be_listed_in_words_and_as_json() {
    let scratch = Scratch::new(QUICK);
    let tables = [
        ("channels", "cavity-loss"),
        ("interactions", "tavis-cummings"),
        ("observables", "squeezing(ensemble)"),
        ("correlations", "dipole-intensity"),
        ("methods", "krylov"),
        ("states", "spin-coherent (ensemble)"),
        ("engines", "exact"),
        ("criteria", "aa(mode)"),
        ("keys", "[modes.NAME]"),
    ];
    for (table, entry) in tables {
        assert!(scratch.run(&["list", table]).exits(0).out().lines().any(|line| line == entry), "{table}");
        let json = scratch.run(&["list", table, "--json"]);
        let entries: Value = serde_json::from_str(&json.exits(0).out()).expect("JSON");
        assert!(entries.as_array().is_some_and(|all| all.iter().any(|e| e["name"] == entry)), "{table}");
    }
    scratch.run(&["list", "recipes"]).exits(2).says("channels");
}

#[test]
fn the_liouvillian_is_exported_for_scipy_and_matrix_market() {
    let scratch = Scratch::new(QUICK);
    scratch.run(&["export", "study.toml", "l.npz"]).exits(0);
    scratch.run(&["export", "study.toml", "l.npz"]).exits(2).says("--force");
    scratch.run(&["export", "study.toml", "l.mtx"]).exits(0);
    scratch.run(&["export", "study.toml", "l.txt"]).exits(2).says(".mtx");
    let file = scratch.path("l.npz");
    let archive = zip::ZipArchive::new(File::open(&file).expect("a file")).expect("an archive");
    let mut names: Vec<String> =
        archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    names.sort();
    let matrix = ["data", "format", "indices", "indptr", "shape"];
    let beside = ["bra", "expectations", "initial", "ket", "names", "sector", "twice_j"];
    let mut expected = [&matrix[..], &beside].concat();
    expected.sort_unstable();
    assert_eq!(names, expected.iter().map(|name| format!("{name}.npy")).collect::<Vec<_>>());
    let data: Vec<Complex64> = stored(&file, "data").into_vec().unwrap();
    let shape: Vec<i64> = stored(&file, "shape").into_vec().unwrap();
    let format: Vec<Vec<u8>> = stored(&file, "format").into_vec().unwrap();
    assert_eq!(format, [b"csr"]);
    let text = fs::read_to_string(scratch.path("l.mtx")).expect("a matrix");
    let mut lines = text.lines().filter(|line| !line.starts_with('%'));
    assert!(text.starts_with("%%MatrixMarket matrix coordinate complex general\n"));
    assert_eq!(lines.next(), Some(&*format!("{} {} {}", shape[0], shape[1], data.len())));
    let first: Vec<f64> =
        lines.next().expect("an element").split(' ').map(|x| x.parse().expect("a number")).collect();
    assert_eq!(Complex64::new(first[2], first[3]), data[0]);
    #[cfg(unix)]
    {
        // As readable as any other file that is made here.
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode();
        assert_eq!(mode(&file), mode(&scratch.path("study.toml")));
    }
    // The engine's option decides; an export has the unknowns that `inspect` tells of.
    for (name, symmetries) in [("with.npz", "true"), ("without.npz", "false")] {
        let set = format!("engine.symmetries={symmetries}");
        let told = scratch.run(&["export", "study.toml", name, "--set", &set]).exits(0).out();
        let rows = told.split_whitespace().nth(2).expect("a number of rows").to_owned();
        let inspected = scratch.run(&["inspect", "study.toml", "--set", &set]).exits(0).out();
        let line = inspected.lines().find(|l| l.contains("independent real unknowns")).expect("a line");
        assert_eq!(line.split_whitespace().last(), Some(&*rows), "{told}");
    }
}

#[test]
fn help_completions_and_manual_are_there() {
    let scratch = Scratch::new(QUICK);
    let help = scratch.run(&["--help"]);
    for words in ["run", "inspect", "list", "init", "export", "Exit codes: 0 done", "Examples:"] {
        assert!(help.exits(0).out().contains(words), "{words}: {}", help.out());
    }
    let run = scratch.run(&["run", "--help"]).exits(0).out();
    for words in ["--output", "--force", "--threads", "--set <KEY=VALUE>", "--quiet", "Examples:"] {
        assert!(run.contains(words), "{words}: {run}");
    }
    // Two commands share arguments, and each shows its own examples.
    for command in ["formulas", "fixed-points", "stability", "inspect", "export"] {
        let help = scratch.run(&[command, "--help"]).exits(0).out();
        let (_, examples) = help.split_once("Examples:").expect(command);
        let first = examples.lines().find(|l| !l.trim().is_empty()).expect(command);
        assert!(first.contains(&format!("superladder {command} ")), "{command}: {examples}");
    }
    assert!(scratch.run(&["completions", "bash"]).exits(0).out().contains("_superladder"));
    assert!(scratch.run(&["man"]).exits(0).out().contains(".TH superladder"));
    scratch.run(&["man", "--folder", "pages"]).exits(2).says("no such folder");
    fs::create_dir(scratch.path("pages")).expect("a folder");
    scratch.run(&["man", "--folder", "pages"]).exits(0);
    let page = |name: &str| fs::read_to_string(scratch.path("pages").join(name)).expect("a page");
    assert!(page("superladder.1").contains(".TH superladder"));
    assert!(page("superladder-run.1").contains("data/studies/first\\-run.toml"), "examples of a command");
}

#[test]
fn the_integrating_factor_is_refused_where_the_diagonal_is_not_apart() {
    let scratch = Scratch::new(QUICK);
    let sets = ["--set", "method={name='dop853', lawson=true}", "--set", "engine.generator='assembled'"];
    for command in ["run", "inspect"] {
        let output = scratch.run(&[&[command, "study.toml"], &sets[..]].concat());
        output.exits(2).says("lawson");
    }
}

#[test]
fn inspect_counts_the_vectors_of_every_method() {
    let scratch = Scratch::new(QUICK);
    for (method, vectors) in [("chebyshev", "31"), ("dop853", "15"), ("krylov", "33")] {
        let set = format!("method.name={method}");
        let output = scratch.run(&["inspect", "study.toml", "--json", "--set", &set]);
        output.exits(0);
        let report: Value = serde_json::from_slice(&output.0.stdout).expect("JSON");
        let lines = report["resources"]["report"].as_array().expect("lines");
        let held = lines.iter().find(|l| l[0] == "state vectors held by the method").expect("a line");
        assert_eq!(held[1], vectors, "{method}");
    }
}

/// Every command that writes a folder says the same things first and last.
#[test]
fn every_manifest_has_the_same_head() {
    const FIRST: [&str; 5] = ["program", "command", "version", "commit", "study"];
    const LAST: [&str; 5] = ["wall_seconds", "cpu_seconds", "threads", "peak_memory_bytes", "configuration"];
    let plan = "\n[breakdown]\nparameter = \"kappa\"\ncriteria = [\"aa\"]\naverage = \"none\"\n[[breakdown.engines]]\nengine = \"cumulant\"\nvalues = [0.1, 0.2, 0.4]\n";
    let light =
        "[[correlations]]\nname = \"light\"\noperators = { a = [\"annihilate(a)\"], b = [\"create(a)\"] }\n";
    let scratch = Scratch::new(&format!("{QUICK}{plan}{light}"));
    let axes = ["--x", "interactions.0.strength=0.1:0.3:2", "--y", "kappa=0.1:0.2:2"];
    let commands: [(&str, &[&str]); 9] = [
        ("run", &[]),
        ("sweep", &["--sweep", "kappa=0.1,0.2"]),
        ("compare", &["--engines", "cumulant,exact"]),
        ("converge", &["--vary", "cutoff"]),
        ("breakdown", &[]),
        ("steady", &["--modes", "1"]),
        ("spectrum", &["--assume-cutoffs"]),
        ("stability", &axes),
        ("phases", &[&axes[..], &["--burn", "50", "--window", "20"]].concat()),
    ];
    for (command, arguments) in commands {
        let folder = format!("of-{command}");
        let answer = scratch.run(&[&[command, "study.toml", "-o", &folder], arguments].concat());
        assert!(matches!(answer.0.status.code(), Some(0 | 3)), "{command}: {}", answer.err());
        let manifest = manifest(&scratch.path(&folder));
        let keys: Vec<&str> = manifest.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys[..5], FIRST, "{command}");
        assert_eq!(keys[keys.len() - 5..], LAST, "{command}");
        assert_eq!(manifest["command"], command);
        assert!(manifest["configuration"]["modes"]["a"].is_object(), "{command}: {manifest}");
    }
}
