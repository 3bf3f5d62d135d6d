// Whatever a caller asks, on any channel, the answer is the same in two databases that differ in hidden fields and rows alone.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { system } from 'trestle/contract';
import { EventReader } from '../live/event-reader.ts';
import { eachPlace, type Place } from '../stores.ts';
import { type Hidden, plain, READS, WORLDS, WRITES, world } from '../two-worlds.ts';

/** All answers of a world to a caller without a role, and to nobody. */
async function answersOf(t: TestContext, place: Place, hidden: Hidden): Promise<string[]> {
  const { served, token } = await world(t, place, hidden);
  const watched = await EventReader.open(`${served.url}/v1/people/events`, { token });
  t.after(() => watched.close());
  const answers: string[] = [plain((await watched.next())?.data)];
  for (const [line, body] of [...READS, ...WRITES])
    for (const credential of [token, undefined]) {
      const [method = '', path = ''] = line.split(' ');
      const asked = { token: credential, ...(body !== undefined && { body }) };
      const { status, headers, body: told } = await served.call(method, `/v1${path}`, asked);
      const seen = ['etag', 'location', 'link', 'last-modified'].map((name) => headers.get(name));
      answers.push(`${line} ${credential ? 'ben' : 'nobody'} ${status} ${plain([seen, told])}`);
    }
  // What its reader may not read is no change of a list: the next event is that of another row.
  const { people } = served.engine.services;
  await people.patch(system(), 2, { salary: hidden.salary });
  await people.patch(system(), 1, { name: 'last' });
  for (let isLast = false; !isLast; ) {
    const event = (await watched.next()) ?? assert.fail('the stream has ended');
    isLast = JSON.stringify(event.data).includes('last');
    answers.push(plain([event.event, event.data]));
  }
  answers.push(plain((await served.call('GET', '/openapi.json', { token })).body));
  return answers;
}

eachPlace('two databases that differ in what is hidden', (place) => {
  it('answer the same', async (t) => {
    const [one = [], other = []] = await Promise.all(
      WORLDS.map(async (hidden) => answersOf(t, await place(), hidden)),
    );
    assert.deepEqual(other, one);
    // The path of a request may have it, and so may a problem that repeats it.
  });
});
