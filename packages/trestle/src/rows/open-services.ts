import type { Store } from '../database/store.ts';
import { type Accounts, withAccounts } from '../schema/accounts.ts';
import type { Caller } from '../schema/caller.ts';
import type { Resources } from '../schema/row-types.ts';
import type { ListQuery } from '../schema/services/list-query.ts';
import type { Services } from '../schema/services/row-service.ts';
import { allRecorders, type ChangeRecorder } from './change-recorder.ts';
import { RowDeletion } from './delete-rows.ts';
import { openHistory } from './history/row-history.ts';
import { aggregator } from './lists/aggregate.ts';
import { childReader } from './lists/children.ts';
import { Expander } from './lists/expand.ts';
import { Cursors, listsOf, listVerbs, selectingReader } from './lists/list.ts';
import { compileModels, type Model } from './model.ts';
import { OwnCode } from './own-code/own-code.ts';
import { countingFields, countingReader, manyReader, peeker } from './read.ts';
import { verbsOfSeveral } from './several/verbs.ts';
import { isObject } from './validate.ts';
import { type AnyService, RowWriter } from './write.ts';

interface OpenServices<Rs extends Resources> {
  readonly services: Services<Rs>;
  readonly byName: ReadonlyMap<string, AnyService>;
  readonly models: ReadonlyMap<string, Model>;
  /** Throws what the list of a resource throws of a query: `invalid_query`, also where it names fields that the caller may not read. */
  readonly checkList: (caller: Caller, resource: string, query: ListQuery) => void;
  /** Writers of the rows of each resource, for the engine's own code. */
  readonly writers: ReadonlyMap<string, RowWriter>;
  readonly accountRows: AccountRows;
  /** The app's own code around writes; it runs once it is opened. */
  readonly ownCode: OwnCode;
}

interface Options<Rs extends Resources> {
  resources: Rs;
  accounts: Accounts;
  store: Store;
  /** Authenticates cursors. */
  cursorKey: Buffer;
  /** Told of every change of a row (default: nobody is). */
  recorders?: readonly ChangeRecorder[];
}

/** Compiles the services of an app: one for each resource, with its rules inside. */
export function openServices<Rs extends Resources>(options: Options<Rs>): OpenServices<Rs> {
  const { resources, accounts, store, cursorKey } = options;
  const ownCode = new OwnCode();
  const models = compileModels(withAccounts(resources, accounts), accounts, store.dialect);
  const cursors = new Cursors(cursorKey);
  const history = openHistory(resources, { store, accounts, cursors });
  const recorders = [...(options.recorders ?? []), history?.recorder, ownCode].filter(
    (each) => each !== undefined,
  );
  const recorder = recorders.length > 1 ? allRecorders(recorders) : ownCode;
  const byName = new Map<string, AnyService>();
  const deletion = new RowDeletion(models, recorder);
  const writers = rowWriters(models, { store, deletion, recorder, ownCode });
  const lists = new Map<string, ReturnType<typeof listsOf>>();
  const find = (name: string, caller: Caller) => lists.get(name)?.(caller);
  for (const [name, model] of models) lists.set(name, listsOf(model, find));
  const expander = new Expander(store);
  for (const [name, writer] of writers) {
    const { model, create, replace, patch, transition, restore, remove } = writer;
    const prepared = lists.get(name) ?? listsOf(model);
    const peek = peeker(model, store);
    const read = countingFields(model).length > 0 ? countingReader(model, store) : peek;
    const verbs = listVerbs(prepared, store, cursors, expander);
    byName.set(name, {
      create,
      read: selectingReader(read, prepared, expander),
      peek: selectingReader(peek, prepared, expander),
      ...verbs,
      aggregate: aggregator(prepared, store),
      children: childReader(prepared, store),
      readMany: manyReader(model, store),
      replace,
      patch,
      remove,
      transition,
      restore,
      history:
        history && model.resource.history
          ? history.reader(model)
          : async () => {
              throw new TypeError(`${name} keeps no history; declare it with history: true`);
            },
      ...verbsOfSeveral(writer, store, verbs.list, prepared),
    });
  }
  const rowsOfAccounts = accountRows(writers, byName, deletion);
  byName.set('accounts', withoutAccountVerbs(rowsOfAccounts.service));
  // The types are projections of the same declaration that the services were compiled from; no type can follow that.
  const services = Object.fromEntries(byName) as unknown as Services<Rs>;
  return {
    services,
    byName,
    models,
    checkList: (caller, resource, query) => {
      find(resource, caller)?.plans.of(caller, query);
    },
    writers,
    accountRows: rowsOfAccounts,
    ownCode,
  };
}

/** The accounts as rows, for the code that knows of names, passwords and sessions. */
export interface AccountRows {
  readonly writer: RowWriter;
  readonly service: AnyService;
  readonly deletion: RowDeletion;
}

function accountRows(
  writers: ReadonlyMap<string, RowWriter>,
  byName: ReadonlyMap<string, AnyService>,
  deletion: RowDeletion,
): AccountRows {
  const [writer, service] = [writers.get('accounts'), byName.get('accounts')];
  if (!writer || !service) throw new TypeError('accounts are compiled with the resources of their app');
  return { writer, service, deletion };
}

/** Fields of accounts that verbs of their own set, which know of sessions and names. */
const VERB_FIELDS = ['username', 'roles', 'disabled_at'];

/** Accounts as own code reads them, and changes their own fields; the other verbs are those of the account service. */
function withoutAccountVerbs(service: AnyService): AnyService {
  const isOfVerbs = (body: unknown) => isObject(body) && VERB_FIELDS.some((name) => name in body);
  const refuse = async (): Promise<never> => {
    throw new TypeError('accounts are made, renamed and deleted by the account service alone');
  };
  return {
    ...service,
    create: refuse,
    replace: refuse,
    remove: refuse,
    upsert: refuse,
    createMany: refuse,
    removeMany: refuse,
    patch: (context, id, body, options) =>
      isOfVerbs(body) ? refuse() : service.patch(context, id, body, options),
    patchMany: (context, query, body) =>
      isOfVerbs(body) ? refuse() : service.patchMany(context, query, body),
  };
}

/** Compiles what writes the rows of each resource. */
export function rowWriters(
  models: ReadonlyMap<string, Model>,
  { store, deletion = new RowDeletion(models), recorder, ownCode }: WriterOptions,
): Map<string, RowWriter> {
  const writers = new Map<string, RowWriter>();
  for (const [name, model] of models)
    writers.set(name, new RowWriter(model, { store, models, deletion, recorder, ownCode }));
  return writers;
}

interface WriterOptions {
  readonly store: Store;
  readonly deletion?: RowDeletion;
  readonly recorder?: ChangeRecorder | undefined;
  readonly ownCode?: OwnCode;
}
