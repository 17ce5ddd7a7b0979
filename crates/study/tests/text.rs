//! What stands beside the problem in a study: its title, and the table of another command.

use superladder_study::Study;

#[test]
fn a_title_names_parameters() {
    let study = |title: &str| {
        let text = format!(
            "title = '{title}'\n[parameters]\nN = 6\n[ensembles.S]\nsize = 'N'\nfrequency = 1\n[time]\nend = 1\npoints = 2\n"
        );
        Study::parse("study.toml", "study", &text, &["parameters.N=8".to_owned()])
    };
    assert_eq!(study("{N} spins").expect("valid").title, "8 spins");
    assert_eq!(study("{N} spins").expect("valid").title_over(&["N"]), "... spins");
    let said = study("{M} spins").expect_err("no such parameter").to_string();
    assert!(said.contains("unknown parameter 'M'") && said.contains('N'), "{said}");
}

#[test]
fn a_nonsense_breakdown_is_told_when_the_study_is_read() {
    let study = |table: &str| {
        let text = format!(
            "[parameters]\nN = 6\n[modes.a]\nfrequency = 1\ncutoff = 2\n[ensembles.S]\nsize = 'N'\nfrequency = 1\n[time]\nend = 1\npoints = 2\n[breakdown]\n{table}\n[[breakdown.engines]]\nengine = 'cumulant'\nvalues = [2, 4]\n"
        );
        Study::parse("study.toml", "study", &text, &[]).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(study("criteria = ['aa']"), Ok(()));
    for (table, word) in [
        ("criteria = ['aaa']", "aaa"),
        ("threshold = -1", "threshold"),
        ("treshold = 0.1", "treshold"),
        ("average = 'perod'", "average"),
        ("parameter = 'M'", "parameter"),
    ] {
        let said = study(table).expect_err(table);
        assert!(said.contains(word) && said.contains("study.toml"), "{said}");
    }
}
