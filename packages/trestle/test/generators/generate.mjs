// Makes both clients of each document: node generate.mjs FOLDER NAME… reads FOLDER/NAME/openapi.json. One process for all
// of them: loading the generators takes longer than generating.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';
import openapiTypescript, { astToString } from 'openapi-typescript';

const [folder = '', ...names] = process.argv.slice(2);
const plugins = ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'];
for (const name of names) {
  const input = join(folder, name, 'openapi.json');
  const types = await openapiTypescript(JSON.parse(readFileSync(input, 'utf8')));
  writeFileSync(join(folder, name, 'types.d.ts'), astToString(types));
  await createClient({ input, output: join(folder, name, 'hey'), plugins, logs: { level: 'silent' } });
}
