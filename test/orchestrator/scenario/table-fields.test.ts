/** What a scenario is refused must not be there: the tables of each kind, and the fields of rows, are those that machines have. */
import t from 'tap';
import { DEVICE_KINDS } from '../../../devices/control.js';
import { TABLE_FIELDS, TABLES_OF } from '../../../orchestrator/scenario/table-fields.js';
import { World } from '../../support/world.js';

for (const kind of DEVICE_KINDS) {
  t.test(`the tables of a ${kind}`, async (t) => {
    const machine = new World().add({ kind, name: 'it', ports: [{ name: 'eth0' }] });
    // Faults are the runtime's, whatever the machine.
    t.same([...machine.tables, 'faults'].sort(), [...TABLES_OF[kind]].sort());
    for (const table of machine.tables) {
      for (const row of machine.inspect(table))
        t.same(
          Object.keys(row).filter((field) => !Object.hasOwn(TABLE_FIELDS[table], field)),
          [],
          table,
        );
    }
  });
}
