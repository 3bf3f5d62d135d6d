import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type EffectRows, OperationError, type Outcome, type RunContext } from 'trestle';
import { Artifacts, DOWNLOAD_LIMITS, digestOf, download } from 'trestle/downloads';
import { settings } from './settings.ts';

interface Package {
  id: number;
  name: string;
  version: string;
  source: string | null;
  sha256: string | null;
}

type Context = RunContext<Package>;

/** Created becomes Downloaded: the source streams to the artifact store, and its digest is checked before the status moves. */
export async function downloadPackage(context: Context): Promise<Outcome> {
  const { row } = context;
  if (row.source === null) return simulate(context, 'downloading');
  const stored = await download(context, {
    source: row.source,
    sha256: row.sha256,
    artifacts: artifactsOf(context),
    allowPrivate: settings.allowPrivate(),
    folder: settings.sources(),
    limits: {
      ...DOWNLOAD_LIMITS,
      redirects: settings.redirects(),
      bytes: settings.maxBytes(DOWNLOAD_LIMITS.bytes),
      total: settings.maxSeconds(DOWNLOAD_LIMITS.total),
    },
  });
  return {
    result: stored,
    effect: async (rows) => {
      const [known] = await rows.find('artifacts', { package_id: row.id });
      if (known) await rows.set('artifacts', known.id, stored);
      else await rows.create('artifacts', { package_id: row.id, ...stored });
    },
  };
}

/**
 * Downloaded becomes Active: the name's current version is switched in the transaction that moves the status, so that a
 * crash leaves the old one or the new one. The version that was active before goes back to Downloaded.
 */
export async function activatePackage(context: Context): Promise<Outcome> {
  const { row, find } = context;
  const [stored] = await find('artifacts', { package_id: row.id });
  if (stored) await checkStored(context, String(stored.sha256));
  else await simulate(context, 'activating');
  return {
    effect: async (rows) => {
      await switchRelease(rows, row);
      for (const other of await rows.find('packages', { name: row.name }, 'Active'))
        if (other.id !== row.id) await rows.move('packages', other.id, 'Downloaded');
    },
  };
}

/** Points a name's current version at a package. The name's row is locked first: activations of a name wait for each other. */
async function switchRelease(rows: EffectRows, { id, name }: Package): Promise<void> {
  const [release] = await rows.find('releases', { name });
  if (release) await rows.set('releases', release.id, { package_id: id });
  else await rows.create('releases', { name, package_id: id });
}

/** Checks that the stored content is still the downloaded one: the disk may have lost or changed it. */
async function checkStored(context: Context, sha256: string): Promise<void> {
  context.progress(0.1, 'checking');
  const found = await digestOf(artifactsOf(context).pathOf(sha256)).catch(() => 'missing');
  if (found !== sha256)
    throw new OperationError('What was downloaded is not in the store any more.', { retry: false });
  context.progress(0.9, 'switching');
}

/** A transfer of nothing, for packages without a source: what the document's stub does. */
async function simulate({ signal, progress }: Context, message: string): Promise<Outcome> {
  const steps = 20;
  const milliseconds = settings.simulated() * 1000;
  for (let step = 1; step <= steps; step += 1) {
    await pause(milliseconds / steps, undefined, { signal });
    progress(step / steps, message);
  }
  return {};
}

function artifactsOf({ data }: Context): Artifacts {
  return new Artifacts(join(data, 'artifacts'));
}
