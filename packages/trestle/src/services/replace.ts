import type { Caller } from '../declare/caller.ts';
import type { RowId } from '../declare/id.ts';
import type { Versioned, WriteOptions } from '../declare/service.ts';
import { checkedBody } from './body.ts';
import type { changer } from './change.ts';
import type { Model, Row } from './model.ts';

/** The verb `replace` (PUT): the body is the whole row; what it leaves out becomes its default or null. */
export function replacer(model: Model, change: ReturnType<typeof changer>) {
  return (caller: Caller, id: RowId, body: unknown, options: WriteOptions = {}): Promise<Versioned<Row>> =>
    change(caller, id, () => checkedBody(model, model.checkBody, body), options);
}
