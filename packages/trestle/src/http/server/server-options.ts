import type { Role } from '../../jobs/job-limits.ts';
import type { Log } from '../logging/logging.ts';
import type { SharedLines } from '../logging/shared-lines.ts';
import { checkOrigins, type Origins } from '../requests/cors.ts';
import { checkBasePath, compileTrust, type TrustsPeer } from '../requests/proxies.ts';
import type { Backups, Setting } from './administration.ts';
import { LIMITS, TIMEOUTS, type Timeouts } from './limits.ts';
import { STREAM_LIMITS, type StreamLimits } from './response-streams.ts';

export interface ServerOptions {
  /** Default: 4000. 0 takes any free port. */
  port?: number;
  /** Default: 127.0.0.1. */
  host?: string;
  /** Answers requests; else only `metricsPort` is opened (default: true). */
  listens?: boolean;
  log: Log;
  /** A port, on the same host, where `/metrics` needs no credentials (default: none). */
  metricsPort?: number;
  /** Addresses or networks (CIDR) of proxies whose X-Forwarded-For and X-Forwarded-Prefix are believed (default: none). */
  trustedProxies?: readonly string[];
  /** Which origins browsers may call from (default: any). */
  origins?: Origins;
  /**
   * The path under which a proxy in front serves this server, such as `/api`, for links and pages (default: none). Whether the
   * proxy leaves it on the path or takes it off makes no difference.
   */
  basePath?: string;
  /** Limits of one client's streamed answers (default: `STREAM_LIMITS`). */
  streams?: Partial<StreamLimits>;
  /** Milliseconds an idle connection is kept (default: 5,000). Behind a proxy it must be longer than the proxy's own. */
  keepAlive?: number;
  /** Default: headers within 10 s, requests within 30 s, nothing moving for 32 s. */
  timeouts?: Timeouts;
  /**
   * Refuse with 503 while the event loop is this many milliseconds late on average over about a second (default: 0, never:
   * on a slow or shared machine a bound that fits another one refuses what could be served).
   */
  shedAbove?: number;
  /** Roles of this process, for its operators (default: not said). */
  roles?: readonly Role[];
  /** The folder where the measures of the last day are kept (default: none, they are in memory). */
  data?: string;
  /** Settings in effect and backups, for its operators (default: none). */
  administration?: { readonly settings: readonly Setting[]; readonly backups?: Backups };
  /** Makes what `/metrics` answers out of what this process counts (default: that alone). Called once, at start. */
  gatherMetrics?: (own: () => Promise<string>) => () => Promise<string>;
  /** Asks other processes for lines of the log of an app whose database cannot (default: they are not asked). */
  linesOf?: (app: string) => SharedLines | undefined;
}

/** Options with every default filled in, and checked. */
export interface Settings
  extends Required<Omit<ServerOptions, 'metricsPort' | 'streams' | 'data' | 'administration'>> {
  data: string | undefined;
  administration: ServerOptions['administration'];
  metricsPort: number | undefined;
  streams: StreamLimits;
  trustsPeer: TrustsPeer;
}

/** Throws `StartError` for what cannot be meant. */
export function settle(options: ServerOptions): Settings {
  const { trustedProxies = [], origins = '*', basePath = '' } = options;
  return {
    port: 4000,
    host: '127.0.0.1',
    listens: true,
    metricsPort: undefined,
    data: undefined,
    roles: [],
    administration: undefined,
    keepAlive: LIMITS.keepAlive,
    timeouts: TIMEOUTS,
    shedAbove: 0,
    gatherMetrics: (own) => own,
    linesOf: () => undefined,
    ...options,
    trustedProxies,
    trustsPeer: compileTrust(trustedProxies),
    origins: checkOrigins(origins),
    basePath: checkBasePath(basePath),
    streams: { ...STREAM_LIMITS, ...options.streams },
  };
}
