import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { command, type Ended, run, temporaryFolder } from '../../processes.ts';

const APP = join(import.meta.dirname, 'storehouse.ts');

describe('export and import, as commands', () => {
  const folder = temporaryFolder();
  const file = (name: string, text: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const trestle = (...words: string[]): Promise<Ended> =>
    command([...words, '--app', APP, '--data', join(folder, 'data')]);

  it('say which lines are not valid, with an exit code of its own', async () => {
    const text = 'name,size,tags\r\n"two\nlines",1,"[""a""]"\r\nx,big,\r\ny,1\r\n';
    const { code, stderr, stdout } = await trestle('import', 'things', file('things.csv', text));
    assert.deepEqual([code, stdout], [2, '']);
    assert.deepEqual(stderr.replaceAll(`${folder}/`, '').split('\n'), [
      'things.csv:4: /size: expected a number, got a string',
      'things.csv:5: expected 3 cells, got 2',
      'trestle: 2 rows not valid; nothing was imported',
      '',
    ]);
    const many = await trestle('import', 'boxes', file('many.csv', `name\n${'""\n'.repeat(250)}`));
    const lines = many.stderr.trimEnd().split('\n');
    assert.equal(lines.length, 102);
    assert.equal(lines[100], '... and 150 rows more');
    assert.equal(lines[101], 'trestle: 250 rows not valid; nothing was imported');
  });

  it('import by the ending of a name, and say what was passed over', async () => {
    const boxes = file('boxes.csv', '\ufeffid,name\r\n9,"a, b"\r\n');
    const checked = await trestle('import', 'boxes', boxes, '--check');
    assert.deepEqual(
      [checked.code, checked.stdout],
      [0, 'boxes: 1 row valid; nothing was imported; set by the server, not by the file (see --keep): id\n'],
    );
    const { code, stdout } = await trestle('import', 'boxes', boxes);
    assert.deepEqual(
      [code, stdout],
      [0, 'boxes: 1 row imported; set by the server, not by the file (see --keep): id\n'],
    );
  });

  it('export to the standard output, or to a file of its owner', async () => {
    assert.equal((await trestle('export', 'boxes')).stdout, '{"id":1,"name":"a, b","within":null}\n');
    assert.equal(
      (await trestle('export', 'boxes', '--format', 'csv')).stdout,
      'id,name,within\r\n1,"a, b",\r\n',
    );
    const to = join(folder, 'out.csv');
    assert.equal((await trestle('export', 'boxes', '--to', to)).code, 0);
    assert.equal(readFileSync(to, 'utf8'), 'id,name,within\r\n1,"a, b",\r\n');
    assert.equal(statSync(to).mode & 0o777, 0o600);
  });

  it('say what is missing, or cannot be read', async () => {
    const says: [words: string[], message: RegExp][] = [
      [
        ['export', 'thing'],
        /^trestle: there is no resource 'thing'; there are boxes, things, states, tasks\n$/,
      ],
      [['import', 'boxes', join(folder, 'gone.csv')], /gone\.csv cannot be read: ENOENT/],
      [
        ['import', 'boxes', file('latin.csv', Buffer.from('name\ncaf\xe9\n', 'latin1'))],
        /latin\.csv: It is not UTF-8\. Nothing was imported/,
      ],
      [
        ['import', 'boxes', file('header.csv', 'name,colour\na,b\n')],
        /header\.csv: line 1: 'colour' is no field of boxes; expected names out of id, name, within/,
      ],
    ];
    for (const [words, message] of says) {
      const { code, stderr, stdout } = await trestle(...words);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    }
    const none = await run(['export', 'boxes', '--app', APP, '--data', join(folder, 'none')]);
    assert.match(none.stderr, /there is no database .*store\.db/);
  });
});
