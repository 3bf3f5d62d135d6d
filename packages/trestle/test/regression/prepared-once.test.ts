// SQLite prepares no statement of a list anew each time that it runs: it would where a bound `limit` or pattern stands open.
import assert from 'node:assert/strict';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  exists,
  integer,
  integerId,
  its,
  many,
  me,
  reference,
  resource,
  text,
} from 'trestle';
import { type Context, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';

const id = integerId();
const can = { read: anyone, create: anyone, update: anyone };
const teams = resource({ id, fields: { name: text(), notes: many('notes', { by: 'team' }) }, can });
const members = resource({ id, fields: { team: reference('teams'), who: author() }, can });
const member = exists('members', { team: its('team'), who: me });
const fields = { title: text(), rank: integer(), team: reference('teams'), mine: member };
const notes = resource({ id, fields, order: '-rank', search: ['title'], can });
const ruled = resource({ id, fields, order: '-rank', can: { ...can, read: member } });
const resources = { teams, members, notes, ruled };
const site = app({ name: 'prepared', accounts: accounts({ id }), resources });

describe('a statement of SQLite', () => {
  let served: Served<typeof resources>;
  const ada: Context = { caller: { kind: 'account', account: 1, session: 's' } };
  const again = new Map<string, number>();
  const { prepare } = DatabaseSync.prototype;
  const { all } = StatementSync.prototype;

  before(async () => {
    let running: string | undefined;
    const watched = new WeakSet<DatabaseSync>();
    // The authorizer is asked while a statement is prepared, also where SQLite does so by itself.
    DatabaseSync.prototype.prepare = function (text: string, ...rest: []) {
      const outer = running;
      running = undefined;
      if (!watched.has(this))
        this.setAuthorizer(() => {
          if (running !== undefined) again.set(running, (again.get(running) ?? 0) + 1);
          running = undefined;
          return 0;
        });
      watched.add(this);
      try {
        return prepare.call(this, text, ...rest);
      } finally {
        running = outer;
      }
    };
    StatementSync.prototype.all = new Proxy(all, {
      apply(call, statement: StatementSync, values) {
        running = statement.sourceSQL;
        try {
          return Reflect.apply(call, statement, values);
        } finally {
          running = undefined;
        }
      },
    });
    served = await serveApp(site);
    await served.call('POST', '/v1/accounts', {
      body: { username: 'ada', password: 'correct horse battery' },
    });
    const { services } = served.engine;
    for (let at = 1; at <= 40; at += 1) await services.teams.create(system(), { name: `t${at}` });
    await services.members.create(system({ onBehalfOf: ada.caller }), { team: 1 });
    for (let at = 1; at <= 400; at += 1) {
      const row = { title: `note ${at}`, rank: at, team: 1 + (at % 40) };
      await services.notes.create(system(), row);
      await services.ruled.create(system(), row);
    }
  });
  after(async () => {
    DatabaseSync.prototype.prepare = prepare;
    StatementSync.prototype.all = all;
    await served.close();
  });

  it('is prepared once', async () => {
    const { notes: plain, ruled: own, teams: some } = served.engine.services;
    const pages = async () => {
      for (const limit of [3, 5]) {
        for (const service of [plain, own]) {
          const { next } = await service.list(ada, { limit });
          if (next) await service.list(ada, { limit }, next);
          await service.list(ada, { limit, offset: 2, count: 'exact' });
          for (const operator of ['contains', 'icontains', 'starts', 'ends'] as const)
            await service.list(ada, { limit, filter: { title: { [operator]: `${limit}` } } });
        }
        await plain.list(ada, { limit, search: `note ${limit}`, count: 'estimated' });
        await some.list(ada, { limit, expand: { notes: { limit } } });
        await plain.list(ada, { limit, expand: { team: {} }, sort: ['title'] });
      }
    };
    await pages();
    await pages();
    again.clear();
    for (let time = 0; time < 3; time += 1) await pages();
    assert.deepEqual(
      [...again].filter(([, times]) => times > 1),
      [],
    );
  });
});
