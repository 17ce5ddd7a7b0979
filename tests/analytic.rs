//! Closed forms: what is known exactly must come out exactly.

mod common;

use common::{ran, ran_with};

const METHOD: &str = "[method]\nname = \"dop853\"\nrtol = 1e-11\natol = 1e-13\n";

/// `<a> = alpha e^{-(i omega + kappa/2) t}`; a coherent state stays one: g2 = 1, purity 1.
#[test]
fn a_damped_coherent_cavity() {
    let run = ran(&format!(
        "{METHOD}
        [modes.a]
        frequency = 1.3
        cutoff = 30
        initial = {{ state = 'coherent', amplitude = [1.2, -0.5] }}
        [[channels]]
        kind = 'cavity-loss'
        mode = 'a'
        rate = 0.4
        [time]
        end = 5.0
        points = 11
        [output]
        observables = ['amplitude(a)', 'photons(a)', 'g2(a)', 'purity', 'field-cumulants(a)']"
    ));
    let (re, im) = (1.2, -0.5);
    let decay = |t: f64| (-0.2 * t).exp();
    run.assert_follows("amplitude(a).re", 1e-9, |t| decay(t) * (re * (1.3 * t).cos() + im * (1.3 * t).sin()));
    run.assert_follows("amplitude(a).im", 1e-9, |t| decay(t) * (im * (1.3 * t).cos() - re * (1.3 * t).sin()));
    run.assert_follows("photons(a)", 1e-9, |t| 1.69 * decay(t).powi(2));
    run.assert_follows("g2(a)", 1e-8, |_| 1.0);
    run.assert_follows("purity", 1e-8, |_| 1.0);
    run.assert_follows("field-cumulants(a).ada", 1e-8, |_| 0.0);
}

/// `n(t) = nbar + (n0 - nbar) e^{-kappa t}`, thermal all the way: g2 = 2, entropy of a thermal state.
#[test]
fn a_cavity_heated_by_a_thermal_bath() {
    // High levels weigh n^2 in g2: their errors must be far below those of the others.
    let run = ran("[method]
        name = 'dop853'
        rtol = 1e-12
        atol = 1e-16
        [modes.a]
        frequency = 1.0
        cutoff = 80
        initial = { state = 'thermal', occupation = 0.2 }
        [[channels]]
        kind = 'thermal-bath'
        mode = 'a'
        rate = 0.5
        occupation = 1.0
        [time]
        end = 6.0
        points = 7
        [output]
        observables = ['photons(a)', 'g2(a)', 'entropy', 'photon-distribution(a)', 'reduced-entropy(a)']");
    let n = |t: f64| 1.0 - 0.8 * (-0.5 * t).exp();
    run.assert_follows("photons(a)", 1e-8, n);
    run.assert_follows("g2(a)", 1e-8, |_| 2.0);
    let entropy = |t: f64| (n(t) + 1.0) * (n(t) + 1.0).ln() - n(t) * n(t).ln();
    run.assert_follows("entropy", 1e-7, entropy);
    run.assert_follows("reduced-entropy(a)", 1e-7, entropy);
    run.assert_follows("photon-distribution(a).3", 1e-9, |t| n(t).powi(3) / (n(t) + 1.0).powi(4));
}

fn independent_spins(size: usize) -> String {
    format!(
        "{METHOD}
        [ensembles.S]
        size = {size}
        frequency = 0.7
        initial = {{ state = 'product', bloch = [0.5, 0.3, 0.6] }}
        [[channels]]
        kind = 'emission'
        ensemble = 'S'
        rate = 0.3
        [[channels]]
        kind = 'pumping'
        ensemble = 'S'
        rate = 0.2
        [[channels]]
        kind = 'dephasing'
        ensemble = 'S'
        rate = 0.4
        [time]
        end = 4.0
        points = 9
        [output]
        observables = ['spin(S)', 'moments(S)', 'purity', 'entropy', 'reduced-purity(S)', 'ladder-distribution(S)', 'spin-length(S)']"
    )
}

/// Independent spins factorise: purity is the N-th power and entropy N times that of one spin, which tests
/// the weights d_j of the copies.
#[test]
fn independent_spins_decay_pump_and_dephase() {
    for size in [1usize, 2, 5, 9] {
        let run = ran(&independent_spins(size));
        let n = size as f64;
        // Populations relax at gamma_t = 0.5 to (up - down)/gamma_t; coherences decay at gamma_t/2 +
        // dephasing/2.
        let z = |t: f64| -0.2 + 0.8 * (-0.5 * t).exp();
        let r = |t: f64| (-(0.25 + 0.2) * t).exp();
        let x = move |t: f64| r(t) * (0.5 * (0.7 * t).cos() - 0.3 * (0.7 * t).sin());
        let length = move |t: f64| (0.34 * r(t).powi(2) + z(t).powi(2)).sqrt();
        run.assert_follows("spin(S).z", 1e-9 * n, |t| 0.5 * n * z(t));
        run.assert_follows("spin(S).x", 1e-9 * n, |t| 0.5 * n * x(t));
        run.assert_follows("moments(S).xx", 1e-9 * n * n, |t| 0.25 * n + 0.25 * n * (n - 1.0) * x(t).powi(2));
        run.assert_follows("spin-length(S)", 1e-9 * n * n, |t| {
            0.75 * n + 0.25 * n * (n - 1.0) * length(t).powi(2)
        });
        let purity = |t: f64| (0.5 * (1.0 + length(t).powi(2))).powi(size as i32);
        run.assert_follows("purity", 1e-9, purity);
        run.assert_follows("reduced-purity(S)", 1e-9, purity);
        let term = |p: f64| -p * p.ln();
        run.assert_follows("entropy", 1e-8 * n, |t| {
            n * (term(0.5 + 0.5 * length(t)) + term(0.5 - 0.5 * length(t)))
        });
        if size == 2 {
            // Two spins: the singlet weight is (1 - r.r)/4.
            run.assert_follows("ladder-distribution(S).j=0", 1e-9, |t| 0.25 * (1.0 - length(t).powi(2)));
        }
    }
}

/// One excitation between N atoms and a lossy cavity:
/// `p_e = e^{-kappa t/2} (cos W t + kappa/(4W) sin W t)^2`, `n = (G/W)^2 e^{-kappa t/2} sin^2 W t`,
/// `W^2 = G^2 - kappa^2/16`, with `G = g sqrt N` for single-atom coupling g.
#[test]
fn vacuum_rabi_oscillations_split_as_the_root_of_n() {
    for size in [1usize, 4, 9] {
        let run = ran(&format!(
            "{METHOD}
            [parameters]
            N = {size}
            g = 0.35
            [modes.a]
            frequency = 1.0
            cutoff = 3
            [ensembles.S]
            size = 'N'
            frequency = 1.0
            initial = {{ state = 'dicke', j = 'N/2', m = '1-N/2' }}
            [[interactions]]
            kind = 'product'
            operators = ['annihilate(a)', 'raise(S)']
            coefficient = 'g'
            [[channels]]
            kind = 'cavity-loss'
            mode = 'a'
            rate = 0.3
            [time]
            end = 10.0
            points = 21
            [output]
            observables = ['photons(a)', 'spin(S)']"
        ));
        let (n, kappa) = (size as f64, 0.3);
        let strength = 0.35 * n.sqrt();
        let w = (strength * strength - kappa * kappa / 16.0).sqrt();
        let damping = |t: f64| (-0.5 * kappa * t).exp();
        run.assert_follows("photons(a)", 1e-9, |t| (strength / w * (w * t).sin()).powi(2) * damping(t));
        let upper = |t: f64| ((w * t).cos() + kappa / (4.0 * w) * (w * t).sin()).powi(2) * damping(t);
        run.assert_follows("spin(S).z", 1e-9, |t| upper(t) - 0.5 * n);
    }
}

/// Superradiant cascade from full inversion, collective emission at rate 1: N = 2 and N = 3 by hand.
#[test]
fn superradiant_decay_of_two_and_three_atoms() {
    let study = "
        [method]
        name = 'dop853'
        rtol = 1e-11
        atol = 1e-13
        [ensembles.S]
        size = 2
        frequency = 1.0
        initial = { state = 'up' }
        [[channels]]
        kind = 'collective-emission'
        ensemble = 'S'
        rate = 1.0
        [time]
        end = 3.0
        points = 13
        [output]
        observables = ['spin(S)', 'spin-length(S)']";
    let two = ran(study);
    two.assert_follows("spin(S).z", 1e-10, |t| {
        let (p2, p1) = ((-2.0 * t).exp(), 2.0 * t * (-2.0 * t).exp());
        p2 - (1.0 - p2 - p1)
    });
    two.assert_follows("spin-length(S)", 1e-9, |_| 2.0);
    let three = ran_with(study, &["ensembles.S.size=3"]);
    three.assert_follows("spin(S).z", 1e-10, |t| {
        let (e3, e4) = ((-3.0 * t).exp(), (-4.0 * t).exp());
        let (p3, p2) = (e3, 3.0 * (e3 - e4));
        let p1 = 12.0 * (t * e3 - e3 + e4);
        1.5 * p3 + 0.5 * p2 - 0.5 * p1 - 1.5 * (1.0 - p3 - p2 - p1)
    });
}

/// The spin bath relaxes to the upper population `1/(1 + exp((omega - mu)/T))`.
#[test]
fn a_spin_accumulation_sets_the_population() {
    let run = ran(&format!(
        "{METHOD}
        [ensembles.T]
        size = 4
        frequency = 1.0
        initial = {{ state = 'down' }}
        [[channels]]
        kind = 'spin-bath'
        ensemble = 'T'
        relaxation = 1.0
        mu = 1.8
        temperature = 0.4
        [time]
        end = 30.0
        points = 4"
    ));
    let up = 1.0 / (1.0 + (-0.8f64 / 0.4).exp());
    run.assert_follows("spin(T).z", 1e-9, |t| 4.0 * (up - 0.5 - up * (-t).exp()));
}

/// Squeezing by one-axis twisting of the state along -x, H = chi S^z S^z: the closed form of Kitagawa and
/// Ueda, PRA 47, 5138 (1993): xi_S^2 = 1 + (N-1)/4 (A - sqrt(A^2 + B^2)), mu = 2 chi t, A = 1 - cos^{N-2} mu,
/// B = 4 sin(mu/2) cos^{N-2}(mu/2).
#[test]
fn one_axis_twisting_squeezes_as_kitagawa_and_ueda() {
    let run = ran(&format!(
        "{METHOD}
        [parameters]
        N = 12
        [ensembles.S]
        size = 'N'
        frequency = 0.0
        initial = {{ state = 'spin-coherent', theta = 'pi/2' }}
        [[interactions]]
        kind = 'one-axis-twisting'
        ensemble = 'S'
        strength = 'N'
        [time]
        end = 0.3
        points = 7
        [output]
        observables = ['squeezing(S)', 'fisher(S)', 'generalised-squeezing(S)']"
    ));
    let kitagawa_ueda = |t: f64| {
        let (n, mu) = (12.0, 2.0 * t);
        let a = 1.0 - mu.cos().powf(n - 2.0);
        let b = 4.0 * (0.5 * mu).sin() * (0.5 * mu).cos().powf(n - 2.0);
        1.0 + 0.25 * (n - 1.0) * (a - a.hypot(b))
    };
    run.assert_follows("squeezing(S).kitagawa_ueda", 1e-8, kitagawa_ueda);
    run.assert_follows("squeezing(S).wineland", 1e-7, |t| kitagawa_ueda(t) / t.cos().powi(2 * 11));
    run.assert_follows("fisher(S).lower", 1e-7, |t| t.cos().powi(2 * 11) / kitagawa_ueda(t));
}
