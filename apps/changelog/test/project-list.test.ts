import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import { Client, member, refused, titles, wrong } from './client.ts';

everyPlace('the list of projects', (place) => {
  const client = new Client(place);

  const others = { username: 'carl', password: 'c' };
  let carl: string;
  let carlsId: unknown;

  before(async () => {
    carlsId = member((await client.anonymous('POST', '/users', { body: others })).body, 'user_id');
    carl = await client.signIn('carl', 'c');
    for (const title of ['50% off', '50 percent', 'a_b', 'aXb', 'ÄRGER und Freude', "quote ' and \\ too"])
      await client.anonymous('POST', '/projects', { token: carl, body: { title } });
  });

  const list = async (query: string) =>
    titles((await client.call('GET', `/projects?creator=${carlsId}&${query}`)).body);

  test('newest first, 10 unless said otherwise', async () => {
    assert.deepEqual(await list('limit=3'), ["quote ' and \\ too", 'ÄRGER und Freude', 'aXb']);
    assert.deepEqual(await list('limit=2&skip=4'), ['50 percent', '50% off']);
    for (let n = 0; n < 11; n += 1) await client.newProject(`many ${n}`);
    assert.equal(titles((await client.call('GET', '/projects/')).body).length, 10);
    assert.deepEqual(await list('limit=0'), []);
    assert.deepEqual(await list('skip=1000'), []);
  });

  test('search takes a part of the title, in any case, and no wildcards', async () => {
    assert.deepEqual(await list('search=50%25'), ['50% off']);
    assert.deepEqual(await list('search=a_b'), ['a_b']);
    assert.deepEqual(await list('search=PERCENT'), ['50 percent']);
    assert.deepEqual(await list(`search=${encodeURIComponent("' and \\")}`), ["quote ' and \\ too"]);
    assert.deepEqual(await list('search=%25%25'), []);
    assert.equal((await list('search=')).length, 6);
  });

  test('date is the UTC day of creation', async () => {
    const today = new Date().toISOString().slice(0, 10);
    assert.equal((await list(`date=${today}`)).length, 6);
    assert.equal((await list('date=')).length, 6);
    assert.deepEqual(await list('date=2020-02-29'), []);
    assert.deepEqual(await list('date=9999-12-31'), []);
    for (const date of ['2026-02-30', '2021-13-01', '20-1-1', 'today', '2021/01/01', '0000-01-01'])
      refused(await client.call('GET', `/projects?date=${date}`), 400, `${date} not formatted correctly`);
  });

  test('creator is a user id', async () => {
    assert.deepEqual(titles((await client.call('GET', '/projects?creator=4711')).body), []);
    assert.deepEqual(wrong(await client.call('GET', '/projects?creator=carl')), [
      [['query', 'creator'], 'type_error.integer'],
    ]);
  });

  test('bounds of the page are checked, unknown parameters left alone', async () => {
    const query = 'limit=-1&skip=-1&update_limit=-1&update_skip=x';
    assert.deepEqual(wrong(await client.call('GET', `/projects?${query}`)), [
      [['query', 'limit'], 'value_error.number.not_ge'],
      [['query', 'skip'], 'value_error.number.not_ge'],
      [['query', 'update_limit'], 'value_error.number.not_ge'],
      [['query', 'update_skip'], 'type_error.integer'],
    ]);
    assert.deepEqual(wrong(await client.call('GET', '/projects?limit=10001')), [
      [['query', 'limit'], 'value_error.number.not_le'],
    ]);
    assert.deepEqual(await list('limit=1&colour=red'), ["quote ' and \\ too"]);
  });

  test('each project shows its own newest updates', async () => {
    const first = await client.newProject('first');
    const second = await client.newProject('second');
    for (const title of ['a', 'b', 'c']) await client.newUpdate(`${title}1`, first);
    for (const title of ['a', 'b', 'c']) await client.newUpdate(`${title}2`, second);
    const shown = async (query: string) => {
      const { body } = await client.call('GET', `/projects?limit=2${query}`);
      assert.ok(Array.isArray(body));
      return body.map((project) => titles(member(project, 'project_updates')));
    };
    assert.deepEqual(await shown(''), [
      ['c2', 'b2'],
      ['c1', 'b1'],
    ]);
    assert.deepEqual(await shown('&update_limit=1&update_skip=1'), [['b2'], ['b1']]);
    assert.deepEqual(await shown('&update_limit=0'), [[], []]);
    const one = await client.call('GET', `/projects/${first}?update_limit=2&update_skip=1`);
    assert.deepEqual(titles(member(one.body, 'project_updates')), ['b1', 'a1']);
  });

  test('30 projects with their updates and points cost two statements, as one does', async () => {
    const projects = client.served.engine.services.projects;
    const caller = { kind: 'administrator' } as const;
    for (let n = 0; n < 30; n += 1) {
      const { id } = await projects.create({ caller }, { title: `page ${n}` });
      const relevant_points = [{ title: 'p', description: ['one', 'two'] }, { title: 'q' }];
      for (const title of ['x', 'y', 'z'])
        await client.served.engine.services.updates.create(
          { caller },
          {
            title,
            project_id: id,
            relevant_points,
          },
        );
    }
    const cost = async (query: string) => {
      // A server looks the session up again after a second, which may be now: the least of several counts is that of the page alone.
      const counts: number[] = [];
      let shown = 0;
      for (let n = 0; n < 9; n += 1) {
        const before = client.served.statements();
        const { body } = await client.call('GET', `/projects?${query}`);
        counts.push(client.served.statements() - before);
        shown = titles(body).length;
      }
      return { statements: Math.min(...counts), shown };
    };
    const page = await cost('limit=30&update_limit=3');
    assert.equal(page.shown, 30);
    assert.equal(page.statements, 2);
    assert.equal((await cost('limit=1')).statements, 2);
  });
});
