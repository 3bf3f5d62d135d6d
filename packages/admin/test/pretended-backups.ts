import type { Backups } from '../../trestle/src/http/server/administration.ts';

/** Backups to look at and to press for; real ones, of a server of its own, are in backups.test.ts. */
export function pretendedBackups(): Backups {
  const made: { name: string; at: string; bytes: number }[] = [];
  const never = () => {
    throw new Error('nobody asks for this here');
  };
  return {
    settings: () => ({
      to: { value: '/var/backups', source: '--backup-to' },
      at: { value: '0 3 * * *', source: 'default' },
      keep: { value: 14, source: 'default' },
    }),
    list: async () => made,
    async make(app) {
      const one = { name: `${app}-20261126T030000Z.db`, at: '2026-11-26T03:00:00.000Z', bytes: 4096 };
      made.push(one);
      return one;
    },
    lastRestore: () => null,
    change: never,
    verify: never,
    open: never,
    restore: never,
  };
}
