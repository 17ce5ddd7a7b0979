"""Runs: the numbers of the command line, golden numbers, refusals, interrupts, threads, processes."""

import copy
import csv
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import ROOT, STUDIES, hears_ctrl_c

import superladder
from superladder import NotConvergedError, NotConvergedWarning, Study, StudyError


def program() -> str:
    """The command line that was installed beside this interpreter."""
    return os.path.join(os.path.dirname(sys.executable), "superladder")


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal shapes, types and bits, NaN too."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("engine", ["exact", "cumulant", "mean-field", "truncated-wigner", "trajectories"])
def test_numbers_are_those_of_the_command_line_in_every_bit(tmp_path, engine):
    given = {"engine.kind": engine, "time.end": 2.0, "time.points": 6, "engine.trajectories": 16, "engine.samples": 64}
    given["output.observables"] = ["photons(a)", "amplitude(a)", "spin(S)", "spin(T)"]
    if engine == "exact":
        given["output.observables"] = ["default", "purity", "photon-distribution(a)", "reduced-state(T)"]
    file = tmp_path / "study.toml"
    text = (STUDIES / "first-run.toml").read_text()
    if engine in ("truncated-wigner", "trajectories"):
        text = text[: text.index("[method]")] + text[text.index("[output]") :]
    file.write_text(text)
    arguments = [f"--set={key}={superladder._toml.value(value, key)}" for key, value in given.items()]
    done = subprocess.run(
        [program(), "run", str(file), "-o", str(tmp_path / "out"), "--quiet", *arguments], capture_output=True, text=True
    )
    assert done.returncode in (0, 3), done.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConvergedWarning)
        result = Study.from_toml(file, set=given).run()
    with (tmp_path / "out" / "observables.csv").open(newline="") as table:
        heading, *rows = list(csv.reader(table))
    columns = result.columns()
    assert [name for name in heading if not name.startswith("diagnostic.")] == list(columns)
    for name, cells in zip(heading, np.array(rows, dtype=float).T):
        ours = result.diagnostics[name[11:]] if name.startswith("diagnostic.") else columns[name]
        assert same_bits(ours, cells), name
    loaded = superladder.load(tmp_path / "out")
    assert list(loaded) == list(result) and loaded.converged == result.converged
    assert all(same_bits(loaded[name], result[name]) for name in result)
    assert loaded.manifest["configuration"] == result.manifest["configuration"]
    assert len(loaded.error) == len(result.error) == (0 if engine in ("exact", "cumulant", "mean-field") else len(result))


def test_golden_numbers():
    """Reference trajectories of another program, good to 1e-11."""
    rows = np.genfromtxt(ROOT / "data/reference/golden/N2_nmax12_lam0.2_t10.csv", delimiter=",", names=True)
    result = Study.from_toml(
        STUDIES / "golden-N4.toml", set={"N": 2, "lambda": 0.2, "modes.a.cutoff": 12}
    ).run(threads=1)
    np.testing.assert_allclose(result.t, rows["t"], atol=1e-14)
    np.testing.assert_allclose(result["amplitude(a)"], rows["re_a"] + 1j * rows["im_a"], atol=1e-9)
    np.testing.assert_allclose(result["photons(a)"] / 2, rows["n_over_N"], atol=1e-9)
    np.testing.assert_allclose(result["spin(S).x"] / 2, rows["Sx_over_N"], atol=1e-9)
    np.testing.assert_allclose(result["purity"], rows["purity"], atol=1e-9)


def test_types_and_shapes(small):
    result = Study.from_string(small).run()
    assert result["amplitude(a)"].dtype == np.complex128 and result["amplitude(a)"].shape == (11,)
    assert result["photons(a)"].dtype == np.float64
    assert result["spin(S)"].shape == (11, 3) and result.components("spin(S)") == ["x", "y", "z"]
    assert same_bits(result["spin(S).z"], result["spin(S)"][:, 2])
    assert same_bits(result["amplitude(a).im"], result["amplitude(a)"].imag)
    assert result["reduced-state(a)"].shape == (11, 9, 9)
    assert result.converged and result.reasons == [] and "converged" in repr(result)
    with pytest.raises(KeyError, match="did you mean 'photons\\(a\\)'"):
        result["photon(a)"]
    with pytest.raises(KeyError, match="does not sample"):
        result.error["photons(a)"]


def test_reduced_states(small):
    result = Study.from_string(small).run()
    mode, spins = result.state("a"), result.state("S")
    number = np.einsum("tnn,n->t", mode.matrices, np.arange(9)).real
    np.testing.assert_allclose(number, result["photons(a)"], atol=1e-12)
    assert spins.spins == 2 and spins.sizes == [1, 3]
    piqs = np.array([spins.to_piqs(index) for index in range(11)])
    # PIQS counts m downwards from N/2 in the first block, so that S^z is diag(1, 0, -1, 0).
    z = np.einsum("tnn,n->t", piqs, [1, 0, -1, 0]).real
    np.testing.assert_allclose(z, result["spin(S).z"], atol=1e-12)
    np.testing.assert_allclose(np.trace(piqs, axis1=1, axis2=2), 1, atol=1e-12)
    raising = np.zeros((4, 4))
    raising[0, 1] = raising[1, 2] = np.sqrt(2)
    x = np.trace(piqs @ (raising + raising.T) / 2, axis1=1, axis2=2).real
    np.testing.assert_allclose(x, result["spin(S).x"], atol=1e-12)
    with pytest.raises(KeyError, match="reduced-state\\(b\\)"):
        result.state("b")


def test_a_dictionary_with_numbers_of_numpy_is_the_same_study(small):
    tables = {
        "modes": {"a": {"frequency": np.float64(1), "cutoff": np.int64(8), "initial": {"state": "coherent", "amplitude": 0.5}}},
        "ensembles": {"S": {"size": np.int32(2), "frequency": np.float32(1), "initial": {"state": "down"}}},
        "interactions": [{"kind": "tavis-cummings", "mode": "a", "ensemble": "S", "strength": np.array(0.4)}],
        "channels": [{"kind": "cavity-loss", "mode": "a", "rate": 0.2}],
        "time": {"end": 2.0, "points": np.uint8(11)},
        "output": {"observables": ["photons(a)", "amplitude(a)"]},
    }
    wanted = {"output.observables": ["photons(a)", "amplitude(a)"]}
    ours, text = Study.from_dict(tables).run(), Study.from_string(small, set=wanted).run()
    assert same_bits(ours["amplitude(a)"], text["amplitude(a)"])
    tables["modes"]["a"]["cutoff"] = {8}
    with pytest.raises(TypeError, match="modes.a.cutoff must be .* \\(set\\)"):
        Study.from_dict(tables)
    tables["modes"]["a"]["cutoff"] = 8
    tables["channels"][0]["rat"] = 0.1
    with pytest.raises(StudyError, match="did you mean 'rate'") as caught:
        Study.from_dict(tables)
    line = caught.value.text.splitlines()[caught.value.line - 1]
    assert caught.value.key == "rat" and line[caught.value.column - 1 :].startswith("rat")


def test_faults_have_their_place(small, tmp_path):
    file = tmp_path / "wrong.toml"
    file.write_text(small.replace("cutoff = 8", "cutoff = 8\ncutof = 8"))
    with pytest.raises(StudyError) as caught:
        Study.from_toml(file)
    error = caught.value
    assert (error.file, error.line, error.column, error.key) == (str(file), 5, 1, "cutof")
    assert isinstance(error, ValueError) and "did you mean 'cutoff'" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (again.line, str(again)) == (error.line, str(error))
    with pytest.raises(StudyError) as caught:
        Study.from_string(small, set={"modes.b.cutoff": 3})
    assert caught.value.key == "modes.b.cutoff" and caught.value.line is None
    with pytest.raises(StudyError, match="purity"):
        Study.from_string(small.replace('"spin(S)"', '"purity"')).run(engine="cumulant")
    with pytest.raises(FileNotFoundError):
        Study.from_toml(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for file, words in ((tmp_path / "bytes.toml", "not UTF-8"), ("/dev/zero", "larger than 16 MiB")):
        with pytest.raises(ValueError, match=words):
            Study.from_toml(file)


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"thread": 1}, TypeError, "did you mean 'threads'"),
        ({"threads": "2"}, TypeError, "threads must be a whole number"),
        ({"threads": True}, TypeError, "threads must be a whole number"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"threads": 100000}, ValueError, "threads must be from 1 to"),
        ({"engine": "exakt"}, ValueError, "did you mean 'exact'"),
        ({"engine": 3}, TypeError, "engine must be a string"),
        ({"callback": 3}, TypeError, "callback must be callable"),
        ({"until": "1"}, TypeError, "until must be a number"),
        ({"until": -1.0}, ValueError, "until must be"),
        ({"until": float("nan")}, ValueError, "until must be"),
        ({"progress": 1}, TypeError, "progress must be"),
        ({"set": ["N=2"]}, TypeError, "set must be a mapping"),
        ({"set": {1: 2}}, TypeError, "a key of set must be a string"),
        ({"set": {"modes.a.cutoff": object()}}, TypeError, "modes.a.cutoff must be"),
    ],
)
def test_arguments_are_refused_by_name(small, keywords, error, words):
    with pytest.raises(error, match=words):
        Study.from_string(small).run(**keywords)


def test_a_run_ends_at_an_output_time(small):
    study = Study.from_string(small)
    whole, part = study.run(), study.run(until=1.05)
    assert part.t[-1] == 1.0 and part.converged and part.manifest["until"] == 1.05
    np.testing.assert_allclose(part["photons(a)"], whole["photons(a)"][: len(part.t)], atol=1e-7)


def test_bits_do_not_depend_on_threads(small):
    study = Study.from_string(small, set={"engine.kind": "trajectories", "engine.trajectories": 32})
    results = [study.run(threads=threads, set={"output.observables": ["photons(a)", "amplitude(a)"]}) for threads in (1, 2, 3)]
    assert all(same_bits(result["photons(a)"], results[0]["photons(a)"]) for result in results)
    assert all(same_bits(result.error["amplitude(a)"], results[0].error["amplitude(a)"]) for result in results)
    assert results[0].manifest["threads"] == 1 and results[2].manifest["threads"] == 3


def test_runs_go_on_side_by_side(small):
    study, found = Study.from_string(small), {}

    def run(number):
        found[number] = study.run(threads=1)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = study.run()
    assert len(found) == 4 and all(same_bits(r["amplitude(a)"], alone["amplitude(a)"]) for r in found.values())


def test_studies_and_results_are_pickled(small):
    study = Study.from_string(small, set={"modes.a.cutoff": 7}, name="kept")
    again = pickle.loads(pickle.dumps(study))
    assert (again.text, again.name) == (study.text, "kept")
    result = study.run()
    kept, copied = pickle.loads(pickle.dumps(result)), copy.deepcopy(result)
    for other in (kept, copied, again.run()):
        assert list(other) == list(result) and other.reasons == result.reasons
        assert all(same_bits(other[name], result[name]) for name in result)
    assert same_bits(kept.state("S").to_piqs(), result.state("S").to_piqs())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_runs(small):
    study = Study.from_string(small)
    before = study.run(threads=2)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(writer, study.run(threads=2)["photons(a)"].tobytes())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        assert status == 0 and pipe.read() == before["photons(a)"].tobytes()


def test_a_callback_hears_the_time_and_what_it_raises_is_passed_on(small, long):
    heard = []
    Study.from_string(small).run(callback=heard.append)
    assert heard[-1] == 2.0

    class Enough(Exception):
        pass

    def enough(time):
        raise Enough(time)

    begun = time.monotonic()
    with pytest.raises(Enough) as caught:
        Study.from_string(long).run(callback=enough)
    assert time.monotonic() - begun < 5
    partial = caught.value.result
    assert partial.interrupted and not partial.converged and len(partial.t) >= 1
    with pytest.raises(Enough) as caught:
        Study.from_string(small).run(callback=enough)
    assert caught.value.result.converged, "what was raised at the end loses nothing"


def test_ctrl_c_gives_the_partial_result(long, tmp_path):
    (tmp_path / "long.toml").write_text(long.replace("points = 11", "points = 100001").replace(', "reduced-state(a)", "reduced-state(S)"', ""))
    script = textwrap.dedent(
        """
        import sys, warnings, superladder
        study = superladder.Study.from_toml(sys.argv[1])
        print("ready", flush=True)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            result = study.run(threads=1)
        kinds = [w.category.__name__ for w in told]
        print(result.interrupted, len(result.t), kinds, result["photons(a)"][0], flush=True)
        try:
            study.run(strict=True)
        except KeyboardInterrupt as stop:
            print("strict", stop.result.interrupted)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "long.toml")],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hears_ctrl_c,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    interrupted, times, kinds, photons = process.stdout.readline().split()
    assert time.monotonic() - begun < 2.5
    assert interrupted == "True" and int(times) > 1 and kinds == "['NotConvergedWarning']"
    assert abs(float(photons) - 0.25) < 1e-12
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "strict True\n" and process.wait(10) == 0


def test_what_is_not_converged_is_told(small):
    study = Study.from_string(small, set={"bounds.top_population": 1e-20})
    with pytest.warns(NotConvergedWarning, match="top_population") as told:
        result = study.run()
    assert told[0].filename == __file__, "the warning points at the line of the user"
    assert not result.converged and "NOT CONVERGED" in repr(result)
    with pytest.raises(NotConvergedError) as caught:
        study.run(strict=True)
    assert same_bits(caught.value.result["photons(a)"], result["photons(a)"])
    assert pickle.loads(pickle.dumps(caught.value)).result.reasons == result.reasons


def test_a_call_costs_little(small):
    """Beside the run itself a call makes a thread pool, arrays and a manifest."""
    study = Study.from_string(small.replace('"reduced-state(a)", "reduced-state(S)"', '"purity"'))
    study.run()
    overheads = []
    for _ in range(20):
        begun = time.perf_counter()
        result = study.run()
        overheads.append(time.perf_counter() - begun - result.manifest["evolution_wall_seconds"])
    print(f"overhead of a call: {1e3 * sorted(overheads)[10]:.2f} ms")
    # The bound of the requirement is 2 ms; machines that test are busy.
    assert sorted(overheads)[2] < 0.01
