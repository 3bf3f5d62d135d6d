// An `exclude` that is added to a resource is refused with the ids of the rows that overlap already, and changes nothing.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anyone, app, type Exclusion, integer, integerId, resource, text, timestamp } from 'trestle';
import { system } from 'trestle/contract';
import { openEngine } from '../../src/engine.ts';
import { eachPlace } from '../stores.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 10, 21, hour)).toISOString();

eachPlace('an exclude that is added', (place) => {
  it('looks at the rows that are there', async () => {
    const where = await place();
    const open = (exclude: readonly Exclusion<'room' | 'starts_at' | 'ends_at'>[]) => {
      const bookings = resource({
        id: integerId(),
        fields: {
          room: integer({ nullable: true }),
          starts_at: timestamp(),
          ends_at: timestamp(),
          state: text({ default: 'asked' }),
        },
        softDelete: true,
        exclude: [...exclude],
        can: { read: anyone },
      });
      return openEngine(app({ name: 'rooms', resources: { bookings } }), where);
    };
    const all = { same: ['room'], from: 'starts_at', to: 'ends_at' } as const;
    const asked = { ...all, where: { state: ['asked'] } };
    const first = await open([]);
    const { bookings } = first.services;
    const book = (room: number | null, from: number, to: number, state = 'asked') =>
      bookings.create(system(), { room, starts_at: at(from), ends_at: at(to), state });
    const one = await book(1, 9, 11);
    const two = await book(1, 10, 12);
    await book(1, 12, 13);
    await book(2, 9, 12);
    await book(null, 9, 12);
    await book(null, 9, 12);
    const cancelled = await book(2, 10, 11, 'cancelled');
    await first.close();

    const refusal = (ids: string) =>
      new RegExp(`bookings: 2 rows \\(ids ${ids}\\) overlap from starts_at to ends_at`);
    await assert.rejects(open([asked]), refusal(`${one.id}, ${two.id}`));
    const again = await open([]);
    await again.services.bookings.remove(system(), two.id);
    await again.close();
    const taken = await open([asked]);
    await assert.rejects(
      taken.services.bookings.create(system(), { room: 1, starts_at: at(9), ends_at: at(10) }),
      { code: 'conflict' },
    );
    await taken.close();
    await assert.rejects(open([all]), refusal(`4, ${cancelled.id}`));
    await (await open([asked])).close();
  });
});
