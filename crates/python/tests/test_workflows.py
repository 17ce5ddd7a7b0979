"""What is done with studies, the extras, the command line of the wheel."""

import builtins
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT, STUDIES, hears_ctrl_c

import superladder
from superladder import Study


def test_the_liouvillian_solves_the_study(small):
    sparse = pytest.importorskip("scipy.sparse")
    integrate = pytest.importorskip("scipy.integrate")
    study = Study.from_string(small)
    exported = study.exported()
    matrix = study.liouvillian()
    assert sparse.issparse(matrix) and matrix.dtype == np.complex128
    assert matrix.shape[0] == len(exported.initial) == exported.ket.shape[0]
    trace = exported.expectations["photons(a)"]
    solved = integrate.solve_ivp(
        lambda t, rho: matrix @ rho, (0, 2), exported.initial, method="DOP853", rtol=1e-9, atol=1e-11, t_eval=study.times
    )
    np.testing.assert_allclose(trace @ solved.y, study.run()["photons(a)"], atol=1e-6)


def test_the_liouvillian_has_as_many_rows_as_inspect_says(small):
    pytest.importorskip("scipy")
    study = Study.from_string(small)
    assert study.liouvillian().shape[0] == study.inspect().unknowns
    with pytest.raises(superladder.StudyError, match="follows the state"):
        Study.from_string(small, set={"modes.a.cutoff": "auto"}).liouvillian()


def test_steady_states(small):
    pumped = small.replace("cutoff = 8", "cutoff = 14") + "[[channels]]\nkind = 'pumping'\nensemble = 'S'\nrate = 0.3\n"
    steady = Study.from_string(pumped, set={"output.observables": ["photons(a)", "amplitude(a)"]}).steady()
    assert steady.converged and steady.count == 1 and steady.gap > 0
    assert steady["photons(a)"] > 0 and abs(steady["amplitude(a)"]) < 1e-9 and steady.error["photons(a)"] < 1e-6
    assert steady.slow[0].values.dtype == np.complex128 and "stationary" in steady.report
    with pytest.raises(superladder.StudyError, match="no stationary states"):
        Study.from_string(pumped, set={"engine.kind": "truncated-wigner", "output.observables": ["photons(a)"]}).steady()
    with pytest.raises(ValueError, match="tolerance must be"):
        Study.from_string(pumped).steady(tolerance=0.0)


def test_sweeps_and_comparisons_are_tables(small, tmp_path):
    study = Study.from_string(small, set={"output.observables": ["photons(a)", "amplitude(a)"]})
    swept = study.sweep({"channels.0.rate": np.array([0.1, 0.2])}, output=tmp_path / "sweep", progress=False)
    assert len(swept["summary"]["channels.0.rate"]) == 2 and (tmp_path / "sweep" / "sweep.svg").is_file()
    at = swept["sweep"]["channels.0.rate"] == 0.2
    np.testing.assert_array_equal(swept["sweep"]["photons(a)"][at], study.run()["photons(a)"])
    assert list(superladder.load(tmp_path / "sweep")) == list(swept)
    with pytest.raises(superladder.StudyError, match="exists"):
        study.sweep({"channels.0.rate": [0.1]}, output=tmp_path / "sweep", progress=False)
    compared = study.compare(["cumulant", "exact"], progress=False)
    exact = compared["compare"]["photons(a) [exact]"]
    np.testing.assert_array_equal(exact, study.run()["photons(a)"])
    assert compared.path is None and compared.report
    with pytest.raises(ValueError, match="did you mean 'exact'"):
        study.compare(["exat"])


def test_equations_fixed_points_and_cumulants(small):
    study = Study.from_string(small, set={"output.observables": ["photons(a)"]})
    equations = study.equations(order=1)
    assert equations._repr_latex_().startswith("$$\\begin{aligned}") and "<Q(a)>" in equations.text
    assert study.equations(order=1, numbers=True).text != equations.text
    assert study.mean_field().fixed_points[0].eigenvalues.dtype == np.complex128
    second = study.cumulants(order=2, progress=False)
    assert second.engine == "cumulant" and second.manifest["configuration"]["engine"]["order"] == 2
    with pytest.raises(superladder.StudyError, match="closure"):
        study.cumulants(closure="none")
    with pytest.raises(ValueError, match="order must be from 1 to 6"):
        study.equations(order=7)


def test_a_saved_state_is_found_from_the_folder_of_the_study(small, tmp_path):
    file = tmp_path / "first.toml"
    file.write_text(small)
    program = os.path.join(os.path.dirname(sys.executable), "superladder")
    target = str(tmp_path / "out")
    subprocess.run([program, "run", str(file), "-o", target, "--quiet", "--save-state"], check=True)
    own = 'initial = { state = "coherent", amplitude = 0.5 }\n'
    next_one = small.replace(own, "").replace('initial = { state = "down" }\n', "")
    (tmp_path / "second.toml").write_text(next_one + '[initial]\nstate = "file"\nfile = "out"\n')
    study = Study.from_toml(tmp_path / "second.toml", set={"output.observables": ["photons(a)"]})
    last = superladder.load(tmp_path / "out")["photons(a)"][-1]
    assert abs(study.run()["photons(a)"][0] - last) < 1e-12
    assert study.inspect().engine == "exact", "commands find it too"


def test_extras_that_are_absent_are_named(small, monkeypatch):
    result = Study.from_string(small).run()
    original = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.split(".")[0] in ("pandas", "xarray", "matplotlib", "qutip"):
            raise ImportError(f"No module named {name!r}")
        return original(name, *arguments, **keywords)

    for name in list(sys.modules):
        if name.split(".")[0] in ("pandas", "xarray", "matplotlib", "qutip"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.import_module", without)
    cases = [
        (result.to_pandas, "pandas"),
        (result.to_xarray, "xarray"),
        (result.plot, "plot"),
        (result.state("a").to_qutip, "qutip"),
    ]
    for call, extra in cases:
        with pytest.raises(ImportError, match=rf"pip install 'superladder\[{extra}\]'"):
            call()


def test_frames_and_datasets(small, tmp_path):
    result = Study.from_string(small).run()
    frame = pytest.importorskip("pandas") and result.to_pandas()
    assert list(frame.columns)[0] == "photons(a)" and frame.index.name == "t"
    xarray = pytest.importorskip("xarray")
    dataset = result.to_xarray()
    np.testing.assert_array_equal(dataset["amplitude(a)"].values, result["amplitude(a)"])
    assert list(dataset["spin(S).1"].values) == ["x", "y", "z"]
    pytest.importorskip("h5netcdf")
    result.to_netcdf(tmp_path / "result.nc")
    with xarray.open_dataset(tmp_path / "result.nc", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["amplitude(a).im"].values, result["amplitude(a)"].imag)
        assert json.loads(back.attrs["manifest"])["converged"] is True


def test_pictures(small):
    pytest.importorskip("matplotlib").use("Agg")
    result = Study.from_string(small).run()
    ax = result.plot(["photons(a)", "spin(S)"])
    assert [line.get_label() for line in ax.lines] == ["photons(a)", "spin(S).x", "spin(S).y", "spin(S).z"]
    assert result.plot("photons(a)", ax=ax) is ax
    with pytest.raises(KeyError, match="did you mean"):
        result.plot("photon(a)")


def test_qutip_agrees(small):
    qutip = pytest.importorskip("qutip")
    piqs = pytest.importorskip("qutip.piqs.piqs")
    result = Study.from_string(small).run()
    a = qutip.tensor(qutip.destroy(9), qutip.qeye(3))
    sz, sp, sm = (qutip.tensor(qutip.qeye(9), qutip.jmat(1, kind)) for kind in ("z", "+", "-"))
    hamiltonian = a.dag() * a + sz + 0.4 / np.sqrt(2) * (a * sp + a.dag() * sm)
    start = qutip.tensor(qutip.coherent(9, 0.5, method="analytic").unit(), qutip.basis(3, 2))
    options = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 100000}
    solved = qutip.mesolve(hamiltonian, start, result.t, [np.sqrt(0.2) * a], e_ops=[a.dag() * a, a, sz], options=options)
    for ours, theirs in zip(("photons(a)", "amplitude(a)", "spin(S).z"), solved.expect):
        np.testing.assert_allclose(result[ours], theirs, atol=1e-6)
    state = result.state("S").to_qutip()
    jz = piqs.jspin(2, "z")
    assert abs((jz * state).tr() - result["spin(S).z"][-1]) < 1e-12
    assert abs(result.state("a").to_qutip().tr() - 1) < 1e-12


def test_the_wheel_carries_the_command_line(tmp_path):
    program = os.path.join(os.path.dirname(sys.executable), "superladder")
    listed = subprocess.run([program, "list", "engines"], capture_output=True, text=True, check=True)
    assert all(engine in listed.stdout for engine in superladder.ENGINES)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert superladder.__version__ in version.stdout
    wrong = subprocess.run([program, "run", str(tmp_path / "none.toml")], capture_output=True, text=True)
    assert wrong.returncode == 2 and "cannot read the study" in wrong.stderr
    as_module = subprocess.run([sys.executable, "-m", "superladder", "--version"], capture_output=True, text=True)
    assert as_module.stdout == version.stdout


def test_ready_studies_are_read():
    names = sorted(STUDIES.glob("*.toml"))
    assert len(names) > 20 and (ROOT / "Cargo.toml").is_file()
    for path in names:
        if path.stem not in ("paper-fig2", "paper-fig3", "paper-fig5", "paper-fig6"):
            assert Study.from_toml(path).name == path.stem


def started(arguments, **options):
    """A process that is interrupted once it is at work."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, **pipes, preexec_fn=hears_ctrl_c, **options)
    time.sleep(2.0)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    return process.returncode, out, err


def test_ctrl_c_ends_the_command_line_of_the_wheel_with_a_checkpoint(long, tmp_path):
    (tmp_path / "long.toml").write_text(long)
    program = os.path.join(os.path.dirname(sys.executable), "superladder")
    code, out, err = started([program, "run", str(tmp_path / "long.toml"), "-o", str(tmp_path / "out")])
    assert code == 1 and "interrupted" in out, err
    assert (tmp_path / "out.checkpoint").is_file() and superladder.load(tmp_path / "out").interrupted


def test_ctrl_c_ends_a_sweep_and_it_goes_on(long, tmp_path):
    (tmp_path / "long.toml").write_text(long)
    script = (
        "import sys, superladder\n"
        "study = superladder.Study.from_toml(sys.argv[1])\n"
        "try:\n"
        "    study.sweep({'time.end': [0.5, 1e5]}, output=sys.argv[2], threads=1, progress=False)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    target = tmp_path / "sweep"
    code, out, err = started([sys.executable, "-c", script, str(tmp_path / "long.toml"), str(target)])
    assert (code, out) == (0, "stopped\n") and not target.exists(), err
    study = Study.from_toml(tmp_path / "long.toml")
    with pytest.raises(superladder.StudyError, match="interrupted.*resume=True"):
        study.sweep({"time.end": [0.5, 1.0]}, output=target, progress=False)
    swept = study.sweep({"time.end": [0.5, 1.0]}, output=target, resume=True, progress=False)
    assert len(swept["summary"]["time.end"]) == 2
