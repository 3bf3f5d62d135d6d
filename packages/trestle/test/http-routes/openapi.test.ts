import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';
import type { Resources } from '../../src/schema/row-types.ts';
import { at, notebook } from './notes.ts';
import { probe } from './probe.ts';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/** Serves an app for the tests of a suite, with its document. */
function documented<Rs extends Resources>(open: () => Promise<Served<Rs>>) {
  const found: { served?: Served<Rs>; document: Record<string, unknown> } = { document: {} };
  before(async () => {
    found.served = await open();
    const { status, body, headers } = await found.served.call('GET', '/openapi.json');
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    found.document = Object(body);
  });
  after(() => found.served?.close());
  return {
    get served(): Served<Rs> {
      assert.ok(found.served);
      return found.served;
    },
    get document(): Record<string, unknown> {
      return found.document;
    },
    /** Every path with its operations. */
    *operations(): Generator<{ path: string; method: string; operation: unknown }> {
      for (const [path, item] of Object.entries(Object(found.document.paths)))
        for (const [method, operation] of Object.entries(Object(item))) yield { path, method, operation };
    },
  };
}

/** The checks that every app's document passes. */
function holds<Rs extends Resources>(name: string, open: () => Promise<Served<Rs>>): void {
  describe(`the document of ${name}`, () => {
    const app = documented(open);

    test('is valid OpenAPI 3.1', async () => {
      const verdict = await new Validator().validate(structuredClone(app.document));
      assert.deepEqual(verdict, { valid: true });
      assert.match(String(app.document.openapi), /^3\.1\./);
    });

    test('refers to nothing that is not there, and names each operation once', () => {
      const schemas = Object(at(app.document, 'components', 'schemas'));
      const text = JSON.stringify(app.document);
      for (const [, schema = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
        assert.ok(Object.hasOwn(schemas, schema), schema);
      const schemes = Object(at(app.document, 'components', 'securitySchemes'));
      const ids = new Set<unknown>();
      for (const { method, operation } of app.operations()) {
        assert.ok(METHODS.includes(method));
        const id = at(operation, 'operationId');
        assert.ok(!ids.has(id), String(id));
        ids.add(id);
        for (const alternative of Object(at(operation, 'security')))
          for (const scheme of Object.keys(alternative)) assert.ok(Object.hasOwn(schemes, scheme), scheme);
      }
    });

    test('says of every path exactly the methods that it takes', async () => {
      const methods = new Map<string, string[]>();
      for (const { path, method } of app.operations())
        methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
      for (const [path, listed] of methods) {
        const reply = await app.served.call('OPTIONS', path.replaceAll(/\{\w+\}/g, 'x'));
        const allowed = (reply.headers.get('allow') ?? '').split(', ');
        const expected = withImplied(listed, allowed);
        for (const method of expected) assert.ok(allowed.includes(method), `${method} ${path}: ${allowed}`);
        if (!isAlone(path, methods.keys())) continue;
        for (const method of allowed.filter((each) => !expected.includes(each)))
          await closed(app.served as unknown as Served<Resources>, method, path);
      }
    });

    test('names every parameter of a path, and says of every operation what it answers', () => {
      for (const { path, operation } of app.operations()) {
        const parameters = Object.values(Object(at(operation, 'parameters')));
        const named = parameters.filter((each) => at(each, 'in') === 'path').map((each) => at(each, 'name'));
        assert.deepEqual(named.sort(), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(), path);
        const statuses = Object.keys(Object(at(operation, 'responses')));

        assert.ok(
          statuses.some((status) => /^(4\d\d|default)$/.test(status)),
          `${path}: ${statuses}`,
        );
      }
    });

    test('what needs credentials says so, and answers 401 or 403 without', async () => {
      for (const { path, method, operation } of app.operations()) {
        const security = Object(at(operation, 'security'));
        if (security.length === 0 || security.some((each: object) => Object.keys(each).length === 0))
          continue;
        const { status } = await app.served.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, '1'));
        assert.ok([401, 403].includes(status), `${method} ${path}: ${status}`);
      }
    });
  });
}

/** Asserts that an operation which is not listed is closed even to the administrator. */
async function closed(served: Served<Resources>, method: string, path: string): Promise<void> {
  const url = path.replaceAll(/\{\w+\}/g, '1');
  const { status } = await served.call(method, url, { token: served.administrator });
  assert.equal(status, 403, `${method} ${path}`);
}

/** The methods that follow from documented ones. A GET that changes something has no HEAD. */
function withImplied(listed: readonly string[], allowed: readonly string[]): string[] {
  const head = listed.includes('GET') && allowed.includes('HEAD') ? ['HEAD'] : [];
  return [...listed, ...head, 'OPTIONS'];
}

/** `/articles/new` is no `/articles/{id}`; of two paths with parameters either may be meant. */
function isAlone(path: string, paths: Iterable<string>): boolean {
  return !path.includes('{') || ![...paths].some((other) => other !== path && isLike(path, other));
}

/** Whether a path fits another one's template. */
function isLike(path: string, template: string): boolean {
  const pattern = template.replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(path.replaceAll(/\{\w+\}/g, 'x'));
}

holds('changelog', () => serveApp(changelog));
holds('messages', () => serveApp(messages));
holds('records', () => serveApp(records));
holds('forum', () => serveApp(forum));
holds('packages', () => serveApp(packages));
holds('an app without a contract', () => serveApp(notebook));
holds('a contract of every kind', () => serveApp(probe));

describe('the uniform part of a document', () => {
  const app = documented(() => serveApp(notebook));
  const operation = (path: string, method: string) => at(app.document, 'paths', path, method);

  test('has a name for each schema of a resource', () => {
    const schemas = Object(at(app.document, 'components', 'schemas'));
    assert.deepEqual(
      Object.keys(schemas).filter((name) => name.startsWith('Note')),
      [
        'NoteView',
        'NotePage',
        'NoteSearch',
        'NoteAggregate',
        'NoteAggregates',
        'NoteAmounts',
        'Note',
        'NoteBody',
        'NoteBodies',
        'NoteRows',
        'NotePatch',
        'NotePermissions',
      ],
    );
    assert.deepEqual(at(schemas.NoteBody, 'required'), ['title']);
    assert.equal(at(schemas.NoteBody, 'properties', 'owner'), undefined);
    assert.equal(
      at(operation('/v1/notes', 'post'), 'responses', '201', 'content', 'application/json', 'schema', '$ref'),
      '#/components/schemas/Note',
    );
  });

  test('bodies are JSON alone; errors are problems', () => {
    const body = at(operation('/v1/notes/{id}', 'patch'), 'requestBody', 'content');
    assert.deepEqual(Object.keys(Object(body)), ['application/json']);
    const notFound = at(operation('/v1/notes/{id}', 'patch'), 'responses', '404', '$ref');
    assert.equal(notFound, '#/components/responses/NotFound');
    const content = at(app.document, 'components', 'responses', 'NotFound', 'content');
    assert.deepEqual(at(content, 'application/problem+json', 'schema'), {
      $ref: '#/components/schemas/Problem',
    });
  });

  test('signing in is an OAuth2 password flow', () => {
    assert.equal(
      at(app.document, 'components', 'securitySchemes', 'password', 'flows', 'password', 'tokenUrl'),
      '/v1/sessions',
    );
  });
});
