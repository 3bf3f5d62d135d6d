import { Problem } from '../../problems.ts';
import { UploadedFile } from '../../schema/routes/bytes.ts';
import { LIMITS } from '../server/limits.ts';
import { addField, type Form } from './form.ts';

/** Parts with a file in them; a part without is a field, of which there may be as many as in a form. */
const MAX_FILES = 20;
const MAX_NAME_LENGTH = 200;

/**
 * The fields and files of a `multipart/form-data` body (RFC 7578). A part with a file name is an `UploadedFile`.
 * Throws `malformed` for broken syntax, a field that is not UTF-8, and for what a form may not hold.
 */
export async function parseMultipart(body: Buffer, contentType: string): Promise<Form> {
  const { Busboy } = await import('@fastify/busboy');
  const { promise, resolve, reject } = Promise.withResolvers<Form>();
  const form: Form = {};
  const refuse = (what: string) =>
    reject(new Problem('malformed', { detail: `The multipart body ${what}.` }));
  const add = (name: string | undefined, value: string | UploadedFile) => {
    if (name === undefined || name === '') return refuse('has a part without a name');
    if (Buffer.byteLength(name) >= MAX_NAME_LENGTH)
      return refuse(`has a name longer than ${MAX_NAME_LENGTH} bytes`);
    try {
      addField(form, name, value);
    } catch (error) {
      reject(error);
    }
  };
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (_name, _type, fileName) => fileName !== undefined,
      limits: {
        fieldNameSize: MAX_NAME_LENGTH,
        fieldSize: body.byteLength,
        fields: LIMITS.members,
        files: MAX_FILES,
        headerPairs: 20,
        headerSize: LIMITS.target,
      },
    });
    parser.on('field', (name, value) =>
      value.includes('\uFFFD') ? refuse('has a field that is not UTF-8') : add(name, value),
    );
    parser.on('file', (name, stream, fileName, ...[, type]) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => add(name, new UploadedFile(fileName, type, Buffer.concat(chunks))));
    });
    parser.on('fieldsLimit', () => refuse(`has more than ${LIMITS.members} fields`));
    parser.on('filesLimit', () => refuse(`has more than ${MAX_FILES} files`));
    parser.on('error', () => refuse('is broken'));
    parser.on('finish', () => resolve(form));
    parser.end(body);
  } catch {
    refuse('names no boundary in its Content-Type');
  }
  return promise;
}
