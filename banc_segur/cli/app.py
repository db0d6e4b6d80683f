"""The typer application, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from banc_segur.cli import erreurs, list_command, prove, repondre, run, serve, test
from banc_segur.errors import BancError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Banc Ségur : éprouver la chaîne INSi – DMP – MSSanté d'un établissement.",
)
app.command("run", help="Jouer les scénarios et écrire le rapport.")(run.run)
app.command("serve", help="Laisser les simulateurs en marche, sur des ports fixes.")(serve.serve)
app.command("repondre", help="Répondre à une question posée à une personne.")(repondre.repondre)
app.command("list", help="Lister scénarios, règles, exigences.")(list_command.list_command)
app.command("prove", help="Prouver chaque règle par un défaut injecté dans le témoin.")(prove.prove)
app.command("test", help="Lancer les tests du projet.", context_settings={"ignore_unknown_options": True})(test.test)


def main() -> NoReturn:
    """Run the command line; every error that stops us is one French sentence on standard error."""
    try:
        code = app(standalone_mode=False)
    except BancError as error:
        sys.stderr.write(f"banc : {error}\n")
        sys.exit(error.exit_code)
    except typer._click.exceptions.UsageError as error:
        sys.stderr.write(f"banc : {erreurs.usage(error.format_message())} Essayez ./banc --help.\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("banc : interrompu.\n")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left (`./banc list | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:  # a fault of ours: kept whole in a file, said in one sentence
        sys.stderr.write(f"banc : {erreurs.imprevue(error)}\n")
        sys.exit(BancError.exit_code)
    sys.exit(code or 0)
