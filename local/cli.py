"""The commands behind the Makefile: ``python -m local.cli <command>``."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from lambdas.domain.models.access import Role
from local import stack as stacks
from local import target as targets
from local.aws import account_client as _account_client
from local.demo import EXAMPLES, Demo, examples
from local.demo_view import TerminalView, addresses, show_failure, show_result
from local.http import StackError
from local.process import LocalStackError
from local.reviewers import throwaway_tenants
from local.stack import Stack
from local.target import Target, TargetError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The local stack.", pretty_exceptions_enable=False)

# Without a terminal (CI, a pipe) the width is unknown.
_out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
_err = Console(stderr=True, highlight=False)

Home = Annotated[Path | None, typer.Option(envvar="CAMPAIGN_HOME", help="Where everything is kept (default: .local).")]
Port = Annotated[int | None, typer.Option(envvar="CAMPAIGN_PORT", help="Where to listen (default: 4566).")]
DEFAULT_EXAMPLE = "b2b-software-launch"


@app.command()
def up(home: Home = None, port: Port = None) -> None:
    """Start the stack in the background, or update a running one."""
    stack = _up(home, port)
    _out.print(addresses(stack))


@app.command()
def down(home: Home = None) -> None:
    """Stop the stack; its state is kept for the next start."""
    _out.print("stopped" if stacks.stop(home) else "the local stack was not running")


@app.command()
def status(home: Home = None) -> None:
    """Show whether the stack runs, and its URLs."""
    stack = _running(home)
    _out.print(f"running, process {stack.pid}")
    _out.print(addresses(stack))


@app.command()
def token(
    tenant: str,
    role: str,
    home: Home = None,
    aws: Annotated[
        bool, typer.Option("--aws", help="For the API deployed in the account of your credentials.")
    ] = False,
    keys: Annotated[str, typer.Option(help="Where that API's keys are in Secrets Manager.")] = "campaign/api-keys",
) -> None:
    """Print a bearer token and nothing else."""
    roles = [each.value for each in Role]
    if not aws and tenant not in stacks.tenants():
        _refuse(f"TENANT is one of {', '.join(stacks.tenants())}, not {tenant!r}")
    if role not in roles:
        _refuse(f"ROLE is one of {', '.join(roles)}, not {role!r}")
    if aws:
        signed = targets.api_token(_account_client("secretsmanager"), keys, tenant, role)
    else:
        signed = _running(home).token(tenant, role)
    sys.stdout.write(signed + "\n")


Context = Annotated[list[str] | None, typer.Option("-c", "--context", help="name=value, as `make deploy` gets it.")]


@app.command()
def preflight(context: Context = None) -> None:
    """Check what a deployment to the account of your credentials lacks; create nothing."""
    from local.preflight import Preflight, Verdict, table
    from local.synth import assembly
    from local.wanted import Wanted

    values = dict(each.split("=", 1) for each in context or [] if "=" in each)
    try:
        wanted = Wanted.read(assembly(context=values))
    except LocalStackError as error:
        _err.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(1) from None
    findings = Preflight(wanted, _account_client).run()
    _out.print(table(findings))
    missing = sum(finding.verdict is Verdict.MISSING for finding in findings)
    if missing:
        _err.print(f"[red]{missing} problem{'' if missing == 1 else 's'} to solve before a deployment can succeed[/]")
        raise typer.Exit(1)


@app.command("prepare-account")
def prepare_account() -> None:
    """Set the role with which API Gateway writes access logs, in the account and region of your credentials."""
    from local.aws import prepare_logs

    try:
        _out.print(prepare_logs(_account_client), soft_wrap=True)
    except (ClientError, BotoCoreError) as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None


@app.command()
def logs(
    home: Home = None, minutes: Annotated[float, typer.Option(help="Maximum age of the first lines.")] = 5.0
) -> None:
    """Follow the Lambdas' logs until Ctrl-C."""
    _follow(_running(home), datetime.now(UTC) - timedelta(minutes=minutes))


class DlqAction(StrEnum):
    LIST = "list"
    REPLAY = "replay"


@app.command()
def dlq(
    action: DlqAction,
    home: Home = None,
    aws: Annotated[
        bool, typer.Option("--aws", help="The account of your credentials instead of the local stack.")
    ] = False,
    prefix: Annotated[str, typer.Option(help="Name prefix of the stage, if the account has several.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The maximum number of messages.")] = 100,
) -> None:
    """List the direct invocations that were refused for good, or send them again."""
    from local.dead_letters import Letters

    client = _account_client if aws else _running(home).client
    found, refused = 0, 0
    try:
        queue = Letters(client("sqs"), client("lambda"), prefix)
        with queue.in_hand(limit) as letters:
            for letter in letters:
                found += 1
                error = queue.replay(letter) if action is DlqAction.REPLAY else f"{letter.error}: {letter.message}"
                refused += error is not None
                _out.print(f"{escape(letter.name)}: {escape(error or 'started')}", soft_wrap=True)
    except (LookupError, ClientError, BotoCoreError) as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None
    _out.print(f"{found} message{'' if found == 1 else 's'}" + (", and there may be more" if found == limit else ""))
    if action is DlqAction.REPLAY and refused:
        raise typer.Exit(1)


@app.command("stack-file")
def stack_file(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    prefix: Annotated[str, typer.Option(help="Name prefix of the stage, if the account has several.")] = "",
) -> None:
    """Write the stack file of the stage in the account and region of your credentials, for `make verify`."""
    try:
        targets.write(out, targets.describe(_account_client, prefix))
    except (TargetError, ClientError, BotoCoreError) as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None
    _out.print(f"{out}: {Target.load(out).api_url}", soft_wrap=True)


@app.command("verify-clean")
def verify_clean(
    stack: Annotated[Path, typer.Option(help="The stack file.")],
    run: Annotated[str, typer.Option(help="The name of the run, if it had one.")] = "",
) -> None:
    """Remove what an interrupted run of `make verify` left behind."""
    from local.removal import Removal

    try:
        target = Target.load(stack)
        for tenant in throwaway_tenants(run):
            removed = Removal(target, tenant).run()
            what = ", ".join(f"{number} {kind}" for kind, number in removed.items() if number) or "nothing left"
            _out.print(f"{tenant}: {what}")
    except (TargetError, StackError, ClientError, BotoCoreError) as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None


@app.command()
def run(home: Home = None, port: Port = None) -> None:
    """Run the stack in the foreground: URLs, a curl command, then the logs. Ctrl-C stops it and keeps its state."""
    started = datetime.now(UTC)
    _stop_on_termination()
    stack = _up(home, port)
    _out.print(addresses(stack))
    _out.print("\n[bold]Start a campaign[/] (paste this into another terminal)\n")
    sys.stdout.write(_curl(stack) + "\n\n")
    _out.print("[dim]Logs follow. Ctrl-C stops the stack and keeps its state for the next `make run`.[/]\n")
    try:
        _follow(stack, started)
    finally:
        _out.print("\nsaving the state and stopping")
        stack.stop()


@app.command()
def demo(
    home: Home = None,
    port: Port = None,
    example: Annotated[str, typer.Option(help="A folder of examples/.")] = DEFAULT_EXAMPLE,
) -> None:
    """Run one campaign from brief to approval; stops the stack afterwards if it was not running before."""
    if example not in examples():
        _refuse(f"EXAMPLE is one of {', '.join(examples())}, not {example!r}")
    _stop_on_termination()
    view = TerminalView(_out)
    walk: Demo | None = None
    stack: Stack | None = None
    try:
        with view.step("Start the local stack"):
            stack = Stack.up(home, port, view.say)
        walk = Demo(view, EXAMPLES / example)
        walk.run(stack)
        show_result(_out, walk, stack)
    except KeyboardInterrupt:
        _err.print("interrupted")
        raise typer.Exit(130) from None
    except Exception as error:  # noqa: BLE001 - whatever it was, the panel says so and the command fails
        log = (home or stacks.default_home()) / "emulator.log"
        show_failure(_err, view, error, walk, str(log))
        raise typer.Exit(1) from None
    finally:
        if stack is not None and stack.started:
            stack.stop()
    if stack.started:
        _out.print("[dim]The stack was stopped and its state kept: `make run` starts it again.[/]")


def _up(home: Path | None, port: int | None) -> Stack:
    try:
        with _err.status("starting") as spinner:
            return Stack.up(home, port, lambda what: _tell(spinner, what))
    except LocalStackError as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None


def _tell(spinner: object, what: str) -> None:
    if _err.is_terminal and not what.startswith("port "):
        spinner.update(what)  # type: ignore[attr-defined]  # rich.status.Status
    else:
        _err.print(f"[dim]{escape(what)}[/]")


def _stop_on_termination() -> None:
    """Make ``kill`` of this command stop the stack, as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _running(home: Path | None) -> Stack:
    try:
        return Stack.running(home)
    except LocalStackError as error:
        _err.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from None


def _follow(stack: Stack, since: datetime) -> None:
    from local.logs import follow

    try:
        for line in follow(stack.client("logs"), since):
            _out.print(line, soft_wrap=True)
    except KeyboardInterrupt:
        return


def _curl(stack: Stack) -> str:
    brief = os.path.relpath(EXAMPLES / DEFAULT_EXAMPLE / "campaign.json")
    return (
        f"curl -i -X POST {stack.api_url}/campaigns \\\n"
        f"  -H 'Authorization: Bearer {stack.token('acme', 'manager')}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  --data @{brief}"
    )


def _refuse(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
