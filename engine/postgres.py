# SPDX-License-Identifier: Apache-2.0
"""What the failures of PostgreSQL and of the way to it mean, said once for every store."""

from typing import Final

import asyncpg

# All that may come out of a call to the driver. TimeoutError is an OSError.
FOREIGN: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_OUT_OF_REACH: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting, and statement_timeout
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby answered
    # The server's last word met a statement on its way to it: the driver no longer knows where it stands.
    asyncpg.InternalClientError,
)


def out_of_reach(error: BaseException) -> bool:
    """Return whether the error says that the database was not reached, and the same may be asked again.

    A `ValueError` of the driver is a value of the wrong type: our bug, and not an outage.
    """
    if isinstance(error, asyncpg.InterfaceError):  # closed under us
        return not isinstance(error, ValueError)
    return isinstance(error, _OUT_OF_REACH)
