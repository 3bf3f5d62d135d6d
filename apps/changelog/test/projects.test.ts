import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import { Client, INSTANT, json, member, refused, titles, wrong } from './client.ts';

everyPlace('projects', (place) => {
  const client = new Client(place);

  test('creating answers 201 with the whole project; active is true where left out', async () => {
    const created = await client.call('POST', '/projects/', { title: 'Roof' });
    assert.equal(created.status, 201);
    const { id, creation_date } = Object(created.body);
    assert.match(creation_date, INSTANT);
    assert.ok(Number.isSafeInteger(id));
    const project = { id, title: 'Roof', active: true, creation_date, created_by: '1', project_updates: [] };
    assert.deepEqual(created.body, project);
    assert.deepEqual((await client.call('GET', `/projects/${id}`)).body, project);
  });

  test('a form creates too', async () => {
    const body = new URLSearchParams({ title: 'From a form', active: 'false' });
    const created = await client.call('POST', '/projects', body);
    assert.deepEqual([created.status, member(created.body, 'active')], [201, false]);
    const bad = await client.call(
      'POST',
      '/projects',
      new URLSearchParams({ title: 'x', active: 'perhaps' }),
    );
    assert.deepEqual(wrong(bad), [[['body', 'active'], 'type_error.bool']]);
  });

  test('members that are not the caller’s to set are left alone', async () => {
    const smuggled = {
      title: 'Mine',
      id: 1,
      created_by: '99',
      creation_date: '2001-01-01T00:00:00Z',
      _version: 9,
    };
    const created = await client.call('POST', '/projects', smuggled);
    assert.equal(created.status, 201);
    assert.notEqual(member(created.body, 'id'), 1);
    assert.equal(member(created.body, 'created_by'), '1');
    assert.doesNotMatch(String(member(created.body, 'creation_date')), /^2001/);
    const id = member(created.body, 'id');
    const changed = await client.call('PUT', `/projects/${id}`, {
      ...smuggled,
      title: 'Still mine',
      project_updates: [],
    });
    assert.deepEqual(changed.body, { ...Object(created.body), title: 'Still mine' });
  });

  test('wrong bodies are 422 by member', async () => {
    const cases: [unknown, unknown][] = [
      [{}, [[['body', 'title'], 'value_error.missing']]],
      [{ title: 5 }, [[['body', 'title'], 'type_error.str']]],
      [{ title: null }, [[['body', 'title'], 'type_error.none.not_allowed']]],
      [{ title: 'x', active: 'perhaps' }, [[['body', 'active'], 'type_error.bool']]],
      [[], [[['body'], 'type_error.dict']]],
      ['"text"', [[['body'], 'type_error.dict']]],
      ['null', [[['body'], 'value_error.missing']]],
    ];
    for (const [body, expected] of cases)
      assert.deepEqual(wrong(await client.call('POST', '/projects', body, { headers: json })), expected);
  });

  test('what cannot be read is 400, another type 415, in this shape', async () => {
    const malformed = await client.call('POST', '/projects', '{"title":', { headers: json });
    assert.equal(malformed.status, 400);
    assert.equal(typeof member(malformed.body, 'detail'), 'string');
    const xml = await client.call('POST', '/projects', '<a/>', { headers: { 'Content-Type': 'text/xml' } });
    assert.equal(xml.status, 415);
    assert.equal(typeof member(xml.body, 'detail'), 'string');
    const large = await client.call('POST', '/projects', { title: 'x'.repeat(2 ** 20) });
    assert.equal(large.status, 413);
    assert.equal(typeof member(large.body, 'detail'), 'string');
  });

  test('replacing changes title and active, and never the updates', async () => {
    const id = await client.newProject('Before');
    for (let n = 1; n <= 12; n += 1) await client.newUpdate(`update ${n}`, id);
    const changed = await client.call('PUT', `/projects/${id}/`, { title: 'After', active: false });
    assert.deepEqual(
      [changed.status, member(changed.body, 'title'), member(changed.body, 'active')],
      [200, 'After', false],
    );
    const newest = Array.from({ length: 10 }, (_, n) => `update ${12 - n}`);
    assert.deepEqual(titles(member(changed.body, 'project_updates')), newest);
    const again = await client.call('PUT', `/projects/${id}`, { title: 'After' });
    assert.equal(member(again.body, 'active'), false);
  });

  test('deleting takes the updates along', async () => {
    const id = await client.newProject('Doomed');
    const update = await client.newUpdate('doomed too', id);
    const gone = await client.call('DELETE', `/projects/${id}`);
    assert.deepEqual([gone.status, gone.body], [204, undefined]);
    refused(await client.call('GET', `/projects/${id}`), 404, `Project with id ${id} not found.`);
    refused(await client.call('DELETE', `/projects/${id}`), 404, `Project with id ${id} not found.`);
    refused(await client.call('DELETE', `/updates/${update}`), 404, `Update with id ${update} not found.`);
  });

  test('ids that no project has are 404, what is no id is 422', async () => {
    for (const id of ['987654', '0', '-3', '9007199254740991'])
      refused(await client.call('GET', `/projects/${id}`), 404, `Project with id ${Number(id)} not found.`);
    refused(
      await client.call('PUT', '/projects/987654', { title: 'x' }),
      404,
      'Project with id 987654 not found.',
    );
    for (const id of ['abc', '1.5', '1e3', '%20', '99999999999999999999'])
      assert.deepEqual(
        wrong(await client.call('GET', `/projects/${id}`)),
        [[['path', 'id'], 'type_error.integer']],
        id,
      );
  });

  test('unknown paths and methods are answered in this shape', async () => {
    refused(await client.call('GET', '/nowhere'), 404, 'Not Found');
    const patch = await client.call('PATCH', '/projects');
    refused(patch, 405, 'Method Not Allowed');
    assert.equal(patch.headers.get('allow'), 'GET, HEAD, POST, OPTIONS');
  });
});
