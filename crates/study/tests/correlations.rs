//! The tables `correlations` of a study: what is read, what is refused and where.

use superladder_model::{CORRELATIONS, Correlation, Operator};
use superladder_study::{Study, StudyError};

const MODEL: &str = "[modes.a]\nfrequency = 1.0\ncutoff = 3\n[ensembles.S]\nsize = 2\nfrequency = 1.0\n\
                     [time]\nend = 1.0\npoints = 2\n";

fn read(tables: &str) -> Result<Study, StudyError> {
    Study::parse("study.toml", "study", &format!("{MODEL}{tables}"), &[])
}

/// What is said, and the line of it.
fn refused(table: &str) -> (String, usize) {
    match read(&format!("[[correlations]]\n{table}")) {
        Err(StudyError::Invalid(complaint)) => (complaint.fault.to_string(), complaint.line),
        other => panic!("{table}: {other:?}"),
    }
}

#[test]
fn ready_correlations_and_own_ones_are_read() {
    let study = read(
        "[[correlations]]\nname = \"light\"\nkind = \"amplitude\"\nmode = \"a\"\nconnected = true\n\
         frequencies = { from = -1.0, to = 1.0, points = 5 }\n\
         [[correlations]]\nname = \"atoms\"\nkind = \"dipole-intensity\"\nensemble = \"S\"\ndelays = [0, 1, \"2*pi\"]\n\
         [[correlations]]\nname = \"own_1\"\nstart = \"steady\"\n\
         operators = { a = [\"create(a)\", \"lower(S)\"], b = [\"raise(S)\", \"annihilate(a)\"], c = [\"sz(S)\"] }\n",
    );
    let study = study.expect("good");
    let [light, atoms, own] = study.correlations.as_slice() else { panic!("{:?}", study.correlations) };
    assert_eq!(light.correlation, Correlation::amplitude(0).connected());
    assert_eq!(light.frequencies.as_deref(), Some(&[-1.0, -0.5, 0.0, 0.5, 1.0][..]));
    assert_eq!(atoms.correlation, Correlation::dipole_intensity(0));
    assert_eq!(atoms.delays.as_ref().map(|d| d[2]), Some(std::f64::consts::TAU));
    assert_eq!(own.correlation.a, Operator::create(0) * Operator::lower(0));
    assert_eq!(own.correlation.c, Some(Operator::sz(0)));
    assert_eq!(own.formula, "<[sz(S)](t) [create(a) lower(S)](t+tau) [raise(S) annihilate(a)](t)>");
    let resolved = study.resolved();
    assert_eq!(resolved["correlations"][0]["frequencies"][4], 1.0);
    assert_eq!(resolved["correlations"][2]["start"], "steady");
    assert!(read("").expect("good").resolved().get("correlations").is_none());
}

#[test]
fn every_entry_of_the_table_can_be_read() {
    for definition in CORRELATIONS {
        let subject = match definition.subject.keys() {
            ["mode"] => "mode = \"a\"",
            _ => "ensemble = \"S\"",
        };
        let text = format!("[[correlations]]\nname = \"x\"\nkind = \"{}\"\n{subject}\n", definition.name);
        let study = read(&text).unwrap_or_else(|e| panic!("{}: {e}", definition.name));
        assert_eq!(study.correlations[0].formula, definition.formula);
        assert_eq!(study.correlations[0].tagged, definition.tagged.then_some(0));
    }
}

#[test]
fn faults_name_key_and_what_is_allowed() {
    const LIGHT: &str = "name = \"x\"\nkind = \"amplitude\"\nmode = \"a\"\n";
    // The table begins in line 10.
    let cases = [
        ("kind = \"amplitude\"\nmode = \"a\"\n", "needs `name`", 10),
        ("name = \"a/b\"\nkind = \"amplitude\"\nmode = \"a\"\n", "letters a-z, digits", 11),
        ("name = \"x\"\n", "needs `kind`", 11),
        ("name = \"x\"\nkind = \"amplitud\"\nmode = \"a\"\n", "did you mean 'amplitude'", 12),
        ("name = \"x\"\nkind = \"amplitude\"\nmode = \"b\"\n", "unknown mode 'b'", 13),
        ("name = \"x\"\nkind = \"amplitude\"\n", "needs `mode`", 10),
        ("name = \"x\"\nkind = \"amplitude\"\nmode = \"a\"\nensemble = \"S\"\n", "no key `ensemble`", 14),
        ("name = \"x\"\nkind = \"side-light\"\nmode = \"a\"\n", "needs `ensemble`", 10),
        ("name = \"x\"\noperators = { a = [\"create(a)\"] }\n", "`b` of operators", 12),
        ("name = \"x\"\noperators = { a = [\"make(a)\"], b = [\"create(a)\"] }\n", "unknown word 'make'", 12),
        ("name = \"x\"\noperators = { a = [], b = [\"create(a)\"] }\n", "`a` of operators", 12),
    ];
    for (table, words, line) in cases {
        let (said, at) = refused(table);
        assert!(said.contains(words), "{table}: {said}");
        assert_eq!(at, line, "{table}: {said}");
    }
    let more = [
        ("start = 2.0\n", "a time from 0 to 1"),
        ("operators = { a = [\"create(a)\"], b = [\"create(a)\"] }\n", "not both"),
        ("frequencies = [0.0, 2.0, 1.0]\n", "strictly increasing"),
        ("frequencies = { from = 0.0, to = 1.0, points = 2 }\n", "`points`"),
        ("frequencies = { from = 1.0, to = 0.0, points = 5 }\n", "strictly increasing"),
        ("delays = [-1.0, 0.0, 1.0]\n", "numbers >= 0"),
        ("delays = 3\n", "a table { from, to, points }"),
        ("frequncies = [0, 1, 2]\n", "did you mean 'frequencies'"),
    ];
    for (line, words) in more {
        let (said, at) = refused(&format!("{LIGHT}{line}"));
        assert!(said.contains(words), "{line}: {said}");
        assert_eq!(at, 14, "{line}: {said}");
    }
    let (said, _) = refused(&format!("{LIGHT}[[correlations]]\n{}", LIGHT.replace('x', "X")));
    assert!(said.contains("no other correlation"), "{said}");
    let g2 = "name = \"x\"\nkind = \"intensity\"\nmode = \"a\"\n";
    assert!(refused(&format!("{g2}frequencies = [0, 1, 2]\n")).0.contains("this has three"));
    assert!(refused(&format!("{g2}connected = true\n")).0.contains("no connected part"));
}
