"""The flow analysis on TypeScript and JavaScript."""

import pytest

from pooltlint.outline.flow import Fate

from .flow_cases import Case, check

ALWAYS, LEAKS, NEVER, HANDED, UNKNOWN = Fate.ALWAYS, Fate.LEAKS, Fate.NEVER, Fate.HANDED_ON, Fate.UNKNOWN

CASES = [
    # --- straight lines
    Case(
        "released at the end, but not when a query rejects",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          await client.query("a");  // ! exception
          client.release();
        }
    """,
    ),
    Case(
        "nothing between checkout and release",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          console.log(client.processID);
          client.release();
        }
    """,
    ),
    Case(
        "never released",
        NEVER,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a");  // ! exception, return
        }
    """,
    ),
    Case(
        "never bound",
        NEVER,
        """
        async function f() {
          return (await pool.connect()).query("a");  // ! exception, return
        }
    """,
    ),
    Case(
        "promise first, awaited later",
        LEAKS,
        """
        async function f() {
          const promise = pool.connect();
          const client = await promise;
          await client.query("a");  // ! exception
          client.release();
        }
    """,
    ),
    Case(
        "release with an argument that is computed",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          client.release(true);
        }
    """,
    ),
    Case(
        "argument of the pool's release",
        ALWAYS,
        """
        async function f() {
          const client = await pool.acquire();
          await pool.release(client);
        }
    """,
    ),
    # --- try and finally
    Case(
        "try and finally",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            return await client.query("a");
          } finally {
            client.release();
          }
        }
    """,
    ),
    Case(
        "checkout inside try, optional release",
        ALWAYS,
        """
        async function f() {
          let client;
          try {
            client = await pool.connect();
            await client.query("a");
          } catch (e) {
            console.log(e);
          } finally {
            client?.release();
          }
        }
    """,
    ),
    Case(
        "checkout inside try, release behind and",
        ALWAYS,
        """
        async function f() {
          let client: PoolClient | null = null;
          try {
            client = await pool.connect();
            await client.query("a");
          } finally {
            client && client.release();
          }
        }
    """,
    ),
    Case(
        "checkout inside try, guarded",
        ALWAYS,
        """
        async function f() {
          let client: PoolClient | undefined;
          try {
            client = await pool.connect();
            await client.query("a");
          } finally {
            if (client) client.release();
          }
        }
    """,
    ),
    Case(
        "guarded by typeof",
        ALWAYS,
        """
        async function f() {
          let client;
          try {
            client = await pool.connect();
            await client.query("a");
          } finally {
            if (typeof client !== "undefined") client.release();
          }
        }
    """,
    ),
    Case(
        "guard that leaves",
        ALWAYS,
        """
        async function f() {
          let client;
          try {
            client = await pool.connect();
            await client.query("a");
          } finally {
            if (!client) return;
            client.release();
          }
        }
    """,
    ),
    Case(
        "guard the wrong way round",
        LEAKS,
        """
        async function f() {
          let client;
          try {
            client = await pool.connect();
            await client.query("a");  // ! exception
          } finally {
            if (!client) client.release();
          }
          client.release();
        }
    """,
    ),
    Case(
        "query between checkout and try",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          await client.query("BEGIN");  // ! exception
          try {
            await client.query("a");
          } finally {
            client.release();
          }
        }
    """,
    ),
    Case(
        "rollback in finally in front of the release",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            await client.query("a");
          } finally {
            await client.query("ROLLBACK");  // ! exception
            client.release();
          }
        }
    """,
    ),
    Case(
        "nested finally runs once per exit, not once per pair",
        ALWAYS,
        """
        async function f(x) {
          const client = await pool.connect();
          try {
            try {
              try {
                if (x) return 1;
                await client.query("a");
              } finally { console.log(1); }
            } finally { console.log(2); }
          } finally { client.release(); }
        }
    """,
    ),
    # --- catch
    Case(
        "released in try and in catch",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            const rows = await client.query("a");
            client.release();
            return rows;
          } catch (e) {
            client.release();
            throw e;
          }
        }
    """,
    ),
    Case(
        "released in try, and after the throw of catch nobody",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            await client.query("a");
            client.release();
          } catch (e) {
            throw e;  // ! raise
          }
        }
    """,
    ),
    Case(
        "catch swallows and the end forgets",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            await client.query("a");
            client.release();
          } catch (e) {
            console.log(e);
          }
        }  // ! end
    """,
    ),
    Case(
        "rollback in catch may reject",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            await client.query("a");
          } catch (e) {
            await client.query("ROLLBACK");  // ! exception*
            client.release();
            throw e;
          }
          client.release();
        }
    """,
    ),
    Case(
        "early return in catch",
        LEAKS,
        """
        async function f(res) {
          const client = await pool.connect();
          try {
            await client.query("a");
          } catch (e) {
            return null;  // ! return
          }
          client.release();
        }
    """,
    ),
    Case(
        "catch without a name, release behind",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          try { await client.query("a"); } catch { console.log("failed"); }
          client.release();
        }
    """,
    ),
    # --- leaving early
    Case(
        "early return",
        LEAKS,
        """
        async function f(req) {
          const client = await pool.connect();
          if (!req.ok) return;  // ! return
          client.release();
        }
    """,
    ),
    Case(
        "throw",
        LEAKS,
        """
        async function f(req) {
          const client = await pool.connect();
          if (!req.ok) throw new Error("no");  // ! raise
          client.release();
        }
    """,
    ),
    Case(
        "else-if chain",
        LEAKS,
        """
        async function f(x) {
          const client = await pool.connect();
          if (x === 1) {
            client.release();
            return;
          } else if (x === 2) {
            return;  // ! return
          } else {
            console.log(x);
          }
          client.release();
        }
    """,
    ),
    Case(
        "switch with fall through",
        ALWAYS,
        """
        async function f(x) {
          const client = await pool.connect();
          switch (x) {
            case 1:
            case 2:
              console.log(x);
              break;
            default:
              client.release();
              return;
          }
          client.release();
        }
    """,
    ),
    Case(
        "switch that returns",
        LEAKS,
        """
        async function f(x) {
          const client = await pool.connect();
          switch (x) {
            case 1: return 1;  // ! return
            case 2: client.release(); return 2;
          }
          client.release();
        }
    """,
    ),
    Case(
        "the process ends",
        ALWAYS,
        """
        async function f(x) {
          const client = await pool.connect();
          if (!x) process.exit(1);
          client.release();
        }
    """,
    ),
    # --- using
    Case(
        "await using",
        ALWAYS,
        """
        async function f() {
          await using client = await pool.connect();
          await client.query("a");
        }
    """,
        managed=True,
    ),
    Case(
        "using of something that does not give back",
        NEVER,
        """
        async function f() {
          await using client = await pool.connect();
          await client.query("a");  // ! exception
        }  // ! end
    """,
    ),
    Case(
        "disposable stack",
        ALWAYS,
        """
        async function f() {
          using stack = new DisposableStack();
          const client = await pool.connect();
          stack.defer(() => client.release());
          await client.query("a");
        }
    """,
    ),
    # --- given to somebody else
    Case(
        "returned",
        HANDED,
        """
        async function f() {
          return pool.connect();
        }
    """,
    ),
    Case(
        "returned in an object with its release",
        HANDED,
        """
        async function f() {
          const client = await pool.connect();
          return { client, release: () => client.release() };
        }
    """,
    ),
    Case(
        "returned as a release function",
        HANDED,
        """
        async function f() {
          const client = await pool.connect();
          return { query: (sql) => client.query(sql), done: client.release };
        }
    """,
    ),
    Case(
        "returned after a query",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          await client.query("SET ROLE a");  // ! exception
          return client;
        }
    """,
    ),
    Case(
        "stored on this",
        HANDED,
        """
        class A {
          async f() {
            this.client = await pool.connect();
            await this.client.query("a");
          }
        }
    """,
    ),
    Case(
        "stored in a module variable",
        HANDED,
        """
        let client;
        async function f() {
          client = await pool.connect();
          await client.query("a");
        }
    """,
    ),
    Case(
        "a local variable of the same name",
        LEAKS,
        """
        let client;
        async function f() {
          let client = await pool.connect();
          await client.query("a");  // ! exception
          client.release();
        }
    """,
    ),
    Case(
        "pushed",
        HANDED,
        """
        async function f(all) {
          const client = await pool.connect();
          all.push(client);
          await client.query("a");
        }
    """,
    ),
    Case(
        "destructured from the checkout",
        HANDED,
        """
        async function f() {
          const { client, release } = await pool.connect();
          await client.query("a");
        }
    """,
    ),
    Case(
        "given to a constructor",
        HANDED,
        """
        async function f() {
          const client = await pool.connect();
          const repo = new Repository(client);
          await repo.all();
        }
    """,
    ),
    Case(
        "given as an option of a call that uses it",
        LEAKS,
        """
        async function f() {
          const transaction = await pool.connect();
          await User.create({ name: "a" }, { transaction });  // ! exception
          await transaction.release();
        }
    """,
    ),
    Case(
        "options object with the resource",
        LEAKS,
        """
        async function f() {
          const transaction = await pool.connect();
          const options = { transaction, raw: true };
          await find(options);  // ! exception
          await options.transaction.release();
        }
    """,
    ),
    Case(
        "yielded",
        HANDED,
        """
        async function* f() {
          const client = await pool.connect();
          yield client;
        }
    """,
    ),
    Case(
        "listener only logs",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          client.on("error", (e) => console.log(e));
          client.release();
        }
    """,
    ),
    Case(
        "listener sets the variable to null",
        HANDED,
        """
        async function f() {
          let client = await pool.connect();
          client.on("error", () => { client = null; });
          await work();
        }
    """,
    ),
    Case(
        "alias",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          const c = client;
          try { await c.query("a"); } finally { c.release(); }
        }
    """,
    ),
    Case(
        "logical assignment",
        ALWAYS,
        """
        async function f(given) {
          let client = given;
          let owns = false;
          if (!client) {
            client = await pool.connect();
            owns = true;
          }
          try { await client.query("a"); } finally { if (owns) client.release(); }
        }
    """,
    ),
    Case(
        "given or checked out",
        ALWAYS,
        """
        async function f(given) {
          const client = given ?? (await pool.connect());
          try { await client.query("a"); } finally { if (!given) client.release(); }
        }
    """,
    ),
    Case(
        "given in the options or checked out",
        ALWAYS,
        """
        async function f(options) {
          const client = options.tx || (await pool.connect());
          try { await client.query("a"); } finally { if (!options.tx) client.release(); }
        }
    """,
    ),
    Case(
        "given or checked out, released only on success",
        LEAKS,
        """
        async function f(given) {
          const client = given || (await pool.connect());
          await client.query("a");  // ! exception
          if (!given) client.release();
        }
    """,
    ),
    Case(
        "ternary",
        ALWAYS,
        """
        async function f(given) {
          const owns = !given;
          const client = owns ? await pool.connect() : given;
          try { await client.query("a"); } finally { if (owns) client.release(); }
        }
    """,
    ),
    Case(
        "a flag nobody can decide",
        UNKNOWN,
        """
        async function f(ownsClient) {
          const client = await pool.connect();
          try { await client.query("a"); } finally { if (ownsClient) client.release(); }
        }
    """,
    ),
    Case(
        "a flag nobody can decide, as an expression",
        UNKNOWN,
        """
        async function f(ownsClient) {
          const client = await pool.connect();
          try { await client.query("a"); } finally { ownsClient && client.release(); }
        }
    """,
    ),
    Case(
        "an early return beside a flag nobody can decide",
        LEAKS,
        """
        async function f(ownsClient) {
          const client = await pool.connect();
          if (!client.ok) return null;  // ! return
          if (ownsClient) client.release();
        }
    """,
    ),
    Case(
        "released flag",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          let released = false;
          try {
            await client.query("a");
            client.release();
            released = true;
            await send();
          } catch (e) {
            if (!released) client.release();
            throw e;
          }
        }
    """,
    ),
    Case(
        "safe release function with a flag",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          let released = false;
          const safeRelease = () => {
            if (!released) {
              released = true;
              client.release();
            }
          };
          try {
            await client.query("a");
            safeRelease();
            await send();
          } catch (e) {
            safeRelease();
            throw e;
          }
        }
    """,
    ),
    Case(
        "safe release function, forgotten on return",
        LEAKS,
        """
        async function f(x) {
          const client = await pool.connect();
          let released = false;
          const safeRelease = () => {
            if (released) return;
            released = true;
            client.release();
          };
          try {
            await client.query("a");
            if (x) return 1;  // ! return
            safeRelease();
          } catch (e) {
            safeRelease();
            throw e;
          }
        }
    """,
    ),
    Case(
        "set to null after the release",
        ALWAYS,
        """
        async function f() {
          let client = await pool.connect();
          try {
            await client.query("a");
            client.release();
            client = null;
            await send();
          } finally {
            if (client) client.release();
          }
        }
    """,
    ),
    # --- loops
    Case(
        "retry loop",
        LEAKS,
        """
        async function f() {
          for (let i = 0; i < 3; i++) {
            const client = await pool.connect();
            try {
              await client.query("a");
              client.release();
              return;
            } catch (e) {
              if (i === 2) throw e;  // ! raise
              continue;  // ! continue
            }
          }
        }
    """,
    ),
    Case(
        "retry loop that releases",
        ALWAYS,
        """
        async function f() {
          for (let i = 0; i < 3; i++) {
            const client = await pool.connect();
            try {
              return await client.query("a");
            } catch (e) {
              if (i === 2) throw e;
            } finally {
              client.release();
            }
          }
        }
    """,
    ),
    Case(
        "labelled continue",
        LEAKS,
        """
        async function f(xs) {
          outer: for (const x of xs) {
            const client = await pool.connect();
            for (const y of x) {
              if (!y) continue outer;  // ! continue
            }
            client.release();
          }
        }
    """,
    ),
    Case(
        "labelled break that stays inside",
        ALWAYS,
        """
        async function f(xs) {
          for (const x of xs) {
            const client = await pool.connect();
            inner: for (const y of x) {
              if (!y) break inner;
            }
            client.release();
          }
        }
    """,
    ),
    Case(
        "labelled block",
        ALWAYS,
        """
        async function f(xs) {
          const client = await pool.connect();
          done: {
            if (xs) break done;
            console.log(xs);
          }
          client.release();
        }
    """,
    ),
    Case(
        "do while",
        ALWAYS,
        """
        async function f(xs) {
          let again = true;
          do {
            const client = await pool.connect();
            try { again = await client.query("a"); } finally { client.release(); }
          } while (again);
        }
    """,
    ),
    Case(
        "endless loop with a return",
        LEAKS,
        """
        async function f() {
          while (true) {
            const client = await pool.connect();
            if (client.done) return;  // ! return
            client.release();
          }
        }
    """,
    ),
    Case(
        "for await",
        LEAKS,
        """
        async function f(xs) {
          const client = await pool.connect();
          for await (const x of xs) console.log(x);  // ! exception
          client.release();
        }
    """,
    ),
    # --- functions inside
    Case(
        "cleanup function",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          async function cleanup() { await client.release(); }
          try { await client.query("a"); } finally { await cleanup(); }
        }
    """,
    ),
    Case(
        "cleanup function that may fail first",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          const cleanup = async () => {
            await send();  // ! exception
            client.release();
          };
          await cleanup();
        }
    """,
    ),
    Case(
        "closure that uses it is passed",
        LEAKS,
        """
        async function f(xs) {
          const client = await pool.connect();
          await Promise.all(xs.map((x) => client.query(x)));  // ! exception
          client.release();
        }
    """,
    ),
    Case(
        "closure that releases it is passed",
        HANDED,
        """
        async function f(stream) {
          const client = await pool.connect();
          stream.on("end", () => client.release());
          await stream.start();
        }
    """,
    ),
    Case(
        "release reference is passed",
        HANDED,
        """
        async function f(stream) {
          const client = await pool.connect();
          stream.once("close", client.release.bind(client));
        }
    """,
    ),
    Case(
        "immediately called function",
        LEAKS,
        """
        async function f(x) {
          const client = await pool.connect();
          await (async () => {
            await client.query(x);  // ! exception
          })();
          client.release();
        }
    """,
    ),
    Case(
        "executor of a promise",
        LEAKS,
        """
        async function f(x) {
          const client = await pool.connect();
          return new Promise((resolve, reject) => {
            client.query(x, (err, rows) => {
              if (err) return reject(err);  // ! return
              client.release();
              resolve(rows);
            });
          });
        }
    """,
    ),
    # --- promise chains inside
    Case(
        "finally in a chain",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a").finally(() => client.release());
        }
    """,
    ),
    Case(
        "finally with a reference",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a").then((r) => r.rows).finally(client.release);
        }
    """,
    ),
    Case(
        "then without catch",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a").then((r) => {  // ! exception
            client.release();
            return r;
          });
        }
    """,
    ),
    Case(
        "then and catch",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a")
            .then((r) => { client.release(); return r; })
            .catch((e) => { client.release(); throw e; });
        }
    """,
    ),
    Case(
        "then with two functions",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a").then(
            (r) => { client.release(); return r; },
            (e) => { client.release(); throw e; },
          );
        }
    """,
    ),
    Case(
        "catch swallows, then releases behind it",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a").catch((e) => console.log(e)).then(() => client.release());
        }
    """,
    ),
    Case(
        "catch that forgets",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          return client.query("a")  // ! return
            .then((r) => { client.release(); return r; })
            .catch((e) => { console.log(e); });
        }
    """,
    ),
    # --- the resource as a parameter
    Case(
        "chain on the checkout itself",
        ALWAYS,
        """
        function f() {
          return pool.connect().then((client) =>
            client.query("a").finally(() => client.release()));
        }
    """,
    ),
    Case(
        "chain on the checkout itself, without finally",
        LEAKS,
        """
        function f() {
          return pool.connect().then((client) => {
            return client.query("a").then((r) => {  // ! exception
              client.release();
              return r;
            });
          });
        }
    """,
    ),
    Case(
        "parameter of a then callback",
        ALWAYS,
        """
        pool.connect().then((client) => {
          return client.query("a")
            .then((r) => { client.release(); return r; })
            .catch((e) => { client.release(); throw e; });
        });
    """,
        birth="client",
    ),
    Case(
        "parameter of a then callback, success only",
        LEAKS,
        """
        pool.connect().then((client) => {
          return client.query("a").then((r) => { client.release(); return r; });  // ! exception
        });
    """,
        birth="client",
    ),
    Case(
        "parameter of an async callback",
        LEAKS,
        """
        pool.connect().then(async (client) => {
          await client.query("a");  // ! exception
          client.release();
        });
    """,
        birth="client",
    ),
    Case(
        "callback style",
        ALWAYS,
        """
        pool.connect((err, client, done) => {
          if (err) return log(err);
          client.query("a", (err, r) => {
            done();
            if (err) return log(err);
            log(r);
          });
        });
    """,
        birth="client",
        releasers=("done",),
        error="err",
    ),
    Case(
        "callback style, early return",
        LEAKS,
        """
        pool.connect((err, client, done) => {
          if (err) return log(err);
          client.query("a", (err, r) => {
            if (err) return log(err);  // ! return
            done();
          });
        });
    """,
        birth="client",
        releasers=("done",),
        error="err",
    ),
    Case(
        "callback style, never",
        NEVER,
        """
        pool.connect((err, client, done) => {
          if (err) throw err;
          client.query("a", (err, r) => {  // ! exception
            log(r);
          });
        });  // ! end
    """,
        birth="client",
        releasers=("done",),
        error="err",
    ),
    Case(
        "callback style, done is passed on",
        HANDED,
        """
        pool.connect((err, client, done) => {
          if (err) { log(err); return; }
          finish(client, done);
        });
    """,
        birth="client",
        releasers=("done",),
        error="err",
    ),
    Case(
        "callback style, nested queries and a helper",
        ALWAYS,
        """
        pool.connect((err, client, done) => {
          if (err) return log(err);
          const rollback = (e) => client.query("ROLLBACK", () => { done(); log(e); });
          client.on("x", log);
          rollback();
        });
    """,
        birth="client",
        releasers=("done",),
        error="err",
    ),
    Case(
        "bound in one callback, released in the next",
        LEAKS,
        """
        function f() {
          let client;
          return open()
            .then(async (pool) => {
              client = await pool.connect();
              return client.query("a");  // ! exception
            })
            .then((r) => { client.release(); return r; });
        }
    """,
    ),
    Case(
        "bound in one callback, released at the end of the chain",
        ALWAYS,
        """
        function f() {
          let client;
          return open()
            .then(async (pool) => {
              client = await pool.connect();
              return client.query("a");
            })
            .finally(() => { if (client) client.release(); });
        }
    """,
    ),
    Case(
        "bound in a callback that somebody else keeps",
        HANDED,
        """
        function f(app) {
          let client;
          app.onStart(async () => {
            client = await pool.connect();
          });
          app.onStop(() => client.release());
        }
    """,
    ),
    Case(
        "bound in a local function",
        ALWAYS,
        """
        async function f() {
          let client;
          const open = async () => { client = await pool.connect(); };
          await open();
          try { await client.query("a"); } finally { client.release(); }
        }
    """,
    ),
    Case(
        "harmless calls of the language",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          const started = Date.now(), seen = new Set([1]);
          logger.info("got it", started, seen);
          client.on("error", (e) => { throw e; });
          client.release();
        }
    """,
    ),
    Case(
        "the counter of a loop is no flag",
        LEAKS,
        """
        async function f() {
          for (let i = 0; i < 2; i++) {
            const client = await pool.connect();
            if (i === 1) return;  // ! return
            client.release();
          }
        }
    """,
    ),
    Case(
        "optional call of an optional method",
        ALWAYS,
        """
        async function f() {
          let client;
          try {
            client = await pool.connect();
            await client.query("a");
          } finally {
            await client?.release?.();
          }
        }
    """,
    ),
    Case(
        "rejection of the checkout itself is caught",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect().catch(() => null);
          if (!client) return null;
          try { return await client.query("a"); } finally { client.release(); }
        }
    """,
    ),
    Case(
        "rollback whose rejection is swallowed",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            await client.query("a");
          } catch (e) {
            await client.query("ROLLBACK").catch(() => {});
            client.release();
            throw e;
          }
          client.release();
        }
    """,
    ),
    Case(
        "assigned to a variable of an outer function",
        HANDED,
        """
        function outer() {
          let kept;
          pool.connect().then((client) => { kept = client; return client.query("a"); });
          return () => kept;
        }
    """,
        birth="client",
    ),
    # --- names of blocks
    Case(
        "a block has a variable of the same name",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          try {
            const found = await client.query("a");
            if (found.rows.length) {
              const client = found.rows[0];
              console.log(client);
            }
          } finally {
            client.release();
          }
        }
    """,
    ),
    Case(
        "what the block releases is something else",
        LEAKS,
        """
        async function f(rows) {
          const client = await pool.connect();
          for (const row of rows) {
            const client = other(row);  // ! exception
            client.release();  // ! exception
          }
          await client.query("a");  // ! exception
          client.release();
        }
    """,
    ),
    # --- promises that nobody waits for here
    Case(
        "started, awaited later",
        LEAKS,
        """
        async function f() {
          const client = await pool.connect();
          const one = client.query("a");
          const two = client.query("b");
          await Promise.all([one, two]);  // ! exception
          client.release();
        }
    """,
    ),
    Case(
        "settled, whatever comes",
        ALWAYS,
        """
        async function f() {
          const client = await pool.connect();
          await Promise.allSettled([client.query("a"), client.query("b")]);
          client.release();
        }
    """,
    ),
    # --- kinds of objects
    Case(
        "instanceof says whether it is ours",
        LEAKS,
        """
        async function f(db) {
          const client = db instanceof Pool ? await db.connect() : db;
          await client.query("a");  // ! exception
          if (db instanceof Pool) client.release();
        }
    """,
    ),
    Case(
        "a pool's own client is released in the end",
        ALWAYS,
        """
        async function f(db) {
          const client = db instanceof Pool ? await db.connect() : db;
          try {
            await client.query("a");
          } finally {
            if (db instanceof Pool) client.release();
          }
        }
    """,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_script(case: Case) -> None:
    check(case, "case.ts")
