import t from 'tap';
import {
  formatBytes,
  formatDuration,
  formatTable,
  painter,
  visible,
  visibleJsonLine,
} from '../../orchestrator/terminal.js';

const plain = (_style: unknown, text: string) => text;

t.test('a table has two spaces between its columns and none at the ends of lines', async (t) => {
  const rows = [
    { name: 'client', frames: 12 },
    { name: 'sw', frames: 1024 },
  ];
  const table = formatTable(
    rows,
    [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'FRAMES', align: 'right', value: ({ frames }) => frames },
      { title: 'NOTE', value: () => '' },
    ],
    plain,
  );
  t.same(table.split('\n'), ['NAME    FRAMES  NOTE', 'client      12', 'sw        1024']);
});

t.test('sizes and durations are rounded, never to the next unit', async (t) => {
  t.same([0, 1023, 1024, 1536, 1024 ** 2 - 1, 1024 ** 2, 1024 ** 4].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '1.0 MiB',
    '1024.0 GiB',
  ]);
  t.same([0.4, 350, 999.4, 999.6, 4200, 59_940, 59_960, 200_000, 7_500_000].map(formatDuration), [
    '0 ms',
    '350 ms',
    '999 ms',
    '1.0 s',
    '4.2 s',
    '59.9 s',
    '1 m 0 s',
    '3 m 20 s',
    '2 h 5 m',
  ]);
});

t.test('colour: NO_COLOR is above FORCE_COLOR, which is above the terminal', async (t) => {
  const environment = (values: Record<string, string>) => {
    const { NO_COLOR: _no, FORCE_COLOR: _force, TERM: _term, ...rest } = process.env;
    return t.intercept(process, 'env', { value: { ...rest, ...values } });
  };
  const red = (isTTY: boolean, values: Record<string, string>) => {
    const restore = environment(values);
    const text = painter({ isTTY } as never)('red', 'x');
    restore.restore();
    return text !== 'x';
  };
  t.notOk(red(false, {}));
  t.ok(red(true, {}));
  t.notOk(red(true, { TERM: 'dumb' }));
  t.ok(red(false, { FORCE_COLOR: '1' }));
  t.notOk(red(true, { FORCE_COLOR: '1', NO_COLOR: '1' }));
  t.ok(red(true, { NO_COLOR: '' }), 'empty is as good as absent');
});

t.test('control characters from a network are shown, not obeyed', async (t) => {
  t.equal(visible('gnp\u202eexe'), 'gnp\\u202eexe', 'what turns the direction of writing');
  t.equal(visible('HTTP/1.1 200 \x1b]0;owned\x07\x9b2J\x7f'), 'HTTP/1.1 200 \\x1b]0;owned\\x07\\x9b2J\\x7f');
  const line = '{"host":"\x9b2J","tab":"\\t"}\x1b[2J\x7f';
  t.equal(visibleJsonLine(line), '{"host":"\\u009b2J","tab":"\\t"}\\u001b[2J\\u007f', 'JSON stays JSON');
  t.equal(visible('a\rb\nc\td\r\ne'), 'a\\x0db\\x0ac\td\r\ne', 'tabs and the line ends of a head stay');
  t.same(visible({ list: ['\0', 1, undefined, null, true], 'k\x1b': {} }), {
    list: ['\\x00', 1, undefined, null, true],
    'k\\x1b': {},
  });
});
