import { messageOf } from '../../problems.ts';
import { seconds } from '../duration.ts';
import type { Field } from '../field.ts';
import type { Job, Jobs } from '../jobs.ts';
import type { Resources } from '../row-types.ts';
import { checkField, NAME, throwFirst, wrong } from './check-app.ts';
import { parseCron, requireTimeZone } from './cron.ts';
import { isObject, mistakesOf, shown } from './options.ts';

/** Checks the declared jobs of an app. Throws a `TypeError` with the path and the remedy. */
export function checkJobs(app: string, jobs: Jobs, resources: Resources): void {
  for (const [name, job] of Object.entries(jobs)) {
    const path = `${app}.jobs.${name}`;
    if (!NAME.test(name))
      wrong(path, 'name jobs with letters, digits and underscores, a lower-case letter first');
    if (!isObject(job) || !isObject(job.input)) wrong(path, `expected job({ run: ... }), got ${shown(job)}`);
    throwFirst(path, mistakesOf(job));
    if (typeof job.run !== 'function')
      wrong(`${path}.run`, 'a job needs code: run: async (context, input) => { ... }');
    for (const [key, field] of Object.entries(job.input)) {
      const where = `${path}.input.${key}`;
      checkField(where, key, field, resources);
      if (field.type.server !== undefined)
        wrong(where, `the server sets ${field.type.name}(); declare a field that can be given`);
    }
    if (job.timeout !== undefined) seconds(job.timeout, `${path}.timeout`);
    checkSchedule(path, job);
  }
}

function checkSchedule(path: string, { every, cron, timeZone, input }: Job): void {
  if (every !== undefined && cron !== undefined) wrong(path, 'give every or cron, not both');
  if (every !== undefined && seconds(every, `${path}.every`) < 1) wrong(`${path}.every`, 'at least a second');
  if (cron === undefined && timeZone !== 'UTC') wrong(`${path}.timeZone`, 'only cron has a time zone');
  if (cron !== undefined) {
    try {
      parseCron(cron);
    } catch (error) {
      wrong(`${path}.cron`, messageOf(error));
    }
    try {
      requireTimeZone(timeZone);
    } catch {
      wrong(`${path}.timeZone`, `'${timeZone}' is no time zone; write one such as 'Europe/Berlin'`);
    }
  }
  if (every === undefined && cron === undefined) return;
  const required = Object.entries(input).find(
    ([, field]: [string, Field]) => !field.nullable && field.default === undefined,
  )?.[0];
  if (required !== undefined)
    wrong(
      `${path}.input.${required}`,
      'a schedule gives no input; give this field a default or nullable: true',
    );
}
