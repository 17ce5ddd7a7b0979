//! The tables of a study file and their keys, for `superladder list keys` and for bare names in overrides.

/// A table of a study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudyTable {
    /// As it is written: `[time]`, `[modes.NAME]`, `[[channels]]`; empty for the top of the file.
    pub heading: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Its own keys. More of them may depend on a kind, which `meaning` then says.
    pub keys: &'static [StudyKey],
}

/// A key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudyKey {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub allowed: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn key(name: &'static str, allowed: &'static str, meaning: &'static str) -> StudyKey {
    StudyKey { name, allowed, meaning }
}

const NUMBER: &str = "a number or an expression over the parameters";

/// Every table of a study file.
pub static STUDY_TABLES: &[StudyTable] = &[
    StudyTable {
        heading: "",
        meaning: "the study",
        keys: &[key("title", "a string", "title of tables and pictures (default the name of the file)")],
    },
    StudyTable {
        heading: "[parameters]",
        meaning: "names for numbers, one key each, to be used in expressions, swept and quenched",
        keys: &[],
    },
    StudyTable {
        heading: "[modes.NAME]",
        meaning: "a bosonic mode",
        keys: &[
            key("frequency", NUMBER, "angular frequency, hbar = 1"),
            key("cutoff", "a whole number, \"auto\" or a table { start, max }", "highest Fock state kept"),
            key("initial", "a table { state = ..., ... }", "initial state, see `superladder list states`"),
        ],
    },
    StudyTable {
        heading: "[ensembles.NAME]",
        meaning: "an ensemble of identical spins-1/2",
        keys: &[
            key("size", "a whole number >= 1", "number of spins"),
            key("frequency", "a number, or a distribution where `split` is given", "level splitting"),
            key("split", "a whole number from 1 to 100", "classes of spins, see docs/NOTATION.md, Classes"),
            key("initial", "a table { state = ..., ... }", "initial state, see `superladder list states`"),
        ],
    },
    StudyTable {
        heading: "[initial]",
        meaning: "one initial state for all subsystems, in place of their own",
        keys: &[
            key(
                "state",
                "\"mean-field\" or \"file\"",
                "the product state with the means that mean field reaches, or a saved state",
            ),
            key("time", "a number >= 0", "mean-field: for how long it evolves first"),
            key(
                "file",
                "a path, from the folder of the study on",
                "file: what `run --save-state` or `steady --save-state` wrote, or its output folder",
            ),
        ],
    },
    StudyTable {
        heading: "[[interactions]]",
        meaning: "a term of the Hamiltonian; subsystems and other keys: `superladder list interactions`",
        keys: &[key("kind", "a name of that list", "which interaction")],
    },
    StudyTable {
        heading: "[[channels]]",
        meaning: "dissipation, pumping or dephasing; subsystems and other keys: `superladder list channels`",
        keys: &[key("kind", "a name of that list", "which channel")],
    },
    StudyTable {
        heading: "[[quenches]]",
        meaning: "a sudden change of parameters",
        keys: &[
            key("time", "a number between the output times", "when"),
            key("set", "a table of parameters", "their new values"),
        ],
    },
    StudyTable {
        heading: "[time]",
        meaning: "when results are wanted; time = \"steady\" in place of the table: in the steady state (sweep, compare, converge)",
        keys: &[
            key("start", NUMBER, "first output time (default 0)"),
            key("end", NUMBER, "last output time"),
            key("points", "a whole number >= 2", "number of output times"),
            key("step", "a number > 0", "distance of output times, in place of `points`"),
            key("times", "a list of increasing numbers", "the output times, in place of the others"),
        ],
    },
    StudyTable {
        heading: "[engine]",
        meaning: "how it is solved; options of each kind: `superladder list engines`",
        keys: &[key("kind", "a name of that list", "which engine (default exact)")],
    },
    StudyTable {
        heading: "[method]",
        meaning: "the propagator; options of each: `superladder list methods`",
        keys: &[key("name", "a name of that list", "which method (default the engine's own)")],
    },
    StudyTable {
        heading: "[bounds]",
        meaning: "beyond these a run counts as not converged (exit code 3)",
        keys: &[
            key("trace", "a number > 0", "largest |tr rho - 1|"),
            key("positivity", "a number > 0", "largest violation of positivity"),
            key("top_population", "a number > 0", "largest population that a cutoff would cut off"),
            key("propagation", "a number > 0", "largest accumulated error estimate of the propagator"),
            key("truncation", "a number > 0", "largest bound of the distance to the untruncated state"),
            key("discarded_weight", "a number > 0", "largest weight that bases of trajectories discard"),
            key("photon_number", "a number > 0", "largest |<a>|^2 - n of moment equations, over |n| + 1/2"),
            key("spin_length", "a number > 0", "largest |<S>| - N/2 of moment equations, over N/2"),
            key("variance", "a number > 0", "largest negative variance of moment equations"),
            key("uncertainty", "a number > 0", "largest violation of the uncertainty relation"),
            key("g2", "a number > 0", "largest -g2 of moment equations"),
        ],
    },
    StudyTable {
        heading: "[output]",
        meaning: "what is measured, and what is read off it",
        keys: &[
            key(
                "observables",
                "a list of strings",
                "names of `superladder list observables` and of [observables.NAME], and arithmetic over them",
            ),
            key(
                "reductions",
                "a list of strings: KIND COLUMN [above LEVEL or below LEVEL] [from TIME] [to TIME] [in dB]",
                "numbers read off columns over time; kinds: `superladder list reductions`",
            ),
        ],
    },
    StudyTable {
        heading: "[plot]",
        meaning: "what the pictures of run, compare and sweep show; --plot KEY=VALUE sets a key",
        keys: &[
            key(
                "what",
                "a list of reductions, columns and observables",
                "what is shown, in this order (default all)",
            ),
            key(
                "scale",
                "\"linear\", \"log\" or \"dB\", or a table of them by quantity",
                "of the axes of values; dB: 10 log10",
            ),
            key("limits", "[lowest, highest], or a table of such by quantity", "of the axes of values"),
            key("separate", "true or false", "one file per panel too (default false)"),
            key(
                "kind",
                "\"curves\" or \"map\"",
                "sweep: how values over two parameters are drawn (default a map of four values each and more)",
            ),
            key("x", "a swept key", "sweep: on the horizontal axis (default the first)"),
            key("y", "a swept key", "sweep: on the vertical axis of a map (default the next)"),
        ],
    },
    StudyTable {
        heading: "[observables.NAME]",
        meaning: "an observable of one's own, to be named in `output.observables` (it belongs to `default` and `all`)",
        keys: &[
            key("operators", "a list of words as in `product`", "<O_1 O_2 ...>"),
            key("connected", "true or false", "of two operators, without <O_1><O_2> (default false)"),
            key(
                "terms",
                "a list of tables { operators, coefficient }",
                "the expectation value of a sum of products, in place of `operators`",
            ),
            key(
                "expression",
                "a string",
                "arithmetic over observables and parameters, in place of `operators`",
            ),
        ],
    },
    StudyTable {
        heading: "[[correlations]]",
        meaning: "for `superladder spectrum`: a correlation of two times, and its spectrum in the stationary state",
        keys: &[
            key("name", "a string of letters, digits, `-` and `_`", "its name in tables, pictures and files"),
            key("kind", "a name of `superladder list correlations`", "a ready one; its subsystem: that list"),
            key(
                "operators",
                "a table { a = [...], b = [...], c = [...] } of words as in `product`",
                "<c(t) a(t+tau) b(t)>, in place of `kind`; `c` may be absent",
            ),
            key("connected", "true or false", "without <a><b>, for two operators (default false)"),
            key(
                "start",
                "\"steady\" or a time",
                "from where on: the stationary state (default), or the state at that time",
            ),
            key(
                "frequencies",
                "a table { from, to, points } or a list",
                "of the spectrum (default: what resolves the line)",
            ),
            key("delays", "a table { from, to, points } or a list", "(default: until it has decayed)"),
        ],
    },
    StudyTable {
        heading: "[breakdown]",
        meaning: "for `superladder breakdown` only",
        keys: &[
            key("parameter", "the name of a parameter", "which one is the size (default N)"),
            key("criteria", "a list of strings", "see `superladder list criteria` (default aa)"),
            key("moments", "a list of strings", "of which distributions are compared: t_W (default none)"),
            key("threshold", "a number > 0", "mean field has failed above it (default 0.1)"),
            key("average", "\"period\", \"none\" or a length", "window of averages (default period)"),
            key("fit_window", "a list [smallest, largest]", "sizes that the exponent is fitted to"),
            key("seed", "a whole number", "of the bootstrap"),
            key("resamples", "0 or a whole number >= 100", "of the bootstrap"),
        ],
    },
    StudyTable {
        heading: "[[breakdown.engines]]",
        meaning: "an engine and its sizes, with any options of that engine",
        keys: &[
            key("engine", "a name of `superladder list engines`", "which engine"),
            key("label", "a string", "its name in tables and pictures"),
            key("values", "a list of increasing numbers", "the sizes"),
            key("from", "a whole number", "smallest size, in place of `values`"),
            key("to", "a whole number", "largest size"),
            key("points", "a whole number", "how many sizes, evenly spaced in the logarithm"),
        ],
    },
];

/// Whether `name` is a key or a table at the top of a study file.
pub(crate) fn is_top_level(name: &str) -> bool {
    let first =
        |heading: &'static str| heading.trim_matches(['[', ']']).split('.').next().unwrap_or_default();
    STUDY_TABLES.iter().any(|table| match table.heading {
        "" => table.keys.iter().any(|key| key.name == name),
        heading => first(heading) == name,
    })
}
