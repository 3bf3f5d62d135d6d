import { createWriteStream, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { exportRows } from '../../rows/exchange/export-rows.ts';
import { formatOf, onResource, type ResourceOptions, withResource } from './with-resource.ts';

interface ExportOptions extends ResourceOptions {
  to?: string;
}

/** `trestle export RESOURCE` */
export function define(command: Command): void {
  command
    .argument('<resource>', 'the resource, as it is declared')
    .option('--to <file>', 'a new file (default: standard output)');
  withResource(command).action(async (name: string, options: ExportOptions) => {
    const { to } = options;
    await onResource(name, { ...options, apply: 'none', make: false }, async (store, model) => {
      const text = Readable.from(exportRows(store, model, formatOf(options, to)));
      if (to === undefined)
        // `trestle export messages | head` has seen enough.
        await pipeline(text, process.stdout, { end: false }).catch((error: unknown) => {
          if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
        });
      else {
        // All of it or nothing: under another name until it is on the disk.
        const unfinished = `${to}.part`;
        const handle = openSync(unfinished, 'w', 0o600);
        try {
          await pipeline(text, createWriteStream(unfinished, { fd: handle, autoClose: false }));
          fsyncSync(handle);
          renameSync(unfinished, to);
        } catch (error) {
          rmSync(unfinished, { force: true });
          throw error;
        }
      }
    });
  });
}
