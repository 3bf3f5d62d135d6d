import { createReadStream } from 'node:fs';
import { type TSchema, Type } from 'typebox';
import { actOf } from '../../../accounts/operators/audit.ts';
import type { Engine } from '../../../engine.ts';
import { Problem } from '../../../problems.ts';
import { bytes } from '../../../schema/routes/bytes.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import type { Backups } from '../../server/administration.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute } from './admin-route.ts';

const text = Type.String();
const instant = Type.String({ format: 'date-time' });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const sourced = (value: TSchema) => Type.Object({ value, source: text });

const file = titled('Backup', Type.Object({ name: text, at: instant, bytes: nullable(Type.Integer()) }));
const settings = titled(
  'BackupSettings',
  Type.Object({ to: sourced(text), at: sourced(nullable(text)), keep: sourced(Type.Integer()) }),
);
const lastRestore = titled(
  'Restore',
  Type.Object({
    backup: text,
    state: Type.Unsafe({ type: 'string', enum: ['restoring', 'restored', 'failed'] }),
    started_at: instant,
    finished_at: nullable(instant),
    before: nullable(text),
    detail: nullable(text),
  }),
);
const change = Type.Object(
  {
    to: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 1000 }))),
    at: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 200 }))),
    keep: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 256 }))),
  },
  { title: 'BackupSettingsChange', additionalProperties: false },
);

const params = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9-]+-[0-9TZ.-]+\\.db$', maxLength: 200 }),
});
const list = {
  operationId: 'listBackups',
  summary: 'Backups, newest first; where they go, when they are made, how many are kept; the last restore',
  description:
    'Of each setting its source: `operators`, who set it here, or what the server was started with.',
  answers: {
    200: titled(
      'Backups',
      Type.Object({ settings, restore: nullable(lastRestore), items: Type.Array(file) }),
    ),
  },
};
const make = {
  operationId: 'makeBackup',
  summary: 'Make a backup, and read it back',
  raises: ['not_implemented'] as const,
  answers: { 201: file },
};
const configure = {
  operationId: 'updateBackupSettings',
  summary: 'Change where backups go, when they are made and how many are kept',
  description:
    '`at` is a cron expression in the time zone of the machine, or `never`; null of any member is what the server was started with. `to` is a folder within those of the server, or `s3://BUCKET/PREFIX`.',
  body: change,
  raises: ['not_implemented', 'invalid'] as const,
  answers: { 200: settings },
};
const verify = {
  operationId: 'verifyBackup',
  summary: 'Read a backup back, and compare its rows with the declaration',
  params,
  readOnly: true,
  answers: { 200: titled('BackupCheck', Type.Object({ ok: Type.Boolean(), detail: text })) },
};
const restore = {
  operationId: 'restoreBackup',
  summary: 'Put a backup in the place of all rows',
  description:
    'It is read back first. Then the server finishes its requests, stops serving, backs up what there is, restores, and serves again; `restore` of the list says what became of it. `confirm` is the name of the app.',
  params,
  body: Type.Object({ confirm: text }, { title: 'RestoreConfirmation', additionalProperties: false }),
  raises: ['not_implemented', 'conflict', 'invalid'] as const,
  answers: { 202: lastRestore },
};
const download = {
  operationId: 'downloadBackup',
  summary: 'Download a backup',
  description: 'It has every row and every hash of a password: for administrators alone.',
  params,
  // A viewer would take all of it away: recorded, and refused as a change is.
  readOnly: false,
  produces: 'application/vnd.sqlite3',
  answers: { 200: text },
};

/** Backups of the app: made, scheduled, read back, downloaded, restored. */
export function backupRoutes<Rs extends Resources>(
  { app: { name: app }, audit, store }: Engine<Rs>,
  backups: Backups | undefined,
): Route[] {
  const able = (): Backups => {
    if (backups) return backups;
    throw new Problem('not_implemented', { detail: 'This process makes no backups: trestle serve does.' });
  };
  return [
    adminRoute('GET', '/backups', list, async () =>
      answer(200, {
        settings: able().settings(app),
        restore: able().lastRestore(app),
        items: await able().list(app),
      }),
    ),
    adminRoute('POST', '/backups', make, async () => answer(201, await able().make(app))),
    adminRoute('PATCH', '/backups', configure, ({ body }) => answer(200, able().change(app, body))),
    adminRoute('POST', '/backups/:name([^]+)::verify', verify, async ({ params: { name } }) =>
      answer(200, await able().verify(app, name)),
    ),
    adminRoute('POST', '/backups/:name([^]+)::restore', restore, async (request) => {
      const { params, body, caller } = request;
      if (body.confirm !== app) {
        const error = { pointer: '/confirm', code: 'enum', message: `expected the name of the app, ${app}` };
        throw new Problem('invalid', { detail: error.message, errors: [error] });
      }
      const route = '/v1/admin/backups/{name}:restore';
      const act = actOf(request, { route, fields: ['confirm'], status: 200 });
      const by = { ...(await audit.actorOf(store, caller)), ...act };
      return answer(202, await able().restore(app, params.name, by));
    }),
    adminRoute('GET', '/backups/:name', download, async ({ params: { name } }) => {
      const { path, bytes: length } = await able().open(app, name);
      const content = ({ start, end }: { start: number; end: number }) =>
        createReadStream(path, { start, end });
      const disposition = { 'content-disposition': `attachment; filename="${name}"` };
      return bytes({ content, length, type: 'application/vnd.sqlite3' }, disposition);
    }),
  ];
}
