import t from 'tap';
import { compileFilter, isFilterError } from '../../../devices/stack/wire/filter/filter.js';
import { fieldRows, formatFields } from '../../../orchestrator/capture/field-list.js';
import { CliError } from '../../../orchestrator/errors.js';

t.test('every field that is listed can be asked for', async (t) => {
  const rows = fieldRows('');
  t.same(
    rows.filter(({ name }) => isFilterError(compileFilter(name))),
    [],
  );
  t.same(
    rows.filter(({ description }) => description === ''),
    [],
  );
});

t.test('a prefix chooses', async (t) => {
  t.same(
    fieldRows('arp.opcode').map(({ name, valueNames }) => [name, valueNames?.request]),
    [['arp.opcode', 1]],
  );
  t.ok(fieldRows('tcp.flags').every(({ name }) => name.startsWith('tcp.flags')));
  t.match(
    formatFields(fieldRows('tcp.flags.syn'), (_style, text) => text),
    /^FIELD +TYPE +WHAT IT IS\ntcp\.flags\.syn +boolean +\S/,
  );
});

t.test('a prefix that nothing has: the protocols are named', async (t) => {
  try {
    fieldRows('ipx');
    t.fail('nothing was thrown');
  } catch (error) {
    t.ok(error instanceof CliError);
    t.match(error, { message: 'no field begins with ipx' });
  }
});
