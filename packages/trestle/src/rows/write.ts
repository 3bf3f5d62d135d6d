import { bind } from '../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Caller, Context } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import { type Service, VERSION, type Versioned, type WriteOptions } from '../schema/services/row-service.ts';
import type { ChangeRecorder } from './change-recorder.ts';
import type { RowDeletion } from './delete-rows.ts';
import type { Model, Projection, Row } from './model.ts';
import { BeforeCode, type Placed } from './own-code/before-code.ts';
import type { OwnCode } from './own-code/own-code.ts';
import { type Action, CallerValues, transitionsOf } from './policy.ts';
import { type References, referencesOf } from './references.ts';
import { type DerivedFields, derivedFields } from './relations/derived.ts';
import { type Exclusions, exclusionsOf } from './relations/exclusions.ts';
import { type LinkWriter, linkWriter } from './relations/links.ts';
import { computedAnswer } from './relations/row-answer.ts';
import { type SettableFields, settableFields, unreadFields } from './relations/settable.ts';
import { illegalTransition } from './rules/illegal-transition.ts';
import { type SearchWriter, searchWriter } from './search/search-writer.ts';
import { inTransaction, type OpenTransaction, readerOf } from './transaction.ts';
import { UnlockedWrites } from './unlocked-writes.ts';
import {
  checkedBody,
  completeRow,
  fieldsToSet,
  isObject,
  mergeNested,
  notFound,
  requireConsistent,
  requireId,
  withoutHidden,
} from './validate.ts';
import { encodeFields, WriteStatements } from './write-statements.ts';

type Values = Readonly<Record<string, unknown>>;

/** A service whose row is only known at run time: what the uniform routes use. */
export type AnyService = Service<{ row: Row; body: unknown; patch: unknown; id: RowId }>;

/** One write of a row, as the pipeline takes it: every verb is one of these. */
export interface RowWrite extends WriteOptions {
  readonly verb: 'create' | 'update' | 'delete';
  /** The action whose rule is asked (default: the verb's): it is asked of the row as it is, not as it will be. */
  readonly action?: Action;
  /** The row; none where it is created. */
  readonly id?: RowId;
  /** Several rows that one statement is to write. */
  readonly ids?: readonly RowId[];
  /** The whole row, or, with `merge`, a patch of it (RFC 7396). */
  readonly body?: unknown;
  readonly merge?: boolean;
  /** Values that no body may set, by the row as it is. Runs in the transaction, once the row's rule has been asked. */
  readonly set?: (current: Row, executor: Executor) => Values | Promise<Values>;
  /** The row is one that is deleted softly, and comes back (default: false). */
  readonly restores?: boolean;
  /** Code of the app itself: no rule is asked, no body checked, and every field may be set (default: false). */
  readonly trusted?: boolean;
  /** The fields that errors may name (default: those that the caller may read). */
  readonly readable?: Projection;
  /** Values of a new row that no body may set (default: what the server sets on every row). */
  readonly values?: Values;
  /** The body is the answer of the app's `before` code: it may set every field (default: false). */
  readonly own?: boolean;
  /** The app's `before` code has run (default: false). */
  readonly isPrepared?: boolean;
}

/** A row that is about to be written: as it is, unless it is new, as it will be, and the columns of what differs. */
interface Change {
  readonly found: Columns | undefined;
  readonly current: Versioned<Row> | undefined;
  readonly next: Values;
  readonly names: readonly string[];
  readonly values: Readonly<Record<string, Value>>;
  readonly restores: boolean | undefined;
}

interface Dependencies {
  readonly store: Store;
  readonly models: ReadonlyMap<string, Model>;
  readonly deletion: RowDeletion;
  readonly recorder?: ChangeRecorder | undefined;
  readonly ownCode?: OwnCode | undefined;
}

/** The writes of one resource. All of them go through `write`: verbs, state transitions, seeds, effects of operations. */
export class RowWriter {
  readonly model: Model;
  readonly #store: Store;
  readonly #recorder: ChangeRecorder | undefined;
  readonly #before: BeforeCode | undefined;
  readonly #statements: WriteStatements;
  readonly #references: References;
  readonly #deletion: RowDeletion;
  readonly #derived: DerivedFields | undefined;
  readonly #settable: SettableFields | undefined;
  readonly #unread: ReturnType<typeof unreadFields>;
  readonly #exclusions: Exclusions | undefined;
  readonly #links: LinkWriter | undefined;
  readonly #search: SearchWriter | undefined;
  readonly #addComputed: ReturnType<typeof computedAnswer>;
  readonly #unlocked: UnlockedWrites;

  constructor(model: Model, { store, models, deletion, recorder, ownCode }: Dependencies) {
    this.model = model;
    this.#store = store;
    this.#recorder = recorder?.records(model) ? recorder : undefined;
    if (Object.values(model.resource.before).some((code) => code))
      this.#before = new BeforeCode(model, ownCode, async (context, write) =>
        write.id === undefined
          ? undefined
          : this.lock(readerOf(store, context), context.caller, write.id, write),
      );
    this.#statements = new WriteStatements(model);
    this.#references = referencesOf(model, models);
    this.#deletion = deletion;
    this.#derived = derivedFields(model, this.#statements);
    this.#settable = settableFields(model, models);
    this.#unread = unreadFields(model);
    this.#exclusions = exclusionsOf(model);
    this.#links = linkWriter(model);
    this.#search = searchWriter(model);
    this.#addComputed = computedAnswer(model);
    // The change is recorded, rows of others are written with it, fields are derived, or the row is checked as a whole.
    const verbs = new Set([
      ...(this.#recorder || this.#links ? (['create', 'update', 'delete'] as const) : []),
      ...(this.#derived || this.#exclusions ? (['create', 'update'] as const) : []),
      ...(model.checks.length > 0 ? (['update'] as const) : []),
      ...(this.#search ? (['create'] as const) : []),
      ...(this.#settable?.verbs ?? []),
    ]);
    this.#unlocked = new UnlockedWrites(model, {
      statements: this.#statements,
      references: this.#references,
      deletion,
      verbs,
      search: this.#search,
      unread: this.#unread,
      isComputed: this.#addComputed !== undefined,
    });
  }

  readonly create: AnyService['create'] = (context, body) => this.write(context, { verb: 'create', body });

  readonly replace: AnyService['replace'] = (context, id, body, options) =>
    this.write(context, { ...options, verb: 'update', id, body });

  readonly patch: AnyService['patch'] = (context, id, body, options) =>
    this.write(context, { ...options, verb: 'update', merge: true, id, body });

  readonly transition: AnyService['transition'] = (context, id, name, options) => {
    const all = transitionsOf(this.model.fields);
    const wanted = all.find((each) => each.name === name);
    if (!wanted) throw new TypeError(`${this.model.name} has no transition '${name}'`);
    const set = (current: Row) => {
      const legal = all.filter(({ field, from }) => [from].flat().some((each) => each === current[field]));
      if (legal.includes(wanted)) return { [wanted.field]: wanted.to };
      throw illegalTransition(this.model, current, wanted, legal);
    };
    const write = { verb: 'update', action: `:${name}`, merge: true, body: {}, touch: true } as const;
    return this.write(context, { ...options, ...write, id, set });
  };

  readonly restore: AnyService['restore'] = (context, id, options) => {
    const write = { verb: 'update', action: ':restore', merge: true, body: {}, touch: true } as const;
    return this.write(context, { ...options, ...write, id, restores: true });
  };

  readonly remove: AnyService['remove'] = (context, id, options) =>
    this.write(context, { ...options, verb: 'delete', id });

  /** Throws `unknown_field` and `invalid` for what is no body of a new row. */
  check(caller: Caller, body: unknown): void {
    this.#next(caller, { verb: 'create', body });
  }

  /** Writes those of several rows that one statement proves it may write, and answers their ids; none where it proves nothing. */
  async writeMany(context: Context, request: RowWrite, ids: readonly RowId[]): Promise<Set<unknown>> {
    const { caller } = context;
    this.model.policy.admit(caller, request.verb);
    const isLookedAt = ids.length === 0 || this.model.resource.before[request.verb];
    const alone = isLookedAt
      ? undefined
      : this.#unlocked.of(context, { ...request, id: ids[0] ?? 0, ids }, undefined);
    if (!alone) return new Set();
    const values = bind(alone.statement, alone.values, new CallerValues(caller));
    return new Set((await readerOf(this.#store, context).all(alone.statement, values)).map(({ id }) => id));
  }

  /** Writes a row and answers it as the caller may see it; a deleted one as it last was. */
  async write(context: Context, given: RowWrite): Promise<Versioned<Row>> {
    const { caller } = context;
    try {
      // Admit the caller, before any row is looked at.
      if (!given.trusted) this.model.policy.admit(caller, given.action ?? given.verb);
      if (given.id !== undefined) requireId(this.model, given.id);

      // Code of the app may look elsewhere, change the body or refuse the write, outside of its transaction.
      const request = this.#before?.isFor(given) ? await this.#before.run(context, given) : given;

      // A new row depends on no other: what is wrong with its body is said before there is a transaction.
      const created = request.id === undefined ? this.#next(caller, request) : undefined;

      // Where the stages have nothing to do but to find the row as it must be, the write is one statement.
      const needsRow = request.set !== undefined || request.restores;
      const alone = needsRow ? undefined : this.#unlocked.of(context, request, created);
      if (alone) {
        const values = bind(alone.statement, alone.values, new CallerValues(caller));
        const [written] = context.transaction
          ? await readerOf(this.#store, context).all(alone.statement, values)
          : await this.#store.writeOne(alone.statement, values, alone);
        if (alone.row && written) alone.row.id = written.id as Value;
        if (written) return await this.#answer(context, written);
      }

      return await inTransaction(this.#store, context, async (transaction) => {
        try {
          return await this.#stages(transaction, caller, request, created && { ...created });
        } catch (error) {
          // Somebody else has taken what a field was to be derived as.
          transaction.isRepeatable ||= this.#derived?.isTaken(error) ?? false;
          throw error;
        }
      });
    } catch (error) {
      throw this.#shown(error, caller, given);
    }
  }

  /** An error that names no field which the caller may not read. */
  #shown(error: unknown, caller: Caller, { id, readable }: RowWrite): unknown {
    const known = readable ?? this.model.policy.fields(caller, 'see', id);
    return known === this.model ? error : withoutHidden(error, known);
  }

  /** A row as its caller may see it. */
  #answer(context: Context, row: Columns): Versioned<Row> | Promise<Versioned<Row>> {
    // An id as the driver gives it is that of the row.
    const { decodeVersioned } = this.model.policy.fields(context.caller, 'see', row.id as RowId);
    if (!this.#addComputed) return decodeVersioned(row);
    return this.#addComputed(readerOf(this.#store, context), context.caller, row).then(decodeVersioned);
  }

  /** Writes with the bodies that the app's `before` code answers, run for all of them at once. */
  async prepare(context: Context, writes: readonly RowWrite[], placed: Placed): Promise<readonly RowWrite[]> {
    if (!this.#before) return writes;
    return this.#before.runEach(context, writes, (error, at) =>
      placed(this.#shown(error, context.caller, writes[at] ?? { verb: 'create' }), at),
    );
  }

  async #stages(
    transaction: OpenTransaction,
    caller: Caller,
    request: RowWrite,
    created: Record<string, unknown> | undefined,
  ): Promise<Versioned<Row>> {
    const { model } = this;
    const { verb, id, trusted = false, restores } = request;

    // Load and lock the row; ask its rule, and the precondition of the request.
    const found = id === undefined ? undefined : await this.lock(transaction, caller, id, request);
    const current = found && model.decodeVersioned(found);
    if (found && verb === 'delete') {
      const last = await this.#answer({ caller, transaction }, found);
      await this.#deletion.remove(transaction, caller, model, found);
      return last;
    }

    // Validate the body, and complete it with defaults and with what the server sets.
    const set = current && (await request.set?.(current, transaction));
    const next = created ?? this.#next(caller, request, current, set);
    await this.#derived?.derive(transaction, next, current);
    const unread = current && (await this.#unread?.of(transaction, caller, current, request));
    const edit = { unread, touch: request.touch };
    const names = current ? fieldsToSet(model, caller, next, { current, ...edit }) : [...model.byName.keys()];
    if (found && names.length === 0 && !request.touch) return this.#answer({ caller, transaction }, found);
    const isAsked = !trusted && !request.action && !(found && model.policy.isSettled(caller, verb, names));
    if (isAsked && !(await model.policy.allows(caller, verb, next, transaction)))
      throw new Problem('forbidden');

    if (!trusted && !request.own)
      await this.#settable?.require(transaction, caller, { current, next, names });

    const values = encodeFields(model, next, names);
    if (!trusted) await this.#references.check(transaction, caller, values);

    const checked = restores ? [...model.byName.keys()] : names;
    await this.#exclusions?.check(transaction, next, checked, found ? (found.id as Value) : null);

    const change = { found, current, next, names, values, restores };
    const written = await this.#put(transaction, change);
    const last = this.#recorder ? await this.#record(transaction, caller, change, written) : written;
    return this.#answer({ caller, transaction }, last);
  }

  /** Writes the row: what differs, and a version more; then the rows of its links, and its words. */
  async #put(
    transaction: OpenTransaction,
    { found, next, names, values, restores }: Change,
  ): Promise<Columns> {
    if (!found) await this.#statements.requireFirstState(transaction);
    else if (restores) await this.#statements.restore(transaction, found.id as Value);
    // An id as the driver gave it is what the driver binds again.
    const insertion = found ? undefined : this.#statements.insertion(values, transaction.newRow(this.model));
    const statement = insertion?.statement ?? this.#statements.update(names);
    const bound = insertion?.values ?? { ...values, id: (found?.id ?? null) as Value };
    const [written] = await transaction.all(statement, bind(statement, bound));
    if (!written) throw new Problem('internal', { cause: new Error(`${this.model.name}: wrote no row`) });
    if (insertion?.row) insertion.row.id = written.id as Value;
    const linked = await this.#links?.replace(transaction, written.id as Value, next, names);
    if (this.#search?.covers(names)) await this.#search.put(transaction, [{ ...next, id: written.id }]);
    return linked ? { ...found, ...written, ...linked } : written;
  }

  /** Records the change in the same transaction, for whoever listens; code of the app may write the row once more. */
  async #record(
    transaction: OpenTransaction,
    caller: Caller,
    { current: before, restores: restored }: Change,
    written: Columns,
  ): Promise<Columns> {
    const { model } = this;
    const after = model.decodeVersioned(written);
    await this.#recorder?.record(transaction, [{ model, caller, before, after, restored }]);
    if (!model.resource.within[before ? 'update' : 'create']) return written;
    const { lock } = this.#statements;
    const [last] = await transaction.all(lock, bind(lock, { id: written.id as Value }));
    return last ?? written;
  }

  /** The row, locked, if the caller may see it (else 404), may write it (else 403), and has its newest version (else 412). */
  async lock(
    executor: Executor,
    caller: Caller,
    id: RowId,
    { verb, action = verb, trusted, ifMatch, restores = false }: RowWrite,
  ): Promise<Columns> {
    const model = this.model;
    const { lock, lockToEdit, lockToDelete, lockDeleted } = this.#statements;
    const visible = restores ? lockDeleted : verb === 'delete' ? lockToDelete : lockToEdit;
    const statement = trusted ? lock : visible(caller);
    const [found] = await executor.all(statement, bind(statement, { id }, new CallerValues(caller)));
    if (!found) throw notFound(model, id);
    if (trusted) return found;
    const row = model.decodeVersioned(found);
    if (!(await model.policy.allows(caller, action, row, executor))) throw new Problem('forbidden');
    const version = row[VERSION];
    if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.includes(version))
      throw new Problem('precondition_failed', {
        detail: `The row is at version ${version} now. Read it again, apply your change to that, and send its ETag.`,
        data: { resource: model.name, id },
      });
    return found;
  }

  /** The row as it will be, from the one it is where it is updated. Throws `malformed`, `unknown_field` and `invalid`. */
  #next(caller: Caller, request: RowWrite, current?: Row, set?: Values): Record<string, unknown> {
    const fields = this.model.policy.fields(caller, current ? 'update' : 'create', request.id);
    const { body, merge = false, trusted = false, own } = request;
    const { checkBody, checkPatch } = own ? this.model : fields;
    const merged = current && merge && isObject(body) ? mergeNested(this.model, current, body) : body;
    const given =
      trusted && isObject(merged)
        ? merged
        : checkedBody(this.model, merged, merge ? checkPatch : checkBody, fields);
    const next = completeRow(
      this.model,
      caller,
      { ...given, ...request.values, ...set },
      { current, keep: merge, settable: fields },
    );
    if (current) next.id = current.id;
    if (!trusted) requireConsistent(this.model, next);
    return next;
  }
}
