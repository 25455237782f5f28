"""``python -m app.cli``: the command line without the installed script."""

from app.cli.main import main

main()
