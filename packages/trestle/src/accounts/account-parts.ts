import type { Store } from '../database/store.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { AccountRows } from './account-rows.ts';
import type { EventLog } from './events.ts';
import type { Passwords } from './passwords/passwords.ts';
import type { Refresh } from './sessions/refresh.ts';
import type { Sessions } from './sessions/sessions.ts';
import type { Throttle } from './throttling/throttle.ts';

/** What the services of accounts are made of. */
export interface AccountParts {
  readonly app: { readonly name: string; readonly accounts: Accounts };
  readonly store: Store;
  readonly rows: AccountRows;
  readonly sessions: Sessions;
  readonly refresh: Refresh;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  readonly now: () => number;
  readonly log: EventLog;
}
