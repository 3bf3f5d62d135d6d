import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import { Client, member, refused, titles, wrong } from './client.ts';

everyPlace('updates', (place) => {
  const client = new Client(place);

  const points = [
    { title: 'p1', description: ['a', 'b'] },
    { title: 'p2', description: [] },
  ];

  test('posting answers 201 with the update and its points', async () => {
    const id = await client.newProject('with points');
    const body = { title: 'u', project_id: id, relevant_points: [points[0], { title: 'p2' }] };
    const created = await client.call('POST', '/updates', body);
    assert.equal(created.status, 201);
    const update = Object(created.body);
    assert.deepEqual(Object.keys(update), ['id', 'title', 'creation_date', 'created_by', 'relevant_points']);
    assert.deepEqual([update.created_by, update.relevant_points], ['1', points]);
    const project = await client.call('GET', `/projects/${id}`);
    assert.deepEqual(member(project.body, 'project_updates'), [update]);
  });

  test('an unknown project is 404', async () => {
    const body = { title: 'u', project_id: 987654 };
    refused(await client.call('POST', '/updates/', body), 404, 'Project with id 987654 not found.');
    for (const project_id of [0, -5])
      refused(
        await client.call('POST', '/updates', { title: 'u', project_id }),
        404,
        `Project with id ${project_id} not found.`,
      );
    const id = await client.newUpdate('u', await client.newProject('p'));
    refused(await client.call('PUT', `/updates/${id}`, body), 404, 'Project with id 987654 not found.');
  });

  test('replacing replaces title, project and all points', async () => {
    const [from, to] = [await client.newProject('from'), await client.newProject('to')];
    const body = { title: 'u', project_id: from, relevant_points: points };
    const created = await client.call('POST', '/updates', body);
    const id = member(created.body, 'id');
    const changed = await client.call('PUT', `/updates/${id}/`, { title: 'v', project_id: to });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.body, { ...Object(created.body), title: 'v', relevant_points: [] });
    const shown = async (project: number) =>
      titles(member((await client.call('GET', `/projects/${project}`)).body, 'project_updates'));
    assert.deepEqual([await shown(from), await shown(to)], [[], ['v']]);
  });

  test('wrong bodies are 422 down to the member of a point', async () => {
    const id = await client.newProject('p');
    const broken = {
      title: 1,
      project_id: 'x',
      relevant_points: [{ title: 'p' }, { description: ['a', 5] }],
    };
    const found = wrong(await client.call('POST', '/updates', broken));
    assert.deepEqual(
      new Set(found.map((each) => JSON.stringify(each))),
      new Set([
        '[["body","title"],"type_error.str"]',
        '[["body","project_id"],"type_error.integer"]',
        '[["body","relevant_points",1,"title"],"value_error.missing"]',
        '[["body","relevant_points",1,"description",1],"type_error.str"]',
      ]),
    );
    const list = await client.call('POST', '/updates', { title: 'u', project_id: id, relevant_points: {} });
    assert.deepEqual(wrong(list), [[['body', 'relevant_points'], 'type_error.list']]);
    assert.deepEqual(wrong(await client.call('POST', '/updates', {})), [
      [['body', 'title'], 'value_error.missing'],
      [['body', 'project_id'], 'value_error.missing'],
    ]);
  });

  test('unknown members of a point are left out, and ids and owners are not the caller’s to set', async () => {
    const project_id = await client.newProject('p');
    const smuggled = { id: 1, created_by: '5', relevant_points: [{ title: 'p', id: 3, update_id: 4 }] };
    const created = await client.call('POST', '/updates', { title: 'u', project_id, ...smuggled });
    assert.equal(created.status, 201);
    assert.equal(member(created.body, 'created_by'), '1');
    assert.deepEqual(member(created.body, 'relevant_points'), [{ title: 'p', description: [] }]);
  });

  test('deleting one leaves the others; an unknown one is 404', async () => {
    const project = await client.newProject('p');
    const [kept, gone] = [await client.newUpdate('kept', project), await client.newUpdate('gone', project)];
    assert.equal((await client.call('DELETE', `/updates/${gone}/`)).status, 204);
    for (const method of ['DELETE', 'PUT'])
      refused(
        await client.call(
          method,
          `/updates/${gone}`,
          method === 'PUT' ? { title: 'x', project_id: project } : undefined,
        ),
        404,
        `Update with id ${gone} not found.`,
      );
    const { body } = await client.call('GET', `/projects/${project}`);
    assert.deepEqual(titles(member(body, 'project_updates')), ['kept']);
    assert.ok(kept < gone);
  });
});
