/**
 * Node's HTTP, for all who need more of it than types. `import ... from 'node:http'` reads every export, and for one of them,
 * undici's WebSocket, Node loads its web client: 25 ms and 13 MB at each start that nobody has a use for.
 */
export const { createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');
