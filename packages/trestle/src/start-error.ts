/** Why a server or a command cannot start, in words for the person at the terminal; no stack is shown for it. */
export class StartError extends Error {
  /** The process's exit code: 1, 3 where the database is newer than the declaration, or 4 where a migration needs consent. */
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StartError';
    this.exitCode = options.exitCode ?? 1;
  }
}
