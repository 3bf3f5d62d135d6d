import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { generator } from '../suites/load.ts';

/** The machine and the versions that figures were measured with. */
export interface MachineDescription {
  readonly machine: string;
  readonly versions: string;
}

/** Describes this machine and the installed versions. */
export function describeMachine(): MachineDescription {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${processors.length} × ${processors[0]?.model.trim()}, ${gigabytes} GiB, ${type()} ${release()}`;
  const versions = [
    `Node ${process.versions.node}`,
    `SQLite ${sqliteVersion()}`,
    `Fastify ${versionOf('fastify')}`,
    `pg ${versionOf('pg')}`,
    generator,
    `Trestle ${commit()}`,
  ];
  return { machine, versions: versions.join(', ') };
}

function sqliteVersion(): string {
  const database = new DatabaseSync(':memory:');
  const row = database.prepare('select sqlite_version() as version').get();
  database.close();
  return String(row?.version);
}

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return version;
}

function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return stdout?.trim() || 'outside git';
}
