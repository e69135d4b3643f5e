"""The central database: engine, unit of work, repository, migrations."""
