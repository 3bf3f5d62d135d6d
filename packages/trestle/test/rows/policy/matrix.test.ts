import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { App, Rule } from 'trestle';
import { anonymous } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../../../apps/changelog/app.ts';
import forum from '../../../../../apps/forum/app.ts';
import messages from '../../../../../apps/messages/app.ts';
import packages from '../../../../../apps/packages/app.ts';
import records from '../../../../../apps/records/app.ts';
import type { Resource } from '../../../src/schema/resource.ts';
import { VERBS, type Verb } from '../../../src/schema/rules.ts';
import { eachPlace } from '../../stores.ts';
import { callersOf, type Kind, type Tokens } from './callers.ts';
import { sampleBody } from './sample-body.ts';

const APPS: readonly App[] = [changelog, messages, records, forum, packages];
/** The status of each verb where it is allowed. */
const ALLOWED: Readonly<Record<Verb, number>> = { read: 200, create: 201, update: 200, delete: 204 };

/** The statuses of a rule, by the words of its documentation and not by the code that decides. */
function expected(rule: Rule | undefined, verb: Verb, kind: Kind): number {
  if (kind === 'ended session' || kind === 'disabled') return 401;
  if (!rule || rule.kind === 'nobody') return 403;
  if (rule.kind === 'anyone' || kind === 'administrator') return ALLOWED[verb];
  if (kind === 'anonymous') return 401;
  if (rule.kind === 'administrator') return 403;
  if (rule.kind === 'signedIn' || kind === 'owner' || kind === 'key of the owner') return ALLOWED[verb];
  return verb === 'read' ? 404 : verb === 'create' ? ALLOWED[verb] : 403;
}

for (const app of APPS)
  eachPlace(`every rule of ${app.name}, for every kind of caller`, (place) => {
    let served: Served;
    let tokens: Tokens;
    const parents = new Map<string, string | number>();

    before(async () => {
      served = await serveApp(app, await place());
      tokens = await callersOf(served.engine, served.administrator);
      for (const [name, resource] of Object.entries(app.resources))
        if (resource.can.create) parents.set(name, await makeRow(name, resource));
    });
    after(() => served.close());

    const owner = (rule?: Rule) =>
      rule?.kind === 'administrator' || rule?.kind === 'nobody'
        ? tokens.administrator
        : (tokens.owner ?? tokens['key of the owner']);

    async function makeRow(name: string, resource: Resource): Promise<string | number> {
      if (!resource.can.create) return makeClosedRow(name, resource);
      const body = sampleBody(resource, parents);
      const made = await served.call('POST', `/v1/${name}`, { token: owner(resource.can.create), body });
      assert.equal(made.status, 201, `making a row of ${name}: ${JSON.stringify(made.body)}`);
      return (made.body as { id: string | number }).id;
    }

    /** A row that no caller may create, put in as the app's own code does, with rows of its own to refer to. */
    async function makeClosedRow(name: string, resource: Resource): Promise<string | number> {
      const writer = served.engine.writers.get(name);
      assert.ok(writer);
      const own = new Map(parents);
      for (const { type } of Object.values(resource.fields)) {
        const { reference } = type;
        const target = reference && app.resources[reference.target];
        if (target) own.set(reference.target, await makeRow(reference.target, target));
      }
      const write = { verb: 'create', body: sampleBody(resource, own), trusted: true } as const;
      return (await writer.write({ caller: anonymous }, write)).id;
    }

    async function attempt(name: string, resource: Resource, verb: Verb, kind: Kind) {
      const id = verb === 'create' ? '' : await makeRow(name, resource);
      const path = verb === 'create' ? `/v1/${name}` : `/v1/${name}/${id}`;
      const method = { read: 'GET', create: 'POST', update: 'PUT', delete: 'DELETE' }[verb];
      const body = verb === 'create' || verb === 'update' ? { body: sampleBody(resource, parents) } : {};
      const reply = await served.call(method, path, { token: tokens[kind], ...body });
      const rule = resource.can[verb];
      assert.equal(reply.status, expected(rule, verb, kind), `${kind}: ${JSON.stringify(reply.body)}`);
      if (verb === 'delete' && reply.status !== 204) {
        const still = await served.call('GET', path, { token: tokens.administrator });
        assert.equal(still.status, 200, 'a refused delete leaves the row');
      }
    }

    for (const [name, resource] of Object.entries(app.resources))
      for (const verb of VERBS)
        it(`${name}: ${verb} (${resource.can[verb]?.kind ?? 'closed'})`, async () => {
          const kinds: Kind[] = ['anonymous', ...(Object.keys(tokens) as Kind[])];
          for (const kind of kinds) await attempt(name, resource, verb, kind);
        });
  });
