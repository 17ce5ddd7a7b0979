//! Pictures of states: Wigner and Husimi functions against closed forms and reference numbers; the command from outside.

mod common;

use std::f64::consts::PI;
use std::fs;

use common::{Scratch, ran};
use num_complex::Complex64;
use superladder::workflows::picture::{husimi_of_ensemble, husimi_of_mode, wigner};

/// `|psi><psi|`, row-major.
fn pure(psi: &[Complex64]) -> Vec<Complex64> {
    psi.iter().flat_map(|a| psi.iter().map(move |b| a * b.conj())).collect()
}

/// `|beta>` with `levels` levels, for real and complex beta.
fn coherent(beta: Complex64, levels: usize) -> Vec<Complex64> {
    let mut amplitude = Complex64::from((-0.5 * beta.norm_sqr()).exp());
    let mut amplitudes = Vec::new();
    for n in 0..levels {
        amplitudes.push(amplitude);
        amplitude *= beta / (n as f64 + 1.0).sqrt();
    }
    amplitudes
}

fn places() -> Vec<Complex64> {
    let coordinates = [-2.1, -0.7, 0.0, 0.4, 1.9];
    coordinates.iter().flat_map(|x| coordinates.map(|y| Complex64::new(*x, y))).collect()
}

#[test]
fn fock_states_have_laguerre_polynomials() {
    for n in [0_usize, 1, 2, 5, 12] {
        let mut psi = vec![Complex64::ZERO; 15];
        psi[n] = Complex64::ONE;
        for alpha in places() {
            let x = 4.0 * alpha.norm_sqr();
            let (mut before, mut laguerre) = (0.0, 1.0);
            for k in 0..n {
                let k = k as f64;
                (before, laguerre) = (laguerre, ((2.0 * k + 1.0 - x) * laguerre - k * before) / (k + 1.0));
            }
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            let expected = 2.0 / PI * sign * (-0.5 * x).exp() * laguerre;
            let found = wigner(&pure(&psi), 15, alpha);
            assert!((found - expected).abs() < 1e-12, "{n} {alpha}: {found} {expected}");
            let factorial: f64 = (1..=n).map(|k| k as f64).product();
            let husimi = (-alpha.norm_sqr()).exp() * alpha.norm_sqr().powi(n as i32) / factorial / PI;
            assert!((husimi_of_mode(&pure(&psi), 15, alpha) - husimi).abs() < 1e-13);
        }
    }
}

/// Gaussians about the amplitude; and between the parts of a cat fringes, which say that it is no mixture.
#[test]
fn coherent_states_are_gaussians_and_cats_have_fringes() {
    let levels = 60;
    for beta in [Complex64::new(1.3, -0.8), Complex64::new(-2.0, 0.5)] {
        let rho = pure(&coherent(beta, levels));
        for alpha in places() {
            let square = (alpha - beta).norm_sqr();
            assert!(
                (wigner(&rho, levels, alpha) - 2.0 / PI * (-2.0 * square).exp()).abs() < 1e-11,
                "{alpha}"
            );
            assert!((husimi_of_mode(&rho, levels, alpha) - (-square).exp() / PI).abs() < 1e-12);
        }
    }
    let beta = 1.7;
    for sign in [1.0, -1.0] {
        let parts = [coherent(beta.into(), levels), coherent((-beta).into(), levels)];
        let norm = 2.0 * (1.0 + sign * (-2.0 * beta * beta).exp());
        let psi: Vec<Complex64> =
            parts[0].iter().zip(&parts[1]).map(|(a, b)| (a + sign * b) / norm.sqrt()).collect();
        for alpha in places() {
            let gauss = |b: f64| (-2.0 * (alpha - b).norm_sqr()).exp();
            let fringes = 2.0 * (-2.0 * alpha.norm_sqr()).exp() * (4.0 * beta * alpha.im).cos();
            let expected = 2.0 / PI * (gauss(beta) + gauss(-beta) + sign * fringes) / norm;
            let found = wigner(&pure(&psi), levels, alpha);
            assert!((found - expected).abs() < 1e-11, "{alpha}: {found} {expected}");
        }
    }
}

/// 300 quanta: the sums stay as exact as their terms.
#[test]
fn many_quanta_are_no_difficulty() {
    let beta = Complex64::new(12.0, 9.0);
    let rho = pure(&coherent(beta, 330));
    for offset in [Complex64::ZERO, Complex64::new(0.3, -0.6), Complex64::new(-1.0, 0.2)] {
        let expected = 2.0 / PI * (-2.0 * offset.norm_sqr()).exp();
        let found = wigner(&rho, 330, beta + offset);
        assert!((found - expected).abs() < 1e-6, "{offset}: {found} {expected}");
    }
}

/// Entries H: spins that decay one by one, by independent code; there angles are counted from the south pole.
#[test]
fn mixed_ladders_have_the_reference_husimi_function() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference/steady_and_more.json"));
    let all: serde_json::Value = serde_json::from_str(&text.expect("readable")).expect("JSON");
    let entries = all["entries"].as_array().expect("a list");
    let cases: Vec<_> = entries.iter().filter(|e| e["kind"] == "H-husimi").map(|e| &e["values"]).collect();
    assert!(cases.len() >= 2);
    for v in cases {
        let number = |key: &str| v[key].as_f64().expect(key);
        let run = ran(&format!(
            "[method]\nname = 'dop853'\nrtol = 1e-12\natol = 1e-14
            [ensembles.S]\nsize = {}\nfrequency = 0.0
            initial = {{ state = 'spin-coherent', theta = {}, phi = {} }}
            [[channels]]\nkind = 'emission'\nensemble = 'S'\nrate = {:?}
            [[channels]]\nkind = 'pumping'\nensemble = 'S'\nrate = {:?}
            [[channels]]\nkind = 'dephasing'\nensemble = 'S'\nrate = {:?}
            [time]\ntimes = [0.0, {:?}]\n[output]\nobservables = ['reduced-state(S)', 'spin(S)']",
            v["N"],
            number("theta"),
            number("phi"),
            number("emission"),
            number("pumping"),
            number("dephasing"),
            number("t")
        ));
        let values = &run.recorder.records[1].measurements[0].values;
        let rho: Vec<Complex64> =
            values.chunks_exact(2).map(|p| Complex64::new(p[0].value, p[1].value)).collect();
        let n = v["N"].as_u64().expect("a size") as usize;
        let (mut blocks, mut start) = (Vec::new(), 0);
        for dim in (n % 2 + 1..=n + 1).step_by(2) {
            blocks.push(rho[start..start + dim * dim].to_vec());
            start += dim * dim;
        }
        let points = v["points"].as_array().expect("points").iter().zip(v["Q"].as_array().expect("Q"));
        for (point, expected) in points {
            let (theta, phi) = (point[0].as_f64().expect("theta"), point[1].as_f64().expect("phi"));
            let found = husimi_of_ensemble(&blocks, PI - theta, phi + PI);
            let expected = expected.as_f64().expect("Q");
            assert!((found - expected).abs() < 1e-10, "{n}: {found} {expected}");
        }
        moments(
            &blocks,
            [run.column("spin(S).x")[1], run.column("spin(S).y")[1], run.column("spin(S).z")[1]],
        );
    }
}

/// The integral is 1, and `<S> = sum_j (j+1) int n Q_j`.
fn moments(blocks: &[Vec<Complex64>], spin: [f64; 3]) {
    let (polar, around) = (200, 24);
    let (mut total, mut found) = (0.0, [0.0; 3]);
    for block in blocks {
        let j = 0.5 * (block.len().isqrt() - 1) as f64;
        let own = std::slice::from_ref(block);
        for k in 0..polar {
            let z: f64 = (2.0 * f64::from(k) + 1.0) / f64::from(polar) - 1.0;
            for l in 0..around {
                let phi = 2.0 * PI * f64::from(l) / f64::from(around);
                let q = husimi_of_ensemble(own, z.acos(), phi) * 4.0 * PI / f64::from(polar * around);
                let radius = (1.0 - z * z).sqrt();
                total += q;
                let n = [radius * phi.cos(), radius * phi.sin(), z];
                found.iter_mut().zip(n).for_each(|(sum, n)| *sum += (j + 1.0) * n * q);
            }
        }
    }
    assert!((total - 1.0).abs() < 1e-3, "{total}");
    for (found, expected) in found.into_iter().zip(spin) {
        assert!((found - expected).abs() < 2e-3, "{found} {expected}");
    }
}

const STUDY: &str = "
[modes.a]
frequency = 1.0
cutoff = 12
initial = { state = 'fock', n = 1 }
[ensembles.S]
size = 4
frequency = 1.0
[[interactions]]
kind = 'tavis-cummings'
mode = 'a'
ensemble = 'S'
strength = 0.3
[[channels]]
kind = 'cavity-loss'
mode = 'a'
rate = 0.5
[[channels]]
kind = 'emission'
ensemble = 'S'
rate = 0.1
[time]
end = 2.0
points = 3
[output]
observables = ['photons(a)']";

#[test]
fn states_are_drawn_at_a_time_and_where_they_end() {
    let scratch = Scratch::new(STUDY);
    let said = scratch.exits(
        0,
        &["picture", "study.toml", "--of", "wigner(a)", "--at", "0", "-o", "start", "--points", "41"],
    );
    // |1> has -2/pi at the origin.
    assert!(said.contains("-0.636620") && said.contains("integral over the picture 1.000"), "{said}");
    let table = fs::read_to_string(scratch.path("start/picture.csv")).expect("a table");
    assert_eq!(
        (table.lines().count(), table.lines().next()),
        (1 + 41 * 41, Some("Re alpha,Im alpha,wigner(a)"))
    );
    for file in ["picture.png", "picture.svg", "manifest.json", "report.txt", "study.toml"] {
        assert!(scratch.path(&format!("start/{file}")).exists(), "{file}");
    }
    // All quanta leave: the vacuum, and spins that point down.
    let said = scratch.exits(
        0,
        &["picture", "study.toml", "--of", "wigner(a)", "--at", "steady", "-o", "end", "--points", "41"],
    );
    assert!(said.contains("0.636620"), "{said}");
    let said =
        scratch.exits(0, &["picture", "study.toml", "--of", "husimi(S)", "--at", "steady", "-o", "spins"]);
    assert!(
        said.contains("cos(polar angle) = -0.99") && said.contains("integral over the picture 0.9999"),
        "{said}"
    );
    // Averaged trajectories, beyond the end of the study.
    let sampled =
        ["--set", "engine.kind='trajectories'", "--set", "engine.trajectories=200", "-o", "sampled"];
    let said = scratch
        .exits(0, &[&["picture", "study.toml", "--of", "husimi(a)", "--at", "2.5"], &sampled[..]].concat());
    assert!(said.contains("engine 'trajectories'"), "{said}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let scratch = Scratch::new(STUDY);
    let refused = |arguments: &[&str], words: &str| {
        let said = scratch.exits(2, &[&["picture", "study.toml"], arguments].concat());
        assert!(said.contains(words), "{arguments:?}: {said}");
    };
    refused(&["--of", "wigner(S)", "--at", "1"], "wigner(a) of a mode");
    refused(&["--of", "husimy(a)", "--at", "1"], "but is 'husimy(a)'");
    refused(&["--of", "husimi(b)", "--at", "1"], "'b'");
    refused(&["--of", "husimi(a)", "--at", "-1"], "--at must be a time from 0 on, or steady");
    refused(&["--of", "husimi(a)", "--at", "later"], "'later'");
    refused(&["--of", "husimi(a)", "--at", "1", "--points", "2"], "--points must be from 5 to 400");
    refused(&["--of", "husimi(a)", "--at", "1", "--set", "engine.kind='cumulant'"], "reduced-state(a)");
}
