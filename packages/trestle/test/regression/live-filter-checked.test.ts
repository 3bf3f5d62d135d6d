// A live list that goes on after an event takes the filters, sorts and fields that a list takes, and no others: none on fields that
// the caller may not read, and no value that a field does not compare with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, decimal, nobody, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { EventReader } from '../live/event-reader.ts';
import { eachPlace } from '../stores.ts';

const letters = resource({
  fields: {
    subject: text(),
    price: decimal({ digits: 6, scale: 2, default: '0' }),
    secret: text({ default: 'alpha', can: { read: nobody } }),
  },
  live: true,
  can: { read: anyone, create: anyone },
});

eachPlace('the query of a live list', (place) => {
  test('is checked as that of a list, also where the stream is resumed', async (t) => {
    const served = await serveApp(app({ name: 'post', resources: { letters } }), await place());
    t.after(() => served.close());
    const create = (subject: string) => served.call('POST', '/v1/letters', { body: { subject } });
    const open = async (query: string, after?: string) => {
      const reader = await EventReader.open(`${served.url}/v1/letters/events?${query}`, {
        ...(after && { after }),
      });
      t.after(() => reader.close());
      return reader;
    };
    await create('one');
    const after = (await (await open('')).next())?.id;
    assert.ok(after);
    await create('two');
    for (const query of [
      'filter[secret][starts]=a',
      'sort=secret',
      'fields=secret',
      'filter[price][lt]=cheap',
    ])
      for (const last of [undefined, after]) {
        const { status, body } = await open(query, last);
        assert.equal(status, 400, `${query} after ${last}`);
        assert.equal(Object(body).code, 'invalid_query');
      }
    assert.equal((await (await open('filter[price][lt]=1', after)).next())?.event, 'put');
  });
});
