// Tools of the Model Context Protocol tell no more of hidden fields and rows than the uniform API: neither their schemas nor their answers.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import type { Served } from 'trestle/testing';
import { call, connect, makeKey, toolCalls } from '../mcp/tools-client.ts';
import { eachPlace, type Place } from '../stores.ts';
import { type Hidden, plain, READS, WORLDS, WRITES, world } from '../two-worlds.ts';

const HIDDEN_NAMES = /salary|badge|notes|plan|boss|[tT]ags/;
const SCOPES = ['people:*', 'papers:*', 'shelves:*', 'webhooks:*'];

type Call = (tool: string, given: Record<string, unknown>) => Promise<unknown>;

async function answersOf(t: TestContext, place: Place, hidden: Hidden): Promise<string[]> {
  const made = await world(t, place, hidden);
  const { token } = made;
  // Of its resources only the requests of this test know.
  const served = made.served as unknown as Served;
  const key = await makeKey(served, token, SCOPES);
  const answers: string[] = [];
  const callOf = toolCalls((await served.call('GET', '/openapi.json', { token })).body);
  for (const credential of [token, key, undefined]) {
    const client = await connect(served, t, credential);
    const { tools } = await client.listTools();
    assert.equal(tools.length > 0, true);
    assert.doesNotMatch(JSON.stringify(tools), HIDDEN_NAMES);
    answers.push(plain(tools));
    const ask: Call = async (tool, given) => {
      const { isError, text } = await call(client, tool, given);
      return [isError, text.startsWith('{') ? JSON.parse(text) : text];
    };
    if (credential !== key) continue;
    for (const asked of [...READS, ...WRITES]) {
      const { tool, given } = callOf(asked);
      const told = await ask(tool, given);
      answers.push(`${asked[0]} ${tool} ${plain(told)}`);
      const [method = '', path = ''] = asked[0].split(' ');
      if (method !== 'GET' || !tools.some(({ name }) => name === tool)) continue;
      // What the uniform API answers, and no more.
      const { status, body } = await served.call(method, `/v1${path}`, { token: credential });
      assert.equal(plain(told), plain([status >= 400, body]), asked[0]);
    }
  }
  return answers;
}

eachPlace('tools over two databases that differ in what is hidden', (place) => {
  it('refuse arguments that would come to another request', async (t) => {
    const { served, token } = await world(t, await place(), WORLDS[0]);
    const other = served as unknown as Served;
    const client = await connect(other, t, await makeKey(other, token, SCOPES));
    const refused = async (tool: string, given: Record<string, unknown>, expected: RegExp) => {
      const { isError, text } = await call(client, tool, given);
      assert.equal(isError, true, text);
      assert.match(text, expected);
    };
    await refused(
      'deletePeople',
      { filtre: { name: 'ann' }, max: 10 },
      /argument filtre: deletePeople takes /,
    );
    await refused('getPeople', {}, /argument id: it is required/);
    await refused('deletePeople', { id: '..' }, /argument id: no row has this value/);
    assert.equal(Object((await served.call('GET', '/v1/people?count=exact', { token })).body).total, 3);
  });

  it('have the same schemas and answers', async (t) => {
    const [one = [], other = []] = await Promise.all(
      WORLDS.map(async (hidden) => answersOf(t, await place(), hidden)),
    );
    assert.deepEqual(other, one);
  });
});
