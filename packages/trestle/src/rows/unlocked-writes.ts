import { type Sql, sql } from '../database/sql.ts';
import { param, type Statement } from '../database/statement.ts';
import type { Value } from '../database/store.ts';
import { FifoMap } from '../fifo-map.ts';
import type { Caller, Context } from '../schema/caller.ts';
import { completeValue } from '../schema/field.ts';
import type { RowId } from '../schema/id.ts';
import type { RowDeletion } from './delete-rows.ts';
import type { Model } from './model.ts';
import type { References } from './references.ts';
import type { unreadFields } from './relations/settable.ts';
import type { KeyedCondition } from './rules/compiled-rule.ts';
import type { SearchWriter } from './search/search-writer.ts';
import { newRowOf } from './transaction.ts';
import { isObject, WriteValues } from './validate.ts';
import type { RowWrite } from './write.ts';
import {
  allOf,
  encodeFields,
  ID,
  type Insertion,
  type Inserts,
  MAX_UPDATES,
  SAME_VERSION,
  type WriteStatements,
} from './write-statements.ts';

/** A write as one statement, with the values of its parameters. */
interface UnlockedWrite extends Omit<Insertion, 'row'> {
  readonly row?: Insertion['row'];
}

/** Stages of the pipeline that a write of a resource may need. */
interface Stages {
  readonly statements: WriteStatements;
  readonly references: References;
  readonly deletion: RowDeletion;
  /** Verbs that always need them. */
  readonly verbs: ReadonlySet<RowWrite['verb']>;
  readonly search: SearchWriter | undefined;
  readonly unread: ReturnType<typeof unreadFields>;
  /** The answer has values that no column holds. */
  readonly isComputed: boolean;
}

/** A row, one of a version, or several. */
type Written = 'one' | 'version' | 'many';

/** The name of a row that a single statement locks, for `writeOne`. */
export function lockOf(model: Model, id: RowId): string {
  return `${model.name} ${id}`;
}

/** The parameter of several ids. No field has a name with a colon. */
const IDS = ':ids';

/** A compiled update, and whether it may wait for other rows: for one to which it refers, or which has a value that must be unique. */
interface Update {
  readonly statement: Statement;
  readonly isContested: boolean;
}

/** The updates of the callers of a class. */
interface ClassUpdates {
  readonly where: Sql | undefined;
  readonly updates: FifoMap<string, Update>;
  last:
    | {
        readonly rows: Written;
        readonly touch: boolean;
        readonly names: readonly string[];
        readonly others: string;
        readonly made: Update;
      }
    | undefined;
}

/**
 * Writes of rows that nobody has looked at and locked before: one statement, which finds the row as it must be. There is one where
 * the compiled plan proves that the stages of the pipeline have nothing else to do.
 */
export class UnlockedWrites {
  readonly #model: Model;
  readonly #stages: Stages;
  readonly #updates: (caller: Caller) => ClassUpdates;
  readonly #deletes: (caller: Caller) => Record<Written, Statement>;
  readonly #conditions: Record<Written, Sql>;
  /** Fields that refer to rows, and the insertions by which other rows are to be there. */
  readonly #references: readonly string[];
  readonly #inserts = new FifoMap<string, Inserts>(MAX_UPDATES);

  constructor(model: Model, stages: Stages) {
    const { policy, dialect } = model;
    this.#model = model;
    this.#stages = stages;
    this.#references = model.fields.filter(({ type }) => type.reference).map(({ name }) => name);
    this.#conditions = {
      one: ID,
      version: allOf(ID, SAME_VERSION),
      many: dialect.within(sql.ref('id'), sql`${param(IDS)}`, model.idKind),
    };
    this.#updates = policy.perClass(['see', 'update'], (where) => ({
      where,
      updates: new FifoMap<string, Update>(MAX_UPDATES),
      last: undefined,
    }));
    this.#deletes = policy.perClass(['see', 'delete'], (where) => {
      const { one, version, many } = this.#conditions;
      const remove = (rows: Sql) => stages.statements.deleteWhere(allOf(rows, where));
      return { one: remove(one), version: remove(version), many: remove(many) };
    });
  }

  /**
   * The one statement of a write; undefined where it needs the stages. One that finds no row tells no reason: the stages do, be it
   * missing, hidden, forbidden or newer, or has it these values already.
   *
   * @param request whose values do not depend on the row as it is.
   * @param created the new row, where the write makes one.
   */
  of(
    context: Context,
    request: RowWrite,
    created: Readonly<Record<string, unknown>> | undefined,
  ): UnlockedWrite | undefined {
    const { caller } = context;
    const { verb, trusted = false, id = null, ids, ifMatch } = request;
    const { dialect, resource } = this.#model;
    const { deletion, verbs, isComputed } = this.#stages;
    if (verbs.has(verb)) return undefined;
    if (created) return this.#insert(context, created, trusted);
    // Which of several versions, or what a rule says of code of the app, takes a look at the row.
    const version = Array.isArray(ifMatch) ? ifMatch[0] : null;
    if (trusted || version === undefined || (version !== null && ifMatch?.length !== 1)) return undefined;
    const rows = ids ? 'many' : version === null ? 'one' : 'version';
    const named = ids ? { [IDS]: dialect.encodeList(ids) } : { id, ':version': version };
    const locks = ids || id === null ? undefined : lockOf(this.#model, id);
    if (verb === 'delete') {
      if (!deletion.isAlone(this.#model) || isComputed) return undefined;
      return { statement: this.#deletes(caller)[rows], values: named, locks };
    }
    const values = this.#valuesSet(caller, request);
    // The last of the fields of which a row must have one may be cleared.
    if (!values || resource.atLeastOne.some((name) => values[name] === null)) return undefined;
    const update = this.#update(caller, request, rows, values);
    if (!update) return undefined;
    const { statement, isContested } = update;
    return { statement, values: Object.assign(values, named), locks: isContested ? undefined : locks };
  }

  /** A new row may depend on others in ways that take a look, by its first state or its rule; or it is refused. */
  #insert(
    context: Context,
    created: Readonly<Record<string, unknown>>,
    trusted: boolean,
  ): UnlockedWrite | undefined {
    const { byName, policy } = this.#model;
    const { statements } = this.#stages;
    if (statements.hasFirstState) return undefined;
    const allowed = trusted || policy.allowsNew(context.caller, created);
    if (!allowed) return undefined;
    const rule = allowed === true ? undefined : allowed;
    const values = encodeFields(this.#model, created, [...byName.keys()]);
    const others = trusted ? undefined : this.#othersOf(context.caller, created, rule);
    return statements.insertion(values, newRowOf(context, this.#model), others && this.#insertsAmong(others));
  }

  /** A rule, and that the caller may read the rows to which values refer; undefined where there is none, and they refer to none. */
  #othersOf(
    caller: Caller,
    values: Readonly<Record<string, unknown>>,
    rule?: KeyedCondition,
  ): KeyedCondition | undefined {
    const all = rule ? [rule] : [];
    for (const name of this.#references) {
      if (values[name] === null || values[name] === undefined) continue;
      const readable = this.#stages.references.condition(caller, name);
      if (readable) all.push(readable);
    }
    if (all.length === 0) return undefined;
    const condition = () => allOf(...all.map((each) => each.condition()));
    return { key: all.map(({ key }) => key).join(''), condition };
  }

  #insertsAmong({ key, condition }: KeyedCondition): Inserts {
    const known = this.#inserts.get(key);
    if (known) return known;
    const made = this.#stages.statements.insertsWhere(condition());
    this.#inserts.set(key, made);
    return made;
  }

  /** The values of the fields that an update sets whatever the row is; undefined where that depends on the row, or the body is wrong. */
  #valuesSet(
    caller: Caller,
    { id, body: given, merge = false, own }: RowWrite,
  ): Record<string, Value> | undefined {
    const { fields, normalize, policy, dialect } = this.#model;
    const settable = policy.fields(caller, 'update', id);
    const { checkBody, checkPatch } = own ? this.#model : settable;
    const check = merge ? checkPatch : checkBody;
    const whole = normalize ? normalize(given) : given;
    if (check(whole).length > 0) return undefined;
    // What passes the check is an object.
    const body = whole as Readonly<Record<string, unknown>>;
    const write = new WriteValues(caller);
    const values: Record<string, Value> = {};
    for (const { name, field, kind, type } of fields) {
      const value = body[name];
      if (value === undefined && (merge || type.server || !settable.byName.has(name))) {
        if (type.server?.edited) values[name] = dialect.encode(kind, write[type.server.edited]);
        continue;
      }
      if (merge && type.merge && isObject(value)) return undefined;
      // Most types have nothing to complete of a value that is given.
      const kept = value === undefined || type.complete ? completeValue(field, value) : value;
      values[name] = dialect.encode(kind, kept);
    }
    return values;
  }

  /**
   * The update that writes rows if the caller may see and update them, and one of the fields that a body has set differs. Undefined
   * where the rule has to be asked of the row as it will be.
   */
  #update(
    caller: Caller,
    { id, touch = false }: RowWrite,
    rows: Written,
    values: Readonly<Record<string, Value>>,
  ): Update | undefined {
    const { search, unread } = this.#stages;
    const names = Object.keys(values);
    // Words that are searched, and fields that the caller may not read.
    if (search?.covers(names) || unread?.areAmong(caller, id, names)) return undefined;
    const ofClass = this.#updates(caller);
    const { where, updates, last } = ofClass;
    const others = this.#references.length > 0 ? this.#othersOf(caller, values) : undefined;
    const othersKey = others?.key ?? '';
    // Most updates set the fields that the one before has set: to make a key of their names takes a tenth of a statement.
    const isLike = last?.rows === rows && last.touch === touch && last.others === othersKey;
    if (isLike && last.names.length === names.length) {
      let same = 0;
      while (same < names.length && last.names[same] === names[same]) same += 1;
      if (same === names.length) return last.made;
    }
    const key = `${rows}${touch ? 't' : ''} ${names.join()}${othersKey}`;
    const known = updates.get(key);
    const made = known ?? this.#compileUpdate(caller, names, { rows, touch, others }, where);
    if (!made) return undefined;
    updates.set(key, made);
    ofClass.last = { names, rows, touch, others: othersKey, made };
    return made;
  }

  #compileUpdate(
    caller: Caller,
    names: readonly string[],
    { rows, touch, others }: { rows: Written; touch: boolean; others: KeyedCondition | undefined },
    where: Sql | undefined,
  ): Update | undefined {
    const { policy, byName, dialect } = this.#model;
    if (!policy.isSettled(caller, 'update', names)) return undefined;
    const differences = names.flatMap((name) => {
      const { writable, kind } = byName.get(name) ?? {};
      if (!writable || !kind) return [];
      const [kept, next] = [sql.ref(name), sql`${param(name)}`].map((part) => dialect.comparable(part, kind));
      return sql`${kept} is distinct from ${next}`;
    });
    if (!touch && differences.length === 0) return undefined;
    const differs = touch ? undefined : sql`(${sql.join(differences, ' or ')})`;
    const { statements } = this.#stages;
    const among = allOf(this.#conditions[rows], where, differs, others?.condition());
    return {
      statement: statements.updateWhere(names, among),
      isContested: others !== undefined || names.some((name) => statements.contested.has(name)),
    };
  }
}
