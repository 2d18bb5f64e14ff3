"""The flow analysis on Python."""

import pytest

from pooltlint.outline.flow import Effect, Fate

from .flow_cases import Case, check

ALWAYS, LEAKS, NEVER, HANDED, UNKNOWN = Fate.ALWAYS, Fate.LEAKS, Fate.NEVER, Fate.HANDED_ON, Fate.UNKNOWN

CASES = [
    # --- straight lines
    Case(
        "released at the end, but not when a call raises",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            conn.execute("a")  # ! exception
            pool.putconn(conn)
    """,
    ),
    Case(
        "nothing between checkout and release",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            pool.putconn(conn)
    """,
    ),
    Case(
        "nothing that raises in between",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            print("got it")
            x = conn.info
            pool.putconn(conn)
    """,
    ),
    Case(
        "never released",
        NEVER,
        """
        async def f():
            conn = await pool.acquire()
            return await conn.fetch("a")  # ! exception, return
    """,
    ),
    Case(
        "never released, no exit but the end",
        NEVER,
        """
        def f():
            conn = pool.getconn()
            print(conn.info)  # ! end
    """,
    ),
    Case(
        "never bound",
        NEVER,
        """
        def f():
            pool.getconn().execute("a")  # ! exception, end
    """,
    ),
    Case(
        "closed in a chain",
        ALWAYS,
        """
        def f():
            pool.getconn().close()
    """,
    ),
    Case(
        "keyword argument releases",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            pool.putconn(conn=conn)
    """,
    ),
    # --- try and finally
    Case(
        "try and finally",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                return conn.execute("a")
            finally:
                pool.putconn(conn)
    """,
    ),
    Case(
        "checkout inside try, guarded",
        ALWAYS,
        """
        def f():
            conn = None
            try:
                conn = pool.getconn()
                conn.execute("a")
            finally:
                if conn is not None:
                    pool.putconn(conn)
    """,
    ),
    Case(
        "checkout inside try, guarded by truth",
        ALWAYS,
        """
        def f():
            conn = None
            try:
                conn = pool.getconn()
                conn.execute("a")
            except ValueError:
                raise
            finally:
                if conn:
                    conn.close()
    """,
    ),
    Case(
        "checkout inside try, guarded by its own state",
        ALWAYS,
        """
        def f():
            conn = None
            try:
                conn = pool.getconn()
                conn.execute("a")
            finally:
                if conn and not conn.closed:
                    conn.close()
    """,
    ),
    Case(
        "guarded by locals()",
        ALWAYS,
        """
        def f():
            try:
                conn = pool.getconn()
                conn.execute("a")
            finally:
                if "conn" in locals():
                    conn.close()
    """,
    ),
    Case(
        "exception between checkout and try",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            cur = conn.cursor()  # ! exception
            try:
                cur.execute("a")
            finally:
                pool.putconn(conn)
    """,
    ),
    Case(
        "something raises in finally in front of the release",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            finally:
                audit()  # ! exception
                pool.putconn(conn)
    """,
    ),
    Case(
        "released in a finally inside finally",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            finally:
                try:
                    audit()
                finally:
                    pool.putconn(conn)
    """,
    ),
    Case(
        "finally without release",
        NEVER,
        """
        def f():
            conn = pool.getconn()
            try:
                return conn.execute("a")  # ! exception, return
            finally:
                print("done")
    """,
    ),
    Case(
        "nested try, only the inner has a finally",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                prepare(conn)
                try:
                    conn.execute("a")
                finally:
                    conn.close()
            except Exception:
                log("failed")
            # the exception of prepare() is swallowed
            return 1  # ! return
    """,
    ),
    # --- except
    Case(
        "released in try and in except",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                rows = conn.execute("a")
                pool.putconn(conn)
                return rows
            except Exception:
                pool.putconn(conn)
                raise
    """,
    ),
    Case(
        "released in try only, swallowed",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
                pool.putconn(conn)
            except Exception as e:
                print(e)  # ! end
    """,
    ),
    Case(
        "released in try only, raised again",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
                pool.putconn(conn)
            except Exception:
                raise  # ! raise
    """,
    ),
    Case(
        "a typed handler may miss",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")  # ! exception
                pool.putconn(conn)
            except KeyError:
                pool.putconn(conn)
    """,
    ),
    Case(
        "typed handler and a general one",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            except (KeyError, ValueError):
                print("a")
            except Exception:
                print("b")
            pool.putconn(conn)
    """,
    ),
    Case(
        "bare except",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            except:
                print("a")
            pool.putconn(conn)
    """,
    ),
    Case(
        "rollback in the handler may fail",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            except Exception:
                conn.rollback()  # ! exception*
                pool.putconn(conn)
                raise
            pool.putconn(conn)
    """,
    ),
    Case(
        "rollback in the handler, release in finally",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
                conn.commit()
            except Exception:
                conn.rollback()
                raise
            finally:
                pool.putconn(conn)
    """,
    ),
    Case(
        "else clause",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
            except Exception:
                conn.close()
            else:
                conn.commit()  # ! exception
                conn.close()
    """,
    ),
    Case(
        "raise that its own handler catches",
        ALWAYS,
        """
        def f(ok):
            conn = pool.getconn()
            try:
                if not ok:
                    raise HTTPException(404)
            except HTTPException:
                conn.close()
                raise
            conn.close()
    """,
    ),
    Case(
        "raise that another handler would catch",
        LEAKS,
        """
        def f(ok):
            conn = pool.getconn()
            try:
                if not ok:
                    raise KeyError(ok)  # ! raise
            except ValueError:
                conn.close()
                raise
            conn.close()
    """,
    ),
    Case(
        "checkout fails inside the try",
        ALWAYS,
        """
        def f():
            try:
                conn = pool.getconn()
            except Exception:
                raise RuntimeError("no connection")
            conn.close()
    """,
    ),
    Case(
        "suppress swallows",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            with contextlib.suppress(KeyError):
                conn.execute("a")  # ! exception
                conn.close()
                return
            print("missed")  # ! end
    """,
    ),
    # --- leaving early
    Case(
        "early return",
        LEAKS,
        """
        def f(x):
            conn = pool.getconn()
            if not x:
                return None  # ! return
            conn.close()
    """,
    ),
    Case(
        "early return that releases",
        ALWAYS,
        """
        def f(x):
            conn = pool.getconn()
            if not x:
                conn.close()
                return None
            conn.close()
    """,
    ),
    Case(
        "early raise",
        LEAKS,
        """
        def f(x):
            conn = pool.getconn()
            if not x:
                raise ValueError("x")  # ! raise
            conn.close()
    """,
    ),
    Case(
        "return in front of the checkout",
        ALWAYS,
        """
        def f(x):
            if not x:
                return None
            conn = pool.getconn()
            conn.close()
    """,
    ),
    Case(
        "elif chain, one arm forgets",
        LEAKS,
        """
        def f(x):
            conn = pool.getconn()
            if x == 1:
                conn.close()
                return 1
            elif x == 2:
                return 2  # ! return
            elif x == 3:
                conn.close()
                return 3
            else:
                conn.close()
    """,
    ),
    Case(
        "the process ends",
        ALWAYS,
        """
        def f(x):
            conn = pool.getconn()
            if not x:
                sys.exit(1)
            conn.close()
    """,
    ),
    Case(
        "match",
        LEAKS,
        """
        def f(x):
            conn = pool.getconn()
            match x:
                case 1:
                    conn.close()
                    return 1
                case 2:
                    return 2  # ! return
            conn.close()
    """,
    ),
    # --- with
    Case(
        "with gives it back",
        ALWAYS,
        """
        def f():
            with pool.connect() as conn:
                return conn.execute("a")
    """,
        managed=True,
    ),
    Case(
        "with does not give it back",
        NEVER,
        """
        def f():
            with psycopg2.connect("a") as conn:
                return conn.execute("a")  # ! exception, return
    """,
    ),
    Case(
        "with on a variable",
        ALWAYS,
        """
        def f():
            conn = pool.connect()
            with conn:
                conn.execute("a")
    """,
        managed=True,
    ),
    Case(
        "something in front of with on a variable",
        LEAKS,
        """
        def f():
            conn = pool.connect()
            prepare()  # ! exception
            with conn:
                conn.execute("a")
    """,
        managed=True,
    ),
    Case(
        "async with",
        ALWAYS,
        """
        async def f():
            async with pool.acquire() as conn:
                await conn.fetch("a")
    """,
        managed=True,
    ),
    Case(
        "with and an explicit close",
        ALWAYS,
        """
        def f():
            with pool.connect() as conn:
                conn.execute("a")
                conn.close()
    """,
        managed=True,
    ),
    Case(
        "with something else",
        LEAKS,
        """
        def f():
            conn = pool.connect()
            with conn.cursor() as cur:  # ! exception
                cur.execute("a")  # ! exception
            conn.close()
    """,
    ),
    Case(
        "closing",
        ALWAYS,
        """
        def f():
            with contextlib.closing(pool.connect()) as conn:
                conn.execute("a")
    """,
    ),
    Case(
        "closing a variable",
        ALWAYS,
        """
        def f():
            conn = pool.connect()
            with closing(conn), conn.cursor() as cur:
                cur.execute("a")
    """,
    ),
    Case(
        "exit stack: callback",
        ALWAYS,
        """
        def f():
            with ExitStack() as stack:
                conn = pool.getconn()
                stack.callback(pool.putconn, conn)
                conn.execute("a")
    """,
    ),
    Case(
        "exit stack: callback with a method",
        ALWAYS,
        """
        def f():
            with ExitStack() as stack:
                conn = pool.getconn()
                stack.callback(conn.close)
                conn.execute("a")
    """,
    ),
    Case(
        "exit stack: callback too late",
        LEAKS,
        """
        def f():
            with ExitStack() as stack:
                conn = pool.getconn()
                conn.execute("a")  # ! exception
                stack.callback(lambda: conn.close())
    """,
    ),
    Case(
        "exit stack: entered",
        ALWAYS,
        """
        async def f():
            async with AsyncExitStack() as stack:
                conn = await stack.enter_async_context(pool.acquire())
                await conn.fetch("a")
    """,
        managed=True,
    ),
    Case(
        "exit stack: closing entered",
        ALWAYS,
        """
        def f():
            with ExitStack() as stack:
                conn = stack.enter_context(closing(pool.connect()))
                conn.execute("a")
    """,
    ),
    Case(
        "exit stack: an unrelated callback",
        LEAKS,
        """
        def f():
            with ExitStack() as stack:
                conn = pool.getconn()
                stack.callback(log, "done")  # ! exception
                pool.putconn(conn)
    """,
    ),
    # --- given to somebody else
    Case(
        "returned",
        HANDED,
        """
        def f():
            return pool.getconn()
    """,
    ),
    Case(
        "bound and returned",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            return conn
    """,
    ),
    Case(
        "returned after something that may fail",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            conn.execute("SET ROLE a")  # ! exception
            return conn
    """,
    ),
    Case(
        "returned in a tuple",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            return conn, 1
    """,
    ),
    Case(
        "stored on self",
        HANDED,
        """
        def f(self):
            self.conn = pool.getconn()
            self.conn.execute("a")
    """,
    ),
    Case(
        "stored on self and bound",
        HANDED,
        """
        def f(self):
            conn = self.conn = pool.getconn()
            conn.execute("a")
    """,
    ),
    Case(
        "stored in a dict",
        HANDED,
        """
        def f(self, key):
            conn = pool.getconn()
            self.all[key] = conn
            conn.execute("a")
    """,
    ),
    Case(
        "appended to a list",
        HANDED,
        """
        def f(all):
            conn = pool.getconn()
            all.append(conn)
            raise ValueError(all)
    """,
    ),
    Case(
        "global",
        HANDED,
        """
        def f():
            global conn
            conn = pool.getconn()
            conn.execute("a")
    """,
    ),
    Case(
        "closure variable of an outer function",
        HANDED,
        """
        def outer():
            conn = None
            def inner():
                nonlocal conn
                conn = pool.getconn()
                conn.execute("a")
            return inner
    """,
    ),
    Case(
        "passed to a constructor",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            repo = Repository(conn)
            return repo
    """,
    ),
    Case(
        "passed to a function that only uses it",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            save(conn)  # ! exception
            conn.close()
    """,
    ),
    Case(
        "unpacked",
        HANDED,
        """
        def f():
            conn, cur = pool.getconn()
            cur.execute("a")
    """,
    ),
    Case(
        "deleted",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            del conn
    """,
    ),
    Case(
        "used in a comprehension",
        LEAKS,
        """
        def f(xs):
            conn = pool.getconn()
            rows = [conn.execute(x) for x in xs]  # ! exception
            conn.close()
            return rows
    """,
    ),
    # --- values that are the resource again
    Case(
        "options on the connection",
        ALWAYS,
        """
        def f():
            conn = pool.connect().execution_options(stream=True)
            try:
                conn.execute("a")
            finally:
                conn.close()
    """,
    ),
    Case(
        "wait_for around the checkout",
        ALWAYS,
        """
        async def f():
            conn = await asyncio.wait_for(pool.acquire(), 5)
            try:
                await conn.fetch("a")
            finally:
                await pool.release(conn)
    """,
    ),
    Case(
        "alias",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            c = conn
            c.close()
    """,
    ),
    Case(
        "alias, the first name is reused",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            first = conn
            conn = None
            first.close()
    """,
    ),
    Case(
        "bound method",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            done = conn.close
            try:
                conn.execute("a")
            finally:
                done()
    """,
    ),
    Case(
        "unpacked together with something else",
        ALWAYS,
        """
        def f():
            conn, x = pool.getconn(), 1
            conn.close()
    """,
    ),
    Case(
        "or with a connection that was given",
        ALWAYS,
        """
        def f(given=None):
            conn = given or pool.getconn()
            try:
                conn.execute("a")
            finally:
                if not given:
                    pool.putconn(conn)
    """,
    ),
    Case(
        "given or checked out, never released",
        NEVER,
        """
        def f(given=None):
            conn = given or pool.getconn()
            conn.execute("a")  # ! exception, end
    """,
    ),
    # --- rebinding
    Case(
        "rebound while held",
        LEAKS,
        """
        def f(other):
            for x in other:
                conn = pool.getconn()
                if x:
                    conn = None  # ! rebound
                    continue
                conn.close()
    """,
    ),
    Case(
        "set to None after the release",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            conn.close()
            conn = None
            work()
    """,
    ),
    # --- flags and conditions
    Case(
        "a flag says whether it is ours",
        ALWAYS,
        """
        def f(conn=None):
            owns = False
            if conn is None:
                conn = pool.getconn()
                owns = True
            try:
                conn.execute("a")
            finally:
                if owns:
                    conn.close()
    """,
    ),
    Case(
        "a flag computed from the parameter",
        ALWAYS,
        """
        def f(conn=None):
            owns = conn is None
            if owns:
                conn = pool.getconn()
            try:
                conn.execute("a")
            finally:
                if owns:
                    conn.close()
    """,
    ),
    Case(
        "a flag nobody can decide",
        UNKNOWN,
        """
        def f(owns):
            conn = pool.getconn()
            try:
                conn.execute("a")
            finally:
                if owns:
                    conn.close()
    """,
    ),
    Case(
        "an exit inside the undecided arm",
        LEAKS,
        """
        def f(owns):
            conn = pool.getconn()
            if owns:
                conn.close()
            else:
                return  # ! return
    """,
    ),
    Case(
        "released flag",
        ALWAYS,
        """
        def f():
            released = False
            conn = pool.getconn()
            try:
                conn.execute("a")
                conn.close()
                released = True
                work()
            finally:
                if not released:
                    conn.close()
    """,
    ),
    Case(
        "released flag set in the wrong order",
        LEAKS,
        """
        def f():
            released = False
            conn = pool.getconn()
            try:
                released = True
                conn.execute("a")  # ! exception
                conn.close()
            finally:
                if not released:
                    conn.close()
    """,
    ),
    # --- loops
    Case(
        "checkout per turn",
        ALWAYS,
        """
        def f(xs):
            for x in xs:
                conn = pool.getconn()
                try:
                    conn.execute(x)
                finally:
                    pool.putconn(conn)
    """,
    ),
    Case(
        "continue forgets",
        LEAKS,
        """
        def f(xs):
            for x in xs:
                conn = pool.getconn()
                if not x:
                    continue  # ! continue
                pool.putconn(conn)
    """,
    ),
    Case(
        "break forgets",
        LEAKS,
        """
        def f(xs):
            for x in xs:
                conn = pool.getconn()
                if not x:
                    break  # ! break
                pool.putconn(conn)
    """,
    ),
    Case(
        "break, released after the loop",
        ALWAYS,
        """
        def f():
            while True:
                try:
                    conn = pool.getconn()
                    break
                except Exception:
                    print("again")
            conn.close()
    """,
    ),
    Case(
        "continue inside try and finally",
        ALWAYS,
        """
        def f(xs):
            for x in xs:
                conn = pool.getconn()
                try:
                    if not x:
                        continue
                    conn.execute(x)
                finally:
                    pool.putconn(conn)
    """,
    ),
    Case(
        "every turn takes a new one",
        NEVER,
        """
        def f(xs):
            for x in xs:
                conn = pool.getconn()  # ! turn
                conn.execute(x)  # ! exception, end
    """,
    ),
    Case(
        "retry loop leaks the failed attempt",
        LEAKS,
        """
        def f():
            for attempt in range(3):
                conn = pool.getconn()
                try:
                    conn.execute("a")
                    conn.close()
                    return
                except Exception:
                    print("again")
                    continue  # ! continue
    """,
    ),
    Case(
        "retry loop that releases",
        ALWAYS,
        """
        def f():
            for attempt in range(3):
                conn = pool.getconn()
                try:
                    return conn.execute("a")
                except Exception:
                    print("again")
                finally:
                    conn.close()
    """,
    ),
    Case(
        "worker that keeps its connection",
        ALWAYS,
        """
        def f(jobs):
            conn = None
            while True:
                try:
                    if conn is None:
                        conn = pool.getconn()
                    jobs.next(conn)
                except Exception:
                    if conn is not None:
                        conn.close()
                    conn = None
    """,
    ),
    Case(
        "loop in between",
        LEAKS,
        """
        def f(xs):
            conn = pool.getconn()
            for x in xs:
                if not x:
                    return  # ! return
                print(x)
            conn.close()
    """,
    ),
    Case(
        "for with else",
        ALWAYS,
        """
        def f(xs):
            conn = pool.getconn()
            for x in xs:
                if x:
                    conn.close()
                    break
            else:
                conn.close()
    """,
    ),
    Case(
        "async for may raise",
        LEAKS,
        """
        async def f(xs):
            conn = await pool.acquire()
            async for x in xs:  # ! exception
                print(x)
            await pool.release(conn)
    """,
    ),
    Case(
        "endless loop",
        NEVER,
        """
        def f():
            conn = pool.getconn()
            while True:
                conn.listen()  # ! exception
    """,
    ),
    # --- generators
    Case(
        "yielded to the caller",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            yield conn
    """,
    ),
    Case(
        "dependency without finally",
        LEAKS,
        """
        def get_db():
            db = pool.acquire()
            yield db  # ! exception
            db.close()
    """,
        yields=Effect.USE,
    ),
    Case(
        "dependency with finally",
        ALWAYS,
        """
        def get_db():
            db = pool.acquire()
            try:
                yield db
            finally:
                db.close()
    """,
        yields=Effect.USE,
    ),
    Case(
        "dependency that never closes",
        NEVER,
        """
        def get_db():
            db = pool.acquire()
            yield db  # ! exception, end
    """,
        yields=Effect.USE,
    ),
    Case(
        "rows are yielded",
        LEAKS,
        """
        def rows():
            conn = pool.getconn()
            for row in conn.info:
                yield row  # ! exception
            conn.close()
    """,
    ),
    # --- functions inside
    Case(
        "local function that closes",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            def cleanup():
                conn.close()
            try:
                conn.execute("a")
            finally:
                cleanup()
    """,
    ),
    Case(
        "local function that only uses",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            def run(sql):
                return conn.execute(sql)  # ! exception
            run("a")
            conn.close()
    """,
    ),
    Case(
        "local function that closes its parameter",
        ALWAYS,
        """
        def f():
            def cleanup(c):
                c.close()
            conn = pool.getconn()
            cleanup(conn)
    """,
    ),
    Case(
        "closing closure is given away",
        HANDED,
        """
        def f(app):
            conn = pool.getconn()
            def cleanup():
                conn.close()
            app.on_exit(cleanup)
            conn.execute("a")
    """,
    ),
    Case(
        "using closure is passed",
        LEAKS,
        """
        def f(xs):
            conn = pool.getconn()
            rows = map(lambda x: conn.execute(x), xs)  # ! exception
            conn.close()
            return 1
    """,
    ),
    Case(
        "closure is returned",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            return lambda sql: conn.execute(sql)
    """,
    ),
    Case(
        "release function is passed on",
        HANDED,
        """
        def f(loop):
            conn = pool.getconn()
            loop.call_later(5, conn.close)
            conn.execute("a")
    """,
    ),
    Case(
        "method of a local class uses it",
        HANDED,
        """
        def f():
            conn = pool.getconn()
            class Repository:
                def all(self):
                    return conn.execute("a")
            return Repository
    """,
    ),
    Case(
        "wrapped and bound to the same name",
        LEAKS,
        """
        def f():
            conn = pool.getconn()
            conn = traced(conn)  # ! exception
    """,
    ),
    Case(
        "options set later, bound to the same name",
        LEAKS,
        """
        def f():
            conn = pool.connect()
            conn = conn.execution_options(stream=True)  # ! exception
            conn.close()
    """,
    ),
    Case(
        "release is not called",
        NEVER,
        """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")  # ! exception
            finally:
                conn.close  # ! end
    """,
    ),
    Case(
        "return in finally swallows the exception",
        LEAKS,
        """
        def f(x):
            conn = pool.getconn()
            try:
                conn.execute("a")
                conn.close()
            finally:
                return 1  # ! return
    """,
    ),
    Case(
        "the exception in the handler is caught further out",
        LEAKS,
        """
        def f():
            try:
                conn = pool.getconn()
                try:
                    conn.execute("a")
                except Exception:
                    conn.rollback()
                    conn.close()
                    raise
            except Exception:
                print("rollback or query failed")
                return None  # ! return*
            conn.close()
    """,
    ),
    Case(
        "test of its state may not raise",
        ALWAYS,
        """
        async def f():
            conn = await pool.acquire()
            try:
                await conn.fetch("a")
            finally:
                if not conn.is_closed():
                    await conn.close()
    """,
    ),
    Case(
        "condition with an operator that is not followed",
        LEAKS,
        """
        def f(kinds):
            conn = pool.getconn()
            found = "a" in kinds or "b" not in kinds
            if "c" in kinds:
                return found  # ! return
            conn.close()
    """,
    ),
    Case(
        "many flags that have nothing to do with it",
        ALWAYS,
        """
        def f(q):
            a = b = c = d = e = g = h = None
            conn = pool.getconn()
            try:
                if q.a: a = True
                if q.b: b = True
                if q.c: c = True
                if q.d: d = True
                if q.e: e = True
                if q.g: g = True
                if q.h: h = True
                if a: conn.execute("a")
                if b: conn.execute("b")
                if c: conn.execute("c")
                if d: conn.execute("d")
                if e: conn.execute("e")
                if g: conn.execute("g")
                if h: conn.execute("h")
                if not a and not b and not c and not d and not e and not g and not h:
                    return None
            finally:
                pool.putconn(conn)
    """,
    ),
    # --- asserted
    Case(
        "asserted",
        NEVER,
        """
        def f():
            conn = pool.getconn()
            assert conn
            conn.execute("a")  # ! exception
            print("done")  # ! end
    """,
    ),
    Case(
        "asserted and released",
        ALWAYS,
        """
        def f():
            conn = pool.getconn()
            assert conn is not None, "no connection"
            try:
                conn.execute("a")
            finally:
                pool.putconn(conn)
    """,
    ),
    Case(
        "isinstance says whether it is ours",
        ALWAYS,
        """
        def f(db):
            conn = db.acquire() if isinstance(db, Pool) else db
            try:
                conn.execute("a")
            finally:
                if isinstance(db, Pool):
                    conn.close()
    """,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_python(case: Case) -> None:
    check(case, "case.py")
