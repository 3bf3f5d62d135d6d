import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import fc from 'fast-check';
import {
  administrator as administrators,
  all,
  any,
  anyone,
  exists,
  its,
  me,
  nobody,
  not,
  now,
  own,
  type Rule,
  role,
  signedIn,
  through,
  where,
} from 'trestle';
import type { Caller } from 'trestle/contract';
import { sql } from '../../../src/database/sql.ts';
import { bind, statement } from '../../../src/database/statement.ts';
import type { Store } from '../../../src/database/store.ts';
import { Problem } from '../../../src/problems.ts';
import type { Model, Row } from '../../../src/rows/model.ts';

import { CallerValues } from '../../../src/rows/policy.ts';
import { anonymous } from '../../../src/schema/caller.ts';
import {
  conditionsOf,
  isOperand,
  type RuleData,
  type RuleFilter,
  ruleData,
  ruleText,
  type Verb,
} from '../../../src/schema/rules.ts';
import { eachStore } from '../../stores.ts';
import {
  account,
  administrator,
  type BoardService,
  board,
  key,
  migrateBoard,
  openBoard,
  RANKS,
  STATES,
} from './board.ts';

/** Declarations that are tried on each database; each has 9 callers and 2 rules for every row. */
const RUNS = Number(process.env.TRESTLE_TEST_RUNS ?? 60);
const TASKS = 24;
const PAST = '2026-03-01T10:00:00.000Z';
const FUTURE = '2999-01-01T00:00:00.000Z';
const TITLES = ['', 'Plan', 'planer', '50%_[x]*', 'дом ДОМ', 'Straße', '\u{1f600}a', '\uff21z', 'zz'];

const CALLERS: readonly Caller[] = [
  anonymous,
  account(1),
  account(2, 'editor'),
  account(3, 'editor', 'hr'),
  key(1),
  key(3),
  key(null),
  administrator,
  account(2, 'administrator'),
];

const text = fc.constantFrom(...TITLES, 'an', 'LAN', 'до', 'x');
const instant = fc.constantFrom(PAST, FUTURE, '2026-03-01T11:00:00+01:00');
const order = fc.constantFrom('gt', 'gte', 'lt', 'lte', 'eq', 'ne');

/** A filter on tasks; `its` conditions make no sense here. */
const taskFilter: fc.Arbitrary<RuleFilter> = fc.letrec<{ filter: RuleFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    fc.record({ title: fc.oneof(text, fc.constant(null)) }),
    fc.tuple(order, text).map(([operator, value]) => ({ title: { [operator]: value } })),
    fc
      .tuple(fc.constantFrom('contains', 'icontains', 'starts', 'ends'), text)
      .map(([operator, value]) => ({ title: { [operator]: value } })),
    fc.record({ state: fc.oneof(fc.constantFrom(...STATES), fc.subarray([...STATES])) }),
    fc.record({ state: fc.record({ nin: fc.subarray([...STATES]) }) }),
    fc
      .tuple(order, fc.integer({ min: -1, max: 4 }))
      .map(([operator, value]) => ({ points: { [operator]: value } })),
    fc.record({
      points: fc.oneof(fc.record({ null: fc.boolean() }), fc.constant({ between: [1, 3] as const })),
    }),
    fc
      .tuple(order, fc.oneof(instant, fc.constant(now)))
      .map(([operator, value]) => ({ due: { [operator]: value } })),
    fc.constantFrom({ owner: me }, { owner: { ne: me } }, { owner: { null: true } }, { owner: 2 }),
    fc.tuple(tie('filter'), tie('filter')).map(([one, two]) => ({ state: { ne: 'done' }, or: [one, two] })),
  ),
})).filter;

const membership = (team: RuleFilter) =>
  fc
    .record(
      {
        member: fc.constantFrom(me, { ne: me }, 1),
        rank: fc.oneof(fc.constantFrom(...RANKS), fc.subarray([...RANKS])),
        since: fc.constantFrom({ lte: now }, { gt: now }),
      },
      { requiredKeys: [] },
    )
    .map((more) => exists('memberships', { ...team, ...more }));

const callerRule = fc.constantFrom<Rule>(
  anyone,
  signedIn,
  nobody,
  administrators,
  role('editor'),
  role('hr', 'boss'),
);

const combined = (leaf: fc.Arbitrary<Rule>): fc.Arbitrary<Rule> =>
  fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules) => any(...rules)),
      fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules) => all(...rules)),
      tie('rule').map((rule) => not(rule)),
    ),
  })).rule;

const projectRule = combined(
  fc.oneof(
    callerRule,
    fc.constantFrom<Rule>(own('lead'), where({ open: true })),
    membership({ team: its('team') }),
  ),
);

const taskRule = combined(
  fc.oneof(
    { weight: 2, arbitrary: callerRule },
    { weight: 1, arbitrary: fc.constant<Rule>(own('owner')) },
    { weight: 4, arbitrary: taskFilter.map((filter) => where(filter)) },
    { weight: 2, arbitrary: fc.constantFrom<Rule>(through('project'), through('project', 'update')) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Rule>(
        exists('tasks', { points: { gt: its('points') }, owner: me }),
        exists('tasks', { owner: its('owner'), state: 'done' }),
        exists('projects', { id: its('project'), lead: its('owner'), open: true }),
        exists('memberships', { member: its('owner'), rank: ['owner', 'editor'] }),
      ),
    },
  ),
);

type Table = 'tasks' | 'projects' | 'memberships' | 'teams';
type Rows = Readonly<Record<Table, readonly Row[]>>;

/** The rule by the words of its documentation, over rows in memory: not by the code that decides. */
class Oracle {
  readonly rows: Rows;
  readonly can: Readonly<Record<Table, { readonly [V in Verb]?: Rule }>>;
  constructor(rows: Rows, can: Oracle['can']) {
    this.rows = rows;
    this.can = can;
  }

  holds(
    rule: RuleData,
    caller: Caller,
    row: Row,
    at: { table: Table; verb: Verb; negated?: boolean },
  ): boolean {
    const { negated = false } = at;
    const mine = caller.kind === 'account' || caller.kind === 'key' ? caller.account : null;
    const roles = caller.kind === 'account' || caller.kind === 'key' ? (caller.roles ?? []) : [];
    const isAdministrator = caller.kind === 'administrator' || roles.includes('administrator');
    const onCaller = (holds: boolean) => (isAdministrator ? !negated : holds);
    const names = (filter: RuleFilter): boolean =>
      conditionsOf(filter).some((one) => ('field' in one ? one.value === me : one.some(names)));
    const fits = (filter: RuleFilter, of: Row, outer?: Row): boolean =>
      conditionsOf(filter).every((one) => {
        if (!('field' in one)) return one.some((each) => fits(each, of, outer));
        if (one.value !== me) return compares(one.operator, of[one.field], one.value, outer);
        if (isAdministrator) return !negated;
        return mine !== null && compares(one.operator, of[one.field], mine, outer);
      });
    switch (rule.kind) {
      case 'anyone':
      case 'nobody':
        return rule.kind === 'anyone';
      case 'signedIn':
        return onCaller(caller.kind !== 'anonymous');
      case 'administrator':
        return onCaller(false);
      case 'role':
        return onCaller(roles.some((one) => rule.roles.includes(one)));
      case 'own':
        return fits({ [rule.field]: me }, row);
      case 'where':
        return fits(rule.filter, row);
      case 'exists':
        if (isAdministrator && names(rule.filter)) return !negated;
        return this.rows[rule.resource as Table].some((other) => fits(rule.filter, other, row));
      case 'through': {
        const target = this.rows.projects.find(({ id }) => id === row[rule.field]);
        const verb = rule.verb ?? at.verb;
        const through = this.can.projects[verb];
        return (
          target !== undefined &&
          through !== undefined &&
          this.holds(ruleData(through), caller, target, { table: 'projects', verb, negated })
        );
      }
      case 'any':
        return rule.rules.some((one) => this.holds(one, caller, row, at));
      case 'all':
        return rule.rules.every((one) => this.holds(one, caller, row, at));
      case 'not':
        return !this.holds(rule.rule, caller, row, { ...at, negated: !negated });
    }
  }
}

type Comparison = (value: never, other: never, difference: number) => boolean;

/** Each operator, of values that are not null. */
const OPERATORS: Readonly<Record<string, Comparison>> = {
  eq: (_value, _other, difference) => difference === 0,
  ne: (_value, _other, difference) => difference !== 0,
  gt: (_value, _other, difference) => difference > 0,
  gte: (_value, _other, difference) => difference >= 0,
  lt: (_value, _other, difference) => difference < 0,
  lte: (_value, _other, difference) => difference <= 0,
  in: (value, other: unknown[]) => other.includes(value),
  nin: (value, other: unknown[]) => !other.includes(value),
  null: (_value, other) => !other,
  between: (value: number, [low, high]: [number, number]) => value >= low && value <= high,
  contains: (value: string, other) => value.includes(other),
  starts: (value: string, other) => value.startsWith(other),
  ends: (value: string, other) => value.endsWith(other),
  icontains: (value: string, other: string) => value.toLowerCase().includes(other.toLowerCase()),
};

function compares(operator: string, value: unknown, given: unknown, outer?: Row): boolean {
  const other = known(given, outer);
  if (operator === 'null' || given === null)
    return (value === null) === (operator === 'null' ? other : operator === 'eq');
  if (value === null) return operator === 'ne' || operator === 'nin';
  if (other === null) return false;
  const difference =
    typeof value === 'string' && typeof other === 'string'
      ? Buffer.compare(Buffer.from(value), Buffer.from(other))
      : Number(value) - Number(other);
  // Each operator is given what its fields hold.
  return OPERATORS[operator]?.(value as never, other as never, difference) ?? assert.fail(operator);
}

/** The value that a condition compares with, as rows hold it. */
function known(given: unknown, outer?: Row): unknown {
  if (isOperand(given)) return given.operand === 'its' ? outer?.[given.field] : new Date().toISOString();
  return given === '2026-03-01T11:00:00+01:00' ? PAST : given;
}

eachStore('every rule', (open) => {
  let store: Store;
  let rows: Rows;

  before(async () => {
    store = await open();
    const resources = board();
    await migrateBoard(store, resources);
    const { writers } = openBoard(store, resources);
    const put = async (name: Table, body: object) => {
      const writer = writers.get(name);
      assert.ok(writer);
      return writer.write({ caller: anonymous }, { verb: 'create', body, trusted: true });
    };
    const made: Record<Table, Row[]> = { tasks: [], projects: [], memberships: [], teams: [] };
    const one = <T>(from: readonly T[], at: number) => from[at % from.length] ?? null;
    for (const name of ['red', 'blue', 'grey']) made.teams.push(await put('teams', { name }));
    for (let at = 0; at < 7; at += 1)
      made.memberships.push(
        await put('memberships', {
          team: one(made.teams, at)?.id,
          member: one([1, 2, null, 3, 1], at),
          rank: one(RANKS, at * 2),
          since: one([PAST, FUTURE], at),
        }),
      );
    for (let at = 0; at < 6; at += 1)
      made.projects.push(
        await put('projects', {
          team: at === 4 ? null : one(made.teams, at)?.id,
          lead: one([1, null, 2, 3], at),
          open: at % 3 > 0,
        }),
      );
    for (let at = 0; at < TASKS; at += 1)
      made.tasks.push(
        await put('tasks', {
          title: one([...TITLES, null], at),
          state: one(STATES, at),
          points: one([0, 1, null, 2, 4], at),
          due: one([PAST, null, FUTURE], at),
          project: one([...made.projects.map(({ id }) => id), null], at),
          owner: one([1, 2, 3, null], at),
        }),
      );
    rows = made;
  });

  it('answers alike in memory, in SQL, in lists, counts and reads, and as it is documented', async () => {
    let triples = 0;
    let allowed = 0;
    const declaration = fc.record({
      read: taskRule,
      update: taskRule,
      first: projectRule,
      second: projectRule,
    });
    const property = fc.asyncProperty(declaration, async ({ read, update, first, second }) => {
      const can = { tasks: { read, update }, projects: { read: first, update: second } };
      const { models, byName } = openBoard(store, board(can));
      const [model, service] = [models.get('tasks'), byName.get('tasks')];
      assert.ok(model && service);
      const oracle = new Oracle(rows, { ...can, memberships: {}, teams: {} });
      for (const caller of CALLERS)
        for (const [verb, rule] of Object.entries({ read, update }) as ['read' | 'update', Rule][]) {
          const said = `${verb}: ${ruleText(ruleData(rule))}, projects: ${ruleText(ruleData(first))}, ${ruleText(ruleData(second))}, ${JSON.stringify(caller)}`;
          const expected = idsOf(
            rows.tasks.filter((row) => oracle.holds(ruleData(rule), caller, row, { table: 'tasks', verb })),
          );
          assert.deepEqual(await inMemory(model, caller, verb), expected, `in memory, ${said}`);
          assert.deepEqual(await inSql(model, caller, verb), expected, `in SQL, ${said}`);
          triples += rows.tasks.length;
          allowed += expected.length;
          if (verb === 'read') await checkReads(service, caller, expected, said);
        }
    });
    await fc.assert(property, { seed: 14, numRuns: RUNS, endOnFailure: true });
    assert.equal(triples, RUNS * CALLERS.length * 2 * TASKS);
    // Neither nearly all nor nearly nothing: the rules that are tried say something.
    assert.ok(allowed > triples * 0.2 && allowed < triples * 0.8, `${allowed} of ${triples} allowed`);
  });

  async function inMemory({ policy }: Model, caller: Caller, verb: Verb) {
    const found: Row[] = [];
    for (const row of rows.tasks) if (await policy.allows(caller, verb, row, store)) found.push(row);
    return idsOf(found);
  }

  async function inSql({ policy, table, dialect }: Model, caller: Caller, verb: Verb) {
    const condition = policy.where(caller, verb) ?? sql`1 = 1`;
    const query = statement(dialect, sql`select id from ${table} where ${condition}`);
    return idsOf(await store.all(query, bind(query, {}, new CallerValues(caller))));
  }

  async function checkReads(service: BoardService, caller: Caller, expected: unknown[], said: string) {
    const page = await service.list({ caller }, { limit: 100, count: 'exact' }).catch((error: unknown) => {
      assert.ok(error instanceof Problem && ['unauthenticated', 'forbidden'].includes(error.code), said);
    });
    if (!page) return assert.deepEqual(expected, [], `refused, ${said}`);
    assert.deepEqual(idsOf(page.items), expected, `in a list, ${said}`);
    assert.equal(page.total, expected.length, `in a count, ${said}`);
    const found = await service.readMany({ caller }, idsOf(rows.tasks));
    assert.deepEqual(idsOf([...found.values()]), expected, `in reads, ${said}`);
  }
});

function idsOf(rows: readonly { readonly [column: string]: unknown }[]): number[] {
  return rows.map(({ id }) => Number(id)).sort((a, b) => a - b);
}
