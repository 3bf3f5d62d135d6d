import { rowDecoder } from '../../database/row-maker.ts';
import type { Executor } from '../../database/store.ts';
import type { Caller } from '../../schema/caller.ts';
import { flagOf, type Model, type Projection, type Row } from '../model.ts';
import { CallerValues } from '../policy.ts';

/** A recorded row as a caller may see it. */
export type RecordedView = (row: Row, caller: Caller, executor: Executor) => Row | Promise<Row>;

const views = new WeakMap<Projection, RecordedView>();

/**
 * Shows rows as they were recorded to a class of callers: the stored fields, those under a rule on the row where it holds of
 * the recorded one. Other rows that the rule looks at are those of now.
 *
 * @param readable the fields that the class may read.
 */
export function recordedView(model: Pick<Model, 'byName'>, readable: Projection): RecordedView {
  const known = views.get(readable);
  if (known) return known;
  const stored = readable.fields.filter(({ name }) => model.byName.has(name));
  const conditional = stored.filter(({ condition }) => condition);
  const columns = stored.map(({ name, condition }) => ({
    name,
    decode: undefined,
    ...(condition && { flag: flagOf(name) }),
  }));
  const shown = rowDecoder<Row>([{ name: 'id', decode: undefined }, ...columns]);
  const view: RecordedView =
    conditional.length === 0
      ? shown
      : async (row, caller, executor) => {
          const asker = new CallerValues(caller);
          const flags: Record<string, unknown> = {};
          for (const { name, condition } of conditional)
            flags[flagOf(name)] = await condition?.().test(row, asker, executor);
          return shown({ ...row, ...flags });
        };
  views.set(readable, view);
  return view;
}
