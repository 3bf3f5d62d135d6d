import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { StartError } from '../../start-error.ts';

/** Listens, and answers the server's URL. Throws `StartError` where the address cannot be had; the server is closed then. */
export async function bind(fastify: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await fastify.listen({ host, port });
  } catch (error) {
    await fastify.close();
    throw cannotListen(error, { host, port, option: '--port' });
  }
  const bound = fastify.server.address();
  const address: Pick<AddressInfo, 'port'> = typeof bound === 'object' && bound ? bound : { port };
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** Why an address cannot be had, in words; other errors as they are. */
export function cannotListen(
  error: unknown,
  { host, port, option }: { host: string; port: number; option: string },
): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const wrong = (message: string) => new StartError(message, { cause: error });
  switch (code) {
    case 'EADDRINUSE':
      return wrong(
        `port ${port} of ${host} is in use; stop the other program or choose another with ${option}`,
      );
    case 'EACCES':
      return wrong(`port ${port} may not be opened by this user; choose one above 1023 with ${option}`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return wrong(`${host} is no address of this machine; choose another with --host`);
    default:
      return error;
  }
}
