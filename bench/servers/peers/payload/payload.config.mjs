import { sqliteAdapter } from '@payloadcms/db-sqlite';
import { buildConfig } from 'payload';

export default buildConfig({
  secret: 'the-benchmark-has-no-secrets',
  telemetry: false,
  graphQL: { disable: true },
  typescript: { autoGenerate: false },
  db: sqliteAdapter({
    client: { url: `file:${process.env.DATABASE}` },
    wal: { synchronous: 'NORMAL' },
  }),
  collections: [
    { slug: 'users', auth: { tokenExpiration: 86_400 }, fields: [] },
    {
      slug: 'messages',
      access: { read: () => true },
      fields: [
        { name: 'content', type: 'text', required: true, minLength: 1, maxLength: 160 },
        { name: 'views', type: 'number', defaultValue: 0 },
      ],
    },
  ],
});
