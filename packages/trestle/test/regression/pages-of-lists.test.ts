// Lists of moves, sessions, keys and uses of keys have pages like any list: limit, cursor, Link, filter and sort.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, anyText, app, resource, signedIn, state, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const statuses = resource({
  fields: { name: text() },
  rows: [{ name: 'Draft' }, { name: 'Approved' }],
  can: { read: anyone },
});
const articles = resource({
  fields: { title: text(), status: state('statuses', { by: 'name', initial: 'Draft' }) },
  can: { read: signedIn, create: signedIn, update: signedIn },
});
const desk = app({
  name: 'desk',
  accounts: accounts({ password: anyText }),
  resources: { statuses, articles },
});

interface Page {
  items: { id?: string; at?: string; from?: string; method?: string }[];
  next: string | null;
}

eachPlace('lists beside those of rows', (place) => {
  it('have pages', async (t) => {
    const served = await serveApp(desk, await place());
    t.after(() => served.close());
    const { call, engine } = served;
    const credentials = { username: 'ann', password: 'pass' };
    const { id: account } = (await call('POST', '/v1/accounts', { body: credentials })).body as {
      id: string;
    };
    for (const _ of [1, 2, 3, 4]) await call('POST', '/v1/sessions', { body: credentials });
    const { body: signed } = await call('POST', '/v1/sessions', { body: credentials });
    const { access_token: token } = signed as { access_token: string };
    for (const name of ['a', 'b', 'c', 'd']) await call('POST', '/v1/keys', { token, body: { name } });
    const { body: made } = await call('POST', '/v1/keys', { token, body: { name: 'e' } });
    const { id: keyId, key } = made as { id: string; key: string };
    const created = await call('POST', '/v1/articles', { token: key, body: { title: 'x' } });
    const { id } = created.body as { id: string };
    for (const _ of [1, 2, 3, 4]) await call('GET', `/v1/articles/${id}`, { token: key });
    const mover = { kind: 'account', account, session: '' } as const;
    for (const to of ['Approved', 'Draft', 'Approved', 'Draft', 'Approved'])
      await engine.operations.move(mover, 'articles', id, { state: to });

    const moves = `/v1/articles/${id}/moves`;
    for (const path of ['/v1/sessions', '/v1/keys', `/v1/keys/${keyId}/uses`, moves]) {
      const read = async (query: string) => {
        const { status, body, headers } = await call('GET', `${path}?${query}`, { token });
        assert.equal(status, 200, `${path}?${query}: ${JSON.stringify(body)}`);
        return { page: body as Page, link: headers.get('link') ?? '' };
      };
      const { items: all } = (await read('')).page;
      assert.equal(all.length, 5, path);
      const pages: Page['items'][] = [];
      for (let query: string | undefined = 'limit=2'; query !== undefined; ) {
        const { page, link } = await read(query);
        pages.push(page.items);
        query = /<[^>]*\?([^>]*)>; rel="next"/.exec(link)?.[1];
        assert.equal(query === undefined, page.next === null);
      }
      assert.deepEqual(
        pages.map(({ length }) => length),
        [2, 2, 1],
        path,
      );
      assert.deepEqual(pages.flat(), all, path);
      assert.equal((await call('GET', `${path}?limit=1001`, { token })).status, 400, path);
    }

    const drafts = await call('GET', `${moves}?filter[from]=Draft&filter[by]=${account}&sort=at`, { token });
    const { items } = drafts.body as Page;
    assert.deepEqual(
      items.map(({ from }) => from),
      ['Draft', 'Draft', 'Draft'],
    );
    assert.deepEqual(
      [...items].sort((a, b) => String(a.at).localeCompare(String(b.at))),
      items,
    );
    for (const hidden of ['resource', 'row'])
      assert.equal((await call('GET', `${moves}?filter[${hidden}]=x`, { token })).status, 400);
    assert.equal((await call('GET', moves)).status, 401);
  });
});
