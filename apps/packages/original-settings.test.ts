import assert from 'node:assert/strict';
import { it } from 'node:test';
import { originalDefaults } from './settings.ts';

it('takes the variables of the original, with its defaults', () => {
  assert.deepEqual(originalDefaults({}), { database: undefined, administratorSecret: undefined });
  assert.equal(originalDefaults({ FASTAPI_PACKAGES_DB_ENGINE: 'sqlite' }).database, undefined);
  assert.deepEqual(
    originalDefaults({
      FASTAPI_PACKAGES_DB_ENGINE: 'PostgreSQL',
      FASTAPI_SIMPLE_SECURITY_SECRET: 'of-the-original',
    }),
    {
      database: 'postgres://postgres:password@localhost:5432/packages?sslmode=prefer',
      administratorSecret: 'of-the-original',
    },
  );
  const { database } = originalDefaults({
    FASTAPI_PACKAGES_DB_ENGINE: 'postgresql',
    POSTGRESQL_SERVER: 'db.example',
    POSTGRESQL_PORT: '5433',
    POSTGRESQL_DATABASE_NAME: 'my packages',
    POSTGRESQL_USERNAME: 'me@home',
    POSTGRESQL_PASSWORD: 'a/b:c',
    POSTGRESQL_SSL_MODE: 'require',
  });
  assert.equal(database, 'postgres://me%40home:a%2Fb%3Ac@db.example:5433/my%20packages?sslmode=require');
  assert.throws(
    () => originalDefaults({ FASTAPI_PACKAGES_DB_ENGINE: 'mysql' }),
    /expected sqlite or postgresql, got 'mysql'/,
  );
});
