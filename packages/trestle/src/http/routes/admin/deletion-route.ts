import { Type } from 'typebox';
import { sql } from '../../../database/sql.ts';
import { bind, param, statement } from '../../../database/statement.ts';
import type { Engine } from '../../../engine.ts';
import { Problem } from '../../../problems.ts';
import type { Model } from '../../../rows/model.ts';
import {
  type DeletionPreview,
  previewDeletion,
  type ReachedRows,
} from '../../../rows/relations/deletion-preview.ts';
import { idFromText } from '../../../rows/validate.ts';
import type { RowId } from '../../../schema/id.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute } from './admin-route.ts';

const text = Type.String();
const flag = Type.Boolean();
const preview = titled(
  'DeletionPreview',
  Type.Object({
    hides: Type.Unsafe({
      type: 'boolean',
      description: 'The row can be restored, and what refers to it stays.',
    }),
    refused: Type.Unsafe({ type: 'boolean', description: 'Rows refer to it that do not let it go.' }),
    reaches: Type.Array(
      Type.Object({
        resource: text,
        field: text,
        effect: Type.Unsafe({ type: 'string', enum: ['cascade', 'setNull', 'remove', 'restrict'] }),
        count: Type.Integer(),
        more: flag,
      }),
    ),
  }),
);

/** `GET /v1/admin/deletions/{resource}/{id}`: effects of the deletion of a row, or of an account. */
export function deletionRoute<Rs extends Resources>(engine: Engine<Rs>): Route {
  const { models, accountModels, store } = engine;
  const options = {
    operationId: 'previewDeletion',
    summary: 'What the deletion of a row would do: rows that go with it, lose a reference, or prevent it',
    description:
      'Of an account also its sessions and keys, and the rows that lose their author. Changes nothing.',
    params: Type.Object({ resource: text, id: text }),
    answers: { 200: preview },
  };
  return adminRoute('GET', '/deletions/:resource/:id', options, async ({ params }) => {
    const model = models.get(params.resource);
    if (!model)
      throw new Problem('not_found', {
        detail: `The resources are ${[...models.keys()].join(', ')}.`,
        data: { resource: params.resource, id: params.id },
      });
    const id = idFromText(model.resource.id, params.id);
    const found = await previewDeletion(models, store, model, id);
    return answer(200, model === accountModels.accounts ? await withAccount(found, id) : found);
  });

  async function withAccount(found: DeletionPreview, id: RowId): Promise<DeletionPreview> {
    const { sessions, keys } = accountModels;
    const own = await Promise.all([
      countOf(sessions, 'account', id, 'cascade'),
      countOf(keys, 'account', id, 'cascade'),
      ...[...models.values()].flatMap((model) =>
        model.fields
          .filter(({ field }) => field.type.isAccount)
          .map(({ name }) => countOf(model, name, id, 'setNull')),
      ),
    ]);
    return { ...found, reaches: [...found.reaches, ...own.filter(({ count }) => count > 0)] };
  }

  async function countOf(
    model: Model,
    field: string,
    id: RowId,
    effect: ReachedRows['effect'],
  ): Promise<ReachedRows> {
    const counting = statement(
      store.dialect,
      sql`select count(*) as found from ${model.table} where ${sql.ref(field)} = ${param('id')}`,
    );
    const [row] = await store.all(counting, bind(counting, { id }));
    return { resource: model.name, field, effect, count: Number(row?.found), more: false };
  }
}
