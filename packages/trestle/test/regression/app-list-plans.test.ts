// No list of the five apps, uniform or of their contracts, reads a whole table of 20,000 rows, nor all children for each parent.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { App } from 'trestle';
import { serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';
import type { Store } from '../../src/database/store.ts';
import { fill, INSTANT, recordIn, scanned } from '../plans.ts';
import { eachPlace } from '../stores.ts';

const ROWS = 20_000;

/** An instant of its own for each row, as SQL. */
const instant = ({ dialect }: Store) =>
  dialect.lateral
    ? "timestamptz '2026-01-01Z' + i * interval '1 second'"
    : "strftime('%Y-%m-%dT%H:%M:%fZ', 1767225600 + i, 'unixepoch')";

interface ListsOfApp {
  readonly app: App;
  /** The tables that are filled, of SQL values in which `i` counts up from 1. */
  readonly tables: (store: Store) => Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Lists of the app's contract. */
  readonly lists: readonly string[];
}

const of = (app: unknown) => app as App;

const APPS: readonly ListsOfApp[] = [
  {
    app: of(changelog),
    tables: (store) => {
      const created = { creation_date: instant(store), created_by: '1 + i % 600' };
      const [active, points] = store.dialect.lateral ? ['true', "'[]'::json"] : ['1', "'[]'"];
      return {
        projects: { title: "'p' || i", active, ...created },
        updates: { title: "'u' || i", project_id: '1 + i % 1000', relevant_points: points, ...created },
      };
    },
    lists: [
      '/projects',
      '/projects?limit=100&update_limit=10&update_skip=5&skip=100',
      '/projects?active=true',
      '/projects/7',
    ],
  },
  {
    app: of(forum),
    tables: (store) => ({
      articles: { title: "'t' || i", text: "'x'", date_posted: instant(store), author: '1 + i % 600' },
    }),
    lists: ['/articles', '/articles?page=20', '/users/7/articles', '/users/7/articles?page=3'],
  },
  {
    app: of(messages),
    tables: (store) => ({
      messages: {
        content: "'c' || i",
        views: '0',
        created_at: instant(store),
        updated_at: instant(store),
        author: '1 + i % 600',
      },
    }),
    lists: ['/api/messages?limit=100', '/api/messages?limit=100&offset=100'],
  },
  {
    app: of(packages),
    tables: (store) => ({
      packages: { name: "'n' || i", version: "'1.0'", status_id: '1 + i % 3' },
      artifacts: { package_id: 'i', sha256: `'${'0'.repeat(64)}'`, size: 'i', stored_at: instant(store) },
      releases: { name: "'n' || i", package_id: 'i' },
    }),
    lists: ['/packages', '/packages?skip=100&take=100', '/statuses'],
  },
  {
    app: of(records),
    tables: (store) => ({
      records: {
        value1: "'v' || i",
        lastmodifiedby: '1 + i % 600',
        creationdate: instant(store),
        lastmodificationdate: instant(store),
      },
    }),
    lists: ['/api/list?limit=100', '/api/list?limit=100&offset=100'],
  },
];

/** The lists of the uniform API that an index answers: in the declared order, by what is indexed, with what is related. */
function uniformLists({ resources }: App, samples: ReadonlyMap<string, Readonly<Record<string, unknown>>>) {
  return Object.entries(resources).flatMap(([name, { fields }]) => {
    const list = `/v1/${name}?limit=100`;
    const sample = samples.get(name);
    const queries = Object.entries(fields).flatMap(([field, { index, unique, type }]) => {
      const leads = type.reference !== undefined || type.isAccount === true;
      const value = encodeURIComponent(String(sample?.[field]));
      const found = [`&filter[${field}][eq]=${value}`, `&filter[${field}][in]=${value}`];
      return [
        ...(index || unique || leads ? found : []),
        ...(index || unique ? [`&sort=${field}`, `&sort=-${field}`] : []),
        ...(type.reference ? [`&expand=${field}`] : []),
      ];
    });
    return ['', ...queries].map((query) => `${list}${query}`);
  });
}

eachPlace('plans of the lists of', (place) => {
  for (const { app, tables, lists } of APPS)
    it(app.name, async (t) => {
      const served = await serveApp(app, await place());
      t.after(() => served.close());
      const { store } = served.engine;
      const idKind = app.accounts.id.type.column;
      const account = {
        username: "'a' || i",
        username_key: "'n:a' || i",
        created_at: INSTANT,
        roles: "'[]'",
      };
      if (idKind === 'integer') await fill(store, 600, '_trestle_accounts', account);
      for (const [table, values] of Object.entries(tables(store))) await fill(store, ROWS, table, values);
      const run = recordIn(store);
      const token = served.administrator;
      const ask = async (path: string) => {
        const { status, body, headers } = await served.call('GET', path, { token });
        assert.equal(status, 200, `${path} ${JSON.stringify(body)}`);
        const statements = run.splice(0);
        assert.ok(statements.length > 0, path);
        for (const one of statements)
          assert.deepEqual(await scanned(store, one), [], `${path}\n${one.query.sql}`);
        run.length = 0;
        return { body, next: /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] };
      };
      const samples = new Map<string, Record<string, unknown>>();
      for (const name of Object.keys(app.resources)) {
        const { body } = await served.call('GET', `/v1/${name}?limit=2`, { token });
        // As the uniform API answers a list.
        samples.set(name, (body as { items: Record<string, unknown>[] }).items[1] ?? {});
      }
      run.length = 0;
      for (const path of [...uniformLists(app, samples), ...lists]) {
        const { next } = await ask(path);
        if (next) await ask(next);
      }
    });
});
