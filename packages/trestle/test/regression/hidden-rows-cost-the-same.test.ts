// A hidden row takes the statements that one takes which does not exist, and hidden values those of other values: time tells nothing of them.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { it, type TestContext } from 'node:test';
import type { Served } from 'trestle/testing';
import type { Statement } from '../../src/database/statement.ts';
import type { Executor, Store, Work, WriteOptions } from '../../src/database/store.ts';
import { openLibrary, PROBES, withNames } from '../hidden-rows.ts';
import { call, connect, makeKey, toolCalls } from '../mcp/tools-client.ts';
import { eachPlace } from '../stores.ts';
import { type Asked, READS, WORLDS, WRITES, world } from '../two-worlds.ts';

/** The statements of the requests of a server, by their names. Those of jobs in the background belong to no request. */
function watchStatements(t: TestContext, store: Store) {
  const requests = new AsyncLocalStorage<string[]>();
  let current: string[] = [];
  const enter = () => requests.enterWith(current);
  subscribe('http.server.request.start', enter);
  t.after(() => unsubscribe('http.server.request.start', enter));
  // Who a token belongs to is asked again once a second.
  const note = ({ sql, name }: Statement, names = requests.getStore()) =>
    !/from "?\w*"?\.?"_trestle_(sessions|api_keys)"/.test(sql) && names?.push(name);
  const { all, write, writeOne, scan, stream } = store;
  Object.assign(store, {
    all: (statement: Statement, ...values: [never]) => {
      note(statement);
      return all.call(store, statement, ...values);
    },
    writeOne: (statement: Statement, ...values: [never]) => {
      note(statement);
      return writeOne.call(store, statement, ...values);
    },
    scan: (statement: Statement, ...values: [never, never]) => {
      note(statement);
      // On a thread of its own, or as any other, by how long it may take: one statement in either case.
      return requests.exit(() => scan.call(store, statement, ...values));
    },
    stream: (statement: Statement, ...values: [never, never]) => {
      note(statement);
      return stream.call(store, statement, ...values);
    },
    write: (work: Work<unknown>, options?: WriteOptions) => {
      const names = requests.getStore();
      names?.push('begin');
      const noted = (executor: Executor): Executor => ({
        all: (statement, values) => {
          note(statement, names);
          return executor.all(statement, values);
        },
      });
      return write.call(store, (executor) => work(noted(executor)), options);
    },
  });
  /** The statements of what is asked of the server meanwhile. */
  return async (ask: () => Promise<unknown>): Promise<string[]> => {
    const names: string[] = [];
    current = names;
    await ask();
    return names;
  };
}

eachPlace('what nobody may know of', (place) => {
  it('rows take the statements of rows that do not exist', async (t) => {
    const { served, token, names } = await openLibrary(await place());
    t.after(() => served.close());
    const statementsOf = watchStatements(t, served.engine.store);
    const scopes = ['docs:*', 'papers:*', 'tasks:*', 'notes:*', 'webhooks:*'];
    const key = await makeKey(served, token, scopes);
    const client = await connect(served, t, key);
    const callOf = toolCalls((await served.call('GET', '/openapi.json', { token })).body);
    let asked = 0;
    for (const probe of PROBES) {
      const [hidden, absent] = [names.hidden, names.absent].map((each) => withNames(probe, each));
      const [uniform, other] = [hidden, absent].map((each) => async () => {
        const { method = '', path = '', body, headers = {} } = each ?? {};
        const given = { headers, ...(body !== undefined && { body }) };
        const { status } = await served.call(method, path, { token, ...given });
        statuses.push(status);
      });
      const statuses: number[] = [];
      assert.ok(uniform && other && hidden && absent);
      const label = `${probe.line} ${JSON.stringify([probe.body, probe.headers])}`;
      // The first request of a kind compiles it, and tells how its list is read best.
      for (const first of [uniform, other]) await first();
      assert.deepEqual(await statementsOf(uniform), await statementsOf(other), label);
      assert.equal(new Set(statuses).size, 1, label);
      const [ofHidden, ofAbsent] = [hidden, absent].map(({ method, path, body }) =>
        callOf([`${method} ${path.slice('/v1'.length)}`, body]),
      );
      if (probe.headers || !ofHidden || !ofAbsent || ofHidden.tool === 'none') continue;
      const told = await statementsOf(() => call(client, ofHidden.tool, ofHidden.given));
      const same = await statementsOf(() => call(client, ofAbsent.tool, ofAbsent.given));
      assert.deepEqual(told, same, `${ofHidden.tool} ${label}`);
      asked += told.length;
    }
    assert.ok(asked > 50, 'the statements of tools were seen');
  });

  it('values take the statements of other values', async (t) => {
    const [one = [], other = []] = await Promise.all(
      WORLDS.map(async (hidden) => {
        const { served, token } = await world(t, await place(), hidden);
        const asked: Asked[] = [...READS, ...WRITES];
        const statementsOf = watchStatements(t, served.engine.store as Store);
        const all: string[] = [];
        for (const [line, body] of asked) {
          const [method = '', path = ''] = line.split(' ');
          const given = { token, ...(body !== undefined && { body }) };
          const names = await statementsOf(() =>
            (served as unknown as Served).call(method, `/v1${path}`, given),
          );
          all.push(`${line} ${names.join()}`);
        }
        return all;
      }),
    );
    assert.deepEqual(other, one);
  });
});
