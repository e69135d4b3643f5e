"""How Alembic reaches the database: by the program's own settings, online or offline (``--sql``)."""

from __future__ import annotations

import logging.config

from alembic import command, context

from nexuslims_logger.config import load_settings
from nexuslims_logger.db.engine import build_engine, database_url
from nexuslims_logger.db.guards import opening
from nexuslims_logger.db.migrate import migrating
from nexuslims_logger.db.schema_check import ours, quiet_autogenerate
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.models import Base

config = context.config
_RANGE = (context.get_starting_revision_argument, context.get_revision_argument)


def run_offline() -> None:
    """Print the statements instead of running them."""
    url = database_url(load_settings())
    on_server = url.get_backend_name() in SERVERS
    context.configure(
        url=url,
        target_metadata=Base.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transactional_ddl=not on_server,
    )
    if on_server and not stamping():
        start, end = (full_name(argument()) for argument in _RANGE)
        # Revisions are numbered: their names are in order.
        for statement in opening(start, upgrade=(end or "") > (start or "")):
            context.execute(statement)
    elif not on_server:
        context.execute("PRAGMA foreign_keys = OFF")
    with context.begin_transaction():
        context.run_migrations()


def full_name(revision: object) -> str | None:
    """Return the revision that was typed in short, None for the base."""
    found = context.script.get_revision(str(revision)) if revision else None
    return found.revision if found else None


def stamping() -> bool:
    """Whether only a revision is written down: the one command that asks nothing of the tables."""
    return config.cmd_opts is not None and config.cmd_opts.cmd[0] is command.stamp


def run_online() -> None:
    """Migrate the engine that the program gives, or the one that the settings name."""
    given = config.attributes.get("engine")
    engine = given or build_engine(load_settings(), patient=True)
    try:
        with engine.connect() as connection, quiet_autogenerate(), migrating(connection):
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                include_object=ours,
                transactional_ddl=connection.dialect.name not in SERVERS,
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        if given is None:
            engine.dispose()


if config.config_file_name is not None:
    # Only the alembic command has a file; inside the program its own logging stands.
    logging.config.fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    run_online()
