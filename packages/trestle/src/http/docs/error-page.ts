import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../problems.ts';
import { preferred } from '../requests/negotiation.ts';
import { addVary } from '../routes/send-answer.ts';
import { escapeHtml, pageHtml, pagePolicy } from './page-shell.ts';

const PRODUCES = ['application/problem+json', 'application/json', 'text/html'];

/**
 * Sends a problem as a page to a person's browser; false where a program asks, which gets it as JSON.
 *
 * @param status of the answer, which is the problem's but for a contract's own.
 */
export function sendErrorPage(problem: Problem, request: FastifyRequest, reply: FastifyReply): boolean {
  const { accept } = request.headers;
  if (!accept?.includes('text/html')) return false;
  addVary(reply, 'Accept');
  if (preferred(accept, PRODUCES) !== 'text/html') return false;
  const { prefix, id } = request;
  const { status, title, detail, code } = problem;
  const facts = [
    ['Code', code],
    ['Request', id],
  ].map(([name = '', value = '']) => `<dt>${name}</dt><dd><code>${escapeHtml(value)}</code></dd>`);
  const lead = detail === title ? '' : `<p class="lead">${escapeHtml(detail)}</p>`;
  const main =
    `<div class="error"><p class="code">${status}</p><h1>${escapeHtml(title)}</h1>${lead}` +
    `<div class="actions"><a class="button" href="${escapeHtml(prefix)}/">First page</a></div><dl>${facts.join('')}</dl></div>`;
  reply
    .header('content-security-policy', pagePolicy())
    .type('text/html; charset=utf-8')
    .send(pageHtml({ title: `${status} ${title}`, home: `${prefix}/`, main }));
  return true;
}
