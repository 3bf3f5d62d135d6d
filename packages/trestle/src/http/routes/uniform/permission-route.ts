import { Type } from 'typebox';
import type { Store } from '../../../database/store.ts';
import { Problem } from '../../../problems.ts';
import type { Model } from '../../../rows/model.ts';
import { type Action, transitionsOf } from '../../../rows/policy.ts';
import { visibleRowFinder } from '../../../rows/read.ts';
import { isAdministrator, isViewer } from '../../../rows/rules/caller-class.ts';
import { notFound, requireId } from '../../../rows/validate.ts';
import { system } from '../../../schema/caller.ts';
import type { RowId } from '../../../schema/id.ts';
import { answer, type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import type { AccountService } from '../../../schema/services/account-service.ts';
import { rowName, titled, verbPath } from './route-names.ts';

/** `GET /v1/RESOURCE/{id}:can`: what the caller may do with a row; for the administrator also what another account may, and why. */
export function permissionRoute(model: Model, store: Store, accounts: AccountService): Route {
  const { name, resource, policy } = model;
  const operations = [
    ...Object.keys(resource.lifecycle?.operations ?? {}),
    ...transitionsOf(model.fields).map((transition) => transition.name),
  ];
  const find = visibleRowFinder(model);
  const verdict = Type.Union([
    Type.Boolean(),
    Type.Object({ allowed: Type.Boolean(), because: Type.String() }),
  ]);
  const names = Type.Array(Type.String());
  const permissions = Type.Object({
    read: verdict,
    update: verdict,
    delete: verdict,
    operations: Type.Object(Object.fromEntries(operations.map((operation) => [operation, verdict]))),
    fields: Type.Object({ read: names, update: names }),
  });
  const options = {
    operationId: `permissionsOf${rowName(name)}`,
    summary: `Permissions on one of ${name}`,
    tag: name,
    can: resource.can.read ?? nobody,
    params: Type.Object({ id: Type.Unsafe<RowId>(resource.id.schema) }),
    query: Type.Object({
      account: Type.Optional(
        Type.String({
          description: 'Of this account, with the part of each rule that decided. For the administrator.',
        }),
      ),
    }),
    answers: { 200: titled(`${rowName(name)}Permissions`, permissions) },
  };
  return route('GET', verbPath(name, 'can'), options, async ({ caller, params: { id }, query }) => {
    policy.admit(caller, 'see');
    requireId(model, id);
    const row = await find(store, caller, id);
    if (!row) throw notFound(model, id);
    const { account } = query;
    const explains = account !== undefined;
    let other = caller;
    if (explains) {
      if (!isAdministrator(caller) && !isViewer(caller)) throw new Problem('forbidden');
      const named = /^[1-9]\d{0,15}$/.test(account) ? Number(account) : account;
      const { roles = [] } = await accounts.read(system(), named);
      other = { kind: 'account', account: named, session: '', roles };
    }
    const ask = async (action: Action) =>
      explains ? policy.explain(other, action, row, store) : policy.allows(other, action, row, store);
    const settable = policy.fields(other, 'update').fields.filter(({ writable }) => writable);
    return answer(200, {
      read: await ask('read'),
      update: await ask('update'),
      delete: await ask('delete'),
      operations: Object.fromEntries(
        await Promise.all(operations.map(async (operation) => [operation, await ask(`:${operation}`)])),
      ),
      fields: {
        read: ['id', ...policy.fields(other, 'read').fields.map((field) => field.name)],
        update: settable.map((field) => field.name),
      },
    });
  });
}
