//! What is known of the studies of others.

use crate::known::{Known, Published};

const CLOSED: &str = "closed form";
const CODE: &str = "independent code";

const fn known(at: &'static str, of: &'static str, value: f64, within: f64, by: &'static str) -> Known {
    Known { at, of, value, within, by }
}

/// The flash of inverted spins; the rates of the cascade down the ladder are those of the closed form.
pub(super) const BURST: Published = Published {
    source: "R. H. Dicke, Phys. Rev. 93, 99 (1954); M. Gross and S. Haroche, Phys. Rep. 93, 301 (1982)",
    sets: &[
        "time={end=\"3*ln(N)/N\",points=601}",
        "observables.flash.expression=\"moments(S).xx + moments(S).yy + spin(S).z\"",
        "output.observables=[\"flash\"]",
        "output.reductions=[\"maximum flash\",\"maximum-time flash\"]",
    ],
    sweeps: &["N=10,20,40"],
    known: &[
        known("N = 10", "maximum flash", 22.759_120_289_2, 1e-6, CLOSED),
        known("N = 20", "maximum flash", 83.509_461_580_3, 1e-6, CLOSED),
        known("N = 40", "maximum flash", 321.642_942_888, 1e-6, CLOSED),
        known("N = 10", "maximum-time flash", 0.212_843_207_7, 1e-4, CLOSED),
        known("N = 20", "maximum-time flash", 0.151_318_105_2, 1e-4, CLOSED),
        known("N = 40", "maximum-time flash", 0.096_237_773_63, 1e-4, CLOSED),
    ],
};

/// Light of atoms that are pumped one by one, at a share of N, and emit together.
pub(super) const STEADY: Published = Published {
    source: "D. Meiser and M. J. Holland, Phys. Rev. A 81, 033847 (2010)",
    sets: &[
        "observables.light.expression=\"moments(S).xx + moments(S).yy + spin(S).z\"",
        "observables.per_square.expression=\"(moments(S).xx + moments(S).yy + spin(S).z)/N^2\"",
        "output.observables=[\"light\",\"per_square\"]",
        "correlations=[]",
        "parameters={N=4,share=0.5,pump=\"share*N\"}",
    ],
    sweeps: &["N=4,10,100", "share=0.25,0.5,1"],
    known: &[
        known("N = 4, share = 0.25", "light", 2.0, 1e-8, CODE),
        known("N = 4, share = 0.5", "light", 47.0 / 15.0, 1e-8, "rate equation by hand"),
        known("N = 4, share = 1", "light", 4.096_738_056, 1e-8, CODE),
        known("N = 10, share = 0.5", "light", 15.056_806_995_1, 1e-8, CODE),
        known("N = 10, share = 1", "light", 16.471_944_750_2, 1e-8, CODE),
        known(
            "N = 100, share = 0.5",
            "per_square",
            0.125,
            0.03,
            "published: N^2/8 at the pump N/2 as N grows",
        ),
    ],
};

/// The width of the line of light of pumped atoms that emit together: two levels that are pumped have w + 1, and N of
/// them those of a Liouvillian on all 2^N states.
pub(super) const CROSSOVER: Published = Published {
    source: "D. Meiser, J. Ye, D. R. Carlson and M. J. Holland, Phys. Rev. Lett. 102, 163601 (2009)",
    sets: &["output.observables=[\"spin(S)\"]"],
    sweeps: &["N=1,4", "pump=1,2,3,4,12"],
    known: &[
        known("N = 1, pump = 1", "fwhm(light)", 2.0, 1e-4, CLOSED),
        known("N = 1, pump = 12", "fwhm(light)", 13.0, 1e-4, CLOSED),
        known("N = 4, pump = 1", "fwhm(light)", 2.330_990_381_211, 1e-4, CODE),
        known("N = 4, pump = 2", "fwhm(light)", 2.741_801_385_177, 1e-4, CODE),
        known("N = 4, pump = 3", "fwhm(light)", 3.296_471_003_220, 1e-4, CODE),
        known("N = 4, pump = 4", "fwhm(light)", 3.964_540_359_580, 1e-4, CODE),
        known("N = 4, pump = 12", "fwhm(light)", 10.880_591_011_465, 1e-4, CODE),
    ],
};

/// Spins that start tilted and give their energy to a cavity.
pub(super) const TILTED: Published = Published {
    source: "the tutorial of PIBS, its setting by a Liouvillian of independent code and by QuTiP/PIQS",
    sets: &[
        "time={end=200.0,points=5}",
        "output.reductions=[\"final photons(a) to 50\",\"final photons(a) to 100\",\"final photons(a) to 150\",\"final photons(a)\",\"final spin(S).z to 50\",\"final spin(S).z\"]",
    ],
    sweeps: &["N=5"],
    known: &[
        known("N = 5", "final photons(a) to 50", 1.122_655_383_9, 1e-8, CODE),
        known("N = 5", "final photons(a) to 100", 0.835_585_501_4, 1e-8, CODE),
        known("N = 5", "final photons(a) to 150", 0.619_567_549, 1e-8, CODE),
        known("N = 5", "final photons(a)", 0.472_086_434_9, 1e-8, CODE),
        known("N = 5", "final spin(S).z to 50", -0.144_590_858_3, 1e-8, CODE),
        known("N = 5", "final spin(S).z", -0.909_311_509, 1e-8, CODE),
    ],
};

/// Superradiance of a mode and spins that decay and dephase one by one.
pub(super) const DICKE: Published = Published {
    source: "P. Kirton and J. Keeling, Phys. Rev. Lett. 118, 123602 (2017)",
    sets: &[
        "modes.a.cutoff=9",
        "bounds.top_population=inf",
        "output.reductions=[\"final photons(a) to 5\",\"final photons(a) to 10\",\"final photons(a)\",\"final spin(S).z\"]",
        "time={end=20.0,points=5}",
    ],
    sweeps: &["N=4"],
    known: &[
        known("N = 4", "final photons(a) to 5", 0.743_566_797, 1e-7, CODE),
        known("N = 4", "final photons(a) to 10", 0.647_536_189, 1e-7, CODE),
        known("N = 4", "final photons(a)", 0.633_762_626, 1e-7, CODE),
        known("N = 4", "final spin(S).z", -1.308_915_044, 1e-7, CODE),
    ],
};

/// Spins that decay together while a laser drives them.
pub(super) const DRIVEN: Published = Published {
    source: "R. R. Puri and S. V. Lawande, Phys. Lett. A 72, 200 (1979); D. Barberena and A. M. Rey, arXiv:2307.05115",
    sets: &[],
    sweeps: &["N=10,40,100", "r=0.5,0.8,1.0,1.2"],
    known: &[
        known("N = 10, r = 0.5", "squeezing(S).wineland", 0.866_858_606_568_599_6, 1e-7, CLOSED),
        known("N = 10, r = 0.5", "purity", 0.999_987_189_589_334_6, 1e-8, CLOSED),
        known("N = 10, r = 1.2", "squeezing(S).wineland", 3.248_759_350_390_708, 1e-7, CLOSED),
        known("N = 10, r = 1.2", "purity", 0.401_158_656_645_732_4, 1e-8, CLOSED),
        known("N = 40, r = 0.8", "squeezing(S).kitagawa_ueda", 0.594_464_207_801_573_3, 1e-7, CLOSED),
        known("N = 40, r = 0.8", "squeezing(S).wineland", 0.599_369_170_013_716_9, 1e-7, CLOSED),
        known("N = 40, r = 1.0", "purity", 0.561_761_832_425_878_6, 1e-8, CLOSED),
        known("N = 100, r = 0.5", "squeezing(S).wineland", 0.866_086_292_545_466_4, 1e-7, CLOSED),
        known("N = 100, r = 0.8", "squeezing(S).wineland", 0.599_330_833_689_310_7, 1e-7, CLOSED),
    ],
};

/// Photons of a laser of few spins.
pub(super) const LASER: Published = Published {
    source: "the Tavis-Cummings laser of data/studies, by a Liouvillian in all blocks and eigenvalues of another program",
    sets: &[
        "time=\"steady\"",
        "output.observables=[\"photons(a)\",\"g2(a)\",\"spin(T)\",\"purity\"]",
        "correlations=[{name=\"light\",kind=\"amplitude\",mode=\"a\"}]",
    ],
    sweeps: &["N=2,5"],
    known: &[
        known("N = 2", "photons(a)", 0.688_954_788_359_825_9, 1e-8, CODE),
        known("N = 2", "g2(a)", 1.082_560_160_661_314_9, 1e-8, CODE),
        known("N = 2", "purity", 0.146_766_910_243_266_19, 1e-8, CODE),
        known("N = 2", "fwhm(light)", 0.963_857_755_854_406_3, 1e-4, CODE),
        known("N = 5", "photons(a)", 1.442_260_375_433_514_2, 1e-8, CODE),
        known("N = 5", "g2(a)", 1.190_841_754_637_039_6, 1e-8, CODE),
        known("N = 5", "fwhm(light)", 0.443_754_584_515_561_65, 1e-4, CODE),
    ],
};

/// A driven atom: its stationary inversion, and the width of the middle line of its light.
pub(super) const MOLLOW: Published = Published {
    source: "B. R. Mollow, Phys. Rev. 188, 1969 (1969)",
    sets: &["time=\"steady\"", "correlations=[{name=\"light\",kind=\"dipole\",ensemble=\"S\"}]"],
    sweeps: &["rabi=2.5,5"],
    known: &[
        known("rabi = 2.5", "spin(S).z", -0.5 / (1.0 + 2.0 * 2.5 * 2.5), 1e-8, CLOSED),
        known("rabi = 5", "spin(S).z", -0.5 / (1.0 + 2.0 * 5.0 * 5.0), 1e-8, CLOSED),
        known("rabi = 5", "spin(S).y", 5.0 / (1.0 + 2.0 * 5.0 * 5.0), 1e-8, CLOSED),
        known("rabi = 5", "fwhm(light)", 1.040_225_317_975_740_6, 1e-4, CLOSED),
    ],
};

/// Squeezing by twisting about one axis, with and without noise on every spin.
pub(super) const TWISTING: Published = Published {
    source: "M. Kitagawa and M. Ueda, Phys. Rev. A 47, 5138 (1993); M. Foss-Feig et al., Phys. Rev. A 87, 042101 (2013)",
    sets: &["time={end=5.0,points=401}"],
    sweeps: &["N=10,50", "noise=0,1"],
    known: &[
        known(
            "N = 10, noise = 0",
            "minimum squeezing(S).kitagawa_ueda",
            0.196_063_580_114_621_24,
            1e-6,
            CLOSED,
        ),
        known("N = 10, noise = 0", "minimum squeezing(S).wineland", 0.309_858_948_446_210_4, 1e-6, CLOSED),
        known(
            "N = 10, noise = 1",
            "minimum squeezing(S).kitagawa_ueda",
            0.308_710_987_490_730_5,
            1e-6,
            CLOSED,
        ),
        known("N = 10, noise = 1", "minimum squeezing(S).wineland", 0.502_046_675_276_090_9, 1e-6, CLOSED),
        known(
            "N = 50, noise = 0",
            "minimum squeezing(S).kitagawa_ueda",
            0.075_039_862_691_009_64,
            1e-6,
            CLOSED,
        ),
        known(
            "N = 50, noise = 1",
            "minimum squeezing(S).kitagawa_ueda",
            0.245_536_842_102_875_13,
            1e-6,
            CLOSED,
        ),
        known("N = 50, noise = 1", "minimum squeezing(S).wineland", 0.360_820_482_322_400_9, 1e-6, CLOSED),
    ],
};

/// A laser of 200 000 atoms by moment equations of second order.
pub(super) const CUMULANTS: Published = Published {
    source: "D. Meiser et al., Phys. Rev. Lett. 102, 163601 (2009); the example of QuantumCumulants.jl (D. Plankensteiner et al., Quantum 6, 617 (2022))",
    sets: &[
        "output.reductions=[\"final photons(a) to 0.005\",\"final photons(a) to 0.01\",\"final photons(a) to 0.015\",\"final photons(a)\"]",
    ],
    sweeps: &["N=2e5"],
    known: &[
        known("N = 2e5", "final photons(a) to 0.005", 31.014_867_07, 1e-5, CODE),
        known("N = 2e5", "final photons(a) to 0.01", 20.627_480_65, 1e-5, CODE),
        known("N = 2e5", "final photons(a) to 0.015", 19.807_718_73, 1e-5, CODE),
        known("N = 2e5", "final photons(a)", 19.736_633_1, 1e-5, CODE),
    ],
};
