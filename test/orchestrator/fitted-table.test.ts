import fc from 'fast-check';
import t from 'tap';
import { type FittedColumn, fittedTable } from '../../orchestrator/fitted-table.js';

const plain = (_style: unknown, text: string) => text;

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly frames: number;
}

const COLUMNS: readonly FittedColumn<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'KIND', spare: 2, value: ({ kind }) => kind },
  { title: 'IN', align: 'right', spare: 1, value: ({ frames }) => frames },
  { title: 'OUT', align: 'right', spare: 1, value: ({ frames }) => frames },
  { title: 'NOTE', value: ({ name }) => `about ${name}` },
];
const ROWS: readonly Row[] = [{ name: 'home-router', kind: 'router', frames: 1024 }];

const lines = (columns: number | undefined) => fittedTable(ROWS, COLUMNS, plain, columns).split('\n');

t.test('all where there is room, or no terminal', async (t) => {
  const whole = ['NAME         KIND      IN   OUT  NOTE', 'home-router  router  1024  1024  about home-router'];
  t.same(lines(undefined), whole);
  t.same(lines(0), whole);
  t.same(lines(50), whole);
});

t.test('else what is spare goes, and that is said', async (t) => {
  const fewer = ['NAME         KIND    NOTE', 'home-router  router  about home-router', 'no room for IN, OUT'];
  t.same(lines(49), fewer, 'those of one number together');
  t.same(lines(38), fewer);
  t.same(lines(30), ['NAME         NOTE', 'home-router  about home-router', 'no room for KIND, IN, OUT']);
});

t.test('then texts are cut, the widest first, and never to nothing', async (t) => {
  t.same(lines(27).slice(0, 2), ['NAME         NOTE', 'home-router  about home-ro…']);
  t.same(lines(10).slice(0, 2), ['NAME         NOTE', 'home-router  about home-…']);
});

t.test('what yields is cut before anything is left out', async (t) => {
  const columns = COLUMNS.map((column) => (column.title === 'NOTE' ? { ...column, yieldsTo: 8 } : column));
  const fitted = (room: number) => fittedTable(ROWS, columns, plain, room).split('\n');
  t.same(fitted(49), ['NAME         KIND      IN   OUT  NOTE', 'home-router  router  1024  1024  about home-rout…']);
  t.same(fitted(41)[1], 'home-router  router  1024  1024  about h…');
  t.same(fitted(38), ['NAME         KIND    NOTE', 'home-router  router  about home-router', 'no room for IN, OUT']);
});

t.test('no line is longer than the terminal, however long the texts', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.stringMatching(/^[a-z]{1,60}$/) })),
      fc.integer({ min: 26 }),
      (names, columns) => {
        const rows = names.map(({ name }) => ({ name, kind: 'host', frames: 1 }));
        return fittedTable(rows, COLUMNS, plain, columns)
          .split('\n')
          .every(({ length }) => length <= columns);
      },
    ),
  );
});
