/**
 * The goodput table against the one that is committed. Virtual time is exact: a figure that differs means that TCP
 * behaves otherwise than it did. Where that was wanted, `make goodput` writes the table anew, for a look at the changes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { goodputTable } from './goodput-table.js';

const SNAPSHOT = 'test/world/goodput.txt';

t.test('the goodput table is the committed one', async (t) => {
  const lines = [...goodputTable()];
  if (process.env.UPDATE_GOODPUT !== undefined) writeFileSync(SNAPSHOT, `${lines.join('\n')}\n`);
  const committed = readFileSync(SNAPSHOT, 'utf8').trimEnd().split('\n');
  for (const [index, line] of lines.entries()) t.equal(line, committed[index]);
  t.equal(lines.length, committed.length);
});
