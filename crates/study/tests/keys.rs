//! The table of keys says what the readers read.

use superladder_study::{Complaint, Fault, Plan, STUDY_TABLES, Study, StudyError};

const STUDY: &str = r#"#top
[parameters]
N = 4
#parameters
[modes.a]
frequency = 1.0
cutoff = 3
#modes
[ensembles.S]
size = "N"
frequency = 1.0
#ensembles
[[quenches]]
time = 1.0
set = { N = 4 }
#quenches
[time]
end = 2.0
points = 5
#time
[bounds]
#bounds
[output]
#output
[initial]
state = "mean-field"
time = 1
#initial
[[correlations]]
name = "light"
kind = "amplitude"
mode = "a"
#correlations
[breakdown]
#breakdown
[[breakdown.engines]]
engine = "mean-field"
values = [2]
#breakdown.engines
"#;

/// Keys that the reader of a table knows, from its message about one that it does not.
fn known(place: &str) -> Vec<String> {
    let marker = format!("#{place}\n");
    assert!(STUDY.contains(&marker), "{place}");
    let text = STUDY.replace(&marker, "not_a_key = 1\n");
    let error = if place.starts_with("breakdown") {
        let home = std::env::temp_dir().join(format!("superladder-keys-{}-{place}.toml", std::process::id()));
        std::fs::write(&home, &text).expect("a file");
        let error = Plan::load(&home, &[]).map(|_| ()).expect_err(place);
        std::fs::remove_file(&home).expect("removed");
        error
    } else {
        Study::parse("study.toml", "study", &text, &[]).map(|_| ()).expect_err(place)
    };
    let StudyError::Invalid(complaint) = error else { panic!("{place}: {error}") };
    let Complaint { fault: Fault::UnknownKey { known, .. }, .. } = *complaint else {
        panic!("{place}: {}", complaint.fault)
    };
    known
}

#[test]
fn the_table_of_keys_is_what_the_readers_ask_for() {
    let listed = |heading: &str| -> Vec<String> {
        let table = STUDY_TABLES.iter().find(|t| t.heading == heading).expect("a table");
        table.keys.iter().map(|k| k.name.to_owned()).collect()
    };
    let tables = [
        ("modes", "[modes.NAME]"),
        ("ensembles", "[ensembles.NAME]"),
        ("quenches", "[[quenches]]"),
        ("time", "[time]"),
        ("bounds", "[bounds]"),
        ("output", "[output]"),
        ("initial", "[initial]"),
        ("correlations", "[[correlations]]"),
        ("breakdown", "[breakdown]"),
    ];
    for (place, heading) in tables {
        let (mut listed, mut read) = (listed(heading), known(place));
        // The list of engines is a table of its own.
        read.retain(|key| place != "breakdown" || key != "engines");
        // What a ready correlation is taken of is in the list of those.
        read.retain(|key| place != "correlations" || key != "mode");
        listed.sort();
        read.sort();
        assert_eq!(listed, read, "{heading}");
    }
    // Options of the engine stand beside the keys of an entry of `breakdown.engines`.
    let read = known("breakdown.engines");
    for key in listed("[[breakdown.engines]]") {
        let replaced = ["from", "to", "points"].contains(&key.as_str());
        assert!(replaced || read.contains(&key), "{key}: {read:?}");
    }
    // The top of the file: its keys and the first words of all headings.
    let mut top: Vec<String> = listed("");
    for table in STUDY_TABLES.iter().filter(|t| !t.heading.is_empty()) {
        let word = table.heading.trim_matches(['[', ']']).split('.').next().expect("a word").to_owned();
        if !top.contains(&word) {
            top.push(word);
        }
    }
    top.sort();
    assert_eq!(top, known("top"));
}

#[test]
fn messages_say_what_an_expression_amounts_to() {
    let text = STUDY.replace("N = 4\n#", "N = 4.5\n#");
    let error =
        Study::parse("study.toml", "study", &text, &[]).map(|_| ()).expect_err("half a spin").to_string();
    assert!(error.contains("\"N\", which is 4.5"), "{error}");
}
