"""A client, pool or engine is made each time a request or job runs."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Client, Kind, Mode, Runs

_EACH = {Runs.REQUEST: "request", Runs.JOB: "job", Runs.LOOP: "turn of the loop"}
_WORKERS = "Cloudflare Workers"


def check(client: Client) -> Iterator[Finding]:
    """Speaks only where an entry point of a framework is proven to lead to the constructor."""
    if not client.opens or not client.lifetime.repeats or any(each.opens for each in client.wraps):
        return  # it opens nothing itself: the client behind it is judged
    if client.right_per_request or any(each.right_per_request for each in client.wraps):
        return
    if client.deployable is not None and _WORKERS in client.deployable.frameworks:
        return  # connections cannot be kept between requests there
    single = client.kind is Kind.CONNECTION
    if single and (client.lifetime.runs is Runs.LOOP or client.varies or _pooled(client)):
        return  # a reconnecting loop; somebody's own database or password; a short connection to a pooler
    each = _EACH[client.lifetime.runs]
    if single:
        what = f"opens a new connection for every {each}, so that each one pays for connecting"
    else:
        count = client.limit.count if client.limit is not None else None
        size = f" of up to {count} connections" if count and count > 1 else " of one connection" if count else ""
        what = f"makes a new {_noun(client)}{size} for every {each}, so that nothing is reused"
    certain = client.certain and client.lifetime.runs is Runs.REQUEST
    yield Finding(
        client.at,
        f"`{client.call}` {what} and the server runs out of connections under load (`sorry, too many clients "
        "already`).",
        _remedy(client),
        client.lifetime.because,
        Certainty.HIGH if certain else Certainty.MEDIUM,
    )


def _pooled(client: Client) -> bool:
    """Does every connection string that is known lead through a pooler."""
    return bool(client.urls) and all(url.route.mode not in (Mode.DIRECT, Mode.UNKNOWN) for url in client.urls)


def _noun(client: Client) -> str:
    return "engine with a pool" if client.library in ("SQLAlchemy", "pandas") else "pool"


def _remedy(client: Client) -> str:
    name = client.variable.rpartition(".")[2]
    if client.kind is Kind.POOL and client.varies:
        table = "dictionary" if client.at.path.endswith(".py") else "`Map`"
        return (
            f"Keep one for each connection string in a {table} at module level, and look there before making another."
        )
    if client.call.endswith(".initialize"):
        return f"Call `{client.call}()` once, when the process starts, and leave it open: no `destroy()` here."
    match client.type:
        case "psycopg2.connection":
            return (
                "Make one `psycopg2.pool.ThreadedConnectionPool(1, 10, dsn)` at module level, take a connection "
                "with `pool.getconn()` here and "
                "give it back with `pool.putconn(connection)` in `finally:`."
            )
        case "psycopg.connection":
            kind = "Async" if "Async" in client.call else ""
            return (
                f"Open one `psycopg_pool.{kind}ConnectionPool(conninfo)` when the process starts and write "
                f"`{'async ' if kind else ''}with pool.connection() as connection:` here."
            )
        case "asyncpg.connection":
            return (
                "Make one `await asyncpg.create_pool(dsn)` when the application starts and write "
                "`async with pool.acquire() as connection:` here."
            )
        case "asyncpg.pool":
            return (
                "Make the pool once, in the application's start-up hook, and write `async with "
                "pool.acquire() as connection:` here."
            )
        case "aiopg.connection" | "aiopg.pool":
            return (
                "Make one `await aiopg.create_pool(dsn)` when the application starts and write "
                "`async with pool.acquire() as connection:` here."
            )
        case "pg8000.connection" | "pg8000.native":
            return (
                'pg8000 has no pool: make one `sqlalchemy.create_engine("postgresql+pg8000://…")` at module level and write '
                "`with engine.connect() as connection:` here."
            )
        case "databases.Database":
            return (
                f"Make `{name or 'database'}` once, at module level, with `await database.connect()` when the application "
                "starts and `await database.disconnect()` when it ends; here only send queries."
            )
        case "peewee.Database" | "peewee.Pool":
            return (
                f"Make `{name or 'database'}` once, at module level, as a `PooledPostgresqlDatabase`; per request only "
                "`database.connect(reuse_if_open=True)` and `database.close()`, which gives the connection back."
            )
        case "tortoise.Tortoise":
            return (
                "Call it once, when the process starts (`register_tortoise(app, …)` in a web application, the worker's "
                "start-up hook in a queue), and `Tortoise.close_connections()` when it ends."
            )
        case "pandas.DataFrame":
            return "Make `engine = create_engine(url)` once, at module level, and give pandas that one as `con`."
        case "sqlalchemy.Engine" | "sqlalchemy.AsyncEngine":
            return f"Call `{client.call}` once, at module level, and make only the session or connection here."
        case "pg.Client":
            return (
                "Make one `const pool = new Pool(…)` at module level and send queries with "
                "`pool.query(…)`: it takes a connection and gives it back."
            )
        case _:
            pass
    if client.at.path.endswith(".py"):
        return (
            f"Make `{name or 'the pool'}` once, at module level or in the application's start-up "
            "hook, and use that one here."
        )
    made = f"const {name or 'pool'} = {client.call}(…)"
    guarded = client.deployable is not None and bool(client.deployable.hot_reload)
    kept = ", kept on `globalThis` so that hot reload does not make more of them" if guarded else ""
    return f"Move `{made}` to module level, in a file of its own{kept}, and import it here."
