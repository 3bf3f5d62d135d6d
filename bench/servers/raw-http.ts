/** The ceiling: node:http alone with a fixed answer; bodies are read and parsed. */
import { createServer } from 'node:http';
import { message } from '../suites/seed.ts';

const body = JSON.stringify(message(777));
const head = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };

createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, head).end(body);
    return;
  }
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (part: string) => {
    text += part;
  });
  request.on('end', () => {
    JSON.parse(text);
    response.writeHead(201, head).end(body);
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
