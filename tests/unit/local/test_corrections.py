"""The corrections fit the ministack that is installed. When one of these fails, read its new source first."""

import base64
import copy
import inspect
import io
import json
import re
import time
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ministack import app
from ministack.core import iam_actions, lambda_runtime, persistence
from ministack.services import dynamodb, lambda_svc, ses, stepfunctions

from local.emulator import durability, extraction, iam, lambdas, mail, patch, speed
from local.emulator.__main__ import load
from local.emulator.config import EmulatorConfig
from local.emulator.patch import ABSENT, Emulator, EmulatorChangedError, Patch
from local.process import ROOT

PLUGINS = ("bench.usage",)


def emulator(home: Path = Path("/nowhere"), **modules: Any) -> Emulator:
    """With these instead of ministack's modules, by their last name."""
    services = {f"services.{name}": module for name, module in modules.items()}
    core = {f"core.{name}": module for name, module in modules.items()}
    return Emulator(EmulatorConfig(home=home, port=1), services | core)


def an_archive() -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("python/module.py", "value = 1")
    return base64.b64encode(content.getvalue()).decode()


ARCHIVE = an_archive()


def double(module: ModuleType) -> Any:
    """The module's names in an object of their own, so that a test changes nothing for others."""
    return SimpleNamespace(**vars(module))


def test_every_correction_fits_the_installed_emulator() -> None:
    patch.refuse_changed(emulator(), load(PLUGINS))


def test_a_changed_original_is_refused_with_the_corrections_name_and_nothing_is_replaced() -> None:
    module = SimpleNamespace(changed=inspect.getsource, same="text", entries={})
    fits = Patch("services.x", "same", lambda *_: "replaced", patch.fingerprint("text"), "")
    changed = Patch("services.x", "changed", lambda *_: "replaced", "12345678", "")
    new = Patch("services.x", "entries.New", lambda *_: "added", ABSENT, "")
    with pytest.raises(EmulatorChangedError, match=r"services\.x\.changed is \w{8} and not 12345678 \(.*<lambda>\)"):
        patch.install(emulator(x=module), [fits, changed])
    assert module.same == "text"
    patch.install(emulator(x=module), [fits, new])
    assert (module.same, module.entries) == ("replaced", {"New": "added"})
    with pytest.raises(EmulatorChangedError, match=r"entries\.New is \w{8} and not absent"):
        patch.install(emulator(x=module), [new])


def test_another_version_is_refused_even_if_what_is_replaced_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patch, "version", lambda _: "9.9.9")
    with pytest.raises(EmulatorChangedError, match=r"9\.9\.9 is installed.*What they replace is the same"):
        patch.install(emulator(), load(PLUGINS))


def test_the_documentation_lists_every_correction_and_nothing_else() -> None:
    corrections = {each.correction for each in load(PLUGINS)}
    text = (ROOT / "docs" / "emulator.md").read_text()
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| "))
    modules = {name.partition(".")[0] for name in corrections}
    listed = {name for name in re.findall(r"`(\w+\.\w+)`", rows) if name.partition(".")[0] in modules}
    assert listed == corrections
    tests = set(re.findall(r"`(tests/[\w/]+(?:\.py)?)`", rows))
    assert tests
    assert [name for name in sorted(tests) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("each", load(PLUGINS), ids=lambda each: f"{each.correction}-{each.name}")
def test_a_correction_says_what_it_does_and_its_page_is_linked(each: Patch) -> None:
    assert (each.wrapper.__doc__ or "").strip()
    text = (ROOT / "docs" / "emulator.md").read_text()
    assert [page for page in each.aws.split() if f"https://{page}" not in text] == []


def test_corrections_of_one_name_wrap_each_other_in_their_order() -> None:
    module = SimpleNamespace(name="a")
    first = Patch("services.x", "name", lambda original, _: original + "b", patch.fingerprint("a"), "")
    second = Patch("services.x", "name", lambda original, _: original + "c", patch.fingerprint("a"), "")
    patch.install(emulator(x=module), [first, second])
    assert module.name == "abc"


def test_a_fragment_that_is_not_there_exactly_once_is_refused() -> None:
    assert patch.replace_once("a b", "b", "c") == "a c"
    for text in ("a", "b b"):
        with pytest.raises(EmulatorChangedError):
            patch.replace_once(text, "b", "c")


def test_slots_replace_functions_of_the_same_shape() -> None:
    assert list(inspect.signature(lambda_svc._acquire_execution_slot).parameters) == ["func", "config"]
    assert list(inspect.signature(lambda_svc._release_execution_slot).parameters) == ["key"]
    source = inspect.getsource(lambda_svc._execute_function)
    assert "slot, limit = _acquire_execution_slot(func, config)" in source
    assert "_release_execution_slot(slot)" in source
    assert lambda_svc._reserved_concurrency({"concurrency": 0}, {}) == 0
    assert lambda_svc._reserved_concurrency({}, {}) is None


def test_the_worker_script_is_corrected() -> None:
    script = lambdas.exceptions_by_name(lambda_runtime._PYTHON_WORKER_SCRIPT, emulator())
    compile(script, "worker", "exec")
    assert '"errorType": type(e).__name__' in script
    assert list(inspect.signature(lambda_svc._execute_function_warm).parameters) == ["func", "event", "request_id"]
    assert "_PYTHON_WORKER_SCRIPT" in inspect.getsource(lambda_runtime._detect_runtime_binary), "read at each spawn"


def test_archives_are_read_as_expected() -> None:
    source = inspect.getsource(lambda_runtime.Worker._spawn)
    assert source.count("zipfile.ZipFile(") == 2
    assert "zf.extractall(code_dir)" in source
    assert "lzf.extractall(layer_dir)" in source
    assert "from ministack.services.lambda_svc import _resolve_layer_zip" in source, "looked up at each spawn"


def test_an_archive_is_unpacked_once_and_linked(tmp_path: Path) -> None:
    here = emulator(tmp_path)
    cache = here.config.extracted_dir
    cache.mkdir()
    archives = extraction.shared_archives(zipfile, here)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("package/module.py", "value = 1")
        archive.writestr("top.py", "value = 2")
    inodes = set()
    for name in ("one", "two"):
        path, target = tmp_path / f"{name}.zip", tmp_path / name
        path.write_bytes(content.getvalue())
        target.mkdir()
        with archives.ZipFile(path) as shared:
            # What is unpacked was checked before.
            assert shared.namelist() == (["package/module.py", "top.py"] if name == "one" else [])
            shared.extractall(str(target))
        assert (target / "top.py").read_text() == "value = 2"
        inodes.add((target / "package" / "module.py").stat().st_ino)
        assert not path.exists()
    assert len(inodes) == 1
    assert len(list(cache.iterdir())) == 1


def test_the_saver_writes_what_ministack_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persistence, "PERSIST_STATE", True)
    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path))
    # The saver changes these in the forked child, where nobody else sees it; here they are put back.
    monkeypatch.setattr(persistence, "json", json)
    monkeypatch.setattr(speed.COPIES, "deepcopy", speed.COPIES.deepcopy)
    monkeypatch.setattr(copy, "deepcopy", copy.deepcopy)
    services = SimpleNamespace(
        __name__="app", _build_persistence_save_dict=lambda: {"sqs": lambda: {"queues": {"q": b"\x00"}}}
    )
    durability.saver(services, persistence)()
    monkeypatch.setattr(persistence, "json", json)
    assert persistence.load_state("sqs") == {"queues": {"q": b"\x00"}}
    durability.saver(app, persistence)


def test_the_state_functions_copy_by_the_name_the_saver_replaces() -> None:
    assert "copy.deepcopy" in inspect.getsource(ses.get_state)
    assert "json.dump(" in inspect.getsource(persistence.save_state)
    assert "os.replace(tmp, path)" in inspect.getsource(persistence.save_state)


def test_mails_are_part_of_the_state() -> None:
    first, second = double(ses), double(ses)
    first._sent_emails = {"entries": [{"Subject": "Hello"}]}
    second._sent_emails = {}
    state = mail.mails_in_the_state(ses.get_state, emulator(ses=first))()
    mail.mails_from_the_state(ses.load_persisted_state, emulator(ses=second))(state)
    assert second._sent_emails == {"entries": [{"Subject": "Hello"}]}


def test_layers_are_kept_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_svc, "CODE_BLOB_DIR", str(tmp_path / "code"))
    here = emulator(tmp_path)
    answer = lambda_svc._publish_layer_version("kept", {"Content": {"ZipFile": ARCHIVE}})
    assert answer[0] == 201
    try:
        state = json.loads(
            json.dumps(durability.layers_as_files(lambda_svc.get_state, here)(), default=persistence._json_default)
        )
        assert ARCHIVE not in json.dumps(state)
        restored = json.loads(json.dumps(state), object_hook=persistence._json_object_hook)
        lambda_svc._layers.clear()
        durability.layers_from_files(lambda_svc.load_persisted_state, here)(restored)
        assert lambda_svc._layers["kept"]["versions"][0]["_zip_data"] == base64.b64decode(ARCHIVE)
    finally:
        lambda_svc._layers.clear()
    assert "copy.deepcopy(_layers)" in inspect.getsource(lambda_svc.get_state)


@pytest.mark.parametrize(
    ("statement", "action", "resource"),
    [
        ('UPDATE "Table" SET a=? WHERE PK=?', "PartiQLUpdate", "table/Table"),
        ('INSERT INTO "Table" VALUE {}', "PartiQLInsert", "table/Table"),
        ("insert into Table value {}", "PartiQLInsert", "table/Table"),
        ('DELETE FROM "Table" WHERE PK=?', "PartiQLDelete", "table/Table"),
        ('SELECT a, b FROM "Table" WHERE PK=?', "PartiQLSelect", "table/Table"),
        ('SELECT * FROM "Table"."ByName"', "PartiQLSelect", "table/Table/index/ByName"),
    ],
)
def test_a_statement_is_authorised_by_what_it_does(statement: str, action: str, resource: str) -> None:
    checks = iam.partiql_statements(iam_actions.dynamodb_transaction_checks, emulator())
    body = json.dumps({"Statements": [{"Statement": text} for text in (statement, "EXISTS(?)", statement)]}).encode()
    assert checks("dynamodb:BatchExecuteStatement", body, "eu", "1") == [
        (f"dynamodb:{action}", f"arn:aws:dynamodb:eu:1:{resource}"),
        ("dynamodb:PartiQLSelect", "*"),
    ]
    assert checks("dynamodb:GetItem", b"{}", "eu", "1") == []
    assert "dynamodb_transaction_checks(iam_action, body, region" in inspect.getsource(app._dispatch_service_request)


def test_a_mark_becomes_a_failure_by_class_name() -> None:
    body = {"errorMessage": "no", "errorType": "MyError", "stackTrace": ["line"], "_ministack_handler_error": True}
    assert lambdas.as_on_aws({"body": body, "log": "said"}) == {
        "body": {"errorMessage": "no", "errorType": "MyError", "stackTrace": ["line"]},
        "error": True,
        "log": "said\nline",
    }


@pytest.mark.parametrize(
    ("message", "name", "expected"),
    [
        ("Worker process died", "Runtime.HandlerError", "Runtime.ExitError"),
        ("[Errno 32] Broken pipe", "Runtime.HandlerError", "Runtime.ExitError"),
        ("Worker process exited immediately. stderr: ", "RuntimeError", "Runtime.ExitError"),
        ("Worker init failed: ImportError: x", "RuntimeError", "Runtime.ImportModuleError"),
        ("Task timed out after 3.00 seconds", "Sandbox.Timedout", "Sandbox.Timedout"),
    ],
)
def test_an_environments_end_has_its_aws_name(message: str, name: str, expected: str) -> None:
    result = lambdas.as_on_aws({"body": {"errorMessage": message, "errorType": name}, "error": True})
    assert result["body"]["errorType"] == expected


@pytest.mark.parametrize("result", [{"body": None}, {"body": {"ok": 1}, "log": ""}, {"body": "text"}])
def test_a_success_is_left_alone(result: dict[str, Any]) -> None:
    assert lambdas.as_on_aws(result) == result


def test_workers_are_started_as_the_forks_expect() -> None:
    source = inspect.getsource(lambda_runtime)
    assert source.count("subprocess.") == 2 * 4, "two calls of Popen, with three pipes each"
    assert "[binary, worker_path]," in source


def test_what_is_counted_is_called_by_its_name() -> None:
    source = inspect.getsource(dynamodb.handle_request)
    for name in ("_put_item", "_update_item", "_delete_item", "_transact_write_items", "_get_item", "_batch_get_item"):
        assert f": {name}," in source
    assert "_execute_statement(sub)" in inspect.getsource(dynamodb._batch_execute_statement)


def test_only_the_pause_before_an_execution_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    corrected = speed.no_pause_before_an_execution(time, emulator())
    corrected.sleep(0.15)
    corrected.sleep(2)
    assert slept == [2]
    assert stepfunctions.time is time
