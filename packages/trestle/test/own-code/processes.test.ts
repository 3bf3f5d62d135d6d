import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openEngine } from '../../src/engine.ts';
import { anyone, app, integerId, job, resource, text } from '../../src/index.ts';
import { openApp } from '../../src/open.ts';
import { eachPlace } from '../stores.ts';

const resources = {
  notes: resource({
    id: integerId(),
    fields: { title: text() },
    can: { read: anyone, create: anyone },
  }),
};
const caller = { kind: 'anonymous' } as const;

eachPlace('code of a start and a stop', (place) => {
  it('runs in every process, and once for all of them', async () => {
    const said: string[] = [];
    const say = (words: string) => async () => void said.push(words);
    const declared = app({
      name: 'notes',
      resources,
      start: {
        cluster: async ({ services }) => {
          await services.notes.create({ caller }, { title: 'made at the start' });
          said.push('first');
        },
        process: say('start'),
      },
      stop: { cluster: say('last'), process: say('stop') },
    });
    const at = { ...(await place()), shared: true };
    const one = await openEngine(declared, at);
    const two = await openEngine(declared, { ...at, roles: ['work'] });
    assert.deepEqual(said.splice(0), ['first', 'start', 'start']);
    const script = await openApp(declared, at);
    assert.equal((await script.services.notes.list({ caller })).items.length, 1);
    await script.close();
    assert.deepEqual(said.splice(0), [], 'a script is no process of the cluster');
    await one.close();
    await two.close();
    assert.deepEqual(said.splice(0), ['stop', 'stop', 'last']);
    const again = await Promise.all([openEngine(declared, at), openEngine(declared, at)]);
    assert.deepEqual(said.splice(0).sort(), ['first', 'start', 'start']);
    await Promise.all(again.map((engine) => engine.close()));
    assert.deepEqual(said.splice(0).sort(), ['last', 'stop', 'stop']);
  });

  it('ends the start where it throws; where a stop throws, that is logged', async () => {
    const failures: unknown[] = [];
    const failed = (error: unknown) => void failures.push(error);
    const log = () => ({ events: new Map(), event() {}, failed });
    const at = { ...(await place()), log };
    const bad = async () => {
      throw new Error('no mail server');
    };
    const fails = app({ name: 'notes', resources, start: { cluster: bad } });
    await assert.rejects(openEngine(fails, at), /no mail server/);
    await assert.rejects(openEngine(fails, at), /no mail server/);
    const engine = await openEngine(app({ name: 'notes', resources, stop: { process: bad } }), at);
    await engine.close();
    assert.match(String(failures), /no mail server/);
  });
});

eachPlace('openApp', (place) => {
  it('gives a script the services, beside a server of the same rows', async () => {
    const ran = Promise.withResolvers<string>();
    const jobs = {
      greet: job({ input: { words: text() }, run: async (_, { words }) => ran.resolve(words) }),
    };
    const declared = app({ name: 'notes', resources, jobs });
    const at = await place();
    const server = await openEngine(declared, { ...at, jobs: { poll: 0.05 } });
    {
      await using script = await openApp(declared, at);
      const title: string = (await script.services.notes.create({ caller }, { title: 'by a script' })).title;
      await script.jobs.greet.enqueue({ caller }, { words: title });
    }
    assert.equal(await ran.promise, 'by a script');
    assert.equal((await server.services.notes.list({ caller })).items.length, 1);
    await server.close();
  });
});
