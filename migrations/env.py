"""How Alembic reaches the database: by the program's own settings, online or offline (``--sql``)."""

from __future__ import annotations

import logging.config

from alembic import context

from nexuslims_logger.config import load_settings
from nexuslims_logger.db.engine import build_engine, database_url
from nexuslims_logger.db.migrate import METADATA_LOCK_TIMEOUT_S, migrating, quiet_autogenerate
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.models import Base

config = context.config


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
    if on_server:
        context.execute(f"SET SESSION time_zone = '+00:00', lock_wait_timeout = {METADATA_LOCK_TIMEOUT_S}")
    else:
        context.execute("PRAGMA foreign_keys = OFF")
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the engine that the program gives, or the one that the settings name."""
    given = config.attributes.get("engine")
    engine = given or build_engine(load_settings(), patient=True)
    try:
        with engine.connect() as connection, quiet_autogenerate(), migrating(connection):
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
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
