import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  createdAt,
  integerId,
  oneOf,
  resource,
  text,
} from '../../src/index.ts';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const posts = resource({
  id: integerId(),
  fields: {
    title: text(),
    topic: oneOf(['news', 'other'], { default: 'news' }),
    body: text({ nullable: true }),
    writer: author(),
    posted: createdAt({ index: true }),
  },
  feed: { title: 'title', date: 'posted', author: 'writer', content: 'body' },
  can: { read: anyone, create: anyone },
});
const open = app({ name: 'open', accounts: accounts({ can: { read: anyone } }), resources: { posts } });
const closed = app({ name: 'closed', accounts: accounts(), resources: { posts } });

/** The texts of all elements of a name, as they stand. */
function textsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(
    ([, text = '']) => text,
  );
}

eachPlace('feeds', (place) => {
  it('have the newest rows, as Atom and as JSON Feed', async (t) => {
    const served = await serveApp(open, await place());
    t.after(() => served.close());
    const body = { username: 'ann', password: 'a password of a writer' };
    await served.call('POST', '/v1/accounts', { body });
    const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
    const token = String(Reflect.get(Object(tokens), 'access_token'));
    await served.call('POST', '/v1/posts', { token, body: { title: 'Q&A <1> "x"', body: 'a\u0007b & c' } });
    await served.call('POST', '/v1/posts', { body: { title: 'second', topic: 'other' } });

    const atom = await served.call('GET', '/v1/posts/feed.atom');
    assert.match(atom.headers.get('content-type') ?? '', /^application\/atom\+xml/);
    const xml = String(atom.body);
    assert.match(
      xml,
      /^<\?xml version="1\.0" encoding="utf-8"\?>\n<feed xmlns="http:\/\/www\.w3\.org\/2005\/Atom">/,
    );
    assert.deepEqual(textsOf(xml, 'title'), ['posts', 'second', 'Q&amp;A &lt;1&gt; &quot;x&quot;']);
    assert.deepEqual(textsOf(xml, 'content'), ['ab &amp; c']);
    assert.deepEqual(textsOf(xml, 'name'), ['posts', 'ann']);
    const ids = textsOf(xml, 'id');
    assert.equal(new Set(ids).size, 3);
    assert.ok(
      ids.every((id) => /^urn:uuid:[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)),
    );

    const json = await served.call('GET', '/v1/posts/feed.json?filter[topic]=news&limit=5');
    const { version, items } = json.body as { version: string; items: Record<string, unknown>[] };
    assert.equal(version, 'https://jsonfeed.org/version/1.1');
    assert.deepEqual(
      items.map(({ title, url, authors }) => [title, url, authors]),
      [['Q&A <1> "x"', '/v1/posts/1', [{ name: 'ann' }]]],
    );
    assert.equal(`${items[0]?.id}`, ids[2]);
    const again = await served.call('GET', '/v1/posts/feed.atom', {
      headers: { 'if-none-match': atom.headers.get('etag') ?? '' },
    });
    assert.equal(again.status, 304);
  });

  it('show no name of an account that the reader may not read', async (t) => {
    const served = await serveApp(closed, await place());
    t.after(() => served.close());
    const body = { username: 'ann', password: 'a password of a writer' };
    await served.call('POST', '/v1/accounts', { body });
    const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
    const token = String(Reflect.get(Object(tokens), 'access_token'));
    await served.call('POST', '/v1/posts', { token, body: { title: 'one' } });
    const { body: feed } = await served.call('GET', '/v1/posts/feed.json');
    assert.ok(!JSON.stringify(feed).includes('ann') && !JSON.stringify(feed).includes('authors'));
    assert.equal((await served.call('GET', '/v1/posts/feed.json?sort=title')).status, 400);
  });
});
