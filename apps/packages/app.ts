import {
  accounts,
  administrator,
  app,
  createdAt,
  integer,
  integerId,
  nobody,
  reference,
  resource,
  signedIn,
  state,
  text,
} from 'trestle';
import { contract } from './contract.ts';
import { originalDefaults, settings } from './settings.ts';
import { activatePackage, downloadPackage } from './work.ts';

const keyed = { read: signedIn, create: signedIn, update: signedIn, delete: signedIn };

/** The states of a package are rows: a new one needs no new code. */
export const statuses = resource({
  id: integerId(),
  fields: { name: text({ min: 2, max: 20, trim: true, unique: true }) },
  order: 'id',
  can: { read: signedIn, create: signedIn, update: nobody, delete: nobody },
  rows: [{ name: 'Created' }, { name: 'Downloaded' }, { name: 'Active' }],
});

export const packages = resource({
  id: integerId(),
  fields: {
    name: text({ min: 2, max: 200, trim: true, search: true, index: true }),
    version: text({ min: 2, max: 50, trim: true }),
    status_id: state('statuses', { initial: 'Created' }),
    source: text({ nullable: true, min: 1, max: 2000 }),
    sha256: text({ nullable: true, pattern: /^[0-9a-f]{64}$/ }),
  },
  order: 'id',
  can: keyed,
  lifecycle: {
    field: 'status_id',
    operations: {
      download: { from: 'Created', to: 'Downloaded', run: downloadPackage },
      activate: { from: 'Downloaded', to: 'Active', run: activatePackage },
    },
  },
});

/** A package's download: content in the artifact store, by its digest. */
export const artifacts = resource({
  id: integerId(),
  fields: {
    package_id: reference('packages', { onDelete: 'cascade', unique: true }),
    sha256: text({ pattern: /^[0-9a-f]{64}$/ }),
    size: integer({ min: 0 }),
    stored_at: createdAt(),
  },
  can: { read: signedIn },
});

/** The current version of each package name. One row a name, so that activations of a name come one after another. */
export const releases = resource({
  id: integerId(),
  fields: {
    name: text({ unique: true, max: 200 }),
    package_id: reference('packages', { onDelete: 'cascade' }),
  },
  order: 'name',
  can: { read: signedIn },
});

export const resources = { statuses, packages, artifacts, releases };

export default app({
  name: 'packages',
  description: 'Software packages, and the long operations that download and activate them.',
  accounts: accounts({
    password: false,
    tokens: { refresh: false },
    // The document's own scripts lower-case the keys they are given.
    keys: { lifetime: settings.keyLifetime(), longest: 'never', lowerCase: true },
    can: { create: administrator },
  }),
  resources,
  defaults: originalDefaults(),
  contract,
});
