import type { Store } from '../database/store.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { RowId } from '../schema/id.ts';
import type { Resources } from '../schema/row-types.ts';
import type { Service, Services } from '../schema/services/row-service.ts';
import { changer, remover } from './change.ts';
import { creator } from './create.ts';
import { childReader } from './lists/children.ts';
import { Cursors } from './lists/cursor.ts';
import { lister } from './lists/list.ts';
import { streamer } from './lists/stream.ts';
import { compileModels, type Model, type Row } from './model.ts';
import { patcher } from './patch.ts';
import { countingFields, countingReader, peeker } from './read.ts';
import { manyReader } from './read-many.ts';
import { referenceCheck } from './references.ts';
import { replacer } from './replace.ts';
import { blindPatcher } from './update-without-select.ts';

/** A service whose row is only known at run time: what the uniform routes use. */
export type AnyService = Service<Row, unknown, unknown, RowId>;

export interface OpenServices<Rs extends Resources> {
  readonly services: Services<Rs>;
  readonly byName: ReadonlyMap<string, AnyService>;
  readonly models: ReadonlyMap<string, Model>;
}

interface Options<Rs extends Resources> {
  resources: Rs;
  accounts: Accounts;
  store: Store;
  /** Authenticates cursors. */
  cursorKey: Buffer;
}

/** Compiles the services of an app: one for each resource, with its rules inside. */
export function openServices<Rs extends Resources>(options: Options<Rs>): OpenServices<Rs> {
  const { resources, accounts, store, cursorKey } = options;
  const models = compileModels(resources, accounts, store.dialect);
  const cursors = new Cursors(cursorKey);
  const byName = new Map<string, AnyService>();
  for (const [name, model] of models) byName.set(name, openService(model, models, store, cursors));
  // The types are projections of the same declaration that the services were compiled from; no type can follow that.
  const services = Object.fromEntries(byName) as unknown as Services<Rs>;
  return { services, byName, models };
}

function openService(
  model: Model,
  models: ReadonlyMap<string, Model>,
  store: Store,
  cursors: Cursors,
): AnyService {
  const references = referenceCheck(model, models);
  const change = changer(model, store, references);
  const peek = peeker(model, store);
  return {
    create: creator(model, store, references),
    read: countingFields(model).length > 0 ? countingReader(model, store) : peek,
    peek,
    list: lister(model, store, cursors),
    stream: streamer(model, store),
    children: childReader(model, store),
    readMany: manyReader(model, store),
    replace: replacer(model, change),
    patch: patcher(model, change, blindPatcher(model, store, references)),
    remove: remover(model, store),
  };
}
