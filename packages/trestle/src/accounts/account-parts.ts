import type { Accounts } from '../declare/accounts.ts';
import type { Store } from '../store/store.ts';
import type { AccountRows } from './account-rows.ts';
import type { EventLog } from './events.ts';
import type { Passwords } from './passwords.ts';
import type { Refresh } from './refresh.ts';
import type { Sessions } from './sessions.ts';
import type { Throttle } from './throttle.ts';

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
