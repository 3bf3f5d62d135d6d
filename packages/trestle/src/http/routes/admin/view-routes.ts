import { Type } from 'typebox';
import type { Engine } from '../../../engine.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute } from './admin-route.ts';

/** A view is the parameters of a list, which an address of 8 KB holds. */
const MAX_BODY = 16_384;
const members = {
  resource: Type.String({ minLength: 1, maxLength: 200 }),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  view: Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} }),
};
const view = titled('OperatorView', Type.Object({ id: Type.Integer(), ...members }));

/** Views of lists that the caller keeps under a name: each operator their own, viewers too. */
export function viewRoutes<Rs extends Resources>({ savedViews }: Engine<Rs>): Route[] {
  const list = {
    operationId: 'listOwnViews',
    summary: 'Views that the caller keeps, by resource and name',
    answers: { 200: titled('OperatorViews', Type.Object({ items: Type.Array(view) })) },
  };
  const save = {
    operationId: 'saveOwnView',
    summary: 'Keep a view under a name, in the place of the one of that name',
    body: Type.Object(members, { title: 'ViewToSave', additionalProperties: false }),
    maxBody: MAX_BODY,
    // Of the caller's own, and no row of the app: viewers may, and it is no act for the audit.
    readOnly: true,
    raises: ['conflict', 'forbidden'] as const,
    answers: { 200: view },
  };
  const remove = {
    operationId: 'removeOwnView',
    summary: 'Remove a view',
    params: Type.Object({ id: Type.Integer() }),
    readOnly: true,
    answers: { 204: null },
  };
  return [
    adminRoute('GET', '/views', list, async (request) =>
      answer(200, { items: await savedViews.list(request) }),
    ),
    adminRoute('PUT', '/views', save, async (request) =>
      answer(200, await savedViews.save(request, request.body)),
    ),
    adminRoute('DELETE', '/views/:id', remove, async (request) => {
      await savedViews.remove(request, request.params.id);
      return answer(204);
    }),
  ];
}
