import assert from 'node:assert/strict';
import { it } from 'node:test';
import { system } from 'trestle/contract';
import { openApp } from 'trestle/open';
import { startProcess } from '../../../packages/trestle/test/jobs/worker-processes.ts';
import { eachPlace } from '../../../packages/trestle/test/stores.ts';
import { until } from '../../../packages/trestle/test/until.ts';
import clinic from '../app.ts';
import { WEEKDAYS } from '../booking.ts';
import { mailsOf } from './mails.ts';

eachPlace('reminders of the clinic', (place) => {
  it('are sent once at most, to whom is due, however often the process is killed', async (t) => {
    const where = await place();
    const app = await openApp(clinic, where);
    t.after(() => app.close());
    const { services } = app;
    const own = system();
    const origin = { address: '127.0.0.1' };
    const member = async (username: string) => {
      const body = {
        username,
        password: `seventeen green ${username.length} umbrellas`,
        email: `${username}@example.org`,
        display_name: username,
      };
      return (await app.accounts.signUp({ ...own, origin }, body)).id;
    };
    const [paul, ann] = [await member('paul'), await member('ann')];
    const always = WEEKDAYS.map((weekday) => ({ weekday, from: '00:00', to: '24:00' }));
    await services.practitioners.create(own, { account: paul, specialty: 'eyes', hours: always });
    const patient = (await services.patients.create(own, { account: ann, name: 'Ann', birth: '1990-02-03' }))
      .id;
    const instant = (step: number) =>
      new Date((Math.ceil(Date.now() / 300_000) + step) * 300_000).toISOString();
    const book = (step: number) =>
      services.appointments.create(own, {
        practitioner: paul,
        patient,
        starts_at: instant(step),
        ends_at: instant(step + 1),
      });
    const due: string[] = [];
    const [cancelled, moved] = [await book(100), await book(102)];
    await services.appointments.transition(own, cancelled.id, 'cancel');
    // Two days from now: its reminder is not due yet.
    await services.appointments.patch(own, moved.id, { starts_at: instant(600), ends_at: instant(601) });

    const args = [where.data, ...(where.database ? [where.database] : [])];
    const mails = async () =>
      (await mailsOf(where.data)).filter(({ subject }) => subject === 'Your appointment');
    const script = '../../../../examples/clinic/test/reminder-process.ts';
    for (let kills = 0; kills < 4; kills += 1) {
      const worker = startProcess(script, args);
      t.after(() => worker.kill());
      for (let each = 0; each < 12; each += 1) due.push((await book(due.length + 1)).id);
      const before = (await mails()).length;
      await until(async () => (await mails()).length > before, { everyMs: 1 });
      // A mail is out, and what was under way with it has not ended.
      await worker.kill();
    }
    const worker = startProcess(script, args);
    t.after(() => worker.kill());
    const reminded = async () => (await services.reminders.list(own, { limit: 100 })).items;
    await until(async () => (await mails()).length === due.length);
    await worker.close();
    const all = (await mails()).map(({ text }) => text);
    assert.equal(new Set(all).size, due.length, 'a mail for each, and none twice');
    assert.deepEqual(new Set((await reminded()).map(({ appointment }) => appointment)), new Set(due));
  });
});
