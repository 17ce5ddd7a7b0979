//! The command `spectrum` from outside: lines, widths, correlations, verdicts, refusals.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;
use serde_json::Value;

/// An output time, which every study has.
const TIME: &str = "[time]\nend = 1.0\npoints = 2\n";

/// A study of the folder `data/studies`.
fn ready(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/studies").join(name);
    fs::read_to_string(path).expect("a ready study")
}

fn mode(interactions: &str, loss: &str, cutoff: usize) -> String {
    format!(
        "[modes.a]\nfrequency = 0.5\ncutoff = {cutoff}\n{interactions}[[channels]]\n{loss}\nmode = \"a\"\nrate = 0.8\n\
         [[correlations]]\nname = \"light\"\nkind = \"amplitude\"\nmode = \"a\"\n\
         [[correlations]]\nname = \"photons\"\nkind = \"intensity\"\nmode = \"a\"\n{TIME}"
    )
}

const DRIVE: &str = "[[interactions]]\nkind = \"drive\"\nmode = \"a\"\namplitude = 0.7\n";
const THERMAL: &str = "kind = \"thermal-bath\"\noccupation = 0.3";

/// A collectively emitting ensemble that is pumped spin by spin.
fn superradiant(n: usize, pump: f64) -> String {
    format!(
        "[ensembles.S]\nsize = {n}\nfrequency = 0.0\n[[channels]]\nkind = \"collective-emission\"\nensemble = \"S\"\nrate = 1.0\n\
         [[channels]]\nkind = \"pumping\"\nensemble = \"S\"\nrate = {pump}\n\
         [[correlations]]\nname = \"light\"\nkind = \"dipole\"\nensemble = \"S\"\n{TIME}"
    )
}

/// A table with a heading.
struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(scratch: &Scratch, file: &str) -> Self {
        let mut reader = csv::Reader::from_path(scratch.path(file)).expect("a table");
        let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let heading = words(reader.headers().expect("a heading"));
        Self { heading, rows: reader.records().map(|r| words(&r.expect("a row"))).collect() }
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let place = self.heading.iter().position(|h| h == name).expect(name);
        self.rows.iter().map(|row| row[place].parse().expect("a number")).collect()
    }
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} for {expected}");
}

/// Entries of `data/reference/steady_and_more.json` of one kind.
fn entries(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference/steady_and_more.json");
    let all: Value = serde_json::from_str(&fs::read_to_string(path).expect("numbers")).expect("JSON");
    let all = all["entries"].as_array().expect("a list").clone();
    all.into_iter().filter(|entry| entry["kind"] == kind).collect()
}

/// alpha = -i F / (kappa/2 + i Delta); the fluctuations are those of a thermal cavity, a Lorentzian of width kappa at
/// Delta.
#[test]
fn a_driven_thermal_cavity_has_its_closed_form() {
    let scratch = Scratch::new(&mode(DRIVE, THERMAL, 26));
    let said = scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    assert!(said.contains("converged: every bound is kept"), "{said}");
    let (drive, detuning, kappa, thermal) = (0.7_f64, 0.5_f64, 0.8_f64, 0.3_f64);
    let coherent = drive * drive / (0.25 * kappa * kappa + detuning * detuning);
    let lines = Table::read(&scratch, "o/lines.csv");
    assert_eq!(lines.rows.len(), 1);
    for (name, expected, tolerance) in [
        ("centre", detuning, 1e-5),
        ("fwhm", kappa, 1e-5),
        ("slowest", kappa, 1e-5),
        ("coherent", coherent, 1e-6),
        ("incoherent", thermal, 1e-6),
        ("height", 4.0 * thermal / kappa, 1e-5),
        ("area", thermal, 1e-5),
    ] {
        close(lines.column(name)[0], expected, tolerance);
    }
    for (error, name) in [("centre_error", "centre"), ("fwhm_error", "fwhm")] {
        let expected = if name == "centre" { detuning } else { kappa };
        assert!((lines.column(name)[0] - expected).abs() < lines.column(error)[0] + 1e-9, "{name}");
    }
    let spectrum = Table::read(&scratch, "o/light-spectrum.csv");
    let columns = spectrum.column("omega").into_iter().zip(spectrum.column("S"));
    for ((omega, found), error) in columns.zip(spectrum.column("error")) {
        let x = 2.0 * (omega - detuning) / kappa;
        let expected = 4.0 * thermal / kappa / (1.0 + x * x);
        assert!((found - expected).abs() < 1e-6 + error && error < 1e-5, "S({omega}): {found} {expected}");
    }
    // g2 = 1 + (2 Re(c) + |c|^2) / n^2 of a displaced thermal state, c being coherent or thermal.
    let photons = Table::read(&scratch, "o/photons-correlation.csv");
    let n = coherent + thermal;
    for (delay, found) in photons.column("delay").into_iter().zip(photons.column("g_re")) {
        let decay = (-0.5 * kappa * delay).exp();
        let mixed = 2.0 * coherent * thermal * decay * (detuning * delay).cos();
        close(found, 1.0 + (mixed + (thermal * decay).powi(2)) / (n * n), 1e-5);
    }
    for file in ["spectrum.svg", "spectrum.png", "report.txt", "study.toml"] {
        assert!(scratch.path("o").join(file).is_file(), "{file}");
    }
    let manifest = fs::read_to_string(scratch.path("o/manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!((&manifest["command"], &manifest["converged"]), (&"spectrum".into(), &true.into()));
    assert_eq!(manifest["correlations"][1]["spectrum"], Value::Null);
    let configured = &manifest["configuration"]["correlations"];
    assert_eq!(configured[0]["kind"], "amplitude");
    assert_eq!(configured.as_array().map(Vec::len), Some(2));
}

#[test]
fn coherent_light_is_a_line_without_width() {
    let scratch = Scratch::new(&mode(DRIVE, "kind = \"cavity-loss\"", 24));
    let said = scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    assert!(said.contains("the light is coherent"), "{said}");
    assert!(!scratch.path("o/light-spectrum.csv").exists());
    let series = Table::read(&scratch, "o/photons-correlation.csv");
    series.column("g_re").into_iter().for_each(|g| close(g, 1.0, 1e-8));
}

#[test]
fn resonance_fluorescence_has_the_three_lines_of_independent_code() {
    for entry in entries("D-mollow") {
        let values = &entry["values"];
        let number = |value: &Value| value.as_f64().expect("a number");
        let (rabi, gamma) = (number(&values["Omega"]), number(&values["gamma"]));
        let scratch = Scratch::new(&ready("mollow.toml"));
        let sets = [format!("rabi={rabi}"), format!("gamma={gamma}")];
        let said =
            scratch.exits(0, &["spectrum", "study.toml", "-o", "o", "--set", &sets[0], "--set", &sets[1]]);
        assert!(said.contains("eigenpairs") && said.contains("Krylov subspace"), "{said}");
        let lines = Table::read(&scratch, "o/lines.csv");
        let side = &values["side"];
        let (position, width) = (number(&side["position"]), number(&side["FWHM"]));
        let centres = [-position, 0.0, position];
        lines.column("centre").iter().zip(centres).for_each(|(found, at)| close(*found, at, 1e-6));
        let widths = [width, number(&values["center_FWHM"]), width];
        lines.column("fwhm").iter().zip(widths).for_each(|(found, width)| close(*found, width, 1e-8));
        let (high, low) = (number(&values["center_height"]), number(&side["height"]));
        lines.column("height").iter().zip([low, high, low]).for_each(|(found, h)| close(*found, h, 1e-9));
        close(lines.column("incoherent")[1], number(&values["incoherent_total"]), 1e-10);
        close(lines.column("coherent")[1], number(&values["coherent_part"]), 1e-10);
        close(lines.column("on_grid")[1], 1.0, 0.02);
    }
}

/// For a strong drive the lines have the weights 1/2, 1/4, 1/4 and the widths gamma, 3/2 gamma, 3/2 gamma.
#[test]
fn the_lines_of_a_strong_drive_are_the_secular_ones() {
    let scratch = Scratch::new(&ready("mollow.toml"));
    scratch.exits(0, &["spectrum", "study.toml", "-o", "o", "--set", "rabi=200"]);
    let lines = Table::read(&scratch, "o/lines.csv");
    assert_eq!(lines.rows.len(), 3);
    for (k, (centre, width, weight)) in
        [(-200.0, 1.5, 0.25), (0.0, 1.0, 0.5), (200.0, 1.5, 0.25)].into_iter().enumerate()
    {
        close(lines.column("centre")[k], centre, 0.01);
        close(lines.column("fwhm")[k], width, 1e-3);
        close(lines.column("area")[k] / lines.column("incoherent")[k], weight, 1e-3);
    }
}

#[test]
fn a_weakly_thermal_jaynes_cummings_cavity_shows_the_vacuum_rabi_doublet() {
    let scratch = Scratch::new(&format!(
        "[modes.a]\nfrequency = 0.0\ncutoff = 4\n[ensembles.S]\nsize = 1\nfrequency = 0.0\n\
         [[interactions]]\nkind = \"tavis-cummings\"\nmode = \"a\"\nensemble = \"S\"\nstrength = 1.0\n\
         [[channels]]\nkind = \"thermal-bath\"\nmode = \"a\"\nrate = 0.1\noccupation = 1e-3\n\
         [[channels]]\nkind = \"emission\"\nensemble = \"S\"\nrate = 0.05\n\
         [[correlations]]\nname = \"light\"\nkind = \"amplitude\"\nmode = \"a\"\n{TIME}"
    ));
    scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    let lines = Table::read(&scratch, "o/lines.csv");
    assert_eq!(lines.rows.len(), 2);
    for (k, at) in [-1.0, 1.0].into_iter().enumerate() {
        close(lines.column("centre")[k], at, 2e-3);
        close(lines.column("fwhm")[k], 0.075, 1e-3);
        close(lines.column("slowest")[k], 0.075, 1e-3);
    }
}

/// `superradiant_linewidth` of data/reference/steady.json: the slowest mode, and 4 <S^+ S^->/S(0), the width of a
/// Lorentzian of the same area.
#[test]
fn the_superradiant_laser_has_the_linewidth_of_independent_code() {
    for (n, pump, slowest, area, digits) in [
        (4, 1.0, 2.300_939_064_5, 2.286_689_373_4, 1e-9),
        (4, 3.0, 3.289_272_793_2, 3.287_127_047_8, 1e-9),
        (10, 5.0, 3.280_813, 3.368_235, 1e-6),
    ] {
        let scratch = Scratch::new(&superradiant(n, pump));
        scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
        let lines = Table::read(&scratch, "o/lines.csv");
        close(lines.column("slowest")[0], slowest, digits);
        let height = lines.column("height")[0];
        close(4.0 * lines.column("incoherent")[0] / height, area, digits);
        let width = lines.column("fwhm")[0];
        assert!((0.9 * slowest..1.1 * slowest).contains(&width), "{width}");
    }
}

/// S^x of a spin sees two charges: its spectrum has a line at either sign of the frequency.
#[test]
fn own_operators_are_read_and_may_see_several_charges() {
    let own = "name = \"x\"\noperators = { a = [\"sx(S)\"], b = [\"sx(S)\"] }\nconnected = true\n";
    let text = superradiant(1, 0.5).replace("frequency = 0.0", "frequency = 5.0");
    let text = text.replace("name = \"light\"\nkind = \"dipole\"\nensemble = \"S\"\n", own);
    let scratch = Scratch::new(&text);
    scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    // The spin is damped at (1 + 0.5)/2; populations 1/3 and 2/3.
    let series = Table::read(&scratch, "o/x-correlation.csv");
    let parts = series.column("re").into_iter().zip(series.column("im"));
    for (delay, (re, im)) in series.column("delay").into_iter().zip(parts) {
        let (decay, phase) = (0.25 * (-0.75 * delay).exp(), 5.0 * delay);
        close(re, decay * phase.cos(), 1e-9);
        close(im, decay * phase.sin() / -3.0, 1e-9);
    }
    let lines = Table::read(&scratch, "o/lines.csv");
    assert_eq!(lines.rows.len(), 2);
    close(lines.column("centre")[0], -5.0, 0.02);
    close(lines.column("fwhm")[1], 1.5, 0.02);
}

/// What is said with exit code 2, with nothing written.
fn refused(scratch: &Scratch, sets: &[&str]) -> String {
    let mut arguments = vec!["spectrum", "study.toml", "-o", "r"];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    let said = scratch.exits(2, &arguments);
    assert!(!scratch.path("r").exists());
    said
}

#[test]
fn what_has_no_spectrum_is_refused_by_name() {
    let scratch = Scratch::new(&mode("", THERMAL, 8));
    let said = refused(&scratch, &["engine.kind=mean-field"]);
    assert!(said.contains("'mean-field' has no correlations of two times"), "{said}");
    let said = refused(&scratch, &["engine.kind=cumulant"]);
    assert!(said.contains("correlation 'photons'") && said.contains("raise `order` to 4"), "{said}");
    assert!(said.contains("study.toml"), "{said}");
    let said = refused(&scratch, &["correlations.0.frequencies=[-900.0, 0.5, 900.0]"]);
    assert!(said.contains("correlation 'light'") && said.contains("does not resolve"), "{said}");
    assert!(said.contains("study.toml") && said.contains("refused by the engine"), "{said}");
    let said = refused(&scratch, &["correlations.0.frequencies=[3.0, 4.0, 5.0]"]);
    assert!(said.contains("end of its grid"), "{said}");
    let said =
        refused(&scratch, &["correlations.0={name='z', operators={a=['create(a)'], b=['create(a)']}}"]);
    assert!(said.contains("vanishes at all delays"), "{said}");
    let said = scratch.exits(2, &["spectrum", "study.toml", "-o", "r", "--tolerance", "0"]);
    assert!(said.contains("--tolerance"), "{said}");

    let text = mode("", THERMAL, 8);
    let no_channels = text
        .replace("[[channels]]\nkind = \"thermal-bath\"\noccupation = 0.3\nmode = \"a\"\nrate = 0.8\n", "");
    let said = refused(&Scratch::new(&no_channels), &[]);
    assert!(said.contains("without channels"), "{said}");
    let (before, _) = text.split_once("[[correlations]]").expect("there");
    let said = refused(&Scratch::new(&format!("{before}{TIME}")), &[]);
    assert!(said.contains("no [[correlations]]") && said.contains("mode = \"a\""), "{said}");
}

#[test]
fn several_stationary_states_have_no_spectrum() {
    let text = superradiant(2, 0.5).replace("kind = \"pumping\"", "kind = \"collective-pumping\"");
    let text = text.replace(
        "frequency = 0.0",
        "frequency = 0.0\ninitial = { state = \"product\", bloch = [0.0, 0.0, 0.1] }",
    );
    let scratch = Scratch::new(&text);
    let said = refused(&scratch, &[]);
    assert!(said.contains("2 stationary states"), "{said}");
    // A spin that nothing damps beside a cavity that is damped.
    let text = mode("[ensembles.S]\nsize = 1\nfrequency = 0.7\n", THERMAL, 8)
        .replace("kind = \"amplitude\"\nmode = \"a\"", "kind = \"dipole\"\nensemble = \"S\"");
    let said = refused(&Scratch::new(&text), &[]);
    assert!(said.contains("stationary states"), "{said}");
}

#[test]
fn cutoffs_that_change_the_line_are_not_converged() {
    let gain = "[[channels]]\nkind = \"cavity-gain\"\nmode = \"a\"\nrate = 0.9\n[[channels]]\nkind = \"cavity-loss\"";
    let text = mode("", THERMAL, 9).replace("[[channels]]\nkind = \"thermal-bath\"\noccupation = 0.3", gain);
    let scratch = Scratch::new(&text);
    let said = scratch.exits(3, &["spectrum", "study.toml", "-o", "o"]);
    assert!(said.contains("NOT CONVERGED: top_population"), "{said}");
    // The state holds at this cutoff, the line does not to three digits.
    let scratch = Scratch::new(&mode("", THERMAL, 4));
    let sets = ["--set", "bounds.top_population=1"];
    let said = scratch.exits(3, &[&["spectrum", "study.toml", "-o", "o"][..], &sets].concat());
    assert!(said.contains("changes by") && said.contains("with the cutoffs"), "{said}");
    let said =
        scratch.exits(0, &[&["spectrum", "study.toml", "-o", "p", "--assume-cutoffs"][..], &sets].concat());
    assert!(said.contains("Errors do not hold what the cutoffs of the modes do."), "{said}");
}

/// The reference model takes seconds; a signal ends it, and nothing is left.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_search() {
    let coupled = "[ensembles.S]\nsize = 2\nfrequency = 1.0\n[[interactions]]\nkind = \"dicke\"\nmode = \"a\"\n\
                   ensemble = \"S\"\nstrength = 0.2\n[[channels]]\nkind = \"emission\"\nensemble = \"S\"\nrate = 0.1\n";
    let scratch = Scratch::new(&mode(coupled, THERMAL, 40));
    let entries = || fs::read_dir(scratch.path("")).expect("a folder").count();
    let output = scratch.stopped_when(|| entries() > 1, &["spectrum", "study.toml", "-o", "o"], "-TERM");
    let said = common::words(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    let manifest = fs::read_to_string(scratch.path("o/manifest.json")).expect("a manifest");
    assert!(manifest.contains("\"interrupted\": true"), "{manifest}");
}

#[test]
fn the_last_stage_is_the_one_that_counts() {
    let text = mode("", THERMAL, 14).replace("frequency = 0.5", "frequency = \"w\"");
    let text = text.replace("points = 2\n", "points = 2\n[[quenches]]\ntime = 0.5\nset = { w = 2.0 }\n");
    let scratch = Scratch::new(&format!("[parameters]\nw = 0.5\n{text}"));
    let said = scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    assert!(said.contains("that of the last stage, from t = 0.5 on"), "{said}");
    close(Table::read(&scratch, "o/lines.csv").column("centre")[0], 2.0, 1e-4);
}

/// From a time on: the state after the quenches up to then, without a spectrum.
#[test]
fn correlations_begin_at_a_time() {
    let text = "[parameters]\nkappa = 0.4\n[modes.a]\nfrequency = 0.5\ncutoff = 6\ninitial = { state = \"fock\", n = 2 }\n\
                [[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = \"kappa\"\n[[quenches]]\ntime = 1.0\nset = { kappa = 0.8 }\n\
                [[correlations]]\nname = \"light\"\nkind = \"amplitude\"\nmode = \"a\"\nstart = \"1.0 + kappa\"\n\
                delays = { to = 2.0, points = 5 }\n\
                [[correlations]]\nname = \"photons\"\nkind = \"intensity\"\nmode = \"a\"\nstart = 1.5\ndelays = { to = 2.0, points = 5 }\n\
                [time]\nend = 3.0\npoints = 2\n";
    let scratch = Scratch::new(text);
    let said = scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    assert!(
        said.contains("from t = 1.4 on") && said.contains("no spectrum: that is one of a stationary"),
        "{said}"
    );
    let light = Table::read(&scratch, "o/light-correlation.csv");
    let photons = 2.0 * (-0.4_f64 - 0.8 * 0.4).exp();
    for (k, delay) in light.column("delay").into_iter().enumerate() {
        let size = photons * (-0.4 * delay).exp();
        close(light.column("re")[k], size * (0.5 * delay).cos(), 1e-7);
        // Of one mode at zero temperature: |g1| = 1 from every state.
        close(light.column("g_re")[k], (0.5 * delay).cos(), 1e-7);
        close(light.column("g_im")[k], (0.5 * delay).sin(), 1e-7);
    }
    let g2 = Table::read(&scratch, "o/photons-correlation.csv").column("g_re");
    assert!(g2.iter().all(|g| (g - 0.5).abs() < 1e-7), "{g2:?}");
    assert!(!scratch.path("o/light-spectrum.csv").exists());
    let refused = |set: &str, words: &str| {
        let said = scratch.exits(2, &["spectrum", "study.toml", "-o", "x", "--set", set]);
        assert!(said.contains(words), "{set}: {said}");
    };
    refused("correlations.0.start=0.5", "a quench changes the model at the delay 0.5");
    refused("correlations.0.start=3.5", "or a time from 0 to 3");
    refused("correlations.0.start=\"later\"", "or a time from 0 to 3");
    refused("correlations.0.frequencies=[0.0,0.5,1.0]", "when the state still moves");
    refused("engine.kind=\"cumulant\"", "around stationary moments only");
    refused("modes.a.cutoff=\"auto\"", "cutoffs that are numbers");
    refused("time=\"steady\"", "the study has no times");
}

/// Gaussian light, from moments and from the density matrix.
#[test]
fn moments_tell_what_a_density_matrix_tells() {
    let scratch = Scratch::new(&mode(DRIVE, THERMAL, 26));
    scratch.exits(0, &["spectrum", "study.toml", "-o", "exact"]);
    let sets = ["--set", "engine.kind=cumulant", "--set", "engine.order=4"];
    let said = scratch.exits(0, &[&["spectrum", "study.toml", "-o", "moments"], &sets[..]].concat());
    assert!(said.contains("converged: every bound is kept") && !said.contains("cutoffs"), "{said}");
    assert!(said.contains("found by eigenpairs; differs from linear systems"), "{said}");
    for name in ["light", "photons"] {
        let [exact, moments] = ["exact", "moments"]
            .map(|folder| Table::read(&scratch, &format!("{folder}/{name}-correlation.csv")));
        let last = exact.column("delay").len() - 1;
        for column in ["re", "g_re"] {
            close(moments.column(column)[0], exact.column(column)[0], 1e-6);
        }
        close(*moments.column("g_re").last().expect("rows"), exact.column("g_re")[last], 1e-3);
    }
    let [exact, moments] = ["exact", "moments"].map(|f| Table::read(&scratch, &format!("{f}/lines.csv")));
    for column in ["centre", "fwhm", "area", "slowest", "coherent", "incoherent"] {
        close(moments.column(column)[0], exact.column(column)[0], 1e-6);
    }
}

/// `cumulant_laser` of data/reference/steady.json: 2e5 atoms.
#[test]
fn the_line_of_a_superradiant_laser_comes_from_moments() {
    let text = format!(
        "[parameters]\nN = 2e5\n[modes.a]\nfrequency = -2500.0\ncutoff = 5\n\
         [ensembles.S]\nsize = \"N\"\nfrequency = 0.0\n\
         [[interactions]]\nkind = \"tavis-cummings\"\nmode = \"a\"\nensemble = \"S\"\nstrength = \"1000*sqrt(N)\"\n\
         [[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = 5e6\n\
         [[channels]]\nkind = \"emission\"\nensemble = \"S\"\nrate = 1.0\n\
         [[channels]]\nkind = \"pumping\"\nensemble = \"S\"\nrate = 1000.0\n\
         [[channels]]\nkind = \"dephasing\"\nensemble = \"S\"\nrate = 1000.0\n\
         [engine]\nkind = \"cumulant\"\n\
         [[correlations]]\nname = \"light\"\nkind = \"amplitude\"\nmode = \"a\"\n{TIME}\
         [output]\nobservables = [\"photons(a)\"]\n"
    );
    let scratch = Scratch::new(&text);
    scratch.exits(0, &["spectrum", "study.toml", "-o", "o"]);
    let lines = Table::read(&scratch, "o/lines.csv");
    close(lines.column("fwhm")[0], 1.631_694, 1e-6);
    close(lines.column("slowest")[0], 1.631_694, 1e-6);
    close(lines.column("centre")[0], -0.999_285, 1e-6);
    let said = scratch.exits(0, &["steady", "study.toml", "-o", "s"]);
    assert!(said.contains("19.7298288"), "{said}");
}

/// Light that single spins send to the side, with that of all together: both engines, and what is refused.
#[test]
fn light_to_the_side_needs_a_tagged_spin() {
    let text = superradiant(4, 2.0);
    let side = "[[correlations]]\nname = \"side\"\nkind = \"side-light\"\nensemble = \"S\"\n";
    let scratch = Scratch::new(&text.replace(TIME, &format!("{side}{TIME}")));
    let of = |engine: &[&str], folder: &str| -> Vec<f64> {
        scratch.exits(0, &[&["spectrum", "study.toml", "-o", folder], engine].concat());
        let lines = Table::read(&scratch, &format!("{folder}/lines.csv"));
        assert_eq!(lines.rows.len(), 2);
        [lines.column("incoherent"), lines.column("fwhm")].concat()
    };
    let exact = of(&[], "exact");
    // <S^+ S^-> and N/2 + <S^z>: `superradiant_bad_cavity` of data/reference/steady.json, N = 4, w = 2.
    close(exact[0], 47.0 / 15.0, 1e-8);
    close(exact[1], 2.0 + 13.0 / 30.0, 1e-8);
    // Four spins at order 6 are exact, two of them told apart or not.
    let moments = of(&["--set", "engine.kind=cumulant", "--set", "engine.order=6"], "moments");
    for (a, b) in exact.iter().zip(&moments) {
        close(*a, *b, 1e-6);
    }
    let dicke = "frequency = 0.0\ninitial = { state = \"dicke\", j = 2.0, m = 0.0 }";
    let scratch = Scratch::new(
        &text.replace("kind = \"dipole\"", "kind = \"side-light\"").replace("frequency = 0.0", dicke),
    );
    let said = refused(&scratch, &[]);
    assert!(said.contains("correlation 'light'") && said.contains("product state"), "{said}");
}

/// g1 and g2 of trajectories, within their errors of those of the density matrix, and no spectrum.
#[test]
fn trajectories_tell_correlations_alone() {
    let text = mode(DRIVE, THERMAL, 20)
        .replace("kind = \"amplitude\"", "delays = [0.0, 0.5, 2.0]\nkind = \"amplitude\"")
        .replace("kind = \"intensity\"", "delays = [0.0, 0.5, 2.0]\nkind = \"intensity\"");
    let scratch = Scratch::new(&text);
    scratch.exits(0, &["spectrum", "study.toml", "-o", "exact", "--assume-cutoffs"]);
    let sets = ["--set", "engine.kind=trajectories", "--set", "engine.trajectories=300"];
    let said = scratch.exits(0, &[&["spectrum", "study.toml", "-o", "sampled"], &sets[..]].concat());
    assert!(said.contains("no spectrum: the engine gives correlations alone"), "{said}");
    assert!(said.contains("Errors do not hold what the cutoffs of the modes do"), "{said}");
    for name in ["light", "photons"] {
        let [exact, sampled] = ["exact", "sampled"]
            .map(|folder| Table::read(&scratch, &format!("{folder}/{name}-correlation.csv")));
        let (errors, other) = (sampled.column("error"), exact.column("re"));
        for (k, value) in sampled.column("re").into_iter().enumerate() {
            assert!(errors[k] > 0.0 && errors[k] < 0.2 * other[0], "{errors:?}");
            close(value, other[k], 4.5 * errors[k]);
        }
    }
    assert!(Table::read(&scratch, "sampled/lines.csv").rows.is_empty());
    assert!(!scratch.path("sampled/light-spectrum.csv").exists());
    let scratch = Scratch::new(&mode(DRIVE, THERMAL, 20));
    let said = refused(&scratch, &["engine.kind=trajectories", "engine.trajectories=64"]);
    assert!(said.contains("correlation 'light'") && said.contains("give `delays`"), "{said}");
}
