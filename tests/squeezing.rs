//! `squeezing --steady`: squeezing where a state ends, against closed forms, and what is said of it.

mod common;

use std::fs;

use common::Scratch;

/// The value of a row of `minima.csv`.
fn value(table: &str, row: &str) -> f64 {
    let line =
        table.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("no row {row}: {table}"));
    line[row.len()..].split(',').next().and_then(|cell| cell.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

/// Driven superradiance, entries G: the closed form of Puri and Lawande.
#[test]
fn driven_superradiance_is_squeezed_at_rest() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/driven-superradiance.toml");
    let study = fs::read_to_string(path).expect("a study");
    // The command asks for the stationary state itself; what the study reads off in time does not matter.
    let study = study.replace("time = \"steady\"", "time = { end = 1.0, points = 11 }");
    let scratch = Scratch::new(&study.replace("[output]", "[output]\nreductions = ['minimum spin(S).z']"));
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference/steady_and_more.json"));
    let all: serde_json::Value = serde_json::from_str(&text.expect("readable")).expect("JSON");
    let entry = |id: &str| {
        all["entries"].as_array().expect("a list").iter().find(|e| e["id"] == id).cloned().expect("there")
    };
    for (n, r) in [(10, 0.5), (40, 0.8)] {
        let right = entry(&format!("G N={n} r={r}"))["values"].clone();
        let (r, sizes) = (format!("r={r}"), format!("N=4,{n}"));
        let said = scratch.exits(
            0,
            &["squeezing", "study.toml", "--steady", "-f", "-o", "out", "--set", &r, "--sweep", &sizes],
        );
        let table = fs::read_to_string(scratch.path("out/minima.csv")).expect("a table");
        for (column, key) in [("kitagawa_ueda", "xi_S2"), ("wineland", "xi_R2")] {
            let found = value(&table, &format!("exact,{n},final squeezing(S).{column},"));
            assert!((found - right[key].as_f64().expect(key)).abs() < 1e-7, "{n} {column}: {found} {right}");
        }
        let lower = value(&table, &format!("exact,{n},final fisher(S).lower,"));
        assert!((lower * right["xi_R2"].as_f64().expect("xi_R2") - 1.0).abs() < 1e-6, "{lower}");
        assert!(
            said.contains("S at rest. By exact at N =")
                && said.contains("entangled, by squeezing(S).wineland"),
            "{said}"
        );
        assert!(scratch.path("out/squeezing.png").is_file());
    }
}

/// As much pumping as emission leaves nothing but noise: no mean spin, and nothing that shows entanglement.
#[test]
fn without_a_mean_spin_the_other_parameters_speak() {
    let scratch = Scratch::new(
        "time = 'steady'
        [ensembles.S]\nsize = 3\nfrequency = 1.0
        [[channels]]\nkind = 'emission'\nensemble = 'S'\nrate = 0.4
        [[channels]]\nkind = 'pumping'\nensemble = 'S'\nrate = 0.4
        [output]\nobservables = ['spin(S)']",
    );
    let said = scratch.exits(0, &["squeezing", "study.toml", "-o", "out", "--engines", "exact"]);
    assert!(said.contains("there is no mean spin, and xi_S^2 and xi_R^2 are undefined"), "{said}");
    assert!(
        said.contains("none of xi_R^2, the generalised parameters and the Fisher bound shows entanglement"),
        "{said}"
    );
    // 2 tr gamma/N = 2 (3 * 3/4)/3 of three independent mixed spins; 4 Var/N = 1.
    let table = fs::read_to_string(scratch.path("out/minima.csv")).expect("a table");
    assert!((value(&table, "exact,final generalised-squeezing(S).singlet,") - 1.5).abs() < 1e-9, "{table}");
    assert!((value(&table, "exact,final fisher(S).upper,") - 1.0).abs() < 1e-9, "{table}");
}
