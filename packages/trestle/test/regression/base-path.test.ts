// Behind a proxy under a sub-path, pages, documents and links name paths as the client sees them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accounts, anyone, app, resource, text } from 'trestle';
import { type RunningApp, startApps } from '../harness.ts';

const shelf = (name: string) =>
  app({
    name,
    accounts: accounts(),
    resources: {
      books: resource({
        fields: { title: text() },
        can: { read: anyone, create: anyone, update: anyone, delete: anyone },
      }),
    },
  });

interface Setting {
  prefix: string;
  options: Parameters<typeof startApps>[1];
  /** As the proxy sends it on. */
  path: (path: string) => string;
  headers: Record<string, string>;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  'a proxy that leaves the path': {
    prefix: '/api/v2',
    options: { basePath: '/api/v2' },
    path: (path) => `/api/v2${path}`,
    headers: {},
  },
  'a proxy that takes it off': {
    prefix: '/api',
    options: { basePath: '/api/' },
    path: (path) => path,
    headers: {},
  },
  'a trusted proxy that says what it took': {
    prefix: '/tools/shelf',
    options: { trustedProxies: ['loopback'], basePath: '/other' },
    path: (path) => path,
    headers: { 'x-forwarded-prefix': '/tools/shelf/' },
  },
};

for (const [name, { prefix, options, path, headers }] of Object.entries(SETTINGS))
  describe(name, () => {
    let one: RunningApp;
    let two: RunningApp;
    before(async () => {
      one = await startApps(shelf('books'), options);
      two = await startApps([shelf('left'), shelf('right')], options);
    });
    after(async () => {
      await one.close();
      await two.close();
    });
    const get = async (server: RunningApp, to: string, more = {}) => {
      const response = await fetch(`${server.url}${path(to)}`, { headers: { ...headers, ...more } });
      return { response, text: await response.text() };
    };
    /** A link that the client follows: the proxy takes the prefix off, or leaves it. */
    const follow = async (server: RunningApp, link: string) => {
      assert.ok(link.startsWith(`${prefix}/`), link);
      return (await get(server, link.slice(prefix.length))).response.status;
    };

    for (const [base, servers] of [
      ['', () => one],
      ['/right', () => two],
    ] as const)
      test(`pages, documents and links of an app at '${base}'`, async () => {
        const server = servers();
        for (const page of ['', '/docs', '/redoc']) {
          const { response, text } = await get(server, `${base}${page}` || '/', { accept: 'text/html' });
          assert.equal(response.status, 200, page);
          for (const [, link = ''] of text.matchAll(/(?:href|src)="(\/[^"]*)"/g))
            assert.equal(await follow(server, link), 200, link);
        }
        const start = await get(server, `${base}/docs-files/swagger-start.js`);
        assert.ok(start.text.includes(`"${prefix}${base}/openapi.json"`), start.text);
        const document = JSON.parse((await get(server, `${base}/openapi.json`)).text);
        assert.deepEqual(document.servers, [{ url: `${prefix}${base}` }]);
        assert.ok(
          JSON.stringify(document.components.securitySchemes).includes(`"${prefix}${base}/v1/sessions"`),
        );

        const made = await fetch(`${server.url}${path(`${base}/v1/books`)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: '{"title":"A"}',
        });
        assert.equal(await follow(server, made.headers.get('location') ?? ''), 200);
        const list = await get(server, `${base}/v1/books?limit=1`);
        const [, first = ''] = /<([^>]+)>; rel="first"/.exec(list.response.headers.get('link') ?? '') ?? [];
        assert.equal(await follow(server, first), 200);
        const missing = JSON.parse((await get(server, `${base}/v1/books/0`)).text);
        assert.deepEqual(
          [missing.type, missing.instance],
          [`${prefix}/problems/not_found`, `${prefix}${base}/v1/books/0`],
        );
        assert.equal(await follow(server, missing.type), 200);
      });
  });

test('a prefix is believed of trusted proxies alone, and only where it is a path', async () => {
  await using open = await startApps(shelf('books'));
  await using proxied = await startApps(shelf('books'), { trustedProxies: ['127.0.0.0/8'] });
  const serversOf = async (server: RunningApp, prefix: string) => {
    const { body } = await server.call<{ servers: { url: string }[] }>('GET /openapi.json', {
      headers: { 'x-forwarded-prefix': prefix },
    });
    return body.servers[0]?.url;
  };
  assert.equal(await serversOf(open, '/evil'), '/');
  assert.equal(await serversOf(proxied, '/good'), '/good');
  for (const prefix of [
    '//evil.example',
    'https://evil.example',
    '/a b',
    '/"><script>',
    '/../x',
    '/a/..',
    'relative',
  ])
    assert.equal(await serversOf(proxied, prefix), '/', prefix);
});

test('what is no base path and no proxy is refused at start', async () => {
  for (const basePath of ['api', '//x', '/a?b', '/a/../b', '/ä'])
    await assert.rejects(startApps(shelf('books'), { basePath }), /--base-path/);
  for (const proxy of ['proxy.example', '10.0.0.0/33', '10.0.0/8', '1.2.3.4/x', ''])
    await assert.rejects(startApps(shelf('books'), { trustedProxies: [proxy] }), /--trusted-proxies/);
});
