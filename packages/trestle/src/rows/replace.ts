import type { Context } from '../schema/context.ts';
import type { RowId } from '../schema/id.ts';
import type { Versioned, WriteOptions } from '../schema/services/row-service.ts';
import { checkedBody } from './body.ts';
import type { changer } from './change.ts';
import type { Model, Row } from './model.ts';

/** The verb `replace` (PUT): the body is the whole row; what it leaves out becomes its default or null. */
export function replacer(model: Model, change: ReturnType<typeof changer>) {
  return (context: Context, id: RowId, body: unknown, options: WriteOptions = {}): Promise<Versioned<Row>> =>
    change(context, id, () => checkedBody(model, model.checkBody, body), options);
}
