import { StartError } from '../../start-error.ts';
import type { Plan } from './plan.ts';

/** The exit code of a process whose declaration is older than its database. */
export const NEWER_DATABASE = 3;

/** The exit code of a process that would have to make changes nobody has asked for. */
export const MIGRATION_REFUSED = 4;

/** The database is ahead of the declaration or of the engine: nothing is done to it. Exit code 3. */
export class NewerDatabase extends StartError {
  constructor(message: string) {
    super(message, { exitCode: NEWER_DATABASE });
    this.name = 'NewerDatabase';
  }
}

/** There are changes to make that nobody has asked for, or that the rows do not allow. Nothing was changed. */
export class MigrationRefused extends StartError {
  readonly plan: Plan;

  constructor(message: string, plan: Plan) {
    super(`${message}\n${plan.steps.map((step) => `  ${step.line}`).join('\n')}`, {
      exitCode: MIGRATION_REFUSED,
    });
    this.name = 'MigrationRefused';
    this.plan = plan;
  }
}
