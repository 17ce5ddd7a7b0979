//! Studies that were changed by chance, with fixed seeds: whatever they say, the program answers with a result
//! or with words, in time, and leaves nothing half-written.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use common::words;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Cases in all.
const CASES: usize = 200;
/// Seconds of the processor that a case may take; the system ends what takes more.
const SECONDS: u32 = 20;
/// KiB of address space that a case may take.
const MEMORY: u32 = 4 << 20;

const VALUES: &[&str] = &[
    "0",
    "-0.0",
    "1",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e300",
    "1e308",
    "nan",
    "inf",
    "-inf",
    "3",
    "1000",
    "1000000",
    "1000000000",
    "9223372036854775807",
    "1e12",
    "1e-16",
    "true",
    "[]",
    "{}",
    "[1, 2]",
    "\"\"",
    "\"nan\"",
    "\"1/0\"",
    "\"0/0\"",
    "\"ln(0)\"",
    "\"exp(1e4)\"",
    "\"N\"",
    "\"-N\"",
    "\"N*1e9\"",
    "\"2^3^4^5\"",
    "\"max(0/0,1)\"",
    "\"N+\"",
    "\"()\"",
    "\"\\u001b[31m\"",
    "\"\\u202e\"",
    "\"\u{1F600}\"",
    "\"../../x\"",
    "\"<b>\"",
    "\"auto\"",
    "{ start = 2, max = 1e9 }",
    "{ state = \"coherent\", amplitude = 1e3 }",
    "{ state = \"fock\", n = 9 }",
];
const TABLES: &[&str] = &[
    "[time]\nend = 1.0\npoints = 100000000\n",
    "[time]\nend = 1e300\npoints = 3\n",
    "[time]\ntimes = [0.0, 1e-300, 1e300]\n",
    "[engine]\nkind = \"cumulant\"\norder = 6\n",
    "[engine]\nkind = \"cumulant\"\nclosure = \"linear-noise\"\n",
    "[engine]\nkind = \"mean-field\"\n",
    "[engine]\nkind = \"trajectories\"\ntrajectories = 3\n",
    "[engine]\nkind = \"exact\"\ngenerator = \"assembled\"\n",
    "[engine]\nkind = \"exact\"\nmemory_limit = 0\n",
    "[method]\nname = \"krylov\"\ntolerance = 1e-300\n",
    "[method]\nname = \"chebyshev\"\ndegree = 4\n",
    "[method]\nname = \"tsit5\"\nfixed_step = 1e-300\n",
    "[method]\nname = \"dop853\"\nmax_steps = 1\n",
    "[initial]\nstate = \"mean-field\"\ntime = 1e300\n",
    "[initial]\nstate = \"mean-field\"\ntime = -1\n",
    "[modes.b]\nfrequency = 1\ncutoff = \"auto\"\n",
    "[modes.\"\\u202e<b>\"]\nfrequency = 1\ncutoff = 2\n",
    "[ensembles.Z]\nsize = 1000000000\nfrequency = 0\n",
    "[ensembles.Z]\nsize = 10000000000\nfrequency = 0\n",
    "[[quenches]]\ntime = 0.25\nset = { lambda = 1e300 }\n",
    "[[interactions]]\nkind = \"kerr\"\nmode = \"a\"\nstrength = 1e300\n",
    "[[channels]]\nkind = \"cavity-gain\"\nmode = \"a\"\nrate = 1e6\n",
    "[[interactions]]\nkind = \"product\"\noperators = [\"raise(S)\", \"lower(S)\", \"raise(S)\", \"lower(S)\", \"raise(S)\", \"lower(S)\", \"raise(S)\", \"lower(S)\", \"raise(S)\", \"lower(S)\", \"raise(S)\", \"lower(S)\"]\n",
    "[output]\nobservables = [\"all\"]\n",
    "[bounds]\ntop_population = nan\n",
    "[unknown]\nx = 1\n",
];
const COMMANDS: &[&[&str]] = &[
    &["inspect", "s.toml"],
    &["inspect", "s.toml", "--json"],
    &["run", "s.toml", "-o", "o", "-t", "1"],
    &["run", "s.toml", "-o", "o", "-t", "1"],
    &["run", "s.toml", "-o", "o", "-t", "1"],
    &["compare", "s.toml", "-o", "o"],
    &["sweep", "s.toml", "-o", "o", "-t", "1", "--sweep", "N=1,2"],
    &["equations", "s.toml"],
    &["fixed-points", "s.toml"],
    &["export", "s.toml", "e.npz"],
];

/// The ready studies, small enough to run in no time.
fn studies() -> Vec<String> {
    let small = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        match key {
            "N" | "size" => format!("{key} = 2"),
            "cutoff" => "cutoff = 4".into(),
            "end" => "end = 0.5".into(),
            "points" => "points = 3".into(),
            "step" => "step = 0.25".into(),
            "time" if !line.contains('{') => "time = 0.25".into(),
            "trajectories" => "trajectories = 4".into(),
            "values" => "values = [2, 3]".into(),
            _ => line.to_owned(),
        }
    };
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies")).expect("ready studies");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a study");
    paths.iter().map(|path| text(path).lines().map(small).collect::<Vec<_>>().join("\n")).collect()
}

fn pick<'a, T>(random: &mut ChaCha8Rng, list: &'a [T]) -> &'a T {
    &list[random.random_range(0..list.len())]
}

/// One change.
fn changed(random: &mut ChaCha8Rng, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.random_range(0..lines.len());
    match random.random_range(0..10) {
        0..=4 => {
            let entries: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].contains(" = ")).collect();
            if entries.is_empty() {
                return text.to_owned();
            }
            let at = *pick(random, &entries);
            let key = lines[at].split('=').next().unwrap_or_default().to_owned();
            lines[at] = format!("{key}= {}", pick(random, VALUES));
        }
        5 | 6 => {
            let table = *pick(random, TABLES);
            let head = table.lines().next().unwrap_or_default();
            // A table of the same name makes room.
            if let (false, Some(start)) =
                (head.starts_with("[["), lines.iter().position(|l| l.as_str() == head))
            {
                let next = lines[start + 1..].iter().position(|l| l.starts_with('['));
                lines.drain(start..next.map_or(lines.len(), |n| start + 1 + n));
            }
            lines.push(table.to_owned());
        }
        7 => drop(lines.remove(at)),
        8 => lines.insert(at, lines[at].clone()),
        _ => {
            let mut characters: Vec<char> = lines[at].chars().collect();
            if !characters.is_empty() {
                let place = random.random_range(0..characters.len());
                characters[place] =
                    *pick(random, &['\u{0}', '\u{1b}', '"', '[', '#', '=', 'é', '9', '-', '\u{2028}']);
            }
            lines[at] = characters.into_iter().collect();
        }
    }
    lines.join("\n")
}

/// What is wrong with the way in which the program has ended.
fn fault(output: &Output, left: &[String]) -> Option<String> {
    let said = words(output);
    if said.contains("panicked") {
        return Some("a panic".into());
    }
    match (output.status.code(), output.status.signal()) {
        (Some(0 | 3), _) => {}
        (Some(1 | 2), _) if said.contains("error:") => {}
        (Some(code), _) => return Some(format!("exit code {code} without a word")),
        (None, signal) => return Some(format!("signal {signal:?}; 24 is that of the limit of {SECONDS} s")),
    }
    if said.contains('\u{1b}') || said.contains('\u{202e}') {
        return Some("control characters reach the terminal".into());
    }
    let stray = left.iter().find(|name| !["s.toml", "o", "e.npz", "o.partial"].contains(&name.as_str()));
    stray.map(|name| format!("'{name}' stays behind"))
}

#[test]
#[ignore = "long: 200 cases"]
fn no_study_makes_the_program_panic_abort_or_hang() {
    let (bases, mut random) = (studies(), ChaCha8Rng::seed_from_u64(14));
    let mut faults = Vec::new();
    for case in 0..CASES {
        let mut text = pick(&mut random, &bases).clone();
        for _ in 0..*pick(&mut random, &[1, 1, 1, 2, 3]) {
            text = changed(&mut random, &text);
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("s.toml"), &text).expect("a study");
        let arguments = *pick(&mut random, COMMANDS);
        let script = format!("ulimit -t {SECONDS}; ulimit -v {MEMORY}; ulimit -c 0; exec \"$0\" \"$@\"");
        let program = env!("CARGO_BIN_EXE_superladder");
        let mut command = Command::new("sh");
        command.args(["-c", &script, program]).args(arguments).current_dir(folder.path());
        let output = command.output().expect("runs");
        let entries = fs::read_dir(folder.path()).expect("the folder");
        let left: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        if let Some(fault) = fault(&output, &left) {
            let said: String = words(&output).chars().take(400).collect();
            faults.push(format!("case {case}, {arguments:?}: {fault}\n{said}\n--- study\n{text}\n"));
        }
    }
    assert!(faults.is_empty(), "{} of {CASES} cases:\n{}", faults.len(), faults.join("\n"));
}
