import { INTERNAL } from '../database/table.ts';
import { resource, systemResource } from '../schema/define-resource.ts';
import { integer } from '../schema/fields/integer.ts';
import { json } from '../schema/fields/json.ts';
import { number } from '../schema/fields/number.ts';
import { oneOf } from '../schema/fields/texts/enum.ts';
import { text } from '../schema/fields/texts/text.ts';
import { createdAt, timestamp } from '../schema/fields/timestamp.ts';
import { integerId, uuidId } from '../schema/id.ts';
import type { RowOf } from '../schema/row-types.ts';
import { administrator, anyone } from '../schema/rules.ts';
import { OPERATION_STATES } from '../schema/services/operation-service.ts';

const HIDDEN = [
  'input',
  'key',
  'fence',
  'changes',
  'cancel',
  'lease',
  'due',
  'turn',
  'caller',
  'account',
  'attempt_at',
  'previous_at',
  'past_attempts',
] as const;

/**
 * Jobs. `resource` and `row` are those of an operation. `key` is unique among the jobs that have not ended: an operation has
 * its row's name there, so that one at a time is under way on a row. `lease` and `due` are seconds of the database's clock;
 * `due` is 0 where no time was given. `turn` orders the jobs that have not ended (see `JobQueue.enqueue`), `changes` grows
 * with every change, `fence` with every claim, and `cancel` is 1 once a running job was asked to stop. `attempt_at` and
 * `previous_at` are when the last attempt began and the one before it; `lease.ts` reads them.
 */
const operations = systemResource(
  resource({
    id: uuidId(),
    fields: {
      name: text({ was: 'operation' }),
      resource: text({ nullable: true }),
      row: text({ nullable: true }),
      input: json({ nullable: true }),
      state: oneOf(OPERATION_STATES),
      key: text({ nullable: true, unique: true, was: 'active' }),
      progress: number(),
      message: text({ nullable: true }),
      result: json({ nullable: true }),
      error: text({ nullable: true }),
      attempts: integer(),
      attempt_at: timestamp({ nullable: true }),
      previous_at: timestamp({ nullable: true }),
      past_attempts: json({ nullable: true }),
      fence: integer(),
      changes: integer(),
      cancel: integer(),
      lease: number({ nullable: true }),
      due: number(),
      turn: integer({ nullable: true }),
      caller: text({ default: '' }),
      account: text({ nullable: true }),
      created_at: createdAt(),
      started_at: timestamp({ nullable: true }),
      finished_at: timestamp({ nullable: true }),
    },
    order: '-id',
    indexes: [['state', 'due'], ['turn'], ['caller', 'turn'], ['resource', 'row'], ['finished_at']],
    was: `${INTERNAL}operations`,
  }),
  {
    table: `${INTERNAL}jobs`,
    hidden: HIDDEN,
    // Which of them a caller sees follows from the rules of their rows.
    can: { read: anyone },
  },
);

/** Who moved which row from where to where, and when. */
const moves = systemResource(
  resource({
    id: integerId(),
    fields: {
      resource: text(),
      row: text(),
      at: timestamp(),
      by: text({ nullable: true, was: 'account' }),
      from: text({ was: 'from_state' }),
      to: text({ was: 'to_state' }),
      operation: text({ nullable: true }),
    },
    order: '-id',
    indexes: [['resource', 'row']],
  }),
  { table: `${INTERNAL}moves`, can: { read: administrator } },
);

/**
 * When each scheduled job fires next, and when it last did, in seconds of the database's clock. Whichever process moves `next`
 * enqueues the job, in the same transaction. `schedule` tells whether the declaration has changed.
 */
const schedules = systemResource(
  resource({
    id: integerId(),
    fields: {
      name: text({ unique: true }),
      schedule: text(),
      next: number(),
      fired: number({ nullable: true }),
    },
  }),
  { table: `${INTERNAL}schedules` },
);

/** Processes that run, in one row: by their ids, until when they count. Kept where an app has code for that. */
const clusters = systemResource(
  resource({ id: integerId(), fields: { name: text({ unique: true }), members: json() } }),
  { table: `${INTERNAL}clusters` },
);

/** The tables of jobs, moves, schedules and processes. */
export const JOB_RESOURCES = { operations, moves, schedules, clusters };

/** A move as it is kept. */
export type MoveRecord = RowOf<typeof moves>;

/** A job as it is kept. */
export type JobRecord = RowOf<typeof operations>;
