"""Keeps what a sandbox holds in a SQLite file.

Stores live in memory and write every change here as well, many changes to one transaction.
`durable()` returns when those made so far are committed: a reply that waits for it survives a kill
of the server.
"""

import asyncio
import sqlite3

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
"""


class Journal:
    """Changes on their way to SQLite. Without a path they are forgotten.

    tables: CREATE TABLE IF NOT EXISTS statements.
    """

    def __init__(self, path, tables):
        self.connection = None
        self.changes = []
        self.committed = None
        if path is not None:
            self.connection = sqlite3.connect(path, isolation_level=None)
            self.connection.executescript(PRAGMAS + tables)

    def write(self, statement, *rows):
        """Note a statement to be run once per row at the next commit."""
        if self.connection is not None and rows:
            self.changes.append((statement, rows))
            self.soon()

    def soon(self):
        """Commit once the requests at hand have been handled."""
        if self.committed is None:
            loop = asyncio.get_running_loop()
            self.committed = loop.create_future()
            loop.call_soon(self.commit)

    async def durable(self):
        """Return when everything written so far is committed."""
        if self.committed is not None:
            await asyncio.shield(self.committed)

    def commit(self):
        committed, self.committed = self.committed, None
        changes, self.changes = self.changes, []
        self.connection.execute("BEGIN")
        for statement, rows in changes:
            self.connection.executemany(statement, rows)
        self.connection.execute("COMMIT")
        committed.set_result(None)

    def read(self, statement):
        return self.connection.execute(statement) if self.connection is not None else ()

    def close(self):
        if self.connection is not None:
            if self.committed is not None:
                self.commit()
            self.connection.close()
